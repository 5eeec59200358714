/* SPDX-License-Identifier: MIT */
/*
 * Kernel threads: each on the CPU that it was made for, run by priority, in turn where that is
 * equal. A thread may be preempted wherever interrupts are on; locks turn them off.
 *
 * Any CPU, not from interrupts, unless it is said. Lock: RANK_SCHED, one a CPU.
 */
#pragma once

#include "include/errors.h"
#include "include/list.h"
#include "sched/timer.h"

enum thread_priority {
	PRIORITY_IDLE,	 /* each CPU's idle thread alone */
	PRIORITY_GUEST,	 /* vCPUs: whatever they do, a person gets an answer */
	PRIORITY_NORMAL, /* the shell, and what people wait for */
	PRIORITY_HIGH,	 /* short work for devices */
	PRIORITIES
};

enum thread_state { THREAD_READY, THREAD_RUNNING, THREAD_BLOCKED, THREAD_EXITED };

struct thread {
	struct list link; /* in its CPU's run queue while READY */
	void *sp;	  /* while it is not running */
	void *stack_top;
	u64 id;
	u32 cpu;
	u8 priority;
	u8 state; /* enum thread_state; guarded by its CPU's run-queue lock */
	const char *name;
	void (*fn)(void *arg);
	void *arg;
	u64 run_ns, since_ns; /* CPU time before `since`, when it last got the CPU */
	struct timer timer;   /* of its sleep */
};

/*
 * Makes a thread on a CPU and starts it. It ends when fn returns; its memory is then given back.
 * The name is kept, not copied. -ERR_NOMEM.
 */
__must_check int thread_create(const char *name, void (*fn)(void *), void *arg,
			       enum thread_priority priority, u32 cpu, struct thread **out);

struct thread *thread_current(void);
void thread_sleep_ns(u64 ns);

/*
 * The two halves of waiting, used by wait.h: after thread_block() the thread is no longer to run
 * once it calls thread_switch(), unless thread_wake() came in between. thread_wake() may be called
 * from interrupts, and for a thread that is not blocked.
 */
void thread_block(void);
void thread_switch(void);
void thread_wake(struct thread *thread);
/* Gives way to a thread that should run first, if there is one and interrupts are on. */
void thread_check_resched(void);

/* Turns what this CPU runs now into its idle thread; the boot CPU's first. Then sched_run(). */
__must_check int sched_init_cpu(void);
/* Idles, and runs threads, for good. */
__noreturn void sched_run(void);

/* The CPU time that it has had, up to now. The caller knows that the thread is there. */
u64 thread_run_ns(struct thread *thread);
u64 thread_count(void); /* without the idle threads */
