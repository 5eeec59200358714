/* SPDX-License-Identifier: MIT */
/* Network address translation: see net/nat.h. Here are the ways of a packet, out and in. */
#include "net/nat.h"

#include "include/panic.h"
#include "lib/string.h"
#include "net/nat_binding.h"
#include "net/nat_flow.h"
#include "net/nat_fragment.h"
#include "net/nat_packet.h"
#include "net/nat_table.h"

/* A seed's bits spread over a key, which is odd: a key of few bits would mix badly. */
static u64
key_from(u64 seed)
{
	seed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9ul;
	seed = (seed ^ seed >> 27) * 0x94d049bb133111ebul;
	return (seed ^ seed >> 31) | 1;
}

void
nat_init(struct nat *n, const struct nat_config *config)
{
	ASSERT(config->forward_count <= NAT_FORWARDS_MAX);
	memset(n, 0, sizeof(*n));
	n->config = *config;
	n->mask = ipv4_mask(config->prefix);
	n->keys[0] = key_from(config->seed + 0x9e3779b97f4a7c15ul);
	n->keys[1] = key_from(config->seed + 2 * 0x9e3779b97f4a7c15ul);
	n->random = config->seed;
	n->fragment_id = (u16)nat_random(n);
	memset(n->flows_inside.heads, 0xff, sizeof(n->flows_inside.heads));
	memset(n->flows_outside.heads, 0xff, sizeof(n->flows_outside.heads));
	memset(n->bindings_inside.heads, 0xff, sizeof(n->bindings_inside.heads));
	memset(n->bindings_outside.heads, 0xff, sizeof(n->bindings_outside.heads));
	nat_bindings_init(n);
	nat_flows_init(n);
	n->config.forwards = NULL; /* the bindings have them */
}

void
nat_set_outside(struct nat *n, u32 address)
{
	n->outside = address;
	if (address == 0 || address == n->outside_before)
		return;
	n->outside_before = address;
	nat_flows_forget_all(n);
	nat_fragments_forget(n);
}

void
nat_set_forward(struct nat *n, u32 index, u32 inside)
{
	ASSERT(index < n->config.forward_count);
	if (n->bindings[index].inside == inside)
		return;
	nat_flows_forget_binding(n, (u16)index);
	nat_binding_set_forward(n, (u16)index, inside);
}

u32
nat_forward_inside(const struct nat *n, u32 index)
{
	ASSERT(index < n->config.forward_count);
	return n->bindings[index].inside;
}

u16
nat_fragment_id(struct nat *n)
{
	return n->fragment_id++;
}

void
nat_forget_inside(struct nat *n, u32 inside)
{
	nat_flows_forget_inside(n, inside);
	nat_fragments_forget_inside(n, inside);
}

void
nat_forget_owner(struct nat *n, u16 owner)
{
	ASSERT(owner < NAT_OWNERS);
	nat_flows_forget_owner(n, owner);
	*nat_fragment_ring_out(n, owner) = (struct nat_fragment_ring){0};
}

bool
nat_tick(struct nat *n)
{
	n->now_ns = n->config.now_ns();
	nat_flows_expire(n, NAT_TICK_FLOWS);
	return n->flow_count != 0;
}

const char *
nat_drop_name(enum nat_drop reason)
{
	static const char *const names[NAT_DROPS] = {
		[NAT_DROP_DOWN] = "no outside address",
		[NAT_DROP_MALFORMED] = "malformed",
		[NAT_DROP_ADDRESS] = "bad address",
		[NAT_DROP_PROTOCOL] = "other protocol",
		[NAT_DROP_FRAGMENT] = "fragment without its first",
		[NAT_DROP_NO_FLOW] = "of no flow",
		[NAT_DROP_STRANGER] = "not from the flow's remote",
		[NAT_DROP_ICMP_ERROR] = "ICMP error about no flow",
		[NAT_DROP_FULL_OWNER] = "owner's share in use",
		[NAT_DROP_FULL] = "table full",
	};

	return names[reason];
}

