/* SPDX-License-Identifier: MIT */
// SOURCES: net/gateway.c net/gateway_arp.c net/gateway_own.c net/gateway_route.c net/gateway_send.c
// SOURCES: net/arp.c net/checksum.c net/dhcp.c net/dhcp_client.c net/dhcp_server.c net/dns.c
// SOURCES: net/dns_relay.c net/icmp.c net/ipv4.c net/ping.c net/udp.c net/nat.c net/nat_binding.c
// SOURCES: net/nat_flow.c net/nat_fragment.c net/nat_packet.c lib/error.c lib/log.c lib/lock.c
// SOURCES: lib/format.c net/dhcp_lease.c net/nat_room.c net/nat_state.c net/text.c
/* The uplink's address by DHCP, through the gateway, and what it does not believe. */
#include "tests/unit/test.h"

#include "tests/unit/fake/gateway_world.h"

enum { VM = 3, HOST = 0x0a080042, LEASE = 600 };

/* After that an address has been looked for among others long enough. */
#define PROBED WORLD_SECOND

static u8 message[DHCP_MAX];
static struct dhcp_message m;
static u32 source, destination; /* of the last packet */

/* What a server answers, if a test doesn't change it. */
static struct {
	u8 type;
	u32 address, server, mask, router, lease_time, t1, t2, xid_change;
	u8 mac[6];

} answer;

static int
setup(void **state)
{
	struct gateway_config c = world_config();

	c.outside_dhcp = true;
	c.dns_count = 0;
	world_begin(&c);
	memset(&answer, 0, sizeof(answer));
	answer.type = DHCP_OFFER;
	answer.address = WORLD_OUTSIDE;
	answer.server = WORLD_ROUTER;
	answer.mask = 0xffffff00;
	answer.router = WORLD_ROUTER;
	answer.lease_time = LEASE;
	memcpy(answer.mac, world_outside_mac, 6);
	return 0;
}

/* The last frame's message: its type. */
static u8
sent(void)
{
	static u8 packet[WORLD_FRAME_MAX];
	struct ipv4 ip;
	struct udp udp;

	assert_true(world_count > 0);
	assert_int_equal(world_last(0)->side, GATEWAY_OUTSIDE);
	memcpy(packet, world_last_ip(0), world_last(0)->len - ETH_HEADER);
	assert_true(ipv4_check(packet, world_last(0)->len - ETH_HEADER, &ip));
	assert_true(udp_check(packet, &ip, &udp));
	assert_int_not_equal(be16_at(packet + IPV4_HEADER + UDP_CHECKSUM), 0);
	assert_int_equal(udp.source, DHCP_CLIENT_PORT);
	assert_int_equal(udp.destination, DHCP_SERVER_PORT);
	assert_true(dhcp_check(udp.data, udp.len, &m));
	assert_int_equal(m.op, DHCP_BOOTREQUEST);
	source = ip.source;
	destination = ip.destination;
	return m.type;
}

static void
deliver_answer(void)
{
	static const u8 dns[] = {192, 0, 2, 3, 10, 8, 0, 1, 10, 8, 1, 9};
	struct dhcp_writer w = dhcp_begin(message, DHCP_BOOTREPLY, answer.type,
					  world.client.xid + answer.xid_change, answer.mac);

	be32_put(message + DHCP_YIADDR, answer.address);
	dhcp_put32(&w, DHCP_SERVER, answer.server);
	dhcp_put32(&w, DHCP_MASK, answer.mask);
	dhcp_put32(&w, DHCP_ROUTER, answer.router);
	dhcp_put32(&w, DHCP_LEASE_TIME, answer.lease_time);
	if (answer.t1 != 0)
		dhcp_put32(&w, DHCP_T1, answer.t1);
	if (answer.t2 != 0)
		dhcp_put32(&w, DHCP_T2, answer.t2);
	dhcp_put(&w, DHCP_DNS, dns, sizeof(dns));
	world_deliver(GATEWAY_OUTSIDE, 0,
		      world_put_udp(world_outside_mac, world_router_mac, WORLD_ROUTER,
				    DHCP_SERVER_PORT, answer.address, DHCP_CLIENT_PORT, message,
				    dhcp_end(&w)));
}

