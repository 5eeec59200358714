/* SPDX-License-Identifier: MIT */
/* A gateway's ways out: next hops, frames that wait for one, and errors. See net/gateway.h. */
#include "lib/string.h"
#include "net/gateway_internal.h"
#include "net/icmp.h"

#define ERROR_INTERVAL_NS (10ul * 1000 * 1000) /* 100 a second of one owner, 20 at once */
#define ERROR_BURST_NS	  (20ul * ERROR_INTERVAL_NS)

static const u8 *
own_mac(const struct gateway *g, enum gateway_side side)
{
	return side == GATEWAY_INSIDE ? g->config.mac : g->config.outside_mac;
}

void
gateway_send_frame(struct gateway *g, enum gateway_side side, u8 *frame, u32 len, unsigned owner)
{
	if (len < ETH_MIN) {
		memset(frame + len, 0, ETH_MIN - len);
		len = ETH_MIN;
	}
	g->counters.sent[side]++;
	g->config.send(g->config.arg, side, owner, frame, len);
}

void
gateway_send_to(struct gateway *g, enum gateway_side side, u8 *frame, const u8 *mac, unsigned owner)
{
	u8 to[ETH_ADDRESS]; /* the MAC may stand in this frame */

	memcpy(to, mac, ETH_ADDRESS);
	memcpy(frame + ETH_DESTINATION, to, ETH_ADDRESS);
	memcpy(frame + ETH_SOURCE, own_mac(g, side), ETH_ADDRESS);
	be16_put(frame + ETH_TYPE, ETH_TYPE_IPV4);
	gateway_send_frame(g, side, frame,
			   ETH_HEADER + be16_at(frame + ETH_HEADER + IPV4_TOTAL_LEN), owner);
}

static u32
mtu_of(const struct gateway *g, enum gateway_side side)
{
	return side == GATEWAY_INSIDE ? g->config.mtu : g->outside.mtu;
}

/* Outside, all VMs' pieces are from one address: a fragment has got NAT's identification already.
 */
static u16
id_of_pieces(struct gateway *g, enum gateway_side side, const u8 *packet)
{
	if (side == GATEWAY_INSIDE || be16_at(packet + IPV4_FRAGMENT) != 0)
		return be16_at(packet + IPV4_ID);
	return nat_fragment_id(g->config.nat_memory);
}

/*
 * In pieces, each with the header but for lengths and place: RFC 791, section 3.2. The packet may
 * be a fragment itself.
 */
static void
send_pieces(struct gateway *g, enum gateway_side side, const u8 *frame, const u8 *mac,
	    unsigned owner)
{
	const u8 *packet = frame + ETH_HEADER;
	u32 mtu = mtu_of(g, side), len = be16_at(packet + IPV4_TOTAL_LEN) - (u32)IPV4_HEADER;
	u32 step = ALIGN_DOWN(MIN(mtu, (u32)GATEWAY_FRAME_MAX - ETH_HEADER) - IPV4_HEADER, 8u);
	u16 place = be16_at(packet + IPV4_FRAGMENT), id = id_of_pieces(g, side, packet);
	u8 *piece = g->scratch + ETH_HEADER;

	for (u32 at = 0; at < len; at += step) {
		u32 size = MIN(step, len - at);
		u16 more = at + size < len ? IPV4_MORE_FRAGMENTS : 0;

		memcpy(piece, packet, IPV4_HEADER);
		memcpy(piece + IPV4_HEADER, packet + IPV4_HEADER + at, size);
		be16_put(piece + IPV4_TOTAL_LEN, (u16)(IPV4_HEADER + size));
		be16_put(piece + IPV4_ID, id);
		be16_put(piece + IPV4_FRAGMENT, (u16)((place + at / 8) | more));
		ipv4_put_checksum(piece);
		gateway_send_to(g, side, g->scratch, mac, owner);
	}
}

/* Our pieces would lack its options, and a frame of our own stands where they are made. */
static bool
may_be_cut(const struct gateway *g, const u8 *frame)
{
	const u8 *packet = frame + ETH_HEADER;

	return frame != g->scratch && packet[IPV4_VERSION_IHL] == 0x45 &&
	       (be16_at(packet + IPV4_FRAGMENT) & IPV4_DONT_FRAGMENT) == 0;
}

void
gateway_send_sized(struct gateway *g, enum gateway_side side, u8 *frame, const u8 *mac,
		   unsigned owner)
{
	if (be16_at(frame + ETH_HEADER + IPV4_TOTAL_LEN) <= mtu_of(g, side))
		gateway_send_to(g, side, frame, mac, owner);
	else if (may_be_cut(g, frame))
		send_pieces(g, side, frame, mac, owner);
	else
		gateway_drop(g, GATEWAY_TOO_BIG);
}

