/* SPDX-License-Identifier: MIT */
// SOURCES: dev/lapic.c dev/lapic_access.c dev/lapic_error.c dev/lapic_ipi.c dev/lapic_lvt.c
// SOURCES: dev/lapic_regs.c dev/lapic_timer.c lib/log.c lib/error.c lib/lock.c lib/format.c
/* The APIC timer (SDM vol. 3, 11.5.4). */
#include "tests/unit/test.h"

#include "tests/unit/fake/lapic_cpu.h"

static void
one_shot(void **state)
{
	fake_write(bsp, TIMER, 0x31);
	fake_write(bsp, DIVIDE, DIVIDE_BY_1);
	fake_write(bsp, INITIAL, 1000);
	assert_int_equal(fake_read(bsp, CURRENT), 1000);
	fake_advance(&fake_clock, 400);
	assert_int_equal(fake_read(bsp, CURRENT), 600);
	fake_advance(&fake_clock, 599);
	assert_int_equal(lapic_pending(bsp), -1);
	assert_int_equal(fake_read(bsp, CURRENT), 1);
	fake_advance(&fake_clock, 1);
	takes_and_ends(bsp, 0x31);
	assert_int_equal(fake_read(bsp, CURRENT), 0);
	assert_int_equal(fake_read(bsp, INITIAL), 1000);
	fake_advance(&fake_clock, 100000);
	assert_int_equal(lapic_pending(bsp), -1);
	/* Written again it starts again; 0 stops it. */
	fake_write(bsp, INITIAL, 1000);
	fake_advance(&fake_clock, 500);
	fake_write(bsp, INITIAL, 2000);
	fake_advance(&fake_clock, 1500);
	assert_int_equal(lapic_pending(bsp), -1);
	fake_write(bsp, INITIAL, 0);
	assert_int_equal(fake_read(bsp, CURRENT), 0);
	fake_advance(&fake_clock, 1000000);
	assert_int_equal(lapic_pending(bsp), -1);
}

/* Figure 11-10. */
static void
divider(void **state)
{
	static const struct {
		u32 value, by;
	} dividers[] = {
		{0,  2  },
		{1,  4  },
		{2,  8  },
		{3,  16 },
		 {8,  32 },
		  {9,  64 },
		   {10, 128},
		      {11, 1  },
	};

	fake_write(bsp, TIMER, 0x31);
	for (unsigned i = 0; i < ARRAY_SIZE(dividers); i++) {
		fake_write(bsp, DIVIDE, dividers[i].value);
		fake_write(bsp, INITIAL, 100);
		fake_advance(&fake_clock, 50 * dividers[i].by);
		assert_int_equal(fake_read(bsp, CURRENT), 50);
		fake_advance(&fake_clock, 50 * dividers[i].by - 1);
		assert_int_equal(lapic_pending(bsp), -1);
		fake_advance(&fake_clock, 1);
		takes_and_ends(bsp, 0x31);
	}
	/* A running count goes on at the new rate. */
	fake_write(bsp, INITIAL, 100);
	fake_advance(&fake_clock, 40);
	fake_write(bsp, DIVIDE, 3);
	assert_int_equal(fake_read(bsp, CURRENT), 60);
	fake_advance(&fake_clock, 60 * 16 - 1);
	assert_int_equal(lapic_pending(bsp), -1);
	fake_advance(&fake_clock, 1);
	takes_and_ends(bsp, 0x31);
}

static void
longest_count(void **state)
{
	fake_write(bsp, TIMER, 0x31);
	fake_write(bsp, DIVIDE, 10);
	fake_write(bsp, INITIAL, 0xffffffff);
	fake_advance(&fake_clock, 0xfffffffful * 128 - 1);
	assert_int_equal(lapic_pending(bsp), -1);
	assert_int_equal(fake_read(bsp, CURRENT), 1);
	fake_advance(&fake_clock, 1);
	takes_and_ends(bsp, 0x31);
}

