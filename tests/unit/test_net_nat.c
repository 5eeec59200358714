/* SPDX-License-Identifier: MIT */
// SOURCES: net/nat.c net/nat_packet.c net/nat_flow.c net/nat_binding.c net/nat_fragment.c
// SOURCES: net/nat_room.c net/nat_state.c net/ipv4.c net/checksum.c
/* The NAT's translation, there and back; mapping, filtering, forwards and hairpins. */
#include "tests/unit/test.h"

#include "tests/unit/fake/nat_packets.h"

static int
setup(void **state)
{
	nat_setup(1);
	return 0;
}

/* Out as the outside address's, and the reply back as the packet's own; answers the outside port.
 */
static u16
check_there_and_back(struct packet p)
{
	struct packet before = p, back;
	u16 port;

	assert_int_equal(out(&p), NAT_SEND);
	assert_int_equal(source_of(&p), OUTSIDE);
	assert_int_equal(destination_of(&p), destination_of(&before));
	assert_true(checksums_are_right(p.at));
	port = p.at[IPV4_PROTOCOL] == IP_ICMP ? echo_id_of(&p) : source_port_of(&p);
	assert_in_range(port, NAT_PORT_FIRST, NAT_PORT_LAST);

	back = reply_to(&p);
	assert_int_equal(in(&back), NAT_SEND);
	assert_true(checksums_are_right(back.at));
	back = reply_to(&back);
	assert_memory_equal(back.at, before.at, before.len);
	return port;
}

static void
test_tcp_there_and_back(void **state)
{
	check_there_and_back(make_tcp(INSIDE, 40000, REMOTE, 80, TCP_SYN));
	check_there_and_back(make_tcp(INSIDE, 1000, REMOTE, 80, TCP_SYN));
}

static void
test_udp_there_and_back(void **state)
{
	check_there_and_back(make_udp(INSIDE, 40000, REMOTE, 53, 1));
	check_there_and_back(make_udp(INSIDE, 7, REMOTE, 53, 1400));
}

static void
test_echo_there_and_back(void **state)
{
	check_there_and_back(make_echo(ICMP_ECHO, INSIDE, REMOTE, 0x1234));
	check_there_and_back(make_echo(ICMP_ECHO, INSIDE2, REMOTE, 0x1234));
}

/* What of a packet isn't address, port or checksum stays. */
static void
test_nothing_else_changes(void **state)
{
	struct packet p = make_tcp(INSIDE, 1000, REMOTE, 80, TCP_SYN), before = p;

	assert_int_equal(out(&p), NAT_SEND);
	memcpy(p.at + IPV4_SOURCE, before.at + IPV4_SOURCE, 4);
	memcpy(p.at + IPV4_CHECKSUM, before.at + IPV4_CHECKSUM, 2);
	memcpy(payload_of(&p) + TCP_SOURCE, payload_of(&before) + TCP_SOURCE, 2);
	memcpy(payload_of(&p) + TCP_CHECKSUM, payload_of(&before) + TCP_CHECKSUM, 2);
	assert_memory_equal(p.at, before.at, before.len);
}

static u32 seed = 12345;

static u32
random_below(u32 limit)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % limit;
}

static struct packet
random_packet(void)
{
	u32 source = INSIDE + random_below(100);
	u32 destination = IPV4_ADDRESS(11, 0, 0, 0) + random_below(1u << 24);
	u16 source_port = (u16)random_below(65536), port = (u16)random_below(65536);

	switch (random_below(3)) {
	case 0: return make_tcp(source, source_port, destination, port, TCP_SYN);
	case 1: return make_udp(source, source_port, destination, port, random_below(1400));
	default: return make_echo(ICMP_ECHO, source, destination, source_port);
	}
}

static void
test_replies_to_random_packets_come_back(void **state)
{
	for (unsigned i = 0; i < 2000; i++)
		check_there_and_back(random_packet());
	assert_int_equal(nat.counters.sent_out, 2000);
	assert_int_equal(nat.counters.sent_in, 2000);
}

