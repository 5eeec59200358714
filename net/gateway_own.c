/* SPDX-License-Identifier: MIT */
/* What a gateway serves itself: echoes, DHCP, DNS, and who is called what. See net/gateway.h. */
#include "lib/string.h"
#include "net/gateway_internal.h"
#include "net/icmp.h"
#include "net/udp.h"

enum { NAME_TTL_SECONDS = 60 };

/* Whether an owner, VM.N, is a port of this VM, whose name may have dots itself. */
static bool
is_port_of(const char *owner_name, const char *vm)
{
	size_t len = strlen(vm);

	return len > 0 && strncmp(owner_name, vm, len) == 0 && owner_name[len] == '.' &&
	       strchr(owner_name + len + 1, '.') == NULL;
}

/*
 * One card may have leases of several clients that have run in turn, as an initial RAM disk and its
 * system (RFC 2131, section 4.2): the one that started last is there.
 */
static bool
is_later_of_card(const struct dhcp_lease *lease, const struct dhcp_lease *than)
{
	return lease->begun_ns > than->begun_ns &&
	       memcmp(lease->mac, than->mac, ETH_ADDRESS) == 0 &&
	       strcmp(lease->owner_name, than->owner_name) == 0;
}

u32
gateway_address_of(const struct gateway *g, const char *vm)
{
	const struct dhcp_lease *found = NULL;

	for (unsigned i = 0; i < DHCP_LEASES_MAX; i++) {
		const struct dhcp_lease *lease = &g->dhcp.leases[i];

		if (lease->state == DHCP_BOUND && is_port_of(lease->owner_name, vm) &&
		    (found == NULL || is_later_of_card(lease, found)))
			found = lease;
	}
	return found == NULL ? 0 : found->address;
}

static bool
leads_to(const struct nat *n, u32 forward, u32 address)
{
	return address != 0 && nat_forward_inside(n, forward) == address;
}

/* A VM's address is no longer that of another one, to which it may have been seen to belong. */
void
gateway_forward_to(struct gateway *g, const char *owner_name, u32 address)
{
	for (u32 i = 0; g->config.nat && i < g->config.forward_count; i++) {
		const struct gateway_forward *f = &g->config.forwards[i];
		bool its_own = is_port_of(owner_name, f->vm);
		u32 leased;

		if (f->address != 0 || (!its_own && !leads_to(g->config.nat_memory, i, address)))
			continue;
		leased = gateway_address_of(g, f->vm); /* is surer than what was seen */
		nat_set_forward(g->config.nat_memory, i,
				leased != 0 || !its_own ? leased : address);
	}
}

static void
lease_bound(void *arg, const struct dhcp_lease *lease)
{
	struct gateway *g = arg;

	neighbour_bind(&g->neighbours[GATEWAY_INSIDE], lease->address, lease->mac, lease->owner,
		       g->config.now_ns());
	gateway_forward_to(g, lease->owner_name, lease->address);
	gateway_resolved(g, GATEWAY_INSIDE, lease->address);
}

static void
lease_unbound(void *arg, const struct dhcp_lease *lease)
{
	struct gateway *g = arg;

	neighbour_unbind(&g->neighbours[GATEWAY_INSIDE], lease->address);
	gateway_forward_to(g, lease->owner_name, 0);
	if (g->config.nat)
		nat_forget_inside(g->config.nat_memory, lease->address);
}

/* Addresses beyond an owner's share of leases that it shows to be its own are no reason to keep
 * them from others. */
static bool
address_in_use(void *arg, u32 address, const u8 *mac)
{
	struct gateway *g = arg;
	struct neighbours *n = &g->neighbours[GATEWAY_INSIDE];
	const struct neighbour *known = neighbour_find(n, address);

	if (known == NULL || known->state == NEIGHBOUR_ASKED ||
	    memcmp(known->mac, mac, ETH_ADDRESS) == 0)
		return false;
	return known->state == NEIGHBOUR_BOUND ||
	       neighbours_shown_with(n, known) <= g->dhcp.owner_quota;
}

/* A UDP packet whose data stands in the scratch frame already. */
static void
put_udp(struct gateway *g, u32 source, u16 source_port, u32 to, u16 port, u32 len)
{
	(void)udp_put(g->scratch + ETH_HEADER, source, source_port, to, port, g->ip_id++, len);
}

static u8 *
udp_data(struct gateway *g)
{
	return g->scratch + ETH_HEADER + UDP_IPV4_HEADERS;
}

static void
dns_send(void *arg, u32 server, u16 port, const u8 *message, u32 len)
{
	struct gateway *g = arg;
	enum gateway_side side;
	u32 hop;

	if (!gateway_next_hop(g, server, &side, &hop) || side != GATEWAY_OUTSIDE)
		return; /* it is asked again, or fails, when its time is over */
	memcpy(udp_data(g), message, len);
	put_udp(g, g->outside.address, port, server, DNS_PORT, len);
	gateway_send_ip(g, GATEWAY_OUTSIDE, g->scratch, hop, GATEWAY_SELF);
}

