/* SPDX-License-Identifier: MIT */
/* A gateway's frames on their way in, and its time: see net/gateway.h. */
#include "net/gateway.h"

#include "lib/log.h"
#include "lib/string.h"
#include "net/gateway_internal.h"
#include "net/udp.h"

#define SECOND_NS	 (1000ul * 1000 * 1000)
#define ECHO_INTERVAL_NS (1000ul * 1000) /* 1000 a second, 100 at once; ARP and DHCP too */
#define ECHO_BURST_NS	 (100ul * ECHO_INTERVAL_NS)

/* A clock of what was allowed runs ahead of time by at most the burst. */
bool
gateway_rate(struct gateway *g, u64 *when_ns, u64 interval_ns, u64 burst_ns)
{
	u64 now = g->config.now_ns(), when = MAX(*when_ns, now);

	if (when - now >= burst_ns) {
		gateway_drop(g, GATEWAY_RATE);
		return false;
	}
	*when_ns = when + interval_ns;
	return true;
}

bool
gateway_may_echo(struct gateway *g, unsigned owner)
{
	return gateway_rate(g, &g->echo_ns[owner], ECHO_INTERVAL_NS, ECHO_BURST_NS);
}

static void
init_nat(struct gateway *g)
{
	struct nat_forward forwards[NAT_FORWARDS_MAX];
	struct nat_config config = {.inside = g->config.address & g->mask,
				    .prefix = (u8)g->config.prefix,
				    .now_ns = g->config.now_ns,
				    .seed = g->config.seed,
				    .forwards = forwards};

	for (u32 i = 0; i < g->config.forward_count; i++) {
		const struct gateway_forward *f = &g->config.forwards[i];

		forwards[i] = (struct nat_forward){.protocol = f->protocol,
						   .outside_port = f->outside_port,
						   .inside_port = f->inside_port,
						   .inside = f->address};
	}
	config.forward_count = g->config.forward_count;
	nat_init(g->config.nat_memory, &config);
}

static void
set_servers(struct gateway *g, const u32 *servers, unsigned count)
{
	struct gateway_outside *o = &g->outside;

	if (g->config.dns_count != 0) {
		servers = g->config.dns;
		count = g->config.dns_count;
	}
	o->dns_count = 0;
	for (unsigned i = 0; i < count && o->dns_count < DNS_SERVERS_MAX; i++) {
		if (ipv4_is_unicast(servers[i]) && !gateway_is_inside(g, servers[i]) &&
		    servers[i] != o->address && !g->config.is_ours(g->config.arg, servers[i]))
			o->dns[o->dns_count++] = servers[i];
	}
	dns_relay_set_servers(&g->dns, o->dns, o->address == 0 ? 0 : o->dns_count);
}

static void
lose_outside(struct gateway *g)
{
	if (g->outside.address == 0)
		return;
	log_info("net %s: no address on the uplink", g->config.name);
	g->outside.address = g->outside.router = g->outside.mask = 0;
	set_servers(g, NULL, 0);
	nat_set_outside(g->config.nat_memory, 0);
}

/* A lease, or what is configured. */
static void
take_outside(struct gateway *g, const struct dhcp_client_lease *lease)
{
	struct gateway_outside *o = &g->outside;
	bool moved = o->address != lease->address;
	u32 a = lease->address, r = lease->router;

	o->address = a;
	o->router = r;
	o->mask = ipv4_mask(lease->prefix);
	o->mtu = g->config.outside_mtu;
	if (lease->mtu >= GATEWAY_MTU_MIN && lease->mtu < o->mtu)
		o->mtu = lease->mtu;
	set_servers(g, lease->dns, lease->dns_count);
	nat_set_outside(g->config.nat_memory, a); /* of which a renewal changes nothing */
	if (!moved)
		return;
	log_info("net %s: %u.%u.%u.%u/%u on the uplink, router %u.%u.%u.%u", g->config.name,
		 a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255, lease->prefix, r >> 24,
		 r >> 16 & 255, r >> 8 & 255, r & 255);
	gateway_announce(g, GATEWAY_OUTSIDE);
}

static void
client_changed(void *arg, const struct dhcp_client_lease *lease)
{
	struct gateway *g = arg;

	if (lease == NULL)
		lose_outside(g);
	else
		take_outside(g, lease);
}

/* What the uplink may not claim to be: anything of this machine's insides. */
static bool
client_acceptable(void *arg, const struct dhcp_client_lease *lease)
{
	struct gateway *g = arg;

	return !gateway_is_inside(g, lease->address) && !gateway_is_inside(g, lease->router) &&
	       !g->config.is_ours(g->config.arg, lease->address) &&
	       !g->config.is_ours(g->config.arg, lease->router);
}

