/* SPDX-License-Identifier: MIT */
// SOURCES: arch/x86_64/time.c
/* The clock on a narrow counter: extended over its wraps, never backwards. */
#include "tests/unit/test.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/time.h"
#include "arch/x86_64/tsc.h"
#include "include/bits.h"
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

static u64 wide_counter = 0xffffff00; /* 100 million a second, near a carry into the upper half */
static u64 torn_by;
static unsigned torn_in; /* so many readings; 0: never */

static u64
read_wide(void)
{
	u64 off = torn_in == 1 ? torn_by : 0;

	torn_in -= torn_in > 0;
	return wide_counter++ + off;
}

static const struct refclock wide = {"wide", read_wide, 100000000, ~0ul};

/* IA-PC HPET 1.0a, 2.4.7: the lower half from before a carry, and the upper one from behind it. */
static void
a_torn_reading_does_not_move_the_clock(void **state)
{
	static const u64 errors[] = {BIT(32), 0 - BIT(32)};
	u64 begin, last;

	clock_use(&wide);
	begin = last = clock_ns();
	for (unsigned n = 0; n < ARRAY_SIZE(errors); n++) {
		torn_by = errors[n];
		torn_in = 1;
		assert_in_range(clock_ns(), last, begin + NS_PER_MS);
		wide_counter += 100;
		last = clock_ns();
		assert_in_range(last, begin + 1000ul * (n + 1), begin + NS_PER_MS);
	}
}

static void
a_start_from_a_torn_reading_is_none(void **state)
{
	static const u64 errors[] = {BIT(32), 0 - BIT(32)};

	for (unsigned n = 0; n < ARRAY_SIZE(errors); n++) {
		u64 before = clock_ns();

		torn_by = errors[n];
		torn_in = 2; /* the clock until then is read as well */
		clock_use(&wide);
		wide_counter += 100;
		assert_in_range(clock_ns(), before + 1000, before + NS_PER_MS);
	}
}

/* Whose emulator stood still, or whose firmware kept the CPU, has lost that time. */
static void
a_long_time_without_a_reading_is_no_torn_one(void **state)
{
	u64 before = clock_ns();

	wide_counter += 60 * wide.hz;
	assert_in_range(clock_ns(), before + 60ul * NS_PER_S, before + 60ul * NS_PER_S + NS_PER_MS);
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

static bool
holds_from(u64 tsc)
{
	bool held = fake_tsc >= tsc;

	fake_tsc += 20000; /* then this CPU is lost for twice the time */
	return held;
}

static void
what_holds_when_the_time_is_up_has_held(void **state)
{
	u64 soon = fake_tsc + 1;

	assert_true(wait_until(10, holds_from(soon)));
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
		cmocka_unit_test(a_torn_reading_does_not_move_the_clock),
		cmocka_unit_test(a_start_from_a_torn_reading_is_none),
		cmocka_unit_test(a_long_time_without_a_reading_is_no_torn_one),
		cmocka_unit_test(waits_end),
		cmocka_unit_test(what_holds_when_the_time_is_up_has_held),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
