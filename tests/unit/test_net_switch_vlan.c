/* SPDX-License-Identifier: MIT */
// SOURCES: net/switch.c net/switch_admit.c net/switch_look.c net/fdb.c net/segment.c net/frame.c
// SOURCES: net/checksum.c lib/lock.c lib/error.c lib/log.c lib/format.c
/* VLANs of the switch (802.1Q): who gets what with which tag, and no way from one into another. */
#include "tests/unit/test.h"

#include <string.h>

#include "tests/unit/fake/switch.h"

/* One port of each kind, or two. */
enum { PLAIN, PLAIN2, ACCESS10, ACCESS10B, ACCESS20, TRUNK, NATIVE10, UPLINK, PORTS };
enum { NONE = -1, UNTAGGED = 0 };

static u8 trunk_vlans[VLANS / 8], native_vlans[VLANS / 8];

static int
setup(void **state)
{
	memset(trunk_vlans, 0, sizeof(trunk_vlans));
	memset(native_vlans, 0, sizeof(native_vlans));
	trunk_vlans[10 / 8] = 1 << 10 % 8;
	trunk_vlans[20 / 8] |= 1 << 20 % 8;
	native_vlans[20 / 8] = 1 << 20 % 8;
	fake_switch_init(PORTS);
	fake_ports[ACCESS10].port.settings.vlan = fake_ports[ACCESS10B].port.settings.vlan = 10;
	fake_ports[ACCESS20].port.settings.vlan = 20;
	fake_ports[TRUNK].port.settings.trunk = trunk_vlans;
	fake_ports[NATIVE10].port.settings.trunk = native_vlans;
	fake_ports[NATIVE10].port.settings.vlan = 10;
	fake_ports[UPLINK].port.trusted = true;
	memset(fake_ports[UPLINK].port.settings.mac, 0, ETH_ADDRESS);
	fake_attach_all(PORTS);
	return 0;
}

/* A frame with `count` tags in its bytes. */
static void
send_tags(u32 from, int to, u32 source, const u16 *tags, u32 count)
{
	u8 plain[ETH_MIN], bytes[ETH_MIN + 32];
	u32 at = ETH_TYPE;

	fake_ethernet(plain, to, source);
	memcpy(bytes, plain, ETH_TYPE);
	for (u32 i = 0; i < count; i++, at += ETH_TAG) {
		be16_put(bytes + at, ETH_TYPE_VLAN);
		be16_put(bytes + at + 2, tags[i]);
	}
	memcpy(bytes + at, plain + ETH_TYPE, ETH_MIN - ETH_TYPE);
	fake_send_bytes(from, bytes, at + ETH_MIN - ETH_TYPE);
}
#define send_tags(from, to, source, ...)                                                           \
	(send_tags)(from, to, source, (const u16[]){__VA_ARGS__},                                  \
		    ARRAY_SIZE(((const u16[]){__VA_ARGS__})))

/* Of each port, with which VLAN it got the frame: all 60 bytes, and no tag in them. */
static void
assert_got(const int *want)
{
	for (u32 i = 0; i < PORTS; i++) {
		struct fake_port *p = &fake_ports[i];
		int got = p->given == 0 ? NONE : p->tagged ? p->tag & VLAN_ID : UNTAGGED;

		if (got != want[i] || p->given > 1)
			fail_msg("port %u: got %d (%u times), expected %d", i, got, p->given,
				 want[i]);
		if (got != NONE) {
			assert_int_equal(p->len, ETH_MIN);
			assert_int_equal(be16_at(p->bytes + ETH_TYPE), 0x88b5);
		}
	}
	fake_forget_given(PORTS);
}
#define assert_got(...) (assert_got)((const int[PORTS]){__VA_ARGS__})

static u64
dropped_vlan(u32 port)
{
	return fake_ports[port].port.counters.dropped_vlan;
}

