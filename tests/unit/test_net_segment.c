/* SPDX-License-Identifier: MIT */
// SOURCES: net/segment.c net/frame.c net/checksum.c
/* Segmentation of TCP against RFC 9293, 791, 8200 and 3168; and offloads that make no sense. */
#include "tests/unit/test.h"

#include <string.h>

#include "net/segment.h"
#include "tests/unit/fake/frames.h"

static u8 bytes[70000], out[FRAME_SINGLE_MAX];
static struct frame f, piece;
static struct segmenter segmenter;

/* As a guest's driver leaves it: neither lengths nor checksums mean anything. */
static void
tso_frame(const struct fake_packet *p, u16 mss, u32 more_header, u32 span)
{
	u32 len = fake_packet(bytes, p), headers = fake_headers(p);
	u8 *ip = bytes + ETH_HEADER;

	be16_put(ip + (p->ipv6 ? IPV6_PAYLOAD_LEN : IPV4_TOTAL_LEN), 0);
	be16_put(bytes + fake_l4_offset(p) + TCP_CHECKSUM, 0x1234);
	fake_frame(&f, bytes, len, MIN(headers + more_header, (u32)FRAME_HEADER_MAX), span);
	f.checksum_missing = true;
	f.checksum_start = (u16)fake_l4_offset(p);
	f.checksum_at = (u16)(f.checksum_start + TCP_CHECKSUM);
	f.segmentation = p->ipv6 ? FRAME_TCP6 : FRAME_TCP4;
	f.segment_header = (u16)headers;
	f.segment_size = mss;
}

static void
check_segment(const struct fake_packet *p, u32 index, u32 sent, bool last)
{
	const u8 *tcp = out + fake_l4_offset(p);
	u8 flags = p->tcp_flags;

	frame_copy(&piece, 0, out, piece.len);
	assert_true(fake_packet_is_right(out, piece.len));
	assert_memory_equal(out + f.segment_header, bytes + f.segment_header + sent,
			    piece.len - f.segment_header);
	assert_int_equal(be32_at(tcp + TCP_SEQUENCE), (u32)FAKE_SEQUENCE + sent);
	if (!p->ipv6)
		assert_int_equal(be16_at(out + ETH_HEADER + IPV4_ID), (u16)(FAKE_IP_ID + index));
	if (index > 0)
		flags &= (u8)~TCP_CWR;
	if (!last)
		flags &= (u8) ~(TCP_FIN | TCP_PSH);
	assert_int_equal(tcp[TCP_FLAGS], flags);
	assert_int_equal(piece.segmentation, FRAME_WHOLE);
	assert_false(piece.checksum_missing);
}

/* Cuts f, and checks each piece; answers how many. */
static u32
cut(const struct fake_packet *p)
{
	u32 index = 0, sent = 0, payload = f.len - f.segment_header;

	segment_begin(&segmenter, &f, true);
	for (; segment_next(&segmenter, &piece); index++) {
		u32 len = piece.len - f.segment_header;

		assert_int_equal(len, MIN((u32)f.segment_size, payload - sent));
		check_segment(p, index, sent, sent + len == payload);
		sent += len;
	}
	assert_int_equal(sent, payload);
	assert_int_equal(index, segment_count(&f));
	return index;
}

static void
cut_all_ways(const struct fake_packet *p, u16 mss)
{
	const u32 more[] = {0, 1, 7, 200};
	const u32 spans[] = {1 + p->payload / 128, 1449, 4096, 65536};

	for (unsigned i = 0; i < ARRAY_SIZE(more); i++) {
		for (unsigned k = 0; k < ARRAY_SIZE(spans); k++) {
			tso_frame(p, mss, more[i], spans[k] + k);
			assert_true(segment_check(&f));
			(void)cut(p);
		}
	}
}

static void
test_n7_64k_of_tcp_is_cut_into_right_segments(void **state)
{
	struct fake_packet p = {.protocol = IP_TCP, .tcp_flags = 0xff, .payload = 65000, .seed = 1};

	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		p.ipv6 = ipv6 != 0;
		p.ip_options = p.tcp_options = 0;
		cut_all_ways(&p, 1460);
		p.tcp_options = 12;
		cut_all_ways(&p, 1448);
		p.ip_options = ipv6 ? 0 : 40;
		p.tcp_options = 40;
		cut_all_ways(&p, 9000);
		cut_all_ways(&p, 65);
	}
}

