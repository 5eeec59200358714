/* SPDX-License-Identifier: MIT */
// SOURCES: net/gateway.c net/gateway_arp.c net/gateway_own.c net/gateway_route.c net/gateway_send.c
// SOURCES: net/arp.c net/checksum.c net/dhcp.c net/dhcp_client.c net/dhcp_server.c net/dns.c
// SOURCES: net/dns_relay.c net/icmp.c net/ipv4.c net/ping.c net/udp.c net/nat.c net/nat_binding.c
// SOURCES: net/nat_flow.c net/nat_fragment.c net/nat_packet.c lib/error.c lib/log.c lib/lock.c
// SOURCES: lib/format.c net/dhcp_lease.c net/nat_room.c net/nat_state.c net/text.c
/* DNS: hostile messages, the relay's flows, and the names of the network's own VMs. */
#include "tests/unit/test.h"

#include "tests/unit/fake/gateway_world.h"

enum { VM = 3, EVIL = 9, HOST = 0x0a080042, PORT = 5353 };

static u8 query[DNS_QUERY_MAX], answer[4096];

static int
setup(void **state)
{
	struct gateway_config c = world_config();
	static const u32 addresses[] = {WORLD_DNS, WORLD_DNS2};

	world_begin(&c);
	world_meet(VM, HOST);
	for (unsigned i = 0; i < 2; i++) { /* the servers' MACs are known */
		(void)neighbour_resolve(&world.neighbours[GATEWAY_OUTSIDE], addresses[i],
					GATEWAY_SELF, world_now);
		world_arp(GATEWAY_OUTSIDE, 0, ARP_REPLY, world_router_mac, addresses[i],
			  world_outside_mac, WORLD_OUTSIDE);
	}
	world_count = 0;
	return 0;
}

/* A name as labels; answers its length. */
static u32
put_name(u8 *at, const char *name)
{
	u32 len = 0;

	while (*name != '\0') {
		size_t label = strcspn(name, ".");

		at[len++] = (u8)label;
		memcpy(at + len, name, label);
		len += (u32)label;
		name += label + (name[label] == '.');
	}
	at[len++] = 0;
	return len;
}

static u32
put_query(u16 id, const char *name, u16 type)
{
	u32 len = DNS_HEADER;

	memset(query, 0, sizeof(query));
	be16_put(query + DNS_ID, id);
	be16_put(query + DNS_FLAGS, DNS_RECURSION_DESIRED);
	be16_put(query + DNS_COUNTS, 1);
	len += put_name(query + len, name);
	be16_put(query + len, type);
	be16_put(query + len + 2, DNS_CLASS_IN);
	return len + 4;
}

static void
ask(unsigned vm, u32 from, u16 id, const char *name, u16 type)
{
	u32 len = put_query(id, name, type);

	world_udp_out(vm, from, PORT, WORLD_GATEWAY, DNS_PORT, query, len);
}

/* The DNS message in the n'th last frame. */
static const u8 *
message(unsigned n)
{
	return world_last_ip(n) + UDP_IPV4_HEADERS;
}

static u32
message_len(unsigned n)
{
	return be16_at(world_last_ip(n) + IPV4_HEADER + UDP_LEN) - (u32)UDP_HEADER;
}

/* Begins an answer to what was sent last; records follow. */
static u32
begin_answer(unsigned n)
{
	u32 len = message_len(n);

	memcpy(answer, message(n), len);
	be16_put(answer + DNS_FLAGS, DNS_RESPONSE | DNS_RECURSION_AVAILABLE);
	return len;
}

static u32
put_record(u32 at, const void *name, u32 name_len, u16 type, const void *data, u16 len)
{
	memcpy(answer + at, name, name_len);
	at += name_len;
	be16_put(answer + at, type);
	be16_put(answer + at + 2, DNS_CLASS_IN);
	be32_put(answer + at + 4, 60);
	be16_put(answer + at + 8, len);
	memcpy(answer + at + 10, data, len);
	be16_put(answer + DNS_COUNTS + 2, (u16)(be16_at(answer + DNS_COUNTS + 2) + 1));
	return at + 10 + len;
}

static u16
relay_port(unsigned n)
{
	return be16_at(world_last_ip(n) + IPV4_HEADER + UDP_SOURCE);
}