static void
test_untagged_floods(void **state)
{
	fake_send(PLAIN, FAKE_ALL, 100);
	assert_got(NONE, 0, NONE, NONE, NONE, NONE, NONE, 0);
	fake_send(ACCESS10, FAKE_ALL, 100);
	assert_got(NONE, NONE, NONE, 0, NONE, 10, 0, 10);
	fake_send(ACCESS20, FAKE_ALL, 100);
	assert_got(NONE, NONE, NONE, NONE, NONE, 20, 20, 20);
	fake_send(NATIVE10, FAKE_ALL, 100);
	assert_got(NONE, NONE, 0, 0, NONE, 10, NONE, 10);
	fake_send(UPLINK, FAKE_ALL, 100);
	assert_got(0, 0, NONE, NONE, NONE, NONE, NONE, NONE);
	fake_send(TRUNK, FAKE_ALL, 100);
	assert_got(NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE);
	assert_int_equal(dropped_vlan(TRUNK), 1);
}

static void
test_tagged_floods(void **state)
{
	send_tags(TRUNK, FAKE_ALL, 100, 0xb00a);
	assert_int_equal(fake_ports[UPLINK].tag, 0xb00a);
	assert_got(NONE, NONE, 0, 0, NONE, NONE, 0, 10);
	send_tags(UPLINK, FAKE_ALL, 100, 20);
	assert_got(20, 20, NONE, NONE, 0, 20, 20, NONE);
	send_tags(UPLINK, FAKE_ALL, 100, 30);
	assert_got(30, 30, NONE, NONE, NONE, NONE, NONE, NONE);
	send_tags(TRUNK, FAKE_ALL, 100, 30);
	send_tags(NATIVE10, FAKE_ALL, 100, 30);
	assert_got(NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE);
	assert_int_equal(dropped_vlan(TRUNK), 1);
	assert_int_equal(dropped_vlan(NATIVE10), 1);
	send_tags(NATIVE10, FAKE_ALL, 100, 10);
	assert_got(NONE, NONE, 0, 0, NONE, 10, NONE, 10);
}

/* Into no VLAN of a port that has settings. */
static void
test_tags_of_a_port_without_settings_pass_through(void **state)
{
	send_tags(PLAIN, FAKE_ALL, 100, 0x200a);
	assert_int_equal(fake_ports[PLAIN2].tag, 0x200a);
	assert_got(NONE, 10, NONE, NONE, NONE, NONE, NONE, 10);
	send_tags(PLAIN2, 100, 101, 10);
	assert_got(10, NONE, NONE, NONE, NONE, NONE, NONE, NONE);
	send_tags(UPLINK, 100, 102, 10); /* in the VLAN, and yet found */
	assert_got(10, NONE, NONE, NONE, NONE, NONE, NONE, NONE);
	send_tags(PLAIN, 102, 100, 10);
	assert_got(NONE, NONE, NONE, NONE, NONE, NONE, NONE, 10);
	send_tags(PLAIN, 100, 100, 4095);
	assert_int_equal(dropped_vlan(PLAIN), 1);
}

/* An address that is known in a VLAN is no way into it for who only has the tag. */
static void
test_a_tag_alone_reaches_no_access_port(void **state)
{
	fake_send(ACCESS10, FAKE_ALL, 100);
	fake_forget_given(PORTS);
	send_tags(PLAIN, 100, 101, 10);
	assert_got(NONE, 10, NONE, NONE, NONE, NONE, NONE, 10);
	/* Nor does it take the address away. */
	send_tags(PLAIN, FAKE_ALL, 100, 10);
	fake_forget_given(PORTS);
	fake_send(ACCESS10B, 100, 102);
	assert_got(NONE, NONE, 0, NONE, NONE, NONE, NONE, NONE);
}

