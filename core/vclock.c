/* SPDX-License-Identifier: MIT */
/*
 * A VM's clock is the host's less an offset. While it runs, a timer that is set has a host timer
 * set for the same moment. The clock knows all its timers, set or not, from vtimer_init() on, and
 * each has a lock of its own: vCPUs set theirs at every tick, and shall not wait for one another.
 *
 * Pausing and going on change `running` first, then visit each timer under its lock: who set one
 * before that visit is seen by it, and who comes later sees the change.
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
	struct spinlock lock; /* RANK_VCLOCK: guards all but reads of the time and `armed` */
	struct list timers;   /* all that are of it */
	u32 armed;	      /* atomic: host timers set, or expired and not handled yet */
	u32 version;	      /* odd while what follows changes: vclock_ns() then looks again */
	bool running;
	u64 offset;    /* host's time less ours, while running */
	u64 stood_at;  /* our time, while not running */
	u64 pause_tsc; /* when it stopped; 0: has never run */
};

/* What is in a vtimer's opaque. */
struct alarm {
	struct spinlock lock; /* RANK_VTIMER: guards the rest, when_ns and set, but not the link */
	struct timer host;
	struct list link; /* in the clock's list */
	bool armed;	  /* the host timer was set, for when_ns */
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
	return container_of((u64(*)[VTIMER_WORDS])(void *)alarm, struct vtimer, opaque);
}

static u64
now_of(const struct vclock *clock)
{
	return clock->running ? clock_ns() - clock->offset : clock->stood_at;
}

/* Whether nothing has changed since version was read: else what was read is to be read again. */
static bool
is_as_of(const struct vclock *clock, u32 version)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (version % 2 == 0 && READ_ONCE(clock->version) == version)
		return true;
	cpu_relax();
	return false;
}

u64
vclock_ns(const struct vclock *clock)
{
	u32 version;
	u64 now;

	do {
		version = __atomic_load_n(&clock->version, __ATOMIC_ACQUIRE);
		now = now_of(clock);
	} while (!is_as_of(clock, version));
	return now;
}

struct moment
vclock_moment(const struct vclock *clock)
{
	struct moment now;
	u32 version;

	do {
		version = __atomic_load_n(&clock->version, __ATOMIC_ACQUIRE);
		now = clock_moment();
		now.ns -= clock->offset;
	} while (!is_as_of(clock, version));
	return now;
}

/* With the timer's lock held and the clock running. A guest may ask for any time: a sum may
 * overflow.
 */
static void
arm(struct vclock *clock, struct vtimer *timer)
{
	u64 when = timer->when_ns + clock->offset;
	struct alarm *alarm = alarm_of(timer);

	alarm->armed = true;
	__atomic_fetch_add(&clock->armed, 1, __ATOMIC_RELAXED);
	timer_set(&alarm->host, when < timer->when_ns ? ~0ul : when);
}

/* With the timer's lock held. */
static void
disarm(struct vclock *clock, struct vtimer *timer)
{
	struct alarm *alarm = alarm_of(timer);

	if (!alarm->armed)
		return;
	alarm->armed = false;
	if (timer_cancel(&alarm->host))
		__atomic_fetch_sub(&clock->armed, 1, __ATOMIC_RELAXED);
}

/* Whether the offset is that of a clock that runs. It stays so while the timer's lock is held: a
 * pause visits that timer before it ends. */
static bool
is_running(const struct vclock *clock)
{
	return __atomic_load_n(&clock->running, __ATOMIC_ACQUIRE);
}

/* Whether the timer's time has come; it then is no longer set. With its lock held. */
static bool
take_due(struct vclock *clock, struct vtimer *timer)
{
	if (!timer->set || !is_running(clock) || clock_ns() - clock->offset < timer->when_ns)
		return false;
	timer->set = false;
	disarm(clock, timer);
	return true;
}

static void
fired(struct timer *host)
{
	struct alarm *alarm = container_of(host, struct alarm, host);
	struct vtimer *timer = vtimer_of(alarm);
	u64 flags = spin_lock(&alarm->lock);
	bool due = take_due(timer->clock, timer);

	spin_unlock(&alarm->lock, flags);
	if (due)
		timer->fn(timer);
	__atomic_fetch_sub(&timer->clock->armed, 1, __ATOMIC_RELEASE);
}

void
vtimer_init(struct vtimer *timer, struct vclock *clock, void (*fn)(struct vtimer *timer))
{
	struct alarm *alarm = alarm_of(timer);
	u64 flags;

	*timer = (struct vtimer){.clock = clock, .fn = fn};
	spin_init(&alarm->lock, RANK_VTIMER, "vm timer");
	timer_init(&alarm->host, fired);
	flags = spin_lock(&clock->lock);
	list_insert_before(&clock->timers, &alarm->link);
	spin_unlock(&clock->lock, flags);
}

void
vtimer_set(struct vtimer *timer, u64 when_ns)
{
	struct alarm *alarm = alarm_of(timer);
	u64 flags = spin_lock(&alarm->lock);

	disarm(timer->clock, timer);
	timer->when_ns = when_ns;
	timer->set = true;
	if (is_running(timer->clock))
		arm(timer->clock, timer);
	spin_unlock(&alarm->lock, flags);
}

void
vtimer_cancel(struct vtimer *timer)
{
	struct alarm *alarm = alarm_of(timer);
	u64 flags = spin_lock(&alarm->lock);

	timer->set = false;
	disarm(timer->clock, timer);
	spin_unlock(&alarm->lock, flags);
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
visit(struct vclock *clock, void (*fn)(struct vclock *clock, struct vtimer *timer))
{
	struct list *at;

	list_for_each (at, &clock->timers) {
		struct alarm *alarm = list_entry(at, struct alarm, link);
		u64 flags = spin_lock(&alarm->lock);

		fn(clock, vtimer_of(alarm));
		spin_unlock(&alarm->lock, flags);
	}
}

static void
stop(struct vclock *clock)
{
	struct moment now;

	change_begin(clock);
	now = clock_moment(); /* nobody has seen a later time */
	clock->stood_at = now.ns - clock->offset;
	WRITE_ONCE(clock->running, false);
	change_end(clock);
	clock->pause_tsc = now.tsc;
	visit(clock, disarm);
}

/* One that was set since the clock runs again is armed already. */
static void
arm_if_set(struct vclock *clock, struct vtimer *timer)
{
	if (timer->set && !alarm_of(timer)->armed)
		arm(clock, timer);
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

	change_begin(clock);
	now = clock_moment();
	clock->offset = now.ns - clock->stood_at;
	__atomic_store_n(&clock->running, true, __ATOMIC_RELEASE); /* the offset before it */
	change_end(clock);
	visit(clock, arm_if_set);
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
