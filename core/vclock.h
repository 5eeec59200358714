/* SPDX-License-Identifier: MIT */
/*
 * A VM's time, and timers on it. The clock stands still while the VM is paused, and so do all
 * timers. Models know time only through this. fn runs in interrupt context without a lock held,
 * once per set; it may set its timer again.
 */
#pragma once

#include "include/types.h"

struct vclock;

/* Nanoseconds of the VM's life, less its pauses. */
u64 vclock_ns(const struct vclock *clock);

enum { VTIMER_WORDS = 12 };

struct vtimer {
	struct vclock *clock;
	void (*fn)(struct vtimer *timer);
	u64 when_ns; /* on the VM's clock */
	bool set;
	u64 opaque[VTIMER_WORDS]; /* core/vclock.c's */
};

/* Once for a timer's memory; the clock knows it for as long as it runs. */
void vtimer_init(struct vtimer *timer, struct vclock *clock, void (*fn)(struct vtimer *timer));
/* For a time on the VM's clock; one in the past fires at once. */
void vtimer_set(struct vtimer *timer, u64 when_ns);
void vtimer_cancel(struct vtimer *timer);
