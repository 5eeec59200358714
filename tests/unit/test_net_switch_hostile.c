/* SPDX-License-Identifier: MIT */
// SOURCES: net/switch.c net/switch_admit.c net/switch_look.c net/fdb.c net/segment.c net/frame.c
// SOURCES: net/checksum.c lib/lock.c lib/error.c lib/log.c lib/format.c
/* What one port may try on the others: floods of addresses, spoofing, storms, senseless frames. */
#include "tests/unit/test.h"

#include <string.h>

#include "tests/unit/fake/switch.h"

enum { VM, VICTIM, PEER, GATEWAY, PORTS, S = 1000000000, GATEWAY_MAC = 0x777 };

static u8 bytes[20000];

static int
setup(void **state)
{
	fake_switch_init(PORTS);
	fake_ports[GATEWAY].port.trusted = true;
	fake_mac(fake_ports[GATEWAY].port.settings.mac, GATEWAY_MAC);
	return 0;
}

static u32
longest_chain(void)
{
	u32 longest = 0;

	for (u32 i = 0; i < FDB_HEADS; i++) {
		u32 len = 0;

		for (u16 at = fake_switch.fdb.heads[i]; at != 0xffff;
		     at = fake_switch.fdb.entries[at].next)
			len++;
		longest = MAX(longest, len);
	}
	return longest;
}

static void
test_n1_flood_of_a_million_source_addresses(void **state)
{
	fake_attach_all(PORTS);
	for (u32 i = 0; i < 1000; i++)
		fake_send(VICTIM, VICTIM, 0x10000 + i);
	fake_now += S;
	fake_send(VM, VM, VM);
	for (u32 i = 0; i < 1000000; i++)
		fake_send_again(VM, 0x1000000 + i);
	assert_int_equal(switch_port_address_count(&fake_ports[VM].port), SWITCH_PORT_ADDRESSES);
	assert_true(longest_chain() <= FDB_CHAIN_MAX);
	/* All that was known is known. */
	fake_forget_given(PORTS);
	for (u32 i = 0; i < 1000; i++)
		fake_send(PEER, (int)(0x10000 + i), 2);
	assert_int_equal(fake_ports[VICTIM].given, 1000);
	assert_int_equal(fake_ports[VM].given, 0);
	/* And it passes: the flooded addresses grow old, and are forgotten as new ones come. */
	fake_now += 2 * SWITCH_AGE_NS;
	for (u32 i = 0; i < FDB_ENTRIES / 4; i++)
		fake_send(PEER, VM, 0x2000000 + i);
	assert_int_equal(switch_port_address_count(&fake_ports[VM].port), 0);
}

/* As many ports as fill the table: a port with few addresses gets its place among them. */
static void
test_n1_full_table_has_room_for_who_has_little(void **state)
{
	fake_switch_init(10);
	fake_ports[0].port.trusted = true; /* an uplink: bounded by the table alone */
	memset(fake_ports[0].port.settings.mac, 0, ETH_ADDRESS);
	fake_attach_all(10);
	for (u32 i = 0; i < 5000; i++) {
		for (u32 port = 0; port < 8; port++)
			fake_send(port, (int)port, port << 20 | i);
	}
	assert_int_equal(switch_address_count(&fake_switch), SWITCH_ADDRESSES);
	for (u32 i = 0; i < 100; i++)
		fake_send(9, 9, 0x9000000 + i);
	assert_int_equal(switch_port_address_count(&fake_ports[9].port), 100);
	fake_forget_given(10);
	for (u32 i = 0; i < 100; i++)
		fake_send(8, (int)(0x9000000 + i), 8);
	assert_int_equal(fake_ports[9].given, 100);
	assert_int_equal(fake_ports[0].given, 0);
	/* The others go on, and take it from nobody with less. */
	fake_send(0, 0, 0);
	for (u32 i = 0; i < 100000; i++)
		fake_send_again(0, 0x8000000 + i);
	assert_int_equal(switch_port_address_count(&fake_ports[9].port), 100);
}

