/* SPDX-License-Identifier: MIT */
// SOURCES: net/gateway.c net/gateway_arp.c net/gateway_own.c net/gateway_route.c net/gateway_send.c
// SOURCES: net/arp.c net/checksum.c net/dhcp.c net/dhcp_client.c net/dhcp_server.c net/dns.c
// SOURCES: net/dns_relay.c net/icmp.c net/ipv4.c net/ping.c net/udp.c net/nat.c net/nat_binding.c
// SOURCES: net/nat_flow.c net/nat_fragment.c net/nat_packet.c lib/error.c lib/log.c lib/lock.c
// SOURCES: lib/format.c net/dhcp_lease.c net/nat_room.c net/nat_state.c net/text.c
/* What hostile guests and a hostile segment send to a gateway. */
#include "tests/unit/test.h"

#include "tests/unit/fake/gateway_world.h"
#include "tests/unit/fake/ipv6_chains.h"

enum { VM = 3, EVIL = 9, HOST = 0x0a080042 };

static int
setup(void **state)
{
	struct gateway_config c = world_config();

	world_begin(&c);
	world_meet(VM, HOST);
	world_udp_out(VM, HOST, 1, WORLD_SERVER, 9, "x", 1);
	world_answer_router();
	world_count = 0;
	return 0;
}

static void
assert_dropped(enum gateway_drop reason, u64 count)
{
	assert_int_equal(world.counters.dropped[reason], count);
}

static void
test_n2_spoofed_gateway_mac(void **state)
{
	world_deliver(GATEWAY_INSIDE, EVIL,
		      world_put_udp(world_mac, world_mac, HOST, 1, WORLD_SERVER, 9, "x", 1));
	world_arp(GATEWAY_INSIDE, EVIL, ARP_REQUEST, world_mac, HOST, NULL, WORLD_GATEWAY);
	world_deliver(GATEWAY_OUTSIDE, 0,
		      world_put_udp(world_outside_mac, world_outside_mac, WORLD_SERVER, 1,
				    WORLD_OUTSIDE, 9, "x", 1));
	world_deliver(GATEWAY_INSIDE, EVIL,
		      world_put_udp(world_mac, world_all, HOST, 1, WORLD_SERVER, 9, "x", 1));
	assert_int_equal(world_count, 0);
	assert_dropped(GATEWAY_SPOOFED, 4);
}

static void
test_n2_spoofed_gateway_address(void **state)
{
	struct arp arp;

	/* By IP, by ARP's request, reply and announcement. */
	world_udp_out(EVIL, WORLD_GATEWAY, 1, WORLD_SERVER, 9, "x", 1);
	assert_int_equal(world_count, 0);
	world_arp(GATEWAY_INSIDE, EVIL, ARP_REQUEST, world_vm_mac(EVIL), WORLD_GATEWAY, NULL,
		  WORLD_GATEWAY);
	/* Others hear who really has it, once a second. */
	assert_int_equal(world_count, 1);
	assert_true(arp_check(world_last(0)->at, world_last(0)->len, &arp));
	assert_int_equal(arp.sender, WORLD_GATEWAY);
	assert_memory_equal(arp.sender_mac, world_mac, 6);
	assert_memory_equal(world_last(0)->at, world_all, 6);
	for (unsigned i = 0; i < 100; i++)
		world_arp(GATEWAY_INSIDE, EVIL, ARP_REPLY, world_vm_mac(EVIL), WORLD_GATEWAY,
			  world_mac, WORLD_GATEWAY);
	assert_int_equal(world_count, 1);
	assert_true(world.counters.claims > 1);
	assert_null(neighbour_find(&world.neighbours[GATEWAY_INSIDE], WORLD_GATEWAY));
}

static void
test_n2_outside_address_claimed_on_the_segment(void **state)
{
	world_arp(GATEWAY_OUTSIDE, 0, ARP_REPLY, world_router_mac, WORLD_OUTSIDE, world_outside_mac,
		  WORLD_OUTSIDE);
	assert_int_equal(world.counters.claims, 1);
	assert_null(neighbour_find(&world.neighbours[GATEWAY_OUTSIDE], WORLD_OUTSIDE));
}

