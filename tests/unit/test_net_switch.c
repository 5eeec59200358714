/* SPDX-License-Identifier: MIT */
// SOURCES: net/switch.c net/switch_admit.c net/switch_look.c net/fdb.c net/segment.c net/frame.c
// SOURCES: net/checksum.c lib/lock.c lib/error.c lib/log.c lib/format.c
/* The switch: learning, flooding, ageing, rates, counters, taps, and what it cuts on the way. */
#include "tests/unit/test.h"

#include <string.h>

#include "tests/unit/fake/ipv6_chains.h"
#include "tests/unit/fake/switch.h"

enum { PORTS = 4, S = 1000000000 };

static u8 bytes[70000];

static int
setup(void **state)
{
	fake_switch_init(PORTS);
	fake_attach_all(PORTS);
	return 0;
}

static void
assert_given(const u32 *want)
{
	for (u32 i = 0; i < PORTS; i++)
		assert_int_equal(fake_ports[i].given, want[i]);
	fake_forget_given(PORTS);
}
#define assert_given(...) (assert_given)((const u32[PORTS]){__VA_ARGS__})

static void
test_unknown_goes_to_all_and_known_to_one(void **state)
{
	fake_send(0, 1, 0);
	assert_given(0, 1, 1, 1);
	fake_send(1, 0, 1);
	assert_given(1, 0, 0, 0);
	fake_send(0, 1, 0);
	assert_given(0, 1, 0, 0);
	fake_send(2, FAKE_ALL, 2);
	assert_given(1, 1, 0, 1);
	assert_int_equal(switch_address_count(&fake_switch), 3);
}

static void
test_bytes_arrive_as_they_were_sent(void **state)
{
	const u32 lengths[] = {14, 59, 60, 1514, 1518, 1522, 9018, 16384};

	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		fake_fill(bytes, lengths[i], i);
		fake_ethernet(bytes, 1, 0);
		fake_send_bytes(0, bytes, lengths[i]);
		assert_int_equal(fake_ports[1].len, lengths[i]);
		assert_memory_equal(fake_ports[1].bytes, bytes, lengths[i]);
		assert_int_equal(fake_ports[1].given, i + 1);
	}
	assert_int_equal(fake_ports[0].port.counters.dropped_malformed, 0);
}

static void
test_e14_frames_too_short_and_too_long(void **state)
{
	const u32 lengths[] = {0, 1, 13, 16385, 65535};

	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		fake_ethernet(bytes, 1, 0);
		fake_send_bytes(0, bytes, lengths[i]);
		assert_int_equal(fake_ports[0].port.counters.dropped_malformed, i + 1);
	}
	assert_given(0, 0, 0, 0);
}

static void
test_an_address_moves_and_ages(void **state)
{
	fake_send(1, FAKE_ALL, 7);
	fake_forget_given(PORTS);
	fake_send(0, 7, 0);
	assert_given(0, 1, 0, 0);
	fake_send(2, FAKE_ALL, 7);
	fake_forget_given(PORTS);
	fake_send(0, 7, 0);
	assert_given(0, 0, 1, 0);
	fake_now += SWITCH_AGE_NS - 2ul * S;
	fake_send(0, 7, 0);
	assert_given(0, 0, 1, 0);
	fake_now += 4ul * S;
	fake_send(0, 7, 0);
	assert_given(0, 1, 1, 1);
}

/* The entry that a port was last seen by may be another port's since, or another address'. */
static void
test_a_port_and_the_entry_it_was_last_seen_by(void **state)
{
	fake_send(0, FAKE_ALL, 0);
	for (unsigned i = 0; i < 2; i++)
		fake_send(1, FAKE_ALL, 7);
	fake_send(1, FAKE_ALL, 6);
	fake_forget_given(PORTS);
	fake_send(0, 6, 0);
	assert_given(0, 1, 0, 0);
	fake_send(2, FAKE_ALL, 7);
	fake_send(1, FAKE_ALL, 7);
	fake_forget_given(PORTS);
	fake_send(0, 7, 0);
	assert_given(0, 1, 0, 0);
	fake_send(1, FAKE_ALL, 7);
	switch_detach(&fake_ports[1].port);
	fake_send(2, FAKE_ALL, 8); /* in the place of the one that has gone */
	assert_int_equal(switch_attach(&fake_switch, &fake_ports[1].port), 0);
	fake_send(1, FAKE_ALL, 9);
	fake_forget_given(PORTS);
	fake_send(0, 8, 0);
	assert_given(0, 0, 1, 0);
	fake_send(0, 9, 0);
	assert_given(0, 1, 0, 0);
	fake_send(0, 7, 0);
	assert_given(0, 1, 1, 1);
}

