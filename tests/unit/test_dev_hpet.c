/* SPDX-License-Identifier: MIT */
// SOURCES: dev/hpet.c lib/lock.c
/* The HPET's model against the IA-PC HPET specification 1.0a. */
#include "tests/unit/test.h"

#include "dev/hpet.h"
#include "tests/unit/fake/bus.h"
#include "tests/unit/fake/irq_line.h"
#include "tests/unit/fake/vclock.h"

/* Timer configuration bits, 2.3.8. */
enum {
	LEVEL = 1 << 1,
	INTERRUPT = 1 << 2,
	PERIODIC = 1 << 3,
	SET_VALUE = 1 << 6,
	BITS_32 = 1 << 8,
	ROUTE_20 = 20 << 9,
	ROUTE_21 = 21 << 9,
};

enum { CAPABILITIES = 0x0, CONFIG = 0x10, STATUS = 0x20, COUNTER = 0xf0 };

static struct vclock fake_time;
static struct fake_irq irq0, irq8, inputs[HPET_INPUTS];
static struct hpet_model hpet;
static struct bus bus;

static int
setup(void **state)
{
	struct hpet_config config = {
		&fake_time, {fake_irq_init(&irq0), fake_irq_init(&irq8)},
		  {0		    }
	     };

	for (unsigned i = 0; i < HPET_INPUTS; i++)
		config.inputs[i] = fake_irq_init(&inputs[i]);
	fake_time = (struct vclock){.now = 12345};
	bus_init(&bus);
	hpet_model_init(&hpet, &config);
	assert_int_equal(hpet_model_attach(&hpet, &bus), 0);
	return 0;
}

static u64
in64(u64 reg)
{
	return fake_in(&bus, SPACE_MMIO, HPET_BASE + reg, 8);
}

static u32
in32(u64 reg)
{
	return (u32)fake_in(&bus, SPACE_MMIO, HPET_BASE + reg, 4);
}

static void
out64(u64 reg, u64 value)
{
	fake_out(&bus, SPACE_MMIO, HPET_BASE + reg, 8, value);
}

static void
out32(u64 reg, u64 value)
{
	fake_out(&bus, SPACE_MMIO, HPET_BASE + reg, 4, value);
}

static u64
timer_config(unsigned n)
{
	return 0x100 + 0x20 * n;
}

static u64
comparator(unsigned n)
{
	return 0x108 + 0x20 * n;
}

/* Ticks of 10 ns. */
static void
pass(u64 ticks)
{
	fake_advance(&fake_time, ticks * 10);
}

static void
test_capabilities(void **state)
{
	assert_int_equal(in64(CAPABILITIES), 0x009896808086a201);
	assert_int_equal(in32(CAPABILITIES + 4), 10000000);
	out64(CAPABILITIES, 0);
	assert_int_equal(in32(CAPABILITIES), 0x8086a201);
	for (unsigned n = 0; n < 3; n++) {
		assert_int_equal(in64(timer_config(n)), 0x00f0000000000030);
		assert_int_equal(in64(comparator(n)), ~0ul);
		assert_int_equal(in64(timer_config(n) + 0x10), 0);
	}
	assert_int_equal(in64(0x160), 0);
	assert_int_equal(in64(0x3f8), 0);
}

static void
test_counter(void **state)
{
	pass(100);
	assert_int_equal(in64(COUNTER), 0);
	out64(CONFIG, 1);
	pass(100);
	assert_int_equal(in64(COUNTER), 100);
	out64(CONFIG, 0);
	pass(100);
	assert_int_equal(in64(COUNTER), 100);
	out64(COUNTER, 0xfffffff0);
	out64(CONFIG, 1);
	pass(0x20);
	assert_int_equal(in64(COUNTER), 0x100000010);
	assert_int_equal(in32(COUNTER), 0x10);
	assert_int_equal(in32(COUNTER + 4), 1);
	fake_advance(&fake_time, 60000000000);
	assert_int_equal(in64(COUNTER), 0x100000010 + 6000000000);
}

static void
test_counter_by_halves(void **state)
{
	out32(COUNTER + 4, 0x12345678);
	out32(COUNTER, 0x9abcdef0);
	assert_int_equal(in64(COUNTER), 0x123456789abcdef0);
}

static void
test_one_shot(void **state)
{
	out64(CONFIG, 1);
	out64(timer_config(2), INTERRUPT | ROUTE_21);
	out64(comparator(2), 1000);
	pass(999);
	assert_int_equal(inputs[21].edges, 0);
	pass(1);
	assert_int_equal(inputs[21].edges, 1);
	assert_int_equal(in64(STATUS), 0); /* of level-triggered ones alone */
	pass(10000000);
	assert_int_equal(inputs[21].edges, 1);
	out64(comparator(2), in64(COUNTER) + 500);
	pass(500);
	assert_int_equal(inputs[21].edges, 2);
}