static void
test_n2_address_of_a_lease_used_by_another(void **state)
{
	u32 address = world_lease(VM);

	assert_int_not_equal(address, 0);
	world_count = 0;
	world_udp_out(EVIL, address, 1, WORLD_SERVER, 9, "x", 1);
	world_udp_out(EVIL, address, 1, WORLD_GATEWAY, 7, "x", 1);
	world_arp(GATEWAY_INSIDE, EVIL, ARP_REQUEST, world_vm_mac(EVIL), address, NULL,
		  WORLD_GATEWAY);
	assert_int_equal(world_count, 0);
	assert_dropped(GATEWAY_SPOOFED, 3);
	world_udp_out(VM, address, 1, WORLD_SERVER, 9, "x", 1);
	assert_int_equal(world_count, 1);
}

static void
test_n2_arp_storm_leaves_others_alone(void **state)
{
	for (u32 i = 0; i < 1000000; i++) {
		if (i % 1000 == 0) /* as time passes, so that each may be answered */
			world_now += WORLD_SECOND;
		arp_put(world_frame, ARP_REQUEST, world_vm_mac(EVIL), 0x0a080000 + i % 256, NULL,
			WORLD_GATEWAY);
		gateway_from_inside(&world, world_frame, ARP_FRAME, EVIL, "evil.0");
	}
	assert_true(world.neighbours[GATEWAY_INSIDE].used <= 1 + NEIGHBOUR_OWNER_PLACES);
	assert_memory_equal(neighbour_find(&world.neighbours[GATEWAY_INSIDE], HOST)->mac,
			    world_vm_mac(VM), 6);
	assert_int_not_equal(world_lease(4), 0);
}

static void
test_n2_arp_storm_outside_is_not_learned(void **state)
{
	for (u32 i = 0; i < 100000; i++)
		world_arp(GATEWAY_OUTSIDE, 0, ARP_REPLY, world_router_mac, 0xc0000000 + i,
			  world_all, 0xc0000000 + i);
	assert_int_equal(world.neighbours[GATEWAY_OUTSIDE].used, 1);
}

static void
test_n3_ip_options(void **state)
{
	/* Each is four bytes behind a header of 24. */
	static const struct {
		u8 option[4];
		bool passes;
	} cases[] = {
		{{1, 1, 1, 0},   true },
		 {{148, 4, 0, 0}, true },
		 {{131, 3, 4, 0}, false},
		{{137, 3, 4, 0}, false},
		 {{1, 1, 1, 7},	false},
		 {{7, 0, 0, 0},	false},
		{{7, 1, 0, 0},   false},
		 {{7, 5, 0, 0},	false},
		 {{7, 255, 0, 0}, false},
		{{1, 1, 131, 2}, false},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		u8 *packet = world_frame + ETH_HEADER;
		u32 len = world_put_udp(world_mac, world_vm_mac(VM), HOST, 1, WORLD_SERVER, 9, "x",
					1);
		unsigned before = world_count;

		memmove(packet + 24, packet + 20, len - ETH_HEADER - 20);
		memcpy(packet + 20, cases[i].option, 4);
		packet[0] = 0x46;
		be16_put(packet + IPV4_TOTAL_LEN, (u16)(len - ETH_HEADER + 4));
		ipv4_put_checksum(packet);
		world_deliver(GATEWAY_INSIDE, VM, len + 4);
		assert_int_equal(world_count - before, cases[i].passes);
	}
}

