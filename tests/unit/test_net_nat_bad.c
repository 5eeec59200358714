/* SPDX-License-Identifier: MIT */
// SOURCES: net/nat.c net/nat_packet.c net/nat_flow.c net/nat_binding.c net/nat_fragment.c
// SOURCES: net/nat_room.c net/nat_state.c net/ipv4.c net/checksum.c
/* Malformed packets, IP options and fragments through the NAT: case N3. */
#include "tests/unit/test.h"

#include "tests/unit/fake/nat_packets.h"

static int
setup(void **state)
{
	nat_setup(1);
	return 0;
}

static void
check_refused(struct packet p, enum nat_drop reason)
{
	struct packet before = p;
	u64 drops = nat.counters.dropped[reason];
	u16 flows = nat.flow_count;

	assert_int_equal(out(&p), NAT_DROP);
	assert_memory_equal(p.at, before.at, p.len);
	assert_int_equal(nat.counters.dropped[reason], drops + 1);
	assert_int_equal(nat.flow_count, flows);
}

/* Neither way; from the outside to a forwarded port. */
static void
check_malformed(struct packet p)
{
	struct packet inwards = p;

	check_refused(p, NAT_DROP_MALFORMED);
	be32_put(inwards.at + IPV4_SOURCE, REMOTE);
	be32_put(inwards.at + IPV4_DESTINATION, OUTSIDE);
	finish_header(&inwards);
	assert_int_equal(in(&inwards), NAT_DROP);
	assert_int_equal(nat.flow_count, 0);
}

static struct packet
some_udp(void)
{
	return make_udp(INSIDE, 40000, REMOTE, DNS_OUTSIDE, 40);
}

static struct packet
some_tcp(void)
{
	return make_tcp(INSIDE, 40000, REMOTE, WEB_OUTSIDE, TCP_SYN);
}

/* With options of len bytes, a multiple of 4. */
static struct packet
with_options(struct packet p, const u8 *options, u32 len)
{
	memmove(p.at + IPV4_HEADER + len, p.at + IPV4_HEADER, p.len - IPV4_HEADER);
	memcpy(p.at + IPV4_HEADER, options, len);
	p.len += len;
	p.at[IPV4_VERSION_IHL] = (u8)(0x45 + len / 4);
	be16_put(p.at + IPV4_TOTAL_LEN, (u16)p.len);
	finish_header(&p);
	return p;
}

static void
test_n3_ip_options_pass_as_they_are(void **state)
{
	static const u8 options[40] = {7, 7, 4, 1, 2, 3, 4, 1, 148, 4, 0, 0, 68, 8, 5, 0};
	struct packet p = with_options(some_tcp(), options, sizeof(options));

	assert_int_equal(out(&p), NAT_SEND);
	assert_memory_equal(p.at + IPV4_HEADER, options, sizeof(options));
	assert_true(checksums_are_right(p.at));
	assert_int_equal(source_port_of(&p), 40000);
	p = reply_to(&p);
	assert_int_equal(in(&p), NAT_SEND);
	assert_true(checksums_are_right(p.at));
}

