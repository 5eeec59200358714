/* SPDX-License-Identifier: MIT */
// SOURCES: net/nat.c net/nat_packet.c net/nat_flow.c net/nat_binding.c net/nat_fragment.c
// SOURCES: net/nat_room.c net/nat_state.c net/ipv4.c net/checksum.c
/* How long the NAT's flows live, by protocol and state, and who has room for how many: case N4. */
#include "tests/unit/test.h"

#include "tests/unit/fake/nat_packets.h"

enum { HTTP = 80, ESTABLISHED_S = 2 * 3600 + 4 * 60 };

static int
setup(void **state)
{
	nat_setup(1);
	return 0;
}

static enum nat_verdict
send_udp(u16 owner, u32 source, u16 port, u32 remote)
{
	struct packet p = make_udp(source, port, remote, 53, 4);

	return pass(&p, true, owner);
}

/* A segment of INSIDE2:port's, or of REMOTE's in answer; ports are such as keep their number. */
static enum nat_verdict
send_tcp(u16 port, u8 flags)
{
	struct packet p = make_tcp(INSIDE2, port, REMOTE, HTTP, flags);

	return pass(&p, true, OWNER2);
}

static enum nat_verdict
answer_tcp(u16 port, u8 flags)
{
	struct packet p = make_tcp(REMOTE, HTTP, OUTSIDE, port, flags);

	return in(&p);
}

static void
establish(u16 port)
{
	assert_int_equal(send_tcp(port, TCP_SYN), NAT_SEND);
	assert_int_equal(answer_tcp(port, TCP_SYN | TCP_ACK), NAT_SEND);
	assert_int_equal(send_tcp(port, TCP_ACK), NAT_SEND);
}

static const char *
state_of_only_flow(void)
{
	struct nat_flow_info info;
	u32 cursor = 0;

	assert_true(nat_flow_next(&nat, &cursor, &info));
	assert_int_equal(nat.flow_count, 1);
	return info.state;
}

/* The only flow lives for so many seconds from now, within 2, and is gone then. */
static void
check_lives(u64 seconds)
{
	struct nat_flow_info info;
	u32 cursor = 0;

	clock_ns += seconds * SECOND - 1;
	assert_true(nat_tick(&nat));
	assert_true(nat_flow_next(&nat, &cursor, &info));
	clock_ns += 2 * SECOND;
	cursor = 0;
	assert_false(nat_flow_next(&nat, &cursor, &info));
	assert_false(nat_tick(&nat));
}

static void
test_udp_timeouts(void **state)
{
	struct packet reply = make_udp(REMOTE, 53, OUTSIDE, 40000, 4), again = reply;

	assert_int_equal(send_udp(OWNER, INSIDE, 40000, REMOTE), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "one-way");
	check_lives(30);
	assert_int_equal(in(&again), NAT_NOT_MINE);

	assert_int_equal(send_udp(OWNER, INSIDE, 40000, REMOTE), NAT_SEND);
	assert_int_equal(in(&reply), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "both-ways");
	check_lives(300);
}

static void
test_a_packet_of_either_way_keeps_a_flow_alive(void **state)
{
	assert_int_equal(send_udp(OWNER, INSIDE, 40000, REMOTE), NAT_SEND);
	for (unsigned i = 0; i < 10; i++) {
		struct packet reply = make_udp(REMOTE, 53, OUTSIDE, 40000, 4);

		clock_ns += 25 * SECOND;
		if (i % 2 == 0)
			assert_int_equal(send_udp(OWNER, INSIDE, 40000, REMOTE), NAT_SEND);
		else
			assert_int_equal(in(&reply), NAT_SEND);
		assert_int_equal(nat.counters.flows_begun, 1);
	}
	check_lives(300);
}

static void
test_echo_timeout(void **state)
{
	struct packet p = make_echo(ICMP_ECHO, INSIDE, REMOTE, 40000), reply;

	assert_int_equal(out(&p), NAT_SEND);
	reply = reply_to(&p);
	assert_int_equal(in(&reply), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "echo");
	check_lives(60);
}

