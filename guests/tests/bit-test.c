/* SPDX-License-Identifier: MIT */
/*
 * BT, BTS, BTR and BTC with a bit number in a register reach far beyond their operand, in both
 * directions (SDM vol. 2, 3.1.1.9): an emulator that gets the sum wrong touches other memory
 * (XSA-195). Here they have to hit a comparator of the HPET, and nothing beside it.
 */
#include "guests/lib/guest.h"
#include "guests/lib/random.h"

#define HPET	   0xfed00000ul
#define COMPARATOR (HPET + 0x108) /* of timer 0: 64 bits that can be written while it is off */
#define NOBODY	   0x20000000ul
#define BEGIN	   0x5a5a5a5aul

enum { ROUNDS = 1000 };

static u64 canary[1024] __aligned(4096);

static u32
comparator(void)
{
	return mmio_read32((void *)COMPARATOR);
}

static void
set_comparator(u32 value)
{
	mmio_write32((void *)COMPARATOR, value);
}

/* The address that, moved by the bit number, is the comparator's. */
static u64
base_for(s64 number)
{
	return COMPARATOR - (u64)(number >> 5) * 4;
}

#define BIT_OP(name, type, mod)                                                                    \
	static int name(u64 base, u64 number, bool *carry)                                         \
	{                                                                                          \
		u8 c = 0;                                                                          \
		int vector = TRY(#name mod "; setc %0", OUT("+r"(c)), "r"(base), "r"(number));     \
                                                                                                   \
		*carry = c != 0;                                                                   \
		return vector;                                                                     \
	}

BIT_OP(btl, u32, " %k2, (%1)")
BIT_OP(btsl, u32, " %k2, (%1)")
BIT_OP(btrl, u32, " %k2, (%1)")
BIT_OP(btcl, u32, " %k2, (%1)")
BIT_OP(btsq, u64, " %2, (%1)")
BIT_OP(btq, u64, " %2, (%1)")
BIT_OP(btsw, u16, " %w2, (%1)")

/* A number of 32 bits, signed: up to 256 MiB away in both directions. */
static void
check_32(void)
{
	static int (*const ops[])(u64, u64, bool *) = {btl, btsl, btrl, btcl};

	for (unsigned n = 0; n < ROUNDS; n++) {
		s64 number = (s32)random_64();
		u32 bit = 1u << (number & 31),
		    expected[] = {BEGIN, BEGIN | bit, BEGIN & ~bit, BEGIN ^ bit};
		unsigned op = n % 4;
		bool carry;

		set_comparator(BEGIN);
		CHECK_EQ(ops[op](base_for(number), (u32)number, &carry), NO_TRAP);
		CHECK_EQ(carry, (BEGIN & bit) != 0);
		CHECK_EQ(comparator(), expected[op]);
	}
}

/* Of 64 bits: the sum wraps at 2^64, and the base alone may be an address that there is not. */
static void
check_64(void)
{
	for (unsigned n = 0; n < ROUNDS; n++) {
		u64 number = random_64();
		u64 base = NOBODY - (u64)((s64)number >> 6) * 8;
		bool carry = false;

		CHECK_EQ(btsq(base, number, &carry), NO_TRAP);
		CHECK(carry); /* where nobody is all bits are ones */
		CHECK_EQ(btq(base, number, &carry), NO_TRAP);
		CHECK(carry);
	}
}

/* One that leads to an address that there is not faults, and nothing has been touched. */
static void
check_non_canonical(void)
{
	bool carry;

	CHECK_EQ(btsq(NOBODY, BIT(62), &carry), GP);
	CHECK_EQ(btsq(NOBODY, BIT(63), &carry), GP);
	CHECK_EQ(btq(NOBODY, 0ul - BIT(62), &carry), GP);
}

/* From the device's page back into RAM, which the CPU does by itself, and the other way round. */
static void
check_ram(void)
{
	u64 word = (u64)&canary[512], offset = (word - NOBODY) * 8;
	bool carry;

	CHECK_EQ(btsq(NOBODY, offset + 3, &carry), NO_TRAP);
	CHECK(!carry);
	CHECK_EQ(canary[512], 8);
	canary[512] = 0;
	CHECK_EQ(btsw(word, (u16)-1, &carry), NO_TRAP);
	CHECK_EQ(canary[511], BIT(63));
	canary[511] = 0;
	CHECK_EQ(btsq((u64)canary, (NOBODY - (u64)canary) * 8, &carry), NO_TRAP);
	CHECK(carry);
}

GUEST("bit-test")
{
	random_seed(option("seed", 1));
	check_32();
	check_64();
	check_non_canonical();
	check_ram();
	for (unsigned n = 0; n < ARRAY_SIZE(canary); n++)
		CHECK_EQ(canary[n], 0);
}
