/* SPDX-License-Identifier: MIT */
// SOURCES: dev/pit.c dev/port61.c lib/lock.c
/* The 8254's model against the 82C54 data sheet, and port 61h. */
#include "tests/unit/test.h"

#include "dev/port61.h"
#include "tests/unit/fake/bus.h"
#include "tests/unit/fake/irq_line.h"
#include "tests/unit/fake/vclock.h"

enum { C0 = 0x40, C2 = 0x42, CONTROL = 0x43, P61 = 0x61 };

static struct vclock fake_time;
static struct fake_irq irq;
static struct pit_model pit;
static struct port61 port61;
static struct bus bus;

/* Just behind the n-th tick since now-as-a-whole-tick. */
static void
to_tick(u64 tick)
{
	u64 ns = (tick * 1000000000 + PIT_HZ - 1) / PIT_HZ + 1;

	if (ns > fake_time.now)
		fake_advance(&fake_time, ns - fake_time.now);
}

static u64
tick_now(void)
{
	return fake_time.now * PIT_HZ / 1000000000;
}

static void
pass(u64 ticks)
{
	to_tick(tick_now() + ticks);
}

static int
setup(void **state)
{
	fake_time = (struct vclock){0};
	bus_init(&bus);
	pit_model_init(&pit, &fake_time, fake_irq_init(&irq));
	port61_init(&port61, &pit);
	assert_int_equal(pit_model_attach(&pit, &bus), 0);
	assert_int_equal(port61_attach(&port61, &bus), 0);
	to_tick(1000);
	return 0;
}

static void
program(unsigned channel, unsigned mode, unsigned count)
{
	out8(&bus, CONTROL, channel << 6 | 3 << 4 | mode << 1);
	out8(&bus, (u16)(C0 + channel), count & 0xff);
	out8(&bus, (u16)(C0 + channel), count >> 8);
}

static unsigned
count_of(unsigned channel)
{
	unsigned low;

	out8(&bus, CONTROL, channel << 6);
	low = in8(&bus, (u16)(C0 + channel));
	return low | (unsigned)in8(&bus, (u16)(C0 + channel)) << 8;
}

static u8
status_of(unsigned channel)
{
	out8(&bus, CONTROL, 0xe0u | 2u << channel);
	return in8(&bus, (u16)(C0 + channel));
}

static bool
out_of(unsigned channel)
{
	return (status_of(channel) & 0x80) != 0;
}

static void
test_mode_0(void **state)
{
	program(0, 0, 100);
	assert_false(irq.level);
	assert_int_equal(status_of(0) & 0x40, 0x40); /* not loaded before the next tick */
	pass(1);
	assert_int_equal(status_of(0), 0x30);
	assert_int_equal(count_of(0), 100);
	pass(99);
	assert_int_equal(count_of(0), 1);
	assert_false(irq.level);
	pass(1);
	assert_true(irq.level);
	assert_true(out_of(0));
	assert_int_equal(irq.edges, 1);
	pass(1); /* the count goes on from the top, the output stays */
	assert_int_equal(count_of(0), 0xffff);
	pass(200000);
	assert_int_equal(irq.edges, 1);
	assert_true(irq.level);
}

static void
test_mode_0_stops_at_the_first_byte(void **state)
{
	program(0, 0, 100);
	pass(101);
	assert_true(irq.level);
	out8(&bus, C0, 50);
	assert_false(irq.level);
	pass(500);
	assert_false(irq.level);
	out8(&bus, C0, 0);
	pass(51);
	assert_true(irq.level);
	assert_int_equal(irq.edges, 2);
}

static void
test_mode_2(void **state)
{
	u64 begin;

	program(0, 2, 1000);
	begin = tick_now() + 1;
	irq.edges = 0; /* the control word has let the output rise */
	to_tick(begin + 1);
	assert_int_equal(count_of(0), 999);
	to_tick(begin + 999);
	assert_int_equal(count_of(0), 1);
	assert_false(out_of(0)); /* low for the last tick */
	assert_int_equal(irq.edges, 0);
	to_tick(begin + 1000);
	assert_int_equal(count_of(0), 1000);
	assert_true(out_of(0));
	assert_int_equal(irq.edges, 1);
	to_tick(begin + 1000 * 1000);
	assert_int_equal(irq.edges, 1000);
	assert_true(irq.level); /* an 8259 wants it high until it is acknowledged */
}

