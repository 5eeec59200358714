/* SPDX-License-Identifier: MIT */
/*
 * Network address translation of IPv4 (RFC 4787, 5382, 5508): TCP, UDP and ICMP echo of an inside
 * subnet behind one outside address, with their ICMP errors, fragments, and ports forwarded from
 * the outside. Packets are changed in place; checksums are complete before and after.
 *
 *   mapping    endpoint-independent (RFC 4787, REQ-1): an inside address and port have one outside
 *              port towards everybody, the same number where it is free
 *   filtering  address- and port-dependent: from the outside only the endpoint is let in to which
 *              the inside has sent, and anybody to a forwarded port
 *   hairpin    an inside packet to the outside address reaches the inside endpoint behind that
 *              port (RFC 4787, REQ-9), and seems to come from the outside address
 *
 * The TTL is the caller's to check and to decrement, on the same packet, before or after.
 *
 * Pure. Memory is the caller's; its lock too: calls of one NAT don't overlap. Addresses and ports
 * are in host order.
 */
#pragma once

#include "include/types.h"
#include "net/wire.h"

enum {
	NAT_FLOWS = 8192,
	NAT_OWNERS = 72,	   /* switch ports: who began a flow, for its share of them */
	NAT_OWNER_FLOWS = 2048,	   /* of one of them; and of all that began outside */
	NAT_FORWARD_UNPROVEN = 64, /* below, a forward's share of those comes before connections */
	NAT_OWNER_HALF_OPEN = 512, /* of those, TCP connections that are not established yet */
	NAT_FORWARDS_MAX = 64,
	NAT_PORT_FIRST = 20000, /* outside ports of flows; 61001 and up are the gateway's own */
	NAT_PORT_LAST = 61000,
	NAT_OWNER_FRAGMENTED = 16,    /* fragmented packets of an owner on their way at a time */
	NAT_OUTSIDE_FRAGMENTED = 128, /* and from the outside */
	NAT_TICK_FLOWS = 256,	      /* that one nat_tick() forgets at most */
};

/* A port of the outside address that leads to one of the inside. */
struct nat_forward {
	u8 protocol; /* IP_TCP, IP_UDP */
	u16 outside_port, inside_port;
	u32 inside; /* an address, host order, as everywhere here; 0 while it is not known */
};

enum nat_verdict {
	NAT_SEND,    /* changed; to be routed on */
	NAT_HAIRPIN, /* of nat_out(): changed, source and destination; to be routed to the inside */
	NAT_DROP,    /* malformed, of a foreign flow, or not to be translated; counted */
	NAT_FULL,    /* no room for another flow, of all or of this owner; counted */
	NAT_NOT_MINE, /* from the outside: of no flow or forward, perhaps the gateway's own */
};

/* Why a packet was not translated. */
enum nat_drop {
	NAT_DROP_DOWN,	     /* there is no outside address */
	NAT_DROP_MALFORMED,  /* lengths, header checksum, options, source routes */
	NAT_DROP_ADDRESS,    /* a source or destination that can't be on that side */
	NAT_DROP_PROTOCOL,   /* neither TCP, UDP, ICMP echo nor an error about them */
	NAT_DROP_FRAGMENT,   /* whose first one has not passed */
	NAT_DROP_NO_FLOW,    /* of no flow, and begins none */
	NAT_DROP_STRANGER,   /* from the outside to a port of ours, not from whom it belongs to */
	NAT_DROP_ICMP_ERROR, /* what it quotes is no packet of a flow, or not the sender's */
	NAT_DROP_FULL_OWNER, /* NAT_FULL: the owner's share is in use */
	NAT_DROP_FULL,	     /* NAT_FULL: the table or the outside ports are */
	NAT_DROPS
};

/* Of a flow; each with its timeout (net/nat_flow.c). */
enum nat_state {
	NAT_TCP_OPENING,
	NAT_TCP_ESTABLISHED,
	NAT_TCP_CLOSING,
	NAT_TCP_RESET,
	NAT_UDP_ONE_WAY,
	NAT_UDP_BOTH_WAYS,
	NAT_ECHO,
	NAT_STATES
};

struct nat_counters {
	u64 sent_out, sent_in, hairpinned;
	u64 flows_begun;
	u64 flows_reused; /* forgotten before their time, to make room */
	u64 dropped[NAT_DROPS];
};

/* As a person sees a flow. */
struct nat_flow_info {
	u8 protocol; /* IP_ICMP: ports are the echo's identifiers, and the remote port 0 */
	u32 inside, remote;
	u16 inside_port, outside_port, remote_port;
	u16 owner;	   /* NAT_OWNERS: begun outside */
	const char *state; /* a word */
	u64 expires_ms;
	u64 packets, bytes; /* both ways; bytes of IP */
};

struct nat_config {
	u32 inside; /* the inside subnet */
	u8 prefix;
	u64 (*now_ns)(void);		    /* a clock that never goes back */
	u64 seed;			    /* nobody can guess it */
	const struct nat_forward *forwards; /* copied; no two of one protocol and outside port */
	u32 forward_count;		    /* at most NAT_FORWARDS_MAX */
};

