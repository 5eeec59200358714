/* SPDX-License-Identifier: MIT */
/*
 * Two CPUs that wait for each other, as for a lock that the other one holds: each spins with PAUSE
 * until it is its turn. A hypervisor that gives both one CPU and lets who spins go on until its
 * time slice ends needs a slice a turn. Options rounds=, ms=: how long they may take; no ms: any
 * time.
 */
#include "guests/lib/guest.h"
#include "guests/lib/smp.h"
#include "guests/lib/time.h"

enum { OTHER = 1, GIVE_UP_S = 120 };

static u32 turn; /* atomic: whose it is, by its lowest bit */

static void
take_turns(u32 index)
{
	u32 rounds = (u32)option("rounds", 1000);

	for (u32 n = 0; n < rounds; n++) {
		while ((__atomic_load_n(&turn, __ATOMIC_ACQUIRE) & 1) != index)
			cpu_relax();
		__atomic_add_fetch(&turn, 1, __ATOMIC_RELEASE);
	}
}

GUEST("pingpong")
{
	u64 ms = option("ms", 0), begin, took;
	u32 rounds = (u32)option("rounds", 1000);

	(void)tsc_hz();
	CHECK(smp_start(OTHER, OTHER, take_turns));
	begin = rdtsc();
	take_turns(0);
	CHECK(wait_for(&turn, 2 * rounds, GIVE_UP_S * 1000000ul));
	took = (rdtsc() - begin) / (tsc_hz() / 1000);
	print("%u rounds in %lu ms\n", rounds, took);
	CHECK(ms == 0 || took <= ms);
}
