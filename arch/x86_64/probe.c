/* SPDX-License-Identifier: MIT */
/* Accesses that may fault. */
#include "arch/x86_64/probe.h"

extern const char probe_read_at[], probe_read_failed[];
extern const char probe_rdmsr_at[], probe_rdmsr_failed[];
extern const char probe_wrmsr_at[], probe_wrmsr_failed[];

static const struct {
	const char *at, *failed;
} sites[] = {
	{probe_read_at,	probe_read_failed },
	{probe_rdmsr_at, probe_rdmsr_failed},
	{probe_wrmsr_at, probe_wrmsr_failed},
};

bool
probe_read(u64 va, u64 *out)
{
	u64 value = 0;
	bool good;

	__asm__ volatile(".globl probe_read_at, probe_read_failed\n\t"
			 "movb $1, %b0\n"
			 "probe_read_at:\n\t"
			 "movq (%2), %1\n\t"
			 "jmp 1f\n"
			 "probe_read_failed:\n\t"
			 "movb $0, %b0\n"
			 "1:"
			 : "=&q"(good), "+r"(value)
			 : "r"(va)
			 : "memory");
	*out = value;
	return good;
}

bool
probe_rdmsr(u32 msr, u64 *out)
{
	u32 lo = 0, hi = 0;
	bool good;

	__asm__ volatile(".globl probe_rdmsr_at, probe_rdmsr_failed\n\t"
			 "movb $1, %b0\n"
			 "probe_rdmsr_at:\n\t"
			 "rdmsr\n\t"
			 "jmp 1f\n"
			 "probe_rdmsr_failed:\n\t"
			 "movb $0, %b0\n"
			 "1:"
			 : "=&q"(good), "+a"(lo), "+d"(hi)
			 : "c"(msr)
			 : "memory");
	*out = (u64)hi << 32 | lo;
	return good;
}

bool
probe_wrmsr(u32 msr, u64 value)
{
	bool good;

	__asm__ volatile(".globl probe_wrmsr_at, probe_wrmsr_failed\n\t"
			 "movb $1, %b0\n"
			 "probe_wrmsr_at:\n\t"
			 "wrmsr\n\t"
			 "jmp 1f\n"
			 "probe_wrmsr_failed:\n\t"
			 "movb $0, %b0\n"
			 "1:"
			 : "=&q"(good)
			 : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32))
			 : "memory");
	return good;
}

bool
probe_recover(struct interrupt_frame *frame)
{
	for (unsigned i = 0; i < ARRAY_SIZE(sites); i++) {
		if (frame->rip == (u64)(uintptr_t)sites[i].at) {
			frame->rip = (u64)(uintptr_t)sites[i].failed;
			return true;
		}
	}
	return false;
}
