/* SPDX-License-Identifier: MIT */
/*
 * A VM's clock that a test moves: implements core/vclock.h. fake_advance() runs each timer at its
 * time; fake_late() lets time pass first and runs the timers afterwards, as for a VM whose CPU was
 * busy. For one translation unit.
 */
#pragma once

#include <stdlib.h>

#include "core/vclock.h"

enum { FAKE_TIMERS_MAX = 64, FAKE_TIMER_RUNS_MAX = 10000000 };

struct vclock {
	u64 now;
	struct vtimer *timers[FAKE_TIMERS_MAX];
	unsigned count;
	u64 runs; /* of all timers */
};

u64
vclock_ns(const struct vclock *clock)
{
	return clock->now;
}

void
vtimer_init(struct vtimer *timer, struct vclock *clock, void (*fn)(struct vtimer *timer))
{
	*timer = (struct vtimer){.clock = clock, .fn = fn};
	for (unsigned i = 0; i < clock->count; i++) {
		if (clock->timers[i] == timer)
			return;
	}
	if (clock->count == FAKE_TIMERS_MAX)
		abort();
	clock->timers[clock->count++] = timer;
}

void
vtimer_set(struct vtimer *timer, u64 when_ns)
{
	timer->when_ns = when_ns;
	timer->set = true;
}

void
vtimer_cancel(struct vtimer *timer)
{
	timer->set = false;
}

/* The timer that is due first, by `until`; NULL when there is none. */
static inline struct vtimer *
fake_next_timer(const struct vclock *clock, u64 until)
{
	struct vtimer *first = NULL;

	for (unsigned i = 0; i < clock->count; i++) {
		struct vtimer *timer = clock->timers[i];

		if (timer->set && timer->when_ns <= until &&
		    (first == NULL || timer->when_ns < first->when_ns))
			first = timer;
	}
	return first;
}

/* A timer that sets itself for the past again and again never lets time go on: abort. */
static inline void
fake_run_timers(struct vclock *clock, u64 until)
{
	struct vtimer *timer;
	u64 runs = 0;

	while ((timer = fake_next_timer(clock, until)) != NULL) {
		if (runs++ == FAKE_TIMER_RUNS_MAX)
			abort();
		if (timer->when_ns > clock->now)
			clock->now = timer->when_ns;
		timer->set = false;
		clock->runs++;
		timer->fn(timer);
	}
}

static inline void
fake_advance(struct vclock *clock, u64 ns)
{
	u64 until = clock->now + ns;

	fake_run_timers(clock, until);
	clock->now = until;
}

static inline void
fake_late(struct vclock *clock, u64 ns)
{
	clock->now += ns;
	fake_run_timers(clock, clock->now);
}