static void
test_what_goes_back_where_it_came_from_goes_nowhere(void **state)
{
	fake_send(1, FAKE_ALL, 7);
	fake_forget_given(PORTS);
	fake_send(1, 7, 8);
	assert_given(0, 0, 0, 0);
}

static void
test_detach_forgets(void **state)
{
	fake_send(1, FAKE_ALL, 7);
	switch_detach(&fake_ports[1].port);
	assert_null(fake_ports[1].port.sw);
	assert_int_equal(switch_address_count(&fake_switch), 0);
	fake_forget_given(PORTS);
	fake_send(0, 7, 0);
	assert_given(0, 0, 1, 1);
	fake_send(1, 0, 7); /* to nobody */
	switch_detach(&fake_ports[1].port);
	assert_given(0, 0, 0, 0);
	assert_int_equal(switch_attach(&fake_switch, &fake_ports[1].port), 0);
	assert_int_equal(switch_attach(&fake_switch, &fake_ports[1].port), -ERR_EXISTS);
	fake_send(0, 7, 0);
	assert_given(0, 1, 1, 1);
}

static void
test_64_ports_and_some_to_spare(void **state)
{
	fake_switch_init(FAKE_PORTS);
	fake_attach_all(SWITCH_PORTS_MAX);
	assert_int_equal(switch_attach(&fake_switch, &fake_ports[SWITCH_PORTS_MAX].port),
			 -ERR_FULL);
	assert_null(fake_ports[SWITCH_PORTS_MAX].port.sw);
	for (u32 i = 0; i < SWITCH_PORTS_MAX; i++)
		fake_send(i, FAKE_ALL, i);
	for (u32 i = 0; i < SWITCH_PORTS_MAX; i++)
		assert_int_equal(fake_ports[i].given, SWITCH_PORTS_MAX - 1);
	fake_forget_given(SWITCH_PORTS_MAX);
	for (u32 i = 0; i < SWITCH_PORTS_MAX; i++)
		fake_send(i, (int)((i + 1) % SWITCH_PORTS_MAX), i);
	for (u32 i = 0; i < SWITCH_PORTS_MAX; i++)
		assert_int_equal(fake_ports[i].given, 1);
}

static void
test_counters(void **state)
{
	struct port_counters c;

	fake_send(0, FAKE_ALL, 0);
	fake_send(1, 0, 1);
	fake_ports[1].full = true;
	fake_send(0, 1, 0);
	switch_counters(&fake_ports[0].port, &c);
	assert_int_equal(c.tx_frames, 2);
	assert_int_equal(c.tx_bytes, 120);
	assert_int_equal(c.tx_multicast, 1);
	assert_int_equal(c.rx_frames, 1);
	assert_int_equal(c.rx_bytes, 60);
	assert_int_equal(c.rx_multicast, 0);
	switch_counters(&fake_ports[1].port, &c);
	assert_int_equal(c.rx_frames, 1);
	assert_int_equal(c.rx_multicast, 1);
	assert_int_equal(c.dropped_full, 1);
}

static void
test_listing(void **state)
{
	struct switch_address a;
	u32 cursor = 0;

	switch_detach(&fake_ports[1].port);
	assert_ptr_equal(switch_port_next(&fake_switch, NULL), &fake_ports[0].port);
	assert_ptr_equal(switch_port_next(&fake_switch, &fake_ports[0].port), &fake_ports[2].port);
	assert_null(switch_port_next(&fake_switch, &fake_ports[3].port));
	fake_send(2, FAKE_ALL, 0x01020304);
	fake_send(3, FAKE_ALL, 3);
	assert_int_equal(switch_port_address_count(&fake_ports[2].port), 1);
	fake_now += 10ul * S;
	assert_true(switch_address_next(&fake_ports[2].port, &cursor, &a));
	assert_memory_equal(a.mac, ((u8[]){0x52, 0x54, 1, 2, 3, 4}), 6);
	assert_int_equal(a.vlan, 0);
	assert_false(a.fixed);
	assert_in_range(a.idle_ns, 8ul * S, 12ul * S);
	assert_false(switch_address_next(&fake_ports[2].port, &cursor, &a));
	cursor = 0;
	assert_false(switch_address_next(&fake_ports[1].port, &cursor, &a));
}

static u32 tapped_sent, tapped_got, tapped_len;

static void
tap(void *arg, const struct frame *f, bool sent)
{
	assert_ptr_equal(arg, &tapped_sent);
	*(sent ? &tapped_sent : &tapped_got) += 1;
	tapped_len = f->len;
}