static void
test_n3_ip_source_routes_and_broken_options(void **state)
{
	static const u8 bad[][8] = {
		{131, 7,	 4, 1, 2, 3, 4, 0}, /* loose source route */
		{1,   137, 7, 4, 1, 2, 3, 4}, /* strict, behind a no-operation */
		{7,   0,   0, 0, 0, 0, 0, 0}, /* length 0 */
		{7,   1,   0, 0, 0, 0, 0, 0}, /* length 1 */
		{7,   9,   4, 0, 0, 0, 0, 0}, /* beyond the header */
		{7,   255, 4, 0, 0, 0, 0, 0}, /* far beyond */
		{1,   1,   1, 1, 1, 1, 1, 7}, /* no length at the end */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		check_malformed(with_options(some_udp(), bad[i], sizeof(bad[i])));
}

static void
test_n3_ip_lengths_and_checksum(void **state)
{
	for (u32 len = 0; len < IPV4_HEADER + UDP_HEADER; len++) { /* cut, and told so */
		struct packet p = some_udp();

		p.len = len;
		be16_put(p.at + IPV4_TOTAL_LEN, (u16)len);
		finish_header(&p);
		check_refused(p, NAT_DROP_MALFORMED);
	}
	for (u32 len = 0; len < some_udp().len; len++) { /* cut, and not told */
		struct packet p = some_udp();

		p.len = len;
		check_refused(p, NAT_DROP_MALFORMED);
	}
	for (u32 first = 0; first < 256; first++) { /* versions and header lengths */
		struct packet p = some_tcp();

		p.at[IPV4_VERSION_IHL] = (u8)first;
		if (first >= 0x45 && first < 0x50) /* then TCP is somewhere in the packet */
			continue;
		finish_header(&p);
		check_refused(p, NAT_DROP_MALFORMED);
	}
	for (u32 bit = 0; bit < 16; bit++) {
		struct packet p = some_udp(), q = make_udp(REMOTE, 53, OUTSIDE, DNS_OUTSIDE, 40);

		p.at[IPV4_CHECKSUM + bit / 8] ^= (u8)(1 << bit % 8);
		check_refused(p, NAT_DROP_MALFORMED);
		q.at[IPV4_CHECKSUM + bit / 8] ^= (u8)(1 << bit % 8);
		assert_int_equal(in(&q), NAT_DROP);
	}
}

static void
test_n3_udp_lengths(void **state)
{
	for (u32 len = 0; len <= 0xffff; len++) {
		struct packet p = some_udp();
		bool fine = len >= UDP_HEADER && len <= UDP_HEADER + 40;

		be16_put(payload_of(&p) + UDP_LEN, (u16)len);
		if (!fine)
			check_refused(p, NAT_DROP_MALFORMED);
		else
			assert_int_equal(out(&p), NAT_SEND);
		nat_forget_inside(&nat, INSIDE);
	}
}

/* A datagram without data is a datagram. */
static void
test_n3_zero_length_udp(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 0), none = p;

	assert_int_equal(out(&p), NAT_SEND);
	assert_true(checksums_are_right(p.at));
	p = reply_to(&p);
	assert_int_equal(in(&p), NAT_SEND);
	assert_int_equal(destination_of(&p), INSIDE);

	none.len = IPV4_HEADER; /* not even a header */
	be16_put(none.at + IPV4_TOTAL_LEN, IPV4_HEADER);
	finish_header(&none);
	check_refused(none, NAT_DROP_MALFORMED);
}

static void
test_n3_tcp_data_offset(void **state)
{
	for (u32 offset = 0; offset < 16; offset++) {
		struct packet p = some_tcp(); /* with room for 7 words of header */

		payload_of(&p)[TCP_DATA_OFFSET] = (u8)(offset << 4);
		finish(&p);
		if (offset < 5 || offset > 7)
			check_malformed(p);
		else
			assert_int_equal(out(&p), NAT_SEND);
		nat_forget_inside(&nat, INSIDE);
	}
}

static void
test_n3_cut_tcp_and_icmp_headers(void **state)
{
	for (u32 len = 0; len < TCP_HEADER; len++) {
		struct packet p = some_tcp(), q = make_echo(ICMP_ECHO, INSIDE, REMOTE, 7);

		p.len = q.len = IPV4_HEADER + len;
		be16_put(p.at + IPV4_TOTAL_LEN, (u16)p.len);
		be16_put(q.at + IPV4_TOTAL_LEN, (u16)q.len);
		finish_header(&p);
		finish_header(&q);
		check_malformed(p);
		if (len < ICMP_HEADER)
			check_refused(q, NAT_DROP_MALFORMED);
	}
}

static void
test_n3_tcp_flags_that_begin_nothing(void **state)
{
	for (u32 flags = 0; flags < 256; flags++) {
		struct packet p = make_tcp(INSIDE, 40000, REMOTE, 80, (u8)flags);

		if ((flags & 0x17) == TCP_SYN)
			continue;
		check_refused(p, NAT_DROP_NO_FLOW);
	}
}

static void
test_n3_other_protocols(void **state)
{
	for (u32 protocol = 0; protocol < 256; protocol++) {
		struct packet p = make_ip((u8)protocol, INSIDE, REMOTE, 64), inwards;

		if (protocol == IP_TCP || protocol == IP_UDP || protocol == IP_ICMP)
			continue;
		finish_header(&p);
		check_refused(p, NAT_DROP_PROTOCOL);
		inwards = make_ip((u8)protocol, REMOTE, OUTSIDE, 64);
		finish_header(&inwards);
		assert_int_equal(in(&inwards), NAT_DROP);
	}
}

