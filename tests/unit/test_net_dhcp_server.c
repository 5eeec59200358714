/* SPDX-License-Identifier: MIT */
// SOURCES: net/gateway.c net/gateway_arp.c net/gateway_own.c net/gateway_route.c net/gateway_send.c
// SOURCES: net/arp.c net/checksum.c net/dhcp.c net/dhcp_client.c net/dhcp_server.c net/dns.c
// SOURCES: net/dns_relay.c net/icmp.c net/ipv4.c net/ping.c net/udp.c net/nat.c net/nat_binding.c
// SOURCES: net/nat_flow.c net/nat_fragment.c net/nat_packet.c lib/error.c lib/log.c lib/lock.c
// SOURCES: lib/format.c net/dhcp_lease.c net/nat_room.c net/nat_state.c net/text.c
/* The DHCP server, through the gateway: every answer is checked, its UDP checksum too. */
#include "tests/unit/test.h"

#include "tests/unit/fake/gateway_world.h"

enum { VM = 3, EVIL = 9 };

static u8 message[DHCP_MAX];
static struct dhcp_message m;
static struct gateway_config config;

static int
setup(void **state)
{
	config = world_config();
	world_begin(&config);
	world_count = 0;
	return 0;
}

/* With a subnet of this prefix. */
static void
begin(unsigned prefix)
{
	config.prefix = prefix;
	world_begin(&config);
	world_count = 0;
}

/* Sends what was written, and reads the answer: its type, or 0. */
static u8
ask(unsigned vm, u32 from, struct dhcp_writer *w)
{
	unsigned before = world_count;

	world_dhcp(vm, from, message, dhcp_end(w));
	if (world_count == before)
		return 0;
	assert_int_equal(world_count, before + 1);
	assert_true(world_last_dhcp(&m));
	assert_int_equal(m.op, DHCP_BOOTREPLY);
	return m.type;
}

static u8
discover(unsigned vm)
{
	struct dhcp_writer w = world_dhcp_begin(message, DHCP_DISCOVER, vm);

	return ask(vm, 0, &w);
}

/* A request as of init-reboot, or with a server, of selecting. */
static u8
request(unsigned vm, u32 address, u32 server)
{
	struct dhcp_writer w = world_dhcp_begin(message, DHCP_REQUEST, vm);

	dhcp_put32(&w, DHCP_REQUESTED, address);
	if (server != 0)
		dhcp_put32(&w, DHCP_SERVER, server);
	return ask(vm, 0, &w);
}

static u8
renew(unsigned vm, u32 address)
{
	struct dhcp_writer w = world_dhcp_begin(message, DHCP_REQUEST, vm);

	be32_put(message + DHCP_CIADDR, address);
	return ask(vm, address, &w);
}

static void
release(unsigned vm, u32 address)
{
	struct dhcp_writer w = world_dhcp_begin(message, DHCP_RELEASE, vm);

	be32_put(message + DHCP_CIADDR, address);
	dhcp_put32(&w, DHCP_SERVER, WORLD_GATEWAY);
	assert_int_equal(ask(vm, address, &w), 0);
}

static void
decline(unsigned vm, u32 address)
{
	struct dhcp_writer w = world_dhcp_begin(message, DHCP_DECLINE, vm);

	dhcp_put32(&w, DHCP_REQUESTED, address);
	dhcp_put32(&w, DHCP_SERVER, WORLD_GATEWAY);
	assert_int_equal(ask(vm, 0, &w), 0);
}