static void
test_tap_sees_both_ways(void **state)
{
	tapped_sent = tapped_got = 0;
	assert_int_equal(switch_tap(&fake_ports[0].port, tap, &tapped_sent), 0);
	assert_int_equal(switch_tap(&fake_ports[0].port, tap, NULL), -ERR_BUSY);
	fake_send(0, FAKE_ALL, 0);
	assert_int_equal(tapped_sent, 1);
	fake_send(1, 0, 1);
	fake_send(1, 2, 1);
	assert_int_equal(tapped_got, 2);
	assert_int_equal(tapped_len, 60);
	switch_untap(&fake_ports[0].port);
	fake_send(0, FAKE_ALL, 0);
	assert_int_equal(tapped_sent, 1);
	assert_int_equal(switch_tap(&fake_ports[0].port, tap, &tapped_sent), 0);
	assert_true(switch_is_tapped(&fake_ports[0].port, &tapped_sent));
	assert_false(switch_is_tapped(&fake_ports[0].port, &tapped_got));
	switch_detach(&fake_ports[0].port);
	assert_int_equal(switch_tap(&fake_ports[0].port, tap, NULL), -ERR_NOENT);
	assert_int_equal(switch_attach(&fake_switch, &fake_ports[0].port), 0);
	assert_false(switch_is_tapped(&fake_ports[0].port, &tapped_sent));
	fake_send(0, FAKE_ALL, 0);
	assert_int_equal(tapped_sent, 1);
}

/* In ten seconds so many frames of 1000 bytes pass, offered at twice the rate. */
static void
check_rate(u64 rate_bits)
{
	u64 want = 10 * rate_bits / 8 / 1000, step = 1000ul * 8 * S / rate_bits / 2;

	fake_switch_init(2);
	fake_ports[0].port.settings.rate_bits = rate_bits;
	fake_attach_all(2);
	fake_ethernet(bytes, 1, 0);
	for (u64 t = 0; t < 10ul * S; t += step, fake_now += step)
		fake_send_bytes(0, bytes, 1000);
	/* A burst more at the beginning: 64 KiB, or 20 ms. */
	assert_in_range(fake_ports[1].given, want, want + MAX(66ul, want / 500) + 1);
	assert_int_equal(fake_ports[0].port.counters.dropped_rate, 2 * want - fake_ports[1].given);
}

static void
test_rate(void **state)
{
	check_rate(1000000);
	check_rate(8000000);
	check_rate(100000000);
}

static void
test_a_slow_port_still_sends_whole_frames(void **state)
{
	fake_switch_init(2);
	fake_ports[0].port.settings.rate_bits = 1;
	fake_attach_all(2);
	fake_now = 1ul << 62;
	fake_ethernet(bytes, 1, 0);
	fake_send_bytes(0, bytes, 16384);
	assert_int_equal(fake_ports[1].given, 1);
}

/* Sends TCP from port 0, as a guest with every offload does. */
static void
send_tso_to(const u8 *to, bool ipv6, u32 payload, u16 mss)
{
	struct fake_packet p = {.ipv6 = ipv6,
				.protocol = IP_TCP,
				.payload = payload,
				.tcp_flags = TCP_ACK | TCP_PSH,
				.partial = true};
	u32 len = fake_packet(bytes, &p);

	memcpy(bytes, to, ETH_ADDRESS);
	fake_mac(bytes + ETH_SOURCE, 0);
	fake_frame(&fake_sent, bytes, len, fake_headers(&p), 4096);
	fake_sent.checksum_missing = true;
	fake_sent.checksum_start = (u16)fake_l4_offset(&p);
	fake_sent.checksum_at = (u16)(fake_sent.checksum_start + TCP_CHECKSUM);
	if (mss != 0) {
		fake_sent.segmentation = ipv6 ? FRAME_TCP6 : FRAME_TCP4;
		fake_sent.segment_header = (u16)fake_headers(&p);
		fake_sent.segment_size = mss;
	}
	switch_send(&fake_ports[0].port, &fake_sent);
}

/* To port 1's MAC. */
static void
send_tso(bool ipv6, u32 payload, u16 mss)
{
	u8 mac[ETH_ADDRESS];

	fake_mac(mac, 1);
	send_tso_to(mac, ipv6, payload, mss);
}

