/* SPDX-License-Identifier: MIT */
// SOURCES: arch/x86_64/time.c
/* The clock on a narrow counter: extended over its wraps, never backwards. */
#include "tests/unit/test.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/time.h"
#include "arch/x86_64/tsc.h"
#include "include/intrin.h"

/* One TSC tick is a nanosecond here. */
u64
ns_to_tsc(u64 ns)
{
	return ns;
}

u64
tsc_to_ns(u64 ticks)
{
	return ticks;
}

static u64 counter;

static unsigned losses; /* reads behind which this CPU is lost for a while */

static u64
read_counter(void)
{
	if (losses > 0) {
		losses--;
		fake_tsc += 1000000;
	}
	return counter & 0xffffff;
}

static const struct refclock narrow = {"narrow", read_counter, 3579545, 0xffffff};

static void
runs_by_the_tsc_first(void **state)
{
	u64 first;

	fake_tsc = 1000;
	clock_init(1000);
	assert_true(clock_is_tsc());
	first = clock_ns();
	assert_in_range(clock_ns(), first + 1, first + 2);
}

static void
a_moment_is_one_reading(void **state)
{
	struct moment now = clock_moment();

	assert_int_equal(now.ns, clock_from_tsc(now.tsc));
}

/* 24 bits at 3.58 MHz wrap every 4.687 s (ACPI 4.8.3.3); 3 s steps are seen right for an hour. */
static void
extends_a_counter_over_its_wraps(void **state)
{
	u64 begin;

	counter = 0xfffff0;
	clock_use(&narrow);
	assert_string_equal(clock_source_name(), "narrow");
	begin = clock_ns();
	for (u64 s = 2; s <= 3600; s += 2) {
		counter += 2 * narrow.hz;
		assert_in_range(clock_ns() - begin, s * NS_PER_S - NS_PER_MS,
				s * NS_PER_S + NS_PER_MS);
	}
}

static void
a_moment_is_as_near_as_can_be(void **state)
{
	u64 before = fake_tsc;
	struct moment now;

	losses = 3;
	now = clock_moment();
	assert_int_equal(losses, 0);
	assert_in_range(now.tsc, before + 3000000, fake_tsc);
	assert_int_equal(now.ns, clock_ns());
}

static void
never_goes_backwards(void **state)
{
	u64 before = clock_ns();

	counter -= 5; /* as another CPU's read may be older than the last one */
	assert_int_equal(clock_ns(), before);
	counter += 5 + 3580;
	assert_true(clock_ns() > before);
}

static void
asks_to_be_read_often_enough(void **state)
{
	assert_in_range(clock_keepalive_ns(), NS_PER_S, 2343ul * NS_PER_MS); /* half a wrap */
}

static void
waits_end(void **state)
{
	u64 before = wait_total_ticks();

	assert_true(wait_until(10, true));
	assert_false(wait_until(10, false));
	assert_true(wait_total_ticks() - before >= 10000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_by_the_tsc_first),
		cmocka_unit_test(a_moment_is_one_reading),
		cmocka_unit_test(extends_a_counter_over_its_wraps),
		cmocka_unit_test(a_moment_is_as_near_as_can_be),
		cmocka_unit_test(never_goes_backwards),
		cmocka_unit_test(asks_to_be_read_often_enough),
		cmocka_unit_test(waits_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
