/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes every MSR that SVM's and VMX's maps know, and hypervisors' own: with random
 * values, each put back. None may do more than fault.
 */
#include "guests/lib/guest.h"
#include "guests/lib/random.h"

#define MSR_X2APIC_ICR 0x830u

static u32 there;

static bool
try_read(u32 msr, u64 *value)
{
	u32 low = 0, high = 0;
	int vector = TRY("rdmsr", OUT("=a"(low), "=d"(high)), "c"(msr));

	if (vector != NO_TRAP && vector != GP)
		guest_fail("RDMSR %x: vector %d", msr, vector);
	*value = (u64)high << 32 | low;
	return vector == NO_TRAP;
}

static bool
try_write(u32 msr, u64 value)
{
	int vector = TRY("wrmsr", , "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)));

	if (vector != NO_TRAP && vector != GP)
		guest_fail("WRMSR %x: vector %d", msr, vector);
	return vector == NO_TRAP;
}

/* x2APIC mode is left by turning the APIC off alone (SDM vol. 3, 11.12.5). */
static void
put_back(u32 msr, u64 value)
{
	if (msr == MSR_IA32_APIC_BASE && !try_write(msr, value))
		try_write(msr, 0);
	try_write(msr, value);
}

static void
one(u32 msr)
{
	u64 before, value = random_64();
	bool readable = try_read(msr, &before);

	if (msr == MSR_X2APIC_ICR)
		value = random_without_init(value);
	/* Few values of 64 random bits are valid: small ones, one bit, and its own with one bit
	 * other. */
	try_write(msr, value);
	try_write(msr, value & 0xff);
	try_write(msr, BIT(random_64() % 64));
	if (!readable)
		return;
	there++;
	try_write(msr, before ^ BIT(random_64() % 64));
	put_back(msr, before);
}

GUEST("every-msr")
{
	random_seed(option("seed", 1));
	for (u32 n = 0; n < 0x2000; n++) {
		one(n);
		one(0xc0000000 + n);
		if (n < 0x200)
			one(0x40000000 + n);
		if (n % 16 == 0)
			one(0xc0010000 + n);
		if (n % 16 == 1)
			one((u32)random_64());
	}
	write_cr0(read_cr0() & ~CR0_TS);
	print("every-msr: %u are there\n", there);
	CHECK(there > 10);
}
