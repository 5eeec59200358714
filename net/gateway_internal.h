/* SPDX-License-Identifier: MIT */
/* What the gateway's own files share: see net/gateway.h. */
#pragma once

#include "net/gateway.h"
#include "net/ipv4.h"

/* An IPv4 packet that is being handled, in its frame; all of it was checked. */
struct gateway_packet {
	u8 *frame;
	struct ipv4 ip;
	u16 owner;
	const char *owner_name; /* NULL when it waited, or came from outside */
	enum gateway_side side; /* where it came from */
};

static inline u8 *
gateway_ip(const struct gateway_packet *p)
{
	return p->frame + ETH_HEADER;
}

static inline void
gateway_drop(struct gateway *g, enum gateway_drop reason)
{
	g->counters.dropped[reason]++;
}

static inline bool
gateway_is_inside(const struct gateway *g, u32 address)
{
	return ((address ^ g->config.address) & g->mask) == 0;
}

/* Neither the network's number nor its broadcast, nor the gateway. */
static inline bool
gateway_is_inside_host(const struct gateway *g, u32 address)
{
	return gateway_is_inside(g, address) && (address & ~g->mask) != 0 &&
	       (address | g->mask) != 0xffffffffu && address != g->config.address;
}

/* What may be sent now of what has a rate; *when_ns is the owner's. */
bool gateway_rate(struct gateway *g, u64 *when_ns, u64 interval_ns, u64 burst_ns);
bool gateway_may_echo(struct gateway *g, unsigned owner);

/* gateway_send.c: ways out. owner: who caused it, or GATEWAY_SELF (net/gateway.h, send()). */

/* A frame that is complete but for padding; len without it. */
void gateway_send_frame(struct gateway *g, enum gateway_side side, u8 *frame, u32 len,
			unsigned owner);
/* A complete IP packet in a frame, to this MAC. */
void gateway_send_to(struct gateway *g, enum gateway_side side, u8 *frame, const u8 *mac,
		     unsigned owner);
/* The same, in pieces when it is longer than that side takes. Those that may not be cut are
 * dropped: their senders heard of it before. */
void gateway_send_sized(struct gateway *g, enum gateway_side side, u8 *frame, const u8 *mac,
			unsigned owner);
/* And to a next hop, whose MAC may have to be asked for first. */
void gateway_send_ip(struct gateway *g, enum gateway_side side, u8 *frame, u32 next_hop,
		     unsigned owner);
/* Where a packet of our own goes; false when it can't. */
bool gateway_next_hop(const struct gateway *g, u32 destination, enum gateway_side *side,
		      u32 *next_hop);
/* Keeps a frame until its next hop's MAC is known. */
struct gateway_hop {
	enum gateway_side side;
	u32 address;
	unsigned owner; /* who wants it */
};
void gateway_hold(struct gateway *g, const struct gateway_hop *hop, bool to_route, const u8 *frame,
		  u32 len);
/* An error about a packet, back to where it came from. */
void gateway_error(struct gateway *g, const struct gateway_packet *p, u8 type, u8 code, u32 rest);
/* The address is known now, or it was given up. */
void gateway_resolved(struct gateway *g, enum gateway_side side, u32 address);
void gateway_lost(struct gateway *g, enum gateway_side side, u32 address);
/* What waits for an address that is no longer asked for: who asked has gone, or has needed the
 * place. Silently, for nobody knows whether that host is there. */
void gateway_drop_unasked(struct gateway *g);

/* gateway_route.c */
void gateway_route_inside(struct gateway *g, struct gateway_packet *p);
void gateway_route_outside(struct gateway *g, struct gateway_packet *p);
/* To the uplink, through NAT; again for what had to wait. */
void gateway_route_out(struct gateway *g, struct gateway_packet *p);

/* gateway_arp.c */
void gateway_arp_init(struct gateway *g);
void gateway_arp(struct gateway *g, enum gateway_side side, const u8 *frame, u32 len,
		 unsigned owner, const char *owner_name);
void gateway_announce(struct gateway *g, enum gateway_side side);
/* Asks the uplink's neighbours whether one of them has an address that may become ours. */
void gateway_probe(struct gateway *g, u32 address);

/* gateway_own.c: what is for the gateway itself */
void gateway_own_init(struct gateway *g);
void gateway_own_inside(struct gateway *g, struct gateway_packet *p);
/* Before NAT sees it: true when it is a service's. */
bool gateway_own_outside(struct gateway *g, struct gateway_packet *p);
/* After NAT has not wanted it. */
void gateway_unclaimed_outside(struct gateway *g, struct gateway_packet *p);
void gateway_answer_echo(struct gateway *g, struct gateway_packet *p);
/* A VM was seen with an address, or (0) is no longer: what is forwarded goes there, or nowhere. */
void gateway_forward_to(struct gateway *g, const char *owner_name, u32 address);
