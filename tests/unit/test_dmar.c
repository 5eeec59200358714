/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/acpi_dmar.c lib/log.c lib/error.c lib/lock.c lib/format.c
#include "tests/unit/test.h"

#include "drivers/acpi_dmar.h"
#include "tests/unit/fake/acpi_build.h"

enum { FIXED = 48 };

static struct bytes b;
static struct acpi_dmar_info dmar;

static int
parse(struct acpi_bytes table)
{
	return acpi_dmar_parse(table, &dmar);
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
	table_begin(&b, "DMAR", 1);
	put8(&b, 47), put8(&b, 5), put_zeros(&b, 10);
}

static void
put_drhd(u8 flags, u16 segment, u64 base, u16 scope_bytes)
{
	put_mark(&b);
	put16(&b, 0), put16(&b, (u16)(16 + scope_bytes)), put8(&b, flags), put8(&b, 0);
	put16(&b, segment), put64(&b, base);
}

static void
put_rmrr(u64 base, u64 limit, u16 scope_bytes)
{
	put_mark(&b);
	put16(&b, 1), put16(&b, (u16)(24 + scope_bytes)), put16(&b, 0), put16(&b, 0);
	put64(&b, base), put64(&b, limit);
}

static void
put_atsr(u8 flags, u16 segment)
{
	put_mark(&b);
	put16(&b, 2), put16(&b, 8), put8(&b, flags), put8(&b, 0), put16(&b, segment);
}

/* A scope whose path has as many steps as given, each device 1f.3. */
static void
put_scope(u8 kind, u8 id, u8 bus, u8 steps)
{
	put8(&b, kind), put8(&b, (u8)(6 + 2 * steps)), put16(&b, 0), put8(&b, id), put8(&b, bus);
	for (u8 i = 0; i < steps; i++)
		put8(&b, 0x1f), put8(&b, 3);
}

static void
put_one_of_each(void)
{
	begin();
	put_drhd(0, 0, 0xfed90000, 8 + 10);
	put_scope(DMAR_SCOPE_ENDPOINT, 0, 0, 1);
	put_scope(DMAR_SCOPE_BRIDGE, 0, 2, 2);
	put_drhd(1, 0, 0xfed91000, 8);
	put_scope(DMAR_SCOPE_IOAPIC, 8, 0xf0, 1);
	put_rmrr(0x7d000000, 0x7d7fffff, 8);
	put_scope(DMAR_SCOPE_ENDPOINT, 0, 0, 1);
	put_atsr(1, 3);
	put_mark(&b), put16(&b, 3), put16(&b, 20), put_zeros(&b, 16); /* RHSA */
}

static void
one_of_each(void **state)
{
	put_one_of_each();
	assert_int_equal(parse_whole(), 0);
	assert_int_equal(dmar.address_width, 48);
	assert_true(dmar.interrupt_remapping && dmar.dma_control_opt_in);
	assert_false(dmar.x2apic_opt_out);
	assert_int_equal(dmar.unit_count, 2);
	assert_int_equal(dmar.units[0].base.v, 0xfed90000);
	assert_false(dmar.units[0].include_all);
	assert_true(dmar.units[1].include_all);
	assert_int_equal(dmar.region_count, 1);
	assert_int_equal(dmar.regions[0].base.v, 0x7d000000);
	assert_int_equal(dmar.regions[0].length, 8 * MiB);
	assert_int_equal(dmar.port_count, 1);
	assert_true(dmar.ports[0].all_ports);
	assert_int_equal(dmar.ports[0].segment, 3);
}

static void
scopes(void **state)
{
	const struct dmar_scope *s;

	put_one_of_each();
	assert_int_equal(parse_whole(), 0);
	assert_int_equal(dmar.scope_count, 4);
	assert_int_equal(dmar.units[0].scopes.count, 2);
	assert_int_equal(dmar.units[1].scopes.first, 2);
	s = &dmar.scopes[dmar.units[0].scopes.first + 1];
	assert_int_equal(s->kind, DMAR_SCOPE_BRIDGE);
	assert_int_equal(s->start_bus, 2);
	assert_int_equal(s->path_length, 2);
	assert_int_equal(s->path[1].device, 0x1f);
	assert_int_equal(s->path[1].function, 3);
	s = &dmar.scopes[dmar.units[1].scopes.first];
	assert_int_equal(s->kind, DMAR_SCOPE_IOAPIC);
	assert_int_equal(s->id, 8);
}

