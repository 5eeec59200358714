/* SPDX-License-Identifier: MIT */
/* What a gateway does with IPv4 packets of either side: see net/gateway.h. */
#include "lib/string.h"
#include "net/gateway_internal.h"
#include "net/icmp.h"

/* RFC 3927, section 7: nobody forwards these. */
static bool
is_link_local(u32 address)
{
	return address >> 16 == 0xa9fe;
}

/* Of the subnet, the sender's own as far as the DHCP server knows; or a DHCP client's first. */
static bool
source_fine(struct gateway *g, const struct gateway_packet *p)
{
	const struct neighbour *known;

	if (p->ip.source == 0)
		return p->ip.destination == IPV4_BROADCAST && p->ip.protocol == IP_UDP;
	if (!gateway_is_inside_host(g, p->ip.source))
		return false;
	known = neighbour_find(&g->neighbours[GATEWAY_INSIDE], p->ip.source);
	return known == NULL || known->state != NEIGHBOUR_BOUND ||
	       memcmp(known->mac, p->frame + ETH_SOURCE, ETH_ADDRESS) == 0;
}

static void
refuse(struct gateway *g, const struct gateway_packet *p, enum gateway_drop reason, u8 code)
{
	gateway_drop(g, reason);
	gateway_error(g, p, ICMP_UNREACHABLE, code, 0);
}

void
gateway_route_inside(struct gateway *g, struct gateway_packet *p)
{
	u32 to = p->ip.destination;

	if (!source_fine(g, p)) {
		gateway_drop(g, GATEWAY_SPOOFED);
		return;
	}
	if (to == g->config.address || to == IPV4_BROADCAST ||
	    (gateway_is_inside(g, to) && (to | g->mask) == IPV4_BROADCAST)) {
		gateway_own_inside(g, p);
		return;
	}
	/* RFC 1122, section 3.3.6: what came to all is not for one. */
	if ((p->frame[ETH_DESTINATION] & 1) || !ipv4_is_unicast(to) || is_link_local(to)) {
		gateway_drop(g, GATEWAY_UNROUTABLE);
		return;
	}
	if (gateway_is_inside(g, to))
		refuse(g, p, GATEWAY_UNROUTABLE, ICMP_UNREACHABLE_PROHIBITED);
	else if (g->config.is_ours(g->config.arg, to))
		refuse(g, p, GATEWAY_FOREIGN, ICMP_UNREACHABLE_NET);
	else
		gateway_route_out(g, p);
}

/* Too long for that side, and not to be cut, or with options, which our pieces would lack. */
static bool
fits(const struct ipv4 *ip, u16 mtu)
{
	return ip->len <= mtu || (!ip->dont_fragment && ip->header_len == IPV4_HEADER);
}

/* After NAT, to a host of the inside. */
static void
deliver_inside(struct gateway *g, struct gateway_packet *p)
{
	u32 to = be32_at(gateway_ip(p) + IPV4_DESTINATION);

	if (!gateway_is_inside_host(g, to)) {
		gateway_drop(g, GATEWAY_UNROUTABLE);
		return;
	}
	g->counters.routed_in++;
	gateway_send_ip(g, GATEWAY_INSIDE, p->frame, to, p->owner);
}

static void
translate_out(struct gateway *g, struct gateway_packet *p, const u8 *mac)
{
	u8 *packet = gateway_ip(p);

	switch (nat_out(g->config.nat_memory, packet, p->ip.len, p->owner)) {
	case NAT_SEND:
		if (mac == NULL) {
			gateway_drop(g, GATEWAY_UNROUTABLE);
			break;
		}
		ipv4_decrement_ttl(packet);
		g->counters.routed_out++;
		gateway_send_sized(g, GATEWAY_OUTSIDE, p->frame, mac, p->owner);
		break;
	case NAT_HAIRPIN:
		ipv4_decrement_ttl(packet);
		deliver_inside(g, p);
		break;
	default: gateway_drop(g, GATEWAY_NAT_DROPPED); break;
	}
}

