/* SPDX-License-Identifier: MIT */
// SOURCES: dev/i8042.c dev/reset_ports.c dev/debug_exit.c lib/lock.c
/* The 8042, the other reset ports and the debug exit. */
#include "tests/unit/test.h"

#include <string.h>

#include "dev/debug_exit.h"
#include "dev/i8042.h"
#include "dev/reset_ports.h"
#include "tests/unit/fake/bus.h"
#include "tests/unit/fake/irq_line.h"

static struct fake_irq irq;
static struct i8042_model i8042;
static struct reset_ports ports;
static struct debug_exit debug_exit;
static struct bus bus;
static unsigned resets, ends;
static const char *reset_why;
static u32 end_value;

static void
reset(void *arg, const char *why)
{
	assert_ptr_equal(arg, &resets);
	assert_false(spin_held(&i8042.lock) || spin_held(&ports.lock));
	reset_why = why;
	resets++;
}

static void
end(void *arg, u32 value)
{
	assert_ptr_equal(arg, &ends);
	end_value = value;
	ends++;
}

static int
setup(void **state)
{
	struct i8042_config config = {fake_irq_init(&irq), reset, &resets};

	resets = ends = 0;
	bus_init(&bus);
	i8042_model_init(&i8042, &config);
	reset_ports_init(&ports, reset, &resets);
	debug_exit_init(&debug_exit, end, &ends);
	assert_int_equal(i8042_model_attach(&i8042, &bus), 0);
	assert_int_equal(reset_ports_attach(&ports, &bus), 0);
	assert_int_equal(debug_exit_attach(&debug_exit, &bus), 0);
	return 0;
}

static u8
command(u8 byte)
{
	out8(&bus, 0x64, byte);
	return in8(&bus, 0x64);
}

static void
test_idle_status(void **state)
{
	assert_int_equal(in8(&bus, 0x64), 0x14); /* tested, not locked, nothing to read */
}

static void
test_self_test(void **state)
{
	assert_int_equal(command(0xaa), 0x15);
	assert_int_equal(in8(&bus, 0x60), 0x55);
	assert_int_equal(in8(&bus, 0x64), 0x14);
	assert_int_equal(command(0xab), 0x15);
	assert_int_equal(in8(&bus, 0x60), 0x00);
	assert_int_equal(command(0xa9), 0x15);
	assert_int_equal(in8(&bus, 0x60), 0x00);
}

static void
test_command_byte(void **state)
{
	out8(&bus, 0x64, 0x60);
	out8(&bus, 0x60, 0x65);
	assert_int_equal(command(0x20), 0x15);
	assert_int_equal(in8(&bus, 0x60), 0x65);
	out8(&bus, 0x64, 0xad);
	out8(&bus, 0x64, 0xa8);
	(void)command(0x20);
	assert_int_equal(in8(&bus, 0x60), 0x55);
	out8(&bus, 0x64, 0xae);
	out8(&bus, 0x64, 0xa7);
	(void)command(0x20);
	assert_int_equal(in8(&bus, 0x60), 0x65);
}

/* Neither a keyboard nor a mouse answers: the controller says so, and at once. */
static void
test_nothing_plugged_in(void **state)
{
	out8(&bus, 0x60, 0xff);
	assert_int_equal(in8(&bus, 0x64), 0x55);
	assert_int_equal(in8(&bus, 0x60), 0xfe);
	out8(&bus, 0x64, 0xd4);
	out8(&bus, 0x60, 0xff);
	assert_int_equal(in8(&bus, 0x64), 0x75);
	assert_int_equal(in8(&bus, 0x60), 0xfe);
	assert_int_equal(in8(&bus, 0x64), 0x14);
}

/* i8042_check_aux() of Linux looks whether the mouse's side loops. */
static void
test_echo(void **state)
{
	out8(&bus, 0x64, 0xd3);
	out8(&bus, 0x60, 0x5a);
	assert_int_equal(in8(&bus, 0x64), 0x35);
	assert_int_equal(in8(&bus, 0x60), 0x5a);
	out8(&bus, 0x64, 0xd2);
	out8(&bus, 0x60, 0xa5);
	assert_int_equal(in8(&bus, 0x64), 0x15);
	assert_int_equal(in8(&bus, 0x60), 0xa5);
}

static void
test_interrupt(void **state)
{
	(void)command(0xaa);
	assert_false(irq.level);
	(void)in8(&bus, 0x60);
	out8(&bus, 0x64, 0x60);
	out8(&bus, 0x60, 0x41);
	out8(&bus, 0x60, 0xf4);
	assert_true(irq.level);
	(void)in8(&bus, 0x60);
	assert_false(irq.level);
	out8(&bus, 0x64, 0xd3); /* a byte of the mouse's would be IRQ 12 */
	out8(&bus, 0x60, 0x01);
	assert_false(irq.level);
}

