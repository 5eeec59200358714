/* SPDX-License-Identifier: MIT */
/* Control registers: what they keep, and that no write leads to a state that the CPU refuses. An
 * emulator lets some of the bad ones pass, so straight on the machine only the others are checked.
 */
#include "guests/lib/guest.h"

struct refused {
	const char *what;
	u64 set, clear;
	bool passes_on_svm; /* QEMU's CPU neither exits nor faults (docs/testing.md) */
};

static const struct refused cr0[] = {
	{"PG without PE", 0,	     CR0_PE, false},
	{"NW without CD", CR0_NW,  CR0_CD, false},
	{"bit 32",	   BIT(32), 0,      true },
	{"bit 63",	   BIT(63), 0,      true },
};

static const struct refused cr4[] = {
	{"no PAE in long mode", 0,	   CR4_PAE, false},
	{"bit 63",		   BIT(63),  0,       false},
	{"bit 31",		   BIT(31),  0,       false},
	{"VMXE",		 CR4_VMXE, 0,	      false},
	{"LA57 in long mode",   CR4_LA57, 0,	   false},
};

static bool
on_svm(void)
{
	return cpuid(CPUID_VENDOR, 0).ebx == 0x68747541; /* "Auth" */
}

static bool
must_fault(const struct refused *r)
{
	return under_ashlar() && !(r->passes_on_svm && on_svm());
}

static void
check_refused(void)
{
	u64 before0 = read_cr0(), before4 = read_cr4();

	for (unsigned n = 0; n < ARRAY_SIZE(cr0); n++)
		if (must_fault(&cr0[n]) &&
		    TRY("movq %0, %%cr0", OUT(), "r"((before0 | cr0[n].set) & ~cr0[n].clear)) != GP)
			guest_fail("CR0 takes %s", cr0[n].what);
	for (unsigned n = 0; n < ARRAY_SIZE(cr4); n++)
		if (must_fault(&cr4[n]) &&
		    TRY("movq %0, %%cr4", OUT(), "r"((before4 | cr4[n].set) & ~cr4[n].clear)) != GP)
			guest_fail("CR4 takes %s", cr4[n].what);
	CHECK_EQ(read_cr0(), before0);
	CHECK_EQ(read_cr4(), before4);
}

static void
check_cr0(void)
{
	u64 before = read_cr0();

	write_cr0(before | CR0_TS | CR0_MP | CR0_AM);
	CHECK_EQ(read_cr0(), before | CR0_TS | CR0_MP | CR0_AM);
	__asm__ volatile("clts");
	CHECK_EQ(read_cr0(), before | CR0_MP | CR0_AM);
	__asm__ volatile("lmsw %w0" : : "r"(0xb)); /* PE, MP, TS; it can't clear PE */
	CHECK_EQ(read_cr0(), before | CR0_MP | CR0_AM | CR0_TS);
	write_cr0(before);
	write_cr0((before | CR0_CD) & ~CR0_NW); /* caching off, as for MTRRs */
	wbinvd();
	CHECK_EQ(read_cr0() & (CR0_CD | CR0_NW), CR0_CD);
	write_cr0(before);
	CHECK_EQ(read_cr0(), before);
	write_cr0(before & ~CR0_ET); /* hardwired */
	CHECK(read_cr0() & CR0_ET);
}

static void
check_cr4(void)
{
	u64 before = read_cr4(), each[] = {CR4_PGE, CR4_OSFXSR, CR4_OSXMMEXCPT, CR4_DE, CR4_TSD};

	for (unsigned n = 0; n < ARRAY_SIZE(each); n++) {
		write_cr4(before | each[n]);
		CHECK_EQ(read_cr4(), before | each[n]);
	}
	write_cr4(before);
	CHECK_EQ(read_cr4(), before);
}

/* CR3 keeps its flags; a bit above the physical address faults. */
static void
check_cr3(void)
{
	u64 before = read_cr3();

	write_cr3(before | BIT(3) | BIT(4));
	CHECK_EQ(read_cr3(), before | BIT(3) | BIT(4));
	write_cr3(before);
	if (under_ashlar() && !on_svm()) { /* QEMU's CPU ends the run instead of a #GP */
		CHECK_EQ(TRY("movq %0, %%cr3", OUT(), "r"(before | BIT(62))), GP);
		CHECK_EQ(read_cr3(), before);
	}
	write_cr2(0x123456789abc);
	cpuid(0, 0);
	CHECK_EQ(read_cr2(), 0x123456789abc);
}

static int
try_xsetbv(u64 index, u64 value)
{
	return TRY("xsetbv", OUT(), "c"(index), "a"((u32)value), "d"((u32)(value >> 32)));
}

static void
check_xcr0(void)
{
	CHECK_EQ(try_xsetbv(0, XCR0_X87), UD); /* CR4.OSXSAVE is clear */
	if ((cpuid(CPUID_VERSION, 0).ecx & BIT32(26)) == 0)
		return;
	write_cr4(read_cr4() | CR4_OSXSAVE);
	CHECK_EQ(try_xsetbv(0, XCR0_X87 | XCR0_SSE), NO_TRAP);
	CHECK_EQ(try_xsetbv(0, 0), GP);
	CHECK_EQ(try_xsetbv(0, XCR0_SSE), GP);
	CHECK_EQ(try_xsetbv(0, XCR0_X87 | XCR0_AVX), GP);
	CHECK_EQ(try_xsetbv(0, BIT(63) | XCR0_X87), GP);
	CHECK_EQ(try_xsetbv(1, XCR0_X87), GP);
	CHECK_EQ(read_xcr0(), XCR0_X87 | XCR0_SSE);
}

/* Through a 32-bit segment of compatibility mode, and debug registers that don't exist. */
static void
check_debug_registers(void)
{
	u64 value = 0;

	for (u64 n = 1; n < 5; n++) {
		__asm__ volatile("movq %0, %%dr3" : : "r"(n << 40));
		cpuid(0, 0);
		__asm__ volatile("movq %%dr3, %0" : "=r"(value));
		CHECK_EQ(value, n << 40);
	}
	CHECK_EQ(TRY("movq %0, %%dr7", OUT(), "r"(BIT(40))), GP);
	CHECK_EQ(TRY("movq %0, %%dr6", OUT(), "r"(BIT(40))), GP);
	write_cr4(read_cr4() | CR4_DE);
	CHECK_EQ(TRY("movq %%dr4, %0", OUT("=r"(value))), UD);
	write_cr4(read_cr4() & ~CR4_DE);
	CHECK_EQ(TRY("movq %%dr4, %0", OUT("=r"(value))), NO_TRAP);
	__asm__ volatile("movq %%dr6, %0" : "=r"(value));
	CHECK_EQ(value, 0xffff0ff0);
	__asm__ volatile("movq %%dr7, %0" : "=r"(value));
	CHECK_EQ(value, 0x400);
}

GUEST("control-registers")
{
	check_cr0();
	check_cr4();
	check_cr3();
	check_refused();
	check_xcr0();
	check_debug_registers();
}
