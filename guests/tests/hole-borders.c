/* SPDX-License-Identifier: MIT */
/*
 * Accesses across the borders between RAM and what is none, at A0000h, at the end of RAM and at
 * each GiB; A20, which is always on; and the accessed and dirty flags of the tables that lead
 * there.
 */
#include "guests/lib/guest.h"

#define HPET  0xfed00000ul
#define HIGH  (4 * GiB) /* the first address that start.asm does not map */
#define PTE_A BIT(5)
#define PTE_D BIT(6)

enum { PTE_P = 1, PTE_RW = 2, PORT_92 = 0x92, A20 = 2, PORT_8042 = 0x64 };

extern u64 pdpt[];
static u64 tables[2][512] __aligned(4096);

/* Half of it is RAM, half is nobody's: ones there, and writes leave RAM alone but for its half. */
static void
across(u64 border)
{
	volatile u64 *at = (u64 *)(border - 4);
	volatile u32 *ram = (u32 *)(border - 4);

	*ram = 0x12345678;
	CHECK_EQ(*at, 0xffffffff12345678);
	*at = 0xaaaaaaaabbbbbbbb;
	CHECK_EQ(*ram, 0xbbbbbbbb);
	CHECK_EQ(*at, 0xffffffffbbbbbbbb);
	for (unsigned n = 1; n < 8; n++) {
		volatile u64 *odd = (u64 *)(border - n);
		u64 ones = ~0ul << 8 * n;

		*odd = 0;
		CHECK_EQ(*odd, ones);
	}
}

/* Nothing on either side. */
static void
nowhere(u64 border)
{
	volatile u64 *at = (u64 *)(border - 4);

	CHECK_EQ(*at, ~0ul);
	*at = 0;
	CHECK_EQ(*at, ~0ul);
	CHECK_EQ(*(volatile u64 *)(border - 4096 - 3), ~0ul);
}

static void
check_a20(void)
{
	volatile u32 *low = (u32 *)0x5000, *high = (u32 *)0x105000;

	*low = 1;
	*high = 2;
	out8(PORT_92, in8(PORT_92) & (u8) ~(A20 | 1));
	CHECK_EQ(*low, 1);
	CHECK_EQ(*high, 2);
	out8(PORT_8042, 0xdd);
	*high = 3;
	CHECK_EQ(*low, 1);
	out8(PORT_8042, 0xdf);
	out8(PORT_92, A20);
}

/* The emulator goes through the tables as a CPU does: A on the way, D with a write (SDM vol. 3,
 * 4.8). */
static void
check_flags(void)
{
	volatile u64 *pde = &tables[0][0], *pte = &tables[1][0];
	volatile u64 *hpet = (u64 *)HIGH;

	*pde = (u64)tables[1] | PTE_P | PTE_RW;
	*pte = HPET | PTE_P | PTE_RW;
	pdpt[4] = (u64)tables[0] | PTE_P | PTE_RW;
	invlpg((void *)HIGH);
	(void)hpet[0];
	CHECK_EQ(*pde & PTE_A, PTE_A);
	CHECK_EQ(*pte & (PTE_A | PTE_D), PTE_A);
	hpet[0x20] = 5;
	CHECK_EQ(*pte & (PTE_A | PTE_D), PTE_A | PTE_D);
	pdpt[4] = 0;
	invlpg((void *)HIGH);
}

GUEST("hole-borders")
{
	u64 end = option("memory", 0) * MiB;

	across(end);
	across(0xa0000);
	nowhere(1 * GiB);
	nowhere(2 * GiB);
	nowhere(3 * GiB);
	check_a20();
	check_flags();
}
