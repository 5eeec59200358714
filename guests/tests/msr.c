/* SPDX-License-Identifier: MIT */
/* RDMSR and WRMSR: the MSRs that every kernel uses keep what is written, and unknown ones fault. */
#include "guests/lib/guest.h"

#define PAT_RESET 0x0007040600070406ul /* SDM vol. 3, 12.12.4 */

enum { MSR_MTRR_PHYSBASE0 = 0x200, MSR_MTRR_FIX64K = 0x250, MSR_UNKNOWN = 0x1234 };

struct keeps {
	u32 msr;
	u64 value;
};

static const struct keeps kept[] = {
	{MSR_IA32_PAT,	       0x0007010600070106},
	{MSR_IA32_SYSENTER_CS,  0x10		   },
	{MSR_IA32_SYSENTER_ESP, 0xffff800012345678},
	{MSR_IA32_SYSENTER_EIP, 0xffff800087654321},
	{MSR_STAR,		   0x0023001000000000},
	{MSR_LSTAR,		    0xffffffff81234567},
	{MSR_CSTAR,		    0xffffffff87654321},
	{MSR_SFMASK,	     0x47700	    },
	{MSR_FS_BASE,	      0x123456789a	  },
	{MSR_GS_BASE,	      0xffff8000aaaa5555},
	{MSR_KERNEL_GS_BASE,    0xffff8000cccc3333},
};

/* All at once, so that one that is kept in another's place shows; with exits in between. */
static void
check_kept(void)
{
	u64 before[ARRAY_SIZE(kept)];

	for (unsigned n = 0; n < ARRAY_SIZE(kept); n++)
		before[n] = rdmsr(kept[n].msr);
	CHECK_EQ(before[0], PAT_RESET);
	for (unsigned n = 0; n < ARRAY_SIZE(kept); n++)
		wrmsr(kept[n].msr, kept[n].value);
	cpuid(0, 0);
	in8(0x61);
	for (unsigned n = 0; n < ARRAY_SIZE(kept); n++)
		if (rdmsr(kept[n].msr) != kept[n].value)
			guest_fail("MSR 0x%x reads 0x%lx after writing 0x%lx", kept[n].msr,
				   rdmsr(kept[n].msr), kept[n].value);
	for (unsigned n = 0; n < ARRAY_SIZE(kept); n++)
		wrmsr(kept[n].msr, before[n]);
}

/* SWAPGS exchanges the two bases. */
static void
check_swapgs(void)
{
	u64 gs = rdmsr(MSR_GS_BASE), kernel_gs = rdmsr(MSR_KERNEL_GS_BASE);

	wrmsr(MSR_GS_BASE, 0x1000);
	wrmsr(MSR_KERNEL_GS_BASE, 0x2000);
	__asm__ volatile("swapgs" : : : "memory");
	CHECK_EQ(rdmsr(MSR_GS_BASE), 0x2000);
	CHECK_EQ(rdmsr(MSR_KERNEL_GS_BASE), 0x1000);
	wrmsr(MSR_GS_BASE, gs);
	wrmsr(MSR_KERNEL_GS_BASE, kernel_gs);
}

static void
check_tsc_aux(void)
{
	u32 lo, hi, aux;

	if ((cpuid(CPUID_EXT_FEATURES, 0).edx & BIT32(27)) == 0) /* RDTSCP */
		return;
	wrmsr(MSR_TSC_AUX, 0x12345);
	cpuid(0, 0);
	__asm__ volatile("rdtscp" : "=a"(lo), "=d"(hi), "=c"(aux));
	CHECK_EQ(aux, 0x12345);
	CHECK(((u64)hi << 32 | lo) <= rdtsc());
}

static void
check_efer(void)
{
	u64 efer = rdmsr(MSR_EFER);

	CHECK_EQ(efer & (EFER_LME | EFER_LMA | EFER_NXE), EFER_LME | EFER_LMA | EFER_NXE);
	CHECK((efer & EFER_SVME) == 0);
	wrmsr(MSR_EFER, efer | EFER_SCE);
	CHECK_EQ(rdmsr(MSR_EFER), efer | EFER_SCE);
	wrmsr(MSR_EFER, efer);
	/* LME can't change while paging is on (SDM vol. 3, 9.8.5.1). */
	if (under_ashlar()) {
		CHECK_EQ(TRY("wrmsr", OUT(), "c"(MSR_EFER), "a"((u32)(efer & ~EFER_LME)), "d"(0)),
			 GP);
		CHECK_EQ(TRY("wrmsr", OUT(), "c"(MSR_EFER), "a"((u32)efer | 0x80000000), "d"(0)),
			 GP);
		CHECK_EQ(TRY("wrmsr", OUT(), "c"(MSR_EFER), "a"((u32)(efer | EFER_SVME)), "d"(0)),
			 GP);
		CHECK_EQ(rdmsr(MSR_EFER), efer);
	}
}