static void
test_small_and_odd_payloads(void **state)
{
	struct fake_packet p = {.protocol = IP_TCP, .tcp_flags = TCP_FIN | TCP_CWR | TCP_ACK};

	for (p.payload = 0; p.payload < 40; p.payload++) {
		for (u16 mss = 1; mss < 12; mss++) {
			tso_frame(&p, mss, mss, 3);
			assert_true(segment_check(&f));
			assert_int_equal(cut(&p), MAX((p.payload + mss - 1) / mss, 1));
		}
	}
}

/* A span for each byte, and payload in the header too. */
static void
test_no_segment_has_too_many_spans(void **state)
{
	struct fake_packet p = {.protocol = IP_TCP, .payload = FRAME_SPANS_MAX + 9};

	tso_frame(&p, 1000, 9, 1);
	assert_int_equal(f.span_count, FRAME_SPANS_MAX);
	assert_true(segment_check(&f));
	assert_int_equal(cut(&p), 1);
}

static void
test_payload_stays_where_the_sender_has_it(void **state)
{
	struct fake_packet p = {.protocol = IP_TCP, .payload = 4000};

	tso_frame(&p, 1460, 0, 4000);
	assert_true(segment_check(&f));
	segment_begin(&segmenter, &f, true);
	for (u32 sent = 0; segment_next(&segmenter, &piece); sent += 1460) {
		assert_int_equal(piece.span_count, 1);
		assert_ptr_equal(piece.spans[0].at, f.spans[0].at + sent);
	}
}

/* Who takes it whole gets headers that are right for the whole. */
static void
test_headers_of_the_whole_are_put_right(void **state)
{
	struct fake_packet p = {.protocol = IP_TCP, .payload = 30000, .seed = 5};

	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		p.ipv6 = ipv6 != 0;
		tso_frame(&p, 1460, 0, 30000);
		assert_true(segment_check(&f));
		assert_true(segment_whole_fits(&f));
		frame_complete(&f);
		frame_copy(&f, 0, bytes, f.len);
		assert_true(fake_packet_is_right(bytes, f.len));
	}
}

static void
test_more_than_ip_can_say_is_only_cut(void **state)
{
	struct fake_packet p = {.protocol = IP_TCP, .payload = 65535};

	tso_frame(&p, 1460, 0, 65535);
	assert_true(segment_check(&f));
	assert_false(segment_whole_fits(&f));
	assert_int_equal(cut(&p), 45);
}

static void
test_segments_may_be_left_partial(void **state)
{
	struct fake_packet p = {.protocol = IP_TCP, .payload = 5001};

	tso_frame(&p, 1460, 0, 77);
	assert_true(segment_check(&f));
	segment_begin(&segmenter, &f, false);
	while (segment_next(&segmenter, &piece)) {
		assert_true(piece.checksum_missing);
		frame_complete(&piece);
		frame_copy(&piece, 0, out, piece.len);
		assert_true(fake_packet_is_right(out, piece.len));
	}
}

static void
test_inner_tags_go_with_each_segment(void **state)
{
	const u8 tag[] = {0x81, 0x00, 0x00, 0x05};
	struct fake_packet p = {.protocol = IP_TCP, .payload = 3000};
	u8 tagged[3100];

	tso_frame(&p, 1460, 0, 3000);
	memcpy(tagged, f.header, f.header_len);
	memcpy(f.header + ETH_TYPE, tag, 4);
	memcpy(f.header + ETH_TYPE + 4, tagged + ETH_TYPE, f.header_len - (u32)ETH_TYPE);
	f.header_len += 4;
	f.len += 4;
	f.checksum_start += 4;
	f.checksum_at += 4;
	f.segment_header += 4;
	assert_true(segment_check(&f));
	segment_begin(&segmenter, &f, true);
	assert_true(segment_next(&segmenter, &piece));
	frame_copy(&piece, 0, out, piece.len);
	assert_memory_equal(out + ETH_TYPE, tag, 4);
	memmove(out + ETH_TYPE, out + ETH_TYPE + 4, piece.len - 16);
	assert_true(fake_packet_is_right(out, piece.len - 4));
}

/* One thing after the other is wrong. */
#define assert_refused(statement)                                                                  \
	do {                                                                                       \
		struct fake_packet p_ = {.protocol = IP_TCP, .payload = 3000};                     \
		tso_frame(&p_, 1000, 10, 1000);                                                    \
		assert_true(segment_check(&f));                                                    \
		tso_frame(&p_, 1000, 10, 1000);                                                    \
		statement;                                                                         \
		assert_false(segment_check(&f));                                                   \
	} while (0)

