/* SPDX-License-Identifier: MIT */
/* Kernel threads and the run queues. */
#include "sched/thread.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/interrupt.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/time.h"
#include "include/intrin.h"
#include "include/panic.h"
#include "lib/lock.h"
#include "lib/trace.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/kmap.h"

enum { STACK_PAGES = 4, SLICE_NS = 10 * NS_PER_MS };

struct run_queue {
	struct spinlock lock; /* guards all here, and the state of this CPU's threads */
	struct list ready[PRIORITIES];
	struct thread *current;
	struct list dead; /* have exited; freed by reap() */
	struct thread idle;
	struct timer slice;
};

static struct run_queue *queues[MAX_CPUS];
static u64 next_id, threads;

void thread_swap(void **save_sp, void *load_sp);
void thread_entry(void);
void thread_begin(void);

static struct run_queue *
this_queue(void)
{
	return queues[cpu_index()];
}

struct thread *
thread_current(void)
{
	return this_queue()->current;
}

u64
thread_count(void)
{
	return READ_ONCE(threads);
}

u64
thread_run_ns(struct thread *thread)
{
	struct run_queue *q = queues[thread->cpu];
	u64 flags = spin_lock(&q->lock), ns = thread->run_ns;

	if (q->current == thread)
		ns += clock_ns() - thread->since_ns;
	spin_unlock(&q->lock, flags);
	return ns;
}

static void
enqueue(struct run_queue *q, struct thread *t)
{
	t->state = THREAD_READY;
	list_append(&q->ready[t->priority], &t->link);
}

/* The idle thread is in no list: it runs when nothing else does. */
static struct thread *
pick_next(struct run_queue *q)
{
	for (unsigned p = PRIORITIES - 1; p > PRIORITY_IDLE; p--) {
		if (!list_empty(&q->ready[p])) {
			struct thread *t = list_first(&q->ready[p], struct thread, link);

			list_remove(&t->link);
			return t;
		}
	}
	return &q->idle;
}

/* A time slice is needed only where others of the same priority wait. */
static void
arm_slice(struct run_queue *q)
{
	bool peers = q->current != &q->idle && !list_empty(&q->ready[q->current->priority]);

	if (peers)
		timer_set(&q->slice, clock_ns() + SLICE_NS);
	else if (timer_is_set(&q->slice))
		timer_cancel(&q->slice);
}

static void
slice_over(struct timer *timer __unused)
{
	this_cpu()->need_resched = true;
}

/*
 * Gives back what ended threads of this CPU held. Not while switching: unmapping a stack waits for
 * the other CPUs. The lock says that the thread is off its stack.
 */
static void
reap(struct run_queue *q)
{
	while (READ_ONCE(q->dead.next) != &q->dead) {
		u64 flags = spin_lock(&q->lock);
		struct thread *dead = NULL;

		if (!list_empty(&q->dead)) {
			dead = list_first(&q->dead, struct thread, link);
			list_remove(&dead->link);
		}
		spin_unlock(&q->lock, flags);
		if (dead == NULL)
			return;
		kmap_stack_free(dead->stack_top);
		heap_free(dead);
		__atomic_sub_fetch(&threads, 1, __ATOMIC_RELAXED);
	}
}

/* With the lock held, which the next thread releases, or this one when it runs again. */
static void
switch_locked(struct run_queue *q)
{
	struct thread *prev = q->current, *next;
	u64 now = clock_ns();

	this_cpu()->need_resched = false;
	if (prev->state == THREAD_RUNNING && prev != &q->idle)
		enqueue(q, prev);
	next = pick_next(q);
	next->state = THREAD_RUNNING;
	q->current = next;
	arm_slice(q);
	if (next == prev)
		return;
	prev->run_ns += now - prev->since_ns;
	next->since_ns = now;
	trace_event(TRACE_SWITCH, prev->id, next->id);
	thread_swap(&prev->sp, next->sp);
}

void
thread_switch(void)
{
	u64 flags = irq_save();
	struct run_queue *q = this_queue();

	spin_lock_irqoff(&q->lock);
	switch_locked(q);
	spin_unlock_irqoff(&q->lock);
	irq_restore(flags);
}

/*
 * A thread that is preempted between thread_block() and thread_switch() may not have looked at its
 * condition yet: it stays runnable, and finds itself woken without need.
 */
static void
thread_preempt(void)
{
	u64 flags = irq_save();
	struct run_queue *q = this_queue();

	spin_lock_irqoff(&q->lock);
	if (q->current->state == THREAD_BLOCKED)
		q->current->state = THREAD_RUNNING;
	switch_locked(q);
	spin_unlock_irqoff(&q->lock);
	irq_restore(flags);
}

void
thread_check_resched(void)
{
	if (this_cpu()->need_resched && irqs_enabled())
		thread_preempt();
}

