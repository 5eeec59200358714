/* SPDX-License-Identifier: MIT */
// SOURCES: dev/bus.c lib/log.c lib/error.c lib/lock.c lib/format.c
#include "tests/unit/test.h"

#include "dev/bus.h"

static struct bus bus;
static struct io last;
static unsigned accesses, resets;
static struct device *last_dev;
static struct device devs[3];

static void
note(struct device *dev, struct io *io)
{
	accesses++;
	last = *io;
	last_dev = dev;
	if (!io->write)
		io->value = 0x1122334455667788;
}

static void
note_reset(struct device *dev)
{
	resets++;
}

static int
add(enum space space, u64 base, u64 len, struct device *dev)
{
	struct region region = {space, base, len, dev, note};

	return bus_add_region(&bus, &region);
}

static int
setup(void **state)
{
	bus_init(&bus);
	accesses = resets = 0;
	return 0;
}

static u64
read(enum space space, u64 addr, u8 size, bool claimed)
{
	u64 value = 0xdeadbeefdeadbeef;

	assert_int_equal(bus_access(&bus, space, addr, size, false, &value), claimed);
	return value;
}

static void
finds_its_device(void **state)
{
	u64 value = 0xaabbccddeeff0011;

	/* Not in the order of their addresses. */
	assert_int_equal(add(SPACE_IO, 0x3f8, 8, &devs[1]), 0);
	assert_int_equal(add(SPACE_IO, 0x20, 2, &devs[0]), 0);
	assert_int_equal(add(SPACE_IO, 0xcf8, 8, &devs[2]), 0);
	assert_int_equal(add(SPACE_MMIO, 0x3f8, 8, &devs[0]), 0);
	assert_int_equal(read(SPACE_IO, 0x3fd, 1, true), 0x88);
	assert_ptr_equal(last_dev, &devs[1]);
	assert_int_equal(last.offset, 5);
	assert_int_equal(last.size, 1);
	assert_false(last.write);
	assert_int_equal(read(SPACE_IO, 0xcfc, 4, true), 0x55667788);
	assert_ptr_equal(last_dev, &devs[2]);
	assert_int_equal(read(SPACE_MMIO, 0x3f8, 8, true), 0x1122334455667788);
	assert_ptr_equal(last_dev, &devs[0]);
	assert_true(bus_access(&bus, SPACE_IO, 0x20, 2, true, &value));
	assert_int_equal(last.value, 0x0011);
	assert_int_equal(value, 0xaabbccddeeff0011);
	assert_ptr_equal(last_dev, &devs[0]);
	assert_int_equal(bus.unclaimed + bus.partial, 0);
}

static void
nobody_there(void **state)
{
	u64 value = 5;

	assert_int_equal(add(SPACE_IO, 0x40, 4, &devs[0]), 0);
	assert_int_equal(read(SPACE_IO, 0x44, 1, false), 0xff);
	assert_int_equal(read(SPACE_IO, 0x3e, 2, false), 0xffff);
	assert_int_equal(read(SPACE_MMIO, 0x40, 4, false), 0xffffffff);
	assert_int_equal(read(SPACE_MMIO, 0x40, 8, false), ~0ul);
	assert_false(bus_access(&bus, SPACE_IO, 0, 1, true, &value));
	assert_int_equal(value, 5);
	assert_int_equal(bus.unclaimed, 5);
	assert_int_equal(bus.partial, 0);
	assert_int_equal(accesses, 0);
}

/* An access that begins, ends, or lies around a region without lying in it reaches nobody. */
static void
in_part(void **state)
{
	assert_int_equal(add(SPACE_IO, 0x40, 1, &devs[0]), 0);
	assert_int_equal(add(SPACE_IO, 0x50, 4, &devs[0]), 0);
	assert_int_equal(read(SPACE_IO, 0x40, 2, false), 0xffff);
	assert_int_equal(read(SPACE_IO, 0x3f, 2, false), 0xffff);
	assert_int_equal(read(SPACE_IO, 0x3e, 4, false), 0xffffffff);
	assert_int_equal(read(SPACE_IO, 0x52, 4, false), 0xffffffff);
	assert_int_equal(bus.partial, 4);
	assert_int_equal(bus.unclaimed, 0);
	assert_int_equal(accesses, 0);
}

