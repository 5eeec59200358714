/* SPDX-License-Identifier: MIT */
/* What a guest may not do, or only with valid operands: each faults as the manual says, and changes
 * nothing. VMX and SVM instructions are in virtualisation.c, with all their operands. */
#include "guests/lib/guest.h"
#include "guests/lib/random.h"

enum { ROUNDS = 200, SIGNATURE_INTEL = 0x6c65746e /* "ntel" */ };

static u8 area[4096 + 64] __aligned(64);

static int
try_xsetbv(u32 index, u64 value)
{
	return TRY("xsetbv", OUT(), "c"(index), "a"((u32)value), "d"((u32)(value >> 32)));
}

/* SDM vol. 1, 13.3: bit 0 always, AVX with SSE alone. */
static bool
is_valid(u64 value)
{
	u64 known = cpuid(CPUID_XSAVE, 0).eax | (u64)cpuid(CPUID_XSAVE, 0).edx << 32;

	return (value & 1) && !(value & ~known) && (!(value & XCR0_AVX) || (value & XCR0_SSE)) &&
	       value < 8;
}

static void
check_xsetbv(void)
{
	CHECK_EQ(try_xsetbv(0, 1), UD); /* without CR4.OSXSAVE */
	if ((cpuid(CPUID_VERSION, 0).ecx & BIT32(26)) == 0)
		return;
	write_cr4(read_cr4() | CR4_OSXSAVE);
	for (unsigned n = 0; n < ROUNDS; n++) {
		u64 value = n % 2 == 0 ? random_below(16) : random_64();

		CHECK_EQ(try_xsetbv(0, value), is_valid(value) ? NO_TRAP : GP);
		CHECK_EQ(try_xsetbv(1 + (u32)random_below(1000), 1), GP);
	}
	CHECK_EQ(try_xsetbv(0, 1), NO_TRAP);
}

/* Where there is none it is undefined; else its area has to be aligned and compacted. */
static void
check_xsaves(void)
{
	bool is_there = (cpuid(CPUID_XSAVE, 1).eax & BIT32(3)) != 0;
	int vector = TRY("xsaves (%0)", OUT(), "r"(area + 1), "a"(~0u), "d"(~0u));

	CHECK(vector == (is_there ? GP : UD) || (!is_there && vector == GP));
	memset(area, 0xff, sizeof(area));
	vector = TRY("xrstors (%0)", OUT(), "r"(area), "a"(~0u), "d"(~0u));
	CHECK(vector == GP || vector == UD);
}

static void
check_debug_registers(void)
{
	u64 value = 0;

	for (unsigned n = 0; n < ROUNDS; n++) {
		u64 high = random_64() << 32;

		CHECK_EQ(TRY("movq %0, %%dr7", OUT(), "r"(high)), high != 0 ? GP : NO_TRAP);
		CHECK_EQ(TRY("movq %0, %%dr6", OUT(), "r"(high)), high != 0 ? GP : NO_TRAP);
		CHECK_EQ(TRY("movq %0, %%dr0", OUT(), "r"(random_64())), NO_TRAP);
	}
	/* DR7.GD: the next access faults, and with it the bit is gone (SDM vol. 3, 18.2.4). QEMU
	 * does not know it. */
	if (cpuid(0, 0).ecx != SIGNATURE_INTEL)
		return;
	__asm__ volatile("movq %0, %%dr7" : : "r"(0x400ul | BIT(13)));
	CHECK_EQ(TRY("movq %%dr0, %0", OUT("=r"(value))), DB);
	CHECK_EQ(TRY("movq %%dr0, %0", OUT("=r"(value))), NO_TRAP);
}

static void
check_rdpmc(void)
{
	for (u32 n = 0; n < 64; n++) {
		u64 a = 0, d = 0;

		CHECK_EQ(TRY("rdpmc", OUT("+a"(a), "+d"(d)), "c"(n | (n & 1) << 30)), GP);
	}
}

/* No call has such a number. The instruction that is another CPU's is undefined, and straight on a
 * machine so is its own. */
static void
check_calls(u64 number)
{
	u64 a = number, b = number;
	int vmcall = TRY("vmcall", OUT("+a"(a))), vmmcall = TRY("vmmcall", OUT("+a"(b)));
	bool intel = cpuid(0, 0).ecx == SIGNATURE_INTEL, called = under_ashlar();

	CHECK_EQ(vmcall, called && intel ? NO_TRAP : UD);
	CHECK_EQ(vmmcall, called && !intel ? NO_TRAP : UD);
	CHECK_EQ(a, called && intel ? (u64)NO_SUCH_CALL : number);
	CHECK_EQ(b, called && !intel ? (u64)NO_SUCH_CALL : number);
}

/* Operands as good as any: none may be looked at. */
static void
check_virtualisation(void)
{
	for (unsigned n = 0; n < ROUNDS; n++) {
		u64 a = random_below(4096) << 12;

		CHECK_EQ(TRY("vmrun", OUT("+a"(a))), UD);
		CHECK_EQ(TRY("vmload", OUT("+a"(a))), UD);
		CHECK_EQ(TRY("vmsave", OUT("+a"(a))), UD);
		CHECK_EQ(TRY("clgi", OUT()), UD);
		CHECK_EQ(TRY("stgi", OUT()), UD);
		check_calls(a);
		CHECK_EQ(TRY("vmlaunch", OUT()), UD);
		CHECK_EQ(TRY("vmxoff", OUT()), UD);
		CHECK_EQ(TRY("vmread %1, %0", OUT("+r"(a)), "r"(a)), UD);
		CHECK_EQ(TRY("vmwrite %1, %0", OUT("+r"(a)), "r"(a)), UD);
		CHECK_EQ(TRY("vmxon (%0)", OUT(), "r"(area)), UD);
	}
}

GUEST("forbidden")
{
	random_seed(option("seed", 1));
	check_xsetbv();
	check_xsaves();
	check_debug_registers();
	check_rdpmc();
	check_virtualisation();
}