/* What follows down to the functions is net/nat*.c's own. */
enum {
	NAT_ACCOUNTS = NAT_OWNERS + NAT_FORWARDS_MAX,
	NAT_BINDINGS = NAT_FORWARDS_MAX + NAT_FLOWS, /* the first ones are the forwards' */
	NAT_BUCKETS = 8192,
	NAT_FRAGMENT_RINGS = NAT_OWNERS + NAT_OUTSIDE_FRAGMENTED / NAT_OWNER_FRAGMENTED,
};

/* Chains of indexes, of flows or bindings, by a hash. */
struct nat_table {
	u16 heads[NAT_BUCKETS];
	u16 next[NAT_BINDINGS];
};

/* The endpoints of a flow. */
struct nat_ends {
	u32 inside, remote;
	u16 inside_port, outside_port, remote_port;
	u8 protocol;
};

struct nat_flow {
	struct nat_ends ends;
	u8 state; /* enum nat_state; NAT_STATES: the entry is free */
	bool begun_outside;
	bool answered,
		established; /* TCP: a SYN of the other side, and the handshake's end, seen */
	bool fin[2];	     /* TCP: seen from the outside, from the inside */
	u16 owner;	     /* or NAT_OWNERS and the forward through which it began outside */
	u16 binding;
	u16 older, newer; /* in the owner's queue of this state; `newer` also in the free list */
	u64 used_ns;	  /* when it was put there */
	u64 packets, bytes;
};

/* What an inside endpoint is outside; for all of its flows. */
struct nat_binding {
	u32 inside;
	u16 inside_port, outside_port;
	u16 flows; /* that use it */
	u8 protocol;
};

/* Flows of one state in the order of their use. */
struct nat_queue {
	u16 oldest, newest, count;
};

struct nat_owner {
	u16 flows;
	struct nat_queue queues[NAT_STATES];
};

/* A packet whose first fragment has passed, as it came, and what it became. */
struct nat_fragmented {
	u64 when_ns;
	u32 source, destination;
	u32 address; /* instead of the source (out) or the destination (in); 0: free */
	u16 id, new_id;
	u16 owner; /* in: of the flow */
	u8 protocol;
};

struct nat_fragment_ring {
	u8 next;
	struct nat_fragmented packets[NAT_OWNER_FRAGMENTED];
};

struct nat {
	struct nat_config config;
	u32 mask;
	u32 outside;
	u32 outside_before; /* or now: of the flows that there are */
	u64 now_ns;	    /* as of this call */
	u64 keys[2], random;
	u16 fragment_id;
	u16 free_flow, free_binding;
	u16 flow_count;
	u16 tick_owner;
	struct nat_counters counters;
	struct nat_owner owners[NAT_ACCOUNTS]; /* behind the VMs', what began outside, by forward */
	struct nat_table flows_inside, flows_outside, bindings_inside, bindings_outside;
	struct nat_binding bindings[NAT_BINDINGS];
	struct nat_flow flows[NAT_FLOWS];
	struct nat_fragment_ring fragments[NAT_FRAGMENT_RINGS];
};

/* Some 900 KiB; begins without outside address. */
void nat_init(struct nat *n, const struct nat_config *config);

/* 0: none for now. Another address forgets all flows: to the other side they were the old one's. */
void nat_set_outside(struct nat *n, u32 address);

/* The inside address of the index-th forward, or 0; a change forgets the flows through it. */
void nat_set_forward(struct nat *n, u32 index, u32 inside);

u32 nat_forward_inside(const struct nat *n, u32 index);

/* An identification for a packet to the outside that has none of the NAT's, and is to be cut. */
u16 nat_fragment_id(struct nat *n);

/* The inside address has a new owner: its flows are forgotten. */
void nat_forget_inside(struct nat *n, u32 inside);

/* The owner, below NAT_OWNERS, has gone: its flows are forgotten, and the next one has its share.
 */
void nat_forget_owner(struct nat *n, u16 owner);

/*
 * An IPv4 packet in at most len bytes, hostile: checked here, from its IP header on; bytes behind
 * the length that the header tells are not looked at. Its length stays as it is, and
 * what is not sent is unchanged, unless its destination is the outside address. owner: below
 * NAT_OWNERS. *beginner: whoever began the flow of what is sent, or NAT_OWNERS; else unchanged.
 */
enum nat_verdict nat_out(struct nat *n, u8 *packet, u32 len, u16 owner);
enum nat_verdict nat_in(struct nat *n, u8 *packet, u32 len, u16 *beginner);

/*
 * Forgets flows whose time is over, at most NAT_TICK_FLOWS; once a second is enough, and no flow
 * lives longer for want of it. True while there are flows.
 */
bool nat_tick(struct nat *n);

/* The flow at or behind *cursor, 0 at first; moves it on. False: no more. */
bool nat_flow_next(struct nat *n, u32 *cursor, struct nat_flow_info *info);

/* Words for a person. */
const char *nat_drop_name(enum nat_drop reason);
