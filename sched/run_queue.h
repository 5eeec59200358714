/* SPDX-License-Identifier: MIT */
/* A CPU's run queue, for the files of this folder alone. */
#pragma once

#include "lib/lock.h"
#include "sched/turns.h"

enum { NO_CPU = ~0u };

struct run_queue {
	struct spinlock lock; /* guards all here, and the state of this CPU's threads */
	u32 cpu;
	u32 members;		       /* threads of shares that are here */
	struct list ready[PRIORITIES]; /* those without a share */
	struct turns turns;	       /* those with one */
	struct thread *current;
	struct list dead; /* have exited; freed by thread_reap_one() */
	bool idle_reaps;  /* the idle thread does, and is not preempted */
	struct thread idle;
	struct timer slice;
	u64 slice_end_ns; /* of current's */
	u32 taker;	  /* a CPU that is to be told once the lock is free, or NO_CPU */
	/*
	 * For the other CPUs, which look without the lock: it may be old by the time they use it.
	 * Who goes first of those that wait, and who runs: nobody, one without a share, or one
	 * with.
	 */
	bool waits;
	u8 runs; /* enum runs */
	u64 first_virtual_ns;
	u64 runs_virtual_ns, runs_since_ns, runs_rate; /* virtual time in 1024 ns */
};

enum runs { RUNS_NOTHING, RUNS_OTHER, RUNS_SHARE };

/* NULL: not up yet. */
struct run_queue *run_queue_of(u32 cpu);
/* This CPU's; with interrupts off, or it may be another's by now. */
struct run_queue *run_queue_here(void);
/* That of the CPU where the thread is, which it does not leave while the lock is held. */
struct run_queue *run_queue_lock(struct thread *t, u64 *flags);

/* What a new thread does first, and one that ends does last. */
void schedule_begin(void);
__noreturn void schedule_end(void);
/* Gives back what an ended thread of this CPU held; false: there is none. Not while switching:
 * unmapping a stack waits for the other CPUs. */
bool thread_reap_one(struct run_queue *q);

/* Of so much time of the thread of a share that runs: as many of its share wanted to when it began.
 */
u64 balance_virtual_ns(const struct run_queue *q, u64 ns);

/* Who runs has got its time up to now. */
void balance_charge(struct run_queue *q, u64 now);

/* What others see of it, after a change of who waits or runs. With its lock held. */
void balance_show(struct run_queue *q, u64 now);
/* After a change of who waits alone. */
void balance_show_waiting(struct run_queue *q, u64 now);
/* Before a thread comes: virtual time up to now, as who runs has it that was charged; where nobody
 * runs or waits it has stood still. */
void balance_catch_up(struct run_queue *q, u64 now);
/*
 * Takes a thread over from another CPU: any if this one has nothing to do (`than` is NULL), else
 * one that has had less by a slice. NULL: there is none. With q's lock held, on its CPU.
 */
struct thread *balance_pull(struct run_queue *q, const struct thread *than, u64 now);
/* Who should come for the thread that waits at q; NO_CPU: nobody. With q's lock held. */
u32 balance_taker(const struct run_queue *q, const struct thread *waiting, u64 now);
/* Where a new thread of the share begins. */
u32 balance_place(const struct share *share);