static void
bind(void)
{
	answer.type = DHCP_OFFER;
	deliver_answer();
	assert_int_equal(sent(), DHCP_REQUEST);
	answer.type = DHCP_ACK;
	deliver_answer();
	world_pass(PROBED);
	assert_int_equal(world.client.state, DHCP_CLIENT_BOUND);
	assert_int_equal(world.outside.address, WORLD_OUTSIDE);
}

/* What three exchanges are told apart by, of a gateway with these seeds. */
static void
draw_xids(u64 seed, u64 client_seed, u32 *xids)
{
	struct gateway_config c = world_config();

	c.outside_dhcp = true;
	c.seed = seed;
	c.client_seed = client_seed;
	world_begin(&c);
	for (unsigned i = 0; i < 3; i++) {
		gateway_uplink_link(&world, false);
		gateway_uplink_link(&world, true);
		assert_int_equal(sent(), DHCP_DISCOVER);
		xids[i] = m.xid;
	}
}

/*
 * Broadcasts say nothing of the seed of NAT's ports and DNS's ids, which nobody is to foretell (RFC
 * 6056, section 3.1): they hang on another one alone.
 */
static void
test_xids_do_not_hang_on_the_seed(void **state)
{
	u32 xids[3], others[3];

	draw_xids(1, 7, xids);
	draw_xids(0x123456789abcdef, 7, others);
	assert_memory_equal(xids, others, sizeof(xids));
	draw_xids(1, 8, others);
	assert_memory_not_equal(xids, others, sizeof(xids));
	assert_int_not_equal(xids[0], xids[1]);
}

/* Whether the n'th last frame asks all, from no address, who has the one that is acknowledged. */
static bool
is_probe(unsigned n)
{
	const struct world_frame *f = world_last(n);
	struct arp arp;

	return f->side == GATEWAY_OUTSIDE && be16_at(f->at + ETH_TYPE) == ETH_TYPE_ARP &&
	       arp_check(f->at, f->len, &arp) && memcmp(f->at, world_all, 6) == 0 &&
	       arp.operation == ARP_REQUEST && arp.sender == 0 && arp.target == WORLD_OUTSIDE;
}

static void
test_discover_request_bound(void **state)
{
	struct arp arp;

	assert_int_equal(sent(), DHCP_DISCOVER);
	assert_memory_equal(world_last(0)->at, world_all, 6);
	assert_int_equal(source, 0);
	assert_int_equal(destination, IPV4_BROADCAST);
	deliver_answer();
	assert_int_equal(sent(), DHCP_REQUEST);
	assert_int_equal(m.requested, WORLD_OUTSIDE);
	assert_int_equal(m.server, WORLD_ROUTER);
	assert_int_equal(source, 0);
	assert_int_equal(world.outside.address, 0);
	answer.type = DHCP_ACK;
	deliver_answer();
	assert_true(is_probe(0));
	assert_string_equal(dhcp_client_state_name(&world.client), "probing");
	assert_int_equal(world.outside.address, 0);
	world_pass(PROBED);
	assert_true(is_probe(1) && is_probe(2) && is_probe(3));
	assert_int_equal(world.outside.address, WORLD_OUTSIDE);
	assert_int_equal(world.outside.router, WORLD_ROUTER);
	assert_int_equal(world.outside.mask, 0xffffff00);
	/* The inside's own and another network's of ours are no servers. */
	assert_int_equal(world.outside.dns_count, 1);
	assert_int_equal(world.outside.dns[0], WORLD_DNS);
	assert_true(arp_check(world_last(0)->at, world_last(0)->len, &arp)); /* announced */
	assert_int_equal(arp.sender, WORLD_OUTSIDE);
	assert_string_equal(dhcp_client_state_name(&world.client), "bound");
}

static void
test_discovers_go_on_ever_more_slowly(void **state)
{
	u64 last = 0, gap = 0;

	for (unsigned before = world_count, n = 0; n < 8; n++) {
		u64 begin = world_now;

		while (world_count == before)
			world_pass(WORLD_SECOND / 10);
		before = world_count;
		assert_int_equal(sent(), DHCP_DISCOVER);
		gap = (world_now - begin) / (WORLD_SECOND / 10);
		assert_true(gap + 25 >= last && gap >= 29 && gap <= 651);
		last = gap;
	}
	assert_true(gap > 600);
}

