/* SPDX-License-Identifier: MIT */
/* The list of all networks. */
#include "net/network.h"

#include "lib/string.h"

static struct list networks = LIST_INIT(networks);

void
network_add(struct network *n)
{
	list_append(&networks, &n->link);
}

struct network *
network_next(struct network *prev)
{
	struct list *next = prev == NULL ? networks.next : prev->link.next;

	return next == &networks ? NULL : list_entry(next, struct network, link);
}

struct network *
network_find(const char *name)
{
	for (struct network *n = network_next(NULL); n != NULL; n = network_next(n)) {
		if (strcmp(n->config->name, name) == 0)
			return n;
	}
	return NULL;
}

static bool
has_outside(const struct network *n)
{
	return n->gateway != NULL && n->nic != NULL;
}

static void
look_at_switch_port(struct net_port *port, struct port_view *out)
{
	memcpy(out->name, port->name, sizeof(out->name));
	out->settings = port->settings;
	out->addresses = switch_port_address_count(port);
	switch_counters(port, &out->counters);
}

static void
look_at_outside(struct network *n, struct port_view *out)
{
	u64 flags = spin_lock(&n->lock);

	memcpy(out->name, n->uplink_port.name, sizeof(out->name));
	out->settings = n->uplink_port.settings;
	out->addresses = 0;
	out->counters = n->uplink_port.counters;
	spin_unlock(&n->lock, flags);
}

bool
network_port_at(struct network *n, unsigned at, struct port_view *out)
{
	u64 flags = spin_lock(&n->members);
	struct net_port *port = switch_port_next(&n->sw, NULL);
	bool there = true;

	for (; port != NULL && at > 0; at--)
		port = switch_port_next(&n->sw, port);
	if (port != NULL)
		look_at_switch_port(port, out);
	else if (at == 0 && has_outside(n))
		look_at_outside(n, out);
	else
		there = false;
	spin_unlock(&n->members, flags);
	return there;
}

void
network_outside(struct network *n, const u8 *bytes, u32 len, bool sent)
{
	struct port_counters *c = &n->uplink_port.counters;

	*(sent ? &c->tx_frames : &c->rx_frames) += 1;
	*(sent ? &c->tx_bytes : &c->rx_bytes) += len;
	if ((bytes[ETH_DESTINATION] & 1) != 0)
		*(sent ? &c->tx_multicast : &c->rx_multicast) += 1;
	if (n->tap.fn == NULL)
		return;
	frame_of_bytes(&n->tap.frame, bytes, len);
	n->tap.frame.from = &n->uplink_port;
	n->tap.fn(n->tap.arg, &n->tap.frame, sent);
}

typedef void (*tap_fn)(void *arg, const struct frame *frame, bool sent);

/* What is to be done with a port: to tap it, or with untap no longer; else -ERR_NOENT when it has
 * no tap with this arg. */
struct wish {
	tap_fn tap;
	void *arg;
	bool untap;
};

static int
is_there(bool tapped)
{
	return tapped ? 0 : -ERR_NOENT;
}

static int
do_at_outside(struct network *n, const struct wish *wish)
{
	u64 flags = spin_lock(&n->lock);
	int err = 0;

	if (wish->tap != NULL && n->tap.fn != NULL) {
		err = -ERR_BUSY;
	} else if (wish->tap != NULL || wish->untap) {
		n->tap.fn = wish->tap;
		n->tap.arg = wish->arg;
	} else {
		err = is_there(n->tap.fn != NULL && n->tap.arg == wish->arg);
	}
	spin_unlock(&n->lock, flags);
	return err;
}

static int
do_at_port(struct net_port *port, const struct wish *wish)
{
	if (wish->tap != NULL)
		return switch_tap(port, wish->tap, wish->arg);
	if (!wish->untap)
		return is_there(switch_is_tapped(port, wish->arg));
	switch_untap(port);
	return 0;
}

/* -ERR_NOENT: this network has no port of this name. */
static int
do_on_network(struct network *n, const char *name, const struct wish *wish)
{
	u64 flags = spin_lock(&n->members);
	struct net_port *port = switch_port_next(&n->sw, NULL);
	int err = -ERR_NOENT;

	while (port != NULL && strcmp(port->name, name) != 0)
		port = switch_port_next(&n->sw, port);
	if (port != NULL)
		err = do_at_port(port, wish);
	else if (has_outside(n) && strcmp(n->uplink_port.name, name) == 0)
		err = do_at_outside(n, wish);
	spin_unlock(&n->members, flags);
	return err;
}

static int
do_at(const char *name, const struct wish *wish)
{
	int err = -ERR_NOENT;

	for (struct network *n = network_next(NULL); n != NULL && err == -ERR_NOENT;
	     n = network_next(n))
		err = do_on_network(n, name, wish);
	return err;
}

int
network_tap(const char *port, tap_fn fn, void *arg)
{
	return do_at(port, &(struct wish){.tap = fn, .arg = arg});
}

void
network_untap(const char *port)
{
	(void)do_at(port, &(struct wish){.untap = true});
}

bool
network_is_tapped(const char *port, void *arg)
{
	return do_at(port, &(struct wish){.arg = arg}) == 0;
}