static void
test_n3_bad_lengths(void **state)
{
	u8 good[64], *packet = world_frame + ETH_HEADER;
	u32 len = world_put_udp(world_mac, world_vm_mac(VM), HOST, 1, WORLD_SERVER, 9, "abc", 3);

	assert_true(len < sizeof(good));
	memcpy(good, world_frame, len);
	for (u32 i = 0; i < len; i++) { /* cut anywhere */
		memcpy(world_frame, good, len);
		world_deliver(GATEWAY_INSIDE, VM, i);
	}
	for (u32 total = 0; total < 65536; total++) { /* of the packet, as its header says */
		if (total == len - ETH_HEADER)
			continue;
		memcpy(world_frame, good, len);
		be16_put(packet + IPV4_TOTAL_LEN, (u16)total);
		ipv4_put_checksum(packet);
		world_deliver(GATEWAY_INSIDE, VM, len);
	}
	assert_int_equal(world_count, 0);
	for (u32 words = 0; words < 16; words++) { /* of its header */
		if (words == 5)
			continue;
		memcpy(world_frame, good, len);
		packet[0] = (u8)(0x40 | words);
		ipv4_put_checksum(packet);
		world_deliver(GATEWAY_INSIDE, VM, len);
	}
	for (u32 version = 0; version < 16; version++) {
		if (version == 4)
			continue;
		memcpy(world_frame, good, len);
		packet[0] = (u8)(version << 4 | 5);
		ipv4_put_checksum(packet);
		world_deliver(GATEWAY_INSIDE, VM, len);
	}
	memcpy(world_frame, good, len);
	packet[IPV4_CHECKSUM] ^= 1;
	world_deliver(GATEWAY_INSIDE, VM, len);
	assert_int_equal(world_count, 0);
	memcpy(world_frame, good, len);
	world_deliver(GATEWAY_INSIDE, VM, len);
	assert_int_equal(world_count, 1);
}

static void
test_n3_zero_length_udp(void **state)
{
	u8 *packet = world_frame + ETH_HEADER, *udp = packet + IPV4_HEADER;
	u32 len;

	world_udp_out(VM, HOST, 1, WORLD_SERVER, 9, "", 0);
	assert_int_equal(world_count, 1); /* no data at all is fine */
	world_udp_out(VM, HOST, 1, WORLD_GATEWAY, 53, "", 0);
	world_udp_out(VM, HOST, 1, WORLD_GATEWAY, 67, "", 0);
	for (u32 said = 0; said < UDP_HEADER; said++) {
		len = world_put_udp(world_mac, world_vm_mac(VM), HOST, 1, WORLD_GATEWAY, 7, "", 0);
		be16_put(udp + UDP_LEN, (u16)said);
		be16_put(udp + UDP_CHECKSUM, 0);
		world_deliver(GATEWAY_INSIDE, VM, len);
	}
	assert_int_equal(world_count, 1);
	assert_dropped(GATEWAY_MALFORMED, 1 + UDP_HEADER);
	assert_int_equal(world.dhcp.malformed, 1);
}

static void
test_n3_fragments_to_the_gateway_itself(void **state)
{
	u8 *packet = world_frame + ETH_HEADER;
	static const u16 places[] = {IPV4_MORE_FRAGMENTS, 1, IPV4_FRAGMENT_OFFSET,
				     IPV4_MORE_FRAGMENTS | 5};

	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		u32 len = world_put_udp(world_mac, world_vm_mac(VM), HOST, 1, WORLD_GATEWAY, 53,
					"12345678", 8);

		be16_put(packet + IPV4_FRAGMENT, places[i]);
		ipv4_put_checksum(packet);
		world_deliver(GATEWAY_INSIDE, VM, len);
	}
	assert_int_equal(world_count, 0);
	assert_dropped(GATEWAY_MALFORMED, 1); /* the one behind the end of 64 KiB */
	assert_dropped(GATEWAY_CLOSED, 3);
}

/* An ICMP error from `from` to `to`, about a packet that says to be from `quoted` to `to2`. */
static void
put_error(u32 from, u32 to, u32 quoted, u32 to2)
{
	u8 about[64] = {0};
	struct ipv4 ip;

	(void)udp_put(about, quoted, 5, to2, 7, 1, 8);
	assert_true(ipv4_check(about, sizeof(about), &ip));
	ip.source = to;
	world_put_eth(world_frame, world_mac, world_vm_mac(EVIL), ETH_TYPE_IPV4);
	(void)icmp_put_error(world_frame + ETH_HEADER, from, ICMP_UNREACHABLE,
			     ICMP_UNREACHABLE_PORT, 0, about, &ip);
}

