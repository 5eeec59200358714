/* SPDX-License-Identifier: MIT */
/*
 * The NAT's flows: found from both sides, begun within an owner's share, forgotten when their time
 * is over or to make room, and followed through their states. Pure; the lock is the NAT's, and
 * n->now_ns is as of this call.
 */
#pragma once

#include "net/nat.h"

/* All entries free, of all owners. */
void nat_flows_init(struct nat *n);

/* By all ends but the outside port, or all but the inside ones. NULL: none, or its time is over. */
struct nat_flow *nat_flow_find_inside(struct nat *n, const struct nat_ends *ends);
struct nat_flow *nat_flow_find_outside(struct nat *n, const struct nat_ends *ends);

/*
 * A new one, which has not been found: begun from the inside, with an outside port as it comes; or
 * from the outside through a forward, of whose binding the inside end is, by an owner or with
 * NAT_OWNERS by somebody outside. NULL when there is no room, counted.
 */
struct nat_flow *nat_flow_begin_inside(struct nat *n, const struct nat_ends *ends, u16 owner);
struct nat_flow *nat_flow_begin_outside(struct nat *n, const struct nat_ends *ends, u16 owner,
					u16 forward);

/* NAT_OWNERS: somebody outside. */
static inline u16
nat_flow_beginner(const struct nat_flow *flow)
{
	return MIN(flow->owner, (u16)NAT_OWNERS);
}

/* A packet of it passes: len bytes of IP, TCP's flags. */
void nat_flow_advance(struct nat *n, struct nat_flow *flow, u8 tcp_flags, bool from_inside,
		      u32 len);

/* At most `budget` whose time is over. */
void nat_flows_expire(struct nat *n, u32 budget);

/* All; those of this binding; those of this inside address; those that this owner began. */
void nat_flows_forget_all(struct nat *n);
void nat_flows_forget_binding(struct nat *n, u16 binding);
void nat_flows_forget_inside(struct nat *n, u32 inside);
void nat_flows_forget_owner(struct nat *n, u16 owner);