static void
test_tcp_half_open_timeout(void **state)
{
	assert_int_equal(send_tcp(40000, TCP_SYN), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "opening");
	check_lives(30);

	assert_int_equal(send_tcp(40000, TCP_SYN), NAT_SEND);
	assert_int_equal(answer_tcp(40000, TCP_SYN | TCP_ACK), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "opening");
	check_lives(30);
}

/* An answer alone establishes nothing, be it what it is. */
static void
test_tcp_is_established_by_who_began(void **state)
{
	assert_int_equal(send_tcp(40000, TCP_SYN), NAT_SEND);
	assert_int_equal(send_tcp(40000, TCP_ACK), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "opening");
	assert_int_equal(answer_tcp(40000, TCP_ACK), NAT_SEND);
	assert_int_equal(send_tcp(40000, TCP_ACK), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "opening");
	assert_int_equal(answer_tcp(40000, TCP_SYN | TCP_ACK), NAT_SEND);
	assert_int_equal(answer_tcp(40000, TCP_ACK), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "opening");
	assert_int_equal(send_tcp(40000, TCP_ACK), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "established");
}

/* RFC 5382, REQ-2: both begin. */
static void
test_tcp_simultaneous_open(void **state)
{
	assert_int_equal(send_tcp(40000, TCP_SYN), NAT_SEND);
	assert_int_equal(answer_tcp(40000, TCP_SYN), NAT_SEND);
	assert_int_equal(send_tcp(40000, TCP_SYN | TCP_ACK), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "established");
}

static void
test_tcp_established_timeout(void **state)
{
	establish(40000);
	assert_string_equal(state_of_only_flow(), "established");
	check_lives(ESTABLISHED_S);
	assert_int_equal(answer_tcp(40000, TCP_ACK), NAT_NOT_MINE);
	assert_int_equal(send_tcp(40000, TCP_ACK), NAT_DROP);
}

static void
test_tcp_closing_timeout(void **state)
{
	establish(40000);
	assert_int_equal(send_tcp(40000, TCP_FIN | TCP_ACK), NAT_SEND);
	assert_int_equal(answer_tcp(40000, TCP_ACK), NAT_SEND);
	assert_int_equal(answer_tcp(40000, TCP_FIN | TCP_ACK), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "closing");
	assert_int_equal(send_tcp(40000, TCP_ACK), NAT_SEND);
	check_lives(240);
}

/*
 * RFC 6146, section 3.5.2.2: after one FIN it lives as long as before it, for the other side may
 * think long about what it was sent, and then answer at length.
 */
static void
test_tcp_half_closed_timeout(void **state)
{
	for (u16 port = 40000; port < 40002; port++) {
		establish(port);
		if (port == 40000)
			assert_int_equal(send_tcp(port, TCP_FIN | TCP_ACK), NAT_SEND);
		else
			assert_int_equal(answer_tcp(port, TCP_FIN | TCP_ACK), NAT_SEND);
		clock_ns += 2 * 3600 * SECOND;
		nat_tick(&nat);
		assert_int_equal(answer_tcp(port, TCP_ACK), NAT_SEND);
		assert_int_equal(send_tcp(port, TCP_ACK), NAT_SEND);
		assert_string_equal(state_of_only_flow(), "established");
		check_lives(ESTABLISHED_S);
	}
}

/* RFC 7857, section 2.2: a forged one ends nothing that goes on. */
static void
test_tcp_reset_timeout_and_data_after_it(void **state)
{
	establish(40000);
	assert_int_equal(answer_tcp(40000, TCP_RST), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "reset");
	assert_int_equal(send_tcp(40000, TCP_ACK), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "established");
	assert_int_equal(answer_tcp(40000, TCP_FIN | TCP_ACK), NAT_SEND);
	assert_int_equal(send_tcp(40000, TCP_RST), NAT_SEND);
	assert_int_equal(answer_tcp(40000, TCP_ACK), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "established");
	assert_int_equal(send_tcp(40000, TCP_FIN | TCP_ACK), NAT_SEND);
	assert_int_equal(send_tcp(40000, TCP_RST), NAT_SEND);
	assert_int_equal(answer_tcp(40000, TCP_ACK), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "closing");
	assert_int_equal(send_tcp(40000, TCP_RST | TCP_ACK), NAT_SEND);
	check_lives(240);

	assert_int_equal(send_tcp(40000, TCP_SYN), NAT_SEND);
	assert_int_equal(answer_tcp(40000, TCP_RST | TCP_ACK), NAT_SEND); /* refused */
	assert_int_equal(answer_tcp(40000, TCP_ACK), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "reset");
	check_lives(240);
}