/* The bytes [from, to) of a packet's payload, as a fragment. */
static struct packet
fragment_of(const struct packet *p, u32 from, u32 to)
{
	struct packet f = *p;
	u32 payload = p->len - IPV4_HEADER;

	memcpy(f.at + IPV4_HEADER, p->at + IPV4_HEADER + from, to - from);
	f.len = IPV4_HEADER + to - from;
	be16_put(f.at + IPV4_TOTAL_LEN, (u16)f.len);
	be16_put(f.at + IPV4_FRAGMENT,
		 (u16)(from / 8 | (to < payload ? (u32)IPV4_MORE_FRAGMENTS : 0)));
	finish_header(&f);
	return f;
}

/* Puts a translated fragment's bytes where they belong; the first one gives the header. */
static void
assemble(struct packet *whole, const struct packet *f)
{
	u32 from = (be16_at(f->at + IPV4_FRAGMENT) & IPV4_FRAGMENT_OFFSET) * 8u;

	assert_true(header_is_right(f->at));
	if (from == 0)
		memcpy(whole->at, f->at, IPV4_HEADER);
	else
		assert_memory_equal(whole->at + IPV4_SOURCE, f->at + IPV4_SOURCE, 8);
	assert_memory_equal(whole->at + IPV4_ID, f->at + IPV4_ID, 2);
	memcpy(whole->at + IPV4_HEADER + from, f->at + IPV4_HEADER, f->len - IPV4_HEADER);
	whole->len = MAX(whole->len, IPV4_HEADER + from + f->len - IPV4_HEADER);
	be16_put(whole->at + IPV4_TOTAL_LEN, (u16)whole->len);
	be16_put(whole->at + IPV4_FRAGMENT, 0);
	finish_header(whole);
}

static struct packet
pass_in_fragments(const struct packet *p, bool outwards)
{
	struct packet whole = {.len = 0};
	u32 payload = p->len - IPV4_HEADER;

	for (u32 from = 0; from < payload; from += 1480) {
		struct packet f = fragment_of(p, from, MIN(from + 1480, payload));

		assert_int_equal(outwards ? out(&f) : in(&f), NAT_SEND);
		assemble(&whole, &f);
	}
	return whole;
}

static void
test_n3_fragments_go_the_way_of_the_first(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 4000), whole, back;

	whole = pass_in_fragments(&p, true);
	assert_true(checksums_are_right(whole.at));
	assert_int_equal(source_of(&whole), OUTSIDE);
	assert_int_equal(source_port_of(&whole), 40000);

	back = reply_to(&whole);
	back = pass_in_fragments(&back, false);
	assert_true(checksums_are_right(back.at));
	back = reply_to(&back);
	memcpy(back.at + IPV4_ID, p.at + IPV4_ID, 2);
	finish_header(&back);
	assert_memory_equal(back.at, p.at, p.len);
}

static void
test_n3_a_long_echo_in_fragments(void **state)
{
	struct packet p = make_ip(IP_ICMP, INSIDE, REMOTE, ICMP_HEADER + 3000), whole, back;

	payload_of(&p)[ICMP_TYPE] = ICMP_ECHO;
	payload_of(&p)[ICMP_CODE] = 0;
	finish(&p);
	whole = pass_in_fragments(&p, true);
	assert_true(checksums_are_right(whole.at));
	back = reply_to(&whole);
	back = pass_in_fragments(&back, false);
	assert_true(checksums_are_right(back.at));
	assert_int_equal(destination_of(&back), INSIDE);
	assert_int_equal(echo_id_of(&back), echo_id_of(&p));
}

static void
test_n3_fragments_turn_back_with_a_hairpin(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, OUTSIDE, DNS_OUTSIDE, 2000), whole = {.len = 0};

	for (u32 from = 0; from < 2008; from += 1480) {
		struct packet f = fragment_of(&p, from, MIN(from + 1480, 2008));

		assert_int_equal(out(&f), NAT_HAIRPIN);
		assemble(&whole, &f);
	}
	assert_true(checksums_are_right(whole.at));
	assert_int_equal(destination_of(&whole), INSIDE2);
}

/* From one address outside, two VMs' packets to one remote must not be put together. */
static void
test_n3_fragments_of_two_vms_keep_apart(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 2000);
	struct packet q = make_udp(INSIDE2, 40000, REMOTE, 53, 2000);
	struct packet f = fragment_of(&p, 0, 1480), g = fragment_of(&q, 0, 1480);

	assert_int_equal(out(&f), NAT_SEND);
	assert_int_equal(pass(&g, true, OWNER2), NAT_SEND);
	assert_memory_not_equal(f.at + IPV4_ID, g.at + IPV4_ID, 2);
}

