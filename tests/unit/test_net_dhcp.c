/* SPDX-License-Identifier: MIT */
// SOURCES: net/dhcp.c
/* DHCP's messages: what is read of hostile ones, and what is written. */
#include "tests/unit/test.h"

#include <string.h>

#include "net/dhcp.h"

static const u8 mac[6] = {2, 0, 0, 0, 0, 7};
static u8 message[DHCP_MAX];
static struct dhcp_message m;

static void
test_what_is_written_is_read(void **state)
{
	struct dhcp_writer w = dhcp_begin(message, DHCP_BOOTREQUEST, DHCP_REQUEST, 77, mac);
	static const u8 dns[] = {1, 2, 3, 4, 5, 6, 7, 8};

	dhcp_put32(&w, DHCP_REQUESTED, 0x0a000001);
	dhcp_put32(&w, DHCP_SERVER, 0x0a000002);
	dhcp_put(&w, DHCP_DNS, dns, sizeof(dns));
	dhcp_put(&w, DHCP_HOST_NAME, "web-1\0", 6);
	dhcp_put(&w, DHCP_CLIENT_ID, "\1abc", 4);
	dhcp_put16(&w, DHCP_MTU, 1400);
	assert_int_equal(dhcp_end(&w), DHCP_MIN);
	assert_true(dhcp_check(message, DHCP_MIN, &m));
	assert_int_equal(m.op, DHCP_BOOTREQUEST);
	assert_int_equal(m.type, DHCP_REQUEST);
	assert_int_equal(m.xid, 77);
	assert_memory_equal(m.mac, mac, 6);
	assert_int_equal(m.requested, 0x0a000001);
	assert_int_equal(m.server, 0x0a000002);
	assert_int_equal(m.dns_count, 2);
	assert_int_equal(m.dns[1], 0x05060708);
	assert_string_equal(m.host_name, "web-1");
	assert_int_equal(m.id_len, 4);
	assert_int_equal(m.mtu, 1400);
}

static void
test_an_option_without_room_is_left_out(void **state)
{
	struct dhcp_writer w = dhcp_begin(message, DHCP_BOOTREQUEST, DHCP_REQUEST, 77, mac);
	u8 value[255] = {0};

	for (unsigned i = 0; i < 10; i++)
		dhcp_put(&w, 200, value, sizeof(value));
	dhcp_put(&w, 201, value, 300);
	assert_int_equal(dhcp_end(&w), DHCP_OPTIONS + 3 + 257 + 1);
	assert_true(dhcp_check(message, w.len, &m));
}

/* A message whose options are these bytes, with nothing behind them. */
static bool
read_options(const void *options, u32 len)
{
	(void)dhcp_begin(message, DHCP_BOOTREQUEST, DHCP_DISCOVER, 1, mac);
	memset(message + DHCP_OPTIONS, 0, DHCP_MAX - DHCP_OPTIONS);
	memcpy(message + DHCP_OPTIONS, options, len);
	return dhcp_check(message, DHCP_OPTIONS + len, &m);
}

static void
test_n5_dhcp_options_overrun(void **state)
{
	assert_true(read_options("\x35\x01\x01", 3)); /* without an end, but whole */
	assert_false(read_options("\x35\x01\x01\x0c", 4));
	assert_false(read_options("\x35\x01\x01\x0c\x01", 5));
	assert_false(read_options("\x35\x01\x01\x0c\xff"
				  "abc",
				  8));
	assert_true(read_options("\x35\x01\x01\xff\x0c\xff", 6)); /* behind the end */
	assert_true(read_options("\0\0\0\x35\x01\x01\0", 7));
	assert_false(read_options("", 0));
	assert_false(read_options("\xff", 1));
	assert_false(read_options("\x35\x00\xff", 3)); /* no type */
	/* Of a wrong length: as if they weren't there. */
	assert_true(read_options("\x35\x01\x01\x32\x03\x01\x02\x03\x33\x05\1\1\1\1\1\xff", 16));
	assert_int_equal(m.requested, 0);
	assert_int_equal(m.lease_time, 0);
}

