/* SPDX-License-Identifier: MIT */
// SOURCES: core/vclock.c lib/log.c lib/error.c lib/lock.c lib/format.c
/*
 * A VM's clock on host timers that the test lets expire: at their time, late, or between a look at
 * the queue and the call of the function, as happens on another CPU.
 */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "arch/x86_64/time.h"
#include "core/vm_clock.h"
#include "include/intrin.h"
#include "mm/heap.h"
#include "sched/timer.h"

static u64 host_ns;
static struct list host_timers = LIST_INIT(host_timers);
static unsigned objects;

static struct vclock *vclock;
static struct vtimer timers[3];
static unsigned fired[3];
static u64 fired_at[3];
static u64 again_ns; /* the timer sets itself again so much later; 0: not */

static u64 lost; /* by this CPU behind each look at a clock; a tick is a nanosecond */

static void
lose(void)
{
	host_ns += lost;
	fake_tsc += lost;
}

u64
clock_ns(void)
{
	u64 now = host_ns;

	lose();
	return now;
}

struct moment
clock_moment(void)
{
	struct moment now = {host_ns, fake_tsc};

	lose();
	return now;
}

void *
heap_alloc(size_t size)
{
	objects++;
	return calloc(1, size);
}

void
heap_free(void *object)
{
	objects--;
	free(object);
}

void
timer_init(struct timer *timer, void (*fn)(struct timer *timer))
{
	*timer = (struct timer){.fn = fn};
	list_init(&timer->link);
}

/* What another vCPU, on CPU 1, does in the middle of a host timer's call, once. */
static void (*meanwhile)(void);

static void
let_another_vcpu_run(void)
{
	void (*fn)(void) = meanwhile;

	meanwhile = NULL;
	if (fn == NULL)
		return;
	fake_cpu = 1;
	fn();
	fake_cpu = 0;
}

bool
timer_cancel(struct timer *timer)
{
	bool was_set = timer_is_set(timer);

	let_another_vcpu_run();
	list_remove(&timer->link);
	return was_set;
}

void
timer_set(struct timer *timer, u64 when_ns)
{
	let_another_vcpu_run();
	list_remove(&timer->link);
	timer->when_ns = when_ns;
	list_insert_before(&host_timers, &timer->link);
}

u64
timer_count(void)
{
	struct list *at;
	u64 n = 0;

	list_for_each (at, &host_timers)
		n++;
	return n;
}

/* Takes the first host timer that is due out of the queue, without calling it yet. */
static struct timer *
take_due(void)
{
	struct list *at;

	list_for_each (at, &host_timers) {
		struct timer *timer = list_entry(at, struct timer, link);

		if (timer->when_ns <= host_ns) {
			list_remove(at);
			return timer;
		}
	}
	return NULL;
}

static void
pass(u64 ns)
{
	struct timer *timer;

	host_ns += ns;
	while ((timer = take_due()) != NULL)
		timer->fn(timer);
}

static void
count(struct vtimer *timer)
{
	long i = timer - timers;

	fired[i]++;
	fired_at[i] = vclock_ns(vclock);
	assert_false(timer->set);
	if (again_ns != 0)
		vtimer_set(timer, timer->when_ns + again_ns);
}

static int
begin(void **state)
{
	host_ns = 5000000;
	fake_tsc = 700;
	again_ns = 0;
	assert_int_equal(vclock_create(&vclock), 0);
	for (unsigned i = 0; i < 3; i++) {
		vtimer_init(&timers[i], vclock, count);
		fired[i] = 0;
	}
	return 0;
}

/* The count of timers is back to what it was, and so is the heap. */
static int
end(void **state)
{
	vclock_pause(vclock);
	assert_int_equal(timer_count(), 0);
	vclock_free(vclock);
	assert_int_equal(objects, 0);
	return 0;
}

static void
stands_at_0_until_it_is_started(void **state)
{
	assert_int_equal(vclock_ns(vclock), 0);
	pass(1000);
	assert_int_equal(vclock_ns(vclock), 0);
	assert_int_equal(vclock_resume(vclock), 0);
	pass(1000);
	assert_int_equal(vclock_ns(vclock), 1000);
}

static void
timers_fire_at_their_time_and_once(void **state)
{
	(void)vclock_resume(vclock);
	vtimer_set(&timers[0], 300);
	vtimer_set(&timers[1], 200);
	assert_true(timers[0].set);
	pass(199);
	assert_int_equal(fired[1], 0);
	pass(1);
	assert_int_equal(fired[1], 1);
	assert_int_equal(fired_at[1], 200);
	pass(1000);
	assert_int_equal(fired[0], 1);
	assert_int_equal(fired[1], 1);
	assert_false(timers[0].set);
	assert_int_equal(timer_count(), 0);
}

