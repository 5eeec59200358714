/* SPDX-License-Identifier: MIT */
// SOURCES: net/gateway.c net/gateway_arp.c net/gateway_own.c net/gateway_route.c net/gateway_send.c
// SOURCES: net/arp.c net/checksum.c net/dhcp.c net/dhcp_client.c net/dhcp_server.c net/dns.c
// SOURCES: net/dns_relay.c net/icmp.c net/ipv4.c net/ping.c net/udp.c net/nat.c net/nat_binding.c
// SOURCES: net/nat_flow.c net/nat_fragment.c net/nat_packet.c lib/error.c lib/log.c lib/lock.c
// SOURCES: lib/format.c net/dhcp_lease.c net/nat_room.c net/nat_state.c net/text.c
/*
 * A gateway between hostile guests and a hostile segment. Every frame that it sends is checked for
 * lengths, checksums, and that it belongs on that side (tests/unit/fake/gateway_world.h). The input
 * is a byte of settings, then records:
 *
 *    what     bits 1:0  0 a frame from the inside, 1 from the outside, 2 time passes, 3 an answer:
 *                       the last frame to the uplink turned around, its payload as given
 *             bit 2     the frame's MACs and type are made right
 *             bit 3     its IP header's version, length and checksum are made right
 *             bit 4     its UDP or ICMP checksum is made right
 *             bits 7:5  the port that sends it
 *    length   two bytes, of what follows; for time in units of 10 ms
 *    bytes
 */
#include "tests/unit/fake/gateway_world.h"

enum {
	WHAT_INSIDE = 0,
	WHAT_OUTSIDE = 1,
	WHAT_TIME = 2,
	WHAT_ANSWER = 3,
	FIX_ETH = 4,
	FIX_IP = 8,
	FIX_PAYLOAD = 16,
	RECORDS_MAX = 200,
	TIME_MAX = 1000, /* ticks of 100 ms in one input */
};

static const struct gateway_forward forwards[] = {
	{IP_UDP, 8080, 80, "vm1", 0		   },
	      {IP_TCP, 8081, 81, "",    WORLD_GATEWAY + 9}
};
static const struct dhcp_static statics[] = {
	{{2, 0, 0, 0, 0, 2}, WORLD_GATEWAY + 70}
};
static unsigned ticks;

static void
fix_eth(enum gateway_side side, unsigned vm)
{
	world_put_eth(world_frame, side == GATEWAY_INSIDE ? world_mac : world_outside_mac,
		      side == GATEWAY_INSIDE ? world_vm_mac(vm) : world_router_mac, ETH_TYPE_IPV4);
}

static void
fix_ip(u32 len)
{
	u8 *packet = world_frame + ETH_HEADER;

	if (len < ETH_HEADER + IPV4_HEADER)
		return;
	packet[0] = packet[0] & 2 ? 0x46 : 0x45;
	be16_put(packet + IPV4_TOTAL_LEN, (u16)(len - ETH_HEADER));
	if (len >= ETH_HEADER + 24)
		ipv4_put_checksum(packet);
}

static void
fix_payload(u32 len)
{
	u8 *packet = world_frame + ETH_HEADER;
	u8 *at = packet + (packet[0] & 0xf) * 4u;
	u32 size = len - (u32)(at - world_frame);

	if (len < ETH_HEADER + 24 + UDP_HEADER || len <= (u32)(at - world_frame) ||
	    size < UDP_HEADER)
		return;
	if (packet[IPV4_PROTOCOL] == IP_UDP) {
		be16_put(at + UDP_LEN, (u16)size);
		be16_put(at + UDP_CHECKSUM, 0); /* none */
	} else if (packet[IPV4_PROTOCOL] == IP_ICMP) {
		be16_put(at + ICMP_CHECKSUM, 0);
		be16_put(at + ICMP_CHECKSUM, checksum_fold(checksum_add(0, at, size)));
	}
}

static void
deliver(u8 what, const u8 *data, u32 len)
{
	enum gateway_side side = (what & 3) == WHAT_INSIDE ? GATEWAY_INSIDE : GATEWAY_OUTSIDE;
	unsigned vm = what >> 5;

	memset(world_frame, 0, ETH_MIN);
	memcpy(world_frame, data, len);
	if ((what & FIX_ETH) && len >= ETH_HEADER)
		fix_eth(side, vm);
	if (what & FIX_IP)
		fix_ip(len);
	if (what & FIX_PAYLOAD)
		fix_payload(len);
	world_deliver(side, vm, len);
}

