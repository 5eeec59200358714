/* SPDX-License-Identifier: MIT */
// SOURCES: net/gateway.c net/gateway_arp.c net/gateway_own.c net/gateway_route.c net/gateway_send.c
// SOURCES: net/arp.c net/checksum.c net/dhcp.c net/dhcp_client.c net/dhcp_server.c net/dns.c
// SOURCES: net/dns_relay.c net/icmp.c net/ipv4.c net/ping.c net/udp.c net/nat.c net/nat_binding.c
// SOURCES: net/nat_flow.c net/nat_fragment.c net/nat_packet.c lib/error.c lib/log.c lib/lock.c
// SOURCES: lib/format.c net/dhcp_lease.c net/nat_room.c net/nat_state.c net/text.c
/* A gateway as its hosts and its uplink see it: addresses, routing, names, and what never passes.
 */
#include "tests/unit/test.h"

#include "tests/unit/fake/gateway_world.h"

enum { VM = 3, HOST = 0x0a080042 };

static int
setup(void **state)
{
	struct gateway_config c = world_config();

	world_begin(&c);
	return 0;
}

/* VM 3 has HOST's address, and the router is known. */
static void
meet_both(void)
{
	u8 byte = 0;

	world_meet(VM, HOST);
	world_udp_out(VM, HOST, 1, WORLD_SERVER, 9, &byte, 1);
	world_answer_router();
	world_count = 0;
}

static void
assert_frame(unsigned n, enum gateway_side side, const u8 *mac)
{
	assert_true(world_count > n);
	assert_int_equal(world_last(n)->side, side);
	assert_memory_equal(world_last(n)->at + ETH_DESTINATION, mac, 6);
}

/* The last frame is this error, about a packet whose destination was `about`. */
static void
assert_error(u8 type, u8 code, u32 about)
{
	const u8 *packet = world_last_ip(0), *icmp = packet + IPV4_HEADER;

	assert_frame(0, GATEWAY_INSIDE, world_vm_mac(VM));
	assert_int_equal(packet[IPV4_PROTOCOL], IP_ICMP);
	assert_int_equal(icmp[ICMP_TYPE], type);
	assert_int_equal(icmp[ICMP_CODE], code);
	assert_int_equal(be32_at(icmp + ICMP_HEADER + IPV4_DESTINATION), about);
}

static u32
put_echo(const u8 *to_mac, const u8 *from_mac, u32 from, u32 to, u32 size)
{
	memset(world_frame, 0, 64);
	world_put_eth(world_frame, to_mac, from_mac, ETH_TYPE_IPV4);
	return ETH_HEADER + icmp_put_echo(world_frame + ETH_HEADER, from, to, 77, 1, size);
}

static void
test_arp_is_answered_for_own_addresses_only(void **state)
{
	struct arp arp;

	world_count = 0;
	world_meet(VM, HOST);
	assert_int_equal(world_count, 1);
	assert_frame(0, GATEWAY_INSIDE, world_vm_mac(VM));
	assert_true(arp_check(world_last(0)->at, world_last(0)->len, &arp));
	assert_int_equal(arp.operation, ARP_REPLY);
	assert_int_equal(arp.sender, WORLD_GATEWAY);
	assert_int_equal(arp.target, HOST);
	world_arp(GATEWAY_INSIDE, VM, ARP_REQUEST, world_vm_mac(VM), HOST, NULL, HOST + 1);
	world_arp(GATEWAY_INSIDE, VM, ARP_REQUEST, world_vm_mac(VM), HOST, NULL, WORLD_OUTSIDE);
	world_arp(GATEWAY_OUTSIDE, 0, ARP_REQUEST, world_router_mac, WORLD_ROUTER, NULL,
		  WORLD_GATEWAY);
	assert_int_equal(world_count, 1);
	world_arp(GATEWAY_OUTSIDE, 0, ARP_REQUEST, world_router_mac, WORLD_ROUTER, NULL,
		  WORLD_OUTSIDE);
	assert_int_equal(world_count, 2);
	assert_frame(0, GATEWAY_OUTSIDE, world_router_mac);
}

static void
test_arp_probe_for_the_gateways_address_is_answered(void **state)
{
	world_count = 0;
	world_arp(GATEWAY_INSIDE, VM, ARP_REQUEST, world_vm_mac(VM), 0, NULL, WORLD_GATEWAY);
	assert_int_equal(world_count, 1);
}

