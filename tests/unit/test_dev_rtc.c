/* SPDX-License-Identifier: MIT */
// SOURCES: dev/rtc.c dev/rtc_time.c lib/lock.c
/* The RTC's model against the MC146818A data sheet; the calendar against the C library's. */
#include "tests/unit/test.h"

#include <time.h>

#include "dev/rtc.h"
#include "dev/rtc_time.h"
#include "tests/unit/fake/bus.h"
#include "tests/unit/fake/irq_line.h"
#include "tests/unit/fake/vclock.h"

#define SECOND	1000000000ul

/* Thursday, 20 November 2025, 13:14:15 UTC. */
#define BEGIN_S 1763644455ul

enum { PF = 0x40, AF = 0x20, UF = 0x10, IRQF = 0x80 };

static struct vclock fake_time;
static struct fake_irq irq;
static struct rtc_model rtc;
static struct bus bus;
static u64 paused_ns; /* how far the wall is ahead of the VM */

static u64
wall_ns(void *arg)
{
	assert_true(spin_held(&rtc.lock));
	return BEGIN_S * SECOND + fake_time.now + paused_ns;
}

static int
setup(void **state)
{
	struct rtc_config config = {
		.clock = &fake_time,
		.irq = fake_irq_init(&irq),
		.wall_ns = wall_ns,
		.low_end = 3 * GiB,
		.high_size = 5 * GiB,
	};

	fake_time = (struct vclock){0};
	paused_ns = 0;
	bus_init(&bus);
	rtc_model_init(&rtc, &config);
	assert_int_equal(rtc_model_attach(&rtc, &bus), 0);
	return 0;
}

static u8
get(unsigned index)
{
	out8(&bus, 0x70, index);
	return in8(&bus, 0x71);
}

static void
set(unsigned index, unsigned value)
{
	out8(&bus, 0x70, index);
	out8(&bus, 0x71, value);
}

static void
pass(u64 ns)
{
	fake_advance(&fake_time, ns);
}

static void
assert_time(unsigned hour, unsigned minute, unsigned second)
{
	assert_int_equal(get(RTC_HOURS), hour);
	assert_int_equal(get(RTC_MINUTES), minute);
	assert_int_equal(get(RTC_SECONDS), second);
}

static void
assert_date(unsigned century, unsigned year, unsigned month, unsigned day)
{
	assert_int_equal(get(RTC_CENTURY), century);
	assert_int_equal(get(RTC_YEAR), year);
	assert_int_equal(get(RTC_MONTH), month);
	assert_int_equal(get(RTC_DAY), day);
}

static void
test_time_of_day(void **state)
{
	assert_int_equal(get(RTC_B), 0x02);
	assert_time(0x13, 0x14, 0x15);
	assert_date(0x20, 0x25, 0x11, 0x20);
	assert_int_equal(get(RTC_WEEKDAY), 5);
	pass(45 * SECOND);
	assert_time(0x13, 0x15, 0x00);
	pass(11 * 3600 * SECOND);
	assert_time(0x00, 0x15, 0x00);
	assert_int_equal(get(RTC_DAY), 0x21);
	assert_int_equal(get(RTC_WEEKDAY), 6);
	assert_int_equal(get(RTC_D), 0x80);
}

static void
test_binary_and_12_hours(void **state)
{
	set(RTC_B, 0x06);
	assert_time(13, 14, 15);
	assert_date(20, 25, 11, 20);
	set(RTC_B, 0x04);
	assert_time(0x81, 14, 15);
	set(RTC_B, 0x00);
	assert_time(0x81, 0x14, 0x15);
	pass(11 * 3600 * SECOND); /* past midnight: 12 AM */
	assert_time(0x12, 0x14, 0x15);
	pass(12 * 3600 * SECOND); /* 12 PM */
	assert_time(0x92, 0x14, 0x15);
	pass(11 * 3600 * SECOND);
	assert_time(0x91, 0x14, 0x15);
}

static void
test_set_in_12_hours(void **state)
{
	static const u8 hours[][2] = {
		{0x12, 0x00},
		      {0x01, 0x01},
		    {0x11, 0x11},
		  {0x92, 0x12},
		{0x81, 0x13},
		      {0x91, 0x23}
	  };

	for (unsigned i = 0; i < ARRAY_SIZE(hours); i++) {
		set(RTC_B, 0x00);
		set(RTC_HOURS, hours[i][0]);
		assert_time(hours[i][0], 0x14, 0x15);
		set(RTC_B, 0x02);
		assert_time(hours[i][1], 0x14, 0x15);
		assert_int_equal(get(RTC_DAY), 0x20);
	}
}