/* Two regions side by side are two devices. */
static void
across_neighbours(void **state)
{
	assert_int_equal(add(SPACE_IO, 0x40, 1, &devs[0]), 0);
	assert_int_equal(add(SPACE_IO, 0x41, 1, &devs[1]), 0);
	assert_int_equal(read(SPACE_IO, 0x40, 2, false), 0xffff);
	assert_int_equal(bus.partial, 1);
	assert_int_equal(read(SPACE_IO, 0x41, 1, true), 0x88);
	assert_ptr_equal(last_dev, &devs[1]);
}

static void
end_of_the_space(void **state)
{
	assert_int_equal(add(SPACE_MMIO, ~0ul - 7, 8, &devs[0]), 0);
	assert_int_equal(read(SPACE_MMIO, ~0ul - 7, 8, true), 0x1122334455667788);
	assert_int_equal(read(SPACE_MMIO, ~0ul, 1, true), 0x88);
	assert_int_equal(read(SPACE_MMIO, ~0ul, 4, false), 0xffffffff);
	assert_int_equal(read(SPACE_MMIO, ~0ul - 1, 4, false), 0xffffffff);
	assert_int_equal(accesses, 2);
	assert_int_equal(bus.partial, 2);
}

static void
overlaps(void **state)
{
	assert_int_equal(add(SPACE_IO, 0x40, 4, &devs[0]), 0);
	assert_int_equal(add(SPACE_IO, 0x43, 4, &devs[0]), -ERR_EXISTS);
	assert_int_equal(add(SPACE_IO, 0x3f, 2, &devs[0]), -ERR_EXISTS);
	assert_int_equal(add(SPACE_IO, 0x30, 0x20, &devs[0]), -ERR_EXISTS);
	assert_int_equal(add(SPACE_IO, 0x41, 1, &devs[0]), -ERR_EXISTS);
	assert_int_equal(add(SPACE_IO, 0x44, 1, &devs[0]), 0);
	assert_int_equal(add(SPACE_IO, 0x3f, 1, &devs[0]), 0);
	assert_int_equal(add(SPACE_MMIO, 0x40, 4, &devs[0]), 0);
}

static void
full(void **state)
{
	for (u64 i = BUS_REGIONS_MAX; i > 0; i--)
		assert_int_equal(add(SPACE_IO, 4 * i, 2, &devs[i % 3]), 0);
	assert_int_equal(add(SPACE_IO, 0x8000, 2, &devs[0]), -ERR_FULL);
	for (u64 i = 1; i <= BUS_REGIONS_MAX; i++) {
		read(SPACE_IO, 4 * i + 1, 1, true);
		assert_ptr_equal(last_dev, &devs[i % 3]);
		read(SPACE_IO, 4 * i + 2, 1, false);
	}
}

static void
empty_region(void **state)
{
	expect_panic((void)!add(SPACE_IO, 0x40, 0, &devs[0]));
	expect_panic((void)!add(SPACE_MMIO, ~0ul, 2, &devs[0]));
}

static void
reset_reaches_all(void **state)
{
	for (unsigned i = 0; i < 3; i++) {
		devs[i].reset = note_reset;
		bus_add_device(&bus, &devs[i]);
	}
	bus_reset(&bus);
	assert_int_equal(resets, 3);
}

#define test(f) cmocka_unit_test_setup(f, setup)

/* Ports first, then memory, each by address. */
static void
regions_in_order(void **state)
{
	static const u64 bases[] = {0x20, 0x3f8, 0x1000, 0xfee00000};

	struct region r;

	assert_false(bus_region(&bus, 0, &r));
	assert_int_equal(add(SPACE_MMIO, bases[3], 16, &devs[0]), 0);
	assert_int_equal(add(SPACE_IO, bases[1], 8, &devs[1]), 0);
	assert_int_equal(add(SPACE_MMIO, bases[2], 16, &devs[0]), 0);
	assert_int_equal(add(SPACE_IO, bases[0], 2, &devs[2]), 0);
	for (unsigned n = 0; n < 4; n++) {
		assert_true(bus_region(&bus, n, &r));
		assert_int_equal(r.base, bases[n]);
	}
	assert_false(bus_region(&bus, 4, &r));
}

static struct bus_moving moving[BUS_MOVING_MAX + 1];

static void
add_moving(unsigned n, enum space space, u64 len, struct device *dev)
{
	moving[n] = (struct bus_moving){
		{space, 0, len, dev, note},
		    n
	     };
	assert_int_equal(bus_add_moving(&bus, &moving[n]), 0);
}