static void
test_queries(void **state)
{
	struct dns_query q;
	u32 len = put_query(7, "WWW.Example.org", DNS_TYPE_A);

	assert_true(dns_check_query(query, len, &q));
	assert_int_equal(q.id, 7);
	assert_int_equal(q.type, DNS_TYPE_A);
	assert_string_equal(q.name, "www.example.org");
	assert_int_equal(q.question_len, len - DNS_HEADER);
	assert_int_equal(q.size_at, 0);
	for (u32 i = 0; i < len; i++)
		assert_false(dns_check_query(query, i, &q));
	be16_put(query + DNS_COUNTS, 2);
	assert_false(dns_check_query(query, len, &q));
	be16_put(query + DNS_COUNTS, 1);
	be16_put(query + DNS_FLAGS, DNS_RESPONSE);
	assert_false(dns_check_query(query, len, &q));
	be16_put(query + DNS_FLAGS, 0x2800); /* an update */
	assert_false(dns_check_query(query, len, &q));
	len = put_query(7, "a b.org", DNS_TYPE_A);
	assert_true(dns_check_query(query, len, &q));
	assert_string_equal(q.name, "");
	len = put_query(7, "", 2);
	assert_true(dns_check_query(query, len, &q));
}

static void
test_dns_names_that_are_too_long(void **state)
{
	struct dns_query q;
	u32 len = DNS_HEADER;

	(void)put_query(7, "", 1);
	for (unsigned i = 0; i < 3; i++) {
		query[len++] = 63;
		memset(query + len, 'a', 63);
		len += 63;
	}
	query[len++] = 61; /* 192 + 62 + the end are 255 */
	memset(query + len, 'b', 61);
	len += 61;
	be32_put(query + len + 1, DNS_TYPE_A << 16 | DNS_CLASS_IN);
	assert_true(dns_check_query(query, len + 5, &q));
	assert_int_equal(strlen(q.name), 253);
	query[len - 62] = 62;
	memset(query + len, 0, 8);
	query[len] = 'b';
	assert_false(dns_check_query(query, len + 6, &q));
	(void)put_query(7, "", 1);
	query[DNS_HEADER] = 64; /* neither a length nor a pointer */
	assert_false(dns_check_query(query, 200, &q));
}

static void
test_a_question_is_relayed_and_its_answer_comes_back(void **state)
{
	u32 len;

	ask(VM, HOST, 7, "example.org", DNS_TYPE_A);
	assert_int_equal(world_count, 1);
	assert_int_equal(world_last(0)->side, GATEWAY_OUTSIDE);
	assert_int_equal(be32_at(world_last_ip(0) + IPV4_DESTINATION), WORLD_DNS);
	assert_true(relay_port(0) >= DNS_FIRST_PORT);
	len = begin_answer(0);
	len = put_record(len, "\xc0\x0c", 2, DNS_TYPE_A, "\1\2\3\4", 4);
	world_udp_in(WORLD_DNS, DNS_PORT, WORLD_OUTSIDE, relay_port(0), answer, len);
	assert_int_equal(world_count, 2);
	assert_int_equal(world_last(0)->side, GATEWAY_INSIDE);
	assert_int_equal(be32_at(world_last_ip(0) + IPV4_DESTINATION), HOST);
	assert_int_equal(be16_at(world_last_ip(0) + IPV4_HEADER + UDP_DESTINATION), PORT);
	assert_int_equal(be16_at(message(0) + DNS_ID), 7);
	assert_int_equal(message_len(0), len);
	assert_memory_equal(message(0) + 2, answer + 2, len - 2);
	/* Once. */
	world_udp_in(WORLD_DNS, DNS_PORT, WORLD_OUTSIDE, relay_port(1), answer, len);
	assert_int_equal(world_count, 2);
}

static void
test_ids_and_ports_are_the_relays_own(void **state)
{
	unsigned same_id = 0, same_port = 0;

	for (u16 i = 0; i < 30; i++) {
		ask(VM, HOST, i, "example.org", DNS_TYPE_A);
		assert_int_equal(world_count, i + 1);
		same_id += be16_at(message(0) + DNS_ID) == i;
		same_port += i > 0 && relay_port(0) == relay_port(1);
	}
	assert_true(same_id < 3);
	assert_int_equal(same_port, 0);
}

