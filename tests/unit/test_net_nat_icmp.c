/* SPDX-License-Identifier: MIT */
// SOURCES: net/nat.c net/nat_packet.c net/nat_flow.c net/nat_binding.c net/nat_fragment.c
// SOURCES: net/nat_room.c net/nat_state.c net/ipv4.c net/checksum.c
/* ICMP errors through the NAT, both ways (RFC 5508, section 4), and those that may not pass. */
#include "tests/unit/test.h"

#include "tests/unit/fake/nat_packets.h"

enum { QUOTED_ALL = 0 };

static const struct {
	u8 type, code;
} errors[] = {
	{ICMP_UNREACHABLE,	   ICMP_UNREACHABLE_NET     },
	{ICMP_UNREACHABLE,	   ICMP_UNREACHABLE_HOST	},
	{ICMP_UNREACHABLE,	   ICMP_UNREACHABLE_PORT	},
	{ICMP_UNREACHABLE,	   ICMP_FRAGMENTATION_NEEDED},
	{ICMP_TIME_EXCEEDED,     0			      },
	{ICMP_PARAMETER_PROBLEM, 0			  },
};

static int
setup(void **state)
{
	nat_setup(1);
	return 0;
}

/* With an MTU, which must stay. */
static struct packet
error_about(unsigned i, u32 source, u32 destination, const struct packet *quoted, u32 quoted_len)
{
	struct packet p = make_error(errors[i].type, errors[i].code, source, destination, quoted,
				     quoted_len == QUOTED_ALL ? quoted->len : quoted_len);

	be16_put(payload_of(&p) + ICMP_MTU, 1400);
	finish(&p);
	return p;
}

/* What the sender of `sent`, which became `passed`, is told of an error about it. */
static void
check_errors_in(const struct packet *sent, const struct packet *passed, u32 quoted_len)
{
	for (unsigned i = 0; i < ARRAY_SIZE(errors); i++) {
		struct packet p = error_about(i, ROUTER, OUTSIDE, passed, quoted_len);
		struct packet expected = error_about(i, ROUTER, INSIDE, sent, quoted_len);

		assert_int_equal(in(&p), NAT_SEND);
		assert_true(checksums_are_right(p.at));
		assert_memory_equal(p.at, expected.at, p.len);
	}
}

static void
check_errors_about(struct packet p)
{
	struct packet sent = p;

	assert_int_equal(out(&p), NAT_SEND);
	check_errors_in(&sent, &p, QUOTED_ALL);
	check_errors_in(&sent, &p, IPV4_HEADER + 8);
	check_errors_in(&sent, &p, IPV4_HEADER + TCP_CHECKSUM);
	check_errors_in(&sent, &p, IPV4_HEADER + TCP_CHECKSUM + 2);
}

static void
test_errors_about_tcp_come_in(void **state)
{
	check_errors_about(make_tcp(INSIDE, 1000, REMOTE, 80, TCP_SYN));
}

static void
test_errors_about_udp_come_in(void **state)
{
	struct packet unsummed = make_udp(INSIDE, 1000, REMOTE, 53, 40);

	be16_put(payload_of(&unsummed) + UDP_CHECKSUM, 0);
	check_errors_about(make_udp(INSIDE, 1000, REMOTE, 53, 40));
	check_errors_about(unsummed);
}

static void
test_errors_about_echoes_come_in(void **state)
{
	check_errors_about(make_echo(ICMP_ECHO, INSIDE, REMOTE, 7));
}

/* A router has decremented the TTL and left options. */
static void
test_a_quoted_header_may_have_changed(void **state)
{
	struct packet p = make_udp(INSIDE, 1000, REMOTE, 53, 40), sent = p, error;
	u8 *quoted;

	assert_int_equal(out(&p), NAT_SEND);
	p.at[IPV4_TTL] = 1;
	p.at[IPV4_VERSION_IHL] = 0x46;
	memmove(p.at + 24, p.at + 20, 48);
	memset(p.at + 20, 1, 4);
	finish_header(&p);
	error = make_error(ICMP_TIME_EXCEEDED, 0, ROUTER, OUTSIDE, &p, 24 + 8);
	assert_int_equal(in(&error), NAT_SEND);
	assert_true(checksums_are_right(error.at));
	quoted = payload_of(&error) + ICMP_HEADER;
	assert_true(header_is_right(quoted));
	assert_int_equal(be32_at(quoted + IPV4_SOURCE), INSIDE);
	assert_memory_equal(quoted + 24, payload_of(&sent), 8);
}

/* A VM's own errors, about what it was sent in a flow. */
static void
check_error_out(struct packet p)
{
	struct packet reply, came;

	assert_int_equal(out(&p), NAT_SEND);
	reply = reply_to(&p);
	came = reply;
	assert_int_equal(in(&came), NAT_SEND);
	for (unsigned i = 0; i < ARRAY_SIZE(errors); i++) {
		struct packet error = error_about(i, INSIDE, REMOTE, &came, QUOTED_ALL);
		struct packet expected = error_about(i, OUTSIDE, REMOTE, &reply, QUOTED_ALL);

		assert_int_equal(out(&error), NAT_SEND);
		assert_true(checksums_are_right(error.at));
		assert_memory_equal(error.at, expected.at, error.len);
	}
}