/* RFC 4787, REQ-1, 3 and 4. */
static void
test_one_outside_port_for_all_remotes(void **state)
{
	u16 port = check_there_and_back(make_udp(INSIDE, 1001, REMOTE, 53, 4));

	assert_int_equal(check_there_and_back(make_udp(INSIDE, 1001, REMOTE2, 53, 4)), port);
	assert_int_equal(check_there_and_back(make_udp(INSIDE, 1001, REMOTE, 54, 4)), port);
	assert_int_not_equal(check_there_and_back(make_udp(INSIDE, 1003, REMOTE, 53, 4)), port);
	assert_int_not_equal(check_there_and_back(make_udp(INSIDE2, 1001, REMOTE, 53, 4)), port);
	assert_int_equal(port % 2, 1);
}

static void
test_ports_keep_their_number_where_it_is_free(void **state)
{
	u16 second;

	assert_int_equal(check_there_and_back(make_udp(INSIDE, 40001, REMOTE, 53, 4)), 40001);
	second = check_there_and_back(make_udp(INSIDE2, 40001, REMOTE, 53, 4));
	assert_int_not_equal(second, 40001);
	assert_int_equal(second % 2, 1);
	assert_int_equal(check_there_and_back(make_tcp(INSIDE2, 40001, REMOTE, 53, TCP_SYN)),
			 40001);
	assert_int_equal(check_there_and_back(make_udp(INSIDE, NAT_PORT_LAST, REMOTE, 53, 4)),
			 NAT_PORT_LAST);
	check_there_and_back(make_udp(INSIDE, NAT_PORT_LAST + 1, REMOTE, 53, 4));
	check_there_and_back(make_udp(INSIDE, NAT_PORT_FIRST - 1, REMOTE, 53, 4));
}

/* Two NATs that start at the same time don't choose the same ports. */
static void
test_ports_hang_on_the_seed(void **state)
{
	u16 ports[2][8];

	for (u16 n = 0; n < 2; n++) {
		nat_setup(n + 7u);
		for (u16 i = 0; i < 8; i++)
			ports[n][i] = check_there_and_back(
				make_udp(INSIDE, (u16)(1000 + i), REMOTE, 53, 4));
	}
	assert_memory_not_equal(ports[0], ports[1], sizeof(ports[0]));
}

static void
test_forwarded_ports_are_never_given_to_flows(void **state)
{
	assert_int_not_equal(check_there_and_back(make_udp(INSIDE, DNS_OUTSIDE, REMOTE, 53, 4)),
			     DNS_OUTSIDE);
	nat_set_forward(&nat, FORWARD_UDP, 0);
	assert_int_not_equal(check_there_and_back(make_udp(INSIDE, DNS_OUTSIDE, REMOTE2, 53, 4)),
			     DNS_OUTSIDE);
}

static void
test_only_the_remote_of_a_flow_is_let_in(void **state)
{
	u16 port = check_there_and_back(make_udp(INSIDE, 40000, REMOTE, 53, 4));
	struct packet other_port = make_udp(REMOTE, 54, OUTSIDE, port, 4);
	struct packet other_host = make_udp(REMOTE2, 53, OUTSIDE, port, 4);
	struct packet other_protocol = make_tcp(REMOTE, 53, OUTSIDE, port, TCP_SYN);
	struct packet before = other_port;

	assert_int_equal(in(&other_port), NAT_DROP);
	assert_memory_equal(other_port.at, before.at, before.len);
	assert_int_equal(in(&other_host), NAT_DROP);
	assert_int_equal(nat.counters.dropped[NAT_DROP_STRANGER], 2);
	assert_int_equal(in(&other_protocol), NAT_NOT_MINE);
}

static void
test_what_belongs_to_the_gateway_is_left_alone(void **state)
{
	struct packet packets[] = {
		make_udp(REMOTE, 53, OUTSIDE, NAT_PORT_LAST + 1,
			 20), /* its own question's answer */
		make_echo(ICMP_ECHO, REMOTE, OUTSIDE, 1),
		make_echo(ICMP_ECHO_REPLY, REMOTE, OUTSIDE, 1),
		make_udp(REMOTE, 67, 0xffffffff, 68, 300),
		make_udp(REMOTE, 67, REMOTE2, 68, 300),
	};

	for (unsigned i = 0; i < ARRAY_SIZE(packets); i++) {
		struct packet before = packets[i];

		assert_int_equal(in(&packets[i]), NAT_NOT_MINE);
		assert_memory_equal(packets[i].at, before.at, before.len);
	}
}