static void
a_time_in_the_past_fires_at_once(void **state)
{
	(void)vclock_resume(vclock);
	pass(1000);
	vtimer_set(&timers[0], 1);
	pass(0);
	assert_int_equal(fired[0], 1);
}

static void
a_timer_may_set_itself_again(void **state)
{
	(void)vclock_resume(vclock);
	again_ns = 100;
	vtimer_set(&timers[0], 100);
	for (unsigned i = 0; i < 10; i++)
		pass(100);
	assert_int_equal(fired[0], 10);
	assert_int_equal(fired_at[0], 1000);
}

static void
setting_anew_and_cancelling(void **state)
{
	(void)vclock_resume(vclock);
	vtimer_set(&timers[0], 100);
	vtimer_set(&timers[0], 500);
	vtimer_set(&timers[1], 100);
	vtimer_cancel(&timers[1]);
	vtimer_cancel(&timers[2]);
	assert_int_equal(timer_count(), 1);
	pass(499);
	assert_int_equal(fired[0], 0);
	pass(1);
	assert_int_equal(fired[0], 1);
	assert_int_equal(fired[1], 0);
}

/* A pause of any length is not seen: not in the time, and not by timers. */
static void
a_pause_stops_time_and_timers(void **state)
{
	(void)vclock_resume(vclock);
	vtimer_set(&timers[0], 1000);
	pass(400);
	vclock_pause(vclock);
	assert_int_equal(timer_count(), 0);
	pass(1000000);
	assert_int_equal(vclock_ns(vclock), 400);
	assert_true(timers[0].set);
	vtimer_set(&timers[1], 500);
	vtimer_cancel(&timers[2]);
	assert_int_equal(timer_count(), 0);
	(void)vclock_resume(vclock);
	assert_int_equal(vclock_ns(vclock), 400);
	pass(599);
	assert_int_equal(fired[0], 0);
	assert_int_equal(fired[1], 1);
	pass(1);
	assert_int_equal(fired[0], 1);
}

static void
a_pause_tells_its_length_in_tsc_ticks(void **state)
{
	(void)vclock_resume(vclock);
	vclock_pause(vclock);
	vclock_pause(vclock);
	fake_tsc += 1000000;
	assert_in_range(vclock_resume(vclock), 1000000, 1000010);
	fake_tsc += 1000000;
	assert_int_equal(vclock_resume(vclock), 0);
}

/* Else the guest's TSC and its other clocks would part with each pause. */
static void
a_pause_is_as_long_for_the_tsc(void **state)
{
	u64 ticks, begin;

	(void)vclock_resume(vclock);
	fake_tsc = 5000;
	lost = 10000;
	begin = host_ns;
	vclock_pause(vclock);
	host_ns += 300;
	fake_tsc += 300;
	ticks = vclock_resume(vclock);
	lost = 0;
	assert_int_equal(vclock_ns(vclock), host_ns - begin - ticks);
}

/* A guest asks for the end of time: it never comes, and does not wrap into the past. */
/* The clock and the TSC of one moment, over a pause as well. */
static void
a_moment_has_both(void **state)
{
	struct moment now;

	(void)vclock_resume(vclock);
	pass(500);
	fake_tsc = 70000;
	now = vclock_moment(vclock);
	assert_int_equal(now.ns, vclock_ns(vclock));
	assert_int_equal(now.tsc, 70000);
	vclock_pause(vclock);
	pass(1000);
	(void)vclock_resume(vclock);
	pass(20);
	assert_int_equal(vclock_moment(vclock).ns, now.ns + 20);
}

static void
hostile_times_do_not_overflow(void **state)
{
	(void)vclock_resume(vclock);
	pass(1000);
	vtimer_set(&timers[0], ~0ul);
	vtimer_set(&timers[1], ~0ul - 4000000);
	vclock_pause(vclock);
	pass(1000000);
	(void)vclock_resume(vclock);
	pass(1ul << 62);
	assert_int_equal(fired[0] + fired[1], 0);
	assert_int_equal(timer_count(), 2);
	vtimer_cancel(&timers[0]);
	vtimer_cancel(&timers[1]);
	assert_int_equal(timer_count(), 0);
}

/* The host timer has expired on another CPU, and its function has not been called yet. */
static void
cancelled_while_it_expires(void **state)
{
	struct timer *host;

	(void)vclock_resume(vclock);
	vtimer_set(&timers[0], 100);
	host_ns += 100;
	host = take_due();
	vtimer_cancel(&timers[0]);
	host->fn(host);
	assert_int_equal(fired[0], 0);
}