static void
dns_answer(void *arg, const struct dns_flow *flow, u8 *message, u32 len)
{
	struct gateway *g = arg;

	if (len > g->config.mtu - (u32)UDP_IPV4_HEADERS)
		len = dns_truncate(message, flow->query.question_len);
	memcpy(udp_data(g), message, len);
	put_udp(g, g->config.address, DNS_PORT, flow->client, flow->client_port, len);
	gateway_send_ip(g, GATEWAY_INSIDE, g->scratch, flow->client, flow->owner);
}

void
gateway_own_init(struct gateway *g)
{
	struct dhcp_server_config dhcp = {.address = g->config.address,
					  .prefix = g->config.prefix,
					  .mtu = g->config.mtu,
					  .router = g->config.nat,
					  .statics = g->config.statics,
					  .static_count = g->config.static_count,
					  .in_use = address_in_use,
					  .bound = lease_bound,
					  .unbound = lease_unbound,
					  .arg = g};

	memcpy(dhcp.domain, g->config.domain, sizeof(dhcp.domain));
	dhcp_server_init(&g->dhcp, &dhcp);
	dns_relay_init(&g->dns, g->config.seed ^ 0x646e73, dns_send, dns_answer, g);
}

static void
serve_dhcp(struct gateway *g, const struct gateway_packet *p, const struct udp *udp)
{
	struct dhcp_answer a;

	/* What waited was no DHCP: only its sender's port may say what its VM is. Each message
	 * looks through all leases, and one that ends a lease through all flows. */
	if (p->owner_name == NULL || !gateway_may_echo(g, p->owner))
		return;
	a = dhcp_server_receive(&g->dhcp, udp->data, udp->len, p->frame + ETH_SOURCE, p->owner,
				p->owner_name, g->config.now_ns(), udp_data(g));
	if (a.len == 0)
		return;
	put_udp(g, g->config.address, DHCP_SERVER_PORT, a.destination, DHCP_CLIENT_PORT, a.len);
	gateway_send_to(g, GATEWAY_INSIDE, g->scratch, a.mac, p->owner);
}

/*
 * A name of one label may be a VM's or a top-level domain. Nobody outside knows a host by one; but
 * of a domain's other records, as those that resolvers validate by (RFC 4035, section 5), we know
 * none.
 */
static bool
may_be_domain(const struct gateway *g, const struct dns_query *q)
{
	return g->config.nat && q->type != DNS_TYPE_A && q->type != DNS_TYPE_AAAA &&
	       q->type != DNS_TYPE_ANY && gateway_address_of(g, q->name) == 0;
}

/* The first label of NAME or NAME.DOMAIN, cut off in place; false for names of elsewhere. */
static bool
is_local_name(const struct gateway *g, struct dns_query *q)
{
	char *dot = strchr(q->name, '.');

	if (q->name[0] == '\0')
		return false;
	if (dot == NULL)
		return !may_be_domain(g, q);
	if (strcmp(dot + 1, g->config.domain) != 0)
		return false;
	*dot = '\0';
	return true;
}

/* An answer about the network's own names, or for host-only that there are no others. 0: it is the
 * relay's to find. */
static u32
answer_locally(struct gateway *g, const u8 *query, struct dns_query *q)
{
	u32 address;

	if (q->class == DNS_CLASS_IN && is_local_name(g, q)) {
		address = gateway_address_of(g, q->name);
		if (address == 0)
			return dns_put_code(udp_data(g), query, q, DNS_NO_NAME);
		if (q->type != DNS_TYPE_A && q->type != DNS_TYPE_ANY)
			return dns_put_code(udp_data(g), query, q, DNS_OK);
		return dns_put_address(udp_data(g), query, q, address, NAME_TTL_SECONDS);
	}
	return g->config.nat ? 0 : dns_put_code(udp_data(g), query, q, DNS_REFUSED);
}

static void
serve_dns(struct gateway *g, const struct gateway_packet *p, const struct udp *udp)
{
	struct dns_query q;
	u32 len;

	if (!dns_check_query(udp->data, udp->len, &q)) {
		gateway_drop(g, GATEWAY_MALFORMED);
		return;
	}
	len = answer_locally(g, udp->data, &q);
	if (len == 0) {
		dns_relay_ask(&g->dns, udp->data, udp->len, &q, p->ip.source, udp->source, p->owner,
			      g->config.now_ns());
		return;
	}
	put_udp(g, g->config.address, DNS_PORT, p->ip.source, udp->source, len);
	gateway_send_to(g, GATEWAY_INSIDE, g->scratch, p->frame + ETH_SOURCE, p->owner);
}

static bool
is_icmp(const struct gateway_packet *p, u8 type)
{
	return gateway_ip(p)[p->ip.header_len + ICMP_TYPE] == type;
}