static void
test_addresses_that_cannot_be_are_dropped(void **state)
{
	const u32 sources[] = {0,
			       IPV4_ADDRESS(10, 8, 1, 1),
			       IPV4_ADDRESS(10, 8, 0, 0),
			       IPV4_ADDRESS(10, 8, 0, 255),
			       OUTSIDE,
			       0xffffffff};
	const u32 destinations[] = {0, INSIDE2, IPV4_ADDRESS(127, 0, 0, 1),
				    IPV4_ADDRESS(224, 0, 0, 1), 0xffffffff};
	const u32 remotes[] = {0, INSIDE, IPV4_ADDRESS(127, 0, 0, 1), OUTSIDE, 0xffffffff};
	struct packet p;

	for (unsigned i = 0; i < ARRAY_SIZE(sources); i++) {
		p = make_udp(sources[i], 1, REMOTE, 2, 4);
		assert_int_equal(out(&p), NAT_DROP);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(destinations); i++) {
		p = make_udp(INSIDE, 1, destinations[i], 2, 4);
		assert_int_equal(out(&p), NAT_DROP);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(remotes); i++) {
		p = make_udp(remotes[i], 1, OUTSIDE, DNS_OUTSIDE, 4);
		assert_int_equal(in(&p), NAT_DROP);
	}
	assert_int_equal(nat.counters.dropped[NAT_DROP_ADDRESS],
			 ARRAY_SIZE(sources) + ARRAY_SIZE(destinations) + ARRAY_SIZE(remotes));
	assert_int_equal(nat.flow_count, 0);
}

/* A checksum that came wrong leaves as wrong, and UDP's 0 says that there is none. */
static void
test_checksums_are_adjusted_not_made(void **state)
{
	struct packet p = make_tcp(INSIDE, 1000, REMOTE, 80, TCP_SYN);
	u8 *checksum = payload_of(&p) + TCP_CHECKSUM;

	be16_put(checksum, (u16)(be16_at(checksum) + 1));
	assert_int_equal(out(&p), NAT_SEND);
	assert_true(header_is_right(p.at));
	assert_int_equal(payload_sum(p.at), 1);

	p = make_udp(INSIDE, 1000, REMOTE, 80, 100);
	be16_put(payload_of(&p) + UDP_CHECKSUM, 0);
	assert_int_equal(out(&p), NAT_SEND);
	assert_int_equal(be16_at(payload_of(&p) + UDP_CHECKSUM), 0);
	assert_true(header_is_right(p.at));
}

/* RFC 768: a sum whose complement is 0 is sent as all ones, also when it becomes 0 here. */
static void
test_a_udp_checksum_never_becomes_none(void **state)
{
	unsigned ones = 0;

	for (u32 i = 0; i < 0x10000; i++) {
		struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 2);

		be16_put(payload_of(&p) + UDP_HEADER, (u16)i);
		finish(&p);
		assert_int_equal(out(&p), NAT_SEND);
		assert_int_not_equal(be16_at(payload_of(&p) + UDP_CHECKSUM), 0);
		assert_true(checksums_are_right(p.at));
		ones += be16_at(payload_of(&p) + UDP_CHECKSUM) == 0xffff;
	}
	assert_int_equal(ones, 1);
}

/* Bytes behind the IP packet, as Ethernet pads short ones. */
static void
test_padding_is_not_looked_at(void **state)
{
	struct packet p = make_udp(INSIDE, 1000, REMOTE, 53, 1), before;

	p.len += 17;
	memset(p.at + p.len - 17, 0xee, 17);
	before = p;
	assert_int_equal(out(&p), NAT_SEND);
	assert_true(checksums_are_right(p.at));
	assert_memory_equal(p.at + p.len - 17, before.at + p.len - 17, 17);
}