/* N4: the same ports again, after an end, be it of one side, or a reset, are another connection. */
static void
test_n4_port_reuse(void **state)
{
	establish(40000);
	assert_int_equal(send_tcp(40000, TCP_SYN), NAT_SEND); /* too early: as it is */
	assert_string_equal(state_of_only_flow(), "established");
	assert_int_equal(send_tcp(40000, TCP_FIN | TCP_ACK), NAT_SEND);
	assert_int_equal(send_tcp(40000, TCP_SYN), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "opening");
	check_lives(30);
	establish(40000);
	assert_int_equal(send_tcp(40000, TCP_FIN | TCP_ACK), NAT_SEND);
	assert_int_equal(answer_tcp(40000, TCP_FIN | TCP_ACK), NAT_SEND);
	assert_int_equal(answer_tcp(40000, TCP_SYN), NAT_SEND); /* not by who began */
	assert_string_equal(state_of_only_flow(), "closing");
	assert_int_equal(send_tcp(40000, TCP_SYN), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "opening");
	assert_int_equal(send_tcp(40000, TCP_ACK), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "opening");
	assert_int_equal(answer_tcp(40000, TCP_SYN | TCP_ACK), NAT_SEND);
	assert_int_equal(send_tcp(40000, TCP_ACK), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "established");
	assert_int_equal(answer_tcp(40000, TCP_RST), NAT_SEND);
	assert_int_equal(send_tcp(40000, TCP_SYN), NAT_SEND);
	assert_string_equal(state_of_only_flow(), "opening");
	check_lives(30);
}

/* N4: an outside port that has been given back is given anew, to whoever keeps its number. */
static void
test_n4_outside_ports_are_given_back(void **state)
{
	struct packet reply;

	assert_int_equal(send_udp(OWNER, INSIDE, 40000, REMOTE), NAT_SEND);
	clock_ns += 40 * SECOND;
	nat_tick(&nat);
	assert_int_equal(send_udp(OWNER2, INSIDE2, 40000, REMOTE), NAT_SEND);
	reply = make_udp(REMOTE, 53, OUTSIDE, 40000, 4);
	assert_int_equal(in(&reply), NAT_SEND);
	assert_int_equal(destination_of(&reply), INSIDE2);
}

/* Not before the last of an endpoint's flows has ended. */
static void
test_n4_outside_ports_are_kept_by_each_flow(void **state)
{
	struct packet reply = make_udp(REMOTE, 53, OUTSIDE, 40000, 4), other;

	assert_int_equal(send_udp(OWNER, INSIDE, 40000, REMOTE), NAT_SEND);
	assert_int_equal(in(&reply), NAT_SEND);
	assert_int_equal(send_udp(OWNER, INSIDE, 40000, REMOTE2), NAT_SEND);
	clock_ns += 40 * SECOND;
	nat_tick(&nat);
	assert_int_equal(nat.flow_count, 1);
	other = make_udp(INSIDE2, 40000, REMOTE, 53, 4);
	assert_int_equal(pass(&other, true, OWNER2), NAT_SEND);
	assert_int_not_equal(source_port_of(&other), 40000);
	assert_int_equal(send_udp(OWNER, INSIDE, 40000, REMOTE), NAT_SEND);
	check_lives(300);
}

