/* SPDX-License-Identifier: MIT */
/*
 * A DHCP server of one subnet (RFC 2131). Leases belong to a MAC, a client identifier and the VM's
 * port that asked (its owner), are kept after they have run out as long as nobody else needs the
 * address, and are given to the same client again. An owner has a bounded share of the pool. Pure.
 *
 * A port is known by its name too: a VM that comes back on another port of the switch keeps its
 * leases, and another VM that pretends to have its MAC doesn't get them while they last.
 */
#pragma once

#include "net/dhcp.h"

enum {
	DHCP_POOL_MAX = 4096, /* addresses: the first of a larger subnet */
	DHCP_LEASES_MAX = 1152,
	DHCP_OWNER_LEASES = 16,	 /* less where the pool is small, at least 2 */
	DHCP_OWNER_DECLINED = 4, /* addresses held aside at one owner's word */
	DHCP_STATICS_MAX = 64,
	DHCP_OWNER_NAME_MAX = 47,
	DHCP_DOMAIN_MAX = 63,
	DHCP_LEASE_SECONDS = 3600,
	DHCP_OFFER_SECONDS = 60,
	DHCP_DECLINE_SECONDS = 600,
};

/* An address that is always that MAC's. */
struct dhcp_static {
	u8 mac[ETH_ADDRESS];
	u32 address;
};

enum dhcp_lease_state { DHCP_FREE, DHCP_OFFERED, DHCP_BOUND, DHCP_EXPIRED, DHCP_DECLINED };

struct dhcp_lease {
	u32 address;
	u8 mac[ETH_ADDRESS];
	u8 state; /* enum dhcp_lease_state */
	bool is_static;
	u8 id_len;
	u8 id[DHCP_ID_MAX];
	u16 owner;
	char owner_name[DHCP_OWNER_NAME_MAX + 1];
	char host_name[DHCP_NAME_MAX + 1]; /* as the client says; may be empty */
	u64 expires_ns;			   /* offer, lease or hold */
	u64 begun_ns; /* when the client started, for it, and did not renew it */
};

struct dhcp_server_config {
	u32 address; /* its own, which is router (if it is one) and DNS server too */
	unsigned prefix;
	u16 mtu;
	bool router;
	char domain[DHCP_DOMAIN_MAX + 1]; /* may be empty */
	const struct dhcp_static *statics;
	unsigned static_count;
	/* Whether someone else is seen to have this address without a lease. */
	bool (*in_use)(void *arg, u32 address, const u8 *mac);
	/* A lease was bound, or is no longer. */
	void (*bound)(void *arg, const struct dhcp_lease *lease);
	void (*unbound)(void *arg, const struct dhcp_lease *lease);
	void *arg;
};

struct dhcp_server {
	struct dhcp_server_config config;
	u32 first; /* of the pool */
	u32 size;  /* of the pool */
	u16 owner_quota;
	u16 by_offset[DHCP_POOL_MAX]; /* index + 1 of the lease on first + offset */
	struct dhcp_lease leases[DHCP_LEASES_MAX];
	u64 malformed, no_address, naks, spoofed; /* messages, for a person */
};

/* The config is copied; its statics stay the caller's. */
void dhcp_server_init(struct dhcp_server *s, const struct dhcp_server_config *config);

/* Where an answer goes. */
struct dhcp_answer {
	u32 len;	 /* of the message; 0: there is no answer */
	u32 destination; /* or the broadcast address */
	u8 mac[ETH_ADDRESS];
};

/*
 * A message from a client's port; `source` is the frame's, which has to be the client's. The answer
 * is written to `out`, DHCP_MAX bytes.
 */
struct dhcp_answer dhcp_server_receive(struct dhcp_server *s, const u8 *at, u32 len,
				       const u8 *source, unsigned owner, const char *owner_name,
				       u64 now, u8 *out);

/* Ends what has run out. Each second or so. */
void dhcp_server_tick(struct dhcp_server *s, u64 now);

/* The i'th lease that there is, for a listing; NULL behind the last. */
const struct dhcp_lease *dhcp_server_lease(const struct dhcp_server *s, unsigned i);
