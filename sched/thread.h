/* SPDX-License-Identifier: MIT */
/*
 * Kernel threads, run by priority. A thread may be preempted wherever interrupts are on; locks turn
 * them off.
 *
 * Those of equal priority take turns on the CPU that they were made for; but those of a share, the
 * vCPUs, go by virtual time (share.h), and go to another CPU of their share when that has nothing
 * to do, or its threads have had more. So a vCPU's thread may find itself on another CPU wherever
 * interrupts are on.
 *
 * Any CPU, not from interrupts, unless it is said. Lock: RANK_SCHED, one a CPU.
 */
#pragma once

#include "include/errors.h"
#include "include/list.h"
#include "sched/share.h"
#include "sched/timer.h"

enum thread_priority {
	PRIORITY_IDLE,	 /* each CPU's idle thread alone */
	PRIORITY_GUEST,	 /* those with a share: whatever they do, a person gets an answer */
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
	u32 cpu; /* changes under the locks of both CPUs' run queues */
	u8 priority;
	u8 state; /* enum thread_state; guarded by its CPU's run-queue lock */
	const char *name;
	void (*fn)(void *arg);
	void *arg;
	u64 run_ns, since_ns;	     /* CPU time before `since`, up to when it is known */
	u64 wait_ns, waits_since_ns; /* the same of the time that it was ready but did not run */
	u32 switches;		     /* how often it got a CPU */
	u8 refs;		     /* atomic: until it has ended, and until thread_forget() */
	bool used_up; /* it lost the CPU last at the end of its slice, and has not slept since */
	bool hurries; /* see thread_hurry() */
	struct share *share; /* NULL: none */
	u64 virtual_ns;	     /* of its share, as turns.h has it */
	/* Called when it loses the CPU, by the scheduler: interrupts off, the run queue locked. */
	void (*left)(struct thread *thread);
	struct timer timer; /* of its sleep */
};

/*
 * Makes a thread on a CPU and starts it. It ends when fn returns; its memory is then given back.
 * The name is kept, not copied. -ERR_NOMEM.
 */
__must_check int thread_create(const char *name, void (*fn)(void *), void *arg,
			       enum thread_priority priority, u32 cpu, struct thread **out);

/* The same for a thread of a share, which stays as long as the thread; on the CPU of it that has
 * the fewest such threads. *out may be used until thread_forget(). */
__must_check int thread_create_in(struct share *share, const char *name, void (*fn)(void *),
				  void *arg, struct thread **out);

void thread_forget(struct thread *thread);

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

/*
 * Somebody waits for what this thread of a share is to do: while it hurries neither its share nor a
 * cap holds it back, it takes turns with threads of PRIORITY_NORMAL, and nothing is charged.
 */
void thread_hurry(struct thread *thread, bool hurries);

/* Lets another thread of a share run first, if one waits for this CPU that has had at most a time
 * slice more. */
void thread_yield(void);
/* Whether one does, right now; by a thread of a share. */
bool thread_others_wait(void);

/* Turns what this CPU runs now into its idle thread; the boot CPU's first. Then sched_run(). */
__must_check int sched_init_cpu(void);
/* Idles, and runs threads, for good. */
__noreturn void sched_run(void);

/* The CPU time that it has had, up to now, and for how long it waited for a CPU: stolen from it, as
 * a guest sees it. The caller knows that the thread is there. */
struct thread_times {
	u64 run_ns, wait_ns;
};

struct thread_times thread_times(struct thread *thread);
u64 thread_count(void); /* without the idle threads */