/* 32 bits: the comparator meets the lower half each time that wraps. */
static void
test_one_shot_32(void **state)
{
	out64(COUNTER, 0x5fffffff0);
	out64(CONFIG, 1);
	out64(timer_config(0), INTERRUPT | ROUTE_20 | BITS_32);
	out64(comparator(0), 0xffffffff00000010);
	assert_int_equal(in64(comparator(0)), 0x10);
	pass(0x1f);
	assert_int_equal(inputs[20].edges, 0);
	pass(1);
	assert_int_equal(inputs[20].edges, 1);
	pass(0xffffffff);
	assert_int_equal(inputs[20].edges, 1);
	pass(1);
	assert_int_equal(inputs[20].edges, 2);
}

/* As Linux sets a periodic timer: the first match with VAL_SET, then the period. */
static void
test_periodic(void **state)
{
	out64(CONFIG, 1);
	pass(777);
	out32(timer_config(0), INTERRUPT | PERIODIC | SET_VALUE | BITS_32 | ROUTE_20);
	out32(comparator(0), (u32)in64(COUNTER) + 50000);
	assert_int_equal(in64(timer_config(0)) & SET_VALUE, 0);
	out32(comparator(0), 20000);
	pass(49999);
	assert_int_equal(inputs[20].edges, 0);
	pass(1);
	assert_int_equal(inputs[20].edges, 1);
	pass(19999);
	assert_int_equal(inputs[20].edges, 1);
	pass(1);
	assert_int_equal(inputs[20].edges, 2);
	pass(20000 * 998);
	assert_int_equal(inputs[20].edges, 1000);
	assert_int_equal(in64(comparator(0)), 777 + 50000 + 20000 * 1000);
}

static void
test_periodic_by_one_write(void **state)
{
	out64(timer_config(1), INTERRUPT | PERIODIC | SET_VALUE | ROUTE_20);
	out64(comparator(1), 30000);
	out64(CONFIG, 1);
	pass(90000);
	assert_int_equal(inputs[20].edges, 3);
}

static void
test_late_matches_are_merged(void **state)
{
	out64(timer_config(0), INTERRUPT | PERIODIC | SET_VALUE | ROUTE_20);
	out64(comparator(0), 100000); /* 1 ms */
	out64(CONFIG, 1);
	fake_late(&fake_time, 3000500000);
	assert_int_equal(inputs[20].edges, 1);
	pass(49999);
	assert_int_equal(inputs[20].edges, 1);
	pass(1); /* in step */
	assert_int_equal(inputs[20].edges, 2);
}

static void
test_level(void **state)
{
	out64(timer_config(0), INTERRUPT | LEVEL | ROUTE_20);
	out64(comparator(0), 100);
	out64(CONFIG, 1);
	pass(100);
	assert_true(inputs[20].level);
	assert_int_equal(in64(STATUS), 1);
	pass(100);
	out64(STATUS, 0xfffffffe);
	assert_true(inputs[20].level);
	out64(STATUS, 1);
	assert_false(inputs[20].level);
	assert_int_equal(in64(STATUS), 0);
}

static void
test_level_shares_an_input(void **state)
{
	out64(timer_config(0), INTERRUPT | LEVEL | ROUTE_20);
	out64(timer_config(1), INTERRUPT | LEVEL | ROUTE_20);
	out64(comparator(0), 100);
	out64(comparator(1), 200);
	out64(CONFIG, 1);
	pass(300);
	assert_int_equal(in64(STATUS), 3);
	out64(STATUS, 1);
	assert_true(inputs[20].level);
	assert_int_equal(inputs[20].edges, 1); /* and was all the time */
	out64(STATUS, 2);
	assert_false(inputs[20].level);
}

static void
test_interrupt_disabled(void **state)
{
	u64 runs;

	out64(timer_config(0), LEVEL | ROUTE_20);
	out64(comparator(0), 100);
	out64(CONFIG, 1);
	runs = fake_time.runs;
	pass(200);
	assert_int_equal(fake_time.runs, runs);
	assert_int_equal(in64(STATUS), 1); /* it goes on, only the interrupt is missing */
	assert_false(inputs[20].level);
	out64(timer_config(0), INTERRUPT | LEVEL | ROUTE_20);
	assert_true(inputs[20].level);
}

static void
test_halted_counter_matches_nothing(void **state)
{
	out64(timer_config(0), INTERRUPT | ROUTE_20);
	out64(comparator(0), 100);
	pass(10000);
	assert_int_equal(inputs[20].edges, 0);
	out64(CONFIG, 1);
	pass(50);
	out64(CONFIG, 0);
	pass(10000);
	assert_int_equal(inputs[20].edges, 0);
	out64(CONFIG, 1);
	pass(49);
	assert_int_equal(inputs[20].edges, 0);
	pass(1);
	assert_int_equal(inputs[20].edges, 1);
}

static void
test_routes(void **state)
{
	out64(timer_config(0), 5 << 9); /* there is none such */
	assert_int_equal(in64(timer_config(0)) >> 9 & 31, 0);
	out64(timer_config(0), 23 << 9);
	assert_int_equal(in64(timer_config(0)) >> 9 & 31, 23);
	out64(timer_config(0), 24 << 9);
	assert_int_equal(in64(timer_config(0)) >> 9 & 31, 23);
	out64(timer_config(1), INTERRUPT); /* without a route, and nothing happens */
	out64(comparator(1), 10);
	out64(CONFIG, 1);
	pass(100);
	for (unsigned i = 0; i < HPET_INPUTS; i++)
		assert_int_equal(inputs[i].edges, 0);
}

