/* SPDX-License-Identifier: MIT */
// SOURCES: net/nat.c net/nat_packet.c net/nat_flow.c net/nat_binding.c net/nat_fragment.c
// SOURCES: net/nat_room.c net/nat_state.c net/ipv4.c net/checksum.c
/*
 * Any packets through the NAT, both ways, in memory of just their size, as time goes on and
 * addresses change. What is sent on has an outside source or an inside destination, right
 * checksums where they were right before, and the same bytes elsewhere; what is not sent is as it
 * was. At the end all flows are accounted for, and time gives all of them back.
 */
#include <stdint.h>

#include "tests/unit/fake/nat_packets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *input;
static size_t left;

static void
check(bool condition)
{
	if (!condition)
		abort();
}

static u8
next(void)
{
	if (left == 0)
		return 0;
	left--;
	return *input++;
}

static u16
next_16(void)
{
	u8 high = next();

	return (u16)(high << 8 | next());
}

static u32
some_address(void)
{
	static const u32 addresses[] = {INSIDE,	 INSIDE2, OUTSIDE, REMOTE,
					REMOTE2, ROUTER,  0,	   0xffffffff};
	u8 choice = next();

	return choice < 0xf0 ? addresses[choice % ARRAY_SIZE(addresses)]
			     : (u32)next_16() << 16 | next_16();
}

/* Few, so that packets meet. */
static u16
some_port(void)
{
	static const u16 ports[] = {40000,	40001,	    WEB_OUTSIDE, DNS_OUTSIDE,
				    WEB_INSIDE, DNS_INSIDE, 0,		 NAT_PORT_LAST};
	u8 choice = next();

	return choice < 0xf0 ? ports[choice % ARRAY_SIZE(ports)] : next_16();
}

static u8
some_flags(void)
{
	static const u8 flags[] = {TCP_SYN, TCP_SYN,	       TCP_SYN | TCP_ACK,
				   TCP_ACK, TCP_FIN | TCP_ACK, TCP_RST};
	u8 choice = next();

	return choice < 0xf0 ? flags[choice % ARRAY_SIZE(flags)] : next();
}

static struct packet
some_transport(u32 source, u32 destination)
{
	u8 choice = next();
	u16 source_port = some_port(), port = some_port();

	switch (choice % 3) {
	case 0: return make_tcp(source, source_port, destination, port, some_flags());
	case 1: return make_udp(source, source_port, destination, port, next() * 8u);
	default:
		return make_echo(choice & 4 ? ICMP_ECHO : ICMP_ECHO_REPLY, source, destination,
				 source_port);
	}
}

/* As who got a packet sends one about it. */
static struct packet
error_about_last(const struct packet *last)
{
	return make_error(ICMP_UNREACHABLE, 3, destination_of(last), source_of(last), last,
			  MIN(last->len, 28u + next()));
}

static struct packet
some_error(u32 source, u32 destination, const struct packet *last)
{
	struct packet quoted = last->len != 0 && next() % 2 == 0
				       ? *last
				       : some_transport(some_address(), some_address());
	u32 len = next() % 4 != 0 ? MIN(quoted.len, 400u) : MIN(quoted.len, (u32)next());

	return make_error(ICMP_UNREACHABLE, next() % 5, source, destination, &quoted, len);
}

/* Some bytes are others; then the header's checksum is mostly made right again. */
static void
spoil(struct packet *p)
{
	for (unsigned i = next() % 4; i > 0; i--) {
		u32 at = next();

		if (at < p->len)
			p->at[at] = next();
	}
	if (next() % 8 == 0)
		be16_put(p->at + IPV4_FRAGMENT, next_16());
	if (next() % 8 == 0)
		p->len = MIN(p->len, (u32)next());
	if (next() % 16 != 0 && header_len(p->at) <= p->len)
		finish_header(p);
}

/* With other flags, of a connection's. */
static struct packet
some_reply(const struct packet *last)
{
	struct packet p = reply_to(last);

	if (p.at[IPV4_PROTOCOL] == IP_TCP) {
		payload_of(&p)[TCP_FLAGS] = some_flags();
		finish(&p);
	}
	return p;
}

static struct packet
some_packet(const struct packet *last)
{
	u8 choice = next();
	u32 source, destination;
	struct packet p;

	if (choice % 8 == 0) { /* just bytes */
		p = (struct packet){.len = next()};
		for (u32 i = 0; i < p.len; i++)
			p.at[i] = next();
		return p;
	}
	if (choice % 8 == 1 && last->len != 0)
		return some_reply(last);
	if (choice % 8 == 3 && last->len != 0)
		return error_about_last(last);
	source = some_address();
	destination = some_address();
	p = choice % 8 == 2 ? some_error(source, destination, last)
			    : some_transport(source, destination);
	if (choice & 0x60)
		spoil(&p);
	return p;
}

/* All of the packet that its IP header tells, in one piece. */
static bool
is_whole(const struct packet *p)
{
	return (be16_at(p->at + IPV4_FRAGMENT) & (IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET)) == 0;
}

static bool
has_sum(const struct packet *p)
{
	return p->at[IPV4_PROTOCOL] != IP_UDP ||
	       be16_at(p->at + header_len(p->at) + UDP_CHECKSUM) != 0;
}