static void
set_anew_while_it_expires(void **state)
{
	struct timer *host;

	(void)vclock_resume(vclock);
	vtimer_set(&timers[0], 100);
	host_ns += 100;
	host = take_due();
	vtimer_set(&timers[0], 200);
	host->fn(host);
	assert_int_equal(fired[0], 0);
	assert_true(timers[0].set);
	pass(100);
	assert_int_equal(fired[0], 1);
}

static void
set_anew_for_the_past_while_it_expires(void **state)
{
	struct timer *host;

	(void)vclock_resume(vclock);
	vtimer_set(&timers[0], 100);
	host_ns += 100;
	host = take_due();
	vtimer_set(&timers[0], 50);
	host->fn(host);
	assert_int_equal(fired[0], 1);
	pass(1000);
	assert_int_equal(fired[0], 1);
}

/* Two runs of one timer are on their way: the clock must not be freed before both are over. */
static void
freeing_too_early_panics(void **state)
{
	struct timer *host;

	(void)vclock_resume(vclock);
	expect_panic(vclock_free(vclock));
	vtimer_set(&timers[0], 100);
	host_ns += 100;
	host = take_due();
	vtimer_cancel(&timers[0]);
	vtimer_set(&timers[0], 500);
	vtimer_cancel(&timers[0]);
	host->fn(host);
	assert_int_equal(fired[0], 0);
}

static void
set_timer_1(void)
{
	vtimer_set(&timers[1], 1000);
}

/* It would wait here for ever if the two shared a lock. */
static void
two_vcpus_set_theirs_at_once(void **state)
{
	(void)vclock_resume(vclock);
	meanwhile = set_timer_1;
	vtimer_set(&timers[0], 1000);
	assert_null(meanwhile);
	pass(1000);
	assert_int_equal(fired[0], 1);
	assert_int_equal(fired[1], 1);
}

/* Before the clock has come to it: it is armed once, and the pause behind it ends. */
static void
set_while_the_clock_goes_on(void **state)
{
	vtimer_set(&timers[0], 1000);
	meanwhile = set_timer_1;
	(void)vclock_resume(vclock);
	assert_null(meanwhile);
	assert_int_equal(timer_count(), 2);
	pass(1000);
	assert_int_equal(fired[0], 1);
	assert_int_equal(fired[1], 1);
}

static void
set_while_the_clock_stops(void **state)
{
	(void)vclock_resume(vclock);
	vtimer_set(&timers[0], 1000);
	meanwhile = set_timer_1;
	vclock_pause(vclock);
	assert_null(meanwhile);
	assert_int_equal(timer_count(), 0);
	pass(2000);
	assert_int_equal(fired[1], 0);
	(void)vclock_resume(vclock);
	pass(1000);
	assert_int_equal(fired[0], 1);
	assert_int_equal(fired[1], 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(stands_at_0_until_it_is_started, begin, end),
		cmocka_unit_test_setup_teardown(timers_fire_at_their_time_and_once, begin, end),
		cmocka_unit_test_setup_teardown(a_time_in_the_past_fires_at_once, begin, end),
		cmocka_unit_test_setup_teardown(a_timer_may_set_itself_again, begin, end),
		cmocka_unit_test_setup_teardown(setting_anew_and_cancelling, begin, end),
		cmocka_unit_test_setup_teardown(a_pause_stops_time_and_timers, begin, end),
		cmocka_unit_test_setup_teardown(a_pause_tells_its_length_in_tsc_ticks, begin, end),
		cmocka_unit_test_setup_teardown(a_pause_is_as_long_for_the_tsc, begin, end),
		cmocka_unit_test_setup_teardown(a_moment_has_both, begin, end),
		cmocka_unit_test_setup_teardown(hostile_times_do_not_overflow, begin, end),
		cmocka_unit_test_setup_teardown(cancelled_while_it_expires, begin, end),
		cmocka_unit_test_setup_teardown(set_anew_while_it_expires, begin, end),
		cmocka_unit_test_setup_teardown(set_anew_for_the_past_while_it_expires, begin, end),
		cmocka_unit_test_setup_teardown(freeing_too_early_panics, begin, end),
		cmocka_unit_test_setup_teardown(two_vcpus_set_theirs_at_once, begin, end),
		cmocka_unit_test_setup_teardown(set_while_the_clock_goes_on, begin, end),
		cmocka_unit_test_setup_teardown(set_while_the_clock_stops, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
