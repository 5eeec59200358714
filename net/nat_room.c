/* SPDX-License-Identifier: MIT */
/*
 * Room for the NAT's flows: see net/nat_room.h. What ends first stands at the head of each queue.
 */
#include "net/nat_room.h"

#include "net/nat_state.h"
#include "net/nat_table.h"

/* The owner's flow that is given up first, of those up to a rank. */
static struct nat_flow *
least_needed(struct nat *n, const struct nat_owner *owner, unsigned rank_max)
{
	struct nat_flow *least = NULL;

	for (unsigned rank = 0; rank <= rank_max && least == NULL; rank++) {
		for (unsigned s = 0; s < NAT_STATES; s++) {
			struct nat_flow *oldest;

			if (nat_states[s].given != rank || owner->queues[s].count == 0)
				continue;
			oldest = &n->flows[owner->queues[s].oldest];
			if (least == NULL || oldest->used_ns < least->used_ns)
				least = oldest;
		}
	}
	return least;
}

/* What owners may have together: a VM alone, and all forwards. */
struct share {
	u32 flows, opening;
	struct nat_owner *most, *most_opening; /* of them */
};

static u32
opening(const struct nat_owner *owner)
{
	return owner->queues[NAT_TCP_OPENING].count;
}

static struct share
share_of(struct nat *n, struct nat_owner *owner)
{
	bool outside = owner >= &n->owners[NAT_OWNERS];
	struct nat_owner *o = outside ? &n->owners[NAT_OWNERS] : owner;
	struct nat_owner *end = outside ? &n->owners[NAT_ACCOUNTS] : owner + 1;
	struct share s = {.most = owner, .most_opening = owner};

	for (; o < end; o++) {
		s.flows += o->flows;
		s.opening += opening(o);
		if (o->flows > s.most->flows)
			s.most = o;
		if (opening(o) > opening(s.most_opening))
			s.most_opening = o;
	}
	return s;
}

static struct share
biggest_share(struct nat *n)
{
	struct share biggest = share_of(n, &n->owners[NAT_OWNERS]);

	for (u32 i = 0; i < NAT_OWNERS; i++) {
		if (n->owners[i].flows > biggest.flows)
			biggest = share_of(n, &n->owners[i]);
	}
	return biggest;
}

/* Those that anybody can have begun who forges his address, and those at their end. */
static u32
unproven(const struct nat_owner *owner)
{
	u32 count = 0;

	for (unsigned s = 0; s < NAT_STATES; s++) {
		if (nat_states[s].given == NAT_GIVEN_FIRST)
			count += owner->queues[s].count;
	}
	return count;
}

/*
 * Of a share in use. A forward gets connections of the one with the most, so that nobody keeps all
 * of them busy through one; but few for what may be forged.
 */
static struct nat_flow *
given_within(struct nat *n, const struct share *share, struct nat_owner *owner)
{
	/* One more or less is no reason to take turns with it. */
	struct nat_owner *most = share->most->flows > owner->flows + 1 ? share->most : owner;
	struct nat_flow *flow = least_needed(n, most, NAT_GIVEN_NEXT);

	if (flow != NULL || most == owner)
		return flow;
	if (unproven(owner) >= NAT_FORWARD_UNPROVEN)
		return least_needed(n, owner, NAT_GIVEN_FIRST);
	return least_needed(n, most, NAT_GIVEN_LAST);
}

struct nat_room
nat_room_for(struct nat *n, u16 index, enum nat_state state)
{
	struct nat_owner *owner = &n->owners[index];
	struct share share = share_of(n, owner), biggest;
	u16 oldest = share.most_opening->queues[NAT_TCP_OPENING].oldest;

	if (state == NAT_TCP_OPENING && share.opening >= NAT_OWNER_HALF_OPEN)
		return (struct nat_room){.given = &n->flows[oldest]};
	if (share.flows >= NAT_OWNER_FLOWS)
		return (struct nat_room){.given = given_within(n, &share, owner),
					 .otherwise = NAT_DROP_FULL_OWNER};
	if (n->free_flow != NAT_NONE)
		return (struct nat_room){.free = true};
	biggest = biggest_share(n);
	if (biggest.flows <= share.flows + 1)
		return (struct nat_room){.given = least_needed(n, owner, NAT_GIVEN_NEXT),
					 .otherwise = NAT_DROP_FULL};
	return (struct nat_room){.given = least_needed(n, biggest.most, NAT_GIVEN_LAST),
				 .otherwise = NAT_DROP_FULL};
}
