/* SPDX-License-Identifier: MIT */
/*
 * ARP for IPv4 over Ethernet (RFC 826): packets, and the neighbours that a gateway knows on one of
 * its sides. Pure.
 *
 * Each neighbour is on the account of an owner, a switch port: whoever asked for it or showed
 * itself. An owner has a fixed number of places and replaces its own oldest one when they are full,
 * so a storm of ARP costs others nothing. It is asked on its account for no more addresses than
 * have places there, 32 that do not answer in 3 s, and 256 a second of those that do: so that
 * whoever sends to many addresses is no flood of ARP himself (RFC 1122, section 2.3.2.1).
 */
#pragma once

#include "include/types.h"
#include "net/wire.h"

struct arp {
	u16 operation; /* ARP_REQUEST, ARP_REPLY */
	u8 sender_mac[ETH_ADDRESS];
	u32 sender, target;
};

/* A frame of type ARP. False when it is malformed, or its sender's MAC is another than the
 * frame's source, or a group's. */
bool arp_check(const u8 *frame, u32 len, struct arp *arp);

enum { ARP_FRAME = ETH_MIN };

/* A whole frame of ARP_FRAME bytes; with target_mac NULL a request to all. */
void arp_put(u8 *frame, u16 operation, const u8 *mac, u32 sender, const u8 *target_mac, u32 target);

enum {
	NEIGHBOUR_OWNERS = 73, /* the switch's ports, and the gateway itself as the last one */
	NEIGHBOUR_OWNER_PLACES = 32,
	NEIGHBOURS = NEIGHBOUR_OWNERS * NEIGHBOUR_OWNER_PLACES,
	NEIGHBOUR_BUCKETS = 1024,
	NEIGHBOUR_TRIES = 3, /* requests, a second apart */
};

#define NEIGHBOUR_FRESH_NS (60ul * 1000 * 1000 * 1000) /* then it is asked again, while in use */
#define NEIGHBOUR_ASK_NS   (1000ul * 1000 * 1000)
#define NEIGHBOUR_KEPT_NS  (125ul * 1000 * 1000) /* before its owner may ask for another instead */

enum neighbour_state {
	NEIGHBOUR_FREE,
	NEIGHBOUR_ASKED, /* not known yet */
	NEIGHBOUR_KNOWN,
	NEIGHBOUR_STALE, /* known, and asked again */
	NEIGHBOUR_BOUND, /* told by the DHCP server; nothing that comes changes it */
};

struct neighbour {
	u32 address;
	u8 mac[ETH_ADDRESS];
	u8 state; /* enum neighbour_state */
	u8 tries;
	u16 next;    /* in its bucket, index + 1; 0 ends */
	u16 by;	     /* the owner that showed it */
	bool wanted; /* used since it was last confirmed */
	bool gone;   /* bound, and the port that has the lease is off the switch */
	u64 when_ns; /* confirmed, or asked last */
};

struct neighbours {
	u16 buckets[NEIGHBOUR_BUCKETS];	 /* index + 1 of the first; 0: none */
	struct neighbour at[NEIGHBOURS]; /* those of owner n from n * NEIGHBOUR_OWNER_PLACES on */
	u32 used;			 /* places */
	u64 ticked_ns;
	u64 refused; /* claims on an address that is another's */
	/* What tick wants done: a request to be sent, and that there was no answer. */
	void (*ask)(void *arg, u32 address);
	void (*lost)(void *arg, u32 address);
	void *arg;
};

void neighbours_init(struct neighbours *n, void (*ask)(void *, u32), void (*lost)(void *, u32),
		     void *arg);

struct neighbour *neighbour_find(struct neighbours *n, u32 address);

/* The MAC to send to; NULL when it isn't known, then it is being asked for, on owner's account,
 * or, with no place there, can't be found now. */
const u8 *neighbour_resolve(struct neighbours *n, u32 address, unsigned owner, u64 now);

/*
 * An owner shows that it has this address. Taken when the address was asked for, or is this owner's
 * already; with `make` also when it is nobody's. What another owner showed before, until it no
 * longer answers, and what is bound to another MAC stay: false.
 */
bool neighbour_learn(struct neighbours *n, u32 address, const u8 *mac, unsigned owner, bool make,
		     u64 now);

/* For a lease: until unbound this MAC has the address. */
void neighbour_bind(struct neighbours *n, u32 address, const u8 *mac, unsigned owner, u64 now);
void neighbour_unbind(struct neighbours *n, u32 address);

/* What it showed and what is on its account; but what is bound stays its MAC's, and gives way when
 * there is no other place. */
void neighbours_forget_owner(struct neighbours *n, unsigned owner);

/* How many addresses the owner that showed this one has shown without a lease: on its own account,
 * and on that of whoever asked for this one. */
unsigned neighbours_shown_with(const struct neighbours *n, const struct neighbour *which);

/* Asks again for what is asked or aged, and gives up what has not answered. As often as one likes:
 * it works each 250 ms. */
void neighbours_tick(struct neighbours *n, u64 now);
