/* SPDX-License-Identifier: MIT */
/*
 * The life of a VM's clock, for who makes and pauses VMs. What models see of it is core/vclock.h.
 *
 * None of these is called with a lock held that a timer's fn takes, nor two at once for one clock.
 */
#pragma once

#include "arch/x86_64/time.h"
#include "core/vclock.h"
#include "include/errors.h"

/* At 0, and standing still until vclock_resume(). -ERR_NOMEM. */
__must_check int vclock_create(struct vclock **out);

/* The clock is paused. Its timers are forgotten: their memory may be gone. */
void vclock_free(struct vclock *clock);

/*
 * Stops the clock, and all timers with it: after this none has its fn running, on any CPU, until
 * vclock_resume(). So the models may be freed once a VM's clock is paused. Harmless when it is.
 */
void vclock_pause(struct vclock *clock);

/* The clock, which runs, and this CPU's TSC at the same time. */
struct moment vclock_moment(const struct vclock *clock);

/*
 * Goes on. Answers how many TSC ticks the pause took: the guest's TSC, too, is to go on where it
 * stood. 0 the first time, and when the clock was running.
 */
u64 vclock_resume(struct vclock *clock);