static void
test_a_tick_is_bounded(void **state)
{
	unsigned ticks = 1;

	for (u32 i = 0; i < NAT_OWNER_FLOWS; i++)
		assert_int_equal(send_udp(OWNER, INSIDE, (u16)(20000 + i), REMOTE), NAT_SEND);
	clock_ns += 40 * SECOND;
	assert_true(nat_tick(&nat));
	assert_int_equal(nat.flow_count, NAT_OWNER_FLOWS - NAT_TICK_FLOWS);
	while (nat_tick(&nat))
		ticks++;
	assert_int_equal(ticks, NAT_OWNER_FLOWS / NAT_TICK_FLOWS - 1);
}

static void
test_ticks_come_round_to_every_owner(void **state)
{
	struct packet p = make_udp(REMOTE, 53, OUTSIDE, DNS_OUTSIDE, 4);

	for (u32 owner = 0; owner < NAT_OWNERS; owner++)
		assert_int_equal(send_udp((u16)owner, INSIDE + owner, 40000, REMOTE), NAT_SEND);
	assert_int_equal(in(&p), NAT_SEND);
	clock_ns += 40 * SECOND;
	assert_false(nat_tick(&nat));
	assert_int_equal(nat.flow_count, 0);
}

static void
flood_syns(u16 owner, u32 source, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		struct packet p =
			make_tcp(source, (u16)(i + 1), REMOTE2 + (i >> 16), HTTP, TCP_SYN);

		assert_int_equal(pass(&p, true, owner), NAT_SEND);
	}
}

static void
test_n4_syn_flood_of_one_vm(void **state)
{
	establish(40000);
	flood_syns(OWNER, INSIDE, 200000);
	assert_int_equal(nat.owners[OWNER].flows, NAT_OWNER_HALF_OPEN);
	assert_int_equal(nat.counters.flows_reused, 200000 - NAT_OWNER_HALF_OPEN);

	/* The other one goes on, and begins what it likes. */
	assert_int_equal(send_tcp(40000, TCP_ACK), NAT_SEND);
	assert_int_equal(answer_tcp(40000, TCP_ACK), NAT_SEND);
	for (u16 port = 40001; port < 40100; port++)
		establish(port);
	assert_int_equal(nat.owners[OWNER2].flows, 100);
}

/* Its own connections outlive it. */
static void
test_n4_syn_flood_takes_only_half_open_connections(void **state)
{
	for (u16 port = 40000; port < 40100; port++)
		establish(port);
	flood_syns(OWNER2, INSIDE2, 20000);
	for (u16 port = 40000; port < 40100; port++)
		assert_int_equal(answer_tcp(port, TCP_ACK), NAT_SEND);
}

/* To a forwarded port, of forged sources: it costs the inside nothing. */
static void
test_n4_syn_flood_from_the_outside(void **state)
{
	establish(40000);
	for (u32 i = 0; i < 100000; i++) {
		struct packet p = make_tcp(REMOTE2 + i, 1000, OUTSIDE, WEB_OUTSIDE, TCP_SYN);

		assert_int_equal(in(&p), NAT_SEND);
	}
	assert_int_equal(nat.owners[NAT_OWNERS].flows, NAT_OWNER_HALF_OPEN);
	assert_int_equal(nat.owners[OWNER2].flows, 1);
	assert_int_equal(answer_tcp(40000, TCP_ACK), NAT_SEND);
}

static void
test_n4_udp_flood_reuses_its_own_oldest(void **state)
{
	struct packet reply;

	establish(40000);
	for (u32 i = 0; i < 10000; i++) {
		clock_ns += SECOND / 1000;
		assert_int_equal(send_udp(OWNER2, INSIDE2, (u16)(20000 + i), REMOTE), NAT_SEND);
	}
	assert_int_equal(nat.owners[OWNER2].flows, NAT_OWNER_FLOWS);
	assert_int_equal(answer_tcp(40000, TCP_ACK), NAT_SEND);
	reply = make_udp(REMOTE, 53, OUTSIDE, 20000, 4);
	assert_int_equal(in(&reply), NAT_NOT_MINE);
	reply = make_udp(REMOTE, 53, OUTSIDE, 20000 + 9999, 4);
	assert_int_equal(in(&reply), NAT_SEND);
}

