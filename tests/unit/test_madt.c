/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/acpi_madt.c lib/log.c lib/error.c lib/lock.c lib/format.c
#include "tests/unit/test.h"

#include "drivers/acpi_madt.h"
#include "tests/unit/fake/acpi_build.h"

enum { FIXED = 44 };

static struct bytes b;
static struct acpi_madt_info madt;

static int
parse(struct acpi_bytes table)
{
	return acpi_madt_parse(table, &madt);
}

static void
begin(u32 flags)
{
	table_begin(&b, "APIC", 3);
	put32(&b, 0xfee00000);
	put32(&b, flags);
}

static int
parse_whole(void)
{
	table_end(&b);
	return parse_cut(&b, b.length, parse);
}

static void
put_lapic(u8 uid, u8 id, u32 flags)
{
	put_mark(&b);
	put8(&b, 0), put8(&b, 8), put8(&b, uid), put8(&b, id), put32(&b, flags);
}

static void
put_x2apic(u32 uid, u32 id, u32 flags)
{
	put_mark(&b);
	put8(&b, 9), put8(&b, 16), put16(&b, 0), put32(&b, id), put32(&b, flags), put32(&b, uid);
}

static void
put_ioapic(u8 id, u32 address, u32 gsi)
{
	put_mark(&b);
	put8(&b, 1), put8(&b, 12), put8(&b, id), put8(&b, 0), put32(&b, address), put32(&b, gsi);
}

static void
put_override(u8 bus, u8 irq, u32 gsi, u16 flags)
{
	put_mark(&b);
	put8(&b, 2), put8(&b, 10), put8(&b, bus), put8(&b, irq), put32(&b, gsi), put16(&b, flags);
}

static void
put_nmi(u8 uid, u16 flags, u8 lint)
{
	put_mark(&b);
	put8(&b, 4), put8(&b, 6), put8(&b, uid), put16(&b, flags), put8(&b, lint);
}

static void
put_x2apic_nmi(u32 uid, u16 flags, u8 lint)
{
	put_mark(&b);
	put8(&b, 10), put8(&b, 12), put16(&b, flags), put32(&b, uid), put8(&b, lint);
	put_zeros(&b, 3);
}

static void
put_lapic_address(u64 address)
{
	put_mark(&b);
	put8(&b, 5), put8(&b, 12), put16(&b, 0), put64(&b, address);
}

/* A structure of a type that we don't know. */
static void
put_unknown(u8 type, u8 length)
{
	put_mark(&b);
	put8(&b, type), put8(&b, length), put_zeros(&b, length - 2u);
}

static void
put_one_of_each(void)
{
	begin(1);
	put_nmi(0xff, 0x05, 1);
	put_lapic(0, 0, 1);
	put_lapic(1, 2, 1);
	put_x2apic(2, 0x100, 1);
	put_ioapic(3, 0xfec00000, 0);
	put_override(0, 0, 2, 0);
	put_override(0, 9, 20, 0x0f);
	put_unknown(0x20, 2);
	put_x2apic_nmi(2, 0x0f, 0);
	put_lapic_address(0xfef00000);
}

static void
one_of_each(void **state)
{
	put_one_of_each();
	assert_int_equal(parse_whole(), 0);
	assert_true(madt.has_pics);
	assert_int_equal(madt.lapic_address.v, 0xfef00000);
	assert_int_equal(madt.cpu_count, 3);
	assert_int_equal(madt.cpus[1].apic_id, 2);
	assert_int_equal(madt.cpus[1].uid, 1);
	assert_int_equal(madt.cpus[2].apic_id, 0x100);
	assert_int_equal(madt.ioapic_count, 1);
	assert_int_equal(madt.ioapics[0].id, 3);
	assert_int_equal(madt.ioapics[0].address.v, 0xfec00000);
}