static void
test_10000_addresses_are_all_known(void **state)
{
	fake_ports[VICTIM].port.trusted = true; /* an uplink: it may have so many */
	memset(fake_ports[VICTIM].port.settings.mac, 0, ETH_ADDRESS);
	fake_attach_all(PORTS);
	for (u32 i = 0; i < 10000; i++)
		fake_send(VICTIM, VICTIM, 0x10000 + i);
	fake_forget_given(PORTS);
	for (u32 i = 0; i < 10000; i++)
		fake_send(PEER, (int)(0x10000 + i), 2);
	assert_int_equal(fake_ports[VICTIM].given, 10000);
	assert_int_equal(fake_ports[VM].given, 0);
	assert_true(longest_chain() <= 12);
}

/* Whatever the secret factor is, and however addresses are numbered. */
static void
test_hash_spreads_addresses_in_a_row(void **state)
{
	static struct fdb fdb;
	static u8 chains[FDB_HEADS];

	for (u32 seed = 1; seed <= 400; seed++) {
		fdb_init(&fdb, seed * 0x9e3779b97f4a7c15ul, 1);
		for (u32 shift = 0; shift <= 40; shift += 8) {
			memset(chains, 0, sizeof(chains));
			for (u64 i = 0; i < 256; i++)
				assert_true(++chains[fdb_hash(&fdb, fdb_key(i << shift, 0))] <= 5);
		}
	}
}

static void
test_n2_spoofed_source(void **state)
{
	fake_ports[VM].port.settings.spoof_deny = true;
	fake_attach_all(PORTS);
	fake_send(VM, FAKE_ALL, VM);
	fake_send(VM, FAKE_ALL, VICTIM);
	fake_send(VM, FAKE_ALL, GATEWAY_MAC);
	assert_int_equal(fake_ports[PEER].given, 1);
	assert_int_equal(fake_ports[VM].port.counters.dropped_spoof, 2);
	assert_int_equal(fake_ports[VM].port.counters.tx_frames, 1);
}

static void
send_arp(u32 header_len, u32 len, u8 hardware_len, u32 sender)
{
	u8 *arp = bytes + ETH_HEADER;

	fake_ethernet(bytes, FAKE_ALL, VM);
	be16_put(bytes + ETH_TYPE, ETH_TYPE_ARP);
	be16_put(arp + ARP_OPERATION, ARP_REPLY);
	arp[ARP_HARDWARE_LEN] = hardware_len;
	fake_mac(arp + ARP_SENDER_MAC, sender);
	fake_frame(&fake_sent, bytes, len, header_len, 3);
	switch_send(&fake_ports[VM].port, &fake_sent);
}

static void
test_n2_spoofed_sender_in_arp(void **state)
{
	fake_ports[VM].port.settings.spoof_deny = true;
	fake_attach_all(PORTS);
	send_arp(60, 60, 6, VM);
	send_arp(14, 60, 6, VM); /* the packet is in spans */
	assert_int_equal(fake_ports[PEER].given, 2);
	assert_int_equal(fake_ports[VM].port.counters.dropped_spoof, 0);
	send_arp(60, 60, 6, GATEWAY_MAC);
	send_arp(14, 60, 6, GATEWAY_MAC);
	send_arp(60, 60, 5, VM);
	send_arp(41, 41, 6, VM);
	send_arp(14, 14, 6, VM);
	assert_int_equal(fake_ports[PEER].given, 2);
	assert_int_equal(fake_ports[VM].port.counters.dropped_spoof, 5);
}

/* Without spoof=deny a guest may take other guests' addresses, but not the gateway's. */
static void
test_n2_spoofed_gateway(void **state)
{
	fake_attach_all(PORTS);
	fake_send(VM, FAKE_ALL, GATEWAY_MAC);
	assert_int_equal(fake_ports[VM].port.counters.dropped_spoof, 1);
	assert_int_equal(fake_ports[PEER].given, 0);
	fake_send(PEER, GATEWAY_MAC, PEER);
	assert_int_equal(fake_ports[GATEWAY].given, 1);
	assert_int_equal(fake_ports[VM].given, 0);
	fake_now += 2 * SWITCH_AGE_NS; /* nor when the gateway has long been silent */
	fake_send(VM, FAKE_ALL, GATEWAY_MAC);
	fake_send(PEER, GATEWAY_MAC, PEER);
	assert_int_equal(fake_ports[GATEWAY].given, 2);
	assert_int_equal(fake_ports[VM].given, 0);
	fake_send(GATEWAY, FAKE_ALL, GATEWAY_MAC);
	assert_int_equal(fake_ports[VM].given, 1);
}

