/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/acpi_ivrs.c lib/log.c lib/error.c lib/lock.c lib/format.c
#include "tests/unit/test.h"

#include "drivers/acpi_ivrs.h"
#include "tests/unit/fake/acpi_build.h"

enum { FIXED = 48 };

static struct bytes b;
static struct acpi_ivrs_info ivrs;

static int
parse(struct acpi_bytes table)
{
	return acpi_ivrs_parse(table, &ivrs);
}

static int
parse_whole(void)
{
	table_end(&b);
	return parse_cut(&b, b.length, parse);
}

static void
begin(void)
{
	table_begin(&b, "IVRS", 1);
	put32(&b, 0x203040), put_zeros(&b, 8);
}

static void
put_ivhd(u8 type, u16 device, u64 base, u16 entry_bytes)
{
	u16 size = type == 0x10 ? 24 : 40;

	put_mark(&b);
	put8(&b, type), put8(&b, 0xb0), put16(&b, (u16)(size + entry_bytes));
	put16(&b, device), put16(&b, 0x40), put64(&b, base), put16(&b, 1), put16(&b, 0x1300);
	put32(&b, 0x80048000u | type);
	if (size == 40)
		put64(&b, 0x246577efa2254afaul), put64(&b, 0);
}

static void
put_ivmd(u8 type, u16 first, u16 last, u64 base, u64 length)
{
	put_mark(&b);
	put8(&b, type), put8(&b, 8), put16(&b, 32), put16(&b, first), put16(&b, last);
	put64(&b, 0), put64(&b, base), put64(&b, length);
}

/* A named device (type F0h), whose length is in it. */
static void
put_named(const char *uid)
{
	put8(&b, 0xf0), put16(&b, 0x98), put8(&b, 0), put_copy(&b, "AMDI0020", 8);
	put_zeros(&b, 8), put8(&b, 2), put8(&b, (u8)strlen(uid));
	put_copy(&b, uid, strlen(uid));
}

static void
put_one_of_each(void)
{
	begin();
	put_ivhd(0x10, 2, 0xfeb80000, 12);
	put8(&b, 1), put16(&b, 0), put8(&b, 0);			    /* all devices */
	put8(&b, 0x48), put16(&b, 0), put8(&b, 0xd7), put32(&b, 0); /* special: I/O APIC */
	put_ivhd(0x11, 2, 0xfeb80000, 4);
	put8(&b, 2), put16(&b, 8), put8(&b, 0);
	put_ivhd(0x40, 0x4002, 0xfebc0000, 22 + 9);
	put_named("\\_SB.FUR0");
	put_ivmd(0x22, 8, 0x10, 0x7d000000, 0x10000);
	put_ivmd(0x20, 7, 7, 0x1000, 0x1000);
	put_ivmd(0x21, 7, 3, 0x1000, 0x1000);
	put_mark(&b), put8(&b, 0x99), put8(&b, 0), put16(&b, 8), put32(&b, 0); /* unknown */
}

static void
one_of_each(void **state)
{
	put_one_of_each();
	assert_int_equal(parse_whole(), 0);
	assert_int_equal(ivrs.info, 0x203040);
	assert_int_equal(ivrs.unit_count, 2);
	assert_int_equal(ivrs.units[0].type, 0x11); /* instead of its block of type 10h */
	assert_int_equal(ivrs.units[0].device, 2);
	assert_int_equal(ivrs.units[0].base.v, 0xfeb80000);
	assert_int_equal(ivrs.units[0].segment, 1);
	assert_int_equal(ivrs.units[0].efr, 0x246577efa2254afaul);
	assert_false(ivrs.units[0].include_all);
	assert_int_equal(ivrs.units[1].type, 0x40);
	assert_int_equal(ivrs.region_count, 3);
	assert_int_equal(ivrs.regions[0].last_device, 0x10);
	assert_int_equal(ivrs.regions[0].length, 0x10000);
	assert_int_equal(ivrs.regions[1].first_device, 0);
	assert_int_equal(ivrs.regions[1].last_device, 0xffff);
	assert_int_equal(ivrs.regions[2].last_device, 7);
}

/* As QEMU gives it: one block for all devices. */
static void
all_devices(void **state)
{
	begin();
	put_ivhd(0x10, 2, 0xfed80000, 4);
	put8(&b, 1), put16(&b, 0), put8(&b, 0);
	assert_int_equal(parse_whole(), 0);
	assert_true(ivrs.units[0].include_all);
	assert_int_equal(ivrs.units[0].features, 0x80048010u);
	assert_int_equal(ivrs.units[0].efr, 0);
}

static void
impossible(void **state)
{
	begin();
	put_ivhd(0x10, 2, 0, 0);
	assert_int_equal(parse_whole(), -ERR_FORMAT);
	begin();
	put_ivhd(0x10, 2, 0xfeb80010, 0);
	assert_int_equal(parse_whole(), -ERR_FORMAT);
	begin();
	put_ivmd(0x22, 0x10, 8, 0, 0x1000);
	assert_int_equal(parse_whole(), -ERR_FORMAT);
	begin();
	put_ivmd(0x20, 0, 0, 0x1000, ~0ul);
	assert_int_equal(parse_whole(), -ERR_FORMAT);
}

/* Entries of 4, 8, 16, 32 and any bytes must end where the block does. */
static void
entries_stay_inside(void **state)
{
	static const u8 types[] = {0x01, 0x42, 0x80, 0xc0, 0xf0};

	for (unsigned t = 0; t < sizeof(types); t++) {
		for (u16 bytes = 1; bytes < 64; bytes++) {
			size_t whole = types[t] == 0xf0 ? 22 : 4u << (types[t] >> 6);
			int err;

			begin();
			put_ivhd(0x11, 2, 0xfeb80000, bytes);
			put8(&b, types[t]), put_zeros(&b, bytes - 1u);
			err = parse_whole();
			if (bytes < whole)
				assert_int_equal(err, -ERR_FORMAT);
			if (bytes == whole)
				assert_int_equal(err, 0);
		}
	}
}

static void
too_many(void **state)
{
	begin();
	for (u16 i = 0; i <= IVRS_UNITS_MAX; i++)
		put_ivhd(0x10, i, 0xfeb80000, 0);
	assert_int_equal(parse_whole(), -ERR_FULL);
	begin();
	for (u16 i = 0; i <= IVRS_REGIONS_MAX; i++)
		put_ivmd(0x20, 0, 0, 0, 0x1000);
	assert_int_equal(parse_whole(), -ERR_FULL);
}

static void
every_cut(void **state)
{
	put_one_of_each();
	table_end(&b);
	check_every_cut(&b, FIXED, parse);
}

static void
every_block_length(void **state)
{
	put_one_of_each();
	table_end(&b);
	check_every_length(&b, 2, 2, 4, parse);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_of_each),	      cmocka_unit_test(all_devices),
		cmocka_unit_test(impossible),	      cmocka_unit_test(entries_stay_inside),
		cmocka_unit_test(too_many),	      cmocka_unit_test(every_cut),
		cmocka_unit_test(every_block_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