/* A lease with another MAC than the VM's own, on the VM's port; 0: none. */
static u32
lease_with_mac(unsigned vm, u32 number)
{
	u8 mac[6] = {0x06, 0};
	struct dhcp_writer w;
	unsigned before = world_count;

	be32_put(mac + 2, number);
	w = dhcp_begin(message, DHCP_BOOTREQUEST, DHCP_DISCOVER, number, mac);
	world_deliver(GATEWAY_INSIDE, vm,
		      world_put_udp(world_all, mac, 0, 68, IPV4_BROADCAST, 67, message,
				    dhcp_end(&w)));
	if (world_count == before || !world_last_dhcp(&m))
		return 0;
	w = dhcp_begin(message, DHCP_BOOTREQUEST, DHCP_REQUEST, number, mac);
	dhcp_put32(&w, DHCP_REQUESTED, m.yiaddr);
	dhcp_put32(&w, DHCP_SERVER, WORLD_GATEWAY);
	world_deliver(GATEWAY_INSIDE, vm,
		      world_put_udp(world_all, mac, 0, 68, IPV4_BROADCAST, 67, message,
				    dhcp_end(&w)));
	return world_last_dhcp(&m) && m.type == DHCP_ACK ? m.yiaddr : 0;
}

static unsigned
count_leases(void)
{
	unsigned count = 0;

	while (dhcp_server_lease(&world.dhcp, count) != NULL)
		count++;
	return count;
}

static void
test_an_offer_and_an_ack_tell_all(void **state)
{
	u32 address;

	assert_int_equal(discover(VM), DHCP_OFFER);
	address = m.yiaddr;
	assert_int_equal(address & 0xffffff00, WORLD_GATEWAY & 0xffffff00);
	assert_int_equal(request(VM, address, WORLD_GATEWAY), DHCP_ACK);
	assert_int_equal(m.yiaddr, address);
	assert_int_equal(m.xid, 0x1234);
	assert_int_equal(m.server, WORLD_GATEWAY);
	assert_int_equal(m.mask, 0xffffff00);
	assert_int_equal(m.router, WORLD_GATEWAY);
	assert_int_equal(m.dns[0], WORLD_GATEWAY);
	assert_int_equal(m.mtu, 1500);
	assert_int_equal(m.lease_time, DHCP_LEASE_SECONDS);
	assert_int_equal(m.t1, DHCP_LEASE_SECONDS / 2);
	assert_int_equal(m.t2, DHCP_LEASE_SECONDS / 8 * 7);
	assert_memory_equal(world_last(0)->at, world_vm_mac(VM), 6);
	assert_int_equal(be32_at(world_last_ip(0) + IPV4_DESTINATION), address);
	assert_int_equal(gateway_address_of(&world, "vm3"), address);
	assert_int_equal(gateway_address_of(&world, "vm"), 0);
}

static void
test_host_only_has_no_router(void **state)
{
	config.nat = false;
	begin(24);
	assert_int_not_equal(world_lease(VM), 0);
	assert_true(world_last_dhcp(&m));
	assert_int_equal(m.router, 0);
	assert_int_equal(m.mask, 0xffffff00);
}

static void
test_broadcast_flag_is_honoured(void **state)
{
	struct dhcp_writer w = world_dhcp_begin(message, DHCP_DISCOVER, VM);

	be16_put(message + DHCP_FLAGS, DHCP_FLAG_BROADCAST);
	assert_int_equal(ask(VM, 0, &w), DHCP_OFFER);
	assert_int_equal(m.flags, DHCP_FLAG_BROADCAST);
	assert_memory_equal(world_last(0)->at, world_all, 6);
	assert_int_equal(be32_at(world_last_ip(0) + IPV4_DESTINATION), IPV4_BROADCAST);
}

static void
test_addresses_are_stable(void **state)
{
	u32 address = world_lease(VM), other = world_lease(4);

	assert_int_not_equal(address, other);
	assert_int_equal(world_lease(VM), address);
	release(VM, address);
	assert_int_equal(world_lease(VM), address);
	world_pass(2 * DHCP_LEASE_SECONDS * WORLD_SECOND);
	assert_int_equal(dhcp_server_lease(&world.dhcp, 0)->state, DHCP_EXPIRED);
	assert_int_equal(world_lease(VM), address);
	/* Even when all was forgotten: by its MAC, or by what it asks for. */
	begin(24);
	assert_int_equal(request(4, other, 0), DHCP_ACK);
	assert_int_equal(world_lease(VM), address);
}

