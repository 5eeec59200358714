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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(finds_its_device),	 test(nobody_there), test(in_part), test(across_neighbours),
		test(end_of_the_space),	 test(overlaps),     test(full),    test(empty_region),
		test(reset_reaches_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