/* From the outside through a forward, and the answer; both as those outside see them. */
static void
check_forward(struct packet p, u16 outside_port, u16 inside_port)
{
	struct packet before = p, back;

	assert_int_equal(in(&p), NAT_SEND);
	assert_int_equal(destination_of(&p), INSIDE2);
	assert_int_equal(destination_port_of(&p), inside_port);
	assert_int_equal(source_of(&p), REMOTE);
	assert_true(checksums_are_right(p.at));

	back = reply_to(&p);
	assert_int_equal(pass(&back, true, OWNER2), NAT_SEND);
	assert_int_equal(source_of(&back), OUTSIDE);
	assert_int_equal(source_port_of(&back), outside_port);
	assert_true(checksums_are_right(back.at));
	back = reply_to(&back);
	assert_memory_equal(back.at, before.at, before.len);
}

static void
test_forwards(void **state)
{
	check_forward(make_tcp(REMOTE, 5555, OUTSIDE, WEB_OUTSIDE, TCP_SYN), WEB_OUTSIDE,
		      WEB_INSIDE);
	check_forward(make_udp(REMOTE, 5555, OUTSIDE, DNS_OUTSIDE, 30), DNS_OUTSIDE, DNS_INSIDE);
	check_forward(make_tcp(REMOTE, 5556, OUTSIDE, WEB_OUTSIDE + 1, TCP_SYN), WEB_OUTSIDE + 1,
		      WEB_INSIDE);
}

static void
test_a_forward_waits_for_its_address(void **state)
{
	struct packet p = make_tcp(REMOTE, 5555, OUTSIDE, WEB_OUTSIDE, TCP_SYN), again = p;

	nat_set_forward(&nat, FORWARD_TCP, 0);
	assert_int_equal(in(&p), NAT_DROP);
	nat_set_forward(&nat, FORWARD_TCP, INSIDE2);
	assert_int_equal(in(&again), NAT_SEND);
}

static void
test_a_forward_to_another_address_takes_no_flows_along(void **state)
{
	struct packet p = make_udp(REMOTE, 5555, OUTSIDE, DNS_OUTSIDE, 30), again = p;

	assert_int_equal(in(&p), NAT_SEND);
	nat_set_forward(&nat, FORWARD_UDP, INSIDE);
	assert_int_equal(nat.flow_count, 0);
	assert_int_equal(in(&again), NAT_SEND);
	assert_int_equal(destination_of(&again), INSIDE);
}

/* What a forwarded endpoint sends by itself has its forwarded port too (RFC 4787, REQ-1). */
static void
test_a_forwarded_endpoint_keeps_its_port_when_it_begins(void **state)
{
	struct packet p = make_udp(INSIDE2, DNS_INSIDE, REMOTE, 53, 30);

	assert_int_equal(out(&p), NAT_SEND);
	assert_int_equal(source_port_of(&p), DNS_OUTSIDE);
}

/* Answers could not be told apart. */
static void
test_one_remote_endpoint_through_two_forwards_to_one(void **state)
{
	struct packet p = make_tcp(REMOTE, 5555, OUTSIDE, WEB_OUTSIDE, TCP_SYN);
	struct packet q = make_tcp(REMOTE, 5555, OUTSIDE, WEB_OUTSIDE + 1, TCP_SYN);

	assert_int_equal(in(&p), NAT_SEND);
	assert_int_equal(in(&q), NAT_DROP);
}

/* A VM reaches another one by its forwarded port, and sees the outside address answer. */
static void
test_hairpin(void **state)
{
	struct packet p = make_tcp(INSIDE, 40000, OUTSIDE, WEB_OUTSIDE, TCP_SYN), before = p, back;

	assert_int_equal(out(&p), NAT_HAIRPIN);
	assert_int_equal(source_of(&p), OUTSIDE);
	assert_int_equal(source_port_of(&p), 40000);
	assert_int_equal(destination_of(&p), INSIDE2);
	assert_int_equal(destination_port_of(&p), WEB_INSIDE);
	assert_true(checksums_are_right(p.at));

	back = reply_to(&p);
	assert_int_equal(pass(&back, true, OWNER2), NAT_HAIRPIN);
	assert_true(checksums_are_right(back.at));
	back = reply_to(&back);
	assert_memory_equal(back.at, before.at, before.len);
	assert_int_equal(nat.owners[OWNER].flows, 2);
	assert_int_equal(nat.owners[NAT_OWNERS].flows, 0);
}

