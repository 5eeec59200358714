/* SPDX-License-Identifier: MIT */
/*
 * The neighbour of the hostile guests: ticks by its timer, and answers each byte on its line with
 * the count of ticks and whether its memory is still what it has written there. At each tick it has
 * something to do (option work=, in turns of a loop).
 */
#include "guests/lib/guest.h"
#include "guests/lib/pic.h"
#include "guests/lib/time.h"

enum { COM1 = 0x3f8, LSR = 5, LSR_DATA = 1, COUNT_10_MS = PIT_HZ / 100 };

#define PATTERN_BEGIN (4 * MiB)
#define PATTERN_END   (14 * MiB)

static volatile u32 ticks;

static void
tick(struct trap *trap)
{
	(void)trap;
	ticks++;
	pic_eoi(0);
}

/* A word a page: each is written, and each looked at. */
static u64
pattern(u64 at)
{
	return at * 0x9e3779b97f4a7c15;
}

static void
fill(void)
{
	for (u64 at = PATTERN_BEGIN; at < PATTERN_END; at += PAGE_SIZE)
		*(volatile u64 *)(at + (at >> 9) % PAGE_SIZE / 8 * 8) = pattern(at);
}

static bool
is_intact(void)
{
	for (u64 at = PATTERN_BEGIN; at < PATTERN_END; at += PAGE_SIZE)
		if (*(volatile u64 *)(at + (at >> 9) % PAGE_SIZE / 8 * 8) != pattern(at))
			return false;
	return true;
}

static void
work(u64 turns)
{
	for (volatile u64 n = turns; n > 0; n--)
		continue;
}

GUEST("heartbeat")
{
	u64 turns = option("work", 0);

	fill();
	pic_init();
	trap_on(PIC_VECTOR, tick);
	pit_start(2, COUNT_10_MS);
	pic_unmask(0);
	for (;;) {
		__asm__ volatile("sti; hlt; cli");
		work(turns);
		if ((in8(COM1 + LSR) & LSR_DATA) == 0)
			continue;
		in8(COM1);
		print("beat %u %s\n", ticks, is_intact() ? "intact" : "SPOILT");
	}
}