static void
test_echo(void **state)
{
	const u8 *packet = world_last_ip(0);

	world_count = 0;
	world_deliver(GATEWAY_INSIDE, VM,
		      put_echo(world_mac, world_vm_mac(VM), HOST, WORLD_GATEWAY, 1000));
	packet = world_last_ip(0);
	assert_frame(0, GATEWAY_INSIDE, world_vm_mac(VM));
	assert_int_equal(packet[IPV4_HEADER + ICMP_TYPE], ICMP_ECHO_REPLY);
	assert_int_equal(be32_at(packet + IPV4_DESTINATION), HOST);
	assert_int_equal(be16_at(packet + IPV4_HEADER + ICMP_ID), 77);
	world_deliver(GATEWAY_OUTSIDE, 0,
		      put_echo(world_outside_mac, world_router_mac, WORLD_SERVER, WORLD_OUTSIDE,
			       8));
	assert_int_equal(world_count, 2);
	assert_frame(0, GATEWAY_OUTSIDE, world_router_mac);
	world_deliver(GATEWAY_INSIDE, VM,
		      put_echo(world_mac, world_vm_mac(VM), HOST, WORLD_OUTSIDE, 8));
	assert_int_equal(world_count, 3);
	assert_frame(0, GATEWAY_INSIDE, world_vm_mac(VM));
}

static void
test_giant_echoes_are_answered_in_pieces_or_not_at_all(void **state)
{
	u8 *packet = world_frame + ETH_HEADER;
	u32 len;

	world_count = 0;
	world_deliver(GATEWAY_INSIDE, VM,
		      put_echo(world_mac, world_vm_mac(VM), HOST, WORLD_GATEWAY, 4000));
	assert_int_equal(world_count, 3);
	len = put_echo(world_mac, world_vm_mac(VM), HOST, WORLD_GATEWAY, 4000);
	memmove(packet + 24, packet + 20, len - ETH_HEADER - 20); /* with options */
	memset(packet + 20, 1, 4);
	packet[0] = 0x46;
	be16_put(packet + IPV4_TOTAL_LEN, (u16)(len - ETH_HEADER + 4));
	ipv4_put_checksum(packet);
	world_deliver(GATEWAY_INSIDE, VM, len + 4);
	assert_int_equal(world_count, 3);
	assert_int_equal(world.counters.dropped[GATEWAY_TOO_BIG], 1);
}

static void
test_echoes_and_errors_have_a_rate_of_their_owner(void **state)
{
	world_count = 0;
	for (unsigned i = 0; i < 1000; i++)
		world_deliver(GATEWAY_INSIDE, VM,
			      put_echo(world_mac, world_vm_mac(VM), HOST, WORLD_GATEWAY, 8));
	assert_in_range(world_count, 50, 200);
	assert_true(world.counters.dropped[GATEWAY_RATE] > 0);
	world_count = 0;
	world_deliver(GATEWAY_INSIDE, 4,
		      put_echo(world_mac, world_vm_mac(4), HOST + 1, WORLD_GATEWAY, 8));
	assert_int_equal(world_count, 1);
	for (unsigned i = 0; i < 1000; i++)
		world_udp_out(VM, HOST, 5, WORLD_GATEWAY, 7, "", 1);
	assert_in_range(world_count, 10, 50);
}

static void
test_closed_ports_are_unreachable(void **state)
{
	world_udp_out(VM, HOST, 5, WORLD_GATEWAY, 7, "x", 1);
	assert_error(ICMP_UNREACHABLE, ICMP_UNREACHABLE_PORT, WORLD_GATEWAY);
	world_count = 0;
	world_udp_in(WORLD_SERVER, 5, WORLD_OUTSIDE, 7, "x", 1);
	assert_frame(0, GATEWAY_OUTSIDE, world_router_mac);
	assert_int_equal(world_last_ip(0)[IPV4_HEADER + ICMP_CODE], ICMP_UNREACHABLE_PORT);
}

static void
test_dns_over_tcp_is_told_that_the_port_is_closed(void **state)
{
	u8 *packet = world_frame + ETH_HEADER;
	u32 len = world_put_udp(world_mac, world_vm_mac(VM), HOST, 5, WORLD_GATEWAY, 53,
				"123456789012", 12);

	packet[IPV4_PROTOCOL] = IP_TCP;
	ipv4_put_checksum(packet);
	world_deliver(GATEWAY_INSIDE, VM, len);
	assert_error(ICMP_UNREACHABLE, ICMP_UNREACHABLE_PORT, WORLD_GATEWAY);
}

