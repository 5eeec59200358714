/* SPDX-License-Identifier: MIT */
/*
 * A VM's clock that a test moves: implements core/vclock.h. fake_advance() runs each timer at its
 * time; fake_late() lets time pass first and runs the timers afterwards, as for a VM whose CPU was
 * busy. For one translation unit. Timers are set and cancelled by any thread, run by one; as the
 * real clock's, one that is set or cancelled right then may run all the same.
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
	return __atomic_load_n(&clock->now, __ATOMIC_ACQUIRE);
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
	__atomic_store_n(&timer->when_ns, when_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&timer->set, true, __ATOMIC_RELEASE);
}

void
vtimer_cancel(struct vtimer *timer)
{
	__atomic_store_n(&timer->set, false, __ATOMIC_RELAXED);
}

/* The timer that is due first, by `until`; NULL when there is none. */
static inline struct vtimer *
fake_next_timer(const struct vclock *clock, u64 until)
{
	struct vtimer *first = NULL;
	u64 first_ns = ~0ul;

	for (unsigned i = 0; i < clock->count; i++) {
		struct vtimer *timer = clock->timers[i];
		bool set = __atomic_load_n(&timer->set, __ATOMIC_ACQUIRE);
		u64 when = __atomic_load_n(&timer->when_ns, __ATOMIC_RELAXED);

		if (set && when <= until && (first == NULL || when < first_ns)) {
			first = timer;
			first_ns = when;
		}
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
		u64 when = __atomic_load_n(&timer->when_ns, __ATOMIC_RELAXED);

		if (runs++ == FAKE_TIMER_RUNS_MAX)
			abort();
		if (when > clock->now && when <= until)
			__atomic_store_n(&clock->now, when, __ATOMIC_RELEASE);
		__atomic_store_n(&timer->set, false, __ATOMIC_RELAXED);
		clock->runs++;
		timer->fn(timer);
	}
}

static inline void
fake_advance(struct vclock *clock, u64 ns)
{
	u64 until = clock->now + ns;

	fake_run_timers(clock, until);
	__atomic_store_n(&clock->now, until, __ATOMIC_RELEASE);
}

static inline void
fake_late(struct vclock *clock, u64 ns)
{
	__atomic_store_n(&clock->now, clock->now + ns, __ATOMIC_RELEASE);
	fake_run_timers(clock, clock->now);
}