void
gateway_answer_echo(struct gateway *g, struct gateway_packet *p)
{
	if (ipv4_is_fragment(&p->ip) || !is_icmp(p, ICMP_ECHO) || (p->frame[ETH_DESTINATION] & 1)) {
		gateway_drop(g, GATEWAY_CLOSED);
		return;
	}
	if (!gateway_may_echo(g, p->owner))
		return;
	icmp_make_reply(gateway_ip(p), &p->ip);
	gateway_send_sized(g, p->side, p->frame, p->frame + ETH_SOURCE, p->owner);
}

/* Of either side, to an own address or to all. */
static void
receive_icmp(struct gateway *g, struct gateway_packet *p)
{
	if (!icmp_check(gateway_ip(p), &p->ip))
		gateway_drop(g, GATEWAY_MALFORMED);
	else if (p->ip.source != 0 && ipv4_is_unicast(p->ip.destination) &&
		 !ping_answered(&g->ping, gateway_ip(p), &p->ip, g->config.now_ns()))
		gateway_answer_echo(g, p);
}

static void
receive_udp(struct gateway *g, struct gateway_packet *p)
{
	struct udp udp;
	bool to_us = p->ip.destination == g->config.address && p->ip.source != 0;

	if (!udp_check(gateway_ip(p), &p->ip, &udp)) {
		gateway_drop(g, GATEWAY_MALFORMED);
	} else if (udp.destination == DHCP_SERVER_PORT) {
		serve_dhcp(g, p, &udp);
	} else if (udp.destination == DNS_PORT && to_us) {
		serve_dns(g, p, &udp);
	} else {
		gateway_drop(g, GATEWAY_CLOSED);
		if (to_us)
			gateway_error(g, p, ICMP_UNREACHABLE, ICMP_UNREACHABLE_PORT, 0);
	}
}

void
gateway_own_inside(struct gateway *g, struct gateway_packet *p)
{
	if (ipv4_is_fragment(&p->ip)) {
		gateway_drop(g, GATEWAY_CLOSED);
		return;
	}
	switch (p->ip.protocol) {
	case IP_ICMP: receive_icmp(g, p); break;
	case IP_UDP: receive_udp(g, p); break;
	case IP_TCP:
		gateway_drop(g, GATEWAY_CLOSED);
		if (p->ip.destination == g->config.address)
			gateway_error(g, p, ICMP_UNREACHABLE, ICMP_UNREACHABLE_PORT, 0);
		break;
	default: gateway_drop(g, GATEWAY_CLOSED); break;
	}
}

/* To the DHCP client, whatever address it is sent to: it may have none yet. */
static bool
is_for_client(const struct gateway *g, const struct udp *udp)
{
	return g->config.outside_dhcp && udp->destination == DHCP_CLIENT_PORT &&
	       udp->source == DHCP_SERVER_PORT;
}

bool
gateway_own_outside(struct gateway *g, struct gateway_packet *p)
{
	struct udp udp;
	bool to_us = g->outside.address != 0 && p->ip.destination == g->outside.address;
	const u8 *at = gateway_ip(p) + p->ip.header_len;

	if (ipv4_is_fragment(&p->ip) || ipv4_payload_len(&p->ip) < ICMP_HEADER)
		return false;
	if (p->ip.protocol == IP_ICMP)
		return to_us && is_icmp(p, ICMP_ECHO_REPLY) && be16_at(at + ICMP_ID) == PING_ID &&
		       icmp_check(gateway_ip(p), &p->ip) &&
		       ping_answered(&g->ping, gateway_ip(p), &p->ip, g->config.now_ns());
	/* Most are flows' of NAT: one look at the port, before anything is checked. */
	if (p->ip.protocol != IP_UDP || (be16_at(at + UDP_DESTINATION) != DHCP_CLIENT_PORT &&
					 be16_at(at + UDP_DESTINATION) < DNS_FIRST_PORT))
		return false;
	if (!udp_check(gateway_ip(p), &p->ip, &udp))
		return false;
	if (is_for_client(g, &udp)) {
		dhcp_client_receive(&g->client, udp.data, udp.len, g->config.now_ns());
		return true;
	}
	return to_us && udp.source == DNS_PORT &&
	       dns_relay_receive(&g->dns, p->ip.source, udp.destination, udp.data, udp.len);
}

void
gateway_unclaimed_outside(struct gateway *g, struct gateway_packet *p)
{
	if (!ipv4_is_fragment(&p->ip) && p->ip.protocol == IP_ICMP) {
		receive_icmp(g, p);
		return;
	}
	gateway_drop(g, GATEWAY_CLOSED);
	/* One of the relay's that is silent among others would be known to wait for an answer, and
	 * half of what that has to know with it (RFC 5452, section 9.2). */
	if (p->ip.protocol == IP_UDP &&
	    be16_at(gateway_ip(p) + p->ip.header_len + UDP_DESTINATION) < DNS_FIRST_PORT)
		gateway_error(g, p, ICMP_UNREACHABLE, ICMP_UNREACHABLE_PORT, 0);
}