static void
test_n3_fragment_before_its_first(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 2000), other;

	check_refused(fragment_of(&p, 1480, 2008), NAT_DROP_FRAGMENT);
	pass_in_fragments(&p, true);
	other = p; /* one word of what must agree is another */
	be16_put(other.at + IPV4_ID, 0x4321);
	check_refused(fragment_of(&other, 1480, 2008), NAT_DROP_FRAGMENT);
	other = p;
	be32_put(other.at + IPV4_DESTINATION, REMOTE2);
	check_refused(fragment_of(&other, 1480, 2008), NAT_DROP_FRAGMENT);
	other = p;
	be32_put(other.at + IPV4_SOURCE, INSIDE2);
	check_refused(fragment_of(&other, 1480, 2008), NAT_DROP_FRAGMENT);
	other = p;
	other.at[IPV4_PROTOCOL] = IP_TCP;
	check_refused(fragment_of(&other, 1480, 2008), NAT_DROP_FRAGMENT);

	other = fragment_of(&p, 1480, 2008);
	assert_int_equal(pass(&other, true, OWNER2), NAT_DROP);
	clock_ns += 31 * SECOND;
	check_refused(fragment_of(&p, 1480, 2008), NAT_DROP_FRAGMENT);
}

static void
test_n3_fragments_are_forgotten_with_their_addresses(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 2000);

	pass_in_fragments(&p, true);
	nat_forget_inside(&nat, INSIDE);
	check_refused(fragment_of(&p, 1480, 2008), NAT_DROP_FRAGMENT);
	pass_in_fragments(&p, true);
	nat_set_outside(&nat, OUTSIDE + 1);
	check_refused(fragment_of(&p, 1480, 2008), NAT_DROP_FRAGMENT);
}

/* RFC 1858, section 3: a first fragment with less than the whole header. */
static void
test_n3_tiny_first_fragment(void **state)
{
	struct packet p = some_tcp(), q;

	check_malformed(fragment_of(&p, 0, 8));
	check_malformed(fragment_of(&p, 0, 16));
	q = p;
	payload_of(&q)[TCP_DATA_OFFSET] = 0x70; /* options in the next one */
	finish(&q);
	check_malformed(fragment_of(&q, 0, 24));
	p = fragment_of(&p, 0, 24);
	assert_int_equal(out(&p), NAT_SEND);
}

/* Section 3.2.2: it would write over the flags. */
static void
test_n3_overlap_of_tcp_flags(void **state)
{
	struct packet p = some_tcp(), first = fragment_of(&p, 0, 24);
	struct packet second = fragment_of(&p, 8, 31), third = fragment_of(&p, 24, 31);

	assert_int_equal(out(&first), NAT_SEND);
	assert_int_equal(out(&second), NAT_DROP);
	assert_int_equal(nat.counters.dropped[NAT_DROP_MALFORMED], 1);
	assert_int_equal(out(&third), NAT_SEND);
}

/* Another first fragment is judged by its own ports, and leaves as another packet. */
static void
test_n3_overlap_of_first_fragments(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 2000);
	struct packet q = make_udp(INSIDE, 40002, REMOTE, 53, 2000);
	struct packet f = fragment_of(&p, 0, 1480), g = fragment_of(&q, 0, 1480);
	struct packet rest = fragment_of(&p, 1480, 2008), overlap = fragment_of(&p, 1472, 2000);

	assert_int_equal(out(&f), NAT_SEND);
	assert_int_equal(out(&g), NAT_SEND);
	assert_memory_not_equal(f.at + IPV4_ID, g.at + IPV4_ID, 2);
	assert_int_equal(out(&rest), NAT_SEND);
	assert_memory_equal(rest.at + IPV4_ID, g.at + IPV4_ID, 2);
	assert_int_equal(out(&overlap), NAT_SEND); /* data: its receiver's to judge */

	/* From the outside, a first one to a port that isn't open opens nothing for its rest. */
	p = make_udp(REMOTE2, 53, OUTSIDE, 40000, 2000);
	f = fragment_of(&p, 0, 1480);
	assert_int_equal(in(&f), NAT_DROP);
	rest = fragment_of(&p, 1480, 2008);
	assert_int_equal(in(&rest), NAT_DROP);
	assert_int_equal(nat.counters.dropped[NAT_DROP_FRAGMENT], 1);
}

