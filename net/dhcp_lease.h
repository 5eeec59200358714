/* SPDX-License-Identifier: MIT */
/* The DHCP server's table of leases, for net/dhcp_server.c: whose they are, and which one a client
 * may have. */
#pragma once

#include "net/dhcp_server.h"

#define DHCP_SECOND_NS (1000ul * 1000 * 1000)

/* Who asks, in what message, and when. */
struct dhcp_asker {
	const struct dhcp_message *m;
	unsigned owner;
	const char *owner_name;
	u64 now;
};

/* An address for a host of the subnet, other than the server's. */
bool dhcp_in_subnet(const struct dhcp_server *s, u32 address);

/* The lease of this MAC and client identifier, offered, bound or expired; NULL: none. */
struct dhcp_lease *dhcp_find_lease(struct dhcp_server *s, const struct dhcp_message *m);
bool dhcp_is_owners(const struct dhcp_lease *lease, const struct dhcp_asker *c);

/*
 * The client's lease, if it still may have it. *denied: another VM has it and its time isn't over.
 */
struct dhcp_lease *dhcp_old_lease(struct dhcp_server *s, const struct dhcp_asker *c, bool *denied);

/* Offers what it wants if that is to be had, or else any address (unless `exactly` what it wants);
 * NULL: there is none, or the owner has its share. */
struct dhcp_lease *dhcp_new_lease(struct dhcp_server *s, const struct dhcp_asker *c, u32 wanted,
				  bool exactly);

/* Ends what the lease was until now, and tells who has to know. */
void dhcp_set_state(struct dhcp_server *s, struct dhcp_lease *lease, u8 state, u64 expires_ns);
void dhcp_remove_lease(struct dhcp_server *s, struct dhcp_lease *lease);
