/* SPDX-License-Identifier: MIT */
/* A gateway and ARP, on both of its sides: see net/gateway.h. */
#include "lib/log.h"
#include "lib/string.h"
#include "net/gateway_internal.h"
#include "net/text.h"

#define ANNOUNCE_NS (1000ul * 1000 * 1000)

static u32
own_address(const struct gateway *g, enum gateway_side side)
{
	return side == GATEWAY_INSIDE ? g->config.address : g->outside.address;
}

static const u8 *
own_mac(const struct gateway *g, enum gateway_side side)
{
	return side == GATEWAY_INSIDE ? g->config.mac : g->config.outside_mac;
}

static void
request(struct gateway *g, enum gateway_side side, u32 address)
{
	u8 frame[ARP_FRAME];

	arp_put(frame, ARP_REQUEST, own_mac(g, side), own_address(g, side), NULL, address);
	gateway_send_frame(g, side, frame, ARP_FRAME, GATEWAY_SELF);
}

static void
ask_inside(void *arg, u32 address)
{
	request(arg, GATEWAY_INSIDE, address);
}

static void
ask_outside(void *arg, u32 address)
{
	request(arg, GATEWAY_OUTSIDE, address);
}

static void
lost_inside(void *arg, u32 address)
{
	gateway_lost(arg, GATEWAY_INSIDE, address);
}

static void
lost_outside(void *arg, u32 address)
{
	gateway_lost(arg, GATEWAY_OUTSIDE, address);
}

void
gateway_arp_init(struct gateway *g)
{
	neighbours_init(&g->neighbours[GATEWAY_INSIDE], ask_inside, lost_inside, g);
	neighbours_init(&g->neighbours[GATEWAY_OUTSIDE], ask_outside, lost_outside, g);
}

void
gateway_announce(struct gateway *g, enum gateway_side side)
{
	request(g, side, own_address(g, side)); /* RFC 5227, section 2.3 */
}

void
gateway_probe(struct gateway *g, u32 address)
{
	u8 frame[ARP_FRAME];

	arp_put(frame, ARP_REQUEST, g->config.outside_mac, 0, NULL, address);
	gateway_send_frame(g, GATEWAY_OUTSIDE, frame, ARP_FRAME, GATEWAY_SELF);
}

/* Who says that it has the address that we probe, or probes it too (RFC 5227, section 2.1.1). */
static void
heed_conflict(struct gateway *g, const struct arp *arp)
{
	u32 probed = dhcp_client_probed(&g->client);

	if (probed == 0 || (arp->sender != probed && (arp->sender != 0 || arp->target != probed)))
		return;
	log_warn("net %s: %s has %s, which DHCP has given to the uplink: declined", g->config.name,
		 mac_text(arp->sender_mac).text, ipv4_text(probed).text);
	dhcp_client_conflict(&g->client, g->config.now_ns());
}

/* Someone says that it has our address: others hear from us that it hasn't (RFC 5227, 2.4 c). */
static void
defend(struct gateway *g, enum gateway_side side)
{
	u64 now = g->config.now_ns();

	g->counters.claims++;
	gateway_drop(g, GATEWAY_SPOOFED);
	if (now - g->announced_ns[side] < ANNOUNCE_NS)
		return;
	g->announced_ns[side] = now;
	gateway_announce(g, side);
}

/* Whether what it says of itself may be answered; learned where it concerns us. */
static bool
take_sender(struct gateway *g, enum gateway_side side, const struct arp *arp, unsigned owner,
	    const char *owner_name)
{
	struct neighbours *n = &g->neighbours[side];
	bool for_us = arp->target == own_address(g, side);

	if (arp->sender == 0) /* a probe: RFC 5227, section 1.1 */
		return true;
	/* The uplink's neighbours are learned when they are asked for, nobody else. */
	if (side == GATEWAY_INSIDE && !gateway_is_inside_host(g, arp->sender)) {
		gateway_drop(g, GATEWAY_SPOOFED);
		return false;
	}
	if (!neighbour_learn(n, arp->sender, arp->sender_mac, owner,
			     for_us && side == GATEWAY_INSIDE, g->config.now_ns())) {
		gateway_drop(g, GATEWAY_SPOOFED);
		return false;
	}
	if (owner_name != NULL)
		gateway_forward_to(g, owner_name, arp->sender);
	gateway_resolved(g, side, arp->sender);
	return true;
}

void
gateway_arp(struct gateway *g, enum gateway_side side, const u8 *frame, u32 len, unsigned owner,
	    const char *owner_name)
{
	u32 own = own_address(g, side);
	u8 reply[ARP_FRAME];
	struct arp arp;

	if (!arp_check(frame, len, &arp)) {
		gateway_drop(g, GATEWAY_MALFORMED);
		return;
	}
	if (side == GATEWAY_OUTSIDE)
		heed_conflict(g, &arp);
	if (own == 0 || (side == GATEWAY_INSIDE && !gateway_may_echo(g, owner)))
		return;
	if (arp.sender == own) {
		defend(g, side);
		return;
	}
	if (!take_sender(g, side, &arp, owner, owner_name) || arp.target != own ||
	    arp.operation != ARP_REQUEST)
		return;
	arp_put(reply, ARP_REPLY, own_mac(g, side), own, arp.sender_mac, arp.sender);
	gateway_send_frame(g, side, reply, ARP_FRAME, owner);
}