/* A gateway that comes late, its address taken and the table full. */
static void
test_n2_gateway_takes_its_address_back(void **state)
{
	for (u32 i = 0; i < GATEWAY; i++)
		assert_int_equal(switch_attach(&fake_switch, &fake_ports[i].port), 0);
	fake_send(VM, FAKE_ALL, GATEWAY_MAC);
	assert_int_equal(switch_attach(&fake_switch, &fake_ports[GATEWAY].port), 0);
	fake_send(PEER, GATEWAY_MAC, PEER);
	assert_int_equal(fake_ports[GATEWAY].given, 1);
	switch_detach(&fake_ports[GATEWAY].port);
	fake_send(VM, FAKE_ALL, GATEWAY_MAC);
	assert_int_equal(fake_ports[VM].port.counters.dropped_spoof, 0);
}

/* Ten seconds of as much as can be sent. */
static void
storm(u32 from, void (*send)(u32 from))
{
	for (u32 i = 0; i < 100000; i++, fake_now += S / 10000)
		send(from);
}

static void
send_broadcast(u32 from)
{
	fake_send(from, FAKE_ALL, from);
}

static void
send_arp_request(u32 from)
{
	send_arp(60, 60, 6, from);
}

static void
send_unknown(u32 from)
{
	fake_send(from, 0x5555555, from);
}

static void
test_n2_arp_storm_is_capped(void **state)
{
	fake_attach_all(PORTS);
	storm(VM, send_arp_request);
	assert_in_range(fake_ports[PEER].given, 10 * SWITCH_STORM_BROADCASTS,
			10 * SWITCH_STORM_BROADCASTS + 75);
	assert_int_equal(fake_ports[VM].port.counters.dropped_storm,
			 100000 - fake_ports[PEER].given);
	/* Others' broadcasts pass meanwhile, and its own unicasts. */
	fake_forget_given(PORTS);
	send_broadcast(VICTIM);
	assert_int_equal(fake_ports[PEER].given, 1);
	fake_send(VM, PEER, VM);
	assert_int_equal(fake_ports[PEER].given, 2);
}

static void
test_storm_cap_spares_unknown_unicast_and_trusted_ports(void **state)
{
	fake_attach_all(PORTS);
	storm(VM, send_unknown);
	assert_int_equal(fake_ports[PEER].given, 100000);
	fake_mac(fake_ports[GATEWAY].port.settings.mac, GATEWAY);
	storm(GATEWAY, send_broadcast);
	assert_int_equal(fake_ports[PEER].given, 200000);
}

/* A guest with two NICs bridges them: what it gets on one it sends on the other. */
static u32 loops[PORTS];

static void
loop_back(struct fake_port *p)
{
	loops[p - fake_ports]++;
}

static void
test_n2_broadcast_loop_of_a_bridging_guest(void **state)
{
	u32 sent = 0;

	fake_attach_all(PORTS);
	memset(loops, 0, sizeof(loops));
	fake_ports[VM].look = fake_ports[VICTIM].look = loop_back;
	send_broadcast(PEER);
	for (; sent < 1000000 && loops[VM] + loops[VICTIM] > 0; sent++, fake_now += 1000) {
		u32 from = loops[VM] > 0 ? VICTIM : VM;

		loops[from == VICTIM ? VM : VICTIM]--;
		fake_send(from, FAKE_ALL, PEER);
	}
	/* In no more than a second of it both ports have had what they may. */
	assert_in_range(fake_ports[PEER].given, 2, 2 * (SWITCH_STORM_BROADCASTS + 75) + 2);
}