static void
test_answers_that_do_not_match_are_dropped(void **state)
{
	u16 port;
	u32 len;

	ask(VM, HOST, 7, "example.org", DNS_TYPE_A);
	port = relay_port(0);
	len = begin_answer(0);
	world_udp_in(WORLD_DNS2, DNS_PORT, WORLD_OUTSIDE, port, answer, len);
	answer[DNS_ID] ^= 1;
	world_udp_in(WORLD_DNS, DNS_PORT, WORLD_OUTSIDE, port, answer, len);
	answer[DNS_ID] ^= 1;
	answer[DNS_HEADER + 1] ^= 1; /* another name */
	world_udp_in(WORLD_DNS, DNS_PORT, WORLD_OUTSIDE, port, answer, len);
	answer[DNS_HEADER + 1] ^= 1;
	answer[len - 3] ^= 1; /* another type */
	world_udp_in(WORLD_DNS, DNS_PORT, WORLD_OUTSIDE, port, answer, len);
	answer[len - 3] ^= 1;
	answer[DNS_FLAGS] = 0; /* a question */
	world_udp_in(WORLD_DNS, DNS_PORT, WORLD_OUTSIDE, port, answer, len);
	assert_int_equal(world.dns.refused, 5);
	for (unsigned i = 0; i < world_count; i++)
		assert_int_equal(world_last(i)->side, GATEWAY_OUTSIDE);
	answer[DNS_FLAGS] = 0x80;
	answer[DNS_HEADER + 1] ^= 0x20; /* another case is the same name */
	world_udp_in(WORLD_DNS, DNS_PORT, WORLD_OUTSIDE, port, answer, len);
	assert_int_equal(world_last(0)->side, GATEWAY_INSIDE);
}

/*
 * RFC 5452, section 9.2: the port is half of what an answer is known by. Who asks them all, from 53
 * or not, is told of none that it is closed, and so of none that it is open.
 */
static void
test_dns_ports_that_wait_look_like_the_others(void **state)
{
	ask(VM, HOST, 7, "example.org", DNS_TYPE_A);
	for (u32 port = DNS_FIRST_PORT; port <= 65535; port++) {
		world_now += WORLD_SECOND / 10; /* so that errors are not too many */
		world_udp_in(WORLD_SERVER, DNS_PORT, WORLD_OUTSIDE, (u16)port, "probe", 5);
		world_udp_in(WORLD_SERVER, 1000, WORLD_OUTSIDE, (u16)port, "probe", 5);
	}
	assert_int_equal(world_count, 1);
	assert_int_equal(world.dns.refused, 1);
	assert_int_equal(world.dns.used, 1);
}

/* An answer to a question just asked, whose record is as given: whether it passes. */
static bool
passes(const void *name, u32 name_len, u16 type, const void *data, u16 data_len)
{
	u32 len;
	u16 port;

	dns_relay_forget_owner(&world.dns, VM);
	ask(VM, HOST, 7, "example.org", DNS_TYPE_A);
	port = relay_port(0);
	len = begin_answer(0);
	len = put_record(len, name, name_len, type, data, data_len);
	world_udp_in(WORLD_DNS, DNS_PORT, WORLD_OUTSIDE, port, answer, len);
	return world_last(0)->side == GATEWAY_INSIDE;
}