static void
test_a_flow_goes_out_and_its_answer_comes_back(void **state)
{
	const u8 *packet;
	u16 port;

	meet_both();
	world_udp_out(VM, HOST, 5000, WORLD_SERVER, 9, "hello", 5);
	assert_int_equal(world_count, 1);
	assert_frame(0, GATEWAY_OUTSIDE, world_router_mac);
	packet = world_last_ip(0);
	assert_int_equal(be32_at(packet + IPV4_SOURCE), WORLD_OUTSIDE);
	assert_int_equal(be32_at(packet + IPV4_DESTINATION), WORLD_SERVER);
	assert_int_equal(packet[IPV4_TTL], IPV4_TTL_OWN - 1);
	assert_memory_equal(packet + UDP_IPV4_HEADERS, "hello", 5);
	port = be16_at(packet + IPV4_HEADER + UDP_SOURCE);

	world_udp_in(WORLD_SERVER, 9, WORLD_OUTSIDE, port, "world", 5);
	assert_int_equal(world_count, 2);
	assert_frame(0, GATEWAY_INSIDE, world_vm_mac(VM));
	packet = world_last_ip(0);
	assert_int_equal(be32_at(packet + IPV4_DESTINATION), HOST);
	assert_int_equal(be16_at(packet + IPV4_HEADER + UDP_DESTINATION), 5000);
	assert_int_equal(packet[IPV4_TTL], IPV4_TTL_OWN - 1);
	assert_int_equal(world.counters.routed_out, 2); /* meet_both() was the first */
	assert_int_equal(world.counters.routed_in, 1);
}

static void
test_the_first_packet_waits_for_the_routers_mac(void **state)
{
	world_meet(VM, HOST);
	world_count = 0;
	world_udp_out(VM, HOST, 5000, WORLD_SERVER, 9, "first", 5);
	assert_int_equal(world_count, 1); /* the question for the router */
	assert_frame(0, GATEWAY_OUTSIDE, world_all);
	world_answer_router();
	assert_int_equal(world_count, 2);
	assert_frame(0, GATEWAY_OUTSIDE, world_router_mac);
	assert_memory_equal(world_last_ip(0) + UDP_IPV4_HEADERS, "first", 5);
	world_answer_router();
	assert_int_equal(world_count, 2); /* once only */
}

static void
test_a_next_hop_that_never_answers_makes_the_host_unreachable(void **state)
{
	world_meet(VM, HOST);
	world_udp_out(VM, HOST, 5000, WORLD_SERVER, 9, "first", 5);
	world_pass(5 * WORLD_SECOND);
	assert_error(ICMP_UNREACHABLE, ICMP_UNREACHABLE_HOST, WORLD_SERVER);
	assert_int_equal(world.counters.dropped[GATEWAY_UNRESOLVED], 1);
}

static void
test_one_owner_holds_only_some_of_the_packets_that_wait(void **state)
{
	for (unsigned i = 0; i < 100; i++)
		world_udp_out(VM, HOST, 5000, 0xc0000210 + i % 20, 9, "x", 1);
	world_udp_out(4, HOST + 1, 5000, WORLD_SERVER, 9, "other", 5);
	world_count = 0;
	world_answer_router();
	assert_int_equal(world_count, 1);
	assert_memory_equal(world_last_ip(0) + UDP_IPV4_HEADERS, "other", 5);
}

static void
test_a_ttl_that_runs_out_is_reported(void **state)
{
	u32 len;

	meet_both();
	len = world_put_udp(world_mac, world_vm_mac(VM), HOST, 1, WORLD_SERVER, 33434, "x", 1);
	world_frame[ETH_HEADER + IPV4_TTL] = 1;
	ipv4_put_checksum(world_frame + ETH_HEADER);
	world_deliver(GATEWAY_INSIDE, VM, len);
	assert_error(ICMP_TIME_EXCEEDED, 0, WORLD_SERVER);
}