static void
test_a_request_without_answer_begins_again(void **state)
{
	unsigned requests = 0;

	deliver_answer();
	while (sent() == DHCP_REQUEST && requests++ < 1000)
		world_pass(WORLD_SECOND);
	assert_int_equal(m.type, DHCP_DISCOVER);
}

static void
test_a_nak_begins_again_but_not_at_once(void **state)
{
	unsigned before;

	deliver_answer();
	answer.type = DHCP_NAK;
	before = world_count;
	deliver_answer();
	assert_int_equal(world_count, before);
	world_pass(2 * WORLD_SECOND);
	assert_int_equal(world_count, before + 1);
	assert_int_equal(sent(), DHCP_DISCOVER);
}

static void
test_renewed_by_the_server_itself_after_half_of_the_time(void **state)
{
	bind();
	world_answer_router();
	world_pass((LEASE / 2 + 1) * WORLD_SECOND);
	world_answer_router(); /* it was asked for its MAC */
	assert_int_equal(sent(), DHCP_REQUEST);
	assert_int_equal(source, WORLD_OUTSIDE);
	assert_int_equal(destination, WORLD_ROUTER);
	assert_int_equal(m.ciaddr, WORLD_OUTSIDE);
	assert_int_equal(m.requested, 0);
	assert_int_equal(m.server, 0);
	answer.type = DHCP_ACK;
	deliver_answer();
	assert_int_equal(world.client.state, DHCP_CLIENT_BOUND);
	world_pass((LEASE / 2 - 5) * WORLD_SECOND);
	assert_int_equal(world.client.state, DHCP_CLIENT_BOUND);
}

static void
test_rebound_by_any_server_and_lost_at_the_end(void **state)
{
	bind();
	world_pass((LEASE / 8 * 7 + 1) * WORLD_SECOND);
	assert_int_equal(world.client.state, DHCP_CLIENT_REBINDING);
	assert_int_equal(sent(), DHCP_REQUEST);
	assert_int_equal(destination, IPV4_BROADCAST);
	assert_int_equal(source, WORLD_OUTSIDE);
	answer.server = WORLD_ROUTER + 50;
	deliver_answer();
	assert_int_equal(world.client.state, DHCP_CLIENT_BOUND);
	world_pass((LEASE + 1) * WORLD_SECOND);
	assert_int_equal(world.client.state, DHCP_CLIENT_SELECTING);
	assert_int_equal(world.outside.address, 0);
	assert_int_equal(sent(), DHCP_DISCOVER);
	world_meet(VM, HOST);
	world_udp_out(VM, HOST, 1, WORLD_SERVER, 9, "x", 1);
	assert_int_equal(world_last_ip(0)[IPV4_HEADER + ICMP_CODE], ICMP_UNREACHABLE_NET);
}

static void
test_link_loss_asks_for_the_same_address(void **state)
{
	bind();
	gateway_uplink_link(&world, false);
	assert_int_equal(world.outside.address, 0);
	world_pass(5 * WORLD_SECOND);
	gateway_uplink_link(&world, true);
	assert_int_equal(sent(), DHCP_REQUEST);
	assert_int_equal(m.requested, WORLD_OUTSIDE);
	assert_int_equal(m.server, 0);
	answer.type = DHCP_ACK;
	deliver_answer();
	world_pass(PROBED);
	assert_int_equal(world.outside.address, WORLD_OUTSIDE);
	/* On another segment nobody answers. */
	gateway_uplink_link(&world, false);
	gateway_uplink_link(&world, true);
	world_pass(20 * WORLD_SECOND);
	assert_int_equal(sent(), DHCP_DISCOVER);
}

/* Offered and acknowledged, and probed for the first time. */
static void
begin_to_probe(void)
{
	deliver_answer();
	answer.type = DHCP_ACK;
	deliver_answer();
	assert_true(is_probe(0));
}