static void
test_mode_2_takes_a_new_count_at_the_end_of_its_period(void **state)
{
	u64 begin;

	program(0, 2, 1000);
	begin = tick_now() + 1;
	to_tick(begin + 300);
	out8(&bus, C0, 500 & 0xff);
	out8(&bus, C0, 500 >> 8);
	assert_int_equal(status_of(0) & 0x40, 0x40);
	assert_int_equal(count_of(0), 700);
	irq.edges = 0;
	to_tick(begin + 999);
	assert_int_equal(irq.edges, 0);
	to_tick(begin + 1000);
	assert_int_equal(irq.edges, 1);
	assert_int_equal(count_of(0), 500);
	assert_int_equal(status_of(0) & 0x40, 0);
	to_tick(begin + 1500);
	assert_int_equal(irq.edges, 2);
	to_tick(begin + 2000);
	assert_int_equal(irq.edges, 3);
}

static void
test_mode_3(void **state)
{
	u64 begin;

	program(0, 3, 1000);
	begin = tick_now() + 1;
	irq.edges = 0;
	to_tick(begin + 1);
	assert_int_equal(count_of(0), 998);
	to_tick(begin + 499);
	assert_int_equal(count_of(0), 2);
	assert_true(out_of(0));
	to_tick(begin + 500);
	assert_int_equal(count_of(0), 1000);
	assert_false(out_of(0));
	to_tick(begin + 999);
	assert_false(out_of(0));
	to_tick(begin + 1000);
	assert_true(out_of(0));
	assert_int_equal(irq.edges, 1);
	to_tick(begin + 100 * 1000);
	assert_int_equal(irq.edges, 100);
}

static void
test_mode_3_odd(void **state)
{
	u64 begin;

	program(2, 3, 5);
	out8(&bus, P61, 1);
	begin = tick_now() + 1;
	for (unsigned i = 0; i < 10; i++) {
		to_tick(begin + 100 + i);
		assert_int_equal(out_of(2), i % 5 < 3);
	}
}

static void
test_mode_3_takes_a_new_count_at_the_half(void **state)
{
	u64 begin;

	program(0, 3, 1000);
	begin = tick_now() + 1;
	to_tick(begin + 100);
	out8(&bus, C0, 200);
	out8(&bus, C0, 0);
	irq.edges = 0;
	to_tick(begin + 499);
	assert_true(out_of(0));
	to_tick(begin + 500); /* now low for half of the new count */
	assert_false(out_of(0));
	to_tick(begin + 599);
	assert_false(out_of(0));
	to_tick(begin + 600);
	assert_true(out_of(0));
	assert_int_equal(irq.edges, 1);
	to_tick(begin + 800);
	assert_int_equal(irq.edges, 2);
}

/* The new count's half would have begun before the VM did. */
static void
test_mode_3_takes_a_new_count_at_the_beginning(void **state)
{
	fake_time.now = 0;
	program(0, 3, 2);
	out8(&bus, C0, 0xff);
	out8(&bus, C0, 0xff);
	irq.edges = 0;
	fake_advance(&fake_time, 1000000000);
	assert_in_range(irq.edges, 18, 19);
}

static void
test_mode_4(void **state)
{
	u64 begin;

	program(0, 4, 100);
	begin = tick_now() + 1;
	irq.edges = 0;
	to_tick(begin + 99);
	assert_true(out_of(0));
	to_tick(begin + 100);
	assert_false(out_of(0));
	to_tick(begin + 101);
	assert_true(out_of(0));
	assert_int_equal(irq.edges, 1);
	to_tick(begin + 300000);
	assert_int_equal(irq.edges, 1);
}

