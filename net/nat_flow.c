/* SPDX-License-Identifier: MIT */
/*
 * The NAT's flows: see net/nat_flow.h.
 *
 * Each owner has a queue of its flows per state, in the order of their last use, so that what ends
 * first stands at its head. To spare most packets the queue, a flow moves only when it was last
 * put there USED_GRAIN_NS ago; it is given that much longer.
 */
#include "net/nat_flow.h"

#include "net/nat_binding.h"
#include "net/nat_room.h"
#include "net/nat_state.h"
#include "net/nat_table.h"

#define NS_PER_S      1000000000ul
#define USED_GRAIN_NS NS_PER_S

static u16
index_of(const struct nat *n, const struct nat_flow *flow)
{
	return (u16)(flow - n->flows);
}

static struct nat_queue *
queue_of(struct nat *n, const struct nat_flow *flow)
{
	return &n->owners[flow->owner].queues[flow->state];
}

static u32
inside_bucket(const struct nat *n, const struct nat_ends *e)
{
	return nat_bucket(n, (struct nat_key){(u64)e->inside << 32 | e->remote,
					      (u64)e->protocol << 32 | (u64)e->inside_port << 16 |
						      e->remote_port});
}

static u32
outside_bucket(const struct nat *n, const struct nat_ends *e)
{
	return nat_bucket(n, (struct nat_key){e->remote, (u64)e->protocol << 32 |
								 (u64)e->outside_port << 16 |
								 e->remote_port});
}

void
nat_flows_init(struct nat *n)
{
	n->free_flow = NAT_NONE;
	for (u32 i = NAT_FLOWS; i-- > 0;) {
		n->flows[i].state = NAT_STATES;
		n->flows[i].newer = n->free_flow;
		n->free_flow = (u16)i;
	}
	for (u32 i = 0; i < NAT_ACCOUNTS; i++) {
		n->owners[i].flows = 0;
		for (u32 s = 0; s < NAT_STATES; s++)
			n->owners[i].queues[s] = (struct nat_queue){NAT_NONE, NAT_NONE, 0};
	}
}

static u64
ends_ns(const struct nat_flow *flow)
{
	return flow->used_ns + nat_states[flow->state].timeout_s * NS_PER_S + USED_GRAIN_NS;
}

/* At its queue's end: used now. */
static void
enqueue(struct nat *n, struct nat_flow *flow)
{
	struct nat_queue *q = queue_of(n, flow);
	u16 index = index_of(n, flow);

	flow->used_ns = n->now_ns;
	flow->older = q->newest;
	flow->newer = NAT_NONE;
	if (q->newest == NAT_NONE)
		q->oldest = index;
	else
		n->flows[q->newest].newer = index;
	q->newest = index;
	q->count++;
}

static void
dequeue(struct nat *n, struct nat_flow *flow)
{
	struct nat_queue *q = queue_of(n, flow);

	if (flow->older == NAT_NONE)
		q->oldest = flow->newer;
	else
		n->flows[flow->older].newer = flow->newer;
	if (flow->newer == NAT_NONE)
		q->newest = flow->older;
	else
		n->flows[flow->newer].older = flow->older;
	q->count--;
}

static void
forget(struct nat *n, struct nat_flow *flow)
{
	u16 index = index_of(n, flow);

	dequeue(n, flow);
	nat_table_remove(&n->flows_inside, inside_bucket(n, &flow->ends), index);
	nat_table_remove(&n->flows_outside, outside_bucket(n, &flow->ends), index);
	nat_binding_put(n, flow->binding);
	n->owners[flow->owner].flows--;
	n->flow_count--;
	flow->state = NAT_STATES;
	flow->newer = n->free_flow;
	n->free_flow = index;
}

/* What was found, while its time is not over. */
static struct nat_flow *
living(struct nat *n, u16 index)
{
	if (index == NAT_NONE)
		return NULL;
	if (n->now_ns < ends_ns(&n->flows[index]))
		return &n->flows[index];
	forget(n, &n->flows[index]);
	return NULL;
}

struct nat_flow *
nat_flow_find_inside(struct nat *n, const struct nat_ends *ends)
{
	u16 i = n->flows_inside.heads[inside_bucket(n, ends)];

	for (; i != NAT_NONE; i = n->flows_inside.next[i]) {
		const struct nat_ends *e = &n->flows[i].ends;

		if (e->inside == ends->inside && e->remote == ends->remote &&
		    e->inside_port == ends->inside_port && e->remote_port == ends->remote_port &&
		    e->protocol == ends->protocol)
			break;
	}
	return living(n, i);
}

struct nat_flow *
nat_flow_find_outside(struct nat *n, const struct nat_ends *ends)
{
	u16 i = n->flows_outside.heads[outside_bucket(n, ends)];

	for (; i != NAT_NONE; i = n->flows_outside.next[i]) {
		const struct nat_ends *e = &n->flows[i].ends;

		if (e->outside_port == ends->outside_port && e->remote == ends->remote &&
		    e->remote_port == ends->remote_port && e->protocol == ends->protocol)
			break;
	}
	return living(n, i);
}

/* An entry is free then. */
static bool
make_room(struct nat *n, u16 owner, enum nat_state state)
{
	struct nat_room room = nat_room_for(n, owner, state);

	if (room.free)
		return true;
	if (room.given == NULL) {
		n->counters.dropped[room.otherwise]++;
		return false;
	}
	forget(n, room.given);
	n->counters.flows_reused++;
	return true;
}

