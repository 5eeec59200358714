/* SPDX-License-Identifier: MIT */
// SOURCES: net/nat.c net/nat_packet.c net/nat_flow.c net/nat_binding.c net/nat_fragment.c
// SOURCES: net/nat_room.c net/nat_state.c net/ipv4.c net/checksum.c
/* Who has room for how many of the flows that begin outside, through forwards: case N4. */
#include "tests/unit/test.h"

#include "tests/unit/fake/nat_packets.h"

enum { WEB2_OUTSIDE = WEB_OUTSIDE + 1 };

static int
setup(void **state)
{
	nat_setup(1);
	return 0;
}

static enum nat_verdict
send_in(u32 remote, u16 port, u16 outside_port, u8 flags)
{
	struct packet p = make_tcp(remote, port, OUTSIDE, outside_port, flags);

	return in(&p);
}

static void
answer(u32 remote, u16 port, u8 flags)
{
	struct packet p = make_tcp(INSIDE2, WEB_INSIDE, remote, port, flags);

	assert_int_equal(pass(&p, true, OWNER2), NAT_SEND);
}

/* A connection from outside, with both sides' packets; false when there was no more room. */
static bool
establish(u32 remote, u16 port, u16 outside_port)
{
	if (send_in(remote, port, outside_port, TCP_SYN) != NAT_SEND)
		return false;
	answer(remote, port, TCP_SYN | TCP_ACK);
	assert_int_equal(send_in(remote, port, outside_port, TCP_ACK), NAT_SEND);
	return true;
}

static u32
established(u16 outside_port)
{
	struct nat_flow_info info;
	u32 cursor = 0, count = 0;

	while (nat_flow_next(&nat, &cursor, &info))
		count += info.outside_port == outside_port && !strcmp(info.state, "established");
	return count;
}

/* REMOTE takes the whole share for one forward, and keeps it; the others work still. */
static void
test_n4_one_forward_full_of_connections(void **state)
{
	struct packet udp = make_udp(REMOTE2, 1000, OUTSIDE, DNS_OUTSIDE, 4);

	for (u32 i = 0; i < NAT_OWNER_FLOWS; i++)
		assert_true(establish(REMOTE, (u16)(1000 + i), WEB_OUTSIDE));
	assert_false(establish(REMOTE, 50000, WEB_OUTSIDE)); /* nobody has more */
	assert_int_equal(nat.counters.dropped[NAT_DROP_FULL_OWNER], 1);
	assert_int_equal(nat.flow_count, NAT_OWNER_FLOWS);
	assert_int_equal(in(&udp), NAT_SEND);
	for (u16 i = 0; i < 100; i++)
		assert_true(establish(REMOTE2, (u16)(1000 + i), WEB2_OUTSIDE));
	assert_int_equal(established(WEB2_OUTSIDE), 100);
	assert_int_equal(nat.flow_count, NAT_OWNER_FLOWS);
	assert_false(establish(REMOTE, 50000, WEB_OUTSIDE));
}

/* In the end both have as many, and take no turns. */
static void
test_n4_forwards_share_alike(void **state)
{
	u64 reused;

	for (u32 i = 0; i < NAT_OWNER_FLOWS; i++)
		assert_true(establish(REMOTE, (u16)(1000 + i), WEB_OUTSIDE));
	for (u32 i = 0; i < NAT_OWNER_FLOWS; i++)
		(void)establish(REMOTE2, (u16)(1000 + i), WEB2_OUTSIDE);
	assert_in_range(established(WEB_OUTSIDE), NAT_OWNER_FLOWS / 2 - 1, NAT_OWNER_FLOWS / 2 + 1);
	assert_in_range(established(WEB2_OUTSIDE), NAT_OWNER_FLOWS / 2 - 1,
			NAT_OWNER_FLOWS / 2 + 1);
	reused = nat.counters.flows_reused;
	for (u16 i = 0; i < 10; i++) {
		assert_false(establish(REMOTE, (u16)(50000 + i), WEB_OUTSIDE));
		assert_false(establish(REMOTE2, (u16)(50000 + i), WEB2_OUTSIDE));
	}
	assert_int_equal(nat.counters.flows_reused, reused);
}

static void
test_n4_syn_flood_of_one_forward_leaves_the_others_handshakes(void **state)
{
	for (u16 i = 0; i < 100; i++)
		assert_int_equal(send_in(REMOTE, (u16)(1000 + i), WEB2_OUTSIDE, TCP_SYN), NAT_SEND);
	for (u32 i = 0; i < 20000; i++)
		assert_int_equal(send_in(REMOTE2 + i, 1000, WEB_OUTSIDE, TCP_SYN), NAT_SEND);
	for (u16 i = 0; i < 100; i++) {
		answer(REMOTE, (u16)(1000 + i), TCP_SYN | TCP_ACK);
		assert_int_equal(send_in(REMOTE, (u16)(1000 + i), WEB2_OUTSIDE, TCP_ACK), NAT_SEND);
	}
	assert_int_equal(established(WEB2_OUTSIDE), 100);
	assert_int_equal(nat.flow_count, NAT_OWNER_HALF_OPEN);
}

/* What needs no answer anybody can send as from everywhere: few connections are given up for it. */
static void
test_n4_forged_packets_to_one_forward_leave_the_others_connections(void **state)
{
	for (u32 i = 0; i < NAT_OWNER_FLOWS; i++)
		assert_true(establish(REMOTE, (u16)(1000 + i), WEB_OUTSIDE));
	for (u32 i = 0; i < 20000; i++) {
		struct packet udp = make_udp(REMOTE2 + i, 1000, OUTSIDE, DNS_OUTSIDE, 4);

		assert_int_equal(in(&udp), NAT_SEND);
		assert_int_equal(send_in(REMOTE2 + i, 1000, WEB2_OUTSIDE, TCP_SYN), NAT_SEND);
	}
	assert_int_equal(established(WEB_OUTSIDE), NAT_OWNER_FLOWS - 2 * NAT_FORWARD_UNPROVEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_n4_one_forward_full_of_connections, setup),
		cmocka_unit_test_setup(test_n4_forwards_share_alike, setup),
		cmocka_unit_test_setup(
			test_n4_syn_flood_of_one_forward_leaves_the_others_handshakes, setup),
		cmocka_unit_test_setup(
			test_n4_forged_packets_to_one_forward_leave_the_others_connections, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
