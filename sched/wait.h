/* SPDX-License-Identifier: MIT */
/*
 * Wait queues: threads that wait for a condition, and those who make it true wake them. The
 * condition is looked at again after each wake-up, so an unneeded one does no harm, and none is
 * lost: a thread is in the queue, and marked blocked, before it looks.
 */
#pragma once

#include "arch/x86_64/time.h"
#include "lib/lock.h"
#include "sched/thread.h"

struct wait_queue {
	struct spinlock lock; /* RANK_WAIT; guards the list */
	struct list waiters;
};

struct waiter {
	struct list link;
	struct thread *thread;
};

void wait_queue_init(struct wait_queue *wq);

/* Wakes all that wait. May be called from interrupts. */
void wait_wake_all(struct wait_queue *wq);

/* For the macros below. */
void wait_prepare(struct wait_queue *wq, struct waiter *w);
void wait_finish(struct wait_queue *wq, struct waiter *w);
void wait_until_ns(u64 deadline_ns);

/* Sleeps until cond holds. */
#define wait_event(wq, cond) (void)wait_event_timeout(wq, cond, ~0ul)

/* Sleeps until cond holds, at most so many nanoseconds (~0: for ever); answers whether it held. */
#define wait_event_timeout(wq, cond, ns)                                                           \
	({                                                                                         \
		struct waiter w_;                                                                  \
		u64 ns_ = (ns), begin_ = clock_ns();                                               \
		u64 deadline_ = ns_ > ~0ul - begin_ ? ~0ul : begin_ + ns_;                         \
		bool ok_;                                                                          \
		for (;;) {                                                                         \
			wait_prepare(wq, &w_);                                                     \
			ok_ = (cond);                                                              \
			if (ok_ || (deadline_ != ~0ul && clock_ns() >= deadline_))                 \
				break;                                                             \
			wait_until_ns(deadline_);                                                  \
			wait_finish(wq, &w_);                                                      \
		}                                                                                  \
		wait_finish(wq, &w_);                                                              \
		ok_;                                                                               \
	})