/* 5.2.12.5: what is not overridden is identity mapped, edge, active high. */
static void
isa_interrupts(void **state)
{
	put_one_of_each();
	assert_int_equal(parse_whole(), 0);
	assert_int_equal(madt.isa[0].gsi, 2);
	assert_false(madt.isa[0].level || madt.isa[0].active_low);
	assert_int_equal(madt.isa[4].gsi, 4);
	assert_int_equal(madt.isa[9].gsi, 20);
	assert_true(madt.isa[9].level && madt.isa[9].active_low);
}

/* The NMI structure may come before the CPUs; a later, narrower one wins. */
static void
nmis(void **state)
{
	put_one_of_each();
	assert_int_equal(parse_whole(), 0);
	assert_int_equal(madt.cpus[0].nmi, MADT_NMI_LINT1);
	assert_false(madt.cpus[0].nmi_level || madt.cpus[0].nmi_active_low);
	assert_int_equal(madt.cpus[2].nmi, MADT_NMI_LINT0);
	assert_true(madt.cpus[2].nmi_level && madt.cpus[2].nmi_active_low);

	begin(0);
	put_lapic(0, 0, 1);
	assert_int_equal(parse_whole(), 0);
	assert_int_equal(madt.cpus[0].nmi, MADT_NMI_NONE);
	assert_false(madt.has_pics);
}

static void
cpus_not_to_use(void **state)
{
	begin(1);
	put_lapic(0, 0, 1);
	put_lapic(1, 1, 0);
	put_lapic(2, 2, 2);
	put_lapic(3, 0xff, 1);
	put_x2apic(4, 0xffffffff, 1);
	put_x2apic(0, 0, 1); /* the first one again */
	assert_int_equal(parse_whole(), 0);
	assert_int_equal(madt.cpu_count, 1);
	assert_int_equal(madt.cpus_disabled, 2);
	assert_int_equal(madt.cpus_pluggable, 1);
	assert_int_equal(madt.cpus_left_out, 0);
}

static void
too_many_cpus(void **state)
{
	begin(1);
	for (u32 i = 0; i < MAX_CPUS + 5; i++)
		put_x2apic(i, i, 1);
	assert_int_equal(parse_whole(), 0);
	assert_int_equal(madt.cpu_count, MAX_CPUS);
	assert_int_equal(madt.cpus_left_out, 5);
}

static void
too_many_ioapics(void **state)
{
	begin(1);
	for (u8 i = 0; i <= MADT_IOAPICS_MAX; i++)
		put_ioapic(i, 0xfec00000, 24u * i);
	assert_int_equal(parse_whole(), -ERR_FULL);
}

/* Known mistakes of firmware cost only the structure that has them. */
static void
odd_values(void **state)
{
	begin(1);
	put_lapic(0, 0, 1);
	put_ioapic(0, 0, 0);
	put_override(1, 0, 2, 0);
	put_override(0, 16, 2, 0);
	put_nmi(0xff, 0, 2);
	assert_int_equal(parse_whole(), 0);
	assert_int_equal(madt.ioapic_count, 0);
	assert_int_equal(madt.isa[0].gsi, 0);
	assert_int_equal(madt.cpus[0].nmi, MADT_NMI_NONE);

	begin(1);
	put_lapic_address(1ul << 52);
	assert_int_equal(parse_whole(), -ERR_FORMAT);
}

/* A structure is at least its type and its length, even when the byte after looks like one. */
static void
length_of_one(void **state)
{
	begin(1);
	put8(&b, 0x30), put8(&b, 1), put8(&b, 12), put_zeros(&b, 10);
	assert_int_equal(parse_whole(), -ERR_FORMAT);
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
	check_every_length(&b, 1, 1, 2, parse);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_of_each),	 cmocka_unit_test(isa_interrupts),
		cmocka_unit_test(nmis),		 cmocka_unit_test(cpus_not_to_use),
		cmocka_unit_test(too_many_cpus), cmocka_unit_test(too_many_ioapics),
		cmocka_unit_test(odd_values),	 cmocka_unit_test(every_cut),
		cmocka_unit_test(length_of_one), cmocka_unit_test(every_structure_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
