/* SPDX-License-Identifier: MIT */
/* Who runs on each CPU, and who next: run queues, switching, waking. */
#include "sched/run_queue.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/interrupt.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/time.h"
#include "include/intrin.h"
#include "include/panic.h"
#include "lib/trace.h"
#include "mm/frame.h"
#include "mm/heap.h"

static struct run_queue *queues[MAX_CPUS];

void thread_swap(void **save_sp, void *load_sp);

struct run_queue *
run_queue_of(u32 cpu)
{
	return __atomic_load_n(&queues[cpu], __ATOMIC_ACQUIRE);
}

struct run_queue *
run_queue_here(void)
{
	return queues[cpu_index()];
}

struct thread *
thread_current(void)
{
	u64 flags = irq_save();
	struct thread *self = run_queue_here()->current;

	irq_restore(flags);
	return self;
}

struct run_queue *
run_queue_lock(struct thread *t, u64 *flags)
{
	for (;;) {
		struct run_queue *q = queues[READ_ONCE(t->cpu)];

		*flags = spin_lock(&q->lock);
		if (t->cpu == q->cpu)
			return q;
		spin_unlock(&q->lock, *flags);
	}
}

struct thread_times
thread_times(struct thread *thread)
{
	u64 flags;
	struct run_queue *q = run_queue_lock(thread, &flags);
	struct thread_times times = {.run_ns = thread->run_ns, .wait_ns = thread->wait_ns};

	if (q->current == thread)
		times.run_ns += time_since(thread->since_ns, clock_ns());
	else if (thread->state == THREAD_READY)
		times.wait_ns += time_since(thread->waits_since_ns, clock_ns());
	spin_unlock(&q->lock, flags);
	return times;
}

static bool
takes_its_share(const struct thread *t)
{
	return t->share != NULL && !t->hurries;
}

static unsigned
priority_of(const struct thread *t)
{
	return t->hurries ? PRIORITY_NORMAL : t->priority;
}

static void
enqueue(struct run_queue *q, struct thread *t, u64 now)
{
	t->state = THREAD_READY;
	t->waits_since_ns = now;
	if (takes_its_share(t))
		turns_put(&q->turns, t, now);
	else
		list_append(&q->ready[priority_of(t)], &t->link);
}

/* Of those that don't take their share. */
static struct thread *
take_by_priority(struct run_queue *q, u64 now)
{
	for (unsigned p = PRIORITIES - 1; p > PRIORITY_GUEST; p--) {
		if (!list_empty(&q->ready[p])) {
			struct thread *t = list_first(&q->ready[p], struct thread, link);

			turns_take(t, now);
			return t;
		}
	}
	return NULL;
}

/* Within its slice the one that runs gives way only to one that has had clearly less. */
static bool
goes_on(const struct run_queue *q, const struct thread *prev, const struct thread *first, u64 now)
{
	return takes_its_share(prev) && prev->state == THREAD_READY && now < q->slice_end_ns &&
	       share_runs_from(prev->share) <= now &&
	       !is_before(first->virtual_ns + GRAIN_NS, prev->virtual_ns);
}

/* Of those with a share, here and elsewhere; `behind` only if there is no other. */
static struct thread *
take_with_share(struct run_queue *q, struct thread *prev, const struct thread *behind, u64 now)
{
	struct thread *first = turns_first(&q->turns, q->cpu, now, behind), *other;

	if (first != NULL && first != prev && behind == NULL && goes_on(q, prev, first, now))
		first = prev;
	if (first == NULL) /* first this, then the look at the others: balance_taker() */
		__atomic_store_n(&q->runs, RUNS_NOTHING, __ATOMIC_SEQ_CST);
	other = balance_pull(q, first, now);
	if (other != NULL)
		return other;
	if (first != NULL)
		turns_take(first, now);
	return first;
}

/* The idle thread is in no list: it runs when nothing else does. */
static struct thread *
pick_next(struct run_queue *q, struct thread *prev, const struct thread *behind, u64 now)
{
	struct thread *next = take_by_priority(q, now);

	if (next == NULL)
		next = take_with_share(q, prev, behind, now);
	return next != NULL ? next : &q->idle;
}

/* A time slice is needed only where others want this CPU as well, or a cap is to be kept. */
static u64
slice_needed_until(const struct run_queue *q, u64 now)
{
	const struct thread *t = q->current;
	bool peers = takes_its_share(t) ? q->waits || t->share->cap != 0
					: t != &q->idle && !list_empty(&q->ready[priority_of(t)]);

	if (peers)
		return q->slice_end_ns;
	return list_empty(&q->turns.waiting) ? ~0ul : turns_release_ns(&q->turns, now);
}

static void
arm_slice(struct run_queue *q, u64 now)
{
	u64 when = slice_needed_until(q, now);

	if (when != ~0ul)
		timer_set(&q->slice, when);
	else if (timer_is_set(&q->slice))
		timer_cancel(&q->slice);
}