static void
periodic(void **state)
{
	fake_write(bsp, TIMER, PERIODIC | 0x31);
	fake_write(bsp, DIVIDE, DIVIDE_BY_1);
	fake_write(bsp, INITIAL, 1000000);
	for (unsigned i = 0; i < 5; i++) {
		fake_advance(&fake_clock, 999999);
		assert_int_equal(lapic_pending(bsp), -1);
		assert_int_equal(fake_read(bsp, CURRENT), 1);
		fake_advance(&fake_clock, 1);
		takes_and_ends(bsp, 0x31);
		assert_int_equal(fake_read(bsp, CURRENT), 1000000);
	}
	/* Masked it goes on counting. */
	fake_write(bsp, TIMER, MASKED | PERIODIC | 0x31);
	fake_advance(&fake_clock, 1500000);
	assert_int_equal(lapic_pending(bsp), -1);
	assert_int_equal(fake_read(bsp, CURRENT), 500000);
	fake_write(bsp, TIMER, PERIODIC | 0x32);
	fake_advance(&fake_clock, 500000);
	takes_and_ends(bsp, 0x32);
}

/* Seconds late: one interrupt, and the rhythm is the old one. */
static void
periodic_late(void **state)
{
	fake_write(bsp, TIMER, PERIODIC | 0x31);
	fake_write(bsp, DIVIDE, DIVIDE_BY_1);
	fake_write(bsp, INITIAL, 1000000);
	fake_clock.now += 3000250000;
	assert_int_equal(fake_read(bsp, CURRENT), 750000);
	fake_late(&fake_clock, 0);
	assert_int_equal(fake_clock.runs, 1);
	takes_and_ends(bsp, 0x31);
	fake_advance(&fake_clock, 749999);
	assert_int_equal(lapic_pending(bsp), -1);
	fake_advance(&fake_clock, 1);
	takes_and_ends(bsp, 0x31);
}

/* A period of one nanosecond costs the host a bounded number of expiries. */
static void
periodic_storm(void **state)
{
	fake_write(bsp, TIMER, PERIODIC | 0x31);
	fake_write(bsp, DIVIDE, DIVIDE_BY_1);
	fake_write(bsp, INITIAL, 1);
	fake_advance(&fake_clock, 1000000000);
	assert_true(fake_clock.runs <= 20001);
	takes_and_ends(bsp, 0x31);
	fake_advance(&fake_clock, 1000000);
	takes_and_ends(bsp, 0x31);
}

static void
tsc_deadline(void **state)
{
	u64 tsc = fake_guest_tsc(bsp);

	wrmsr(bsp, DEADLINE_MSR, tsc + 5000); /* ignored in another mode */
	assert_int_equal(rdmsr(bsp, DEADLINE_MSR), 0);
	fake_write(bsp, TIMER, DEADLINE | 0x31);
	wrmsr(bsp, DEADLINE_MSR, tsc + 5000);
	assert_int_equal(rdmsr(bsp, DEADLINE_MSR), tsc + 5000);
	assert_int_equal(fake_read(bsp, CURRENT), 0);
	fake_write(bsp, INITIAL, 100); /* ignored in this mode */
	assert_int_equal(fake_read(bsp, INITIAL), 0);
	fake_advance(&fake_clock, 2499);
	assert_int_equal(lapic_pending(bsp), -1);
	fake_advance(&fake_clock, 2);
	takes_and_ends(bsp, 0x31);
	assert_int_equal(rdmsr(bsp, DEADLINE_MSR), 0);
	wrmsr(bsp, DEADLINE_MSR, fake_guest_tsc(bsp) + 4999); /* between two nanoseconds */
	fake_clock.runs = 0;
	fake_advance(&fake_clock, 2501);
	assert_int_equal(fake_clock.runs, 1);
	takes_and_ends(bsp, 0x31);
	wrmsr(bsp, DEADLINE_MSR, 1); /* in the past: at once */
	takes_and_ends(bsp, 0x31);
	assert_int_equal(rdmsr(bsp, DEADLINE_MSR), 0);
	wrmsr(bsp, DEADLINE_MSR, fake_guest_tsc(bsp) + 5000);
	wrmsr(bsp, DEADLINE_MSR, 0);
	fake_advance(&fake_clock, 10000);
	assert_int_equal(lapic_pending(bsp), -1);
}