static void
test_n6_jumbo_through_an_uplink_of_1500_is_told_the_mtu(void **state)
{
	struct gateway_config c = world_config();
	static u8 data[4000];
	u8 *packet = world_frame + ETH_HEADER;
	u32 len;

	c.mtu = 9000;
	world_begin(&c);
	meet_both();
	len = world_put_udp(world_mac, world_vm_mac(VM), HOST, 1, WORLD_SERVER, 9, data, 4000);
	be16_put(packet + IPV4_FRAGMENT, IPV4_DONT_FRAGMENT);
	ipv4_put_checksum(packet);
	world_deliver(GATEWAY_INSIDE, VM, len);
	assert_error(ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED, WORLD_SERVER);
	assert_int_equal(be16_at(world_last_ip(0) + IPV4_HEADER + ICMP_MTU), 1500);
}

static void
test_n6_jumbo_that_may_be_cut_goes_out_in_pieces(void **state)
{
	struct gateway_config c = world_config();
	static u8 data[4000], back[8192];
	u32 end = 0;

	c.mtu = 9000;
	world_begin(&c);
	meet_both();
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 7);
	world_udp_out(VM, HOST, 1, WORLD_SERVER, 9, data, sizeof(data));
	assert_int_equal(world_count, 3);
	for (unsigned i = 0; i < 3; i++) {
		const u8 *packet = world_last_ip(2 - i);
		u16 place = be16_at(packet + IPV4_FRAGMENT);
		u32 size = be16_at(packet + IPV4_TOTAL_LEN) - (u32)IPV4_HEADER;

		assert_frame(2 - i, GATEWAY_OUTSIDE, world_router_mac);
		assert_int_equal((place & IPV4_FRAGMENT_OFFSET) * 8, end);
		assert_int_equal((place & IPV4_MORE_FRAGMENTS) != 0, i < 2);
		memcpy(back + end, packet + IPV4_HEADER, size);
		end += size;
	}
	assert_int_equal(end, UDP_HEADER + sizeof(data));
	assert_memory_equal(back + UDP_HEADER, data, sizeof(data));
}

/* From one address outside, the pieces of two VMs' packets must not be put together. */
static void
test_n6_pieces_of_two_vms_keep_apart(void **state)
{
	static u8 data[2000];
	struct gateway_config c = world_config();
	const u8 *first;

	c.mtu = 9000;
	world_begin(&c);
	world_meet(VM, HOST);
	world_meet(VM + 1, HOST + 1);
	world_udp_out(VM, HOST, 1, WORLD_SERVER, 9, "x", 1);
	world_answer_router();
	world_udp_out(VM, HOST, 1, WORLD_SERVER, 9, data, sizeof(data));
	world_udp_out(VM + 1, HOST + 1, 1, WORLD_SERVER, 9, data, sizeof(data));
	first = world_last_ip(3);
	assert_memory_equal(first + IPV4_ID, world_last_ip(2) + IPV4_ID, 2);
	assert_memory_not_equal(first + IPV4_ID, world_last_ip(1) + IPV4_ID, 2);
	assert_memory_equal(world_last_ip(1) + IPV4_ID, world_last_ip(0) + IPV4_ID, 2);
}

static void
test_without_an_uplink_the_net_is_unreachable(void **state)
{
	gateway_uplink_link(&world, false);
	world_udp_out(VM, HOST, 1, WORLD_SERVER, 9, "x", 1);
	assert_error(ICMP_UNREACHABLE, ICMP_UNREACHABLE_NET, WORLD_SERVER);
	assert_int_equal(world.outside.address, 0);
	gateway_uplink_link(&world, true);
	assert_int_equal(world.outside.address, WORLD_OUTSIDE);
}

static void
test_host_only_lets_nothing_out_or_in(void **state)
{
	struct gateway_config c = world_config();

	c.nat = false;
	world_begin(&c);
	world_meet(VM, HOST);
	world_count = 0;
	world_udp_out(VM, HOST, 1, WORLD_SERVER, 9, "x", 1);
	assert_int_equal(world_count, 1);
	assert_error(ICMP_UNREACHABLE, ICMP_UNREACHABLE_NET, WORLD_SERVER);
	world_count = 0;
	world_udp_in(WORLD_SERVER, 9, HOST, 1, "x", 1);
	world_udp_in(WORLD_SERVER, 9, WORLD_OUTSIDE, 1, "x", 1);
	world_arp(GATEWAY_OUTSIDE, 0, ARP_REQUEST, world_router_mac, WORLD_ROUTER, NULL,
		  WORLD_OUTSIDE);
	world_pass(10 * WORLD_SECOND);
	assert_int_equal(world_count, 0);
}