static void
test_errors_go_out(void **state)
{
	check_error_out(make_tcp(INSIDE, 1000, REMOTE, 80, TCP_SYN));
	check_error_out(make_udp(INSIDE, 1000, REMOTE, 53, 40));
	check_error_out(make_echo(ICMP_ECHO, INSIDE, REMOTE, 7));
}

static void
test_errors_of_a_forwarded_port_go_out(void **state)
{
	struct packet p = make_udp(REMOTE, 5555, OUTSIDE, DNS_OUTSIDE, 40), sent = p;
	struct packet error, expected;

	assert_int_equal(in(&p), NAT_SEND);
	error = error_about(2, INSIDE2, REMOTE, &p, QUOTED_ALL);
	expected = error_about(2, OUTSIDE, REMOTE, &sent, QUOTED_ALL);
	assert_int_equal(out(&error), NAT_SEND);
	assert_memory_equal(error.at, expected.at, error.len);
}

static void
test_errors_turn_back_with_a_hairpin(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, OUTSIDE, DNS_OUTSIDE, 40), sent = p;
	struct packet error, expected;

	assert_int_equal(out(&p), NAT_HAIRPIN);
	error = error_about(2, INSIDE2, OUTSIDE, &p, QUOTED_ALL);
	expected = error_about(2, OUTSIDE, INSIDE, &sent, QUOTED_ALL);
	assert_int_equal(pass(&error, true, OWNER2), NAT_HAIRPIN);
	assert_memory_equal(error.at, expected.at, error.len);
}

static void
check_dropped(struct packet *p, bool outwards)
{
	struct packet before = *p;
	u64 drops = nat.counters.dropped[NAT_DROP_ICMP_ERROR];

	assert_int_equal(outwards ? out(p) : in(p), NAT_DROP);
	assert_memory_equal(p->at, before.at, p->len);
	assert_int_equal(nat.counters.dropped[NAT_DROP_ICMP_ERROR], drops + 1);
}

static void
test_an_error_about_no_flow_is_dropped(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 40), quoted, error;

	assert_int_equal(out(&p), NAT_SEND);
	quoted = make_udp(OUTSIDE, 40000, REMOTE, 54, 40);
	error = error_about(0, ROUTER, OUTSIDE, &quoted, QUOTED_ALL);
	check_dropped(&error, false);
	quoted = make_udp(REMOTE2, 40000, REMOTE, 53, 40);
	error = error_about(0, ROUTER, OUTSIDE, &quoted, QUOTED_ALL);
	check_dropped(&error, false);
	quoted = make_udp(REMOTE, 54, INSIDE, 40000, 40);
	error = error_about(0, INSIDE, REMOTE, &quoted, QUOTED_ALL);
	check_dropped(&error, true);
}

/* Such a port is none of ours. */
static void
test_an_error_about_what_the_gateway_sent_is_the_gateways(void **state)
{
	struct packet quoted = make_udp(OUTSIDE, NAT_PORT_LAST + 1, REMOTE, 53, 40);
	struct packet error = error_about(2, REMOTE, OUTSIDE, &quoted, QUOTED_ALL);

	assert_int_equal(in(&error), NAT_NOT_MINE);
}

/* One VM can't end another's connections. */
static void
test_an_error_comes_only_from_whom_it_quotes(void **state)
{
	struct packet p = make_tcp(INSIDE, 1000, REMOTE, 80, TCP_SYN), reply, error;

	assert_int_equal(out(&p), NAT_SEND);
	reply = reply_to(&p);
	assert_int_equal(in(&reply), NAT_SEND);
	error = error_about(2, INSIDE2, REMOTE, &reply, QUOTED_ALL);
	check_dropped(&error, true);
	error = error_about(2, INSIDE, REMOTE2, &reply, QUOTED_ALL);
	check_dropped(&error, true);
}

static void
test_n3_icmp_error_quoting_itself(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 40), error, again;

	assert_int_equal(out(&p), NAT_SEND);
	error = error_about(0, OUTSIDE, REMOTE, &p, QUOTED_ALL);
	again = error_about(0, ROUTER, OUTSIDE, &error, QUOTED_ALL);
	check_dropped(&again, false);

	error = error_about(0, REMOTE, INSIDE, &p, QUOTED_ALL);
	again = error_about(0, INSIDE, REMOTE, &error, QUOTED_ALL);
	check_dropped(&again, true);

	/* The very same bytes within themselves, as far as they go. */
	error = error_about(0, ROUTER, OUTSIDE, &p, QUOTED_ALL);
	memmove(payload_of(&error) + ICMP_HEADER, error.at, p.len);
	finish(&error);
	check_dropped(&error, false);
}

