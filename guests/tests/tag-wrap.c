/* SPDX-License-Identifier: MIT */
/*
 * Flushes its translations more often than there are VPIDs, and ASIDs by far: each is given a new
 * one, and all of them are used again. What a page is mapped to must be seen at once all the time.
 */
#include "guests/lib/guest.h"

#define HIGH (4 * GiB)

enum { ROUNDS = 70000, PTE_P = 1, PTE_RW = 2 };

extern u64 pdpt[];
static u64 tables[2][512] __aligned(4096);
static u64 pages[2][512] __aligned(4096);

GUEST("tag-wrap")
{
	u64 cr4 = read_cr4();
	volatile u64 *window = (u64 *)HIGH;

	pages[0][0] = 0x1111;
	pages[1][0] = 0x2222;
	tables[0][0] = (u64)tables[1] | PTE_P | PTE_RW;
	tables[1][0] = (u64)pages[0] | PTE_P | PTE_RW;
	pdpt[4] = (u64)tables[0] | PTE_P | PTE_RW;
	for (unsigned n = 0; n < ROUNDS; n++) {
		tables[1][0] = (u64)pages[n % 2] | PTE_P | PTE_RW;
		cr4 ^= CR4_PGE; /* drops them all (SDM vol. 3, 4.10.4.1) */
		write_cr4(cr4);
		CHECK_EQ(*window, n % 2 == 0 ? 0x1111 : 0x2222);
	}
}
