/* SPDX-License-Identifier: MIT */
/* WBINVD, INVD, CLFLUSH and cache control: they change no memory, and are ring 0's. */
#include "guests/lib/guest.h"
#include "guests/lib/user.h"

enum { WORDS = 8192 };

static u64 buffer[WORDS];
static int vector;

static void
fill(u64 salt)
{
	for (u64 n = 0; n < WORDS; n++)
		WRITE_ONCE(buffer[n], n * 0x9e3779b97f4a7c15 + salt);
}

static void
check_filled(u64 salt)
{
	for (u64 n = 0; n < WORDS; n++)
		CHECK_EQ(READ_ONCE(buffer[n]), n * 0x9e3779b97f4a7c15 + salt);
}

/*
 * INVD may throw away what is only in the cache (SDM vol. 2, INVD), which nobody wants of a machine
 * that others share: in a VM the memory is coherent, and INVD keeps what was written.
 */
static void
check_memory(void)
{
	fill(1);
	wbinvd();
	check_filled(1);
	fill(2);
	if (under_ashlar())
		__asm__ volatile("invd" : : : "memory");
	check_filled(2);
	for (u64 n = 0; n < WORDS; n += 8)
		__asm__ volatile("clflush %0" : "+m"(buffer[n]));
	check_filled(2);
}

/* As kernels change MTRRs: no cache, and WBINVD before and after (SDM vol. 3, 12.11.7.2). */
static void
check_cache_off(void)
{
	u64 cr0 = read_cr0();

	write_cr0((cr0 | CR0_CD) & ~CR0_NW);
	wbinvd();
	fill(3);
	wbinvd();
	write_cr0(cr0);
	check_filled(3);
}

static void
try_wbinvd(void)
{
	vector = TRY("wbinvd", OUT());
}

static void
try_invd(void)
{
	vector = TRY("invd", OUT());
}

GUEST("cache")
{
	check_memory();
	check_cache_off();
	as_user(try_wbinvd);
	CHECK_EQ(vector, GP);
	as_user(try_invd);
	CHECK_EQ(vector, GP);
}