/* However far away: it neither overflows nor comes early. */
static void
far_deadline(void)
{
	setup(NULL);
	fake_write(bsp, TIMER, DEADLINE | 0x31);
	wrmsr(bsp, DEADLINE_MSR, ~0ul);
	fake_advance(&fake_clock, 100ul * 86400 * 1000000000);
	assert_int_equal(lapic_pending(bsp), -1);
	assert_int_equal(rdmsr(bsp, DEADLINE_MSR), ~0ul);
	assert_true(fake_clock.runs < 100);
	wrmsr(bsp, DEADLINE_MSR, fake_guest_tsc(bsp) + 50ul * 86400 * fake_tsc_hz);
	fake_advance(&fake_clock, 50ul * 86400 * 1000000000 - 1);
	assert_int_equal(lapic_pending(bsp), -1);
	fake_advance(&fake_clock, 2);
	takes_and_ends(bsp, 0x31);
}

static void
tsc_deadline_far(void **state)
{
	fake_tsc_hz = 100000000;
	far_deadline();
	fake_tsc_hz = FAKE_TSC_HZ;
	far_deadline();
}

/* 11.5.4.1: changing to or from TSC-deadline mode disarms. */
static void
timer_mode_changes(void **state)
{
	fake_write(bsp, DIVIDE, DIVIDE_BY_1);
	fake_write(bsp, TIMER, 0x31);
	fake_write(bsp, INITIAL, 1000000);
	fake_write(bsp, TIMER, PERIODIC | 0x31); /* only what happens at the end differs */
	fake_advance(&fake_clock, 1000000);
	takes_and_ends(bsp, 0x31);
	fake_write(bsp, TIMER, DEADLINE | 0x31);
	fake_advance(&fake_clock, 3000000);
	assert_int_equal(lapic_pending(bsp), -1);
	wrmsr(bsp, DEADLINE_MSR, fake_guest_tsc(bsp) + 5000);
	fake_write(bsp, TIMER, 0x31);
	assert_int_equal(rdmsr(bsp, DEADLINE_MSR), 0);
	fake_advance(&fake_clock, 3000000);
	assert_int_equal(lapic_pending(bsp), -1);
	fake_write(bsp, TIMER, PERIODIC | DEADLINE | 0x31); /* reserved: nothing runs */
	fake_write(bsp, INITIAL, 100);
	wrmsr(bsp, DEADLINE_MSR, 1);
	fake_advance(&fake_clock, 3000000);
	assert_int_equal(lapic_pending(bsp), -1);
	assert_int_equal(fake_clock.runs, 1);
}

static void
timer_without_deadline_mode(void **state)
{
	bsp->config.tsc_hz = 0;
	no_rdmsr(bsp, DEADLINE_MSR);
	no_wrmsr(bsp, DEADLINE_MSR, 0);
	fake_write(bsp, TIMER, 0x700ff);
	assert_int_equal(fake_read(bsp, TIMER), 0x300ff);
	to_x2apic(bsp);
	no_wrmsr(bsp, 0x832, 0x400ff);
}

/* An expiry that comes after the timer has been set again, for later, or stopped. */
static void
timer_stale_expiry(void **state)
{
	struct vtimer *vtimer = &bsp->timer.vtimer;

	fake_write(bsp, TIMER, 0x31);
	fake_write(bsp, DIVIDE, DIVIDE_BY_1);
	fake_write(bsp, INITIAL, 1000);
	vtimer->fn(vtimer);
	assert_int_equal(lapic_pending(bsp), -1);
	fake_advance(&fake_clock, 1000);
	takes_and_ends(bsp, 0x31);
	fake_write(bsp, INITIAL, 0);
	vtimer->fn(vtimer);
	assert_int_equal(lapic_pending(bsp), -1);
}

#define test(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(one_shot),		  test(divider),
		test(longest_count),	  test(periodic),
		test(periodic_late),	  test(periodic_storm),
		test(tsc_deadline),	  test(tsc_deadline_far),
		test(timer_mode_changes), test(timer_without_deadline_mode),
		test(timer_stale_expiry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
