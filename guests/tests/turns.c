/* SPDX-License-Identifier: MIT */
/* Two vCPUs that never halt, for a machine with one CPU: what a change between them takes, in ticks
 * of the TSC, from the last look of the one to the first of the other. */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/smp.h"

enum { CHANGES = 41 };

static volatile u64 looks[2]; /* each one's last */
static volatile u64 gaps[CHANGES];
static volatile u32 changes;

/* One that is stopped between its look and the note of it finds the other's newer, and says nothing
 * before its next. */
static void
look(u32 self)
{
	u64 now = rdtsc(), other = looks[1 - self];

	if (other > looks[self] && now > other && changes < CHANGES)
		gaps[changes++] = now - other;
	looks[self] = now;
}

static void
look_for_ever(u32 index)
{
	for (;;)
		look(index);
}

static void
sort(void)
{
	for (u32 n = 1; n < CHANGES; n++) {
		for (u32 at = n; at > 0 && gaps[at] < gaps[at - 1]; at--) {
			u64 less = gaps[at];

			gaps[at] = gaps[at - 1];
			gaps[at - 1] = less;
		}
	}
}

GUEST("turns")
{
	apic_enable();
	CHECK(smp_start(1, 1, look_for_ever));
	looks[0] = rdtsc();
	changes = 0;
	while (changes < CHANGES)
		look(0);
	sort();
	print("changes: least %lu, median %lu, most %lu\n", gaps[0], gaps[CHANGES / 2],
	      gaps[CHANGES - 1]);
}