static void
test_n3_icmp_error_quoting_itself(void **state)
{
	u8 *packet = world_frame + ETH_HEADER;
	u32 len;

	/* To the gateway, to the world; then one whose quotation is its own header. */
	put_error(HOST + 1, WORLD_GATEWAY, WORLD_GATEWAY, HOST + 1);
	world_deliver(GATEWAY_INSIDE, EVIL, ETH_HEADER + be16_at(packet + IPV4_TOTAL_LEN));
	put_error(HOST + 1, WORLD_SERVER, WORLD_SERVER, HOST + 1);
	len = ETH_HEADER + be16_at(packet + IPV4_TOTAL_LEN);
	world_deliver(GATEWAY_INSIDE, EVIL, len);
	put_error(HOST + 1, WORLD_SERVER, WORLD_SERVER, HOST + 1);
	memcpy(packet + IPV4_HEADER + ICMP_HEADER, packet, IPV4_HEADER + ICMP_HEADER);
	be16_put(packet + IPV4_HEADER + ICMP_CHECKSUM, 0);
	be16_put(packet + IPV4_HEADER + ICMP_CHECKSUM,
		 checksum_fold(
			 checksum_add(0, packet + IPV4_HEADER, len - ETH_HEADER - IPV4_HEADER)));
	world_deliver(GATEWAY_INSIDE, EVIL, len);
	/* And with a TTL that runs out: no error about an error. */
	put_error(HOST + 1, WORLD_SERVER, WORLD_SERVER, HOST + 1);
	packet[IPV4_TTL] = 1;
	ipv4_put_checksum(packet);
	world_deliver(GATEWAY_INSIDE, EVIL, len);
	assert_int_equal(world_count, 0);
	assert_int_equal(world.counters.errors, 0);
}

static void
test_no_errors_about_broadcasts_or_later_fragments(void **state)
{
	u8 *packet = world_frame + ETH_HEADER;
	u32 len;

	world_deliver(GATEWAY_INSIDE, VM,
		      world_put_udp(world_all, world_vm_mac(VM), HOST, 1, WORLD_GATEWAY, 7, "x",
				    1));
	world_deliver(GATEWAY_INSIDE, VM,
		      world_put_udp(world_all, world_vm_mac(VM), HOST, 1, 0x0a0800ff, 7, "x", 1));
	world_deliver(GATEWAY_INSIDE, VM,
		      world_put_udp(world_all, world_vm_mac(VM), HOST, 1, WORLD_SERVER, 7, "x", 1));
	len = world_put_udp(world_mac, world_vm_mac(VM), HOST, 1, WORLD_OTHER + 1, 7, "x", 1);
	be16_put(packet + IPV4_FRAGMENT, 100);
	ipv4_put_checksum(packet);
	world_deliver(GATEWAY_INSIDE, VM, len);
	world_udp_out(VM, 0, 1, WORLD_GATEWAY, 7, "x", 1);
	world_udp_out(VM, 0, 1, IPV4_BROADCAST, 7, "x", 1);
	assert_int_equal(world_count, 0);
}

static void
test_broadcast_echo_is_not_answered(void **state)
{
	world_put_eth(world_frame, world_all, world_vm_mac(VM), ETH_TYPE_IPV4);
	world_deliver(GATEWAY_INSIDE, VM,
		      ETH_HEADER +
			      icmp_put_echo(world_frame + ETH_HEADER, HOST, 0x0a0800ff, 1, 1, 50));
	world_put_eth(world_frame, world_all, world_vm_mac(VM), ETH_TYPE_IPV4);
	world_deliver(GATEWAY_INSIDE, VM,
		      ETH_HEADER + icmp_put_echo(world_frame + ETH_HEADER, HOST, WORLD_GATEWAY, 1,
						 1, 50));
	assert_int_equal(world_count, 0);
}

static void
test_n3_ipv6_to_the_gateway_is_ignored(void **state)
{
	memset(world_frame, 0, 200);
	world_put_eth(world_frame, world_mac, world_vm_mac(VM), ETH_TYPE_IPV6);
	world_frame[ETH_HEADER] = 0x60;
	world_frame[ETH_HEADER + IPV6_NEXT] = 0; /* hop by hop, of 2048 bytes, without end */
	world_frame[ETH_HEADER + IPV6_HEADER + 1] = 0xff;
	world_deliver(GATEWAY_INSIDE, VM, 200);
	world_deliver(GATEWAY_OUTSIDE, 0, 200);
	assert_int_equal(world_count, 0);
	assert_int_equal(world.neighbours[GATEWAY_INSIDE].used, 1);
}

