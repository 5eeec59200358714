/* SPDX-License-Identifier: MIT */
// SOURCES: net/checksum.c
/* The Internet checksum against RFC 1071's example and a sum by its definition. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "net/checksum.h"
#include "net/wire.h"

enum { BYTES = 300 };

/* By the definition: words in network order, end-around carry. */
static u16
by_definition(const u8 *data, size_t len)
{
	u32 sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += i % 2 == 0 ? (u32)data[i] << 8 : data[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (u16)~sum;
}

static void
fill(u8 *data, size_t len, unsigned seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		data[i] = (u8)(seed >> 16);
	}
}

/* RFC 1071, section 3: 00 01 f2 03 f4 f5 f6 f7 sum to ddf2h. */
static void
test_example_of_rfc_1071(void **state)
{
	const u8 data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	assert_int_equal(checksum_fold(checksum_add(0, data, sizeof(data))), (u16)~0xddf2);
}

/* Each piece is in a buffer of its own size, so that ASan sees a byte read too much. */
static void
test_every_length_at_every_alignment(void **state)
{
	for (size_t len = 0; len <= BYTES; len++) {
		for (size_t shift = 0; shift < 8; shift++) {
			u8 *data = malloc(shift + len + 1);

			fill(data, shift + len, (unsigned)(len * 8 + shift));
			data[shift + len] = 0xff;
			assert_int_equal(checksum_fold(checksum_add(0, data + shift, len)),
					 by_definition(data + shift, len));
			free(data);
		}
	}
}

/* All carries there can be; and 0 only for zeros (RFC 1071 counts on it for UDP). */
static void
test_ones_and_zeros(void **state)
{
	static u8 data[65535];

	for (size_t len = 0; len < sizeof(data); len += 1 + len / 3) {
		memset(data, 0xff, len);
		assert_int_equal(checksum_fold(checksum_add(0, data, len)),
				 by_definition(data, len));
		memset(data, 0, len);
		assert_int_equal(checksum_fold(checksum_add(0, data, len)), 0xffff);
	}
}

static void
test_pieces_of_even_length_add_up(void **state)
{
	u8 data[BYTES];

	fill(data, BYTES, 7);
	for (size_t cut = 0; cut < BYTES; cut += 2) {
		u64 sum = checksum_add(0, data, cut);

		assert_int_equal(checksum_fold(checksum_add(sum, data + cut, BYTES - 1 - cut)),
				 by_definition(data, BYTES - 1));
	}
}

/* The pseudo headers, laid out as RFC 9293, 3.1 and RFC 8200, 8.1 draw them. */
static void
test_pseudo_headers(void **state)
{
	u8 ip[40], drawn4[12], drawn6[40];

	fill(ip, sizeof(ip), 3);
	memcpy(drawn4, ip + IPV4_SOURCE, 8);
	memcpy(drawn4 + 8, (u8[]){0, IP_UDP, 0xfe, 0xdc}, 4);
	assert_int_equal(checksum_fold(checksum_pseudo_ipv4(ip, IP_UDP, 0xfedc)),
			 by_definition(drawn4, sizeof(drawn4)));
	memcpy(drawn6, ip + IPV6_SOURCE, 32);
	memcpy(drawn6 + 32, (u8[]){0, 1, 0xfe, 0xdc, 0, 0, 0, IP_TCP}, 8);
	assert_int_equal(checksum_fold(checksum_pseudo_ipv6(ip, IP_TCP, 0x1fedc)),
			 by_definition(drawn6, sizeof(drawn6)));
}

static void
test_update_is_as_good_as_a_new_sum(void **state)
{
	u8 data[20];

	for (unsigned seed = 0; seed < 2000; seed++) {
		size_t at = seed % 10 * 2;
		u16 before, from, to = (u16)(seed * 33);

		fill(data, sizeof(data), seed);
		before = by_definition(data, sizeof(data));
		from = be16_at(data + at);
		be16_put(data + at, to);
		assert_int_equal(checksum_update(before, from, to),
				 by_definition(data, sizeof(data)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example_of_rfc_1071),
		cmocka_unit_test(test_every_length_at_every_alignment),
		cmocka_unit_test(test_ones_and_zeros),
		cmocka_unit_test(test_pieces_of_even_length_add_up),
		cmocka_unit_test(test_pseudo_headers),
		cmocka_unit_test(test_update_is_as_good_as_a_new_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