static void
test_legacy_replacement(void **state)
{
	struct irq_line *pit = &hpet.through[0].line, *rtc = &hpet.through[1].line;

	irq_set(pit, true);
	assert_true(irq0.level);
	irq_set(rtc, true);
	assert_true(irq8.level);
	irq_set(rtc, false);
	assert_false(irq8.level);
	out64(CONFIG, 3);
	assert_false(irq0.level);
	irq_set(pit, false);
	irq_set(pit, true); /* not heard */
	irq_set(rtc, true);
	assert_int_equal(irq0.edges, 1);
	assert_int_equal(irq8.edges, 1);
	out64(timer_config(0), INTERRUPT);
	out64(timer_config(1), INTERRUPT | ROUTE_20); /* the route does not matter */
	out64(timer_config(2), INTERRUPT | ROUTE_21);
	out64(comparator(0), in64(COUNTER) + 100);
	out64(comparator(1), in64(COUNTER) + 200);
	out64(comparator(2), in64(COUNTER) + 300);
	pass(300);
	assert_int_equal(irq0.edges, 2);
	assert_int_equal(irq8.edges, 2);
	assert_int_equal(inputs[20].edges, 0);
	assert_int_equal(inputs[21].edges, 1);
	irq_set(rtc, false);
	out64(CONFIG, 1); /* back: the levels are the 8254's and the RTC's again */
	assert_true(irq0.level);
	assert_false(irq8.level);
}

static void
test_storm_is_bounded(void **state)
{
	u64 runs = fake_time.runs;

	out64(timer_config(0), INTERRUPT | PERIODIC | SET_VALUE | ROUTE_20);
	out64(comparator(0), 1);
	out64(CONFIG, 1);
	fake_advance(&fake_time, 1000000000);
	assert_in_range(fake_time.runs - runs, 1000, 10001);
	out64(timer_config(0), INTERRUPT | PERIODIC | SET_VALUE | ROUTE_20);
	out64(comparator(0), 0); /* no period at all */
	runs = fake_time.runs;
	fake_advance(&fake_time, 1000000000);
	assert_in_range(fake_time.runs - runs, 0, 2);
}

/* Accesses that the specification forbids. */
static void
test_odd_accesses(void **state)
{
	assert_int_equal(fake_in(&bus, SPACE_MMIO, HPET_BASE + 2, 2), 0x8086);
	assert_int_equal(fake_in(&bus, SPACE_MMIO, HPET_BASE + 3, 1), 0x80);
	fake_out(&bus, SPACE_MMIO, HPET_BASE + CONFIG, 1, 1);
	fake_out(&bus, SPACE_MMIO, HPET_BASE + CONFIG + 2, 4, ~0ul);
	assert_int_equal(in64(CONFIG), 0);
	fake_out(&bus, SPACE_MMIO, HPET_BASE + COUNTER + 4, 8, ~0ul);
	assert_int_equal(in64(COUNTER), 0);
	(void)fake_in(&bus, SPACE_MMIO, HPET_BASE + COUNTER + 5, 8);
}

static void
test_reset(void **state)
{
	out64(timer_config(0), INTERRUPT | LEVEL | ROUTE_20);
	out64(comparator(0), 100);
	out64(CONFIG, 3);
	pass(100);
	assert_true(irq0.level);
	bus_reset(&bus);
	assert_false(irq0.level);
	assert_int_equal(in64(CONFIG), 0);
	assert_int_equal(in64(STATUS), 0);
	assert_int_equal(in64(COUNTER), 0);
	pass(100000);
	assert_false(irq0.level);
	irq_set(&hpet.through[0].line, true);
	assert_true(irq0.level);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_capabilities, setup),
		cmocka_unit_test_setup(test_counter, setup),
		cmocka_unit_test_setup(test_counter_by_halves, setup),
		cmocka_unit_test_setup(test_one_shot, setup),
		cmocka_unit_test_setup(test_one_shot_32, setup),
		cmocka_unit_test_setup(test_periodic, setup),
		cmocka_unit_test_setup(test_periodic_by_one_write, setup),
		cmocka_unit_test_setup(test_late_matches_are_merged, setup),
		cmocka_unit_test_setup(test_level, setup),
		cmocka_unit_test_setup(test_level_shares_an_input, setup),
		cmocka_unit_test_setup(test_interrupt_disabled, setup),
		cmocka_unit_test_setup(test_halted_counter_matches_nothing, setup),
		cmocka_unit_test_setup(test_routes, setup),
		cmocka_unit_test_setup(test_legacy_replacement, setup),
		cmocka_unit_test_setup(test_storm_is_bounded, setup),
		cmocka_unit_test_setup(test_odd_accesses, setup),
		cmocka_unit_test_setup(test_reset, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