static void
test_isolated_ports(void **state)
{
	fake_ports[VM].port.settings.isolate = fake_ports[VICTIM].port.settings.isolate = true;
	fake_ports[GATEWAY].port.settings.isolate = true; /* means nothing there */
	fake_attach_all(PORTS);
	fake_send(VM, FAKE_ALL, VM);
	assert_int_equal(fake_ports[VICTIM].given, 0);
	assert_int_equal(fake_ports[PEER].given, 1);
	assert_int_equal(fake_ports[GATEWAY].given, 1);
	fake_send(VICTIM, VM, VICTIM); /* known, and yet not reached */
	assert_int_equal(fake_ports[VM].given, 0);
	assert_int_equal(fake_ports[PEER].given, 1);
	fake_send(GATEWAY, VM, GATEWAY_MAC);
	fake_send(PEER, VM, PEER);
	assert_int_equal(fake_ports[VM].given, 2);
}

/* What an isolated port has the gateway pass on to another one, as through a forwarded port. */
static void
test_isolated_ports_by_way_of_the_gateway(void **state)
{
	fake_ports[VM].port.settings.isolate = fake_ports[VICTIM].port.settings.isolate = true;
	fake_attach_all(PORTS);
	fake_ethernet(bytes, VICTIM, GATEWAY_MAC);
	fake_send_bytes_for(GATEWAY, VM, bytes, ETH_MIN); /* not known: to all but the victim */
	assert_int_equal(fake_ports[VICTIM].given, 0);
	assert_int_equal(fake_ports[PEER].given, 1);
	fake_send(VICTIM, GATEWAY_MAC, VICTIM);
	fake_send(VM, GATEWAY_MAC, VM);
	fake_send_bytes_for(GATEWAY, VM, bytes, ETH_MIN);
	assert_int_equal(fake_ports[VICTIM].given, 0);
	assert_int_equal(fake_ports[PEER].given, 1);

	/* For others, for itself, and for what came from outside it does. */
	fake_send_bytes_for(GATEWAY, PEER, bytes, ETH_MIN);
	fake_send_bytes_for(GATEWAY, VICTIM, bytes, ETH_MIN);
	fake_send_bytes_for(GATEWAY, SWITCH_PORTS_MAX, bytes, ETH_MIN);
	assert_int_equal(fake_ports[VICTIM].given, 3);
	fake_ethernet(bytes, VM, GATEWAY_MAC);
	fake_forget_given(PORTS);
	fake_send_bytes_for(GATEWAY, VM, bytes, ETH_MIN);
	assert_int_equal(fake_ports[VM].given, 1);

	/* Nobody knows any more what a port was that has gone. */
	switch_detach(&fake_ports[PEER].port);
	fake_send_bytes_for(GATEWAY, PEER, bytes, ETH_MIN);
	assert_int_equal(fake_ports[VM].given, 1);
}

static void
test_group_and_zero_sources(void **state)
{
	fake_attach_all(PORTS);
	fake_ethernet(bytes, FAKE_ALL, VM);
	bytes[ETH_SOURCE] |= 1;
	fake_send_bytes(VM, bytes, ETH_MIN);
	memset(bytes + ETH_SOURCE, 0, ETH_ADDRESS);
	fake_send_bytes(VM, bytes, ETH_MIN);
	assert_int_equal(fake_ports[PEER].given, 0);
	assert_int_equal(fake_ports[VM].port.counters.dropped_malformed, 2);
}

/* PAUSE, spanning tree, LACP, LLDP. */
static void
test_reserved_destinations_stay(void **state)
{
	fake_attach_all(PORTS);
	for (u32 last = 0; last <= 0x20; last++) {
		fake_forget_given(PORTS);
		fake_ethernet(bytes, FAKE_ALL, VM);
		memcpy(bytes, (u8[]){1, 0x80, 0xc2, 0, 0, (u8)last}, ETH_ADDRESS);
		fake_send_bytes(VM, bytes, ETH_MIN);
		assert_int_equal(fake_ports[PEER].given, last > 0x0f);
	}
}