static void
slice_over(struct timer *timer __unused)
{
	this_cpu()->need_resched = true;
}

static void
reap(struct run_queue *q)
{
	while (thread_reap_one(q))
		continue;
}

/* Another CPU may come for who waits here now: it is told once it finds the lock free. */
static void
note_taker(struct run_queue *q, u64 now)
{
	const struct thread *first = q->waits ? turns_first(&q->turns, q->cpu, now, NULL) : NULL;

	q->taker = first != NULL ? balance_taker(q, first, now) : NO_CPU;
}

static void
begin(struct run_queue *q, struct thread *next, u64 now)
{
	if (next != q->current || now >= q->slice_end_ns)
		q->slice_end_ns = now + SLICE_NS;
	q->current = next;
	next->state = THREAD_RUNNING;
	balance_show(q, now);
	arm_slice(q, now);
	note_taker(q, now);
}

/* With the lock held, which the next thread releases, or this one when it runs again: that may be
 * on another CPU. `behind`: is to run only if no other wants to. */
static void
switch_locked(struct run_queue *q, const struct thread *behind)
{
	struct thread *prev = q->current, *next;
	u64 now = clock_ns();

	this_cpu()->need_resched = false;
	balance_charge(q, now);
	if (prev->state == THREAD_RUNNING && prev != &q->idle) {
		prev->used_up |= now >= q->slice_end_ns;
		enqueue(q, prev, now);
	} else if (prev->share != NULL) {
		prev->used_up = false;
		share_leave(prev->share);
	}
	next = pick_next(q, prev, behind, now);
	begin(q, next, now);
	if (next == prev)
		return;
	next->since_ns = now;
	next->switches++;
	if (prev->left != NULL)
		prev->left(prev);
	trace_event(TRACE_SWITCH, prev->id, next->id);
	thread_swap(&prev->sp, next->sp);
}

/* Whichever CPU this is now. One that is always busy has no idle thread to reap: who goes on does,
 * or where an interrupt is being dealt with, looks again soon. */
static void
unlock_here(u64 flags)
{
	struct run_queue *q = run_queue_here();
	u32 taker = q->taker;

	q->taker = NO_CPU;
	spin_unlock_irqoff(&q->lock);
	if (taker != NO_CPU)
		smp_reschedule(taker);
	irq_restore(flags);
	if (list_empty(&q->dead))
		return;
	if ((flags & RFLAGS_IF) != 0)
		reap(q);
	else
		this_cpu()->need_resched = true;
}

void
thread_switch(void)
{
	u64 flags = irq_save();
	struct run_queue *q = run_queue_here();

	spin_lock_irqoff(&q->lock);
	switch_locked(q, NULL);
	unlock_here(flags);
}

void
thread_yield(void)
{
	u64 flags = irq_save();
	struct run_queue *q = run_queue_here();

	spin_lock_irqoff(&q->lock);
	switch_locked(q, q->current);
	unlock_here(flags);
}

bool
thread_others_wait(void)
{
	return READ_ONCE(run_queue_here()->waits);
}

/*
 * A thread that is preempted between thread_block() and thread_switch() may not have looked at its
 * condition yet: it stays runnable, and finds itself woken without need.
 */
static void
thread_preempt(void)
{
	u64 flags = irq_save();
	struct run_queue *q = run_queue_here();

	if (q->idle_reaps) {
		irq_restore(flags);
		return;
	}
	spin_lock_irqoff(&q->lock);
	if (q->current->state == THREAD_BLOCKED)
		q->current->state = THREAD_RUNNING;
	switch_locked(q, NULL);
	unlock_here(flags);
}

void
thread_check_resched(void)
{
	if (this_cpu()->need_resched && irqs_enabled())
		thread_preempt();
}

void
schedule_begin(void)
{
	unlock_here(RFLAGS_IF);
}

void
schedule_end(void)
{
	struct run_queue *q;
	struct thread *self;

	(void)irq_save();
	q = run_queue_here();
	self = q->current;
	spin_lock_irqoff(&q->lock);
	self->state = THREAD_EXITED;
	list_append(&q->dead, &self->link);
	q->members -= self->share != NULL;
	switch_locked(q, NULL);
	panic("thread %s runs after its end", self->name);
}

void
thread_block(void)
{
	u64 flags = irq_save();
	struct run_queue *q = run_queue_here();

	spin_lock_irqoff(&q->lock);
	q->current->state = THREAD_BLOCKED;
	unlock_here(flags);
}

/* The timer may also be for who is held back by a cap, long after the slice. */
static bool
slice_runs(const struct run_queue *q)
{
	return timer_is_set(&q->slice) && q->slice.when_ns <= q->slice_end_ns;
}

/* One of equal priority only begins the turns; from then on the slice decides. */
static bool
goes_first(const struct run_queue *q, const struct thread *t)
{
	unsigned priority = priority_of(t), runs = priority_of(q->current);

	return priority > runs || (priority == runs && !slice_runs(q));
}