static void
test_mode_1_is_triggered_by_the_gate(void **state)
{
	u64 begin;

	program(2, 1, 100);
	pass(1000);
	assert_true(out_of(2));
	out8(&bus, P61, 1);
	begin = tick_now() + 1;
	to_tick(begin + 1);
	assert_false(out_of(2));
	out8(&bus, P61, 0); /* a level does not matter */
	to_tick(begin + 99);
	assert_false(out_of(2));
	assert_int_equal(in8(&bus, P61) & 0x20, 0);
	to_tick(begin + 100);
	assert_true(out_of(2));
	assert_int_equal(in8(&bus, P61) & 0x20, 0x20);
	out8(&bus, P61, 1); /* once more */
	pass(2);
	assert_false(out_of(2));
}

static void
test_mode_5_is_triggered_by_the_gate(void **state)
{
	u64 begin;

	program(2, 5, 100);
	pass(1000);
	assert_true(out_of(2));
	out8(&bus, P61, 1);
	begin = tick_now() + 1;
	to_tick(begin + 99);
	assert_true(out_of(2));
	to_tick(begin + 100);
	assert_false(out_of(2));
	to_tick(begin + 101);
	assert_true(out_of(2));
}

static void
test_gate_holds_mode_0(void **state)
{
	program(2, 0, 1000);
	pass(500);
	assert_int_equal(count_of(2), 1000); /* the gate is low since reset */
	out8(&bus, P61, 1);
	pass(400);
	assert_int_equal(count_of(2), 600);
	out8(&bus, P61, 0);
	pass(5000);
	assert_int_equal(count_of(2), 600);
	assert_false(out_of(2));
	out8(&bus, P61, 1);
	pass(600);
	assert_true(out_of(2));
}

static void
test_gate_restarts_mode_2(void **state)
{
	u64 begin;

	out8(&bus, P61, 1);
	program(2, 2, 1000);
	pass(999 + 1);
	assert_false(out_of(2));
	out8(&bus, P61, 0);
	assert_true(out_of(2)); /* forced high */
	out8(&bus, P61, 1);
	begin = tick_now() + 1;
	to_tick(begin + 10);
	assert_int_equal(count_of(2), 990);
}

static void
test_latched_count_stays(void **state)
{
	unsigned low;

	program(0, 2, 0x8000);
	pass(0x123 + 1);
	out8(&bus, CONTROL, 0); /* latch */
	pass(0x456);
	out8(&bus, CONTROL, 0); /* no new one before that is read */
	low = in8(&bus, C0);
	assert_int_equal(low | (unsigned)in8(&bus, C0) << 8, 0x8000 - 0x123);
	low = in8(&bus, C0); /* now the count itself */
	assert_int_equal(low | (unsigned)in8(&bus, C0) << 8, 0x8000 - 0x123 - 0x456);
}

static void
test_read_back(void **state)
{
	program(0, 2, 0x8000);
	program(1, 3, 0x4000);
	pass(0x101);
	out8(&bus, CONTROL, 0xc6); /* count and status of counters 0 and 1 */
	pass(0x1000);
	assert_int_equal(in8(&bus, C0), 0xb4); /* status first: out, both bytes, mode 2 */
	assert_int_equal(in8(&bus, C0), 0x00);
	assert_int_equal(in8(&bus, C0), 0x7f);
	assert_int_equal(in8(&bus, 0x41), 0xb6);
	assert_int_equal(in8(&bus, 0x41), 0x00);
	assert_int_equal(in8(&bus, 0x41), 0x3e);
	out8(&bus, CONTROL, 0xd2); /* the count alone */
	assert_int_equal(in8(&bus, C0), 0x00);
	assert_int_equal(in8(&bus, C0), 0x6f);
}

static void
test_single_byte_access(void **state)
{
	out8(&bus, CONTROL, 0x14); /* counter 0, low byte, mode 2 */
	out8(&bus, C0, 200);
	pass(1 + 50);
	assert_int_equal(in8(&bus, C0), 150);
	assert_int_equal(in8(&bus, C0), 150);
	out8(&bus, CONTROL, 0x24); /* high byte: counts in 256 */
	out8(&bus, C0, 0x10);
	pass(1 + 0x200);
	assert_int_equal(in8(&bus, C0), 0x0e);
}