static enum nat_verdict
drop(struct nat *n, enum nat_drop reason)
{
	n->counters.dropped[reason]++;
	return NAT_DROP;
}

static enum nat_verdict
drop_kind(struct nat *n, enum nat_packet_kind kind)
{
	return drop(n, kind == NAT_PACKET_OTHER ? NAT_DROP_PROTOCOL : NAT_DROP_MALFORMED);
}

static bool
is_inside(const struct nat *n, u32 address)
{
	return ((address ^ n->config.inside) & n->mask) == 0;
}

/* An address of the subnet that a host may have. */
static bool
is_inside_host(const struct nat *n, u32 address)
{
	u32 host = address & ~n->mask;

	return is_inside(n, address) && host != 0 && host != ~n->mask;
}

/* TCP begins with a SYN alone (RFC 5382, REQ-1); an answer to an echo begins nothing. */
static bool
may_begin(const struct nat_packet *p)
{
	switch (p->ip.protocol) {
	case IP_TCP: return (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
	case IP_UDP: return true;
	default: return p->payload[ICMP_TYPE] == ICMP_ECHO;
	}
}

/* Before it is changed otherwise. */
static void
note_first_fragment_out(struct nat *n, struct nat_packet *p, u16 owner)
{
	struct nat_fragmented *note =
		nat_fragment_note(n, nat_fragment_ring_out(n, owner), &p->ip, n->outside);

	note->new_id = nat_fragment_id(n);
	nat_packet_set_id(p, note->new_id);
}

static enum nat_verdict
out_flow(struct nat *n, struct nat_packet *p, u16 owner)
{
	const struct nat_ends ends = {.inside = p->ip.source,
				      .remote = p->ip.destination,
				      .inside_port = p->ports[NAT_SOURCE],
				      .remote_port = p->ports[NAT_DESTINATION],
				      .protocol = p->ip.protocol};
	struct nat_flow *flow = nat_flow_find_inside(n, &ends);

	if (flow == NULL) {
		if (!may_begin(p))
			return drop(n, NAT_DROP_NO_FLOW);
		/* To a port of ours that leads nowhere: no flow is spent on it. */
		if (p->ip.destination == n->outside &&
		    nat_binding_of_port(n, ends.protocol, ends.remote_port) == NAT_NONE)
			return drop(n, NAT_DROP_STRANGER);
		flow = nat_flow_begin_inside(n, &ends, owner);
		if (flow == NULL)
			return NAT_FULL;
	}
	nat_flow_advance(n, flow, p->tcp_flags, true, p->ip.len);
	if (p->ip.more)
		note_first_fragment_out(n, p, owner);
	nat_packet_set_end(p, NAT_SOURCE, n->outside, flow->ends.outside_port);
	return NAT_SEND;
}

static enum nat_verdict
out_fragment(struct nat *n, struct nat_packet *p, u16 owner)
{
	const struct nat_fragmented *note =
		nat_fragment_find(n, nat_fragment_ring_out(n, owner), &p->ip);

	if (note == NULL)
		return drop(n, NAT_DROP_FRAGMENT);
	nat_packet_set_address(p, NAT_SOURCE, note->address);
	nat_packet_set_id(p, note->new_id);
	return NAT_SEND;
}

/*
 * About a packet that came in: only by whom it was for and to whom it was from, lest one VM ends
 * another one's flows. An error is no use of the flow (RFC 5508, REQ-6; RFC 5382, REQ-10).
 */
static enum nat_verdict
out_icmp_error(struct nat *n, struct nat_packet *p)
{
	struct nat_packet quoted;
	struct nat_ends ends;
	const struct nat_flow *flow;

	if (!nat_packet_parse_quoted(&quoted, p) || quoted.ip.destination != p->ip.source ||
	    quoted.ip.source != p->ip.destination)
		return drop(n, NAT_DROP_ICMP_ERROR);
	ends = (struct nat_ends){.inside = quoted.ip.destination,
				 .remote = quoted.ip.source,
				 .inside_port = quoted.ports[NAT_DESTINATION],
				 .remote_port = quoted.ports[NAT_SOURCE],
				 .protocol = quoted.ip.protocol};
	flow = nat_flow_find_inside(n, &ends);
	if (flow == NULL)
		return drop(n, NAT_DROP_ICMP_ERROR);
	nat_packet_set_quoted_end(p, &quoted, NAT_DESTINATION, n->outside, flow->ends.outside_port);
	nat_packet_set_address(p, NAT_SOURCE, n->outside);
	return NAT_SEND;
}

/* Through a forward, by a packet from the outside, of no flow yet. */
static enum nat_verdict
begin_forwarded(struct nat *n, const struct nat_packet *p, struct nat_ends *ends, u16 owner,
		struct nat_flow **flow)
{
	u16 binding = nat_binding_of_port(n, ends->protocol, ends->outside_port);

	if (binding == NAT_NONE)
		return NAT_NOT_MINE;
	if (!nat_binding_is_forward(binding) || n->bindings[binding].inside == 0)
		return drop(n, NAT_DROP_STRANGER);
	if (!may_begin(p))
		return drop(n, NAT_DROP_NO_FLOW);
	ends->inside = n->bindings[binding].inside;
	ends->inside_port = n->bindings[binding].inside_port;
	/* Two forwards to one endpoint, and a remote that uses one port for both: it could not
	 * tell the answers apart, nor could we. */
	if (nat_flow_find_inside(n, ends) != NULL)
		return drop(n, NAT_DROP_STRANGER);
	*flow = nat_flow_begin_outside(n, ends, owner, binding);
	return *flow == NULL ? NAT_FULL : NAT_SEND;
}

/* *owner: on whose account a new flow is; then who began the packet's. Likewise below. */
static enum nat_verdict
in_flow(struct nat *n, struct nat_packet *p, u16 *owner)
{
	struct nat_ends ends = {.remote = p->ip.source,
				.remote_port = p->ports[NAT_SOURCE],
				.outside_port = p->ports[NAT_DESTINATION],
				.protocol = p->ip.protocol};
	struct nat_flow *flow = nat_flow_find_outside(n, &ends);

	if (flow == NULL) {
		enum nat_verdict verdict = begin_forwarded(n, p, &ends, *owner, &flow);

		if (verdict != NAT_SEND)
			return verdict;
	}
	if (p->ip.more)
		nat_fragment_note(n, nat_fragment_ring_in(n, p->ip.id), &p->ip, flow->ends.inside)
			->owner = nat_flow_beginner(flow);
	*owner = nat_flow_beginner(flow);
	nat_flow_advance(n, flow, p->tcp_flags, false, p->ip.len);
	nat_packet_set_end(p, NAT_DESTINATION, flow->ends.inside, flow->ends.inside_port);
	return NAT_SEND;
}

static enum nat_verdict
in_fragment(struct nat *n, struct nat_packet *p, u16 *owner)
{
	const struct nat_fragmented *note =
		nat_fragment_find(n, nat_fragment_ring_in(n, p->ip.id), &p->ip);

	if (note == NULL)
		return drop(n, NAT_DROP_FRAGMENT);
	*owner = note->owner;
	nat_packet_set_address(p, NAT_DESTINATION, note->address);
	return NAT_SEND;
}

/* About a packet that went out: from any router on its way. */
static enum nat_verdict
in_icmp_error(struct nat *n, struct nat_packet *p, u16 *owner)
{
	struct nat_packet quoted;
	struct nat_ends ends;
	const struct nat_flow *flow;

	if (!nat_packet_parse_quoted(&quoted, p) || quoted.ip.source != n->outside)
		return drop(n, NAT_DROP_ICMP_ERROR);
	ends = (struct nat_ends){.remote = quoted.ip.destination,
				 .remote_port = quoted.ports[NAT_DESTINATION],
				 .outside_port = quoted.ports[NAT_SOURCE],
				 .protocol = quoted.ip.protocol};
	flow = nat_flow_find_outside(n, &ends);
	if (flow == NULL) {
		if (nat_binding_of_port(n, ends.protocol, ends.outside_port) == NAT_NONE)
			return NAT_NOT_MINE;
		return drop(n, NAT_DROP_ICMP_ERROR);
	}
	*owner = nat_flow_beginner(flow);
	nat_packet_set_quoted_end(p, &quoted, NAT_SOURCE, flow->ends.inside,
				  flow->ends.inside_port);
	nat_packet_set_address(p, NAT_DESTINATION, flow->ends.inside);
	return NAT_SEND;
}

/* A packet to the outside address, its IP header parsed. */
static enum nat_verdict
in_parsed(struct nat *n, struct nat_packet *p, u16 *owner)
{
	enum nat_packet_kind kind = nat_packet_parse(p);

	switch (kind) {
	case NAT_PACKET_FLOW: return in_flow(n, p, owner);
	case NAT_PACKET_ICMP_ERROR: return in_icmp_error(n, p, owner);
	case NAT_PACKET_FRAGMENT: return in_fragment(n, p, owner);
	default: return drop_kind(n, kind);
	}
}

enum nat_verdict
nat_in(struct nat *n, u8 *packet, u32 len, u16 *beginner)
{
	struct nat_packet p;
	enum nat_verdict verdict;
	u16 owner = NAT_OWNERS;

	n->now_ns = n->config.now_ns();
	if (!nat_packet_parse_ip(&p, packet, len))
		return drop(n, NAT_DROP_MALFORMED);
	if (n->outside == 0 || p.ip.destination != n->outside)
		return NAT_NOT_MINE;
	if (!ipv4_is_unicast(p.ip.source) || is_inside(n, p.ip.source) || p.ip.source == n->outside)
		return drop(n, NAT_DROP_ADDRESS);
	verdict = in_parsed(n, &p, &owner);
	if (verdict != NAT_SEND)
		return verdict;
	*beginner = owner;
	n->counters.sent_in++;
	return NAT_SEND;
}

static enum nat_verdict
out_parsed(struct nat *n, struct nat_packet *p, u16 owner)
{
	enum nat_packet_kind kind = nat_packet_parse(p);

	switch (kind) {
	case NAT_PACKET_FLOW: return out_flow(n, p, owner);
	case NAT_PACKET_ICMP_ERROR: return out_icmp_error(n, p);
	case NAT_PACKET_FRAGMENT: return out_fragment(n, p, owner);
	default: return drop_kind(n, kind);
	}
}

/* What went out to the outside address itself comes in again, seen as by anybody outside. */
static enum nat_verdict
turn_back(struct nat *n, struct nat_packet *p, u16 owner)
{
	enum nat_verdict verdict = in_parsed(n, p, &owner);

	switch (verdict) {
	case NAT_SEND: n->counters.hairpinned++; return NAT_HAIRPIN;
	case NAT_NOT_MINE: return drop(n, NAT_DROP_STRANGER);
	default: return verdict;
	}
}

enum nat_verdict
nat_out(struct nat *n, u8 *packet, u32 len, u16 owner)
{
	struct nat_packet p;
	enum nat_verdict verdict;

	ASSERT(owner < NAT_OWNERS);
	n->now_ns = n->config.now_ns();
	if (n->outside == 0)
		return drop(n, NAT_DROP_DOWN);
	if (!nat_packet_parse_ip(&p, packet, len))
		return drop(n, NAT_DROP_MALFORMED);
	if (!is_inside_host(n, p.ip.source) || !ipv4_is_unicast(p.ip.destination) ||
	    is_inside(n, p.ip.destination))
		return drop(n, NAT_DROP_ADDRESS);
	verdict = out_parsed(n, &p, owner);
	if (verdict != NAT_SEND)
		return verdict;
	if (p.ip.destination == n->outside)
		return turn_back(n, &p, owner);
	n->counters.sent_out++;
	return NAT_SEND;
}
