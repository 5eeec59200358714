/* SPDX-License-Identifier: MIT */
// SOURCES: net/gateway.c net/gateway_arp.c net/gateway_own.c net/gateway_route.c net/gateway_send.c
// SOURCES: net/arp.c net/checksum.c net/dhcp.c net/dhcp_client.c net/dhcp_server.c net/dns.c
// SOURCES: net/dns_relay.c net/icmp.c net/ipv4.c net/ping.c net/udp.c net/nat.c net/nat_binding.c
// SOURCES: net/nat_flow.c net/nat_fragment.c net/nat_packet.c lib/error.c lib/log.c lib/lock.c
// SOURCES: lib/format.c net/dhcp_lease.c net/nat_room.c net/nat_state.c net/text.c
/* What one guest may have of a gateway's questions and of its packets that wait: case N2. */
#include "tests/unit/test.h"

#include "tests/unit/fake/gateway_world.h"

enum { VM = 3, EVIL = 9, HOST = 0x0a080042, NEIGHBOUR = 0xc0000280, FIRST = 0x0a080080 };

static int
setup(void **state)
{
	struct gateway_config c = world_config();

	world_begin(&c);
	world_meet(VM, HOST);
	world_udp_out(EVIL, FIRST, 1, WORLD_SERVER, 9, "x", 1);
	world_answer_router();
	world_count = 0;
	return 0;
}

static void
answer_from_server(u16 to_port)
{
	world_udp_in(WORLD_SERVER, 9, WORLD_OUTSIDE, to_port, "y", 1);
}

/* The outside port of the frame that went out last. */
static u16
last_port(void)
{
	return be16_at(world_last_ip(0) + IPV4_HEADER + UDP_SOURCE);
}

/*
 * Whoever asks from many addresses has the answers wait on his own account: what is for another
 * one, whose MAC has to be asked for, doesn't wait behind them.
 */
static void
test_n2_answers_to_many_addresses_cost_who_asked(void **state)
{
	u16 port;

	world_udp_out(VM, HOST, 7, WORLD_SERVER, 9, "x", 1);
	port = last_port();
	answer_from_server(port);
	world_pass(100 * WORLD_SECOND); /* HOST is quiet: its MAC is forgotten, its flow not */
	assert_null(neighbour_find(&world.neighbours[GATEWAY_INSIDE], HOST));
	world_udp_out(EVIL, FIRST, 7, WORLD_SERVER, 9, "x", 1);
	world_answer_router(); /* it was forgotten too */
	for (unsigned i = 1; i < 100; i++) {
		world_udp_out(EVIL, FIRST + i, 7, WORLD_SERVER, 9, "x", 1);
		answer_from_server(last_port());
	}
	answer_from_server(port);
	world_count = 0;
	world_arp(GATEWAY_INSIDE, VM, ARP_REPLY, world_vm_mac(VM), HOST, world_mac, WORLD_GATEWAY);
	assert_int_equal(world_count, 1);
	assert_memory_equal(world_last(0)->at + ETH_DESTINATION, world_vm_mac(VM), ETH_ADDRESS);
	assert_int_equal(world_last_ip(0)[IPV4_HEADER + UDP_HEADER], 'y');
}

static unsigned
held(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < GATEWAY_HELD; i++)
		count += world.held[i].used;
	return count;
}

static unsigned
sent_to_all(u16 type)
{
	return world_count > 0 && be16_at(world_last(0)->at + ETH_TYPE) == type &&
	       memcmp(world_last(0)->at, world_all, ETH_ADDRESS) == 0;
}

/* To more hosts of the uplink's segment than it has places, none of which is there. */
static void
test_n2_packets_to_many_unknown_hosts_outside(void **state)
{
	unsigned questions = 0;

	for (unsigned i = 0; i < 50000; i++) {
		world_count = 0;
		world_udp_out(EVIL, FIRST, 7, NEIGHBOUR + i % 33, 9, "x", 1);
		world_now += WORLD_SECOND / 50000;
		questions += sent_to_all(ETH_TYPE_ARP);
	}
	assert_int_equal(questions, NEIGHBOUR_OWNER_PLACES);
	assert_int_equal(held(), GATEWAY_OWNER_HELD);
	world_count = 0; /* nor is the router forgotten for them */
	world_udp_out(EVIL, FIRST, 7, WORLD_SERVER, 9, "x", 1);
	assert_int_equal(world_count, 1);
	assert_int_equal(sent_to_all(ETH_TYPE_ARP), 0);
	world_pass(5 * WORLD_SECOND);
	assert_int_equal(held(), 0);
	world_count = 0; /* then it may ask for another one */
	world_udp_out(EVIL, FIRST, 7, NEIGHBOUR + 40, 9, "x", 1);
	assert_int_equal(sent_to_all(ETH_TYPE_ARP), 1);
}

