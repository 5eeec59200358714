/* SPDX-License-Identifier: MIT */
// SOURCES: dev/pm.c lib/lock.c
/* ACPI's fixed hardware against ACPI 6.4, 4.8. */
#include "tests/unit/test.h"

#include "dev/pm.h"
#include "tests/unit/fake/bus.h"
#include "tests/unit/fake/irq_line.h"
#include "tests/unit/fake/vclock.h"

#define SECOND 1000000000ul

static struct vclock fake_time;
static struct fake_irq sci;
static struct pm_model pm;
static struct bus bus;
static unsigned offs;

static void
power_off(void *arg)
{
	assert_ptr_equal(arg, &offs);
	assert_false(spin_held(&pm.lock));
	offs++;
}

static int
setup(void **state)
{
	struct pm_config config = {&fake_time, fake_irq_init(&sci), power_off, &offs};

	fake_time = (struct vclock){0};
	offs = 0;
	bus_init(&bus);
	pm_model_init(&pm, &config);
	assert_int_equal(pm_model_attach(&pm, &bus), 0);
	return 0;
}

static u16
in16(u16 port)
{
	return (u16)fake_in(&bus, SPACE_IO, port, 2);
}

static void
out16(u16 port, u16 value)
{
	fake_out(&bus, SPACE_IO, port, 2, value);
}

static u32
timer(void)
{
	return (u32)fake_in(&bus, SPACE_IO, 0x608, 4);
}

static void
test_timer_runs(void **state)
{
	assert_int_equal(timer(), 0);
	fake_advance(&fake_time, SECOND);
	assert_int_equal(timer(), 3579545);
	fake_advance(&fake_time, 59 * SECOND);
	assert_int_equal(timer(), 60 * 3579545);
	assert_int_equal(in8(&bus, 0x608) | in8(&bus, 0x609) << 8, 60 * 3579545 & 0xffff);
	fake_out(&bus, SPACE_IO, 0x608, 4, 0);
	assert_int_equal(timer(), 60 * 3579545);
}

static void
test_timer_wraps(void **state)
{
	fake_advance(&fake_time, 1199 * SECOND);
	assert_int_equal(timer(), 1199u * 3579545u);
	fake_advance(&fake_time, SECOND);
	assert_int_equal(timer(), (u32)(1200ul * 3579545));
	assert_in_range(timer(), 0, 3579545);
}

/* The highest bit changes after 2^31 ticks: 599.9 s. */
static void
test_timer_status(void **state)
{
	assert_int_equal(in16(0x600), 0);
	fake_advance(&fake_time, 599 * SECOND);
	assert_int_equal(in16(0x600), 0);
	fake_advance(&fake_time, SECOND);
	assert_int_equal(in16(0x600), 1);
	assert_false(sci.level);
	out16(0x600, 1);
	assert_int_equal(in16(0x600), 0);
	assert_int_equal(fake_time.runs, 0);
}

static void
test_timer_interrupt(void **state)
{
	out16(0x602, 1);
	assert_int_equal(in16(0x602), 1);
	fake_advance(&fake_time, 599 * SECOND);
	assert_false(sci.level);
	fake_advance(&fake_time, SECOND);
	assert_true(sci.level);
	assert_int_equal(fake_time.runs, 1);
	out16(0x600, 1);
	assert_false(sci.level);
	fake_late(&fake_time, 3000 * SECOND);
	assert_int_equal(sci.edges, 2);
	out16(0x600, 0x0001);
	assert_false(sci.level);
	out16(0x602, 0);
	fake_advance(&fake_time, 3000 * SECOND);
	assert_int_equal(sci.edges, 2);
}

static void
test_always_in_acpi_mode(void **state)
{
	assert_int_equal(in16(0x604), 1);
	out16(0x604, 0);
	assert_int_equal(in16(0x604), 1);
	out16(0x604, 0x1c02 | 4);
	assert_int_equal(in16(0x604), 0x1c03); /* GBL_RLS is for writing only */
}

static void
test_power_button(void **state)
{
	out16(0x600, 0xffff);
	pm_model_press_power_button(&pm);
	assert_int_equal(in16(0x600), 0x100);
	assert_false(sci.level);
	out16(0x602, 0x100);
	assert_true(sci.level);
	out16(0x600, 0xfeff);
	assert_true(sci.level);
	out8(&bus, 0x601, 1);
	assert_false(sci.level);
	assert_int_equal(in16(0x600), 0);
	pm_model_press_power_button(&pm);
	assert_true(sci.level);
}

static void
test_enable_has_only_its_bits(void **state)
{
	out16(0x602, 0xffff);
	assert_int_equal(in16(0x602), 0x0721);
	assert_int_equal(fake_in(&bus, SPACE_IO, 0x600, 4), 0x07210000);
}

static void
test_soft_off(void **state)
{
	out16(0x604, 0x0000);
	assert_int_equal(offs, 0);
	out16(0x604, 5 << 10 | 1 << 13); /* a sleep that there is not */
	assert_int_equal(offs, 0);
	assert_int_equal(in16(0x604), 5 << 10 | 1); /* SLP_EN reads 0 */
	out16(0x604, PM_SLEEP_TYPE_S5 << 10 | 1 << 13 | 1);
	assert_int_equal(offs, 1);
	out8(&bus, 0x604, 0x20ff); /* one byte: what is above does not count */
	assert_int_equal(offs, 1);
	out8(&bus, 0x605, 0x20);
	assert_int_equal(offs, 2);
	fake_out(&bus, SPACE_IO, 0x602, 4, 0x20000000);
	assert_int_equal(offs, 3);
	(void)in16(0x604);
	fake_out(&bus, SPACE_IO, 0x606, 2, 0xffff);
	assert_int_equal(offs, 3);
}

static void
test_general_purpose_events(void **state)
{
	fake_out(&bus, SPACE_IO, 0x620, 4, 0xffffffff);
	assert_int_equal(fake_in(&bus, SPACE_IO, 0x620, 4), 0xffff0000);
	assert_false(sci.level);
}

static void
test_reset(void **state)
{
	out16(0x602, 0x101);
	fake_advance(&fake_time, 700 * SECOND);
	pm_model_press_power_button(&pm);
	assert_true(sci.level);
	bus_reset(&bus);
	assert_false(sci.level);
	assert_int_equal(fake_in(&bus, SPACE_IO, 0x600, 4), 0);
	assert_int_equal(in16(0x604), 1);
	fake_advance(&fake_time, 7000 * SECOND);
	assert_false(sci.level);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_timer_runs, setup),
		cmocka_unit_test_setup(test_timer_wraps, setup),
		cmocka_unit_test_setup(test_timer_status, setup),
		cmocka_unit_test_setup(test_timer_interrupt, setup),
		cmocka_unit_test_setup(test_always_in_acpi_mode, setup),
		cmocka_unit_test_setup(test_power_button, setup),
		cmocka_unit_test_setup(test_enable_has_only_its_bits, setup),
		cmocka_unit_test_setup(test_soft_off, setup),
		cmocka_unit_test_setup(test_general_purpose_events, setup),
		cmocka_unit_test_setup(test_reset, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