static void
test_vlans_learn_each_for_itself(void **state)
{
	fake_send(ACCESS10, FAKE_ALL, 100);
	fake_send(ACCESS20, FAKE_ALL, 100);
	fake_forget_given(PORTS);
	fake_send(ACCESS10B, 100, 101);
	assert_got(NONE, NONE, 0, NONE, NONE, NONE, NONE, NONE);
	send_tags(UPLINK, 100, 102, 20);
	assert_got(NONE, NONE, NONE, NONE, 0, NONE, NONE, NONE);
	send_tags(TRUNK, 100, 103, 10);
	assert_got(NONE, NONE, 0, NONE, NONE, NONE, NONE, NONE);
}

static void
test_n6_priority_tag_counts_as_none(void **state)
{
	send_tags(ACCESS10, FAKE_ALL, 100, 0xe000);
	assert_int_equal(fake_ports[UPLINK].tag, 0xe00a); /* the priority goes on */
	assert_got(NONE, NONE, NONE, 0, NONE, 10, 0, 10);
	send_tags(PLAIN, FAKE_ALL, 100, 0xe000);
	assert_got(NONE, 0, NONE, NONE, NONE, NONE, NONE, 0);
	send_tags(TRUNK, FAKE_ALL, 100, 0xe000);
	assert_int_equal(dropped_vlan(TRUNK), 1);
	assert_int_equal(dropped_vlan(ACCESS10), 0);
	/* What never had a tag has no priority, whatever the sender's structure says. */
	fake_sent.tag = 0xffff;
	fake_sent.tagged = false;
	fake_mac(fake_sent.header + ETH_SOURCE, 100);
	switch_send(&fake_ports[ACCESS10].port, &fake_sent);
	assert_int_equal(fake_ports[UPLINK].tag, 0x000a);
}

static void
test_n6_tagged_on_an_access_port(void **state)
{
	send_tags(ACCESS10, FAKE_ALL, 100, 10);
	send_tags(ACCESS10, FAKE_ALL, 100, 20);
	send_tags(ACCESS10, FAKE_ALL, 100, 0, 20);
	assert_got(NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE);
	assert_int_equal(dropped_vlan(ACCESS10), 3);
	/* The same beside the bytes. */
	fake_frame(&fake_sent, fake_ethernet((u8[ETH_MIN]){0}, FAKE_ALL, 100), ETH_MIN, 14, 46);
	fake_sent.tagged = true;
	fake_sent.tag = 20;
	switch_send(&fake_ports[ACCESS10].port, &fake_sent);
	assert_int_equal(dropped_vlan(ACCESS10), 4);
}

/* The outer tag is the trunk's own VLAN and would go: what stays would be another VLAN's. */
static void
test_n6_double_tag_does_not_hop(void **state)
{
	send_tags(TRUNK, FAKE_ALL, 100, 10, 20);
	assert_int_equal(fake_ports[NATIVE10].given, 0);
	assert_int_equal(fake_ports[ACCESS10].given, 0);
	assert_int_equal(fake_ports[ACCESS20].given, 0);
	assert_int_equal(fake_ports[UPLINK].given, 1); /* both its tags are there */
	assert_int_equal(fake_ports[UPLINK].tag, 10);
	assert_int_equal(be16_at(fake_ports[UPLINK].bytes + ETH_TYPE), ETH_TYPE_VLAN);
	assert_int_equal(be16_at(fake_ports[UPLINK].bytes + ETH_TYPE + 2), 20);
	assert_int_equal(dropped_vlan(TRUNK), 1);
	fake_forget_given(PORTS);
	send_tags(PLAIN, FAKE_ALL, 100, 0, 10); /* is the same as 10 alone */
	assert_got(NONE, 10, NONE, NONE, NONE, NONE, NONE, 10);
	send_tags(PLAIN, FAKE_ALL, 100, 0, 0, 10);
	assert_got(NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE);
	assert_int_equal(fake_ports[PLAIN].port.counters.dropped_malformed, 1);
}