static void
test_a_hairpin_to_no_port_of_ours_spends_no_flow(void **state)
{
	struct packet p = make_tcp(INSIDE, 40000, OUTSIDE, 22, TCP_SYN);
	struct packet q = make_echo(ICMP_ECHO, INSIDE, OUTSIDE, 77);

	assert_int_equal(out(&p), NAT_DROP);
	assert_int_equal(out(&q), NAT_DROP);
	assert_int_equal(nat.flow_count, 0);
}

static void
test_flows_are_forgotten_with_the_outside_address(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 4), reply, forwarded;

	assert_int_equal(out(&p), NAT_SEND);
	nat_set_outside(&nat, OUTSIDE);
	assert_int_equal(nat.flow_count, 1);
	nat_set_outside(&nat, OUTSIDE + 1);
	assert_int_equal(nat.flow_count, 0);
	reply = reply_to(&p);
	be32_put(reply.at + IPV4_DESTINATION, OUTSIDE + 1);
	finish(&reply);
	assert_int_equal(in(&reply), NAT_NOT_MINE);
	forwarded = make_udp(REMOTE, 53, OUTSIDE + 1, DNS_OUTSIDE, 4);
	assert_int_equal(in(&forwarded), NAT_SEND);
}

/* A cable that was out for a moment ends no connection. */
static void
test_flows_outlive_a_loss_of_the_outside_address(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 4), q = p, reply;

	assert_int_equal(out(&p), NAT_SEND);
	reply = reply_to(&p);
	nat_set_outside(&nat, 0);
	assert_int_equal(out(&q), NAT_DROP);
	assert_int_equal(in(&reply), NAT_NOT_MINE);
	nat_set_outside(&nat, OUTSIDE);
	assert_int_equal(nat.flow_count, 1);
	assert_int_equal(in(&reply), NAT_SEND);
	nat_set_outside(&nat, 0);
	nat_set_outside(&nat, OUTSIDE + 1);
	assert_int_equal(nat.flow_count, 0);
}

static void
test_without_outside_address_nothing_passes(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 4);
	struct packet q = make_udp(REMOTE, 53, OUTSIDE, DNS_OUTSIDE, 4);

	nat_set_outside(&nat, 0);
	assert_int_equal(out(&p), NAT_DROP);
	assert_int_equal(nat.counters.dropped[NAT_DROP_DOWN], 1);
	assert_int_equal(in(&q), NAT_NOT_MINE);
}

static void
test_an_inside_address_is_forgotten_alone(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 4), reply;
	struct packet q = make_udp(INSIDE2, 40002, REMOTE, 53, 4), reply2;

	assert_int_equal(out(&p), NAT_SEND);
	assert_int_equal(out(&q), NAT_SEND);
	nat_forget_inside(&nat, INSIDE);
	reply = reply_to(&p);
	assert_int_equal(in(&reply), NAT_NOT_MINE);
	reply2 = reply_to(&q);
	assert_int_equal(in(&reply2), NAT_SEND);
}

/* Also by fragments behind the first one, and by errors about the flow. */
static void
test_who_began_is_told_of_what_comes_in(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 40), reply, rest, error;
	struct packet forwarded = make_udp(REMOTE, 53, OUTSIDE, DNS_OUTSIDE, 4);

	assert_int_equal(out(&p), NAT_SEND);
	reply = reply_to(&p);
	error = make_error(ICMP_UNREACHABLE, 0, ROUTER, OUTSIDE, &p, p.len);
	rest = make_ip(IP_UDP, REMOTE, OUTSIDE, 8);
	be16_put(rest.at + IPV4_FRAGMENT, 2);
	finish_header(&rest);
	be16_put(reply.at + IPV4_TOTAL_LEN, IPV4_HEADER + 16);
	be16_put(reply.at + IPV4_FRAGMENT, IPV4_MORE_FRAGMENTS);
	finish_header(&reply);
	assert_int_equal(in(&forwarded), NAT_SEND);
	assert_int_equal(nat_beginner, NAT_OWNERS);
	assert_int_equal(in(&reply), NAT_SEND);
	assert_int_equal(nat_beginner, OWNER);
	nat_beginner = 0;
	assert_int_equal(in(&rest), NAT_SEND);
	assert_int_equal(nat_beginner, OWNER);
	nat_beginner = 0;
	assert_int_equal(in(&error), NAT_SEND);
	assert_int_equal(nat_beginner, OWNER);
}

