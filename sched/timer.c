/* SPDX-License-Identifier: MIT */
/* Timers: a sorted list per CPU, and its hardware timer. */
#include "sched/timer.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/idt.h"
#include "arch/x86_64/interrupt.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/time.h"
#include "include/bits.h"
#include "include/intrin.h"
#include "lib/lock.h"
#include "lib/trace.h"
#include "mm/heap.h"

struct timer_queue {
	struct spinlock lock; /* guards the list, and the timers in it */
	struct list timers;   /* by rising time */
	u32 count;
};

static struct timer_queue *queues[MAX_CPUS];

/*
 * Two years. What is further away, as guests may set a timer, is armed in steps: in ticks it may
 * not fit into 64 bits, and would be due at once, again and again.
 */
#define ARM_MAX_NS BIT(56)

void
timer_init(struct timer *timer, void (*fn)(struct timer *timer))
{
	*timer = (struct timer){.fn = fn};
	list_init(&timer->link);
}

/* For the earliest timer, but not before `earliest`; only by the queue's own CPU, with its lock
 * held.
 */
static void
arm_hardware(const struct timer_queue *q, u64 earliest)
{
	u64 now, when;

	if (list_empty(&q->timers)) {
		lapic_timer_stop();
		return;
	}
	now = clock_ns();
	when = MAX(list_first(&q->timers, struct timer, link)->when_ns, earliest);
	lapic_timer_arm(when > now ? MIN(when - now, ARM_MAX_NS) : 0);
}

static void
insert_sorted(struct timer_queue *q, struct timer *timer)
{
	struct list *at;

	list_for_each (at, &q->timers) {
		if (list_entry(at, struct timer, link)->when_ns > timer->when_ns)
			break;
	}
	list_insert_before(at, &timer->link);
	q->count += timer->is_sleep ? 0 : 1;
}

static bool
remove_locked(struct timer_queue *q, struct timer *timer)
{
	if (list_empty(&timer->link))
		return false;
	list_remove(&timer->link);
	q->count -= timer->is_sleep ? 0 : 1;
	return true;
}

bool
timer_cancel(struct timer *timer)
{
	struct timer_queue *q = queues[timer->cpu];
	bool was_set;
	u64 flags;

	/* Its owner alone sets it; that it has just been taken is the same as that it had been. */
	if (READ_ONCE(timer->link.next) == &timer->link)
		return false;
	flags = spin_lock(&q->lock);
	was_set = remove_locked(q, timer);

	spin_unlock(&q->lock, flags);
	return was_set;
}

void
timer_set(struct timer *timer, u64 when_ns)
{
	struct timer_queue *q;
	u64 flags;

	timer_cancel(timer);
	flags = irq_save(); /* stay on this CPU between choosing its queue and locking it */
	q = queues[cpu_index()];
	spin_lock_irqoff(&q->lock);
	timer->cpu = cpu_index();
	timer->when_ns = when_ns;
	insert_sorted(q, timer);
	if (q->timers.next == &timer->link)
		arm_hardware(q, 0);
	spin_unlock_irqoff(&q->lock);
	irq_restore(flags);
}

/*
 * The first timer whose time has come, taken out of the list; or NULL, and the interrupt for the
 * next one is ordered. Threads get as much time until then as the interrupt has taken: timers that
 * are always due, as guests may have them, can't keep the CPU for themselves.
 */
static struct timer *
take_expired(struct timer_queue *q, u64 now)
{
	u64 flags = spin_lock(&q->lock);
	struct timer *timer = NULL;

	if (!list_empty(&q->timers)) {
		timer = list_first(&q->timers, struct timer, link);
		if (timer->when_ns > now)
			timer = NULL;
		else
			remove_locked(q, timer);
	}
	if (timer == NULL)
		arm_hardware(q, 2 * clock_ns() - now);
	spin_unlock(&q->lock, flags);
	return timer;
}

/* What fires while this runs, and again and again, is left for the next interrupt. */
static void
timer_interrupt(void *arg __unused)
{
	struct timer_queue *q = queues[cpu_index()];
	u64 now = clock_ns(), expired = 0, late = 0;
	struct timer *timer;

	while ((timer = take_expired(q, now)) != NULL) {
		if (expired++ == 0)
			late = now - timer->when_ns;
		timer->fn(timer);
	}
	trace_event(TRACE_TIMER, late, expired);
}

void
timers_init(void)
{
	interrupt_set(VECTOR_TIMER, timer_interrupt, NULL, "timer", "local APIC");
}

int
timers_init_cpu(void)
{
	struct timer_queue *q = heap_alloc(sizeof(*q));

	if (q == NULL)
		return fail(-ERR_NOMEM);
	spin_init(&q->lock, RANK_TIMER, "timers");
	list_init(&q->timers);
	__atomic_store_n(&queues[cpu_index()], q, __ATOMIC_RELEASE);
	lapic_timer_init_cpu();
	return 0;
}

u64
timer_count(void)
{
	u64 sum = 0;

	for (u32 i = 0; i < cpu_count(); i++) {
		const struct timer_queue *q = __atomic_load_n(&queues[i], __ATOMIC_ACQUIRE);

		sum += q != NULL ? READ_ONCE(q->count) : 0;
	}
	return sum;
}