static void
test_n6_tag_in_a_frame_that_ends_in_it(void **state)
{
	u8 bytes[ETH_MIN + 4];

	fake_ethernet(bytes, FAKE_ALL, 100);
	be16_put(bytes + ETH_TYPE, ETH_TYPE_VLAN);
	be16_put(bytes + ETH_TYPE + 2, 30);
	for (u32 len = 14; len < 18; len++) {
		fake_send_bytes(PLAIN, bytes, len);
		assert_got(NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE);
	}
	assert_int_equal(fake_ports[PLAIN].port.counters.dropped_malformed, 4);
	fake_frame(&fake_sent, bytes, 18, 14, 1); /* the tag is not in the header */
	switch_send(&fake_ports[PLAIN].port, &fake_sent);
	assert_int_equal(fake_ports[PLAIN2].given, 1);
	assert_int_equal(fake_ports[PLAIN2].len, 14);
	assert_int_equal(fake_ports[PLAIN2].tag, 30);
}

/* Offsets move with the tag that is taken out; segments get it back beside them. */
static void
test_offload_of_a_tagged_frame(void **state)
{
	struct fake_packet p = {.protocol = IP_TCP, .payload = 3000, .partial = true};
	u8 bytes[3100], tagged[3104];
	u32 len = fake_packet(bytes, &p);

	memcpy(tagged, bytes, ETH_TYPE);
	memcpy(tagged + ETH_TYPE, (u8[]){0x81, 0, 0, 10}, 4);
	memcpy(tagged + ETH_TYPE + 4, bytes + ETH_TYPE, len - ETH_TYPE);
	fake_frame(&fake_sent, tagged, len + 4, fake_headers(&p) + 4, 1000);
	fake_sent.checksum_missing = true;
	fake_sent.checksum_start = (u16)(fake_l4_offset(&p) + 4);
	fake_sent.checksum_at = (u16)(fake_sent.checksum_start + TCP_CHECKSUM);
	fake_sent.segmentation = FRAME_TCP4;
	fake_sent.segment_header = (u16)(fake_headers(&p) + 4);
	fake_sent.segment_size = 1500;
	switch_send(&fake_ports[TRUNK].port, &fake_sent);
	assert_int_equal(fake_ports[UPLINK].given, 2);
	assert_true(fake_packet_is_right(fake_ports[UPLINK].bytes, fake_ports[UPLINK].len));
	assert_int_equal(fake_ports[UPLINK].tag, 10);
	assert_true(fake_ports[UPLINK].tagged);
	assert_true(fake_packet_is_right(fake_ports[ACCESS10].bytes, fake_ports[ACCESS10].len));
	assert_false(fake_ports[ACCESS10].tagged);
}

static void
test_trunk_with_bit_0_has_frames_without_a_tag(void **state)
{
	trunk_vlans[0] |= 1;
	fake_send(TRUNK, FAKE_ALL, 100);
	assert_got(0, 0, NONE, NONE, NONE, NONE, NONE, 0);
	fake_send(PLAIN, FAKE_ALL, 101);
	assert_got(NONE, 0, NONE, NONE, NONE, 0, NONE, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_untagged_floods, setup),
		cmocka_unit_test_setup(test_tagged_floods, setup),
		cmocka_unit_test_setup(test_tags_of_a_port_without_settings_pass_through, setup),
		cmocka_unit_test_setup(test_a_tag_alone_reaches_no_access_port, setup),
		cmocka_unit_test_setup(test_vlans_learn_each_for_itself, setup),
		cmocka_unit_test_setup(test_n6_priority_tag_counts_as_none, setup),
		cmocka_unit_test_setup(test_n6_tagged_on_an_access_port, setup),
		cmocka_unit_test_setup(test_n6_double_tag_does_not_hop, setup),
		cmocka_unit_test_setup(test_n6_tag_in_a_frame_that_ends_in_it, setup),
		cmocka_unit_test_setup(test_offload_of_a_tagged_frame, setup),
		cmocka_unit_test_setup(test_trunk_with_bit_0_has_frames_without_a_tag, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