static void
test_renewing_and_rebooting(void **state)
{
	u32 address = world_lease(VM);

	world_pass(DHCP_LEASE_SECONDS / 2 * WORLD_SECOND);
	assert_int_equal(renew(VM, address), DHCP_ACK);
	assert_int_equal(m.yiaddr, address);
	world_pass((DHCP_LEASE_SECONDS / 2 + 10) * WORLD_SECOND);
	assert_int_equal(dhcp_server_lease(&world.dhcp, 0)->state, DHCP_BOUND);
	assert_int_equal(request(VM, address, 0), DHCP_ACK);
	assert_int_equal(request(VM, address + 1, 0), DHCP_NAK);
	assert_memory_equal(world_last(0)->at, world_all, 6);
	assert_int_equal(request(VM, 0xc0a80005, 0), DHCP_NAK);
	assert_int_equal(request(VM, WORLD_GATEWAY, 0), DHCP_NAK);
	assert_int_equal(request(VM, 0x0a0800ff, 0), DHCP_NAK);
	assert_int_equal(renew(4, address), 0); /* whose it is not: its source is refused */
	assert_int_equal(request(4, address, 0), DHCP_NAK);
}

static void
test_a_client_that_takes_another_server_gives_its_offer_back(void **state)
{
	assert_int_equal(discover(VM), DHCP_OFFER);
	assert_int_equal(count_leases(), 1);
	assert_int_equal(request(VM, m.yiaddr, WORLD_GATEWAY + 7), 0);
	assert_int_equal(count_leases(), 0);
}

static void
test_static_by_mac(void **state)
{
	static struct dhcp_static hosts[2] = {
		{{2, 0, 0, 0, 0, VM}, 0x0a080063},
		   {{2, 0, 0, 0, 0, 5},	0xc0a80001}
	   };

	config.statics = hosts;
	config.static_count = 2;
	begin(24);
	assert_int_equal(request(4, 0x0a080063, 0), DHCP_NAK);
	assert_int_equal(world_lease(VM), 0x0a080063);
	assert_true(dhcp_server_lease(&world.dhcp, 0)->is_static);
	assert_int_equal(world_lease(VM), 0x0a080063);
	assert_int_equal(world_lease(5) & 0xffffff00, 0x0a080000); /* its own is elsewhere */
}

static void
test_inform(void **state)
{
	struct dhcp_writer w = world_dhcp_begin(message, DHCP_INFORM, VM);

	be32_put(message + DHCP_CIADDR, 0x0a080050);
	assert_int_equal(ask(VM, 0x0a080050, &w), DHCP_ACK);
	assert_int_equal(m.yiaddr, 0);
	assert_int_equal(m.lease_time, 0);
	assert_int_equal(m.dns[0], WORLD_GATEWAY);
	assert_int_equal(be32_at(world_last_ip(0) + IPV4_DESTINATION), 0x0a080050);
	assert_int_equal(count_leases(), 0);
}

static void
test_an_address_that_someone_shows_to_have_is_not_given_away(void **state)
{
	u32 address = world_lease(VM);

	begin(24);
	world_meet(4, address);
	assert_int_not_equal(world_lease(VM), address);
	assert_int_not_equal(world_lease(VM), 0);
}

static void
test_n5_xid_reuse(void **state)
{
	u32 first = world_lease(VM), second = world_lease(4); /* both with the same one */

	assert_int_not_equal(first, second);
	assert_int_equal(world_lease(VM), first);
	assert_int_equal(request(4, first, WORLD_GATEWAY), DHCP_NAK);
	assert_int_equal(request(4, second, WORLD_GATEWAY), DHCP_ACK);
}

static void
test_n5_release_flood(void **state)
{
	u32 address = world_lease(VM);

	for (u32 i = 0; i < 256; i++) /* of what is not its own */
		release(EVIL, 0x0a080000 + i);
	assert_int_equal(gateway_address_of(&world, "vm3"), address);
	for (u32 i = 0; i < 2000; i++) { /* of what is, with ever new MACs */
		u32 got = lease_with_mac(EVIL, i);
		u8 mac[6] = {0x06, 0};
		struct dhcp_writer w;

		assert_int_not_equal(got, 0);
		world_now += WORLD_SECOND / 200;
		be32_put(mac + 2, i);
		w = dhcp_begin(message, DHCP_BOOTREQUEST, DHCP_RELEASE, i, mac);
		be32_put(message + DHCP_CIADDR, got);
		world_deliver(GATEWAY_INSIDE, EVIL,
			      world_put_udp(world_mac, mac, got, 68, WORLD_GATEWAY, 67, message,
					    dhcp_end(&w)));
	}
	assert_true(count_leases() <= 1 + DHCP_OWNER_LEASES);
	assert_int_equal(gateway_address_of(&world, "vm3"), address);
}