static void
test_command_drops_the_one_before(void **state)
{
	out8(&bus, 0x64, 0xd1);
	(void)command(0xaa);
	assert_int_equal(in8(&bus, 0x60), 0x55);
	out8(&bus, 0x60, 0x00);
	assert_int_equal(resets, 0);
	assert_int_equal(in8(&bus, 0x60), 0xfe);
}

static void
test_resets(void **state)
{
	out8(&bus, 0x64, 0xf0 | 0x0f); /* pulses nothing */
	assert_int_equal(resets, 0);
	out8(&bus, 0x64, 0xfe);
	assert_int_equal(resets, 1);
	out8(&bus, 0x64, 0xd1);
	out8(&bus, 0x60, 0xdf);
	assert_int_equal(resets, 1);
	out8(&bus, 0x64, 0xd1);
	out8(&bus, 0x60, 0xde);
	assert_int_equal(resets, 2);
	assert_non_null(strstr(reset_why, "8042"));
}

static void
test_a20(void **state)
{
	(void)command(0xd0);
	assert_int_equal(in8(&bus, 0x60) & 2, 2);
	out8(&bus, 0x64, 0xdd);
	(void)command(0xd0);
	assert_int_equal(in8(&bus, 0x60) & 2, 0);
	out8(&bus, 0x64, 0xdf);
	(void)command(0xd0);
	assert_int_equal(in8(&bus, 0x60) & 2, 2);
	out8(&bus, 0x64, 0xd1);
	out8(&bus, 0x60, 0x01);
	(void)command(0xd0);
	assert_int_equal(in8(&bus, 0x60), 1);
	assert_int_equal(resets, 0);
}

static void
test_port_92(void **state)
{
	assert_int_equal(in8(&bus, 0x92), 2);
	out8(&bus, 0x92, 0xfc);
	assert_int_equal(in8(&bus, 0x92), 0);
	out8(&bus, 0x92, 3);
	assert_int_equal(resets, 1);
	assert_non_null(strstr(reset_why, "92"));
	out8(&bus, 0x92, 3); /* only when it rises */
	assert_int_equal(resets, 1);
	bus_reset(&bus);
	assert_int_equal(in8(&bus, 0x92), 2);
}

static void
test_port_cf9(void **state)
{
	assert_int_equal(reset_ports_cf9(&ports, false, 0), 0);
	(void)reset_ports_cf9(&ports, true, 0x02);
	assert_int_equal(resets, 0);
	assert_int_equal(reset_ports_cf9(&ports, false, 0), 2);
	(void)reset_ports_cf9(&ports, true, 0xf6);
	assert_int_equal(resets, 1);
	assert_non_null(strstr(reset_why, "CF9"));
	assert_int_equal(reset_ports_cf9(&ports, false, 0), 6);
	(void)reset_ports_cf9(&ports, true, 0x06);
	assert_int_equal(resets, 1);
	(void)reset_ports_cf9(&ports, true, 0x00);
	(void)reset_ports_cf9(&ports, true, 0x0e);
	assert_int_equal(resets, 2);
}

static void
test_debug_exit(void **state)
{
	assert_int_equal(in8(&bus, 0xf4), 0);
	assert_int_equal(ends, 0);
	out8(&bus, 0xf4, 0xffffff10);
	assert_int_equal(end_value, 0x10);
	fake_out(&bus, SPACE_IO, 0xf4, 2, 0xffff1234);
	assert_int_equal(end_value, 0x1234);
	fake_out(&bus, SPACE_IO, 0xf4, 4, 0xfffffffffedcba98);
	assert_int_equal(end_value, 0xfedcba98);
	assert_int_equal(ends, 3);
	out8(&bus, 0xf5, 1);
	assert_int_equal(ends, 3);
	bus_reset(&bus);
}

static void
test_reset(void **state)
{
	out8(&bus, 0x64, 0x60);
	out8(&bus, 0x60, 0x41);
	out8(&bus, 0x60, 0xf4);
	out8(&bus, 0x64, 0xd1);
	assert_true(irq.level);
	bus_reset(&bus);
	assert_false(irq.level);
	out8(&bus, 0x60, 0x00); /* is no byte of a command's any more */
	assert_int_equal(resets, 0);
	assert_int_equal(in8(&bus, 0x60), 0xfe);
	assert_int_equal(in8(&bus, 0x64), 0x14);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_idle_status, setup),
		cmocka_unit_test_setup(test_self_test, setup),
		cmocka_unit_test_setup(test_command_byte, setup),
		cmocka_unit_test_setup(test_nothing_plugged_in, setup),
		cmocka_unit_test_setup(test_echo, setup),
		cmocka_unit_test_setup(test_interrupt, setup),
		cmocka_unit_test_setup(test_command_drops_the_one_before, setup),
		cmocka_unit_test_setup(test_resets, setup),
		cmocka_unit_test_setup(test_a20, setup),
		cmocka_unit_test_setup(test_port_92, setup),
		cmocka_unit_test_setup(test_port_cf9, setup),
		cmocka_unit_test_setup(test_debug_exit, setup),
		cmocka_unit_test_setup(test_reset, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