/* Every day of 800 years, both ways, against gmtime_r(). */
static void
test_calendar(void **state)
{
	for (s64 day = -25567; day < 365 * 8000L; day += day < 200000 ? 1 : 997) {
		time_t t = day * DAY_SECONDS + day % DAY_SECONDS * (day > 0);
		u64 seconds = RTC_1970 + (u64)t;
		struct tm tm;
		u8 cmos[RTC_CMOS_SIZE] = {0}, shift;

		gmtime_r(&t, &tm);
		rtc_time_encode(seconds, 0, RTC_B_BINARY | RTC_B_24_HOURS, cmos);
		assert_int_equal(cmos[RTC_SECONDS], tm.tm_sec);
		assert_int_equal(cmos[RTC_MINUTES], tm.tm_min);
		assert_int_equal(cmos[RTC_HOURS], tm.tm_hour);
		assert_int_equal(cmos[RTC_WEEKDAY], tm.tm_wday + 1);
		assert_int_equal(cmos[RTC_DAY], tm.tm_mday);
		assert_int_equal(cmos[RTC_MONTH], tm.tm_mon + 1);
		assert_int_equal(cmos[RTC_CENTURY] * 100 + cmos[RTC_YEAR], tm.tm_year + 1900);
		assert_int_equal(rtc_time_decode(cmos, RTC_B_BINARY | RTC_B_24_HOURS, &shift),
				 seconds);
		assert_int_equal(shift, 0);
	}
}

static void
test_goes_on_while_paused(void **state)
{
	paused_ns = 3600 * SECOND;
	assert_time(0x14, 0x14, 0x15);
}

/* As Linux sets it: SET, the divider's reset, the registers, and back. */
static void
test_set_the_time(void **state)
{
	u8 a = get(RTC_A), b = get(RTC_B);

	set(RTC_B, b | 0x80);
	set(RTC_A, a | 0x70);
	pass(5 * SECOND);
	assert_time(0x13, 0x14, 0x15); /* stands still */
	set(RTC_YEAR, 0x24);
	set(RTC_MONTH, 0x02);
	set(RTC_DAY, 0x28);
	set(RTC_HOURS, 0x23);
	set(RTC_MINUTES, 0x59);
	set(RTC_SECONDS, 0x59);
	set(RTC_WEEKDAY, 4);
	set(RTC_B, b);
	set(RTC_A, a);
	pass(SECOND / 2 - 1); /* the first second is half as long */
	assert_time(0x23, 0x59, 0x59);
	pass(1);
	assert_time(0x00, 0x00, 0x00);
	assert_date(0x20, 0x24, 0x02, 0x29);
	assert_int_equal(get(RTC_WEEKDAY), 5);
	pass(SECOND);
	assert_time(0x00, 0x00, 0x01);
	pass(86400 * SECOND);
	assert_date(0x20, 0x24, 0x03, 0x01);
	paused_ns = 10 * SECOND;
	assert_time(0x00, 0x00, 0x11);
}

/* With SET alone the seconds go on in step. */
static void
test_set_keeps_the_phase(void **state)
{
	pass(SECOND / 4);
	set(RTC_B, 0x82);
	set(RTC_SECONDS, 0x30);
	pass(SECOND / 4);
	set(RTC_B, 0x02);
	assert_time(0x13, 0x14, 0x30);
	pass(SECOND / 2 - 1);
	assert_time(0x13, 0x14, 0x30);
	pass(1);
	assert_time(0x13, 0x14, 0x31);
}

static void
test_one_register_without_set(void **state)
{
	set(RTC_HOURS, 0x09);
	assert_time(0x09, 0x14, 0x15);
	pass(SECOND);
	assert_time(0x09, 0x14, 0x16);
	set(RTC_WEEKDAY, 1); /* whatever the date */
	assert_int_equal(get(RTC_WEEKDAY), 1);
	pass(86400 * SECOND);
	assert_int_equal(get(RTC_WEEKDAY), 2);
}