static void
test_bcd(void **state)
{
	out8(&bus, CONTROL, 0x35); /* counter 0, both bytes, mode 2, BCD */
	out8(&bus, C0, 0x00);
	out8(&bus, C0, 0x10); /* 1000 */
	pass(1 + 1);
	assert_int_equal(count_of(0), 0x0999);
	pass(998);
	assert_int_equal(count_of(0), 0x0001);
	out8(&bus, CONTROL, 0x31); /* mode 0; 0 is 10000 */
	out8(&bus, C0, 0);
	out8(&bus, C0, 0);
	pass(1 + 1);
	assert_int_equal(count_of(0), 0x9999);
}

static void
test_count_0_is_the_most(void **state)
{
	program(0, 2, 0);
	irq.edges = 0;
	pass(1 + 65535);
	assert_int_equal(irq.edges, 0);
	assert_int_equal(count_of(0), 1);
	pass(1);
	assert_int_equal(irq.edges, 1);
}

/* 1 is illegal where counts repeat; it is taken as 2. */
static void
test_smallest_periods(void **state)
{
	for (unsigned count = 1; count <= 2; count++) {
		program(0, 2, count);
		pass(1);
		assert_int_equal(count_of(0), 2);
		assert_true(out_of(0));
		pass(1);
		assert_int_equal(count_of(0), 1);
		assert_false(out_of(0));
		pass(1);
		assert_int_equal(count_of(0), 2);
	}
}

static void
test_latched_status_stays(void **state)
{
	program(0, 0, 100);
	pass(1);
	out8(&bus, CONTROL, 0xe2);
	pass(200);
	out8(&bus, CONTROL, 0xe2);
	assert_int_equal(in8(&bus, C0), 0x30);
	assert_int_equal(status_of(0), 0xb0);
}

/* A tick that is due is not lost when its counter is written before the timer comes. */
static void
test_tick_is_due_before_a_write(void **state)
{
	program(0, 2, 1000);
	pass(1);
	irq.edges = 0;
	fake_time.now += 1000000; /* 1193 ticks */
	out8(&bus, C0, 0);
	assert_int_equal(irq.edges, 1);
}

static void
test_modes_6_and_7(void **state)
{
	program(0, 6, 1000);
	assert_int_equal(status_of(0) & 0x3f, 0x3c); /* as written */
	pass(1 + 100);
	assert_int_equal(count_of(0), 900);
	program(0, 7, 1000);
	pass(1 + 100);
	assert_int_equal(count_of(0), 800);
}

/* Missed ticks are one, and the next is in step. */
static void
test_late_ticks_are_merged(void **state)
{
	u64 begin;

	program(0, 2, 11932); /* 100 Hz */
	begin = tick_now() + 1;
	irq.edges = 0;
	to_tick(begin + 5 * 11932);
	assert_int_equal(irq.edges, 5);
	fake_late(&fake_time, 3000000000); /* 3 s without a CPU */
	assert_int_equal(irq.edges, 6);
	to_tick(begin + 1000 * 11932 - 1);
	irq.edges = 0;
	to_tick(begin + 1000 * 11932);
	assert_int_equal(irq.edges, 1);
}

/* A minute has as many ticks as it should, to the tick. */
static void
test_no_drift(void **state)
{
	program(0, 2, 1193);
	irq.edges = 0;
	fake_advance(&fake_time, 60 * 1000000000ul);
	assert_in_range(irq.edges, 60ul * PIT_HZ / 1193 - 1, 60ul * PIT_HZ / 1193 + 1);
}

/* A period of one tick must not keep the CPU busy; edges are merged. */
static void
test_timer_storm_is_bounded(void **state)
{
	u64 runs;

	program(0, 2, 1);
	runs = fake_time.runs;
	fake_advance(&fake_time, 1000000000);
	assert_in_range(fake_time.runs - runs, 1000, 10001);
}

static void
test_no_timer_without_interrupts_to_come(void **state)
{
	u64 runs;

	program(0, 0, 100);
	pass(200);
	runs = fake_time.runs;
	fake_advance(&fake_time, 10000000000ul);
	assert_int_equal(fake_time.runs, runs);
}

static void
test_control_port_is_not_readable(void **state)
{
	assert_int_equal(in8(&bus, CONTROL), 0xff);
}

