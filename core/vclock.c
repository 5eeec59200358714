/* SPDX-License-Identifier: MIT */
/*
 * A VM's clock is the host's less an offset. A timer that is set is in its clock's list; while the
 * clock runs, it also has a host timer set for the same moment.
 *
 * A host timer that has expired on another CPU may call fired() any time later. So the clock counts
 * those that are set or on their way, and a pause waits until there are none; and fired() looks
 * again whether its time has come, as the timer may have been set anew meanwhile.
 */
#include "core/vclock.h"

#include "arch/x86_64/time.h"
#include "core/vm_clock.h"
#include "include/intrin.h"
#include "include/list.h"
#include "include/panic.h"
#include "lib/lock.h"
#include "mm/heap.h"
#include "sched/timer.h"

struct vclock {
	struct spinlock lock; /* RANK_VCLOCK: guards all but reads of the time */
	struct list timers;   /* that are set */
	u32 armed;	      /* atomic: host timers set, or expired and not handled yet */
	u32 version;	      /* odd while what follows changes: vclock_ns() then looks again */
	bool running;
	u64 offset;    /* host's time less ours, while running */
	u64 stood_at;  /* our time, while not running */
	u64 pause_tsc; /* when it stopped; 0: has never run */
};

/* What is in a vtimer's opaque. */
struct alarm {
	struct timer host;
	struct list link; /* in the clock's list while set */
};

_Static_assert(sizeof(struct alarm) <= sizeof(((struct vtimer *)NULL)->opaque),
	       "struct vtimer has room for struct alarm");

static struct alarm *
alarm_of(struct vtimer *timer)
{
	return (struct alarm *)(void *)timer->opaque;
}

static struct vtimer *
vtimer_of(struct alarm *alarm)
{
	return container_of((u64(*)[8])(void *)alarm, struct vtimer, opaque);
}

static u64
now_of(const struct vclock *clock)
{
	return clock->running ? clock_ns() - clock->offset : clock->stood_at;
}

u64
vclock_ns(const struct vclock *clock)
{
	for (;;) {
		u32 version = __atomic_load_n(&clock->version, __ATOMIC_ACQUIRE);
		u64 now = now_of(clock);

		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (version % 2 == 0 && READ_ONCE(clock->version) == version)
			return now;
		cpu_relax();
	}
}

/* With the lock held and the clock running. A guest may ask for any time: a sum may overflow. */
static void
arm(struct vclock *clock, struct vtimer *timer)
{
	u64 when = timer->when_ns + clock->offset;

	__atomic_fetch_add(&clock->armed, 1, __ATOMIC_RELAXED);
	timer_set(&alarm_of(timer)->host, when < timer->when_ns ? ~0ul : when);
}

/* With the lock held. */
static void
disarm(struct vclock *clock, struct vtimer *timer)
{
	if (timer_cancel(&alarm_of(timer)->host))
		__atomic_fetch_sub(&clock->armed, 1, __ATOMIC_RELAXED);
}

/* With the lock held. */
static void
unset(struct vclock *clock, struct vtimer *timer)
{
	if (!timer->set)
		return;
	timer->set = false;
	list_remove(&alarm_of(timer)->link);
	disarm(clock, timer);
}

/* Whether the timer's time has come; it then is no longer set. With the lock held. */
static bool
take_due(struct vclock *clock, struct vtimer *timer)
{
	if (!timer->set || !clock->running || now_of(clock) < timer->when_ns)
		return false;
	unset(clock, timer);
	return true;
}

static void
fired(struct timer *host)
{
	struct vtimer *timer = vtimer_of(container_of(host, struct alarm, host));
	struct vclock *clock = timer->clock;
	u64 flags = spin_lock(&clock->lock);
	bool due = take_due(clock, timer);

	spin_unlock(&clock->lock, flags);
	if (due)
		timer->fn(timer);
	__atomic_fetch_sub(&clock->armed, 1, __ATOMIC_RELEASE);
}

void
vtimer_init(struct vtimer *timer, struct vclock *clock, void (*fn)(struct vtimer *timer))
{
	*timer = (struct vtimer){.clock = clock, .fn = fn};
	timer_init(&alarm_of(timer)->host, fired);
	list_init(&alarm_of(timer)->link);
}

void
vtimer_set(struct vtimer *timer, u64 when_ns)
{
	struct vclock *clock = timer->clock;
	u64 flags = spin_lock(&clock->lock);

	unset(clock, timer);
	timer->when_ns = when_ns;
	timer->set = true;
	list_insert_before(&clock->timers, &alarm_of(timer)->link);
	if (clock->running)
		arm(clock, timer);
	spin_unlock(&clock->lock, flags);
}

void
vtimer_cancel(struct vtimer *timer)
{
	struct vclock *clock = timer->clock;
	u64 flags = spin_lock(&clock->lock);

	unset(clock, timer);
	spin_unlock(&clock->lock, flags);
}

int
vclock_create(struct vclock **out)
{
	struct vclock *clock = heap_alloc(sizeof(*clock));

	if (clock == NULL)
		return fail(-ERR_NOMEM);
	spin_init(&clock->lock, RANK_VCLOCK, "vm clock");
	list_init(&clock->timers);
	*out = clock;
	return 0;
}

void
vclock_free(struct vclock *clock)
{
	if (clock == NULL)
		return;
	ASSERT(!clock->running && clock->armed == 0);
	heap_free(clock);
}

/* Between these two vclock_ns() waits. With the lock held. */
static void
change_begin(struct vclock *clock)
{
	WRITE_ONCE(clock->version, clock->version + 1);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void
change_end(struct vclock *clock)
{
	__atomic_store_n(&clock->version, clock->version + 1, __ATOMIC_RELEASE);
}

static void
stop(struct vclock *clock)
{
	struct moment now;
	struct list *at;

	change_begin(clock);
	now = clock_moment(); /* nobody has seen a later time */
	clock->stood_at = now.ns - clock->offset;
	clock->running = false;
	change_end(clock);
	clock->pause_tsc = now.tsc;
	list_for_each (at, &clock->timers)
		disarm(clock, vtimer_of(list_entry(at, struct alarm, link)));
}

void
vclock_pause(struct vclock *clock)
{
	u64 flags = spin_lock(&clock->lock);

	if (clock->running)
		stop(clock);
	spin_unlock(&clock->lock, flags);
	while (__atomic_load_n(&clock->armed, __ATOMIC_ACQUIRE) != 0)
		cpu_relax();
}

static u64
start(struct vclock *clock)
{
	struct moment now;
	struct list *at;

	change_begin(clock);
	now = clock_moment();
	clock->offset = now.ns - clock->stood_at;
	clock->running = true;
	change_end(clock);
	list_for_each (at, &clock->timers)
		arm(clock, vtimer_of(list_entry(at, struct alarm, link)));
	return clock->pause_tsc == 0 ? 0 : now.tsc - clock->pause_tsc;
}

u64
vclock_resume(struct vclock *clock)
{
	u64 flags = spin_lock(&clock->lock), ticks = 0;

	if (!clock->running)
		ticks = start(clock);
	spin_unlock(&clock->lock, flags);
	return ticks;
}