/* With an entry free, and a binding held for it, which is given back if it fails. */
static struct nat_flow *
begin(struct nat *n, const struct nat_ends *ends, u16 owner, u16 binding)
{
	u32 inside = inside_bucket(n, ends), outside = outside_bucket(n, ends);
	u16 index = n->free_flow;
	struct nat_flow *flow = &n->flows[index];

	if (!nat_table_has_room(&n->flows_inside, inside) ||
	    !nat_table_has_room(&n->flows_outside, outside)) {
		nat_binding_put(n, binding);
		n->counters.dropped[NAT_DROP_FULL]++;
		return NULL;
	}
	n->free_flow = flow->newer;
	*flow = (struct nat_flow){.ends = *ends,
				  .state = (u8)nat_state_first(ends->protocol),
				  .owner = owner,
				  .binding = binding};
	nat_table_insert(&n->flows_inside, inside, index);
	nat_table_insert(&n->flows_outside, outside, index);
	enqueue(n, flow);
	n->owners[owner].flows++;
	n->flow_count++;
	n->counters.flows_begun++;
	return flow;
}

struct nat_flow *
nat_flow_begin_inside(struct nat *n, const struct nat_ends *ends, u16 owner)
{
	struct nat_ends whole = *ends;
	u16 binding;

	/* First, for what goes may be the last flow of a binding. */
	if (!make_room(n, owner, nat_state_first(ends->protocol)))
		return NULL;
	binding = nat_binding_get(n, ends->protocol, ends->inside, ends->inside_port);
	if (binding == NAT_NONE) {
		n->counters.dropped[NAT_DROP_FULL]++;
		return NULL;
	}
	whole.outside_port = n->bindings[binding].outside_port;
	return begin(n, &whole, owner, binding);
}

struct nat_flow *
nat_flow_begin_outside(struct nat *n, const struct nat_ends *ends, u16 owner, u16 forward)
{
	struct nat_flow *flow;

	if (owner == NAT_OWNERS)
		owner = (u16)(NAT_OWNERS + forward);
	if (!make_room(n, owner, nat_state_first(ends->protocol)))
		return NULL;
	n->bindings[forward].flows++;
	flow = begin(n, ends, owner, forward);
	if (flow != NULL)
		flow->begun_outside = true;
	return flow;
}

void
nat_flow_advance(struct nat *n, struct nat_flow *flow, u8 tcp_flags, bool from_inside, u32 len)
{
	enum nat_state state = nat_state_next(flow, tcp_flags, from_inside);

	flow->packets++;
	flow->bytes += len;
	if (state == flow->state && n->now_ns - flow->used_ns < USED_GRAIN_NS)
		return;
	dequeue(n, flow);
	flow->state = (u8)state;
	enqueue(n, flow);
}

/* Answers what is left of the budget. */
static u32
expire_owner(struct nat *n, const struct nat_owner *owner, u32 budget)
{
	for (u32 s = 0; s < NAT_STATES; s++) {
		while (owner->queues[s].count != 0) {
			struct nat_flow *oldest = &n->flows[owner->queues[s].oldest];

			if (n->now_ns < ends_ns(oldest))
				break;
			if (budget == 0)
				return 0;
			forget(n, oldest);
			budget--;
		}
	}
	return budget;
}

void
nat_flows_expire(struct nat *n, u32 budget)
{
	for (u32 i = 0; i < NAT_ACCOUNTS && budget != 0; i++) {
		budget = expire_owner(n, &n->owners[n->tick_owner], budget);
		if (budget != 0)
			n->tick_owner = (u16)((n->tick_owner + 1) % NAT_ACCOUNTS);
	}
}

void
nat_flows_forget_all(struct nat *n)
{
	for (u32 i = 0; i < NAT_FLOWS; i++) {
		if (n->flows[i].state != NAT_STATES)
			forget(n, &n->flows[i]);
	}
}

void
nat_flows_forget_binding(struct nat *n, u16 binding)
{
	for (u32 i = 0; i < NAT_FLOWS && n->bindings[binding].flows != 0; i++) {
		if (n->flows[i].state != NAT_STATES && n->flows[i].binding == binding)
			forget(n, &n->flows[i]);
	}
}

void
nat_flows_forget_inside(struct nat *n, u32 inside)
{
	for (u32 i = 0; i < NAT_FLOWS; i++) {
		if (n->flows[i].state != NAT_STATES && n->flows[i].ends.inside == inside)
			forget(n, &n->flows[i]);
	}
}

void
nat_flows_forget_owner(struct nat *n, u16 owner)
{
	struct nat_queue *queues = n->owners[owner].queues;

	for (u32 s = 0; s < NAT_STATES; s++) {
		while (queues[s].count != 0)
			forget(n, &n->flows[queues[s].oldest]);
	}
}

bool
nat_flow_next(struct nat *n, u32 *cursor, struct nat_flow_info *info)
{
	const struct nat_flow *flow;
	u64 now = n->config.now_ns();

	while (*cursor < NAT_FLOWS &&
	       (n->flows[*cursor].state == NAT_STATES || ends_ns(&n->flows[*cursor]) <= now))
		(*cursor)++;
	if (*cursor >= NAT_FLOWS)
		return false;
	flow = &n->flows[(*cursor)++];
	*info = (struct nat_flow_info){.protocol = flow->ends.protocol,
				       .inside = flow->ends.inside,
				       .remote = flow->ends.remote,
				       .inside_port = flow->ends.inside_port,
				       .outside_port = flow->ends.outside_port,
				       .remote_port = flow->ends.remote_port,
				       .owner = nat_flow_beginner(flow),
				       .state = nat_states[flow->state].name,
				       .expires_ms = (ends_ns(flow) - now) / 1000000,
				       .packets = flow->packets,
				       .bytes = flow->bytes};
	return true;
}