/* Each message costs a look through all leases: a card has only so many a second. */
static void
test_n5_flood_without_a_pause(void **state)
{
	u8 discovery[DHCP_MAX];
	struct dhcp_writer w = world_dhcp_begin(discovery, DHCP_DISCOVER, EVIL);
	u32 len = dhcp_end(&w);

	world_count = 0;
	for (u32 i = 0; i < 10000; i++)
		world_deliver(GATEWAY_INSIDE, EVIL,
			      world_put_udp(world_all, world_vm_mac(EVIL), 0, DHCP_CLIENT_PORT,
					    IPV4_BROADCAST, DHCP_SERVER_PORT, discovery, len));
	assert_in_range(world_count, 1, 101);
	assert_int_not_equal(world_lease(VM), 0);
	world_now += WORLD_SECOND;
	assert_int_not_equal(world_lease(EVIL), 0);
}

static void
test_n5_decline_flood(void **state)
{
	u32 address;

	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(discover(EVIL), DHCP_OFFER);
		address = m.yiaddr;
		assert_int_equal(request(EVIL, address, WORLD_GATEWAY), DHCP_ACK);
		decline(EVIL, address);
		assert_int_equal(gateway_address_of(&world, "vm9"), 0);
	}
	assert_true(count_leases() <= DHCP_OWNER_DECLINED);
	address = world_lease(VM);
	decline(EVIL, address); /* of another's */
	assert_int_equal(gateway_address_of(&world, "vm3"), address);
	world_pass((DHCP_DECLINE_SECONDS + 1) * WORLD_SECOND);
	assert_int_equal(count_leases(), 1);
}

static void
test_declined_addresses_are_held_aside(void **state)
{
	u32 address = world_lease(VM);

	decline(VM, address);
	assert_int_not_equal(world_lease(VM), address);
	assert_int_equal(request(4, address, 0), DHCP_NAK);
	assert_null(neighbour_find(&world.neighbours[GATEWAY_INSIDE], address));
}

static void
test_n5_pool_exhaustion_by_one_vm(void **state)
{
	unsigned got = 0;

	for (u32 i = 0; i < 10000; i++)
		got += lease_with_mac(EVIL, i) != 0;
	assert_int_equal(got, DHCP_OWNER_LEASES);
	assert_int_not_equal(world_lease(VM), 0);
	/* Offers that are never taken: no more of them. */
	for (u32 i = 0; i < 1000; i++) {
		u8 mac[6] = {0x06, 1};
		struct dhcp_writer w;

		be32_put(mac + 2, i);
		w = dhcp_begin(message, DHCP_BOOTREQUEST, DHCP_DISCOVER, i, mac);
		world_deliver(GATEWAY_INSIDE, 10,
			      world_put_udp(world_all, mac, 0, 68, IPV4_BROADCAST, 67, message,
					    dhcp_end(&w)));
	}
	assert_true(count_leases() <= 2 * DHCP_OWNER_LEASES + 1);
	/* Claims by ARP on all of the pool take no more of it either. */
	for (u32 i = 2; i < 255; i++)
		world_meet(11, 0x0a080000 + i);
	for (u32 i = 0; i < 60; i++)
		assert_int_not_equal(world_lease(12 + i), 0);
}

