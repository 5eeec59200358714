/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/acpi_mcfg.c drivers/acpi_hpet.c drivers/acpi_spcr.c
// SOURCES: lib/log.c lib/error.c lib/lock.c lib/format.c
/* The small tables: MCFG, HPET, SPCR. */
#include "tests/unit/test.h"

#include "drivers/acpi_hpet.h"
#include "drivers/acpi_mcfg.h"
#include "drivers/acpi_spcr.h"
#include "tests/unit/fake/acpi_build.h"

static struct bytes b;
static struct acpi_mcfg_info mcfg;
static struct acpi_hpet_info hpet;
static struct acpi_spcr_info spcr;

static int
parse_mcfg(struct acpi_bytes table)
{
	return acpi_mcfg_parse(table, &mcfg);
}

static int
parse_hpet(struct acpi_bytes table)
{
	return acpi_hpet_parse(table, &hpet);
}

static int
parse_spcr(struct acpi_bytes table)
{
	return acpi_spcr_parse(table, &spcr);
}

static int
parse_whole(int (*parse)(struct acpi_bytes table))
{
	table_end(&b);
	return parse_cut(&b, b.length, parse);
}

static void
begin_mcfg(void)
{
	table_begin(&b, "MCFG", 1);
	put_zeros(&b, 8);
}

static void
put_range(u64 base, u16 segment, u8 first, u8 last)
{
	put_mark(&b);
	put64(&b, base), put16(&b, segment), put8(&b, first), put8(&b, last), put32(&b, 0);
}

static void
mcfg_ranges(void **state)
{
	begin_mcfg();
	put_range(0xb0000000, 0, 0, 255);
	put_range(0x4000000000, 1, 0x10, 0x1f);
	assert_int_equal(parse_whole(parse_mcfg), 0);
	assert_int_equal(mcfg.count, 2);
	assert_int_equal(mcfg.ranges[0].base.v, 0xb0000000);
	assert_int_equal(mcfg.ranges[0].last_bus, 255);
	assert_int_equal(mcfg.ranges[1].segment, 1);
	assert_int_equal(mcfg.ranges[1].first_bus, 0x10);
	check_every_cut(&b, 44, parse_mcfg);
}

static void
mcfg_impossible(void **state)
{
	static const struct {
		u64 base;
		u8 first, last;
	} wrong[] = {
		{0,		    0, 255}, /* nowhere */
		{0xb0001000,	     0, 255}, /* a bus has 1 MiB */
		{0xb0000000,	     9, 8	 }, /* ends before it begins */
		{(1ul << 52) - MiB, 0, 1	}, /* beyond all addresses */
		{~0ul << 20,	     0, 0	 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		begin_mcfg();
		put_range(wrong[i].base, 0, wrong[i].first, wrong[i].last);
		assert_int_equal(parse_whole(parse_mcfg), -ERR_FORMAT);
	}
}

static void
mcfg_too_many(void **state)
{
	begin_mcfg();
	for (u16 i = 0; i <= MCFG_RANGES_MAX; i++)
		put_range(0xb0000000, i, 0, 255);
	assert_int_equal(parse_whole(parse_mcfg), -ERR_FULL);
}

static void
build_hpet(u8 space, u64 address)
{
	table_begin(&b, "HPET", 1);
	put32(&b, 0x8086a201);
	put_gas(&b, space, 64, address);
	put8(&b, 0), put16(&b, 100), put8(&b, 0);
}

static void
hpet_block(void **state)
{
	build_hpet(ACPI_SPACE_MEMORY, 0xfed00000);
	assert_int_equal(parse_whole(parse_hpet), 0);
	assert_int_equal(hpet.address.v, 0xfed00000);
	assert_int_equal(hpet.block_id, 0x8086a201);
	assert_int_equal(hpet.minimum_tick, 100);
	check_every_cut(&b, 56, parse_hpet);
	for (size_t n = 0; n < b.length; n++)
		assert_int_equal(parse_cut(&b, n, parse_hpet), -ERR_RANGE);
}

static void
hpet_impossible(void **state)
{
	build_hpet(ACPI_SPACE_IO, 0xfed00000);
	assert_int_equal(parse_whole(parse_hpet), -ERR_FORMAT);
	build_hpet(ACPI_SPACE_MEMORY, 0);
	assert_int_equal(parse_whole(parse_hpet), -ERR_FORMAT);
	build_hpet(ACPI_SPACE_MEMORY, 0xfed00001);
	assert_int_equal(parse_whole(parse_hpet), -ERR_FORMAT);
	build_hpet(ACPI_SPACE_MEMORY, 1ul << 52);
	assert_int_equal(parse_whole(parse_hpet), -ERR_FORMAT);
}

static void
build_spcr(u8 interface, u8 space, u64 address)
{
	table_begin(&b, "SPCR", 2);
	put8(&b, interface), put_zeros(&b, 3);
	put_gas(&b, space, 8, address);
	put8(&b, 3), put8(&b, 4), put32(&b, 4); /* 8259 and I/O APIC, IRQ 4, GSI 4 */
	put8(&b, 7);				/* 115200 */
	put_zeros(&b, 80 - 59);
}

static void
spcr_uart(void **state)
{
	build_spcr(0, ACPI_SPACE_IO, 0x3f8);
	assert_int_equal(parse_whole(parse_spcr), 0);
	assert_true(spcr.is_16550);
	assert_int_equal(spcr.base.address, 0x3f8);
	assert_true(spcr.has_irq && spcr.has_gsi);
	assert_int_equal(spcr.irq, 4);
	assert_int_equal(spcr.gsi, 4);
	assert_int_equal(spcr.baud, 115200);
	for (size_t n = 0; n < b.length; n++)
		assert_int_equal(parse_cut(&b, n, parse_spcr), n < 76 ? -ERR_RANGE : 0);
}

static void
spcr_others(void **state)
{
	build_spcr(0x12, ACPI_SPACE_MEMORY, 0xfe034000);
	assert_int_equal(parse_whole(parse_spcr), 0);
	assert_true(spcr.is_16550);
	build_spcr(3, ACPI_SPACE_MEMORY, 0xfe034000); /* a PL011 */
	assert_int_equal(parse_whole(parse_spcr), 0);
	assert_false(spcr.is_16550);
	build_spcr(0, ACPI_SPACE_IO, 0); /* redirection is off */
	assert_int_equal(parse_whole(parse_spcr), 0);
	assert_false(spcr.is_16550);
	b.at[58] = 99;	/* no such baud rate */
	b.at[53] = 255; /* no such interrupt */
	assert_int_equal(parse_whole(parse_spcr), 0);
	assert_int_equal(spcr.baud, 0);
	assert_false(spcr.has_irq);
	assert_true(spcr.has_gsi);
	build_spcr(0, ACPI_SPACE_IO, 0xfffff8);
	assert_int_equal(parse_whole(parse_spcr), -ERR_FORMAT);
	build_spcr(0, ACPI_SPACE_MEMORY, ~0ul);
	assert_int_equal(parse_whole(parse_spcr), -ERR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mcfg_ranges),	   cmocka_unit_test(mcfg_impossible),
		cmocka_unit_test(mcfg_too_many),   cmocka_unit_test(hpet_block),
		cmocka_unit_test(hpet_impossible), cmocka_unit_test(spcr_uart),
		cmocka_unit_test(spcr_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
