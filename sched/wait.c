/* SPDX-License-Identifier: MIT */
/* Wait queues. */
#include "sched/wait.h"

void
wait_queue_init(struct wait_queue *wq)
{
	spin_init(&wq->lock, RANK_WAIT, "wait queue");
	list_init(&wq->waiters);
}

void
wait_wake_all(struct wait_queue *wq)
{
	u64 flags = spin_lock(&wq->lock);
	struct list *at;

	list_for_each (at, &wq->waiters)
		thread_wake(list_entry(at, struct waiter, link)->thread);
	spin_unlock(&wq->lock, flags);
	thread_check_resched();
}

void
wait_prepare(struct wait_queue *wq, struct waiter *w)
{
	u64 flags = spin_lock(&wq->lock);

	w->thread = thread_current();
	list_append(&wq->waiters, &w->link);
	thread_block();
	spin_unlock(&wq->lock, flags);
}

void
wait_finish(struct wait_queue *wq, struct waiter *w)
{
	u64 flags = spin_lock(&wq->lock);

	list_remove(&w->link);
	thread_wake(w->thread); /* when the condition held at once, it is still marked blocked */
	spin_unlock(&wq->lock, flags);
	timer_cancel(&w->thread->timer);
}

/* Woken early is fine: the caller looks at the condition and at the clock again. */
void
wait_until_ns(u64 deadline_ns)
{
	if (deadline_ns != ~0ul)
		timer_set(&thread_current()->timer, deadline_ns);
	thread_switch();
}