static void
assert_declined(void)
{
	unsigned before = world_count;

	assert_int_equal(sent(), DHCP_DECLINE);
	assert_int_equal(m.requested, WORLD_OUTSIDE);
	assert_int_equal(m.server, WORLD_ROUTER);
	assert_int_equal(m.ciaddr, 0);
	assert_int_equal(source, 0);
	assert_int_equal(destination, IPV4_BROADCAST);
	assert_int_equal(world.outside.address, 0);
	world_pass(9 * WORLD_SECOND); /* RFC 2131, section 3.1, item 5: ten seconds at least */
	assert_int_equal(world_count, before);
	world_pass(2 * WORLD_SECOND);
	assert_int_equal(world_count, before + 1);
	assert_int_equal(sent(), DHCP_DISCOVER);
}

static void
test_an_address_that_somebody_has_is_declined(void **state)
{
	static const u8 other[6] = {0x52, 0x54, 0, 0, 0, 9};

	begin_to_probe();
	world_arp(GATEWAY_OUTSIDE, 0, ARP_REPLY, other, WORLD_OUTSIDE, world_outside_mac, 0);
	assert_declined();
	/* Another one is as good as any, and the same one too, when its other owner has gone. */
	answer.type = DHCP_OFFER;
	bind();
}

/* RFC 5227, section 2.1.1: who asks for it, or has it and asks for others. */
static void
test_an_address_that_somebody_else_probes_is_declined(void **state)
{
	static const u8 other[6] = {0x52, 0x54, 0, 0, 0, 9};

	begin_to_probe();
	world_pass(PROBED / 2);
	world_arp(GATEWAY_OUTSIDE, 0, ARP_REQUEST, other, 0, NULL, WORLD_OUTSIDE);
	assert_declined();
	answer.type = DHCP_OFFER;
	begin_to_probe();
	world_arp(GATEWAY_OUTSIDE, 0, ARP_REQUEST, other, WORLD_OUTSIDE, NULL, WORLD_ROUTER);
	assert_declined();
}

/* Others' ARP, and our own that comes back, are no reason; nor is a link that was lost. */
static void
test_an_address_that_nobody_has_is_taken(void **state)
{
	begin_to_probe();
	world_arp(GATEWAY_OUTSIDE, 0, ARP_REQUEST, world_router_mac, WORLD_ROUTER, NULL,
		  WORLD_OUTSIDE);
	world_arp(GATEWAY_OUTSIDE, 0, ARP_REQUEST, world_router_mac, 0, NULL, WORLD_OUTSIDE + 1);
	world_arp(GATEWAY_OUTSIDE, 0, ARP_REPLY, world_router_mac, WORLD_ROUTER, world_outside_mac,
		  0);
	world_arp(GATEWAY_OUTSIDE, 0, ARP_REQUEST, world_outside_mac, 0, NULL, WORLD_OUTSIDE);
	world_arp(GATEWAY_OUTSIDE, 0, ARP_REPLY, world_outside_mac, WORLD_OUTSIDE,
		  world_outside_mac, 0);
	gateway_uplink_link(&world, false);
	world_pass(PROBED);
	assert_int_equal(world.outside.address, 0);
	gateway_uplink_link(&world, true);
	assert_int_equal(sent(), DHCP_REQUEST);
	deliver_answer();
	assert_true(is_probe(0));
	world_pass(PROBED);
	assert_int_equal(world.outside.address, WORLD_OUTSIDE);
}

/* Once it is ours, who claims it is told so, and nothing is declined. */
static void
test_a_renewal_probes_nothing(void **state)
{
	unsigned before;

	bind();
	world_pass((LEASE / 8 * 7 + 1) * WORLD_SECOND);
	before = world_count;
	deliver_answer();
	assert_int_equal(world.client.state, DHCP_CLIENT_BOUND);
	assert_int_equal(world_count, before);
	world_arp(GATEWAY_OUTSIDE, 0, ARP_REPLY, world_router_mac, WORLD_OUTSIDE, world_outside_mac,
		  WORLD_OUTSIDE);
	assert_int_equal(world.client.state, DHCP_CLIENT_BOUND);
}

static void
test_infinite_lease(void **state)
{
	answer.lease_time = DHCP_LEASE_INFINITE;
	bind();
	world_now += 1000000 * WORLD_SECOND;
	world_pass(WORLD_SECOND);
	assert_int_equal(world.client.state, DHCP_CLIENT_BOUND);
}