static void
client_probe(void *arg, u32 address)
{
	gateway_probe(arg, address);
}

static void
client_send(void *arg, u32 source, u32 destination, const u8 *message, u32 len)
{
	static const u8 all[ETH_ADDRESS] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct gateway *g = arg;
	u8 *packet = g->scratch + ETH_HEADER;
	enum gateway_side side;
	u32 hop;

	memcpy(packet + UDP_IPV4_HEADERS, message, len);
	udp_put(packet, source, DHCP_CLIENT_PORT, destination, DHCP_SERVER_PORT, g->ip_id++, len);
	if (destination == IPV4_BROADCAST)
		gateway_send_to(g, GATEWAY_OUTSIDE, g->scratch, all, GATEWAY_SELF);
	else if (gateway_next_hop(g, destination, &side, &hop) && side == GATEWAY_OUTSIDE)
		gateway_send_ip(g, side, g->scratch, hop, GATEWAY_SELF);
}

static void
init_client(struct gateway *g)
{
	memcpy(g->client.mac, g->config.outside_mac, ETH_ADDRESS);
	g->client.random = g->config.client_seed;
	g->client.send = client_send;
	g->client.probe = client_probe;
	g->client.acceptable = client_acceptable;
	g->client.changed = client_changed;
	g->client.arg = g;
	dhcp_client_init(&g->client);
}

void
gateway_init(struct gateway *g, const struct gateway_config *config)
{
	memset(g, 0, sizeof(*g));
	g->config = *config;
	g->mask = ipv4_mask(config->prefix);
	g->outside.mtu = config->outside_mtu;
	gateway_arp_init(g);
	gateway_own_init(g);
	if (!config->nat)
		return;
	init_nat(g);
	init_client(g);
}

void
gateway_uplink_link(struct gateway *g, bool up)
{
	struct dhcp_client_lease fixed = {.address = g->config.outside_address,
					  .router = g->config.outside_router,
					  .prefix = g->config.outside_prefix};

	if (!g->config.nat || g->outside.link == up)
		return;
	g->outside.link = up;
	if (g->config.outside_dhcp)
		dhcp_client_link(&g->client, up, g->config.now_ns());
	else if (up)
		take_outside(g, &fixed);
	else
		lose_outside(g);
}

/* By what the frame says of itself, before anyone looks further into it. */
static bool
frame_fine(struct gateway *g, enum gateway_side side, const u8 *frame, u32 len)
{
	const u8 *own = side == GATEWAY_INSIDE ? g->config.mac : g->config.outside_mac;

	g->counters.received[side]++;
	if (len < ETH_HEADER) {
		gateway_drop(g, GATEWAY_MALFORMED);
		return false;
	}
	if ((frame[ETH_SOURCE] & 1) || memcmp(frame + ETH_SOURCE, own, ETH_ADDRESS) == 0) {
		gateway_drop(g, GATEWAY_SPOOFED);
		return false;
	}
	if ((frame[ETH_DESTINATION] & 1) == 0 &&
	    memcmp(frame + ETH_DESTINATION, own, ETH_ADDRESS) != 0) {
		gateway_drop(g, GATEWAY_OTHER);
		return false;
	}
	return true;
}

static bool
packet_fine(struct gateway *g, struct gateway_packet *p, u32 len)
{
	if (ipv4_check(gateway_ip(p), len - ETH_HEADER, &p->ip))
		return true;
	gateway_drop(g, GATEWAY_MALFORMED);
	return false;
}

void
gateway_from_inside(struct gateway *g, u8 *frame, u32 len, unsigned owner, const char *owner_name)
{
	struct gateway_packet p = {.frame = frame,
				   .owner = (u16)owner,
				   .owner_name = owner_name,
				   .side = GATEWAY_INSIDE};

	if (owner >= GATEWAY_OWNERS || !frame_fine(g, GATEWAY_INSIDE, frame, len))
		return;
	switch (be16_at(frame + ETH_TYPE)) {
	case ETH_TYPE_ARP: gateway_arp(g, GATEWAY_INSIDE, frame, len, owner, owner_name); break;
	case ETH_TYPE_IPV4:
		if (packet_fine(g, &p, len))
			gateway_route_inside(g, &p);
		break;
	default: gateway_drop(g, GATEWAY_OTHER); break;
	}
}