static void
test_networks_do_not_leak_into_each_other(void **state)
{
	meet_both();
	world_udp_out(VM, HOST, 1, WORLD_OTHER + 5, 9, "x", 1);
	assert_error(ICMP_UNREACHABLE, ICMP_UNREACHABLE_NET, WORLD_OTHER + 5);
	assert_int_equal(world.counters.dropped[GATEWAY_FOREIGN], 1);
	world_count = 0;
	world_udp_out(VM, WORLD_OTHER + 5, 1, WORLD_SERVER, 9, "x", 1); /* its source */
	world_udp_out(VM, WORLD_SERVER, 1, WORLD_SERVER + 1, 9, "x", 1);
	world_udp_in(WORLD_SERVER, 9, HOST, 1, "x", 1); /* from outside to inside */
	world_udp_in(WORLD_SERVER, 9, WORLD_OTHER + 5, 1, "x", 1);
	world_udp_in(WORLD_OTHER + 5, 9, WORLD_OUTSIDE, 1, "x", 1);
	world_udp_in(HOST, 9, WORLD_OUTSIDE, 1, "x", 1);
	assert_int_equal(world_count, 0);
	assert_int_equal(world.counters.dropped[GATEWAY_SPOOFED], 4);
	assert_int_equal(world.counters.dropped[GATEWAY_NOT_US], 2);
}

static void
test_inside_hosts_do_not_reach_each_other_through_the_gateway(void **state)
{
	world_meet(VM, HOST);
	world_meet(4, HOST + 1);
	world_count = 0;
	world_udp_out(VM, HOST, 1, HOST + 1, 9, "x", 1);
	assert_int_equal(world_count, 1);
	assert_error(ICMP_UNREACHABLE, ICMP_UNREACHABLE_PROHIBITED, HOST + 1);
}

static void
test_addresses_that_nobody_routes_are_dropped(void **state)
{
	static const u32 nowhere[] = {0xe0000001, 0x7f000001, 0xa9fea9fe, 0xf0000001,
				      0x00000001, 0xc00002ff /* the outside's broadcast */};

	meet_both();
	for (unsigned i = 0; i < ARRAY_SIZE(nowhere); i++)
		world_udp_out(VM, HOST, 1, nowhere[i], 9, "x", 1);
	assert_int_equal(world_count, 0);
	assert_int_equal(world.counters.dropped[GATEWAY_UNROUTABLE], ARRAY_SIZE(nowhere));
}

static void
test_a_forward_leads_to_the_vm_by_name(void **state)
{
	static const struct gateway_forward forwards[] = {
		{IP_UDP, 8080, 80, "vm3", 0	   },
		      {IP_UDP, 8081, 81, "",    HOST + 9}
	      };
	struct gateway_config c = world_config();
	u32 address;

	c.forwards = forwards;
	c.forward_count = 2;
	world_begin(&c);
	world_count = 0;
	world_udp_in(WORLD_SERVER, 9, WORLD_OUTSIDE, 8080, "x", 1); /* it isn't there yet */
	address = world_lease(VM);
	assert_int_not_equal(address, 0);
	world_count = 0;
	world_udp_in(WORLD_SERVER, 9, WORLD_OUTSIDE, 8080, "x", 1);
	assert_frame(0, GATEWAY_INSIDE, world_vm_mac(VM));
	assert_int_equal(be32_at(world_last_ip(0) + IPV4_DESTINATION), address);
	assert_int_equal(be16_at(world_last_ip(0) + IPV4_HEADER + UDP_DESTINATION), 80);
	world_udp_in(WORLD_SERVER, 9, WORLD_OUTSIDE, 8081, "y", 1);
	assert_frame(0, GATEWAY_INSIDE, world_all); /* asked for */
	world_arp(GATEWAY_INSIDE, 5, ARP_REPLY, world_vm_mac(5), HOST + 9, world_mac,
		  WORLD_GATEWAY);
	assert_frame(0, GATEWAY_INSIDE, world_vm_mac(5));
	assert_memory_equal(world_last_ip(0) + UDP_IPV4_HEADERS, "y", 1);
}