static void
test_dns_answers_that_point_at_themselves(void **state)
{
	/* The record begins at 12 + 13 + 4 = 29 of the message, the data of one with a pointer
	 * for a name at 41. */
	assert_true(passes("\xc0\x0c", 2, DNS_TYPE_A, "\1\2\3\4", 4));
	assert_false(passes("\xc0\x1d", 2, DNS_TYPE_A, "\1\2\3\4", 4));	   /* itself */
	assert_false(passes("\xc0\x1e", 2, DNS_TYPE_A, "\1\2\3\4", 4));	   /* its second byte */
	assert_false(passes("\xc0\x29", 2, DNS_TYPE_A, "\xc0\x1d", 2));	   /* each other */
	assert_false(passes("\1a\xc0\x1d", 4, DNS_TYPE_A, "\1\2\3\4", 4)); /* ever longer */
	assert_false(passes("\xff\xff", 2, DNS_TYPE_A, "\1\2\3\4", 4));	   /* beyond */
	assert_false(passes("\xc0\x00", 2, DNS_TYPE_A, "\1\2\3\4", 4));	   /* into the header */
	/* In data. */
	assert_true(passes("\xc0\x0c", 2, 5, "\3www\xc0\x0c", 6));
	assert_false(passes("\xc0\x0c", 2, 5, "\xc0\x29", 2));
	assert_false(passes("\xc0\x0c", 2, 5, "\3www\xc0\x29", 6));
	assert_false(passes("\xc0\x0c", 2, 5, "\3www", 4));	     /* ends behind the data */
	assert_false(passes("\xc0\x0c", 2, 5, "\3www\xc0\x0cx", 7)); /* or before */
	assert_false(passes("\xc0\x0c", 2, 15, "\0\1", 2));
	assert_true(passes("\xc0\x0c", 2, 15, "\0\1\xc0\x0c", 4));
	assert_true(passes("\xc0\x0c", 2, 6,
			   "\xc0\x0c\xc0\x0c\0\0\0\0\1\1\1\1\2\2\2\2\3\3\3\3\4\4\4\4", 24));
	assert_false(passes("\xc0\x0c", 2, 6, "\xc0\x0c\xc0\x0c\0\0\0\0", 8));
}

static void
test_dns_chain_of_pointers_is_bounded(void **state)
{
	u32 len, data;
	u16 port;

	ask(VM, HOST, 7, "example.org", DNS_TYPE_A);
	port = relay_port(0);
	len = begin_answer(0);
	/* A record of 300 pointers, each to the one before, and a name that begins at the last. */
	data = len + 2 + 10;
	len = put_record(len, "\xc0\x0c", 2, 99, query, 300 * 2 % 512);
	be16_put(answer + data, 0xc00c);
	for (u32 i = 1; i < 44; i++)
		be16_put(answer + data + 2 * i, (u16)(0xc000 + data + 2 * (i - 1)));
	be16_put(query, (u16)(0xc000 + data + 2 * 43));
	len = put_record(len, query, 2, DNS_TYPE_A, "\1\2\3\4", 4);
	world_udp_in(WORLD_DNS, DNS_PORT, WORLD_OUTSIDE, port, answer, len);
	assert_int_equal(world_last(0)->side, GATEWAY_OUTSIDE);
	assert_int_equal(world.dns.refused, 1);
}

static void
test_dns_counts_and_lengths_beyond_the_message(void **state)
{
	u16 port;
	u32 len;

	ask(VM, HOST, 7, "example.org", DNS_TYPE_A);
	port = relay_port(0);
	for (unsigned count = 1; count <= 3; count++) {
		len = begin_answer(0);
		be16_put(answer + DNS_COUNTS + 2 * count, 65535);
		world_udp_in(WORLD_DNS, DNS_PORT, WORLD_OUTSIDE, port, answer, len);
	}
	len = begin_answer(0);
	len = put_record(len, "\xc0\x0c", 2, DNS_TYPE_A, "\1\2\3\4", 4);
	for (u32 cut = 0; cut < len; cut++)
		world_udp_in(WORLD_DNS, DNS_PORT, WORLD_OUTSIDE, port, answer, cut);
	be16_put(answer + len - 6, 5);
	world_udp_in(WORLD_DNS, DNS_PORT, WORLD_OUTSIDE, port, answer, len);
	assert_int_equal(world_last(0)->side, GATEWAY_OUTSIDE);
	assert_int_equal(world.dns.refused, 3 + len + 1);
	be16_put(answer + len - 6, 4);
	world_udp_in(WORLD_DNS, DNS_PORT, WORLD_OUTSIDE, port, answer, len);
	assert_int_equal(world_last(0)->side, GATEWAY_INSIDE);
}

static void
test_the_next_server_is_asked_and_at_last_it_fails(void **state)
{
	static const u32 order[] = {WORLD_DNS, WORLD_DNS2, WORLD_DNS, WORLD_DNS2};

	ask(VM, HOST, 7, "example.org", DNS_TYPE_A);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(be32_at(world_last_ip(0) + IPV4_DESTINATION), order[i]);
		world_pass(2 * WORLD_SECOND);
	}
	assert_int_equal(world_last(0)->side, GATEWAY_INSIDE);
	assert_int_equal(be16_at(message(0) + DNS_ID), 7);
	assert_int_equal(be16_at(message(0) + DNS_FLAGS) & 0xf, DNS_SERVER_FAILURE);
	assert_int_equal(world.dns.used, 0);
	world_count = 0;
	gateway_uplink_link(&world, false);
	ask(VM, HOST, 8, "example.org", DNS_TYPE_A); /* at once */
	assert_int_equal(world_count, 1);
	assert_int_equal(be16_at(message(0) + DNS_FLAGS) & 0xf, DNS_SERVER_FAILURE);
}

