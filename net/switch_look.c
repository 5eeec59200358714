/* SPDX-License-Identifier: MIT */
/* What a person may see of a switch: see net/switch.h. */
#include "lib/string.h"
#include "net/switch_admit.h"

struct net_port *
switch_port_next(struct net_switch *sw, const struct net_port *prev)
{
	u64 flags = spin_lock(&sw->lock);
	u32 slot = prev != NULL ? prev->own.slot + 1u : 0;
	struct net_port *port = NULL;

	for (; slot < sw->slots && port == NULL; slot++)
		port = sw->ports[slot];
	spin_unlock(&sw->lock, flags);
	return port;
}

/* The switch of a port, locked; NULL when it is on none. */
static struct net_switch *
lock_switch(const struct net_port *port, u64 *flags)
{
	struct net_switch *sw = READ_ONCE(port->sw);

	if (sw == NULL)
		return NULL;
	*flags = spin_lock(&sw->lock);
	if (port->sw == sw)
		return sw;
	spin_unlock(&sw->lock, *flags);
	return NULL;
}

void
switch_counters(struct net_port *port, struct port_counters *out)
{
	u64 flags;
	struct net_switch *sw = lock_switch(port, &flags);

	*out = (struct port_counters){0};
	if (sw == NULL)
		return;
	*out = port->counters;
	spin_unlock(&sw->lock, flags);
}

u32
switch_address_count(struct net_switch *sw)
{
	return READ_ONCE(sw->fdb.count);
}

u32
switch_port_address_count(struct net_port *port)
{
	u64 flags;
	struct net_switch *sw = lock_switch(port, &flags);
	u32 count;

	if (sw == NULL)
		return 0;
	count = sw->fdb.of_port[port->own.slot];
	spin_unlock(&sw->lock, flags);
	return count;
}

static u64
idle_ns(const struct net_switch *sw, const struct fdb_entry *e)
{
	return (u64)((u32)(sw->now_ns() >> SWITCH_AGE_SHIFT) - e->seen) << SWITCH_AGE_SHIFT;
}

bool
switch_address_next(struct net_port *port, u32 *cursor, struct switch_address *out)
{
	u64 flags;
	struct net_switch *sw = lock_switch(port, &flags);
	const struct fdb_entry *e;

	if (sw == NULL)
		return false;
	e = fdb_next(&sw->fdb, port->own.slot, cursor);
	if (e != NULL) {
		memcpy(out->mac, &e->key.v, ETH_ADDRESS);
		out->vlan = (u16)(e->key.v >> FDB_VLAN_SHIFT & VLAN_ID);
		out->fixed = e->fixed;
		out->idle_ns = e->fixed ? 0 : idle_ns(sw, e);
	}
	spin_unlock(&sw->lock, flags);
	return e != NULL;
}

int
switch_tap(struct net_port *port, void (*fn)(void *arg, const struct frame *frame, bool sent),
	   void *arg)
{
	u64 flags;
	struct net_switch *sw = lock_switch(port, &flags);
	bool busy;

	if (sw == NULL)
		return fail(-ERR_NOENT);
	busy = port->own.tap != NULL;
	if (!busy) {
		port->own.tap = fn;
		port->own.tap_arg = arg;
		admit_set_ordinary(port);
	}
	spin_unlock(&sw->lock, flags);
	return busy ? fail(-ERR_BUSY) : 0;
}

bool
switch_is_tapped(struct net_port *port, const void *arg)
{
	u64 flags;
	struct net_switch *sw = lock_switch(port, &flags);
	bool tapped;

	if (sw == NULL)
		return false;
	tapped = port->own.tap != NULL && port->own.tap_arg == arg;
	spin_unlock(&sw->lock, flags);
	return tapped;
}

void
switch_untap(struct net_port *port)
{
	u64 flags;
	struct net_switch *sw = lock_switch(port, &flags);

	if (sw == NULL)
		return;
	port->own.tap = NULL;
	admit_set_ordinary(port);
	spin_unlock(&sw->lock, flags);
}