/*
 * The share itself: half of the table is free all the while, so nobody has to give anything for
 * want of room. Whoever begins most, by whichever protocol, has no more than its share.
 */
static void
test_n4_a_share_is_kept_while_the_table_has_room(void **state)
{
	for (u32 i = 0; i < 3 * NAT_OWNER_FLOWS; i++) {
		struct packet p = make_tcp(INSIDE, (u16)(i + 1), REMOTE2, HTTP, TCP_SYN);

		assert_int_equal(pass(&p, true, OWNER), NAT_SEND);
		assert_int_equal(send_udp(OWNER, INSIDE, (u16)(i + 1), REMOTE), NAT_SEND);
		assert_true(nat.owners[OWNER].flows <= NAT_OWNER_FLOWS);
		assert_true(nat.owners[OWNER].queues[NAT_TCP_OPENING].count <= NAT_OWNER_HALF_OPEN);
		assert_int_equal(send_udp(OWNER2, INSIDE2, (u16)(20000 + i % 2000), REMOTE),
				 NAT_SEND);
	}
	assert_int_equal(nat.owners[OWNER].flows, NAT_OWNER_FLOWS);
	assert_int_equal(nat.owners[OWNER2].flows, 2000); /* none was taken from it */
	assert_true(nat.flow_count <= NAT_FLOWS / 2);
	assert_int_equal(nat.counters.dropped[NAT_DROP_FULL], 0);
}

/* Of those that are no great loss, whichever rested longest. */
static void
test_n4_what_an_owner_gives_up_first(void **state)
{
	struct packet echo = make_echo(ICMP_ECHO, INSIDE2, REMOTE, 40000), reply;

	assert_int_equal(send_udp(OWNER2, INSIDE2, 50000, REMOTE), NAT_SEND);
	clock_ns += SECOND;
	assert_int_equal(pass(&echo, true, OWNER2), NAT_SEND);
	clock_ns += SECOND;
	for (u32 i = 2; i < NAT_OWNER_FLOWS; i++)
		assert_int_equal(send_udp(OWNER2, INSIDE2, (u16)(20000 + i), REMOTE), NAT_SEND);

	assert_int_equal(send_udp(OWNER2, INSIDE2, 50001, REMOTE), NAT_SEND);
	reply = make_udp(REMOTE, 53, OUTSIDE, 50000, 4);
	assert_int_equal(in(&reply), NAT_NOT_MINE);
	assert_int_equal(nat.owners[OWNER2].queues[NAT_ECHO].count, 1);
	assert_int_equal(send_udp(OWNER2, INSIDE2, 50002, REMOTE), NAT_SEND);
	reply = reply_to(&echo);
	assert_int_equal(in(&reply), NAT_NOT_MINE);
}

/* One-way flows go before older ones with answers, connections never. */
static void
test_n4_what_an_owner_gives_up_last(void **state)
{
	struct packet reply = make_udp(REMOTE, 53, OUTSIDE, 40000, 4), again = reply;

	establish(40002);
	assert_int_equal(send_udp(OWNER2, INSIDE2, 40000, REMOTE), NAT_SEND);
	assert_int_equal(in(&reply), NAT_SEND);
	clock_ns += 2 * SECOND;
	for (u32 i = 0; i < NAT_OWNER_FLOWS; i++)
		assert_int_equal(send_udp(OWNER2, INSIDE2, (u16)(20000 + i), REMOTE), NAT_SEND);
	assert_int_equal(in(&again), NAT_SEND);
	assert_int_equal(answer_tcp(40002, TCP_ACK), NAT_SEND);
}

/* Connections of `count`, beginning at a port; false when there was no more room. */
static bool
establish_many(u16 owner, u32 source, u16 port, u32 count)
{
	for (u32 i = 0; i < count; i++, port++) {
		struct packet p = make_tcp(source, port, REMOTE, HTTP, TCP_SYN), reply;

		if (pass(&p, true, owner) != NAT_SEND)
			return false;
		reply = reply_to(&p);
		payload_of(&reply)[TCP_FLAGS] = TCP_SYN | TCP_ACK;
		assert_int_equal(in(&reply), NAT_SEND);
		p = make_tcp(source, port, REMOTE, HTTP, TCP_ACK);
		assert_int_equal(pass(&p, true, owner), NAT_SEND);
	}
	return true;
}