static void
test_a_client_that_asks_again_gets_the_next_server(void **state)
{
	ask(VM, HOST, 7, "example.org", DNS_TYPE_A);
	ask(VM, HOST, 7, "example.org", DNS_TYPE_A);
	assert_int_equal(be32_at(world_last_ip(0) + IPV4_DESTINATION), WORLD_DNS2);
	assert_int_equal(world.dns.used, 1);
}

static void
test_dns_flows_of_one_vm_leave_others_theirs(void **state)
{
	u16 port;
	u32 len;

	ask(VM, HOST, 7, "example.org", DNS_TYPE_A);
	port = relay_port(0);
	len = begin_answer(0);
	for (u32 i = 0; i < 100000; i++)
		ask(EVIL, HOST + 1, (u16)i, "evil.org", DNS_TYPE_A);
	assert_int_equal(world.dns.owner_flows[EVIL], DNS_OWNER_FLOWS);
	for (unsigned vm = 20; vm < 60; vm++) /* and of many, all that there are */
		for (u16 i = 0; i < DNS_OWNER_FLOWS; i++)
			ask(vm, HOST + vm, i, "evil.org", DNS_TYPE_A);
	assert_int_equal(world.dns.used, DNS_FLOWS);
	world_udp_in(WORLD_DNS, DNS_PORT, WORLD_OUTSIDE, port, answer, len);
	assert_int_equal(world_last(0)->side, GATEWAY_INSIDE);
	assert_int_equal(be32_at(world_last_ip(0) + IPV4_DESTINATION), HOST);
}

static void
test_large_answers(void **state)
{
	static u8 data[1400];
	u32 len = put_query(7, "example.org", DNS_TYPE_A);

	/* With EDNS (RFC 6891) it takes 4096 bytes: less is asked for. */
	query[DNS_COUNTS + 7] = 1;
	memcpy(query + len, "\0\0\x29\x10\0\0\0\0\0\0\0", 11);
	world_udp_out(VM, HOST, PORT, WORLD_GATEWAY, DNS_PORT, query, len + 11);
	assert_int_equal(be16_at(message(0) + len + 3), DNS_ANSWER_MAX);
	/* What is larger all the same becomes one that is cut. */
	len = begin_answer(0) - 11;
	answer[DNS_COUNTS + 7] = 0;
	len = put_record(len, "\xc0\x0c", 2, 16, data, 1300);
	world_udp_in(WORLD_DNS, DNS_PORT, WORLD_OUTSIDE, relay_port(0), answer, len);
	assert_int_equal(world_last(0)->side, GATEWAY_INSIDE);
	assert_int_equal(message_len(0), DNS_HEADER + 17);
	assert_true(be16_at(message(0) + DNS_FLAGS) & DNS_TRUNCATED);
	assert_int_equal(be16_at(message(0) + DNS_COUNTS + 2), 0);
}

static void
test_the_names_of_vms(void **state)
{
	u32 address = world_lease(VM);
	static const char *const names[] = {"vm3", "vm3.lan", "VM3.LAN"};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		world_count = 0;
		ask(VM, address, 7, names[i], DNS_TYPE_A);
		assert_int_equal(world_count, 1);
		assert_int_equal(be16_at(message(0) + DNS_COUNTS + 2), 1);
		assert_int_equal(be32_at(message(0) + message_len(0) - 4), address);
	}
	ask(VM, address, 7, "vm3.lan", 28);
	assert_int_equal(be16_at(message(0) + DNS_COUNTS + 2), 0);
	assert_int_equal(be16_at(message(0) + DNS_FLAGS) & 0xf, DNS_OK);
	ask(VM, address, 7, "vm4.lan", DNS_TYPE_A);
	assert_int_equal(be16_at(message(0) + DNS_FLAGS) & 0xf, DNS_NO_NAME);
	ask(VM, address, 7, "vm3.example.org", DNS_TYPE_A);
	assert_int_equal(world_last(0)->side, GATEWAY_OUTSIDE);
}