static void
test_n6_jumbo_that_cannot_pass(void **state)
{
	fake_attach_all(PORTS);
	fake_ports[PEER].full = true;
	fake_ethernet(bytes, FAKE_ALL, VM);
	fake_send_bytes(VM, bytes, 9018);
	assert_int_equal(fake_ports[PEER].port.counters.dropped_full, 1);
	assert_int_equal(fake_ports[VICTIM].given, 1);
	fake_send_bytes(VM, bytes, FRAME_SINGLE_MAX + 1);
	assert_int_equal(fake_ports[VM].port.counters.dropped_malformed, 1);
	assert_int_equal(fake_ports[VICTIM].given, 1);
}

/* What the structure itself says may be as wrong as the bytes. */
#define assert_malformed(statement)                                                                \
	do {                                                                                       \
		u64 before_ = fake_ports[VM].port.counters.dropped_malformed;                      \
		fake_frame(&fake_sent, fake_ethernet(bytes, FAKE_ALL, VM), 60, 30, 10);            \
		statement;                                                                         \
		switch_send(&fake_ports[VM].port, &fake_sent);                                     \
		assert_int_equal(fake_ports[VM].port.counters.dropped_malformed, before_ + 1);     \
		assert_int_equal(fake_ports[PEER].given, 0);                                       \
	} while (0)

static void
test_structures_that_make_no_sense(void **state)
{
	fake_attach_all(PORTS);
	assert_malformed(fake_sent.len = 0);
	assert_malformed(fake_sent.len = 59);
	assert_malformed(fake_sent.len = 61);
	assert_malformed(fake_sent.len = 0xffffffff);
	assert_malformed(fake_sent.header_len = 13; fake_sent.len = 43);
	assert_malformed(fake_sent.header_len = FRAME_HEADER_MAX + 1);
	assert_malformed(fake_sent.span_count = 2);
	assert_malformed(fake_sent.span_count = FRAME_SPANS_MAX + 1);
	assert_malformed(fake_sent.span_count = 65535);
	assert_malformed(fake_sent.spans[1].len = 0xffffffff);
	assert_malformed(fake_sent.spans[0].len = 0x80000000; fake_sent.spans[1].len = 0x80000014);
	assert_malformed(fake_sent.segmentation = FRAME_TCP4);
	assert_malformed(fake_sent.segmentation = 255);
	assert_malformed(fake_sent.checksum_missing = true; fake_sent.checksum_start = 60);
	assert_malformed(fake_sent.checksum_missing = true; fake_sent.checksum_start = 14;
			 fake_sent.checksum_at = 29);
	assert_malformed(fake_sent.checksum_missing = true; fake_sent.checksum_start = 14;
			 fake_sent.checksum_at = 65535);
	/* With a tag in its bytes, offsets that are inside of it. */
	assert_malformed(be16_put(fake_sent.header + ETH_TYPE, ETH_TYPE_VLAN);
			 fake_sent.checksum_missing = true; fake_sent.checksum_start = 14;
			 fake_sent.checksum_at = 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_n1_flood_of_a_million_source_addresses, setup),
		cmocka_unit_test_setup(test_n1_full_table_has_room_for_who_has_little, setup),
		cmocka_unit_test_setup(test_10000_addresses_are_all_known, setup),
		cmocka_unit_test(test_hash_spreads_addresses_in_a_row),
		cmocka_unit_test_setup(test_n2_spoofed_source, setup),
		cmocka_unit_test_setup(test_n2_spoofed_sender_in_arp, setup),
		cmocka_unit_test_setup(test_n2_spoofed_gateway, setup),
		cmocka_unit_test_setup(test_n2_gateway_takes_its_address_back, setup),
		cmocka_unit_test_setup(test_n2_arp_storm_is_capped, setup),
		cmocka_unit_test_setup(test_storm_cap_spares_unknown_unicast_and_trusted_ports,
				       setup),
		cmocka_unit_test_setup(test_n2_broadcast_loop_of_a_bridging_guest, setup),
		cmocka_unit_test_setup(test_isolated_ports, setup),
		cmocka_unit_test_setup(test_isolated_ports_by_way_of_the_gateway, setup),
		cmocka_unit_test_setup(test_group_and_zero_sources, setup),
		cmocka_unit_test_setup(test_reserved_destinations_stay, setup),
		cmocka_unit_test_setup(test_n6_jumbo_that_cannot_pass, setup),
		cmocka_unit_test_setup(test_structures_that_make_no_sense, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
