/* SPDX-License-Identifier: MIT */
/*
 * A DHCP client for one address (RFC 2131, section 4.4), fed with hostile answers. It asks as long
 * as its link is up, and keeps what it has over a short loss of it. What it gets anew it probes for
 * about a second before it is used, and declines when somebody else has it (section 4.4.1). Pure.
 */
#pragma once

#include "net/dhcp.h"

enum dhcp_client_state {
	DHCP_CLIENT_OFF,	/* no link */
	DHCP_CLIENT_SELECTING,	/* discovers */
	DHCP_CLIENT_REQUESTING, /* has chosen an offer */
	DHCP_CLIENT_REBOOTING,	/* asks whether what it had still holds */
	DHCP_CLIENT_PROBING,	/* looks for somebody else who has what it got */
	DHCP_CLIENT_BOUND,
	DHCP_CLIENT_RENEWING,
	DHCP_CLIENT_REBINDING,
	DHCP_CLIENT_STATES
};

/* What the server said; host order. Zero: not known. */
struct dhcp_client_lease {
	u32 address, router, server;
	unsigned prefix;
	u32 dns[DHCP_DNS_MAX];
	unsigned dns_count;
	u16 mtu;
};

struct dhcp_client {
	u8 state; /* enum dhcp_client_state */
	u8 tries;
	u8 mac[ETH_ADDRESS];
	u32 xid;
	u64 random;
	struct dhcp_client_lease lease; /* address 0: none; not to be used before BOUND */
	u64 began_ns;			/* what is being asked for */
	u64 next_ns;			/* the next message */
	u64 t1_ns, t2_ns, end_ns;	/* the lease; ~0: never */
	u64 refused;			/* messages that were no answer to ours */
	u64 declined;			/* addresses that somebody else had */
	/* A message to be sent from port 68 to port 67; source and destination as in section 4.1.
	 */
	void (*send)(void *arg, u32 source, u32 destination, const u8 *message, u32 len);
	/* Asks all on the link by ARP who has an address (RFC 5227, section 2.1.1). */
	void (*probe)(void *arg, u32 address);
	/* Whether an address may be used here at all. */
	bool (*acceptable)(void *arg, const struct dhcp_client_lease *lease);
	/* lease: what is had from now on; NULL: nothing any more. */
	void (*changed)(void *arg, const struct dhcp_client_lease *lease);
	void *arg;
};

/* The caller has set mac, random (any), send, probe, acceptable, changed, arg. */
void dhcp_client_init(struct dhcp_client *c);
void dhcp_client_link(struct dhcp_client *c, bool up, u64 now);
void dhcp_client_receive(struct dhcp_client *c, const u8 *at, u32 len, u64 now);
/* Somebody else has, or probes, the address that is being probed: dhcp_client_probed(). */
void dhcp_client_conflict(struct dhcp_client *c, u64 now);
/* As often as it's wanted to be exact: 100 ms. */
void dhcp_client_tick(struct dhcp_client *c, u64 now);

const char *dhcp_client_state_name(const struct dhcp_client *c);

/* Whether it has an address that may be used. */
static inline bool
dhcp_client_has_address(const struct dhcp_client *c)
{
	return c->state >= DHCP_CLIENT_BOUND;
}

/* The address that it looks for among others now, or 0. */
static inline u32
dhcp_client_probed(const struct dhcp_client *c)
{
	return c->state == DHCP_CLIENT_PROBING ? c->lease.address : 0;
}
