/* SPDX-License-Identifier: MIT */
/*
 * What a CPU has only one of is this VM's own. Two of them, each with another `id`, run on one CPU:
 * each writes its values and looks at them for a while, with exits in between and without.
 */
#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum { RUN_MS = 2000, BATCH = 200 };

static u64 id, xcr0;
static bool has_tsc_aux, has_xsave;

static const u32 msrs[] = {
	MSR_IA32_SYSENTER_CS,
	MSR_IA32_SYSENTER_ESP,
	MSR_IA32_SYSENTER_EIP,
	MSR_STAR,
	MSR_LSTAR,
	MSR_CSTAR,
	MSR_SFMASK,
	MSR_FS_BASE,
	MSR_GS_BASE,
	MSR_KERNEL_GS_BASE,
	MSR_IA32_PAT,
};

/* Valid in each of them: below 2^31, and every byte a memory type. */
static u64
value_of(u32 index)
{
	u64 word = 0x01040506 + (id & 1) * 0x03000000;

	if (msrs[index] == MSR_IA32_SYSENTER_CS)
		return word >> 16;
	return msrs[index] == MSR_IA32_PAT ? word << 32 | 0x00070406 : word + index * 0x100;
}

#define write_dr(n, v) __asm__ volatile("movq %0, %%dr" #n : : "r"(v))
#define read_dr(n)                                                                                 \
	({                                                                                         \
		u64 v_;                                                                            \
		__asm__ volatile("movq %%dr" #n ", %0" : "=r"(v_));                                \
		v_;                                                                                \
	})
#define write_xmm(n, v) __asm__ volatile("movq %0, %%xmm" #n : : "r"(v))
#define read_xmm(n)                                                                                \
	({                                                                                         \
		u64 v_;                                                                            \
		__asm__ volatile("movq %%xmm" #n ", %0" : "=r"(v_));                               \
		v_;                                                                                \
	})

static void
write_all(void)
{
	for (u32 n = 0; n < ARRAY_SIZE(msrs); n++)
		wrmsr(msrs[n], value_of(n));
	write_dr(0, id + 0x1000);
	write_dr(1, id + 0x2000);
	write_dr(2, id + 0x3000);
	write_dr(3, id + 0x4000);
	write_dr(6, 0xffff0ff0 | (id & 1) << 14);
	write_xmm(0, id + 0x123456789);
	write_xmm(15, id + 0x987654321);
	if (has_tsc_aux)
		wrmsr(MSR_TSC_AUX, id + 7);
	if (has_xsave)
		write_xcr0(xcr0);
}

static void
check_cheap(void)
{
	u32 lo, hi, aux = 0;

	CHECK_EQ(read_dr(0), id + 0x1000);
	CHECK_EQ(read_dr(3), id + 0x4000);
	CHECK_EQ(read_xmm(0), id + 0x123456789);
	CHECK_EQ(read_xmm(15), id + 0x987654321);
	CHECK_EQ(rdmsr(MSR_KERNEL_GS_BASE), value_of(9));
	if (has_tsc_aux) {
		__asm__ volatile("rdtscp" : "=a"(lo), "=d"(hi), "=c"(aux));
		CHECK_EQ(aux, id + 7);
	}
	if (has_xsave)
		CHECK_EQ(read_xcr0(), xcr0);
}

static void
check_all(void)
{
	check_cheap();
	for (u32 n = 0; n < ARRAY_SIZE(msrs); n++)
		if (rdmsr(msrs[n]) != value_of(n))
			guest_fail("MSR 0x%x is 0x%lx, not 0x%lx", msrs[n], rdmsr(msrs[n]),
				   value_of(n));
	CHECK_EQ(read_dr(1), id + 0x2000);
	CHECK_EQ(read_dr(2), id + 0x3000);
	CHECK_EQ(read_dr(6), 0xffff0ff0 | (id & 1) << 14);
	CHECK_EQ(read_dr(7), 0x400);
}

GUEST("apart")
{
	u64 deadline, rounds = 0;

	id = option("id", 0);
	has_tsc_aux = (cpuid(CPUID_EXT_FEATURES, 0).edx & BIT32(27)) != 0;
	has_xsave = (cpuid(CPUID_VERSION, 0).ecx & BIT32(26)) != 0;
	write_cr4(read_cr4() | CR4_OSFXSR | (has_xsave ? CR4_OSXSAVE : 0));
	xcr0 = XCR0_X87 | ((id & 1) != 0 ? XCR0_SSE : 0);
	write_all();
	deadline = deadline_us(option("ms", RUN_MS) * 1000);
	while (rdtsc() < deadline) {
		write_cr2(id + 0x5000);
		for (u32 n = 0; n < BATCH; n++)
			check_cheap();
		check_all();
		cpuid(0, 0);
		CHECK_EQ(read_cr2(), id + 0x5000);
		rounds++;
	}
	print("%lu rounds\n", rounds);
}
