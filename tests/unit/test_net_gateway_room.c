/* SPDX-License-Identifier: MIT */
// SOURCES: net/gateway.c net/gateway_arp.c net/gateway_own.c net/gateway_route.c net/gateway_send.c
// SOURCES: net/arp.c net/checksum.c net/dhcp.c net/dhcp_client.c net/dhcp_server.c net/dns.c
// SOURCES: net/dns_relay.c net/icmp.c net/ipv4.c net/ping.c net/udp.c net/nat.c net/nat_binding.c
// SOURCES: net/nat_flow.c net/nat_fragment.c net/nat_packet.c lib/error.c lib/log.c lib/lock.c
// SOURCES: lib/format.c net/dhcp_lease.c net/nat_state.c net/text.c
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
	world_udp_out(VM, HOST, 1, WORLD_SERVER, 9, "x", 1);
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
	world_answer_router();
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_n2_answers_to_many_addresses_cost_who_asked, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
