/* SPDX-License-Identifier: MIT */
/* Extended state, by XSAVE and XRSTOR, or by FXSAVE and FXRSTOR. */
#include "arch/x86_64/xsave.h"

#include "arch/x86_64/cr.h"

#define XCR0_AVX512 BITS(7, 5)
#define XCR0_PKRU   BIT(9)

/* All that we can switch; XCR0 bits that must be set together are in it together. */
#define KNOWN	    (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512 | XCR0_PKRU)

/* The legacy region, SDM vol. 1, 13.4.1, and the header behind it, 13.4.2. */
enum {
	AREA_FCW = 0,
	AREA_FTW = 4,
	AREA_MXCSR = 24,
	AREA_XSTATE_BV = 512,
	AREA_LEGACY_SIZE = 512,
	AREA_MIN_SIZE = 576,
};

enum { FCW_RESET = 0x40, FTW_RESET = 0xff, MXCSR_RESET = 0x1f80 };

static struct {
	bool known; /* the rest is valid; the boot CPU sets it before any other runs */
	u64 mask;
	size_t size;
	bool pointers_stay; /* FIP, FDP and FOP are restored only with an exception pending */
} machine;

u64
xsave_mask_of(const struct cpu_features *f, cpuid_reader read)
{
	struct cpuid_regs r;
	u64 mask;

	if (!f->xsave || f->max_leaf < CPUID_XSAVE)
		return 0;
	r = read(CPUID_XSAVE, 0);
	mask = (((u64)r.edx << 32) | r.eax) & KNOWN;
	/* AVX-512's three bits come together, and with AVX (SDM vol. 1, 13.3). */
	if ((mask & XCR0_AVX512) != XCR0_AVX512 || (mask & XCR0_AVX) == 0)
		mask &= ~XCR0_AVX512;
	return mask;
}

size_t
xsave_size_of(u64 mask, cpuid_reader read)
{
	size_t size = mask == 0 ? AREA_LEGACY_SIZE : AREA_MIN_SIZE;

	for (unsigned i = 2; i < 63; i++) {
		struct cpuid_regs r;

		if ((mask & BIT(i)) == 0)
			continue;
		r = read(CPUID_XSAVE, i); /* EAX: size, EBX: offset (SDM vol. 1, 13.2) */
		size = MAX(size, (size_t)r.ebx + r.eax);
	}
	return size;
}

static void
look(void)
{
	const struct cpu_features *f = cpu_features();

	machine.mask = xsave_mask_of(f, cpuid);
	machine.size = xsave_size_of(machine.mask, cpuid);
	machine.pointers_stay = f->vendor == CPU_VENDOR_AMD;
	machine.known = true;
}

void
xsave_init_cpu(void)
{
	u64 cr4 = read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT;

	if (!machine.known)
		look();
	if (machine.mask == 0) {
		write_cr4(cr4);
		return;
	}
	write_cr4(cr4 | CR4_OSXSAVE);
	write_xcr0(machine.mask);
}

u64
xsave_mask(void)
{
	return machine.mask;
}

size_t
virt_xsave_size(void)
{
	return machine.size;
}

/* MXCSR is loaded from the area whatever XSTATE_BV says (SDM vol. 1, 13.8.1). */
void
xsave_init(void *area)
{
	u8 *a = area;

	*(u16 *)(void *)(a + AREA_FCW) = FCW_RESET;
	a[AREA_FTW] = FTW_RESET;
	*(u32 *)(void *)(a + AREA_MXCSR) = MXCSR_RESET;
	if (machine.mask != 0)
		*(u64 *)(void *)(a + AREA_XSTATE_BV) = XCR0_X87;
}

/*
 * AMD's CPUs leave the x87 pointers as they are when no exception is pending (APM vol. 3,
 * FXRSTOR), which would show one guest the other's: a load of ours replaces them first.
 */
static void
hide_x87_pointers(void)
{
	static const u16 zero;

	__asm__ volatile("fnclex; emms; filds %0" : : "m"(zero));
}

void
xsave_swap_to_guest(const struct vcpu_hw *hw)
{
	if (machine.pointers_stay)
		hide_x87_pointers();
	if (machine.mask == 0) {
		__asm__ volatile("fxrstor64 (%0)" : : "r"(hw->xsave) : "memory");
		return;
	}
	if (read_xcr0() != machine.mask)
		write_xcr0(machine.mask);
	__asm__ volatile("xrstor64 (%0)"
			 :
			 : "r"(hw->xsave), "a"((u32)machine.mask), "d"((u32)(machine.mask >> 32))
			 : "memory");
	if (hw->xcr0 != machine.mask)
		write_xcr0(hw->xcr0);
}

void
xsave_swap_to_host(struct vcpu_hw *hw)
{
	if (machine.mask == 0) {
		__asm__ volatile("fxsave64 (%0)" : : "r"(hw->xsave) : "memory");
		return;
	}
	/* All of it: what the guest has turned off in XCR0 it may turn on again. */
	if (read_xcr0() != machine.mask)
		write_xcr0(machine.mask);
	__asm__ volatile("xsave64 (%0)"
			 :
			 : "r"(hw->xsave), "a"((u32)machine.mask), "d"((u32)(machine.mask >> 32))
			 : "memory");
}
