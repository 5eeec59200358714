/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/acpi_fadt.c lib/log.c lib/error.c lib/lock.c lib/format.c
#include "tests/unit/test.h"

#include "drivers/acpi_fadt.h"
#include "tests/unit/fake/acpi_build.h"

enum { SIZE_V1 = 116, SIZE_V2 = 244 };

static struct bytes b;
static struct acpi_fadt_info fadt;

static int
parse(struct acpi_bytes table)
{
	return acpi_fadt_parse(table, &fadt);
}

/* The fields of ACPI 1.0, as Bochs and older PCs have them. */
static void
build_v1(u8 revision, u32 flags)
{
	table_begin(&b, "FACP", revision);
	put_zeros(&b, SIZE_V1 - b.length);
	poke32(&b, 36, 0x7ff0000); /* FACS */
	poke32(&b, 40, 0x7ff1000); /* DSDT */
	b.at[46] = 9;		   /* SCI */
	poke32(&b, 48, 0xb2);
	b.at[52] = 0xf1;
	poke32(&b, 56, 0xb000); /* PM1a event */
	poke32(&b, 64, 0xb004); /* PM1a control */
	poke32(&b, 76, 0xb008); /* PM timer */
	b.at[88] = 4;
	b.at[89] = 2;
	b.at[91] = 4;
	poke32(&b, 112, flags);
}

static void
put_gas_at(size_t offset, u8 space, u64 address)
{
	size_t length = b.length;

	b.length = offset;
	put_gas(&b, space, 8, address);
	b.length = length;
}

static void
build_v2(u32 flags)
{
	build_v1(3, flags);
	put_zeros(&b, SIZE_V2 - SIZE_V1);
	b.at[109] = 2; /* 8042 */
	put_gas_at(116, ACPI_SPACE_IO, 0xcf9);
	b.at[128] = 6;
}

static int
parse_whole(void)
{
	table_end(&b);
	return parse_cut(&b, b.length, parse);
}

static void
acpi_1_0(void **state)
{
	build_v1(1, 1u << 8 | 1u << 10 | 1u << 20);
	b.at[109] = 0xff; /* reserved then: no meaning */
	assert_int_equal(parse_whole(), 0);
	assert_int_equal(fadt.dsdt.v, 0x7ff1000);
	assert_int_equal(fadt.facs.v, 0x7ff0000);
	assert_int_equal(fadt.sci_irq, 9);
	assert_int_equal(fadt.smi_command_port, 0xb2);
	assert_int_equal(fadt.acpi_enable, 0xf1);
	assert_int_equal(fadt.pm1a_event.address, 0xb000);
	assert_int_equal(fadt.pm1a_control.address, 0xb004);
	assert_int_equal(fadt.pm1a_control.space, ACPI_SPACE_IO);
	assert_int_equal(fadt.pm1b_control.address, 0);
	assert_int_equal(fadt.pm_timer.address, 0xb008);
	assert_true(fadt.pm_timer_32bit);
	assert_false(fadt.has_reset || fadt.hardware_reduced);
	assert_true(fadt.has_8042 && fadt.has_vga);
}

/* ACPI 1.0 has nothing behind its 116 bytes, whatever the length says. */
static void
acpi_1_0_with_more(void **state)
{
	build_v2(1u << 10);
	b.at[8] = 1; /* revision */
	poke32(&b, 140, 0x1234000);
	put_gas_at(208, ACPI_SPACE_IO, 0x608);
	assert_int_equal(parse_whole(), 0);
	assert_int_equal(fadt.dsdt.v, 0x7ff1000);
	assert_int_equal(fadt.pm_timer.address, 0xb008);
	assert_false(fadt.has_reset);
}

static void
since_acpi_2_0(void **state)
{
	build_v2(1u << 10);
	poke32(&b, 140, 0x80000000); /* X_DSDT, above 4 GiB */
	poke32(&b, 144, 1);
	put_gas_at(172, ACPI_SPACE_MEMORY, 0xfed40000);
	put_gas_at(208, ACPI_SPACE_IO, 0x608);
	assert_int_equal(parse_whole(), 0);
	assert_int_equal(fadt.dsdt.v, 0x180000000);
	assert_int_equal(fadt.dsdt_32.v, 0x7ff1000);
	assert_int_equal(fadt.pm1a_control.space, ACPI_SPACE_MEMORY);
	assert_int_equal(fadt.pm1a_control.address, 0xfed40000);
	assert_int_equal(fadt.pm1a_event.address, 0xb000);
	assert_int_equal(fadt.pm_timer.address, 0x608);
	assert_false(fadt.pm_timer_32bit);
	assert_true(fadt.has_reset);
	assert_int_equal(fadt.reset_register.address, 0xcf9);
	assert_int_equal(fadt.reset_value, 6);
	assert_true(fadt.has_8042 && fadt.has_vga);

	b.at[109] = 4; /* "VGA not present" */
	assert_int_equal(parse_whole(), 0);
	assert_false(fadt.has_8042 || fadt.has_vga);
}

/* A register without a usable address is one that is not there. */
static void
odd_values(void **state)
{
	build_v2(1u << 10);
	put_gas_at(116, ACPI_SPACE_IO, 0x10000);
	put_gas_at(172, 7, 0xb004);	      /* a space that PM1 can't be in */
	put_gas_at(148, ACPI_SPACE_IO, ~0ul); /* no such port */
	poke32(&b, 48, 0x10000);
	poke32(&b, 76, 0xffffffff);
	assert_int_equal(parse_whole(), 0);
	assert_false(fadt.has_reset);
	assert_int_equal(fadt.pm1a_control.address, 0xb004);
	assert_int_equal(fadt.pm1a_event.address, 0xb000);
	assert_int_equal(fadt.pm_timer.address, 0);
	assert_int_equal(fadt.smi_command_port, 0);

	b.at[88] = b.at[89] = b.at[91] = 0;
	assert_int_equal(parse_whole(), 0);
	assert_int_equal(fadt.pm1a_control.address, 0);
	assert_int_equal(fadt.pm1a_event.address, 0);
}

static void
hardware_reduced(void **state)
{
	build_v2(1u << 20);
	assert_int_equal(parse_whole(), 0);
	assert_true(fadt.hardware_reduced);
	assert_int_equal(fadt.pm1a_control.address, 0);
	assert_int_equal(fadt.pm_timer.address, 0);
}

static void
reset_by_pci(void **state)
{
	build_v2(1u << 10);
	put_gas_at(116, ACPI_SPACE_PCI, 0x001f000000acul);
	assert_int_equal(parse_whole(), 0);
	assert_true(fadt.has_reset);
}

/* What lies past the end of a shorter table is not there. */
static void
every_cut(void **state)
{
	build_v2(1u << 10);
	put_gas_at(208, ACPI_SPACE_IO, 0x608);
	table_end(&b);
	for (size_t n = 0; n < b.length; n++) {
		assert_int_equal(parse_cut(&b, n, parse), n < SIZE_V1 ? -ERR_RANGE : 0);
		if (n >= SIZE_V1 && n < 129)
			assert_false(fadt.has_reset);
		if (n >= SIZE_V1 && n < 208 + 12)
			assert_int_equal(fadt.pm_timer.address, 0xb008);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acpi_1_0),	    cmocka_unit_test(acpi_1_0_with_more),
		cmocka_unit_test(since_acpi_2_0),   cmocka_unit_test(odd_values),
		cmocka_unit_test(hardware_reduced), cmocka_unit_test(reset_by_pci),
		cmocka_unit_test(every_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