static void
test_n5_pool_exhaustion_of_a_small_subnet(void **state)
{
	u32 addresses[5];

	begin(29); /* 1 is the gateway, 2 to 6 are left; 2 for each */
	assert_int_not_equal(lease_with_mac(EVIL, 1), 0);
	assert_int_not_equal(lease_with_mac(EVIL, 2), 0);
	assert_int_equal(lease_with_mac(EVIL, 3), 0);
	for (unsigned i = 0; i < 3; i++) {
		addresses[i] = world_lease(20 + i);
		assert_int_not_equal(addresses[i], 0);
	}
	assert_int_equal(world_lease(23), 0); /* nobody answers it, not even with a NAK */
	assert_int_equal(discover(24), 0);
	assert_true(world.dhcp.no_address > 0);
	assert_int_equal(world_lease(20), addresses[0]);
	release(21, addresses[1]);
	assert_int_equal(world_lease(23), addresses[1]); /* what has run out is taken */
	assert_int_equal(world_lease(21), 0);
}

/* Who answers for all of a small subnet's addresses, which `asker` makes the gateway look for. */
static void
claim_when_asked(unsigned asker, unsigned answerer)
{
	for (u32 i = 2; i < 31; i++) {
		const u32 address = WORLD_GATEWAY - 1 + i;

		world_udp_out(asker, address, 7, WORLD_SERVER, 9, "x", 1);
		world_answer_router();
		world_udp_in(WORLD_SERVER, 9, WORLD_OUTSIDE,
			     be16_at(world_last_ip(0) + IPV4_HEADER + UDP_SOURCE), "y", 1);
		world_arp(GATEWAY_INSIDE, answerer, ARP_REPLY, world_vm_mac(answerer), address,
			  world_mac, WORLD_GATEWAY);
		assert_memory_equal(neighbour_find(&world.neighbours[GATEWAY_INSIDE], address)->mac,
				    world_vm_mac(answerer), ETH_ADDRESS);
	}
}

/* Nor does it help to claim only what was asked for, for oneself or for another VM. */
static void
test_n5_pool_exhaustion_by_answers(void **state)
{
	for (unsigned answerer = EVIL; answerer <= EVIL + 1; answerer++) {
		begin(27);
		claim_when_asked(EVIL, answerer);
		for (u32 i = 0; i < 10; i++)
			assert_int_not_equal(world_lease(20 + i), 0);
	}
}

/* As the client of this number, of one MAC; has: what it renews, or 0. */
static u32
lease_with_id(unsigned vm, u8 number, u32 has)
{
	const u8 id[] = {0xff, number};
	struct dhcp_writer w = world_dhcp_begin(message, DHCP_DISCOVER, vm);

	dhcp_put(&w, DHCP_CLIENT_ID, id, sizeof(id));
	assert_int_equal(ask(vm, 0, &w), DHCP_OFFER);
	w = world_dhcp_begin(message, DHCP_REQUEST, vm);
	dhcp_put(&w, DHCP_CLIENT_ID, id, sizeof(id));
	be32_put(message + DHCP_CIADDR, has);
	if (has == 0)
		dhcp_put32(&w, DHCP_REQUESTED, m.yiaddr);
	assert_int_equal(ask(vm, has, &w), DHCP_ACK);
	return m.yiaddr;
}

/*
 * RFC 2131, section 4.2: an initial RAM disk and the system that it starts are two clients, with a
 * lease each. The VM's address is that of whichever began last, and not of who renews (ciaddr is
 * set then: section 4.3.2), or forwards would go to and fro.
 */
static void
test_a_vms_address_is_of_the_client_that_began_last(void **state)
{
	static const struct gateway_forward forward = {IP_UDP, 8080, 80, "vm3", 0};
	u32 first, second;

	_Static_assert(VM == 3, "vm3 is this one");
	config.forwards = &forward;
	config.forward_count = 1;
	begin(24);
	first = lease_with_id(VM, 1, 0);
	assert_int_equal(gateway_address_of(&world, "vm3"), first);
	second = lease_with_id(VM, 2, 0);
	assert_int_not_equal(second, first);
	assert_int_equal(gateway_address_of(&world, "vm3"), second);
	assert_int_equal(nat_forward_inside(&world_nat, 0), second);
	assert_int_equal(lease_with_id(VM, 1, first), first);
	assert_int_equal(gateway_address_of(&world, "vm3"), second);
	assert_int_equal(nat_forward_inside(&world_nat, 0), second);
	assert_int_equal(lease_with_id(VM, 1, 0), first);
	assert_int_equal(nat_forward_inside(&world_nat, 0), first);
	/* Another MAC behind the card, as a container's, is not the VM. */
	assert_int_not_equal(lease_with_mac(VM, 1), 0);
	assert_int_equal(nat_forward_inside(&world_nat, 0), first);
}