static void
check_sent(const struct packet *before, const struct packet *p)
{
	u32 told = be16_at(p->at + IPV4_TOTAL_LEN);

	check(header_is_right(p->at));
	check(told <= p->len && memcmp(p->at + told, before->at + told, p->len - told) == 0);
	check(memcmp(p->at, before->at, IPV4_ID) == 0);
	if (is_whole(p)) {
		check(memcmp(p->at, before->at, IPV4_CHECKSUM) == 0);
		check(has_sum(p) == has_sum(before));
		if (has_sum(p))
			check((payload_sum(p->at) == 0xffff) ==
			      (payload_sum(before->at) == 0xffff));
	}
}

static bool
is_inside(u32 address)
{
	return (address & ipv4_mask(24)) == (INSIDE & ipv4_mask(24));
}

/* Replied to and quoted is only what has passed. */
static void
send(struct packet *p, bool outwards)
{
	struct packet before = *p;
	enum nat_verdict verdict = pass(p, outwards, next() % 2);

	switch (verdict) {
	case NAT_SEND:
		check_sent(&before, p);
		check(outwards ? source_of(p) == nat.outside && !is_inside(destination_of(p))
			       : is_inside(destination_of(p)) && !is_inside(source_of(p)));
		break;
	case NAT_HAIRPIN:
		check_sent(&before, p);
		check(outwards && source_of(p) == nat.outside && is_inside(destination_of(p)));
		break;
	default:
		if (p->len >= IPV4_HEADER && (!outwards || destination_of(p) != nat.outside))
			check(memcmp(p->at, before.at, p->len) == 0);
		p->len = 0;
	}
}

/* A packet that is cut behind some of its bytes, and perhaps overlaps. */
static void
send_in_two(const struct packet *p, bool outwards)
{
	u32 cut = next() * 8u, from = next() % 4 == 0 ? next() * 8u : cut;
	struct packet first = *p, rest = *p;

	if (p->len <= IPV4_HEADER + MAX(cut, from))
		return;
	first.len = IPV4_HEADER + cut;
	be16_put(first.at + IPV4_TOTAL_LEN, (u16)first.len);
	be16_put(first.at + IPV4_FRAGMENT, IPV4_MORE_FRAGMENTS);
	finish_header(&first);
	rest.len -= from;
	memmove(rest.at + IPV4_HEADER, rest.at + IPV4_HEADER + from, rest.len - IPV4_HEADER);
	be16_put(rest.at + IPV4_TOTAL_LEN, (u16)rest.len);
	be16_put(rest.at + IPV4_FRAGMENT, (u16)(from / 8));
	finish_header(&rest);
	send(&first, outwards);
	send(&rest, outwards);
}

/* More flows than one may have, once per input: it takes a while. */
static void
flood(void)
{
	u16 owner = next() % 2;
	bool tcp = next() % 2 != 0;

	if (nat.counters.flows_begun > NAT_OWNER_FLOWS)
		return;
	for (u32 i = 0; i < NAT_OWNER_FLOWS + 10; i++) {
		struct packet p = tcp ? make_tcp(INSIDE, (u16)i, REMOTE, 80, TCP_SYN)
				      : make_udp(INSIDE, (u16)i, REMOTE, 80, 0);

		pass(&p, true, owner);
	}
}

/* Mostly the way that it can go. */
static bool
goes_out(const struct packet *p)
{
	return (destination_of(p) != nat.outside || is_inside(source_of(p))) != (next() % 16 == 0);
}

/* A connection from either side, each segment an answer to the one before. */
static void
converse(void)
{
	struct packet p = next() % 2 ? make_tcp(INSIDE, some_port(), REMOTE, some_port(), TCP_SYN)
				     : make_tcp(REMOTE, 1, OUTSIDE, WEB_OUTSIDE, TCP_SYN);

	for (unsigned i = next() % 16; i > 0 && p.len != 0; i--) {
		send(&p, goes_out(&p));
		if (p.len != 0)
			p = some_reply(&p);
	}
}

static void
step(struct packet *last)
{
	u8 choice = next();

	switch (choice % 16) {
	case 0: clock_ns += next() * SECOND; break;
	case 1: nat_tick(&nat); break;
	case 2: nat_set_forward(&nat, next() % FORWARD_COUNT, choice & 0x80 ? INSIDE : 0); break;
	case 3: nat_forget_inside(&nat, some_address()); break;
	case 4:
		if (choice == 4)
			nat_set_outside(&nat, next() % 2 ? OUTSIDE : OUTSIDE + 1);
		else if (choice == 20 && next() == 20)
			flood();
		break;
	case 5:
		*last = some_transport(some_address(), some_address());
		send_in_two(last, goes_out(last));
		break;
	case 6: converse(); break;
	default: *last = some_packet(last); send(last, goes_out(last));
	}
}

static void
check_accounts(void)
{
	struct nat_flow_info info;
	u32 flows = 0, owned = 0, cursor = 0;

	for (u32 i = 0; i < NAT_ACCOUNTS; i++) {
		for (u32 s = 0; s < NAT_STATES; s++)
			owned += nat.owners[i].queues[s].count;
	}
	check(owned == nat.flow_count);
	clock_ns -= nat.now_ns < clock_ns ? clock_ns - nat.now_ns : 0;
	while (nat_flow_next(&nat, &cursor, &info)) {
		check(is_inside(info.inside) && info.owner <= NAT_OWNERS);
		flows++;
	}
	check(flows <= owned);
	clock_ns += 10000 * SECOND;
	while (nat_tick(&nat))
		;
	check(nat.flow_count == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet last = {.len = 0};

	input = data;
	left = size;
	nat_setup(next());
	while (left > 0)
		step(&last);
	check_accounts();
	return 0;
}