/* None of it moves the client, nor is answered. */
static void
assert_refused(void)
{
	u8 before = world.client.state;
	unsigned count = world_count;
	u64 refused = world.client.refused;

	deliver_answer();
	assert_int_equal(world.client.state, before);
	assert_int_equal(world_count, count);
	assert_int_equal(world.client.refused, refused + 1);
}

static void
test_n5_answers_that_are_not_believed(void **state)
{
	static const u32 bad[] = {0,	      WORLD_GATEWAY, HOST,	WORLD_OTHER + 1,
				  0x7f000001, 0xe0000001,    0xffffffff};

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		answer.address = bad[i];
		assert_refused();
	}
	answer.address = WORLD_OUTSIDE;
	answer.router = WORLD_GATEWAY;
	assert_refused();
	answer.router = WORLD_OTHER + 1;
	assert_refused();
	answer.router = WORLD_ROUTER;
	answer.server = 0;
	assert_refused();
	answer.server = WORLD_OUTSIDE;
	assert_refused();
	answer.server = WORLD_ROUTER;
	answer.xid_change = 1;
	assert_refused();
	answer.xid_change = 0;
	answer.mac[5] ^= 1;
	assert_refused();
	answer.mac[5] ^= 1;
	deliver_answer();
	assert_int_equal(world.client.state, DHCP_CLIENT_REQUESTING);
	answer.type = DHCP_ACK;
	answer.address++; /* not what was offered */
	assert_refused();
	answer.address--;
	answer.server++;
	assert_refused();
	answer.server--;
	deliver_answer();
	assert_refused(); /* once is enough */
	world_pass(PROBED);
	assert_int_equal(world.client.state, DHCP_CLIENT_BOUND);
	answer.type = DHCP_NAK; /* nobody asked */
	assert_refused();
}

static void
test_n5_times_and_masks_out_of_order(void **state)
{
	answer.lease_time = 0;
	answer.t1 = 0xffffffff;
	answer.t2 = 1;
	answer.mask = 0x00ff00ff;
	bind();
	assert_int_equal(world.outside.mask, 0xffffff00);
	assert_true(world.client.t1_ns <= world.client.end_ns);
	assert_true(world.client.t1_ns >= world_now - PROBED + 30 * WORLD_SECOND);
	assert_true(world.client.end_ns >= world_now - PROBED + 60 * WORLD_SECOND);
	world_count = 0;
	world_pass(59 * WORLD_SECOND); /* few messages, whatever the times are */
	assert_true(world_count < 10);
}

static void
test_n5_nak_flood_is_no_storm(void **state)
{
	world_count = 0;
	for (unsigned i = 0; i < 1000; i++) {
		answer.type = DHCP_OFFER;
		deliver_answer();
		answer.type = DHCP_NAK;
		deliver_answer();
	}
	/* The server paces it: a request for each offer that it makes, and no more than that. */
	assert_true(world_count <= 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_xids_do_not_hang_on_the_seed, setup),
		cmocka_unit_test_setup(test_discover_request_bound, setup),
		cmocka_unit_test_setup(test_discovers_go_on_ever_more_slowly, setup),
		cmocka_unit_test_setup(test_a_request_without_answer_begins_again, setup),
		cmocka_unit_test_setup(test_a_nak_begins_again_but_not_at_once, setup),
		cmocka_unit_test_setup(test_renewed_by_the_server_itself_after_half_of_the_time,
				       setup),
		cmocka_unit_test_setup(test_rebound_by_any_server_and_lost_at_the_end, setup),
		cmocka_unit_test_setup(test_link_loss_asks_for_the_same_address, setup),
		cmocka_unit_test_setup(test_an_address_that_somebody_has_is_declined, setup),
		cmocka_unit_test_setup(test_an_address_that_somebody_else_probes_is_declined,
				       setup),
		cmocka_unit_test_setup(test_an_address_that_nobody_has_is_taken, setup),
		cmocka_unit_test_setup(test_a_renewal_probes_nothing, setup),
		cmocka_unit_test_setup(test_infinite_lease, setup),
		cmocka_unit_test_setup(test_n5_answers_that_are_not_believed, setup),
		cmocka_unit_test_setup(test_n5_times_and_masks_out_of_order, setup),
		cmocka_unit_test_setup(test_n5_nak_flood_is_no_storm, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