static void
expect_at(enum space space, u64 addr, u8 size, const struct device *dev, u64 offset)
{
	read(space, addr, size, dev != NULL);
	if (dev == NULL)
		return;
	assert_ptr_equal(last_dev, dev);
	assert_int_equal(last.offset, offset);
	/* By a hint, too. */
	read(space, addr, size, true);
	assert_ptr_equal(last_dev, dev);
	assert_int_equal(last.offset, offset);
}

static void
e21_regions_come_move_and_go(void **state)
{
	add_moving(0, SPACE_MMIO, 0x1000, &devs[1]);
	expect_at(SPACE_MMIO, 0, 4, NULL, 0);
	expect_at(SPACE_MMIO, 1, 4, NULL, 0);
	bus_move(&bus, &moving[0], 0xc0000000);
	expect_at(SPACE_MMIO, 0xc0000ff8, 8, &devs[1], 0xff8);
	expect_at(SPACE_MMIO, 0xc0000ffc, 8, NULL, 0);
	expect_at(SPACE_MMIO, 0xbffffffc, 8, NULL, 0);
	assert_int_equal(bus.partial, 2);
	bus_move(&bus, &moving[0], 0x8000000000);
	expect_at(SPACE_MMIO, 0xc0000ff8, 8, NULL, 0);
	expect_at(SPACE_MMIO, 0x8000000010, 1, &devs[1], 0x10);
	bus_move(&bus, &moving[0], BUS_NOWHERE);
	expect_at(SPACE_MMIO, 0x8000000010, 1, NULL, 0);
	assert_int_equal(bus.partial, 2);
}

static void
ports_move_too(void **state)
{
	assert_int_equal(add(SPACE_IO, 0x40, 4, &devs[0]), 0);
	add_moving(0, SPACE_IO, 0x20, &devs[1]);
	bus_move(&bus, &moving[0], 0x1000);
	expect_at(SPACE_IO, 0x101c, 4, &devs[1], 0x1c);
	assert_int_equal(bus_port(&bus, 0x1004, 4, false, 0), 0x55667788);
	assert_int_equal(last.offset, 4);
	expect_at(SPACE_MMIO, 0x1004, 4, NULL, 0);
	/* Among the low ports, where the fixed ones have a table. */
	bus_move(&bus, &moving[0], 0x300);
	assert_int_equal(bus_port(&bus, 0x304, 1, false, 0), 0x88);
	assert_int_equal(last.offset, 4);
	bus_move(&bus, &moving[0], 0x40);
	assert_int_equal((u8)bus_port(&bus, 0x42, 1, false, 0), 0x88);
	assert_ptr_equal(last_dev, &devs[0]);
	expect_at(SPACE_IO, 0x44, 4, &devs[1], 4);
	expect_at(SPACE_IO, 0x42, 4, NULL, 0); /* a half each */
	assert_int_equal(bus.partial, 1);
	expect_at(SPACE_IO, 0x60, 1, NULL, 0);
	assert_int_equal(bus.moving_low, 1);
	bus_move(&bus, &moving[0], 0x60);
	assert_int_equal(bus.moving_low, 1);
	bus_move(&bus, &moving[0], 0xff00);
	assert_int_equal(bus.moving_low, 0);
	assert_int_equal((u8)bus_port(&bus, 0x60, 1, false, 0), 0xff);
	assert_int_equal((u8)bus_port(&bus, 0xff04, 1, false, 0), 0x88);
	bus_move(&bus, &moving[0], BUS_NOWHERE);
	assert_int_equal(bus.moving_low, 0);
}

/* Over RAM there is no exit; over these the fixed one answers, and what it leaves is the BAR's. */
static void
e21_fixed_regions_win(void **state)
{
	assert_int_equal(add(SPACE_MMIO, 0xfed00000, 0x400, &devs[0]), 0);
	add_moving(0, SPACE_MMIO, 0x10000, &devs[1]);
	bus_move(&bus, &moving[0], 0xfed00000);
	expect_at(SPACE_MMIO, 0xfed00400, 4, &devs[1], 0x400);
	expect_at(SPACE_MMIO, 0xfed00000, 4, &devs[0], 0);
	expect_at(SPACE_MMIO, 0xfed00400, 4, &devs[1], 0x400);
	expect_at(SPACE_MMIO, 0xfed003f0, 4, &devs[0], 0x3f0);
	expect_at(SPACE_MMIO, 0xfed003fc, 8, NULL, 0);
	assert_int_equal(bus.partial, 1);
}

