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

static void
hexadecimal(void **state)
{
	u64 value;

	assert_true(parse_hex("1F", 2, &value));
	assert_int_equal(value, 0x1f);
	assert_true(parse_hex("ffffffffffffffff", 16, &value));
	assert_int_equal(value, ~0ul);
	assert_false(parse_hex("", 0, &value));
	assert_false(parse_hex("0x1", 3, &value));
	assert_false(parse_hex("1g", 2, &value));
	assert_false(parse_hex("10000000000000000", 17, &value));
}

static void
ipv4_addresses(void **state)
{
	static const char *const texts[] =
		{"",	     "1",	  "1.2.3",     "1.2.3.",	  ".1.2.3",   "1..2.3",
		 "1.2.3.4.", "1.2.3.4.5", "1.2.3.256", "1.2.3.04",	  "1.2.3.-1", "1.2.3.0x1",
		 " 1.2.3.4", "1.2.3.4 ",  "1.2.3.a",   "4294967296.1.1.1"};
	u32 address = 7;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_false(parse_ipv4(texts[i], strlen(texts[i]), &address));
	assert_int_equal(address, 7);
	assert_true(parse_ipv4("192.0.2.1", 9, &address));
	assert_int_equal(address, 0xc0000201);
	assert_true(parse_ipv4("0.0.0.0", 7, &address));
	assert_int_equal(address, 0);
	assert_true(parse_ipv4("255.255.255.2559", 15, &address));
	assert_int_equal(address, 0xffffffff);
}

static void
mac_addresses(void **state)
{
	static const char *const texts[] = {"",
					    "52:54:00:00:00",
					    "52:54:00:00:00:1",
					    "52:54:00:00:00:001",
					    "52:54:00:00:00:0g",
					    "52-54-00-00-00-01",
					    "52:54:00:00:0001:",
					    ":52:54:00:00:0001",
					    "5254000000010203:"};
	static const u8 want[MAC_LEN] = {0x52, 0x54, 0, 0xab, 0xcd, 0xff};
	u8 mac[MAC_LEN] = {7, 7, 7, 7, 7, 7};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_false(parse_mac(texts[i], strlen(texts[i]), mac));
	for (size_t i = 0; i < MAC_LEN; i++)
		assert_int_equal(mac[i], 7);
	assert_true(parse_mac("52:54:00:aB:CD:ff", MAC_TEXT_LEN, mac));
	assert_memory_equal(mac, want, MAC_LEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies),	 cmocka_unit_test(numbers),
		cmocka_unit_test(no_numbers),	 cmocka_unit_test(length_bounds),
		cmocka_unit_test(hexadecimal),	 cmocka_unit_test(ipv4_addresses),
		cmocka_unit_test(mac_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