static void
check_apic_base(void)
{
	u64 base = rdmsr(MSR_IA32_APIC_BASE);

	CHECK(base & APIC_BASE_EN);
	CHECK(base & APIC_BASE_BSP);
	CHECK((base & APIC_BASE_EXTD) == 0);
	CHECK_EQ(base & APIC_BASE_ADDR, 0xfee00000);
}

/* The first variable pair and a fixed one keep what is written; the type is checked. */
static void
check_mtrrs(void)
{
	u64 cap, base, fixed;

	if ((cpuid(CPUID_VERSION, 0).edx & BIT32(12)) == 0)
		return;
	cap = rdmsr(MSR_IA32_MTRRCAP);
	rdmsr(MSR_IA32_MTRR_DEFTYPE);
	if ((cap & 0xff) > 0) {
		base = rdmsr(MSR_MTRR_PHYSBASE0);
		wrmsr(MSR_MTRR_PHYSBASE0, 0xc0000000);
		CHECK_EQ(rdmsr(MSR_MTRR_PHYSBASE0), 0xc0000000);
		wrmsr(MSR_MTRR_PHYSBASE0, base);
		if (under_ashlar())
			CHECK_EQ(TRY("wrmsr", OUT(), "c"(MSR_MTRR_PHYSBASE0), "a"(2), "d"(0)), GP);
	}
	if (cap & BIT(8)) {
		fixed = rdmsr(MSR_MTRR_FIX64K);
		wrmsr(MSR_MTRR_FIX64K, 0x0606060606060606);
		CHECK_EQ(rdmsr(MSR_MTRR_FIX64K), 0x0606060606060606);
		wrmsr(MSR_MTRR_FIX64K, fixed);
	}
}

/* The TSC goes on from where it is set. */
static void
check_tsc(void)
{
	u64 before = rdtsc(), after;

	CHECK(rdtsc() >= before);
	if (!under_ashlar())
		return; /* QEMU drops the write */
	wrmsr(MSR_IA32_TSC, 0x100000000000);
	after = rdtsc();
	CHECK(after >= 0x100000000000 && after - 0x100000000000 < 1ul << 36);
	CHECK(rdmsr(MSR_IA32_TSC) >= after);
}

/* RDMSR clears the upper halves; bad numbers and values fault and change nothing. */
static void
check_faults(void)
{
	/* Not a low number: of those QEMU takes the wrong bit of the permission map. */
	u64 a = ~0ul, c = 0xffffffff00000000 | MSR_EFER, d = ~0ul;

	__asm__ volatile("rdmsr" : "+a"(a), "+d"(d) : "c"(c));
	CHECK_EQ(a, EFER_LME | EFER_LMA | EFER_NXE);
	CHECK_EQ(d, 0);
	if (!under_ashlar())
		return; /* an emulator lets all this pass */
	CHECK_EQ(TRY("rdmsr", OUT("+a"(a), "+d"(d)), "c"(MSR_UNKNOWN)), GP);
	CHECK_EQ(trap_error, 0);
	CHECK_EQ(TRY("wrmsr", OUT(), "c"(MSR_UNKNOWN), "a"(0), "d"(0)), GP);
	CHECK_EQ(TRY("wrmsr", OUT(), "c"(MSR_IA32_PAT), "a"(2), "d"(0)), GP); /* type 2 */
	CHECK_EQ(rdmsr(MSR_IA32_PAT), PAT_RESET);
	CHECK_EQ(TRY("rdmsr", OUT("+a"(a), "+d"(d)), "c"(MSR_IA32_VMX_BASIC)), GP);
	CHECK_EQ(TRY("rdmsr", OUT("+a"(a), "+d"(d)), "c"(MSR_VM_HSAVE_PA)), GP);
}

GUEST("msr")
{
	check_kept();
	check_swapgs();
	check_tsc_aux();
	check_efer();
	check_apic_base();
	check_mtrrs();
	check_faults();
	check_tsc();
}