void
thread_begin(void)
{
	struct run_queue *q = this_queue();
	struct thread *self = q->current;

	spin_unlock_irqoff(&q->lock);
	irq_restore(RFLAGS_IF);
	self->fn(self->arg);

	(void)irq_save();
	spin_lock_irqoff(&q->lock);
	self->state = THREAD_EXITED;
	list_append(&q->dead, &self->link);
	switch_locked(q);
	panic("thread %s runs after its end", self->name);
}

/* A stack as thread_swap() leaves it: six registers, of which RBP is the last, and where to go. */
static void
prepare_stack(struct thread *t)
{
	u64 *sp = t->stack_top;

	*--sp = 0; /* two words, so that RSP is a multiple of 16 at thread_entry's CALL */
	*--sp = 0;
	*--sp = (u64)(uintptr_t)thread_entry;
	for (unsigned i = 0; i < 6; i++)
		*--sp = 0;
	t->sp = sp;
}

static void
sleep_over(struct timer *timer)
{
	thread_wake(container_of(timer, struct thread, timer));
}

int
thread_create(const char *name, void (*fn)(void *), void *arg, enum thread_priority priority,
	      u32 cpu, struct thread **out)
{
	struct thread *t;
	int err;

	reap(this_queue());
	t = heap_alloc(sizeof(*t));
	if (t == NULL)
		return fail(-ERR_NOMEM);
	err = kmap_stack(STACK_PAGES, &t->stack_top);
	if (err != 0) {
		heap_free(t);
		return err;
	}
	t->id = __atomic_add_fetch(&next_id, 1, __ATOMIC_RELAXED);
	t->name = name;
	t->fn = fn;
	t->arg = arg;
	t->priority = (u8)priority;
	t->cpu = cpu;
	t->state = THREAD_BLOCKED;
	timer_init(&t->timer, sleep_over);
	prepare_stack(t);
	__atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
	if (out != NULL)
		*out = t;
	thread_wake(t);
	return 0;
}

void
thread_block(void)
{
	struct run_queue *q = this_queue();
	u64 flags = spin_lock(&q->lock);

	q->current->state = THREAD_BLOCKED;
	spin_unlock(&q->lock, flags);
}

/* One of equal priority only begins the turns; from then on the slice decides. */
static bool
goes_first(const struct run_queue *q, const struct thread *t)
{
	return t->priority > q->current->priority ||
	       (t->priority == q->current->priority && !timer_is_set(&q->slice));
}

/* A thread that blocks but has not switched away yet just goes on. */
void
thread_wake(struct thread *t)
{
	struct run_queue *q = queues[t->cpu];
	u64 flags = spin_lock(&q->lock);
	bool due = false;

	if (t->state == THREAD_BLOCKED && t == q->current) {
		t->state = THREAD_RUNNING;
	} else if (t->state == THREAD_BLOCKED) {
		enqueue(q, t);
		due = goes_first(q, t);
	}
	if (due && t->cpu == cpu_index())
		this_cpu()->need_resched = true;
	spin_unlock(&q->lock, flags);
	if (due && t->cpu != cpu_index())
		smp_reschedule(t->cpu);
	thread_check_resched();
}

void
thread_sleep_ns(u64 ns)
{
	struct thread *self = thread_current();
	u64 until = clock_ns() + ns;

	while (clock_ns() < until) {
		thread_block();
		timer_set(&self->timer, until);
		thread_switch();
	}
	timer_cancel(&self->timer);
}

int
sched_init_cpu(void)
{
	struct run_queue *q = heap_alloc(sizeof(*q));

	if (q == NULL)
		return fail(-ERR_NOMEM);
	spin_init(&q->lock, RANK_SCHED, "run queue");
	for (unsigned p = 0; p < PRIORITIES; p++)
		list_init(&q->ready[p]);
	list_init(&q->dead);
	timer_init(&q->slice, slice_over);
	q->idle = (struct thread){.name = "idle", .cpu = cpu_index(), .state = THREAD_RUNNING};
	q->idle.since_ns = clock_ns();
	q->current = &q->idle;
	queues[cpu_index()] = q;
	interrupt_set_preempt_hook(thread_preempt);
	return 0;
}

/*
 * STI holds interrupts off for one more instruction: no wake-up is lost between test and HLT, and
 * between two pieces of memory what has come in is dealt with.
 */
void
sched_run(void)
{
	for (;;) {
		reap(this_queue());
		__asm__ volatile("cli" : : : "memory");
		if (this_cpu()->need_resched)
			thread_switch();
		else if (frame_scrub_some())
			__asm__ volatile("sti; nop" : : : "memory");
		else
			__asm__ volatile("sti; hlt" : : : "memory");
	}
}