void
gateway_from_outside(struct gateway *g, u8 *frame, u32 len)
{
	struct gateway_packet p = {.frame = frame, .owner = GATEWAY_SELF, .side = GATEWAY_OUTSIDE};

	if (!g->config.nat || !frame_fine(g, GATEWAY_OUTSIDE, frame, len))
		return;
	switch (be16_at(frame + ETH_TYPE)) {
	case ETH_TYPE_ARP: gateway_arp(g, GATEWAY_OUTSIDE, frame, len, GATEWAY_SELF, NULL); break;
	case ETH_TYPE_IPV4:
		if (packet_fine(g, &p, len))
			gateway_route_outside(g, &p);
		break;
	default: gateway_drop(g, GATEWAY_OTHER); break;
	}
}

void
gateway_tick(struct gateway *g)
{
	u64 now = g->config.now_ns();

	neighbours_tick(&g->neighbours[GATEWAY_INSIDE], now);
	if (g->config.nat) {
		neighbours_tick(&g->neighbours[GATEWAY_OUTSIDE], now);
		dhcp_client_tick(&g->client, now);
		dns_relay_tick(&g->dns, now);
	}
	if (now - g->second_ns < SECOND_NS)
		return;
	g->second_ns = now;
	gateway_drop_unasked(g);
	dhcp_server_tick(&g->dhcp, now);
	if (g->config.nat)
		(void)nat_tick(g->config.nat_memory);
}

/* What it began, and what others began with it: a connection that nobody ends any more would take
 * a place for hours, and the lease by which it is known may outlive it. */
static void
forget_flows(struct gateway *g, unsigned owner, const char *owner_name)
{
	nat_forget_owner(g->config.nat_memory, (u16)owner);
	for (unsigned i = 0; i < DHCP_LEASES_MAX; i++) {
		const struct dhcp_lease *lease = &g->dhcp.leases[i];

		if (lease->state == DHCP_BOUND &&
		    strncmp(lease->owner_name, owner_name, DHCP_OWNER_NAME_MAX) == 0)
			nat_forget_inside(g->config.nat_memory, lease->address);
	}
}

void
gateway_owner_gone(struct gateway *g, unsigned owner, const char *owner_name)
{
	if (owner >= GATEWAY_OWNERS)
		return;
	neighbours_forget_owner(&g->neighbours[GATEWAY_INSIDE], owner);
	neighbours_forget_owner(&g->neighbours[GATEWAY_OUTSIDE], owner);
	dns_relay_forget_owner(&g->dns, owner);
	gateway_forward_to(g, owner_name, 0);
	if (g->config.nat)
		forget_flows(g, owner, owner_name);
	for (unsigned i = 0; i < GATEWAY_HELD; i++) {
		if (g->held[i].owner == owner)
			g->held[i].used = false;
	}
}

int
gateway_ping(struct gateway *g, u32 address, u16 sequence, u32 size)
{
	enum gateway_side side;
	u32 hop;

	u32 len = IPV4_HEADER + ICMP_HEADER + size;

	if (size > PING_SIZE_MAX || len > MIN(g->config.mtu, g->outside.mtu) ||
	    !ipv4_is_unicast(address))
		return fail(-ERR_INVAL);
	if (!gateway_next_hop(g, address, &side, &hop))
		return fail(-ERR_NODEV);
	(void)ping_begin(&g->ping, g->scratch + ETH_HEADER,
			 side == GATEWAY_INSIDE ? g->config.address : g->outside.address, address,
			 sequence, size, g->config.now_ns());
	if (address == g->config.address || address == g->outside.address) {
		g->ping.state = PING_ANSWERED;
		g->ping.ttl = IPV4_TTL_OWN;
		return 0;
	}
	g->ping.next_hop = hop;
	gateway_send_ip(g, side, g->scratch, hop, GATEWAY_SELF);
	return 0;
}

const char *
gateway_drop_name(enum gateway_drop reason)
{
	static const char *const names[GATEWAY_DROPS] = {
		[GATEWAY_MALFORMED] = "malformed",
		[GATEWAY_OTHER] = "not ARP or IPv4, or to another MAC",
		[GATEWAY_SPOOFED] = "with a source that is not the sender's",
		[GATEWAY_NOT_US] = "from outside to another address",
		[GATEWAY_FOREIGN] = "to another network of this machine",
		[GATEWAY_UNROUTABLE] = "to an address that is not routed",
		[GATEWAY_NO_ROUTE] = "without a way out",
		[GATEWAY_TTL] = "with a TTL that ran out",
		[GATEWAY_TOO_BIG] = "too big",
		[GATEWAY_NAT_DROPPED] = "dropped by NAT",
		[GATEWAY_UNRESOLVED] = "whose next hop does not answer",
		[GATEWAY_CLOSED] = "to a closed port",
		[GATEWAY_RATE] = "beyond the rate",
	};

	return names[reason];
}