static void
e21_the_lowest_order_wins(void **state)
{
	add_moving(2, SPACE_MMIO, 0x10000, &devs[2]);
	add_moving(1, SPACE_MMIO, 0x10, &devs[1]);
	bus_move(&bus, &moving[2], 0xc0000000);
	expect_at(SPACE_MMIO, 0xc0000100, 4, &devs[2], 0x100);
	bus_move(&bus, &moving[1], 0xc0000100);
	expect_at(SPACE_MMIO, 0xc0000100, 4, &devs[1], 0);
	expect_at(SPACE_MMIO, 0xc0000110, 4, &devs[2], 0x110);
	expect_at(SPACE_MMIO, 0xc0000104, 4, &devs[1], 4);
	expect_at(SPACE_MMIO, 0xc000010c, 8, NULL, 0);
	expect_at(SPACE_MMIO, 0xc00000fc, 8, NULL, 0);
	assert_int_equal(bus.partial, 2);
	bus_move(&bus, &moving[1], BUS_NOWHERE);
	expect_at(SPACE_MMIO, 0xc0000104, 4, &devs[2], 0x104);
}

static void
moving_at_the_end_of_the_space(void **state)
{
	add_moving(0, SPACE_MMIO, 0x1000, &devs[1]);
	bus_move(&bus, &moving[0], ~0xffful);
	expect_at(SPACE_MMIO, ~7ul, 8, &devs[1], 0xff8);
	expect_at(SPACE_MMIO, ~0ul, 1, &devs[1], 0xfff);
	expect_at(SPACE_MMIO, ~0ul, 4, NULL, 0);
	bus_move(&bus, &moving[0], 0);
	expect_at(SPACE_MMIO, ~0ul, 4, NULL, 0);
	expect_at(SPACE_MMIO, 0, 4, &devs[1], 0);
	assert_int_equal(accesses, 6);
}

static void
as_many_as_32_functions_have(void **state)
{
	for (unsigned n = 0; n < BUS_MOVING_MAX; n++) {
		add_moving(n, SPACE_MMIO, 0x1000, &devs[n % 3]);
		bus_move(&bus, &moving[n], 0xc0000000 + n * 0x1000ul);
	}
	for (unsigned n = 0; n < BUS_MOVING_MAX; n++)
		expect_at(SPACE_MMIO, 0xc0000004 + n * 0x1000ul, 4, &devs[n % 3], 4);
	moving[BUS_MOVING_MAX] = moving[0];
	assert_int_equal(bus_add_moving(&bus, &moving[BUS_MOVING_MAX]), -ERR_FULL);
	bus_init(&bus);
	add_moving(3, SPACE_MMIO, 0x1000, &devs[0]);
	assert_int_equal(bus_add_moving(&bus, &moving[3]), -ERR_EXISTS);
}

static void
moving_regions_are_shown_where_they_are(void **state)
{
	struct region r;

	assert_int_equal(add(SPACE_IO, 0x20, 2, &devs[0]), 0);
	assert_int_equal(add(SPACE_MMIO, 0xfee00000, 16, &devs[0]), 0);
	add_moving(0, SPACE_MMIO, 0x1000, &devs[1]);
	add_moving(1, SPACE_IO, 0x20, &devs[1]);
	add_moving(2, SPACE_MMIO, 0x1000, &devs[2]);
	bus_move(&bus, &moving[1], 0x1000);
	bus_move(&bus, &moving[2], 0xc0000000);
	assert_true(bus_region(&bus, 0, &r));
	assert_int_equal(r.base, 0x20);
	assert_true(bus_region(&bus, 1, &r));
	assert_int_equal(r.base, 0x1000);
	assert_int_equal(r.len, 0x20);
	assert_true(bus_region(&bus, 2, &r));
	assert_int_equal(r.base, 0xfee00000);
	assert_true(bus_region(&bus, 3, &r));
	assert_int_equal(r.base, 0xc0000000);
	assert_ptr_equal(r.dev, &devs[2]);
	assert_false(bus_region(&bus, 4, &r));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(finds_its_device),
		test(nobody_there),
		test(in_part),
		test(across_neighbours),
		test(end_of_the_space),
		test(overlaps),
		test(full),
		test(empty_region),
		test(reset_reaches_all),
		test(regions_in_order),
		test(e21_regions_come_move_and_go),
		test(ports_move_too),
		test(e21_fixed_regions_win),
		test(e21_the_lowest_order_wins),
		test(moving_at_the_end_of_the_space),
		test(as_many_as_32_functions_have),
		test(moving_regions_are_shown_where_they_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
