/* SPDX-License-Identifier: MIT */
/* From the configuration of a network to its gateway, and the gateway's ways in and out. */
#include "boot/network_gateway.h"

#include "arch/x86_64/features.h"
#include "arch/x86_64/time.h"
#include "arch/x86_64/tsc.h"
#include "boot/network_worker.h"
#include "drivers/e1000/nic.h"
#include "include/intrin.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"

enum {
	INBOX_FRAMES = 512,
	INBOX_SHARE = 192, /* one VM that floods leaves room for others; a WORKER_SLICE fits */
	GATEWAY_HOST = 1,  /* the first address of the subnet */
	RDRAND_TRIES = 10, /* Intel SDM vol. 1, 7.3.17.1 */
};

/* What a gateway keeps pointers to. */
struct gateway_parts {
	struct gateway gateway;
	struct dhcp_static statics[CONFIG_HOSTS_MAX];
	struct gateway_forward forwards[CONFIG_FORWARDS_MAX];
	struct nat nat; /* with NAT */
};

_Static_assert((u32)GATEWAY_SELF == (u32)SWITCH_PORTS_MAX, "an owner is a slot, or nobody");

/* It knows no VLANs, and no frames that are larger than its network's. */
static bool
deliver(struct net_port *port, const struct frame *f)
{
	struct network *n = container_of(port, struct network, gateway_port);

	if (f->tagged || f->len > n->inbox.room || !frame_queue_put(&n->inbox, f, true, 0))
		return false;
	network_wake(container_of(n, struct network_worker, net));
	return true;
}

/* By the worker, or the shell's ping: with the network's lock. */
static void
send(void *arg, enum gateway_side side, unsigned owner, const u8 *bytes, u32 len)
{
	struct network_worker *w = arg;
	struct nic_piece piece = {bytes, len};

	if (side == GATEWAY_INSIDE)
		network_send(w, &w->net.gateway_port, owner, bytes, len);
	else if (w->net.nic != NULL && nic_send(w->net.nic, &piece, 1))
		network_outside(&w->net, bytes, len, false);
	else
		w->net.uplink_port.counters.dropped_full++; /* who needs an answer asks again */
}

static bool
is_inside(const struct net_config *c, u32 address)
{
	return c->prefix != 0 && (address ^ c->subnet) >> (32 - c->prefix) == 0;
}

static bool
is_anothers(void *arg, u32 address)
{
	const struct network_worker *w = arg;

	for (struct network *n = network_next(NULL); n != NULL; n = network_next(n)) {
		if (n != &w->net && is_inside(n->config, address))
			return true;
	}
	return false;
}

static void
copy_statics(struct gateway_parts *parts, const struct net_config *c)
{
	for (u32 i = 0; i < c->host_count; i++) {
		memcpy(parts->statics[i].mac, c->hosts[i].mac, ETH_ADDRESS);
		parts->statics[i].address = c->hosts[i].address;
	}
}

static void
copy_forwards(struct gateway_parts *parts, const struct net_config *c)
{
	for (u32 i = 0; i < c->forward_count; i++) {
		const struct net_forward *f = &c->forwards[i];
		struct gateway_forward *to = &parts->forwards[i];

		to->protocol = f->udp ? IP_UDP : IP_TCP;
		to->outside_port = f->outside_port;
		to->inside_port = f->guest_port;
		format(to->vm, sizeof(to->vm), "%.*s", (int)f->vm.len, f->vm.at);
	}
}

static void
set_outside(struct gateway_config *g, const struct network_worker *w)
{
	const struct net_config *c = w->net.config;

	g->outside_mtu = CONFIG_MTU;
	g->outside_dhcp = !c->address.fixed;
	g->outside_address = c->address.address;
	g->outside_prefix = c->address.prefix;
	g->outside_router = c->address.router;
	if (w->net.nic != NULL)
		memcpy(g->outside_mac, nic_mac(w->net.nic), ETH_ADDRESS);
}

/*
 * What nobody can guess who has not read it: the CPU's random numbers, or without them how long the
 * boot took; then who knows one of two has the other soon.
 */
static u64
seed(void)
{
	u64 value = rdtsc();
	bool ok = false;

	for (unsigned tries = 0; cpu_features()->rdrand && !ok && tries < RDRAND_TRIES; tries++) {
		u64 random;

		ok = rdrand(&random);
		if (ok)
			value ^= random;
	}
	return value * 0x9e3779b97f4a7c15ul; /* spreads the low bits, which vary most */
}

static void
init(struct network_worker *w, struct gateway_parts *parts)
{
	const struct net_config *c = w->net.config;
	struct gateway_config g = {
		.name = c->name,
		.nat = c->mode == NET_NAT,
		.address = c->subnet + GATEWAY_HOST,
		.prefix = c->prefix,
		.mtu = c->mtu,
		.dns_count = c->dns_count,
		.statics = parts->statics,
		.static_count = c->host_count,
		.forwards = parts->forwards,
		.forward_count = c->forward_count,
		.nat_memory = &parts->nat,
		.seed = seed(),
		.client_seed = seed(),
		.now_ns = clock_ns,
		.send = send,
		.is_ours = is_anothers,
		.arg = w,
	};

	copy_statics(parts, c);
	copy_forwards(parts, c);
	format(g.domain, sizeof(g.domain), "%.*s", (int)c->domain.len, c->domain.at);
	memcpy(g.dns, c->dns, sizeof(g.dns));
	memcpy(g.mac, w->net.gateway_port.settings.mac, ETH_ADDRESS);
	set_outside(&g, w);
	gateway_init(&parts->gateway, &g);
}

static int
make_inbox(struct network *n)
{
	u32 room = (u32)n->config->mtu + ETH_HEADER;
	void *memory = heap_alloc(frame_queue_size(INBOX_FRAMES, room));

	if (memory == NULL)
		return fail(-ERR_NOMEM);
	frame_queue_init(&n->inbox, memory, INBOX_FRAMES, room, INBOX_SHARE);
	return 0;
}

int
network_make_gateway(struct network_worker *w)
{
	struct network *n = &w->net;
	struct gateway_parts *parts;
	char name[PORT_NAME_MAX + 1];
	int err = make_inbox(n);

	if (err != 0)
		return err;
	parts = heap_alloc(sizeof(*parts));
	if (parts == NULL)
		return fail(-ERR_NOMEM);
	format(name, sizeof(name), "%s.gw", n->config->name);
	config_default_mac(name, 0, n->gateway_port.settings.mac);
	init(w, parts);
	n->gateway = &parts->gateway;
	return network_attach(n, &n->gateway_port, "gw", deliver);
}