static void
send_tso_to_all(u32 payload, u16 mss)
{
	static const u8 all[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	send_tso_to(all, false, payload, mss);
}

static u32 payload_got;

static void
look_at_segment(struct fake_port *p)
{
	assert_int_equal(p->segmentation, FRAME_WHOLE);
	assert_false(p->partial);
	assert_true(fake_packet_is_right(p->bytes, p->len));
	payload_got += p->len - fake_headers(&(struct fake_packet){
					.protocol = IP_TCP,
					.ipv6 = be16_at(p->bytes + ETH_TYPE) == ETH_TYPE_IPV6,
				});
}

static void
test_n7_tso_of_64k_to_a_peer_that_must_get_segments(void **state)
{
	fake_send(1, FAKE_ALL, 1);
	fake_forget_given(PORTS);
	fake_ports[1].look = look_at_segment;
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		payload_got = 0;
		send_tso(ipv6 != 0, 64000, 1460);
		assert_int_equal(payload_got, 64000);
		assert_given(0, 44, 0, 0);
	}
	assert_int_equal(fake_ports[0].port.counters.tx_frames, 2);
	assert_int_equal(fake_ports[1].port.counters.rx_frames, 88);
}

static void
test_n7_tso_goes_whole_to_who_takes_it(void **state)
{
	fake_send(1, FAKE_ALL, 1);
	fake_forget_given(PORTS);
	fake_ports[1].port.takes = PORT_TAKES_CHECKSUM | PORT_TAKES_TCP4;
	send_tso(false, 64000, 1460);
	assert_given(0, 1, 0, 0);
	assert_int_equal(fake_ports[1].segmentation, FRAME_TCP4);
	assert_true(fake_ports[1].partial);
	send_tso(true, 64000, 1460); /* in segments, but with partial checksums */
	assert_given(0, 44, 0, 0);
	assert_true(fake_ports[1].partial);
	fake_ports[1].port.takes = PORT_TAKES_CHECKSUM | PORT_TAKES_TCP6;
	send_tso(true, 64000, 1460);
	assert_given(0, 1, 0, 0);
	assert_int_equal(fake_ports[1].segmentation, FRAME_TCP6);
}

static void
test_n7_missing_checksum_to_a_peer_that_cannot(void **state)
{
	fake_send(1, FAKE_ALL, 1);
	fake_ports[1].port.takes = PORT_TAKES_CHECKSUM;
	send_tso(false, 1000, 0);
	assert_true(fake_ports[1].partial);
	fake_ports[1].port.takes = 0;
	send_tso(false, 1000, 0);
	assert_false(fake_ports[1].partial);
	assert_true(fake_packet_is_right(fake_ports[1].bytes, fake_ports[1].len));
}

/* To several, of whom one can't take it. */
static void
test_n7_unknown_peer_gets_segments(void **state)
{
	fake_ports[1].port.takes = fake_ports[2].port.takes = PORT_TAKES_CHECKSUM | PORT_TAKES_TCP4;
	fake_ports[3].look = look_at_segment;
	payload_got = 0;
	send_tso(false, 64000, 1460);
	assert_given(0, 44, 44, 44);
	assert_int_equal(payload_got, 64000);
	fake_ports[3].port.takes = PORT_TAKES_CHECKSUM | PORT_TAKES_TCP4;
	fake_ports[3].look = NULL;
	send_tso(false, 64000, 1460);
	assert_given(0, 1, 1, 1);
}

/* What is to be cut is as many frames as it becomes. */
static void
test_n2_storm_of_segments_is_capped(void **state)
{
	u32 before;

	for (u32 i = 0; i < 1000; i++) {
		fake_now += 1000000;	      /* a second in all */
		send_tso_to_all(64000, 1460); /* 44 */
	}
	before = fake_ports[1].given;
	assert_in_range(before, SWITCH_STORM_BROADCASTS - 44, SWITCH_STORM_BROADCASTS + 75);
	assert_int_equal(fake_ports[0].port.counters.dropped_storm, 1000 - before / 44);
}

static void
test_e11_amplification_stays_small_where_all_get_it(void **state)
{
	send_tso(false, 65535, 1);
	assert_int_equal(fake_ports[0].port.counters.dropped_malformed, 1);
	send_tso(false, 1024, 1);
	assert_int_equal(fake_ports[0].port.counters.dropped_storm, 1);
	send_tso(false, 64, 1);
	assert_given(0, 64, 64, 64);
	fake_send(1, FAKE_ALL, 1);
	fake_forget_given(PORTS);
	send_tso(false, 1024, 1);
	assert_given(0, 1024, 0, 0);
}

