/* SPDX-License-Identifier: MIT */
/* How kernel threads begin and end. */
#include "sched/thread.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/time.h"
#include "include/intrin.h"
#include "mm/heap.h"
#include "mm/kmap.h"
#include "sched/run_queue.h"

enum { STACK_PAGES = 4 };

static u64 next_id, threads;

void thread_entry(void);
void thread_begin(void);

u64
thread_count(void)
{
	return READ_ONCE(threads);
}

void
thread_forget(struct thread *t)
{
	if (__atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) == 0)
		heap_free(t);
}

/* The lock says that the thread is off its stack. */
bool
thread_reap_one(struct run_queue *q)
{
	struct thread *dead = NULL;
	u64 flags;

	if (READ_ONCE(q->dead.next) == &q->dead)
		return false;
	flags = spin_lock(&q->lock);
	if (!list_empty(&q->dead)) {
		dead = list_first(&q->dead, struct thread, link);
		list_remove(&dead->link);
	}
	spin_unlock(&q->lock, flags);
	if (dead == NULL)
		return false;
	kmap_stack_free(dead->stack_top);
	thread_forget(dead);
	__atomic_sub_fetch(&threads, 1, __ATOMIC_RELAXED);
	return true;
}

void
thread_begin(void)
{
	struct thread *self;

	schedule_begin();
	self = thread_current();
	self->fn(self->arg);
	schedule_end();
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

static int
create(struct thread **out)
{
	struct thread *t;
	u64 flags = irq_save();
	struct run_queue *here = run_queue_here();
	int err;

	irq_restore(flags);
	while (thread_reap_one(here))
		continue;
	t = heap_alloc(sizeof(*t));
	if (t == NULL)
		return fail(-ERR_NOMEM);
	err = kmap_stack(STACK_PAGES, &t->stack_top);
	if (err != 0) {
		heap_free(t);
		return err;
	}
	t->id = __atomic_add_fetch(&next_id, 1, __ATOMIC_RELAXED);
	t->state = THREAD_BLOCKED;
	t->refs = 1;
	timer_init(&t->timer, sleep_over);
	t->timer.is_sleep = true;
	prepare_stack(t);
	__atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
	*out = t;
	return 0;
}

int
thread_create(const char *name, void (*fn)(void *), void *arg, enum thread_priority priority,
	      u32 cpu, struct thread **out)
{
	struct thread *t;
	int err = create(&t);

	if (err != 0)
		return err;
	t->name = name;
	t->fn = fn;
	t->arg = arg;
	t->priority = (u8)priority;
	t->cpu = cpu;
	if (out != NULL)
		*out = t;
	thread_wake(t);
	return 0;
}

/* It begins with as much virtual time as those that are there. */
static void
enter_share(struct thread *t, struct share *share)
{
	struct run_queue *q = run_queue_of(balance_place(share));
	u64 flags = spin_lock(&q->lock), now = clock_ns();

	t->share = share;
	t->cpu = q->cpu;
	balance_charge(q, now);
	balance_catch_up(q, now);
	t->virtual_ns = q->turns.clock;
	q->members++;
	spin_unlock(&q->lock, flags);
}

int
thread_create_in(struct share *share, const char *name, void (*fn)(void *), void *arg,
		 struct thread **out)
{
	struct thread *t;
	int err = create(&t);

	if (err != 0)
		return err;
	t->name = name;
	t->fn = fn;
	t->arg = arg;
	t->priority = PRIORITY_GUEST;
	t->refs = 2;
	enter_share(t, share);
	*out = t;
	thread_wake(t);
	return 0;
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
