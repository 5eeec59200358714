/* SPDX-License-Identifier: MIT */
/*
 * A device's ticks and the nanoseconds of its VM, by fixed-point factors: no division on the way
 * to a register, and no drift, since each tick is counted from the clock's beginning. Pure.
 */
#pragma once

#include "include/types.h"

struct tick_rate {
	u64 per_ns;  /* ticks a nanosecond, 64 binary places */
	u64 ns_each; /* nanoseconds a tick, 54 binary places; above 1 MHz that fits */
};

/* Both rounded up, so that a whole second has exactly hz ticks, and ticks_to_ns() is never early.
 */
#define TICK_RATE(hz)                                                                              \
	{                                                                                          \
		(u64)(((((unsigned __int128)(hz)) << 64) + 999999999u) / 1000000000u),             \
			(u64)(((((unsigned __int128)1000000000u) << 54) + (hz)-1) / (hz))          \
	}

/* Whole ticks that have passed at this time. */
static inline u64
ns_to_ticks(const struct tick_rate *rate, u64 ns)
{
	return (u64)(((unsigned __int128)ns * rate->per_ns) >> 64);
}

/* A time at which this tick has passed, at most 2 ns after it. */
static inline u64
ticks_to_ns(const struct tick_rate *rate, u64 ticks)
{
	return (u64)(((unsigned __int128)ticks * rate->ns_each) >> 54) + 1;
}

/*
 * A periodic timer comes no more often than this, whatever the guest programs: what is due in
 * between is merged, as a PC that is too slow for its ticks would. The guest's worst is 10,000
 * interrupts a second.
 */
enum { PERIOD_MIN_NS = 100000 };
