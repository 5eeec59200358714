/* SPDX-License-Identifier: MIT */
// SOURCES: lib/format.c
#include "tests/unit/test.h"

#include <limits.h>

#include "lib/format.h"

#define assert_format(want, ...)                                                                   \
	do {                                                                                       \
		char buf[128];                                                                     \
		assert_int_equal(format(buf, sizeof(buf), __VA_ARGS__), sizeof(want) - 1);         \
		assert_string_equal(buf, want);                                                    \
	} while (0)

static void
numbers(void **state)
{
	assert_format("0", "%d", 0);
	assert_format("-2147483648", "%d", INT_MIN);
	assert_format("-9223372036854775808", "%ld", LONG_MIN);
	assert_format("18446744073709551615", "%lu", ~0ul);
	assert_format("ffffffffffffffff", "%lx", ~0ul);
	assert_format("0xff", "%#x", 255);
	assert_format("FF", "%X", 255);
	assert_format("+7", "%+d", 7);
	assert_format("0x1234", "%p", (void *)0x1234);
	assert_format("42", "%zu", (size_t)42);
}

static void
widths(void **state)
{
	assert_format("    42|42    |00042", "%6d|%-6d|%05d", 42, 42, 42);
	assert_format("-0042", "%05d", -42);
	assert_format("0x00ff", "%#06x", 255);
	assert_format("   007", "%6.3d", 7);
	assert_format("   7|7  ", "%*d|%*d", 4, 7, -3, 7);
	assert_format("  c|c  ", "%3c|%-3c", 'c', 'c');
}

static void
strings(void **state)
{
	assert_format("abc", "%s", "abc");
	assert_format("  abc|abc  |ab", "%5s|%-5s|%.2s", "abc", "abc", "abc");
	assert_format("xy", "%.*s", 2, "xyz");
	assert_format("(null)", "%s", (char *)NULL);
	assert_format("100%", "%d%%", 100);
}

/* A precision bounds what is read: the array has no NUL. */
static void
string_without_nul(void **state)
{
	char raw[3] = {'a', 'b', 'c'};

	assert_format("abc", "%.3s", raw);
}

static void
cut_to_fit(void **state)
{
	char buf[4] = "zzz";

	assert_int_equal(format(buf, sizeof(buf), "%s", "abcdef"), 3);
	assert_string_equal(buf, "abc");
	assert_int_equal(format(buf, 1, "%d", 12345), 0);
	assert_string_equal(buf, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),    cmocka_unit_test(widths),
		cmocka_unit_test(strings),    cmocka_unit_test(string_without_nul),
		cmocka_unit_test(cut_to_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