static void
test_n5_lease_of_another_vm_with_its_mac(void **state)
{
	u32 address = world_lease(VM);
	unsigned before = world_count;
	struct dhcp_writer w = world_dhcp_begin(message, DHCP_DISCOVER, VM);

	/* From another port, with the MAC all through. */
	world_deliver(GATEWAY_INSIDE, EVIL,
		      world_put_udp(world_all, world_vm_mac(VM), 0, 68, IPV4_BROADCAST, 67, message,
				    dhcp_end(&w)));
	w = world_dhcp_begin(message, DHCP_RELEASE, VM);
	be32_put(message + DHCP_CIADDR, address);
	world_deliver(GATEWAY_INSIDE, EVIL,
		      world_put_udp(world_all, world_vm_mac(VM), address, 68, WORLD_GATEWAY, 67,
				    message, dhcp_end(&w)));
	/* From its own MAC, for another's. */
	w = world_dhcp_begin(message, DHCP_DISCOVER, VM);
	world_dhcp(EVIL, 0, message, dhcp_end(&w));
	assert_int_equal(world_count, before);
	assert_int_equal(world.dhcp.spoofed, 2);
	assert_int_equal(gateway_address_of(&world, "vm3"), address);
	/* The VM itself may come back on another port of the switch. */
	w = world_dhcp_begin(message, DHCP_DISCOVER, VM);
	(void)world_put_udp(world_all, world_vm_mac(VM), 0, 68, IPV4_BROADCAST, 67, message,
			    dhcp_end(&w));
	gateway_from_inside(&world, world_frame, 14 + 28 + DHCP_MIN, 40, "vm3.0");
	assert_int_equal(world_count, before + 1);
}

static void
test_n5_relayed_and_other_messages_are_ignored(void **state)
{
	struct dhcp_writer w = world_dhcp_begin(message, DHCP_DISCOVER, VM);

	be32_put(message + DHCP_GIADDR, 0xc6336401); /* an answer would leave the network */
	assert_int_equal(ask(VM, 0, &w), 0);
	for (unsigned type = 0; type < 256; type++) {
		if (type == DHCP_DISCOVER || type == DHCP_REQUEST)
			continue;
		w = world_dhcp_begin(message, (u8)type, VM);
		assert_int_equal(ask(VM, 0, &w), 0);
	}
	w = world_dhcp_begin(message, DHCP_DISCOVER, VM);
	message[DHCP_OP] = DHCP_BOOTREPLY;
	assert_int_equal(ask(VM, 0, &w), 0);
	assert_int_equal(count_leases(), 0);
}

/* The one that was sent last: its checksum is there, and the sum of it all is none (RFC 768). */
static void
assert_complete_checksum(u8 type)
{
	const u8 *ip = world_last_ip(0), *udp = ip + IPV4_HEADER;
	u32 len = be16_at(udp + UDP_LEN);

	assert_int_equal(m.type, type);
	assert_int_equal(ip[IPV4_VERSION_IHL], 0x45);
	assert_int_equal(be16_at(ip + IPV4_TOTAL_LEN), IPV4_HEADER + len);
	assert_int_equal(checksum_fold(checksum_add(0, ip, IPV4_HEADER)), 0);
	assert_int_not_equal(be16_at(udp + UDP_CHECKSUM), 0);
	assert_int_equal(checksum_fold(
				 checksum_add(checksum_pseudo_ipv4(ip, IP_UDP, len), udp, len)),
			 0);
}

/* Of each kind, of many clients: sums differ, and one may come out as 0, which is sent as 0xffff.
 */
