/* SPDX-License-Identifier: MIT */
// SOURCES: net/frame.c net/checksum.c
/* Frames of a header and spans of any lengths. */
#include "tests/unit/test.h"

#include <string.h>

#include "net/checksum.h"
#include "tests/unit/fake/frames.h"

enum { LEN = 257 };

static struct frame f;
static u8 bytes[65536], out[65536];

static int
setup(void **state)
{
	fake_fill(bytes, sizeof(bytes), 1);
	return 0;
}

static void
test_copy_any_part(void **state)
{
	for (u32 span = 3; span < 40; span += 9) {
		fake_frame(&f, bytes, LEN, 17, span);
		for (u32 from = 0; from <= LEN; from++) {
			memset(out, 0, LEN + 1);
			frame_copy(&f, from, out, LEN - from);
			assert_memory_equal(out, bytes + from, LEN - from);
			assert_int_equal(out[LEN - from], 0);
		}
	}
}

static void
test_copy_leaves_empty_spans_alone(void **state)
{
	fake_frame(&f, bytes, 20, 14, 6);
	f.spans[2] = f.spans[0];
	f.spans[0] = f.spans[1] = (struct frame_span){NULL, 0};
	f.span_count = 3;
	frame_copy(&f, 0, out, 20);
	assert_memory_equal(out, bytes, 20);
}

static void
test_spans_join(void **state)
{
	fake_frame(&f, bytes, 14, 14, 1);
	assert_true(frame_add_span(&f, bytes, 10));
	assert_true(frame_add_span(&f, bytes + 10, 5));
	assert_true(frame_add_span(&f, bytes + 10, 0));
	assert_int_equal(f.span_count, 1);
	assert_int_equal(f.spans[0].len, 15);
	for (u32 i = 1; i < FRAME_SPANS_MAX; i++)
		assert_true(frame_add_span(&f, bytes + 100 * (i % 2), 1));
	assert_int_equal(f.span_count, FRAME_SPANS_MAX);
	assert_false(frame_add_span(&f, bytes + 500, 1));
	assert_int_equal(f.span_count, FRAME_SPANS_MAX);
}

/* The first span of a frame without any has nobody in front of it. */
static void
test_first_span_joins_nothing(void **state)
{
	memset(&f, 0, sizeof(f));
	assert_true(frame_add_span(&f, f.header, 1));
	assert_int_equal(f.span_count, 1);
}

static void
test_checksum_across_odd_spans(void **state)
{
	for (u32 header = 14; header < 18; header++) {
		for (u32 span = 3; span < 50; span++) {
			u32 from = span % 14, len = LEN - from - span % 5;

			fake_frame(&f, bytes, LEN, header, span);
			assert_int_equal(checksum_fold(frame_checksum(&f, from, len)),
					 checksum_fold(checksum_add(0, bytes + from, len)));
		}
	}
}

static void
complete_packet(bool ipv6, u8 protocol, u32 payload, u32 seed, u32 span)
{
	struct fake_packet p = {.ipv6 = ipv6,
				.protocol = protocol,
				.payload = payload,
				.seed = seed,
				.partial = true};
	u32 len = fake_packet(bytes, &p);

	fake_frame(&f, bytes, len, fake_headers(&p), span);
	f.checksum_missing = true;
	f.checksum_start = (u16)fake_l4_offset(&p);
	f.checksum_at =
		(u16)(f.checksum_start + (protocol == IP_TCP ? TCP_CHECKSUM : UDP_CHECKSUM));
	frame_complete(&f);
	assert_false(f.checksum_missing);
	frame_copy(&f, 0, out, len);
	assert_true(fake_packet_is_right(out, len));
}

static void
test_n7_missing_checksum_is_filled_in(void **state)
{
	for (u32 payload = 0; payload < 200; payload += 13) {
		for (unsigned kind = 0; kind < 4; kind++)
			complete_packet(kind & 1, kind & 2 ? IP_TCP : IP_UDP, payload, payload, 11);
	}
}

/* For UDP 0 would say that there is none: RFC 768. */
static void
test_n7_udp_checksum_of_zero_is_sent_as_ones(void **state)
{
	struct fake_packet p = {.protocol = IP_UDP, .payload = 2, .partial = true};
	u32 len = fake_packet(bytes, &p);
	u64 sum;

	be16_put(bytes + len - 2, 0);
	sum = checksum_add(0, bytes + ETH_HEADER + IPV4_HEADER, UDP_HEADER + 2);
	be16_put(bytes + len - 2, checksum_fold(sum));
	fake_frame(&f, bytes, len, len, 1);
	f.checksum_missing = true;
	f.checksum_start = ETH_HEADER + IPV4_HEADER;
	f.checksum_at = (u16)(f.checksum_start + UDP_CHECKSUM);
	frame_complete(&f);
	assert_int_equal(be16_at(f.header + f.checksum_at), 0xffff);
	frame_copy(&f, 0, out, len);
	assert_true(fake_packet_is_right(out, len));
}

static void
test_pull_moves_bytes_of_several_spans(void **state)
{
	for (u32 span = 1; span < 30; span += 4) {
		fake_frame(&f, bytes, 60, 14, span);
		assert_true(frame_pull(&f, 14));
		assert_int_equal(f.header_len, 14);
		assert_true(frame_pull(&f, 42));
		assert_int_equal(f.header_len, 42);
		assert_memory_equal(f.header, bytes, 42);
		frame_copy(&f, 0, out, 60);
		assert_memory_equal(out, bytes, 60);
		assert_true(frame_pull(&f, 60));
		assert_false(frame_pull(&f, 61));
	}
	fake_frame(&f, bytes, 1000, 14, 986);
	assert_true(frame_pull(&f, FRAME_HEADER_MAX));
	assert_false(frame_pull(&f, FRAME_HEADER_MAX + 1));
}

static void
test_copy_with_the_tag_in_its_place(void **state)
{
	u8 wire[24];

	memcpy(wire, bytes, 12);
	memcpy(wire + 12, (u8[]){0x81, 0x00, 0x6a, 0xbc}, 4);
	memcpy(wire + 16, bytes + 12, 8);
	fake_frame(&f, bytes, 20, 14, 3);
	for (u32 max = 0; max < 30; max++) {
		memset(out, 0xee, 40);
		f.tagged = false;
		assert_int_equal(frame_copy_tagged(&f, out, max), MIN(max, 20u));
		assert_memory_equal(out, bytes, MIN(max, 20u));
		assert_int_equal(out[max], 0xee);
		f.tagged = true;
		f.tag = 0x6abc;
		assert_int_equal(frame_copy_tagged(&f, out, max), MIN(max, 24u));
		assert_memory_equal(out, wire, MIN(max, 24u));
		assert_int_equal(out[max], 0xee);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy_any_part),
		cmocka_unit_test(test_copy_leaves_empty_spans_alone),
		cmocka_unit_test(test_spans_join),
		cmocka_unit_test(test_first_span_joins_nothing),
		cmocka_unit_test(test_checksum_across_odd_spans),
		cmocka_unit_test(test_n7_missing_checksum_is_filled_in),
		cmocka_unit_test(test_n7_udp_checksum_of_zero_is_sent_as_ones),
		cmocka_unit_test(test_pull_moves_bytes_of_several_spans),
		cmocka_unit_test(test_copy_with_the_tag_in_its_place),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
