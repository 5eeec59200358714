/* SPDX-License-Identifier: MIT */
/*
 * Timers: one-shot, per CPU, on the clock of clock_ns(). A CPU's hardware timer is armed for the
 * earliest of its timers only, so an idle machine has no ticks.
 *
 * Any CPU may cancel; a timer runs on the CPU that set it. Lock: RANK_TIMER, one a CPU.
 */
#pragma once

#include "include/errors.h"
#include "include/list.h"
#include "include/types.h"

/* Lives in the caller's memory. fn runs in interrupt context, without a lock held. */
struct timer {
	struct list link; /* in its CPU's list while it is set */
	u64 when_ns;
	u32 cpu;
	void (*fn)(struct timer *timer);
	bool is_sleep; /* a thread's own: not counted, it comes and goes all the time */
};

void timer_init(struct timer *timer, void (*fn)(struct timer *timer));

/* Sets the timer on this CPU, or sets it anew; a time in the past fires at once. */
void timer_set(struct timer *timer, u64 when_ns);

/*
 * After this the timer is not set. False when it was not: then its fn has run, or is about to run
 * or just running on another CPU.
 */
bool timer_cancel(struct timer *timer);

static inline bool
timer_is_set(const struct timer *timer)
{
	return !list_empty(&timer->link);
}

/* Once, and on every CPU before its first timer. */
void timers_init(void);
__must_check int timers_init_cpu(void); /* -ERR_NOMEM */

/* Timers that are set, on all CPUs, without threads' own sleeps. */
u64 timer_count(void);