/*
 * RFC 4035, section 5: who validates asks for the records of top-level domains, whose names have
 * one label as a VM's. That there is nothing (RFC 8020, section 2: nor below) is not for us to say.
 */
static void
test_what_validates_a_top_level_domain_is_relayed(void **state)
{
	static const u16 types[] = {2 /* NS */, 6 /* SOA */, 43 /* DS */, 48 /* DNSKEY */};
	u32 address = world_lease(VM);

	for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
		world_count = 0;
		ask(VM, address, 7, "org", types[i]);
		assert_int_equal(world_count, 1);
		assert_int_equal(world_last(0)->side, GATEWAY_OUTSIDE);
		ask(VM, address, 7, "vm3", types[i]); /* which there is, without such */
		assert_int_equal(world_last(0)->side, GATEWAY_INSIDE);
		assert_int_equal(be16_at(message(0) + DNS_FLAGS) & 0xf, DNS_OK);
		ask(VM, address, 7, "vm4.lan", types[i]);
		assert_int_equal(world_last(0)->side, GATEWAY_INSIDE);
		assert_int_equal(be16_at(message(0) + DNS_FLAGS) & 0xf, DNS_NO_NAME);
	}
	/* A host of one label is no one's to find but ours. */
	ask(VM, address, 7, "vm4", DNS_TYPE_A);
	assert_int_equal(be16_at(message(0) + DNS_FLAGS) & 0xf, DNS_NO_NAME);
	ask(VM, address, 7, "vm4", DNS_TYPE_AAAA);
	assert_int_equal(be16_at(message(0) + DNS_FLAGS) & 0xf, DNS_NO_NAME);
	ask(VM, address, 7, "vm4", DNS_TYPE_ANY);
	assert_int_equal(be16_at(message(0) + DNS_FLAGS) & 0xf, DNS_NO_NAME);
}

static void
test_host_only_refuses_foreign_names(void **state)
{
	struct gateway_config c = world_config();
	u32 address;

	c.nat = false;
	world_begin(&c);
	address = world_lease(VM);
	world_count = 0;
	ask(VM, address, 7, "example.org", DNS_TYPE_A);
	assert_int_equal(world_count, 1);
	assert_int_equal(be16_at(message(0) + DNS_FLAGS) & 0xf, DNS_REFUSED);
	ask(VM, address, 7, "vm3", DNS_TYPE_A);
	assert_int_equal(be32_at(message(0) + message_len(0) - 4), address);
	ask(VM, address, 7, "org", 43);
	assert_int_equal(be16_at(message(0) + DNS_FLAGS) & 0xf, DNS_NO_NAME);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_queries, setup),
		cmocka_unit_test_setup(test_dns_names_that_are_too_long, setup),
		cmocka_unit_test_setup(test_a_question_is_relayed_and_its_answer_comes_back, setup),
		cmocka_unit_test_setup(test_ids_and_ports_are_the_relays_own, setup),
		cmocka_unit_test_setup(test_answers_that_do_not_match_are_dropped, setup),
		cmocka_unit_test_setup(test_dns_ports_that_wait_look_like_the_others, setup),
		cmocka_unit_test_setup(test_dns_answers_that_point_at_themselves, setup),
		cmocka_unit_test_setup(test_dns_chain_of_pointers_is_bounded, setup),
		cmocka_unit_test_setup(test_dns_counts_and_lengths_beyond_the_message, setup),
		cmocka_unit_test_setup(test_the_next_server_is_asked_and_at_last_it_fails, setup),
		cmocka_unit_test_setup(test_a_client_that_asks_again_gets_the_next_server, setup),
		cmocka_unit_test_setup(test_dns_flows_of_one_vm_leave_others_theirs, setup),
		cmocka_unit_test_setup(test_large_answers, setup),
		cmocka_unit_test_setup(test_the_names_of_vms, setup),
		cmocka_unit_test_setup(test_what_validates_a_top_level_domain_is_relayed, setup),
		cmocka_unit_test_setup(test_host_only_refuses_foreign_names, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