/* To its MAC, to all, and by multicast, from both sides, whole and cut at every eight bytes. */
static void
test_n3_ipv6_extension_headers_at_the_gateway(void **state)
{
	static const u8 nodes[6] = {0x33, 0x33, 0, 0, 0, 1};
	const u8 *to[] = {world_mac, world_outside_mac, world_all, nodes};

	for (unsigned i = 0; i < ARRAY_SIZE(fake_chains) * 4; i++) {
		const u32 len = ETH_HEADER + IPV6_HEADER + CHAIN_LEN;

		world_put_eth(world_frame, to[i % 4], world_vm_mac(EVIL), ETH_TYPE_IPV6);
		fake_chain_put(world_frame + ETH_HEADER, &fake_chains[i / 4]);
		world_frame[ETH_HEADER + IPV6_SOURCE] = 0xfe;
		world_frame[ETH_HEADER + IPV6_DESTINATION] = 0xff;
		for (u32 cut = ETH_MIN; cut <= len; cut += 8) {
			world_deliver(GATEWAY_INSIDE, EVIL, cut);
			world_deliver(GATEWAY_OUTSIDE, 0, cut);
		}
		world_deliver(GATEWAY_INSIDE, EVIL, len);
	}
	assert_int_equal(world_count, 0);
	assert_int_equal(world.neighbours[GATEWAY_INSIDE].used, 1);
	world_udp_out(VM, HOST, 1, WORLD_SERVER, 9, "x", 1); /* it lives */
	assert_int_equal(world_count, 1);
}

static void
test_frames_of_all_short_lengths_and_owners_beyond(void **state)
{
	memset(world_frame, 0xff, sizeof(world_frame));
	for (u32 len = 0; len <= ETH_MIN; len++) {
		world_deliver(GATEWAY_INSIDE, VM, len);
		world_deliver(GATEWAY_OUTSIDE, 0, len);
	}
	world_meet(GATEWAY_OWNERS, HOST + 1);
	world_meet(0xffffffff, HOST + 1);
	gateway_owner_gone(&world, 0xffffffff, "vm.0");
	assert_int_equal(world_count, 0);
}

static void
test_padding_is_zero(void **state)
{
	memset(world_frame, 0xaa, ETH_MIN);
	world_put_eth(world_frame, world_mac, world_vm_mac(VM), ETH_TYPE_IPV4);
	(void)udp_put(world_frame + ETH_HEADER, HOST, 1, WORLD_SERVER, 9, 1, 2);
	world_deliver(GATEWAY_INSIDE, VM, ETH_MIN);
	assert_int_equal(world_last(0)->len, ETH_MIN);
	assert_int_equal(world_last(0)->at[ETH_HEADER + UDP_IPV4_HEADERS + 1], 0xaa);
	for (unsigned i = ETH_HEADER + UDP_IPV4_HEADERS + 2; i < ETH_MIN; i++)
		assert_int_equal(world_last(0)->at[i], 0);
}

static void
test_an_owner_that_goes_is_forgotten(void **state)
{
	world_udp_out(VM, HOST, 1, WORLD_SERVER + 5, 9, "x", 1);
	assert_int_equal(world.config.nat_memory->flow_count, 2);
	gateway_owner_gone(&world, VM, world_vm_name(VM));
	assert_null(neighbour_find(&world.neighbours[GATEWAY_INSIDE], HOST));
	assert_int_equal(world.config.nat_memory->flow_count, 0);
}

/* What it has leased stays its own, and so do the ports that are forwarded to it. */
static void
test_n2_address_of_a_vm_that_stands_still_claimed(void **state)
{
	u32 address = world_lease(VM);

	gateway_owner_gone(&world, VM, world_vm_name(VM));
	world_count = 0;
	world_arp(GATEWAY_INSIDE, EVIL, ARP_REQUEST, world_vm_mac(EVIL), address, NULL,
		  WORLD_GATEWAY);
	assert_int_equal(world_count, 0);
	assert_memory_equal(neighbour_find(&world.neighbours[GATEWAY_INSIDE], address)->mac,
			    world_vm_mac(VM), ETH_ADDRESS);
}