/* Ids and ports are those that the gateway drew; behind them stands what the input says. */
static void
deliver_answer(const u8 *data, u32 len)
{
	const u8 *packet;
	u8 payload[2000] = {0};
	u32 asked, n = 0;

	while (n < world_count && n < WORLD_SENT_MAX &&
	       (world_last(n)->side != GATEWAY_OUTSIDE ||
		world_last_ip(n)[IPV4_PROTOCOL] != IP_UDP))
		n++;
	if (n == world_count || n == WORLD_SENT_MAX || len > 1400)
		return;
	packet = world_last_ip(n);
	asked = be16_at(packet + IPV4_TOTAL_LEN) - (u32)UDP_IPV4_HEADERS;
	if (asked > sizeof(payload))
		return;
	memcpy(payload, packet + UDP_IPV4_HEADERS, asked);
	payload[0] = payload[0] == DHCP_BOOTREQUEST ? DHCP_BOOTREPLY : payload[0];
	if (be16_at(packet + IPV4_HEADER + UDP_DESTINATION) == DNS_PORT) {
		payload[2] |= 0x80;
		n = asked; /* records */
	} else {
		n = DHCP_YIADDR;
	}
	n = MIN(n, (u32)sizeof(payload) - len);
	memcpy(payload + n, data, len);
	world_udp_in(be32_at(packet + IPV4_DESTINATION),
		     be16_at(packet + IPV4_HEADER + UDP_DESTINATION), be32_at(packet + IPV4_SOURCE),
		     be16_at(packet + IPV4_HEADER + UDP_SOURCE), payload, MAX(n + len, asked));
}

static void
pass(u32 units)
{
	for (; units >= 10 && ticks < TIME_MAX; units -= 10, ticks++)
		world_pass(WORLD_SECOND / 10);
}

/* The tables are what they say they are. */
static void
check_tables(void)
{
	unsigned used = 0;

	for (unsigned i = 0; i < NEIGHBOURS; i++) {
		const struct neighbour *n = &world.neighbours[GATEWAY_INSIDE].at[i];

		if (n->state == NEIGHBOUR_FREE)
			continue;
		used++;
		world_check(n->address != WORLD_GATEWAY, "(none) itself as a neighbour");
		world_check(neighbour_find(&world.neighbours[GATEWAY_INSIDE], n->address) == n,
			    "(none) a neighbour twice");
	}
	world_check(used == world.neighbours[GATEWAY_INSIDE].used, "(none) a wrong count");
	for (unsigned i = 0; i < DHCP_LEASES_MAX; i++) {
		const struct dhcp_lease *lease = &world.dhcp.leases[i];

		if (lease->state == DHCP_FREE || lease->is_static)
			continue;
		world_check(lease->address != WORLD_GATEWAY, "(none) a lease on itself");
		world_check(world.dhcp.by_offset[lease->address - world.dhcp.first] == i + 1,
			    "(none) a lease twice");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gateway_config c = world_config();

	if (size == 0)
		return 0;
	c.nat = (data[0] & 1) == 0;
	c.outside_dhcp = (data[0] & 2) != 0;
	c.mtu = data[0] & 4 ? 9000 : data[0] & 8 ? GATEWAY_MTU_MIN : 1500;
	c.forwards = forwards;
	c.forward_count = ARRAY_SIZE(forwards);
	c.statics = statics;
	c.static_count = ARRAY_SIZE(statics);
	if (data[0] & 2)
		c.dns_count = 0;
	ticks = 0;
	world_begin(&c);
	world_answer_router();
	data++;
	size--;
	for (unsigned i = 0; i < RECORDS_MAX && size >= 3; i++) {
		u8 what = data[0];
		u32 len = be16_at(data + 1);

		data += 3;
		size -= 3;
		if ((what & 3) == WHAT_TIME) {
			pass(len);
			continue;
		}
		len = MIN(len, (u32)MIN(size, (size_t)WORLD_FRAME_MAX));
		if ((what & 3) == WHAT_ANSWER)
			deliver_answer(data, len);
		else
			deliver(what, data, len);
		data += len;
		size -= len;
	}
	check_tables();
	return 0;
}