static void
test_n4_an_owner_full_of_connections(void **state)
{
	struct packet p = make_udp(INSIDE, 1, REMOTE, 53, 4), before = p;

	assert_true(establish_many(OWNER, INSIDE, 20000, NAT_OWNER_FLOWS));
	assert_int_equal(out(&p), NAT_FULL);
	assert_memory_equal(p.at, before.at, p.len);
	assert_int_equal(nat.counters.dropped[NAT_DROP_FULL_OWNER], 1);
	assert_int_equal(nat.counters.flows_reused, 0);
	assert_true(establish_many(OWNER2, INSIDE2, 20000, 1000));
}

/* Who comes to its port next, or comes back after a reset, begins with nothing on its account. */
static void
test_n4_an_owner_that_goes_leaves_its_share(void **state)
{
	struct packet p = make_udp(INSIDE2, 1, REMOTE, 53, 4);

	assert_true(establish_many(OWNER, INSIDE, 20000, NAT_OWNER_FLOWS));
	assert_int_equal(pass(&p, true, OWNER2), NAT_SEND);
	assert_false(establish_many(OWNER, INSIDE, 30000, 1));
	nat_forget_owner(&nat, OWNER);
	assert_int_equal(nat.flow_count, 1);
	assert_int_equal(nat.owners[OWNER].flows, 0);
	assert_int_equal(nat.owners[OWNER2].flows, 1);
	assert_true(establish_many(OWNER, INSIDE, 20000, NAT_OWNER_FLOWS));
}

/* Four VMs use all of it; a fifth one still gets as much as each of them has in the end. */
static void
test_n4_table_exhaustion(void **state)
{
	u64 reused;

	for (u16 i = 0; i < 4; i++)
		assert_true(establish_many(i, INSIDE + i, 20000, NAT_OWNER_FLOWS));
	assert_int_equal(nat.flow_count, NAT_FLOWS);
	assert_int_equal(nat.free_flow, 0xffff);

	assert_false(establish_many(9, INSIDE + 9, 20000, NAT_OWNER_FLOWS));
	assert_in_range(nat.owners[9].flows, NAT_FLOWS / 5 - 1, NAT_FLOWS / 5 + 1);
	for (u16 i = 0; i < 4; i++)
		assert_in_range(nat.owners[i].flows, NAT_FLOWS / 5 - 1, NAT_FLOWS / 5 + 2);
	assert_int_equal(nat.flow_count, NAT_FLOWS);
	assert_int_equal(nat.counters.dropped[NAT_DROP_FULL], 1);

	/* Nobody takes turns with anybody: what stands, stands. */
	reused = nat.counters.flows_reused;
	for (u16 i = 0; i < 4; i++)
		assert_false(establish_many(i, INSIDE + i, 50000, 10));
	assert_false(establish_many(9, INSIDE + 9, 50000, 10));
	assert_int_equal(nat.counters.flows_reused, reused);
}

/* As many chains as there are flows, and none long: the keys are not known outside. */
static void
test_n4_chains_stay_short(void **state)
{
	unsigned longest = 0;

	for (u16 i = 0; i < 4; i++) {
		for (u32 port = 0; port < NAT_OWNER_FLOWS; port++)
			assert_int_equal(send_udp(i, INSIDE + i, (u16)(20000 + port), REMOTE),
					 NAT_SEND);
	}
	for (unsigned bucket = 0; bucket < NAT_BUCKETS; bucket++) {
		unsigned len = 0;

		for (u16 k = nat.flows_inside.heads[bucket]; k != 0xffff;
		     k = nat.flows_inside.next[k])
			len++;
		longest = MAX(longest, len);
	}
	assert_in_range(longest, 2, 12);
}