static void
test_n3_ping_of_death(void **state)
{
	struct packet p = make_ip(IP_ICMP, INSIDE, REMOTE, 1480), first;

	payload_of(&p)[ICMP_TYPE] = ICMP_ECHO;
	payload_of(&p)[ICMP_CODE] = 0;
	first = p;
	be16_put(first.at + IPV4_FRAGMENT, IPV4_MORE_FRAGMENTS);
	finish_header(&first);
	assert_int_equal(out(&first), NAT_SEND);

	be16_put(p.at + IPV4_FRAGMENT, (65535 - 20 - 1480) / 8); /* ends within 65535 bytes */
	finish_header(&p);
	first = p;
	assert_int_equal(out(&first), NAT_SEND);
	for (u32 offset = (65535 - 20 - 1480) / 8 + 1; offset <= IPV4_FRAGMENT_OFFSET; offset++) {
		be16_put(p.at + IPV4_FRAGMENT, (u16)offset);
		finish_header(&p);
		check_refused(p, NAT_DROP_MALFORMED);
	}
}

static void
test_n3_fragments_of_wrong_sizes(void **state)
{
	struct packet p = make_udp(INSIDE, 40000, REMOTE, 53, 2000), f;

	f = fragment_of(&p, 0, 1479); /* not the last, and no multiple of 8 */
	check_refused(f, NAT_DROP_MALFORMED);
	pass_in_fragments(&p, true);
	f = fragment_of(&p, 2008, 2008); /* empty */
	check_refused(f, NAT_DROP_MALFORMED);
	be16_put(payload_of(&p) + UDP_LEN, 1480); /* ends in its first fragment */
	check_refused(fragment_of(&p, 0, 1480), NAT_DROP_MALFORMED);
}

/* One VM's fragments leave another's alone: each has its own few notes. */
static void
test_n3_fragment_flood_of_one_vm(void **state)
{
	struct packet p = make_udp(INSIDE2, 40000, REMOTE, 53, 2000);
	struct packet f = fragment_of(&p, 0, 1480), rest = fragment_of(&p, 1480, 2008);

	assert_int_equal(pass(&f, true, OWNER2), NAT_SEND);
	for (u32 id = 0; id < 100000; id++) {
		struct packet q = make_udp(INSIDE, 40000, REMOTE, 53, 32);

		be16_put(q.at + IPV4_ID, (u16)id);
		be16_put(payload_of(&q) + UDP_LEN, 2008);
		be16_put(q.at + IPV4_FRAGMENT, IPV4_MORE_FRAGMENTS);
		finish_header(&q);
		assert_int_equal(out(&q), NAT_SEND);
	}
	assert_int_equal(pass(&rest, true, OWNER2), NAT_SEND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_n3_ip_options_pass_as_they_are, setup),
		cmocka_unit_test_setup(test_n3_ip_source_routes_and_broken_options, setup),
		cmocka_unit_test_setup(test_n3_ip_lengths_and_checksum, setup),
		cmocka_unit_test_setup(test_n3_udp_lengths, setup),
		cmocka_unit_test_setup(test_n3_zero_length_udp, setup),
		cmocka_unit_test_setup(test_n3_tcp_data_offset, setup),
		cmocka_unit_test_setup(test_n3_cut_tcp_and_icmp_headers, setup),
		cmocka_unit_test_setup(test_n3_tcp_flags_that_begin_nothing, setup),
		cmocka_unit_test_setup(test_n3_other_protocols, setup),
		cmocka_unit_test_setup(test_n3_fragments_go_the_way_of_the_first, setup),
		cmocka_unit_test_setup(test_n3_a_long_echo_in_fragments, setup),
		cmocka_unit_test_setup(test_n3_fragments_turn_back_with_a_hairpin, setup),
		cmocka_unit_test_setup(test_n3_fragments_of_two_vms_keep_apart, setup),
		cmocka_unit_test_setup(test_n3_fragment_before_its_first, setup),
		cmocka_unit_test_setup(test_n3_fragments_are_forgotten_with_their_addresses, setup),
		cmocka_unit_test_setup(test_n3_tiny_first_fragment, setup),
		cmocka_unit_test_setup(test_n3_overlap_of_tcp_flags, setup),
		cmocka_unit_test_setup(test_n3_overlap_of_first_fragments, setup),
		cmocka_unit_test_setup(test_n3_ping_of_death, setup),
		cmocka_unit_test_setup(test_n3_fragments_of_wrong_sizes, setup),
		cmocka_unit_test_setup(test_n3_fragment_flood_of_one_vm, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