static void
test_wide_access_is_bytes(void **state)
{
	out8(&bus, CONTROL, 0x30);
	fake_out(&bus, SPACE_IO, C0, 2, 0x1234); /* also 41h, which has no mode yet */
	out8(&bus, C0, 0x12);
	pass(1);
	assert_int_equal(count_of(0), 0x1234);
}

static void
test_reset(void **state)
{
	program(0, 2, 1000);
	out8(&bus, P61, 3);
	pass(100);
	assert_true(irq.level);
	bus_reset(&bus);
	assert_false(irq.level);
	irq.edges = 0;
	pass(10000);
	assert_int_equal(irq.edges, 0);
	assert_int_equal(in8(&bus, P61) & 0x0f, 0);
}

static void
test_refresh_bit_toggles(void **state)
{
	unsigned changes = 0;
	u8 last = in8(&bus, P61) & 0x10;

	for (unsigned us = 0; us < 15085 * 2; us++) {
		u8 now;

		fake_advance(&fake_time, 1000);
		now = in8(&bus, P61) & 0x10;
		changes += now != last;
		last = now;
	}
	assert_in_range(changes, 1999, 2001);
}

static void
test_port61_keeps_its_low_bits(void **state)
{
	out8(&bus, P61, 0xff);
	assert_int_equal(in8(&bus, P61) & 0xcf, 0x0f);
}

/* As Linux calibrates its TSC: counter 2 in mode 0, and wait for its output at port 61h. */
static void
test_counter_2_measures_50_ms(void **state)
{
	u64 begin;

	out8(&bus, P61, (in8(&bus, P61) & ~0x02) | 1);
	program(2, 0, 59659);
	begin = fake_time.now;
	while (!(in8(&bus, P61) & 0x20))
		fake_advance(&fake_time, 1000);
	assert_in_range(fake_time.now - begin, 49999000, 50003000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_mode_0, setup),
		cmocka_unit_test_setup(test_mode_0_stops_at_the_first_byte, setup),
		cmocka_unit_test_setup(test_mode_2, setup),
		cmocka_unit_test_setup(test_mode_2_takes_a_new_count_at_the_end_of_its_period,
				       setup),
		cmocka_unit_test_setup(test_mode_3, setup),
		cmocka_unit_test_setup(test_mode_3_odd, setup),
		cmocka_unit_test_setup(test_mode_3_takes_a_new_count_at_the_half, setup),
		cmocka_unit_test_setup(test_mode_3_takes_a_new_count_at_the_beginning, setup),
		cmocka_unit_test_setup(test_mode_4, setup),
		cmocka_unit_test_setup(test_mode_1_is_triggered_by_the_gate, setup),
		cmocka_unit_test_setup(test_mode_5_is_triggered_by_the_gate, setup),
		cmocka_unit_test_setup(test_gate_holds_mode_0, setup),
		cmocka_unit_test_setup(test_gate_restarts_mode_2, setup),
		cmocka_unit_test_setup(test_latched_count_stays, setup),
		cmocka_unit_test_setup(test_read_back, setup),
		cmocka_unit_test_setup(test_single_byte_access, setup),
		cmocka_unit_test_setup(test_bcd, setup),
		cmocka_unit_test_setup(test_count_0_is_the_most, setup),
		cmocka_unit_test_setup(test_smallest_periods, setup),
		cmocka_unit_test_setup(test_latched_status_stays, setup),
		cmocka_unit_test_setup(test_tick_is_due_before_a_write, setup),
		cmocka_unit_test_setup(test_modes_6_and_7, setup),
		cmocka_unit_test_setup(test_late_ticks_are_merged, setup),
		cmocka_unit_test_setup(test_no_drift, setup),
		cmocka_unit_test_setup(test_timer_storm_is_bounded, setup),
		cmocka_unit_test_setup(test_no_timer_without_interrupts_to_come, setup),
		cmocka_unit_test_setup(test_control_port_is_not_readable, setup),
		cmocka_unit_test_setup(test_wide_access_is_bytes, setup),
		cmocka_unit_test_setup(test_reset, setup),
		cmocka_unit_test_setup(test_refresh_bit_toggles, setup),
		cmocka_unit_test_setup(test_port61_keeps_its_low_bits, setup),
		cmocka_unit_test_setup(test_counter_2_measures_50_ms, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