/* What is no date goes on as what comes after it. */
static void
test_impossible_dates(void **state)
{
	set(RTC_B, 0x82);
	set(RTC_MONTH, 0x13);
	set(RTC_DAY, 0x31);
	set(RTC_SECONDS, 0x75);
	set(RTC_B, 0x02);
	assert_date(0x20, 0x26, 0x01, 0x31);
	assert_time(0x13, 0x15, 0x15);
	for (unsigned i = 0; i < 10; i++)
		set(i, 0xff);
	set(RTC_CENTURY, 0xff);
	set(RTC_B, 0x82);
	for (unsigned i = 0; i < 10; i++)
		set(i, 0);
	set(RTC_CENTURY, 0);
	set(RTC_B, 0x72);
	pass(3 * SECOND);
	assert_int_equal(get(RTC_C) & UF, UF);
}

static void
test_update_in_progress(void **state)
{
	assert_int_equal(get(RTC_A), 0x26);
	pass(SECOND - 2228000 - 1);
	assert_int_equal(get(RTC_A), 0x26);
	pass(1);
	assert_int_equal(get(RTC_A), 0xa6);
	pass(2227999);
	assert_int_equal(get(RTC_A), 0xa6);
	assert_time(0x13, 0x14, 0x15);
	pass(1);
	assert_int_equal(get(RTC_A), 0x26);
	assert_time(0x13, 0x14, 0x16);
	set(RTC_B, 0x82);
	pass(SECOND - 1000);
	assert_int_equal(get(RTC_A), 0x26); /* not while the time is set */
	set(RTC_A, 0xa6);
	assert_int_equal(get(RTC_A), 0x26); /* for reading only */
}

static void
test_update_ended(void **state)
{
	(void)get(RTC_C);
	pass(SECOND);
	assert_int_equal(get(RTC_C), UF | PF); /* flags, also without the interrupts */
	assert_int_equal(irq.edges, 0);
	assert_int_equal(get(RTC_C), 0);
	set(RTC_B, 0x12);
	assert_int_equal(irq.edges, 0);
	pass(SECOND - 1);
	assert_false(irq.level);
	pass(1);
	assert_true(irq.level);
	pass(5 * SECOND); /* no more until it is read */
	assert_int_equal(irq.edges, 1);
	assert_int_equal(get(RTC_C), IRQF | UF | PF);
	assert_false(irq.level);
	pass(SECOND);
	assert_int_equal(irq.edges, 2);
}

static void
test_set_clears_the_update_interrupt(void **state)
{
	set(RTC_B, 0x92);
	assert_int_equal(get(RTC_B), 0x82);
	set(RTC_B, 0x02);
	pass(2 * SECOND);
	assert_int_equal(irq.edges, 0);
	set(RTC_B, 0xe2); /* the others stay */
	assert_int_equal(get(RTC_B), 0xe2);
}

static void
test_periodic(void **state)
{
	static const u64 hz[16] = {0,	256, 128, 8192, 4096, 2048, 1024, 512,
				   256, 128, 64,  32,	16,   8,    4,	  2};

	for (unsigned rate = 0; rate < 16; rate++) {
		u64 edges = 0;

		set(RTC_A, 0x20 | rate);
		set(RTC_B, 0x42);
		(void)get(RTC_C);
		irq.edges = 0;
		for (unsigned ms = 0; ms < 20000; ms++) {
			pass(50000);
			edges += irq.level;
			if (irq.level)
				assert_int_equal(get(RTC_C) & (IRQF | PF), IRQF | PF);
		}
		assert_int_equal(edges, hz[rate]);
	}
}

static void
test_periodic_stops_with_the_divider(void **state)
{
	set(RTC_B, 0x42);
	set(RTC_A, 0x66);
	(void)get(RTC_C);
	pass(SECOND);
	assert_int_equal(get(RTC_C), 0);
	set(RTC_A, 0x26);
	pass(SECOND / 1024 + 1);
	assert_int_equal(get(RTC_C), IRQF | PF);
}

static void
set_alarm(unsigned hour, unsigned minute, unsigned second)
{
	set(RTC_HOURS_ALARM, hour);
	set(RTC_MINUTES_ALARM, minute);
	set(RTC_SECONDS_ALARM, second);
}

/* Seconds until the alarm comes, at most `limit`. */
static unsigned
seconds_to_alarm(unsigned limit)
{
	set(RTC_B, (get(RTC_B) & 0x06u) | 0x20);
	(void)get(RTC_C);
	for (unsigned s = 1; s <= limit; s++) {
		pass(SECOND);
		if (irq.level)
			return s;
	}
	return 0;
}

