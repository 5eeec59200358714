/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/acpi_s5.c
/* \_S5_ in AML bytes, as compilers of ASL have written it (ACPI 6.4, 20.2). */
#include "tests/unit/test.h"

#include "drivers/acpi_s5.h"
#include "tests/unit/fake/bytes.h"

static struct acpi_s5_info s5;

static bool
find(const void *aml, size_t length)
{
	u8 *copy = exact_copy(aml, length);
	bool found = acpi_s5_find((struct acpi_bytes){copy, length}, &s5);

	free(copy);
	return found;
}

#define assert_s5(aml, a, b)                                                                       \
	do {                                                                                       \
		assert_true(find(aml, sizeof(aml) - 1));                                           \
		assert_int_equal(s5.type_a, a);                                                    \
		assert_int_equal(s5.type_b, b);                                                    \
	} while (0)
#define assert_no_s5(aml) assert_false(find(aml, sizeof(aml) - 1))

static void
constants(void **state)
{
	assert_s5("\x08_S5_\x12\x08\x04\x0a\x05\x0a\x07\x00\x00", 5, 7);
	assert_s5("\x08_S5_\x12\x06\x04\x00\x00\x00\x00", 0, 0); /* QEMU, Bochs */
	assert_s5("\x08_S5_\x12\x06\x04\x01\xff\x00\x00", 1, 7); /* One, Ones */
	assert_s5("\x08_S5_\x12\x08\x02\x0b\x06\x00\x0b\x03\x00", 6, 3);
	assert_s5("\x08_S5_\x12\x0c\x02\x0c\x05\x00\x00\x00\x0c\x04\x00\x00\x00", 5, 4);
	assert_s5("\x08_S5_\x12\x05\x01\x0b\x05\x02", 5, 2); /* both in one */
}

static void
where_it_is(void **state)
{
	assert_s5("\x08\\_S5_\x12\x06\x04\x00\x01\x00\x00", 0, 1); /* named from the root */
	assert_s5("junk_S5_\x08_S5_\x12\x04\x02\x01\x01", 1, 1);
	assert_s5("\x5b\x82\x10\x08_S4_\x12\x06\x04\x06\x06\x00\x00\x08_S5_\x12\x04\x02\x01\x00", 1,
		  0);
}

/* PkgLength in two to four bytes */
static void
package_lengths(void **state)
{
	assert_s5("\x08_S5_\x12\x45\x00\x02\x01\x00", 1, 0);
	assert_s5("\x08_S5_\x12\x86\x00\x00\x02\x01\x00", 1, 0);
	assert_s5("\x08_S5_\x12\xc7\x00\x00\x00\x02\x01\x00", 1, 0);
}

static void
nothing_to_use(void **state)
{
	assert_no_s5("");
	assert_no_s5("_S5_");
	assert_no_s5("\\_S5_\x12\x04\x02\x01\x00"); /* no NameOp */
	assert_no_s5("\x08_S5_\x0a\x05");	    /* no package */
	assert_no_s5("\x08_S5_\x12\x02\x00");	    /* no element */
	assert_no_s5("\x08_S5_\x12\x03\x00\x01");
	assert_no_s5("\x08_S5_\x12\x02\x02\x01\x01"); /* elements beyond the package */
	assert_no_s5("\x08_S5_\x12\x00\x02\x01\x01"); /* length 0 */
	assert_no_s5("\x08_S5_\x12\x01\x02\x01\x01");
	assert_no_s5("\x08_S5_\x12\xc0\x00\x00\x00\x02\x01\x01");
	assert_no_s5("\x08_S5_\x12\x3f\x02\x01\x01"); /* beyond the table */
	assert_no_s5("\x08_S5_\x12\xcf\xff\xff\xff\x02\x01\x01");
	assert_no_s5("\x08_S5_\x12\x06\x02XYZ_\x00"); /* names, not constants */
}

static void
every_cut(void **state)
{
	static const char aml[] =
		"\x08_S5_\x12\x4d\x00\x02\x0c\x05\x00\x00\x00\x0c\x04\x00\x00\x00";

	for (size_t n = 0; n < sizeof(aml) - 1; n++)
		assert_false(find(aml, n));
	assert_true(find(aml, sizeof(aml) - 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(constants),	   cmocka_unit_test(where_it_is),
		cmocka_unit_test(package_lengths), cmocka_unit_test(nothing_to_use),
		cmocka_unit_test(every_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