static void
test_n3_an_error_with_a_cut_or_broken_quote(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 40), error, quoted;

	assert_int_equal(out(&p), NAT_SEND);
	for (u32 len = 1; len < IPV4_HEADER + 8; len++) {
		error = error_about(0, ROUTER, OUTSIDE, &p, len);
		check_dropped(&error, false);
	}
	error = make_error(ICMP_UNREACHABLE, 0, ROUTER, OUTSIDE, &p, 0);
	check_dropped(&error, false);

	for (u32 ihl = 0; ihl < 16; ihl++) { /* 5 is right */
		quoted = p;
		quoted.at[IPV4_VERSION_IHL] = (u8)(0x40 | ihl);
		error = error_about(0, ROUTER, OUTSIDE, &quoted, IPV4_HEADER + 8);
		if (ihl != 5)
			check_dropped(&error, false);
	}
	quoted = p;
	quoted.at[IPV4_VERSION_IHL] = 0x65;
	error = error_about(0, ROUTER, OUTSIDE, &quoted, QUOTED_ALL);
	check_dropped(&error, false);
	quoted = p;
	be16_put(quoted.at + IPV4_FRAGMENT, 8); /* of a later fragment, which has no ports */
	error = error_about(0, ROUTER, OUTSIDE, &quoted, QUOTED_ALL);
	check_dropped(&error, false);
	quoted = p;
	quoted.at[IPV4_PROTOCOL] = 47;
	error = error_about(0, ROUTER, OUTSIDE, &quoted, QUOTED_ALL);
	check_dropped(&error, false);
}

/* RFC 5508, REQ-3 and 5. */
static void
test_an_error_with_a_wrong_checksum_is_dropped(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 40), error;

	assert_int_equal(out(&p), NAT_SEND);
	error = error_about(0, ROUTER, OUTSIDE, &p, QUOTED_ALL);
	payload_of(&error)[40] ^= 1;
	assert_int_equal(in(&error), NAT_DROP);
	assert_int_equal(nat.counters.dropped[NAT_DROP_MALFORMED], 1);
}

static void
test_other_messages_are_dropped(void **state)
{
	for (unsigned type = 0; type < 256; type++) {
		struct packet p = make_echo(ICMP_ECHO, INSIDE, REMOTE, 7);
		struct packet q = make_echo(ICMP_ECHO, REMOTE, OUTSIDE, 7);

		if (type == ICMP_ECHO || type == ICMP_ECHO_REPLY)
			continue;
		payload_of(&p)[ICMP_TYPE] = payload_of(&q)[ICMP_TYPE] = (u8)type;
		finish(&p);
		finish(&q);
		assert_int_equal(out(&p), NAT_DROP);
		assert_int_equal(in(&q), NAT_DROP);
	}
	assert_int_equal(nat.counters.dropped[NAT_DROP_PROTOCOL], (254 - 3) * 2);
	assert_int_equal(nat.flow_count, 0);
}

/* RFC 5508, REQ-6; RFC 5382, REQ-10: a flow lives neither longer nor shorter for it. */
static void
test_an_error_is_no_use_of_its_flow(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 40), error, late;

	assert_int_equal(out(&p), NAT_SEND);
	clock_ns += 29 * SECOND;
	error = error_about(2, REMOTE, OUTSIDE, &p, QUOTED_ALL);
	late = error;
	assert_int_equal(in(&error), NAT_SEND);
	clock_ns += 3 * SECOND;
	assert_int_equal(in(&late), NAT_NOT_MINE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_errors_about_tcp_come_in, setup),
		cmocka_unit_test_setup(test_errors_about_udp_come_in, setup),
		cmocka_unit_test_setup(test_errors_about_echoes_come_in, setup),
		cmocka_unit_test_setup(test_a_quoted_header_may_have_changed, setup),
		cmocka_unit_test_setup(test_errors_go_out, setup),
		cmocka_unit_test_setup(test_errors_of_a_forwarded_port_go_out, setup),
		cmocka_unit_test_setup(test_errors_turn_back_with_a_hairpin, setup),
		cmocka_unit_test_setup(test_an_error_about_no_flow_is_dropped, setup),
		cmocka_unit_test_setup(test_an_error_about_what_the_gateway_sent_is_the_gateways,
				       setup),
		cmocka_unit_test_setup(test_an_error_comes_only_from_whom_it_quotes, setup),
		cmocka_unit_test_setup(test_n3_icmp_error_quoting_itself, setup),
		cmocka_unit_test_setup(test_n3_an_error_with_a_cut_or_broken_quote, setup),
		cmocka_unit_test_setup(test_an_error_with_a_wrong_checksum_is_dropped, setup),
		cmocka_unit_test_setup(test_other_messages_are_dropped, setup),
		cmocka_unit_test_setup(test_an_error_is_no_use_of_its_flow, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
