/* SPDX-License-Identifier: MIT */
// SOURCES: lib/text.c
#include "tests/unit/test.h"

#include <string.h>

#include "lib/text.h"

static void
copies(void **state)
{
	char buf[4] = "zzz";

	assert_true(copy_string(buf, "abc", sizeof(buf)));
	assert_string_equal(buf, "abc");
	assert_false(copy_string(buf, "defg", sizeof(buf)));
	assert_string_equal(buf, "def");
	assert_false(copy_string(buf, "x", 1));
	assert_string_equal(buf, "");
}

static void
assert_number(const char *text, u64 want)
{
	u64 value = 0;

	assert_true(parse_u64(text, strlen(text), &value));
	assert_int_equal(value, want);
}

static void
numbers(void **state)
{
	assert_number("0", 0);
	assert_number("0042", 42);
	assert_number("0x3F8", 0x3f8);
	assert_number("18446744073709551615", ~0ul);
	assert_number("0xffffffffffffffff", ~0ul);
}

static void
no_numbers(void **state)
{
	static const char *const texts[] = {
		"",
		"x",
		"0x",
		"0xg",
		"-1",
		"+1",
		" 1",
		"1 ",
		"1a",
		"18446744073709551616",
		"0x10000000000000000",
	};
	u64 value = 7;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_false(parse_u64(texts[i], strlen(texts[i]), &value));
	assert_int_equal(value, 7);
}

/* The length ends the number: what follows is not looked at. */
static void
length_bounds(void **state)
{
	u64 value;

	assert_true(parse_u64("123", 2, &value));
	assert_int_equal(value, 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies),
		cmocka_unit_test(numbers),
		cmocka_unit_test(no_numbers),
		cmocka_unit_test(length_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