static void
test_ipv6_passes_untouched(void **state)
{
	struct fake_packet p = {.ipv6 = true, .protocol = IP_UDP, .payload = 100};
	u32 len = fake_packet(bytes, &p);

	memcpy(bytes, (u8[]){0x33, 0x33, 0, 0, 0, 1}, 6);
	fake_send_bytes(0, bytes, len);
	assert_given(0, 1, 1, 1);
	assert_int_equal(fake_ports[1].len, len);
	assert_memory_equal(fake_ports[1].bytes, bytes, len);
}

/* Broadcast, to one, with a checksum to be put in behind it all, and as if it were TCP to be cut.
 */
static void
test_n3_ipv6_extension_headers_pass_the_switch(void **state)
{
	const u32 len = ETH_HEADER + IPV6_HEADER + CHAIN_LEN, end = len - 4;

	fake_send(1, FAKE_ALL, 1);
	fake_forget_given(PORTS);
	for (unsigned i = 0; i < ARRAY_SIZE(fake_chains); i++) {
		for (int to = FAKE_ALL; to <= 1; to += 2) {
			fake_ethernet(bytes, to, 0);
			be16_put(bytes + ETH_TYPE, ETH_TYPE_IPV6);
			fake_chain_put(bytes + ETH_HEADER, &fake_chains[i]);
			fake_send_bytes(0, bytes, len);
			assert_int_equal(fake_ports[1].len, len);
			assert_memory_equal(fake_ports[1].bytes, bytes, len);
		}
		assert_given(0, 2, 1, 1);
		fake_frame(&fake_sent, bytes, len, 200, 100);
		fake_sent.checksum_missing = true;
		fake_sent.checksum_start = 150;
		fake_sent.checksum_at = 166;
		switch_send(&fake_ports[0].port, &fake_sent);
		assert_given(0, 1, 0, 0);
		assert_memory_equal(fake_ports[1].bytes, bytes, 166);
		assert_memory_equal(fake_ports[1].bytes + 168, bytes + 168, end - 168);
		/* Headers that are not TCP's can't be put before each segment, like it as they are.
		 */
		bytes[ETH_HEADER + IPV6_HEADER + TCP_DATA_OFFSET] = 0x50;
		fake_frame(&fake_sent, bytes, len, 200, 100);
		fake_sent.checksum_missing = true;
		fake_sent.checksum_start = ETH_HEADER + IPV6_HEADER;
		fake_sent.checksum_at = (u16)(fake_sent.checksum_start + TCP_CHECKSUM);
		fake_sent.segmentation = FRAME_TCP6;
		fake_sent.segment_header = (u16)(fake_sent.checksum_start + TCP_HEADER);
		fake_sent.segment_size = 100;
		switch_send(&fake_ports[0].port, &fake_sent);
		assert_given(0, 0, 0, 0);
		assert_int_equal(fake_ports[0].port.counters.dropped_malformed, i + 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_unknown_goes_to_all_and_known_to_one, setup),
		cmocka_unit_test_setup(test_bytes_arrive_as_they_were_sent, setup),
		cmocka_unit_test_setup(test_e14_frames_too_short_and_too_long, setup),
		cmocka_unit_test_setup(test_an_address_moves_and_ages, setup),
		cmocka_unit_test_setup(test_a_port_and_the_entry_it_was_last_seen_by, setup),
		cmocka_unit_test_setup(test_what_goes_back_where_it_came_from_goes_nowhere, setup),
		cmocka_unit_test_setup(test_detach_forgets, setup),
		cmocka_unit_test_setup(test_64_ports_and_some_to_spare, setup),
		cmocka_unit_test_setup(test_counters, setup),
		cmocka_unit_test_setup(test_listing, setup),
		cmocka_unit_test_setup(test_tap_sees_both_ways, setup),
		cmocka_unit_test_setup(test_rate, setup),
		cmocka_unit_test_setup(test_a_slow_port_still_sends_whole_frames, setup),
		cmocka_unit_test_setup(test_n7_tso_of_64k_to_a_peer_that_must_get_segments, setup),
		cmocka_unit_test_setup(test_n7_tso_goes_whole_to_who_takes_it, setup),
		cmocka_unit_test_setup(test_n7_missing_checksum_to_a_peer_that_cannot, setup),
		cmocka_unit_test_setup(test_n7_unknown_peer_gets_segments, setup),
		cmocka_unit_test_setup(test_n2_storm_of_segments_is_capped, setup),
		cmocka_unit_test_setup(test_e11_amplification_stays_small_where_all_get_it, setup),
		cmocka_unit_test_setup(test_ipv6_passes_untouched, setup),
		cmocka_unit_test_setup(test_n3_ipv6_extension_headers_pass_the_switch, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