static void
test_a_forward_finds_a_vm_with_a_fixed_address(void **state)
{
	static const struct gateway_forward forward = {IP_UDP, 8080, 80, "vm3", 0};
	struct gateway_config c = world_config();

	c.forwards = &forward;
	c.forward_count = 1;
	world_begin(&c);
	world_meet(VM, HOST);
	world_count = 0;
	world_udp_in(WORLD_SERVER, 9, WORLD_OUTSIDE, 8080, "x", 1);
	assert_frame(0, GATEWAY_INSIDE, world_vm_mac(VM));
}

static void
test_a_forward_is_reached_from_the_inside_too(void **state)
{
	static const struct gateway_forward forward = {IP_UDP, 8080, 80, "vm3", 0};
	struct gateway_config c = world_config();
	u32 address;

	c.forwards = &forward;
	c.forward_count = 1;
	world_begin(&c);
	address = world_lease(VM);
	world_meet(4, HOST + 1);
	world_count = 0;
	world_udp_out(4, HOST + 1, 9, WORLD_OUTSIDE, 8080, "x", 1);
	assert_int_equal(world_count, 1);
	assert_frame(0, GATEWAY_INSIDE, world_vm_mac(VM));
	assert_int_equal(be32_at(world_last_ip(0) + IPV4_DESTINATION), address);
	assert_int_equal(be32_at(world_last_ip(0) + IPV4_SOURCE), WORLD_OUTSIDE);
	assert_int_equal(world_last_ip(0)[IPV4_TTL], IPV4_TTL_OWN - 1);
}

/* Isolation is the switch's: it hears of each frame for whom it is, also when that has waited. */
static void
test_frames_are_sent_for_who_caused_them(void **state)
{
	static const struct gateway_forward forward = {IP_UDP, 8080, 80, "", HOST};
	struct gateway_config c = world_config();

	c.forwards = &forward;
	c.forward_count = 1;
	world_begin(&c);
	world_meet(4, HOST + 1);
	assert_int_equal(world_last(0)->owner, 4); /* the answer */
	world_udp_out(4, HOST + 1, 9, WORLD_OUTSIDE, 8080, "x", 1);
	world_count = 0;
	world_arp(GATEWAY_INSIDE, VM, ARP_REPLY, world_vm_mac(VM), HOST, world_mac, WORLD_GATEWAY);
	assert_int_equal(world_count, 1);
	assert_frame(0, GATEWAY_INSIDE, world_vm_mac(VM));
	assert_int_equal(world_last(0)->owner, 4);
	world_udp_out(4, HOST + 1, 9, WORLD_OUTSIDE, 8080, "x", 1);
	assert_frame(0, GATEWAY_INSIDE, world_vm_mac(VM));
	assert_int_equal(world_last(0)->owner, 4);
	world_udp_out(4, HOST + 1, 9, WORLD_GATEWAY, 9, "x", 1); /* port unreachable */
	assert_int_equal(world_last(0)->owner, 4);
	world_udp_in(WORLD_SERVER, 9, WORLD_OUTSIDE, 8080, "x", 1);
	assert_frame(0, GATEWAY_INSIDE, world_vm_mac(VM));
	assert_int_equal(world_last(0)->owner, GATEWAY_SELF);
}

static void
answer_ping(u32 from, u16 id)
{
	u32 len = put_echo(world_outside_mac, world_router_mac, from, WORLD_OUTSIDE, 56);
	struct ipv4 ip;

	(void)icmp_put_echo(world_frame + ETH_HEADER, WORLD_OUTSIDE, from, id, 5, 56);
	assert_true(ipv4_check(world_frame + ETH_HEADER, len, &ip));
	icmp_make_reply(world_frame + ETH_HEADER, &ip);
	world_deliver(GATEWAY_OUTSIDE, 0, len);
}

static void
test_ping_outside(void **state)
{
	assert_int_equal(gateway_ping(&world, WORLD_SERVER, 5, 56), 0);
	world_answer_router();
	assert_frame(0, GATEWAY_OUTSIDE, world_router_mac);
	assert_int_equal(world_last_ip(0)[IPV4_HEADER + ICMP_TYPE], ICMP_ECHO);
	world_now += 1234;
	answer_ping(WORLD_SERVER, 1); /* not ours */
	answer_ping(WORLD_SERVER + 1, PING_ID);
	assert_int_equal(world.ping.state, PING_WAITING);
	answer_ping(WORLD_SERVER, PING_ID);
	assert_int_equal(world.ping.state, PING_ANSWERED);
	assert_int_equal(world.ping.took_ns, 1234);
}