/* Without a lease a forward goes where its VM was seen, and not to who is seen there after it. */
static void
test_n2_address_of_a_forward_claimed(void **state)
{
	static const struct gateway_forward forward = {IP_UDP, 8080, 80, "vm3", 0};
	struct gateway_config c = world_config();

	_Static_assert(VM == 3, "vm3 is this one");
	c.forwards = &forward;
	c.forward_count = 1;
	for (unsigned gone = 0; gone < 2; gone++) {
		world_begin(&c);
		world_meet(VM, HOST);
		world_udp_in(WORLD_SERVER, 9, WORLD_OUTSIDE, 8080, "x", 1);
		assert_memory_equal(world_last(0)->at, world_vm_mac(VM), ETH_ADDRESS);
		if (gone)
			gateway_owner_gone(&world, VM, world_vm_name(VM));
		else
			world_pass(200 * WORLD_SECOND); /* it does not answer for itself */
		world_meet(EVIL, HOST);
		world_count = 0;
		world_udp_in(WORLD_SERVER, 9, WORLD_OUTSIDE, 8080, "x", 1);
		assert_int_equal(world_count, 0);
	}
}

/* But to its lease it does, also when another card shows that address. */
static void
test_n2_lease_of_a_forward_claimed(void **state)
{
	static const struct gateway_forward forward = {IP_UDP, 8080, 80, "vm3", 0};
	struct gateway_config c = world_config();
	u32 address;

	c.forwards = &forward;
	c.forward_count = 1;
	world_begin(&c);
	address = world_lease(VM);
	world_meet(EVIL, address);
	gateway_owner_gone(&world, VM, world_vm_name(VM));
	world_meet(EVIL, address);
	world_udp_in(WORLD_SERVER, 9, WORLD_OUTSIDE, 8080, "x", 1);
	assert_memory_equal(world_last(0)->at, world_vm_mac(VM), ETH_ADDRESS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_n2_spoofed_gateway_mac, setup),
		cmocka_unit_test_setup(test_n2_spoofed_gateway_address, setup),
		cmocka_unit_test_setup(test_n2_outside_address_claimed_on_the_segment, setup),
		cmocka_unit_test_setup(test_n2_address_of_a_lease_used_by_another, setup),
		cmocka_unit_test_setup(test_n2_arp_storm_leaves_others_alone, setup),
		cmocka_unit_test_setup(test_n2_arp_storm_outside_is_not_learned, setup),
		cmocka_unit_test_setup(test_n3_ip_options, setup),
		cmocka_unit_test_setup(test_n3_bad_lengths, setup),
		cmocka_unit_test_setup(test_n3_zero_length_udp, setup),
		cmocka_unit_test_setup(test_n3_fragments_to_the_gateway_itself, setup),
		cmocka_unit_test_setup(test_n3_icmp_error_quoting_itself, setup),
		cmocka_unit_test_setup(test_no_errors_about_broadcasts_or_later_fragments, setup),
		cmocka_unit_test_setup(test_broadcast_echo_is_not_answered, setup),
		cmocka_unit_test_setup(test_n3_ipv6_to_the_gateway_is_ignored, setup),
		cmocka_unit_test_setup(test_n3_ipv6_extension_headers_at_the_gateway, setup),
		cmocka_unit_test_setup(test_frames_of_all_short_lengths_and_owners_beyond, setup),
		cmocka_unit_test_setup(test_padding_is_zero, setup),
		cmocka_unit_test_setup(test_an_owner_that_goes_is_forgotten, setup),
		cmocka_unit_test_setup(test_n2_address_of_a_vm_that_stands_still_claimed, setup),
		cmocka_unit_test_setup(test_n2_address_of_a_forward_claimed, setup),
		cmocka_unit_test_setup(test_n2_lease_of_a_forward_claimed, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