void
gateway_send_ip(struct gateway *g, enum gateway_side side, u8 *frame, u32 next_hop, unsigned owner)
{
	const struct gateway_hop hop = {side, next_hop, owner};
	const u8 *mac =
		neighbour_resolve(&g->neighbours[side], next_hop, owner, g->config.now_ns());

	if (mac != NULL)
		gateway_send_sized(g, side, frame, mac, owner);
	else
		gateway_hold(g, &hop, false, frame,
			     ETH_HEADER + be16_at(frame + ETH_HEADER + IPV4_TOTAL_LEN));
}

bool
gateway_next_hop(const struct gateway *g, u32 destination, enum gateway_side *side, u32 *next_hop)
{
	const struct gateway_outside *o = &g->outside;

	*side = GATEWAY_INSIDE;
	*next_hop = destination;
	if (gateway_is_inside(g, destination))
		return true;
	*side = GATEWAY_OUTSIDE;
	if (o->address == 0)
		return false;
	if (((destination ^ o->address) & o->mask) != 0)
		*next_hop = o->router;
	return *next_hop != 0;
}

void
gateway_hold(struct gateway *g, const struct gateway_hop *hop, bool to_route, const u8 *frame,
	     u32 len)
{
	struct gateway_held *place = NULL;
	unsigned owned = 0;

	for (unsigned i = 0; i < GATEWAY_HELD; i++) {
		if (!g->held[i].used)
			place = &g->held[i];
		else if (g->held[i].owner == hop->owner)
			owned++;
	}
	/* Without a place for the question no answer would ever end the wait. */
	if (neighbour_find(&g->neighbours[hop->side], hop->address) == NULL || place == NULL ||
	    owned >= GATEWAY_OWNER_HELD || len > sizeof(place->frame)) {
		gateway_drop(g, GATEWAY_UNRESOLVED);
		return;
	}
	place->used = true;
	place->to_route = to_route;
	place->side = (u8)hop->side;
	place->owner = (u16)hop->owner;
	place->next_hop = hop->address;
	place->len = len;
	memcpy(place->frame, frame, len);
}

void
gateway_drop_unasked(struct gateway *g)
{
	for (unsigned i = 0; i < GATEWAY_HELD; i++) {
		struct gateway_held *held = &g->held[i];

		if (!held->used ||
		    neighbour_find(&g->neighbours[held->side], held->next_hop) != NULL)
			continue;
		held->used = false;
		gateway_drop(g, GATEWAY_UNRESOLVED);
	}
}

/* Answers the next one that waits for this address; it stays used. */
static struct gateway_held *
next_held(struct gateway *g, enum gateway_side side, u32 address, unsigned *from)
{
	while (*from < GATEWAY_HELD) {
		struct gateway_held *held = &g->held[(*from)++];

		if (held->used && held->side == side && held->next_hop == address)
			return held;
	}
	return NULL;
}

/* It was checked when it came. */
static struct gateway_packet
packet_of(struct gateway_held *held)
{
	struct gateway_packet p = {.frame = held->frame,
				   .owner = held->owner,
				   .side = GATEWAY_INSIDE};

	if (!ipv4_check(gateway_ip(&p), held->len - ETH_HEADER, &p.ip))
		p.frame = NULL;
	return p;
}

void
gateway_resolved(struct gateway *g, enum gateway_side side, u32 address)
{
	struct gateway_held *held;
	unsigned from = 0;

	while ((held = next_held(g, side, address, &from)) != NULL) {
		struct gateway_packet p;

		if (held->to_route) {
			p = packet_of(held);
			if (p.frame != NULL)
				gateway_route_out(g, &p);
		} else {
			gateway_send_ip(g, side, held->frame, address, held->owner);
		}
		held->used = false;
	}
}

void
gateway_lost(struct gateway *g, enum gateway_side side, u32 address)
{
	struct gateway_held *held;
	unsigned from = 0;

	if (g->ping.state == PING_WAITING && g->ping.next_hop == address)
		g->ping.state = PING_UNREACHABLE;
	while ((held = next_held(g, side, address, &from)) != NULL) {
		struct gateway_packet p;

		gateway_drop(g, GATEWAY_UNRESOLVED);
		held->used = false;
		if (!held->to_route)
			continue;
		p = packet_of(held);
		if (p.frame != NULL)
			gateway_error(g, &p, ICMP_UNREACHABLE, ICMP_UNREACHABLE_HOST, 0);
	}
}

void
gateway_error(struct gateway *g, const struct gateway_packet *p, u8 type, u8 code, u32 rest)
{
	u32 source = p->side == GATEWAY_INSIDE ? g->config.address : g->outside.address;

	if (source == 0 || (p->frame[ETH_DESTINATION] & 1) ||
	    !icmp_may_report(gateway_ip(p), &p->ip) ||
	    !gateway_rate(g, &g->error_ns[p->owner], ERROR_INTERVAL_NS, ERROR_BURST_NS))
		return;
	(void)icmp_put_error(g->scratch + ETH_HEADER, source, type, code, rest, gateway_ip(p),
			     &p->ip);
	g->counters.errors++;
	gateway_send_to(g, p->side, g->scratch, p->frame + ETH_SOURCE, p->owner);
}