static void
test_e11_segment_sizes_and_headers(void **state)
{
	const u16 headers[] = {0, 1, 13, 14, 33, 53, 55, 64, 65, 240, 241, 255, 320, 321, 65535};

	assert_refused(f.segment_size = 0);
	assert_refused(f.segment_size = 0; f.len = f.segment_header; f.span_count = 0);
	assert_refused(f.segment_size = 2);
	assert_refused(f.segment_size = FRAME_SINGLE_MAX - 53);
	assert_refused(f.segment_size = 65535);
	for (unsigned i = 0; i < ARRAY_SIZE(headers); i++)
		assert_refused(f.segment_header = headers[i]);
	assert_refused(f.segmentation = 3);
	assert_refused(f.segmentation = FRAME_TCP6);
	assert_refused(f.checksum_missing = false);
}

/* mss 1 and as much payload as there can be: refused, not cut into 64 Ki. */
static void
test_e11_amplification_is_bounded(void **state)
{
	struct fake_packet p = {.protocol = IP_TCP, .payload = 65535};

	for (u32 mss = 1; mss < 64; mss++) {
		tso_frame(&p, (u16)mss, 0, 65535);
		assert_false(segment_check(&f));
	}
	p.payload = 1024;
	tso_frame(&p, 1, 0, 1024);
	assert_true(segment_check(&f));
	assert_int_equal(cut(&p), SEGMENTS_MAX);
	p.payload = 1025;
	tso_frame(&p, 1, 0, 1025);
	assert_false(segment_check(&f));
}

static void
test_e12_checksum_offsets(void **state)
{
	const u16 offsets[] = {0, 13, 255, 319, 320, 65534, 65535};

	for (unsigned i = 0; i < ARRAY_SIZE(offsets); i++) {
		assert_refused(f.checksum_start = offsets[i]);
		assert_refused(f.checksum_at = offsets[i]);
		assert_refused(f.checksum_start = f.checksum_at = offsets[i]);
	}
	assert_refused(f.checksum_start++; f.checksum_at++);
	assert_refused(f.checksum_at = (u16)(f.checksum_start + 6));
}

static void
test_e12_checksum_of_a_frame_of_few_bytes(void **state)
{
	memset(&f, 0, sizeof(f));
	f.checksum_missing = true;
	for (u32 start = 0; start < 20; start++) {
		for (u32 at = 0; at < 24; at++) {
			bool fits = start >= 14 && at >= start && at <= 16 && (at - start) % 2 == 0;

			f.len = f.header_len = 18;
			f.checksum_start = (u16)start;
			f.checksum_at = (u16)at;
			assert_int_equal(segment_check(&f), fits);
		}
	}
}

static void
test_e11_headers_that_contradict(void **state)
{
	u8 *ip = f.header + ETH_HEADER, *tcp = ip + IPV4_HEADER;

	assert_refused(be16_put(f.header + ETH_TYPE, ETH_TYPE_ARP));
	assert_refused(be16_put(f.header + ETH_TYPE, ETH_TYPE_IPV6));
	assert_refused(ip[0] = 0x44);
	assert_refused(ip[0] = 0x46);
	assert_refused(ip[0] = 0x65);
	assert_refused(ip[IPV4_PROTOCOL] = IP_UDP);
	assert_refused(be16_put(ip + IPV4_FRAGMENT, IPV4_MORE_FRAGMENTS));
	assert_refused(be16_put(ip + IPV4_FRAGMENT, 1));
	assert_refused(tcp[TCP_DATA_OFFSET] = 0x40);
	assert_refused(tcp[TCP_DATA_OFFSET] = 0x60);
	assert_refused(tcp[TCP_DATA_OFFSET] = 0xf0);
	assert_refused(tcp[TCP_DATA_OFFSET] = 0);
	/* They agree, and the header that is at hand ends before. */
	assert_refused(tcp[TCP_DATA_OFFSET] = 0xf0; f.segment_header = 34 + 60);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_n7_64k_of_tcp_is_cut_into_right_segments),
		cmocka_unit_test(test_small_and_odd_payloads),
		cmocka_unit_test(test_no_segment_has_too_many_spans),
		cmocka_unit_test(test_payload_stays_where_the_sender_has_it),
		cmocka_unit_test(test_headers_of_the_whole_are_put_right),
		cmocka_unit_test(test_more_than_ip_can_say_is_only_cut),
		cmocka_unit_test(test_segments_may_be_left_partial),
		cmocka_unit_test(test_inner_tags_go_with_each_segment),
		cmocka_unit_test(test_e11_segment_sizes_and_headers),
		cmocka_unit_test(test_e11_amplification_is_bounded),
		cmocka_unit_test(test_e12_checksum_offsets),
		cmocka_unit_test(test_e12_checksum_of_a_frame_of_few_bytes),
		cmocka_unit_test(test_e11_headers_that_contradict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