static void
test_n5_dhcp_hlen_255(void **state)
{
	assert_true(read_options("\x35\x01\x01\xff", 4));
	message[DHCP_HLEN] = 255;
	assert_false(dhcp_check(message, DHCP_OPTIONS + 4, &m));
	message[DHCP_HLEN] = 16;
	assert_false(dhcp_check(message, DHCP_OPTIONS + 4, &m));
	message[DHCP_HLEN] = 6;
	message[DHCP_HTYPE] = 6;
	assert_false(dhcp_check(message, DHCP_OPTIONS + 4, &m));
	message[DHCP_HTYPE] = 1;
	message[DHCP_CHADDR] = 0xff; /* a group */
	assert_false(dhcp_check(message, DHCP_OPTIONS + 4, &m));
	message[DHCP_CHADDR] = 2;
	assert_true(dhcp_check(message, DHCP_OPTIONS + 4, &m));
	for (u32 len = 0; len < DHCP_OPTIONS + 3; len++)
		assert_false(dhcp_check(message, len, &m));
	message[DHCP_MAGIC] ^= 1;
	assert_false(dhcp_check(message, DHCP_OPTIONS + 4, &m));
}

static void
test_n5_dhcp_option_52_overload(void **state)
{
	static const char options[] = "\x35\x01\x01\x34\x01\x03\xff";

	/* Read as options: empty fields, then ones that hold some, then ones that overrun. */
	assert_true(read_options(options, 7));
	memcpy(message + DHCP_FILE, "\x32\x04\x0a\0\0\x09\xff", 7);
	memcpy(message + DHCP_SNAME, "\x0c\x03web\x34\x01\x03", 8); /* overload again */
	assert_true(dhcp_check(message, DHCP_OPTIONS + 7, &m));
	assert_int_equal(m.requested, 0x0a000009);
	assert_string_equal(m.host_name, "web");
	memset(message + DHCP_SNAME, 0, DHCP_SNAME_LEN);
	message[DHCP_SNAME + DHCP_SNAME_LEN - 2] = 12;
	message[DHCP_SNAME + DHCP_SNAME_LEN - 1] = 1; /* its value would be the file's first byte */
	assert_false(dhcp_check(message, DHCP_OPTIONS + 7, &m));
	message[DHCP_SNAME + DHCP_SNAME_LEN - 2] = 0;
	message[DHCP_SNAME + DHCP_SNAME_LEN - 1] = 12; /* no length */
	assert_false(dhcp_check(message, DHCP_OPTIONS + 7, &m));
	/* Only what option 52 says. */
	message[DHCP_OPTIONS + 5] = 1;
	assert_true(dhcp_check(message, DHCP_OPTIONS + 7, &m));
	message[DHCP_FILE + DHCP_FILE_LEN - 1] = 12;
	message[DHCP_FILE + 6] = 0;
	assert_false(dhcp_check(message, DHCP_OPTIONS + 7, &m));
	message[DHCP_OPTIONS + 5] = 0;
	assert_true(dhcp_check(message, DHCP_OPTIONS + 7, &m));
}

static void
test_the_first_of_several_counts_and_names_are_plain(void **state)
{
	assert_true(read_options("\x35\x01\x01\x35\x01\x07\x0c\x03"
				 "a\nb\xff",
				 12));
	assert_int_equal(m.type, DHCP_DISCOVER);
	assert_string_equal(m.host_name, "");
}

static void
test_a_long_client_id_is_cut(void **state)
{
	u8 options[3 + 2 + 255] = {53, 1, 1, 61, 255};

	memset(options + 5, 'i', 255);
	assert_true(read_options(options, sizeof(options)));
	assert_int_equal(m.id_len, DHCP_ID_MAX);
	assert_int_equal(m.id[DHCP_ID_MAX - 1], 'i');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_an_option_without_room_is_left_out),
		cmocka_unit_test(test_n5_dhcp_options_overrun),
		cmocka_unit_test(test_n5_dhcp_hlen_255),
		cmocka_unit_test(test_n5_dhcp_option_52_overload),
		cmocka_unit_test(test_the_first_of_several_counts_and_names_are_plain),
		cmocka_unit_test(test_a_long_client_id_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