static void
impossible(void **state)
{
	begin();
	put_drhd(0, 0, 0, 0);
	assert_int_equal(parse_whole(), -ERR_FORMAT);
	begin();
	put_drhd(0, 0, 0xfed90800, 0);
	assert_int_equal(parse_whole(), -ERR_FORMAT);
	begin();
	put_rmrr(0x2000, 0x1000, 0);
	assert_int_equal(parse_whole(), -ERR_FORMAT);
	begin();
	put_rmrr(0, ~0ul, 0);
	assert_int_equal(parse_whole(), -ERR_FORMAT);
	begin();
	put_drhd(0, 0, 0xfed90000, 6);
	put_scope(DMAR_SCOPE_ENDPOINT, 0, 0, 0);
	assert_int_equal(parse_whole(), -ERR_FORMAT);
	begin();
	put_drhd(0, 0, 0xfed90000, 8);
	put_scope(DMAR_SCOPE_ENDPOINT, 0, 0, 1);
	b.at[b.length - 2] = 32; /* device */
	assert_int_equal(parse_whole(), -ERR_FORMAT);
	begin();
	put_drhd(0, 0, 0xfed90000, 9);
	put_scope(DMAR_SCOPE_ENDPOINT, 0, 0, 1);
	b.at[b.length - 7] = 9; /* half a step more */
	put8(&b, 0);
	assert_int_equal(parse_whole(), -ERR_FORMAT);
	begin();
	put16(&b, 5), put16(&b, 2), put16(&b, 8), put32(&b, 0); /* shorter than its head */
	assert_int_equal(parse_whole(), -ERR_FORMAT);
}

/* A scope may not leave its unit, though there is more of the table. */
static void
every_scope_length(void **state)
{
	for (unsigned v = 0; v < 256; v++) {
		bool fits = v == 8 || v == 18;

		put_one_of_each();
		b.at[FIXED + 16 + 1] = (u8)v;
		assert_int_equal(parse_whole() == 0, v == 8);
		if (!fits && (v < 8 || v > 18))
			assert_int_equal(parse_whole(), -ERR_FORMAT);
	}
}

static void
too_many(void **state)
{
	begin();
	for (unsigned i = 0; i <= DMAR_UNITS_MAX; i++)
		put_drhd(0, 0, 0xfed90000 + i * PAGE_SIZE, 0);
	assert_int_equal(parse_whole(), -ERR_FULL);
	begin();
	for (unsigned i = 0; i <= DMAR_REGIONS_MAX; i++)
		put_rmrr(0, 0xfff, 0);
	assert_int_equal(parse_whole(), -ERR_FULL);
	begin();
	for (unsigned i = 0; i <= DMAR_PORTS_MAX; i++)
		put_atsr(0, 0);
	assert_int_equal(parse_whole(), -ERR_FULL);
	begin();
	put_drhd(0, 0, 0xfed90000, 8 * (DMAR_SCOPES_MAX + 1));
	for (unsigned i = 0; i <= DMAR_SCOPES_MAX; i++)
		put_scope(DMAR_SCOPE_ENDPOINT, 0, 0, 1);
	assert_int_equal(parse_whole(), -ERR_FULL);
	begin();
	put_drhd(0, 0, 0xfed90000, 6 + 2 * (DMAR_PATH_MAX + 1));
	put_scope(DMAR_SCOPE_ENDPOINT, 0, 0, DMAR_PATH_MAX + 1);
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
every_structure_length(void **state)
{
	put_one_of_each();
	table_end(&b);
	check_every_length(&b, 2, 2, 4, parse);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_of_each),
		cmocka_unit_test(scopes),
		cmocka_unit_test(impossible),
		cmocka_unit_test(every_scope_length),
		cmocka_unit_test(too_many),
		cmocka_unit_test(every_cut),
		cmocka_unit_test(every_structure_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