/* Of a dotted name and no class that is local: without a server it fails at once. */
static void
test_n2_questions_from_many_unknown_hosts_inside(void **state)
{
	static const u8 query[] = {0, 1, 1,   0, 0,   1, 0, 0, 0, 0, 0,
				   0, 1, 'a', 1, 'b', 0, 0, 1, 0, 1};
	struct gateway_config c = world_config();
	unsigned questions = 0;

	c.dns_count = 0;
	world_begin(&c);
	for (unsigned i = 0; i < 50000; i++) {
		world_count = 0;
		world_udp_out(EVIL, FIRST + i % 33, 7, WORLD_GATEWAY, DNS_PORT, query,
			      sizeof(query));
		world_now += WORLD_SECOND / 50000;
		questions += sent_to_all(ETH_TYPE_ARP);
	}
	assert_int_equal(world.dns.failed, 50000);
	assert_int_equal(questions, NEIGHBOUR_OWNER_PLACES);
}

/* Whose next hop nobody asks for any more, because who did has gone, or had no place for it. */
static void
test_n2_packets_that_wait_for_nothing_are_dropped(void **state)
{
	world_udp_out(EVIL, FIRST, 7, NEIGHBOUR, 9, "x", 1);
	world_udp_out(VM, HOST, 7, NEIGHBOUR, 9, "x", 1);
	assert_int_equal(held(), 2);
	gateway_owner_gone(&world, EVIL, world_vm_name(EVIL));
	assert_int_equal(held(), 1);
	world_pass(2 * WORLD_SECOND);
	assert_int_equal(held(), 0);
	assert_int_equal(world.counters.dropped[GATEWAY_UNRESOLVED], 1);
	for (unsigned i = 0; i < NEIGHBOUR_OWNER_PLACES; i++)
		(void)neighbour_resolve(&world.neighbours[GATEWAY_OUTSIDE], NEIGHBOUR + 1 + i, VM,
					world_now);
	world_udp_out(VM, HOST, 7, NEIGHBOUR, 9, "x", 1);
	assert_int_equal(held(), 0);
	assert_int_equal(world.counters.dropped[GATEWAY_UNRESOLVED], 2);
}

/* A lease outlives its VM, what was connected to it does not: it would keep its room for hours. */
static void
test_flows_from_outside_end_with_their_vm(void **state)
{
	static const struct gateway_forward forward = {IP_UDP, 8080, 80, "vm3", 0};
	struct gateway_config c = world_config();

	_Static_assert(VM == 3, "vm3 is this one");
	c.forwards = &forward;
	c.forward_count = 1;
	world_begin(&c);
	assert_int_not_equal(world_lease(VM), 0);
	for (u16 i = 0; i < 100; i++)
		world_udp_in(WORLD_SERVER, (u16)(1000 + i), WORLD_OUTSIDE, 8080, "x", 1);
	assert_int_equal(world_nat.flow_count, 100);
	gateway_owner_gone(&world, EVIL, world_vm_name(EVIL));
	assert_int_equal(world_nat.flow_count, 100);
	gateway_owner_gone(&world, VM, world_vm_name(VM));
	assert_int_equal(world_nat.flow_count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_n2_answers_to_many_addresses_cost_who_asked, setup),
		cmocka_unit_test_setup(test_n2_packets_to_many_unknown_hosts_outside, setup),
		cmocka_unit_test_setup(test_n2_questions_from_many_unknown_hosts_inside, setup),
		cmocka_unit_test_setup(test_n2_packets_that_wait_for_nothing_are_dropped, setup),
		cmocka_unit_test_setup(test_flows_from_outside_end_with_their_vm, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