static void
test_n5_every_dhcp_reply_has_a_complete_checksum(void **state)
{
	for (unsigned vm = 0; vm < 60; vm++) {
		struct dhcp_writer w = world_dhcp_begin(message, DHCP_DISCOVER, vm);
		u32 address;

		if (vm % 2 == 0)
			be16_put(message + DHCP_FLAGS, DHCP_FLAG_BROADCAST);
		assert_int_equal(ask(vm, 0, &w), DHCP_OFFER);
		assert_complete_checksum(DHCP_OFFER);
		address = m.yiaddr;
		assert_int_equal(request(vm, address, WORLD_GATEWAY), DHCP_ACK);
		assert_complete_checksum(DHCP_ACK);
		assert_int_equal(renew(vm, address), DHCP_ACK);
		assert_complete_checksum(DHCP_ACK);
		assert_int_equal(request(vm, WORLD_GATEWAY, 0), DHCP_NAK);
		assert_complete_checksum(DHCP_NAK);
		w = world_dhcp_begin(message, DHCP_INFORM, vm);
		be32_put(message + DHCP_CIADDR, address);
		assert_int_equal(ask(vm, address, &w), DHCP_ACK);
		assert_complete_checksum(DHCP_ACK);
	}
	/* One by one, all that a sum may be: the transaction's number comes back in the answer. */
	for (u32 xid = 0; xid < 0x10000; xid++) {
		struct dhcp_writer w = world_dhcp_begin(message, DHCP_DISCOVER, VM);

		be32_put(message + DHCP_XID, xid);
		assert_int_equal(ask(VM, 0, &w), DHCP_OFFER);
		assert_int_equal(m.xid, xid);
		assert_complete_checksum(DHCP_OFFER);
	}
}

static void
test_large_subnets_have_a_bounded_pool(void **state)
{
	begin(8);
	for (unsigned i = 0; i < 72; i++) {
		for (unsigned j = 0; j < DHCP_OWNER_LEASES; j++)
			assert_int_not_equal(lease_with_mac(i, i * 100 + j), 0);
	}
	assert_int_equal(count_leases(), DHCP_LEASES_MAX);
	assert_int_equal(request(VM, 0x0aff0001, 0), DHCP_NAK); /* behind the pool */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_an_offer_and_an_ack_tell_all, setup),
		cmocka_unit_test_setup(test_host_only_has_no_router, setup),
		cmocka_unit_test_setup(test_broadcast_flag_is_honoured, setup),
		cmocka_unit_test_setup(test_addresses_are_stable, setup),
		cmocka_unit_test_setup(test_renewing_and_rebooting, setup),
		cmocka_unit_test_setup(test_a_client_that_takes_another_server_gives_its_offer_back,
				       setup),
		cmocka_unit_test_setup(test_static_by_mac, setup),
		cmocka_unit_test_setup(test_inform, setup),
		cmocka_unit_test_setup(test_an_address_that_someone_shows_to_have_is_not_given_away,
				       setup),
		cmocka_unit_test_setup(test_n5_xid_reuse, setup),
		cmocka_unit_test_setup(test_n5_release_flood, setup),
		cmocka_unit_test_setup(test_n5_flood_without_a_pause, setup),
		cmocka_unit_test_setup(test_n5_decline_flood, setup),
		cmocka_unit_test_setup(test_declined_addresses_are_held_aside, setup),
		cmocka_unit_test_setup(test_n5_pool_exhaustion_by_one_vm, setup),
		cmocka_unit_test_setup(test_n5_pool_exhaustion_of_a_small_subnet, setup),
		cmocka_unit_test_setup(test_a_vms_address_is_of_the_client_that_began_last, setup),
		cmocka_unit_test_setup(test_n5_pool_exhaustion_by_answers, setup),
		cmocka_unit_test_setup(test_n5_lease_of_another_vm_with_its_mac, setup),
		cmocka_unit_test_setup(test_n5_relayed_and_other_messages_are_ignored, setup),
		cmocka_unit_test_setup(test_n5_every_dhcp_reply_has_a_complete_checksum, setup),
		cmocka_unit_test_setup(test_large_subnets_have_a_bounded_pool, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
