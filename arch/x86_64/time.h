/* SPDX-License-Identifier: MIT */
/*
 * The clock, and waits with a deadline. Usable from the first line of C: until the calibration the
 * TSC is taken to be as fast as any (10 GHz), so that a wait is never shorter than asked.
 */
#pragma once

#include "include/intrin.h"
#include "include/types.h"

/* Of 64 bits, so that a number of 32 bits times one of them is of 64, too. */
#define NS_PER_US 1000ul
#define NS_PER_MS 1000000ul
#define NS_PER_S  1000000000ul

/* Nanoseconds since the hypervisor's start; never goes backwards, the same on every CPU. */
u64 clock_ns(void);

/* The clock and this CPU's TSC at the same time, as near as can be. */
struct moment {
	u64 ns, tsc;
};

struct moment clock_moment(void);

/* The clock at a reading of this CPU's TSC, as far as the TSC can be trusted. */
u64 clock_from_tsc(u64 tsc);

/* Spins; sums what it spends for wait_total_ns(). */
void delay_us(u64 us);

/*
 * Spins until cond holds, at most `us` microseconds; answers whether it held. Every wait on
 * hardware is one of these; on false the caller disables the unit and says so. The last look is
 * after the time: firmware (an SMI) may have had the CPU for all of it.
 */
#define wait_until(us, cond)                                                                       \
	({                                                                                         \
		struct wait wait_ = wait_begin(us);                                                \
		bool held_, more_ = true;                                                          \
		while (!(held_ = (cond)) && more_) {                                               \
			more_ = wait_goes_on(&wait_);                                              \
			cpu_relax();                                                               \
		}                                                                                  \
		wait_end(&wait_);                                                                  \
		held_;                                                                             \
	})

struct wait {
	u64 begin, ticks; /* of the TSC */
};

struct wait wait_begin(u64 us);
bool wait_goes_on(const struct wait *wait);
void wait_end(const struct wait *wait);

/* What wait_until() and delay_us() have spent on the boot CPU so far, in TSC ticks. */
u64 wait_total_ticks(void);