static void
test_listing(void **state)
{
	struct nat_flow_info info;
	u32 cursor = 0;

	check_there_and_back(make_udp(INSIDE, 1000, REMOTE, 53, 72));
	clock_ns += 10 * SECOND;
	assert_true(nat_flow_next(&nat, &cursor, &info));
	assert_int_equal(info.protocol, IP_UDP);
	assert_int_equal(info.inside, INSIDE);
	assert_int_equal(info.inside_port, 1000);
	assert_in_range(info.outside_port, NAT_PORT_FIRST, NAT_PORT_LAST);
	assert_int_equal(info.remote, REMOTE);
	assert_int_equal(info.remote_port, 53);
	assert_int_equal(info.owner, OWNER);
	assert_string_equal(info.state, "both-ways");
	assert_int_equal(info.packets, 2);
	assert_int_equal(info.bytes, 200);
	assert_in_range(info.expires_ms, 290000, 291000);
	assert_false(nat_flow_next(&nat, &cursor, &info));

	cursor = 0;
	clock_ns += 300 * SECOND;
	assert_false(nat_flow_next(&nat, &cursor, &info));
}

static void
test_each_drop_has_a_name(void **state)
{
	for (unsigned i = 0; i < NAT_DROPS; i++)
		assert_non_null(nat_drop_name((enum nat_drop)i));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_tcp_there_and_back, setup),
		cmocka_unit_test_setup(test_udp_there_and_back, setup),
		cmocka_unit_test_setup(test_echo_there_and_back, setup),
		cmocka_unit_test_setup(test_nothing_else_changes, setup),
		cmocka_unit_test_setup(test_replies_to_random_packets_come_back, setup),
		cmocka_unit_test_setup(test_one_outside_port_for_all_remotes, setup),
		cmocka_unit_test_setup(test_ports_keep_their_number_where_it_is_free, setup),
		cmocka_unit_test_setup(test_ports_hang_on_the_seed, setup),
		cmocka_unit_test_setup(test_forwarded_ports_are_never_given_to_flows, setup),
		cmocka_unit_test_setup(test_only_the_remote_of_a_flow_is_let_in, setup),
		cmocka_unit_test_setup(test_what_belongs_to_the_gateway_is_left_alone, setup),
		cmocka_unit_test_setup(test_addresses_that_cannot_be_are_dropped, setup),
		cmocka_unit_test_setup(test_checksums_are_adjusted_not_made, setup),
		cmocka_unit_test_setup(test_a_udp_checksum_never_becomes_none, setup),
		cmocka_unit_test_setup(test_padding_is_not_looked_at, setup),
		cmocka_unit_test_setup(test_forwards, setup),
		cmocka_unit_test_setup(test_a_forward_waits_for_its_address, setup),
		cmocka_unit_test_setup(test_a_forward_to_another_address_takes_no_flows_along,
				       setup),
		cmocka_unit_test_setup(test_a_forwarded_endpoint_keeps_its_port_when_it_begins,
				       setup),
		cmocka_unit_test_setup(test_one_remote_endpoint_through_two_forwards_to_one, setup),
		cmocka_unit_test_setup(test_hairpin, setup),
		cmocka_unit_test_setup(test_a_hairpin_to_no_port_of_ours_spends_no_flow, setup),
		cmocka_unit_test_setup(test_flows_are_forgotten_with_the_outside_address, setup),
		cmocka_unit_test_setup(test_flows_outlive_a_loss_of_the_outside_address, setup),
		cmocka_unit_test_setup(test_without_outside_address_nothing_passes, setup),
		cmocka_unit_test_setup(test_an_inside_address_is_forgotten_alone, setup),
		cmocka_unit_test_setup(test_who_began_is_told_of_what_comes_in, setup),
		cmocka_unit_test_setup(test_listing, setup),
		cmocka_unit_test_setup(test_each_drop_has_a_name, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