static void
test_ping_inside(void **state)
{
	u32 len;
	struct ipv4 ip;

	world_meet(VM, HOST);
	assert_int_equal(gateway_ping(&world, HOST, 9, 100), 0);
	assert_frame(0, GATEWAY_INSIDE, world_vm_mac(VM));
	len = world_last(0)->len;
	memcpy(world_frame, world_last(0)->at, len);
	assert_true(ipv4_check(world_frame + ETH_HEADER, len, &ip));
	icmp_make_reply(world_frame + ETH_HEADER, &ip);
	world_put_eth(world_frame, world_mac, world_vm_mac(VM), ETH_TYPE_IPV4);
	world_deliver(GATEWAY_INSIDE, VM, len);
	assert_int_equal(world.ping.state, PING_ANSWERED);
}

static void
test_ping_where_nobody_is(void **state)
{
	assert_int_equal(gateway_ping(&world, HOST, 1, 8), 0);
	assert_frame(0, GATEWAY_INSIDE, world_all);
	world_pass(5 * WORLD_SECOND);
	assert_int_equal(world.ping.state, PING_UNREACHABLE);
	assert_int_equal(gateway_ping(&world, WORLD_GATEWAY, 1, 8), 0);
	assert_int_equal(world.ping.state, PING_ANSWERED);
	assert_int_equal(gateway_ping(&world, HOST, 1, PING_SIZE_MAX + 1), -ERR_INVAL);
	gateway_uplink_link(&world, false);
	assert_int_equal(gateway_ping(&world, WORLD_SERVER, 1, 8), -ERR_NODEV);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_arp_is_answered_for_own_addresses_only, setup),
		cmocka_unit_test_setup(test_arp_probe_for_the_gateways_address_is_answered, setup),
		cmocka_unit_test_setup(test_echo, setup),
		cmocka_unit_test_setup(test_giant_echoes_are_answered_in_pieces_or_not_at_all,
				       setup),
		cmocka_unit_test_setup(test_echoes_and_errors_have_a_rate_of_their_owner, setup),
		cmocka_unit_test_setup(test_closed_ports_are_unreachable, setup),
		cmocka_unit_test_setup(test_dns_over_tcp_is_told_that_the_port_is_closed, setup),
		cmocka_unit_test_setup(test_a_flow_goes_out_and_its_answer_comes_back, setup),
		cmocka_unit_test_setup(test_the_first_packet_waits_for_the_routers_mac, setup),
		cmocka_unit_test_setup(
			test_a_next_hop_that_never_answers_makes_the_host_unreachable, setup),
		cmocka_unit_test_setup(test_one_owner_holds_only_some_of_the_packets_that_wait,
				       setup),
		cmocka_unit_test_setup(test_a_ttl_that_runs_out_is_reported, setup),
		cmocka_unit_test_setup(test_n6_jumbo_through_an_uplink_of_1500_is_told_the_mtu,
				       setup),
		cmocka_unit_test_setup(test_n6_jumbo_that_may_be_cut_goes_out_in_pieces, setup),
		cmocka_unit_test_setup(test_n6_pieces_of_two_vms_keep_apart, setup),
		cmocka_unit_test_setup(test_without_an_uplink_the_net_is_unreachable, setup),
		cmocka_unit_test_setup(test_host_only_lets_nothing_out_or_in, setup),
		cmocka_unit_test_setup(test_networks_do_not_leak_into_each_other, setup),
		cmocka_unit_test_setup(
			test_inside_hosts_do_not_reach_each_other_through_the_gateway, setup),
		cmocka_unit_test_setup(test_addresses_that_nobody_routes_are_dropped, setup),
		cmocka_unit_test_setup(test_a_forward_leads_to_the_vm_by_name, setup),
		cmocka_unit_test_setup(test_a_forward_finds_a_vm_with_a_fixed_address, setup),
		cmocka_unit_test_setup(test_a_forward_is_reached_from_the_inside_too, setup),
		cmocka_unit_test_setup(test_frames_are_sent_for_who_caused_them, setup),
		cmocka_unit_test_setup(test_ping_outside, setup),
		cmocka_unit_test_setup(test_ping_inside, setup),
		cmocka_unit_test_setup(test_ping_where_nobody_is, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