/* False, with what there is to say about it said, when the packet can't go to the uplink. */
static bool
may_go_out(struct gateway *g, const struct gateway_packet *p, u32 *next_hop)
{
	const struct gateway_outside *o = &g->outside;
	enum gateway_side side;

	if (!gateway_next_hop(g, p->ip.destination, &side, next_hop)) {
		refuse(g, p, GATEWAY_NO_ROUTE, ICMP_UNREACHABLE_NET);
		return false;
	}
	if (p->ip.ttl <= 1) {
		gateway_drop(g, GATEWAY_TTL);
		gateway_error(g, p, ICMP_TIME_EXCEEDED, 0, 0);
		return false;
	}
	if (!fits(&p->ip, o->mtu)) {
		gateway_drop(g, GATEWAY_TOO_BIG);
		gateway_error(g, p, ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED, o->mtu);
		return false;
	}
	if (((p->ip.destination ^ o->address) & o->mask) == 0 && o->mask < 0xfffffffeu &&
	    (p->ip.destination | o->mask) == IPV4_BROADCAST) {
		gateway_drop(g, GATEWAY_UNROUTABLE);
		return false;
	}
	return true;
}

/* To be answered here; other ICMP may belong to a flow between two of the inside. */
static bool
is_whole_echo(const struct gateway_packet *p)
{
	return p->ip.protocol == IP_ICMP && !ipv4_is_fragment(&p->ip) &&
	       icmp_check(gateway_ip(p), &p->ip) &&
	       gateway_ip(p)[p->ip.header_len + ICMP_TYPE] == ICMP_ECHO;
}

/* The router is everybody's: it gives way to nothing that one of them asks for. */
static unsigned
asker(const struct gateway *g, const struct gateway_hop *hop)
{
	return hop->address == g->outside.router ? (unsigned)GATEWAY_SELF : hop->owner;
}

void
gateway_route_out(struct gateway *g, struct gateway_packet *p)
{
	struct gateway_hop hop = {.side = GATEWAY_OUTSIDE, .owner = p->owner};
	const u8 *mac = NULL;

	if (!g->config.nat || g->outside.address == 0) {
		refuse(g, p, GATEWAY_NO_ROUTE, ICMP_UNREACHABLE_NET);
		return;
	}
	if (p->ip.destination == g->outside.address && is_whole_echo(p)) {
		gateway_answer_echo(g, p);
		return;
	}
	if (!may_go_out(g, p, &hop.address))
		return;
	/* To its own address is to another of the inside; NAT knows whom. */
	if (p->ip.destination != g->outside.address) {
		mac = neighbour_resolve(&g->neighbours[GATEWAY_OUTSIDE], hop.address,
					asker(g, &hop), g->config.now_ns());
		/* As it came, so that an error about it quotes what its sender knows. */
		if (mac == NULL) {
			gateway_hold(g, &hop, true, p->frame, ETH_HEADER + (u32)p->ip.len);
			return;
		}
	}
	translate_out(g, p, mac);
}

static bool
may_come_in(struct gateway *g, const struct gateway_packet *p)
{
	u32 from = p->ip.source;

	if (g->outside.address == 0 || p->ip.destination != g->outside.address) {
		gateway_drop(g, GATEWAY_NOT_US);
		return false;
	}
	if (!ipv4_is_unicast(from) || from == g->outside.address || gateway_is_inside(g, from) ||
	    g->config.is_ours(g->config.arg, from)) {
		gateway_drop(g, GATEWAY_SPOOFED);
		return false;
	}
	return true;
}

void
gateway_route_outside(struct gateway *g, struct gateway_packet *p)
{
	u8 quoted[ICMP_ERROR_MAX], *packet = gateway_ip(p);
	bool fitting = fits(&p->ip, g->config.mtu);
	u16 beginner;

	if (gateway_own_outside(g, p) || !may_come_in(g, p))
		return;
	/* What an error would have to quote, before NAT changes it; and only a header then changes.
	 */
	if (!fitting)
		memcpy(quoted, packet, MIN(p->ip.len, sizeof(quoted)));
	switch (nat_in(g->config.nat_memory, packet, p->ip.len, &beginner)) {
	case NAT_SEND: break;
	case NAT_NOT_MINE: gateway_unclaimed_outside(g, p); return;
	default: gateway_drop(g, GATEWAY_NAT_DROPPED); return;
	}
	if (p->ip.ttl <= 1) {
		gateway_drop(g, GATEWAY_TTL);
		return;
	}
	if (!fitting) {
		memcpy(packet, quoted, MIN(p->ip.len, sizeof(quoted)));
		gateway_drop(g, GATEWAY_TOO_BIG);
		gateway_error(g, p, ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED, g->config.mtu);
		return;
	}
	/* Answers cost who asked: else a VM that asks from many addresses has the gateway look for
	 * all of them on its own account, and wait with what is others'. */
	p->owner = beginner;
	ipv4_decrement_ttl(packet);
	deliver_inside(g, p);
}