static void
test_alarm(void **state)
{
	set_alarm(0x13, 0x14, 0x20);
	assert_int_equal(seconds_to_alarm(10), 5);
	assert_int_equal(get(RTC_C) & (IRQF | AF), IRQF | AF);
	assert_int_equal(seconds_to_alarm(90000), 86400);
	set_alarm(0xc0, 0xff, 0x30); /* each minute; now it is :20 */
	assert_int_equal(seconds_to_alarm(100), 10);
	assert_int_equal(seconds_to_alarm(100), 60);
	set_alarm(0xff, 0x00, 0x00); /* each hour; now it is 13:15:30 */
	assert_int_equal(seconds_to_alarm(4000), 44 * 60 + 30);
	set_alarm(0xff, 0xff, 0xff);
	assert_int_equal(seconds_to_alarm(4), 1);
	set_alarm(0x12, 0x00, 0x00);
	assert_int_equal(seconds_to_alarm(90000), 22 * 3600 - 1);
	set_alarm(0x12, 0x00, 0x61); /* never */
	assert_int_equal(seconds_to_alarm(90000), 0);
	set_alarm(0x25, 0x00, 0x00);
	assert_int_equal(seconds_to_alarm(90000), 0);
}

/* The VM's clock stands still for a while, and the time goes on: the alarm is late by no more. */
static void
test_alarm_over_a_pause(void **state)
{
	set_alarm(0x13, 0x15, 0x15); /* in a minute */
	set(RTC_B, (get(RTC_B) & 0x06u) | 0x20);
	(void)get(RTC_C);
	pass(10 * SECOND);
	assert_false(irq.level);
	paused_ns += 600 * SECOND;
	pass(SECOND);
	assert_true(irq.level);
	assert_int_equal(get(RTC_C) & (IRQF | AF), IRQF | AF);
}

/* Every time of a day, against a search second by second. */
static void
test_next_alarm(void **state)
{
	static const u8 alarms[][3] = {
		{0x00, 0x00, 0x00},
		    {0x59, 0x59, 0x23},
		{0xff, 0x30, 0xff},
		    {0xff, 0xff, 0x07},
		{0x05, 0xff, 0xff},
		    {0x10, 0xff, 0x22},
		{0x00, 0x59, 0xff},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(alarms); i++) {
		u8 cmos[RTC_CMOS_SIZE] = {0}, now[RTC_CMOS_SIZE];
		u64 expected = 0, when;

		for (unsigned field = 0; field < 3; field++)
			cmos[2 * field + 1] = alarms[i][field];
		for (u64 s = RTC_1970 + 3 * DAY_SECONDS; s > RTC_1970; s--) {
			bool matches = true;

			if (s <= RTC_1970 + DAY_SECONDS) {
				assert_true(rtc_time_next_alarm(s, cmos, RTC_B_24_HOURS, &when));
				assert_int_equal(when, expected);
			}
			rtc_time_encode(s, 0, RTC_B_24_HOURS, now);
			for (unsigned field = 0; field < 3; field++)
				matches &= alarms[i][field] == 0xff ||
					   alarms[i][field] == now[2 * field];
			if (matches)
				expected = s;
		}
	}
}

static void
test_alarm_in_12_hours(void **state)
{
	set(RTC_B, 0x00);
	set_alarm(0x81, 0x14, 0x16);
	assert_int_equal(seconds_to_alarm(10), 1);
	set_alarm(0x01, 0x14, 0x16);
	assert_int_equal(seconds_to_alarm(90000), 43200);
}

/* The alarm was passed while nobody ran. */
static void
test_late_alarm(void **state)
{
	set_alarm(0x13, 0x14, 0x20);
	set(RTC_B, 0x22);
	(void)get(RTC_C);
	fake_late(&fake_time, 100 * SECOND);
	assert_true(irq.level);
	assert_int_equal(get(RTC_C), IRQF | AF | UF | PF);
	paused_ns += 1000000 * SECOND;
	assert_int_equal(get(RTC_C), IRQF | AF | UF | PF);
}

static void
test_no_timer_without_interrupts(void **state)
{
	u64 runs = fake_time.runs;

	pass(10 * SECOND);
	assert_int_equal(fake_time.runs, runs);
	set(RTC_B, 0x52);
	(void)get(RTC_C);
	runs = fake_time.runs;
	pass(10 * SECOND);
	assert_int_equal(fake_time.runs - runs, 2); /* one each, since nobody reads C */
	set(RTC_B, 0x22);
	(void)get(RTC_C);
	runs = fake_time.runs;
	pass(10 * SECOND);
	assert_int_equal(fake_time.runs - runs, 10); /* for an alarm that is hours away */
}

