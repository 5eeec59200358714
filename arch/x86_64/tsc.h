/* SPDX-License-Identifier: MIT */
/* The time-stamp counter: its rate, measured against a reference, and its agreement among CPUs. */
#pragma once

#include "arch/x86_64/refclock.h"
#include "include/intrin.h"

/* 10 GHz until it is measured, so that a wait is rather too long. */
u64 tsc_khz(void);
u64 ns_to_tsc(u64 ns);
u64 tsc_to_ns(u64 ticks);

/*
 * Measures the rate against the reference; CPUID leaf 15h's value is taken when it agrees within
 * 0.1 %, being exact. -ERR_TIMEOUT when the reference does not advance.
 */
__must_check int tsc_calibrate(const struct refclock *ref);

/* A delay that counts as calibration, not as a wait. */
void calibration_delay_us(u64 us);
u64 calibration_ticks(void); /* spent by all calibrations so far */

/*
 * Compares a new CPU's TSC with the boot CPU's: both call this at the same time, on the two CPUs.
 * The offset, and whether time was ever seen going backwards between them, are recorded.
 */
void tsc_compare_boot_side(u32 cpu);
void tsc_compare_new_side(u32 cpu);
bool tsc_warped(void); /* on any CPU so far */
s64 tsc_largest_offset(void);

/* Whether all CPUs' TSCs have been found to show the same. */
bool tsc_agree(void); /* in ticks, by magnitude */

/* Whether the TSC can be the clock: invariant, and on every CPU seen to be without warp. */
bool tsc_is_reliable(void);
