/* SPDX-License-Identifier: MIT */
/* A read that may fault. */
#include "arch/x86_64/probe.h"

extern const char probe_at[], probe_failed[];

bool
probe_read(u64 va, u64 *out)
{
	u64 value = 0;
	bool good;

	__asm__ volatile(".globl probe_at, probe_failed\n\t"
			 "movb $1, %b0\n"
			 "probe_at:\n\t"
			 "movq (%2), %1\n\t"
			 "jmp 1f\n"
			 "probe_failed:\n\t"
			 "movb $0, %b0\n"
			 "1:"
			 : "=&q"(good), "+r"(value)
			 : "r"(va)
			 : "memory");
	*out = value;
	return good;
}

bool
probe_recover(struct interrupt_frame *frame)
{
	if (frame->rip != (u64)(uintptr_t)probe_at)
		return false;
	frame->rip = (u64)(uintptr_t)probe_failed;
	return true;
}