/* Whoever knew the keys could make one chain of all its flows, which becomes no longer for it. */
static void
test_n4_a_chain_is_bounded(void **state)
{
	nat.keys[0] = (u64)INSIDE << 32 | REMOTE;
	for (u16 i = 0; i < 100; i++)
		assert_int_equal(send_udp(OWNER, INSIDE, (u16)(20000 + i), REMOTE),
				 i < 32 ? NAT_SEND : NAT_FULL);
	assert_int_equal(nat.counters.dropped[NAT_DROP_FULL], 68);
	assert_int_equal(send_udp(OWNER, INSIDE, 30000, REMOTE2), NAT_SEND);
	assert_int_equal(nat.flow_count, 33);
	clock_ns += 40 * SECOND;
	assert_false(nat_tick(&nat));
	for (unsigned bucket = 0; bucket < NAT_BUCKETS; bucket++)
		assert_int_equal(nat.bindings_outside.heads[bucket] < FORWARD_COUNT ||
					 nat.bindings_outside.heads[bucket] == 0xffff,
				 true);
}

/* Everything that was given is given back: again and again. */
static void
test_nothing_is_lost_over_time(void **state)
{
	for (unsigned round = 0; round < 20; round++) {
		for (u16 i = 0; i < 4; i++)
			assert_true(
				establish_many(i, INSIDE + i, (u16)(20000 + round * 100), 1500));
		flood_syns(OWNER, INSIDE + 50, 3000);
		clock_ns += (ESTABLISHED_S + 2) * SECOND;
		while (nat_tick(&nat))
			;
		for (unsigned bucket = 0; bucket < NAT_BUCKETS; bucket++) {
			assert_int_equal(nat.flows_inside.heads[bucket], 0xffff);
			assert_int_equal(nat.flows_outside.heads[bucket], 0xffff);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_udp_timeouts, setup),
		cmocka_unit_test_setup(test_a_packet_of_either_way_keeps_a_flow_alive, setup),
		cmocka_unit_test_setup(test_echo_timeout, setup),
		cmocka_unit_test_setup(test_tcp_half_open_timeout, setup),
		cmocka_unit_test_setup(test_tcp_is_established_by_who_began, setup),
		cmocka_unit_test_setup(test_tcp_simultaneous_open, setup),
		cmocka_unit_test_setup(test_tcp_established_timeout, setup),
		cmocka_unit_test_setup(test_tcp_closing_timeout, setup),
		cmocka_unit_test_setup(test_tcp_half_closed_timeout, setup),
		cmocka_unit_test_setup(test_tcp_reset_timeout_and_data_after_it, setup),
		cmocka_unit_test_setup(test_n4_port_reuse, setup),
		cmocka_unit_test_setup(test_n4_outside_ports_are_given_back, setup),
		cmocka_unit_test_setup(test_n4_outside_ports_are_kept_by_each_flow, setup),
		cmocka_unit_test_setup(test_a_tick_is_bounded, setup),
		cmocka_unit_test_setup(test_ticks_come_round_to_every_owner, setup),
		cmocka_unit_test_setup(test_n4_syn_flood_of_one_vm, setup),
		cmocka_unit_test_setup(test_n4_syn_flood_takes_only_half_open_connections, setup),
		cmocka_unit_test_setup(test_n4_syn_flood_from_the_outside, setup),
		cmocka_unit_test_setup(test_n4_udp_flood_reuses_its_own_oldest, setup),
		cmocka_unit_test_setup(test_n4_a_share_is_kept_while_the_table_has_room, setup),
		cmocka_unit_test_setup(test_n4_what_an_owner_gives_up_first, setup),
		cmocka_unit_test_setup(test_n4_what_an_owner_gives_up_last, setup),
		cmocka_unit_test_setup(test_n4_an_owner_full_of_connections, setup),
		cmocka_unit_test_setup(test_n4_an_owner_that_goes_leaves_its_share, setup),
		cmocka_unit_test_setup(test_n4_table_exhaustion, setup),
		cmocka_unit_test_setup(test_n4_chains_stay_short, setup),
		cmocka_unit_test_setup(test_n4_a_chain_is_bounded, setup),
		cmocka_unit_test_setup(test_nothing_is_lost_over_time, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