static void
test_memory_size(void **state)
{
	assert_int_equal(get(0x15) | get(0x16) << 8, 640);
	assert_int_equal(get(0x17) | get(0x18) << 8, 0xffff);
	assert_int_equal(get(0x30) | get(0x31) << 8, 0xffff);
	assert_int_equal(get(0x34) | get(0x35) << 8, (3 * 1024 - 16) * 16);
	assert_int_equal(get(0x5b) | get(0x5c) << 8 | get(0x5d) << 16, 5 * 1024 * 16);
	assert_int_equal(get(0x14), 0x02);
}

static void
test_small_memory(void **state)
{
	struct rtc_config config = {&fake_time, NULL, wall_ns, NULL, 8 * MiB, 0};

	rtc_model_init(&rtc, &config);
	assert_int_equal(get(0x17) | get(0x18) << 8, 7 * 1024);
	assert_int_equal(get(0x34) | get(0x35) << 8, 0);
	assert_int_equal(get(0x5b) | get(0x5c) << 8 | get(0x5d) << 16, 0);
}

static void
test_ram_and_index(void **state)
{
	set(0x40, 0x5a);
	set(0x7f, 0xa5);
	assert_int_equal(get(0x40), 0x5a);
	assert_int_equal(get(0x7f), 0xa5);
	assert_int_equal(in8(&bus, 0x70), 0xff);
	set(RTC_C, 0xff);
	set(RTC_D, 0);
	assert_int_equal(get(RTC_D), 0x80);
}

static void
test_nmi_mask(void **state)
{
	assert_false(rtc_model_nmi_masked(&rtc));
	assert_int_equal(get(0x80 | RTC_D), 0x80);
	assert_true(rtc_model_nmi_masked(&rtc));
	(void)get(RTC_D);
	assert_false(rtc_model_nmi_masked(&rtc));
}

static void
test_reset_keeps_time_and_ram(void **state)
{
	set(0x40, 0x5a);
	set(RTC_HOURS, 0x09);
	set(RTC_B, 0x12);
	pass(SECOND);
	assert_true(irq.level);
	set(RTC_B, 0xf2);
	bus_reset(&bus);
	assert_false(irq.level);
	assert_int_equal(get(RTC_B), 0x02);
	assert_int_equal(get(RTC_C), 0);
	assert_int_equal(get(0x40), 0x5a);
	assert_time(0x09, 0x14, 0x16);
	pass(SECOND);
	assert_time(0x09, 0x14, 0x17);
	assert_false(irq.level);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_time_of_day, setup),
		cmocka_unit_test_setup(test_binary_and_12_hours, setup),
		cmocka_unit_test_setup(test_set_in_12_hours, setup),
		cmocka_unit_test(test_calendar),
		cmocka_unit_test_setup(test_goes_on_while_paused, setup),
		cmocka_unit_test_setup(test_set_the_time, setup),
		cmocka_unit_test_setup(test_set_keeps_the_phase, setup),
		cmocka_unit_test_setup(test_one_register_without_set, setup),
		cmocka_unit_test_setup(test_impossible_dates, setup),
		cmocka_unit_test_setup(test_update_in_progress, setup),
		cmocka_unit_test_setup(test_update_ended, setup),
		cmocka_unit_test_setup(test_set_clears_the_update_interrupt, setup),
		cmocka_unit_test_setup(test_periodic, setup),
		cmocka_unit_test_setup(test_periodic_stops_with_the_divider, setup),
		cmocka_unit_test_setup(test_alarm, setup),
		cmocka_unit_test_setup(test_alarm_over_a_pause, setup),
		cmocka_unit_test(test_next_alarm),
		cmocka_unit_test_setup(test_alarm_in_12_hours, setup),
		cmocka_unit_test_setup(test_late_alarm, setup),
		cmocka_unit_test_setup(test_no_timer_without_interrupts, setup),
		cmocka_unit_test_setup(test_memory_size, setup),
		cmocka_unit_test_setup(test_small_memory, setup),
		cmocka_unit_test_setup(test_ram_and_index, setup),
		cmocka_unit_test_setup(test_nmi_mask, setup),
		cmocka_unit_test_setup(test_reset_keeps_time_and_ram, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