/* CPUs that are to look for something better to run, now that t waits at q; NO_CPU: none. */
struct lookers {
	u32 own, other;
};

static struct lookers
who_looks(const struct run_queue *q, const struct thread *t, u64 now)
{
	struct lookers l = {NO_CPU, NO_CPU};

	if (takes_its_share(t) && q->current != &q->idle)
		l.other = balance_taker(q, t, now);
	/* Not if an idle one comes; but that may take another instead: a slice is to run. */
	if (l.other != NO_CPU && READ_ONCE(queues[l.other]->runs) == RUNS_NOTHING && slice_runs(q))
		return l;
	if (goes_first(q, t) || (takes_its_share(t) && takes_its_share(q->current) &&
				 is_before(t->virtual_ns + GRAIN_NS, q->current->virtual_ns)))
		l.own = q->cpu;
	return l;
}

static void
tell(u32 cpu)
{
	if (cpu != NO_CPU && cpu != cpu_index())
		smp_reschedule(cpu);
}

/* Lets go of the lock, and has them look at their queues. */
static void
look_again(struct run_queue *q, u64 flags, struct lookers l)
{
	if (l.own == cpu_index() || l.other == cpu_index())
		this_cpu()->need_resched = true;
	spin_unlock_irqoff(&q->lock);
	tell(l.own);
	tell(l.other);
	irq_restore(flags);
	thread_check_resched();
}

static void
wake_with_share(struct run_queue *q, struct thread *t, u64 now)
{
	share_join(t->share);
	balance_charge(q, now); /* who runs may have done so alone for long */
	balance_catch_up(q, now);
	turns_admit(&q->turns, t);
	enqueue(q, t, now);
	balance_show_waiting(q, now);
}

/* A thread that blocks but has not switched away yet just goes on. */
void
thread_wake(struct thread *t)
{
	u64 flags, now = 0;
	struct run_queue *q = run_queue_lock(t, &flags);
	struct lookers looks = {NO_CPU, NO_CPU};

	if (t->state == THREAD_BLOCKED && t == q->current) {
		t->state = THREAD_RUNNING;
	} else if (t->state == THREAD_BLOCKED) {
		if (t->share != NULL)
			wake_with_share(q, t, now = clock_ns());
		else
			enqueue(q, t, 0);
		looks = who_looks(q, t, now);
	}
	look_again(q, flags, looks);
}

/* Where it waits by virtual time, it goes over to those that don't. */
void
thread_hurry(struct thread *t, bool hurries)
{
	u64 flags, now = clock_ns();
	struct run_queue *q = run_queue_lock(t, &flags);
	struct lookers looks = {NO_CPU, NO_CPU};

	if (q->current == t)
		balance_charge(q, now);
	if (t->hurries != hurries && t->state == THREAD_READY) {
		turns_take(t, now);
		t->hurries = hurries;
		enqueue(q, t, now);
		balance_show_waiting(q, now);
		looks = who_looks(q, t, now);
	}
	t->hurries = hurries;
	look_again(q, flags, looks);
}

int
sched_init_cpu(void)
{
	struct run_queue *q = heap_alloc(sizeof(*q));

	if (q == NULL)
		return fail(-ERR_NOMEM);
	spin_init(&q->lock, RANK_SCHED, "run queue");
	q->cpu = cpu_index();
	q->taker = NO_CPU;
	for (unsigned p = 0; p < PRIORITIES; p++)
		list_init(&q->ready[p]);
	turns_init(&q->turns);
	list_init(&q->dead);
	timer_init(&q->slice, slice_over);
	q->idle = (struct thread){.name = "idle", .cpu = cpu_index(), .state = THREAD_RUNNING};
	q->idle.since_ns = clock_ns();
	q->current = &q->idle;
	__atomic_store_n(&queues[cpu_index()], q, __ATOMIC_RELEASE);
	interrupt_set_preempt_hook(thread_preempt);
	return 0;
}

/* One a time, whoever else wants the CPU: preempted with it, it might not go on for long. */
static void
idle_reap(struct run_queue *q)
{
	WRITE_ONCE(q->idle_reaps, true);
	(void)thread_reap_one(q);
	WRITE_ONCE(q->idle_reaps, false);
}

/*
 * STI holds interrupts off for one more instruction: no wake-up is lost between test and HLT, and
 * between two pieces of memory what has come in is dealt with.
 */
void
sched_run(void)
{
	struct run_queue *q = run_queue_here();

	for (;;) {
		idle_reap(q);
		__asm__ volatile("cli" : : : "memory");
		if (this_cpu()->need_resched) {
			thread_switch();
			__asm__ volatile("sti" : : : "memory");
		} else if (frame_scrub_some() || !list_empty(&q->dead)) {
			__asm__ volatile("sti; nop" : : : "memory");
		} else {
			__asm__ volatile("sti; hlt" : : : "memory");
		}
	}
}
