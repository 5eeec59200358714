/* SPDX-License-Identifier: MIT */
/* The way of a frame through a switch: see net/switch.h. */
#include "net/switch.h"

#include "include/intrin.h"
#include "net/segment.h"
#include "net/switch_admit.h"

/* So many ticks of the TSC, a tenth of a second or less, learned addresses may be timed wrong. */
enum { AGE_TSC_SHIFT = 27 };

#define unlikely(x) __builtin_expect((x) != 0, 0)

void
switch_init(struct net_switch *sw, const char *name, u64 (*now_ns)(void))
{
	spin_init(&sw->lock, RANK_NET, name);
	sw->now_ns = now_ns;
	sw->slots = 0;
	for (u32 i = 0; i < ARRAY_SIZE(sw->ports); i++)
		sw->ports[i] = NULL;
	sw->age_tsc = rdtsc();
	sw->age_now = (u32)(now_ns() >> SWITCH_AGE_SHIFT);
	fdb_init(&sw->fdb, rdtsc() ^ (uintptr_t)sw, SWITCH_AGE_NS >> SWITCH_AGE_SHIFT);
}

static u32
free_slot(const struct net_switch *sw)
{
	u32 slot = 0;

	while (slot < SWITCH_PORTS_MAX && sw->ports[slot] != NULL)
		slot++;
	return slot;
}

static int
attach_locked(struct net_switch *sw, struct net_port *port)
{
	u32 slot = free_slot(sw);

	if (slot == SWITCH_PORTS_MAX)
		return fail(-ERR_FULL);
	port->counters = (struct port_counters){0};
	port->own = (__typeof__(port->own)){
		.slot = (u8)slot,
		.addresses_max = port->trusted ? SWITCH_ADDRESSES : SWITCH_PORT_ADDRESSES,
	};
	admit_prepare(port);
	sw->ports[slot] = port;
	sw->slots = MAX(sw->slots, slot + 1);
	if (port->trusted && port->own.mac != 0)
		fdb_fix(&sw->fdb, fdb_key(port->own.mac, 0), slot);
	WRITE_ONCE(port->sw, sw);
	return 0;
}

int
switch_attach(struct net_switch *sw, struct net_port *port)
{
	u64 flags = spin_lock(&sw->lock);
	int err = port->sw != NULL ? fail(-ERR_EXISTS) : attach_locked(sw, port);

	spin_unlock(&sw->lock, flags);
	return err;
}

void
switch_detach(struct net_port *port)
{
	struct net_switch *sw = READ_ONCE(port->sw);
	u64 flags;

	if (sw == NULL)
		return;
	flags = spin_lock(&sw->lock);
	if (port->sw == sw) {
		fdb_forget_port(&sw->fdb, port->own.slot);
		sw->ports[port->own.slot] = NULL;
		port->own.tap = NULL;
		WRITE_ONCE(port->sw, NULL);
	}
	spin_unlock(&sw->lock, flags);
}

/* Of a port that has gone nobody knows any more whether it was isolated. */
static inline bool
isolated(const struct net_port *origin, const struct net_port *to)
{
	return to->settings.isolate && !to->trusted && to != origin &&
	       (origin == NULL || (origin->settings.isolate && !origin->trusted));
}

/* Adds to those who get the frame, unless VLAN or isolation keep it from there. */
static inline bool
add_receiver(struct net_switch *sw, const struct net_port *from, struct net_port *to,
	     const struct passage *p)
{
	int vlan = p->domain == 0 && to->own.ordinary ? 0 : domain_leave(from, to, p->domain);

	if (vlan < 0)
		return false;
	if (isolated(p->origin, to))
		return true;
	sw->to.at[sw->to.count].port = to;
	sw->to.at[sw->to.count].vlan = (u32)vlan;
	sw->to.count++;
	sw->to.takes &= READ_ONCE(to->takes);
	return true;
}

static void
add_all(struct net_switch *sw, const struct net_port *from, const struct passage *p)
{
	for (u32 slot = 0; slot < sw->slots; slot++) {
		struct net_port *to = sw->ports[slot];

		if (to != NULL && to != from)
			(void)add_receiver(sw, from, to, p);
	}
}

/* Where an address is that a frame goes to; FDB_NOBODY when all that may get it have to. */
static u32
find(struct net_switch *sw, const struct net_port *from, const struct passage *p, u32 now)
{
	u32 slot = FDB_NOBODY;

	if ((p->destination & ADDRESS_GROUP) != 0)
		return slot;
	slot = fdb_find(&sw->fdb, fdb_key(p->destination, p->domain), now);
	/* Tags of ports without settings and the uplink's VLANs meet: see switch.h. */
	if (slot == FDB_NOBODY && p->domain != 0 && from->settings.trunk == NULL &&
	    from->settings.vlan == 0)
		slot = fdb_find(&sw->fdb, fdb_key(p->destination, p->domain ^ DOMAIN_TRANSPARENT),
				now);
	return slot;
}

static void
choose_receivers(struct net_switch *sw, const struct net_port *from, const struct passage *p,
		 u32 now)
{
	u32 slot = find(sw, from, p, now);

	sw->to.count = 0;
	sw->to.takes = 0xff;
	if (slot == from->own.slot)
		return;
	if (slot == FDB_NOBODY || !add_receiver(sw, from, sw->ports[slot], p))
		add_all(sw, from, p);
}

static inline bool
deliver(struct net_port *to, const struct frame *f)
{
	if (unlikely(!to->deliver(to, f))) {
		to->counters.dropped_full++;
		return false;
	}
	to->counters.rx_frames++;
	to->counters.rx_bytes += f->len;
	return true;
}

static inline void
give(struct net_port *to, struct frame *f, u32 vlan)
{
	f->tagged = vlan != 0;
	f->tag = (u16)((f->tag & ~(u32)VLAN_ID) | vlan);
	if (!deliver(to, f))
		return;
	if (frame_is_multicast(f))
		to->counters.rx_multicast++;
	if (to->own.tap != NULL)
		to->own.tap(to->own.tap_arg, f, false);
}

static void
give_all(struct net_switch *sw, struct frame *f)
{
	for (u32 i = 0; i < sw->to.count; i++)
		give(sw->to.at[i].port, f, sw->to.at[i].vlan);
}

static bool
takes_whole(const struct net_switch *sw, const struct frame *f)
{
	u8 need = f->segmentation == FRAME_TCP4	  ? PORT_TAKES_TCP4
		  : f->segmentation == FRAME_TCP6 ? PORT_TAKES_TCP6
						  : PORT_TAKES_CHECKSUM;

	return (sw->to.takes & need) != 0 &&
	       (f->segmentation == FRAME_WHOLE || segment_whole_fits(f));
}

/* What one of the receivers can't take, none gets. */
static __noinline void
give_less(struct net_switch *sw, struct net_port *from, struct frame *f)
{
	struct segmenter s;

	if (takes_whole(sw, f)) {
		give_all(sw, f);
		return;
	}
	if (f->segmentation == FRAME_WHOLE) {
		frame_complete(f);
		give_all(sw, f);
		return;
	}
	if (sw->to.count > 1 && segment_count(f) > SWITCH_FLOOD_SEGMENTS) {
		from->counters.dropped_storm++;
		return;
	}
	segment_begin(&s, f, (sw->to.takes & PORT_TAKES_CHECKSUM) == 0);
	while (segment_next(&s, &sw->segment))
		give_all(sw, &sw->segment);
}

/* A frame with an inner tag doesn't leave without its outer one. */
static __noinline void
drop_untagged(struct net_switch *sw, struct net_port *from)
{
	u32 kept = 0;

	for (u32 i = 0; i < sw->to.count; i++) {
		if (sw->to.at[i].vlan != 0)
			sw->to.at[kept++] = sw->to.at[i];
	}
	if (kept < sw->to.count)
		from->counters.dropped_vlan++;
	sw->to.count = kept;
}

/* A frame that is admitted, and may be anything. */
static __noinline void
forward_any(struct net_switch *sw, struct net_port *from, struct frame *f, const struct passage *p,
	    u32 now)
{
	choose_receivers(sw, from, p, now);
	if (frame_has_inner_tag(f))
		drop_untagged(sw, from);
	if (f->checksum_missing && sw->to.count > 0)
		give_less(sw, from, f);
	else
		give_all(sw, f);
}

/*
 * The time for learned addresses, which need not be exact: the clock costs more than all else of a
 * frame, and is read again when the TSC has gone on a little, or is another CPU's.
 */
static inline u32
age_now(struct net_switch *sw)
{
	u64 tsc = rdtsc();

	if (unlikely((tsc - sw->age_tsc) >> AGE_TSC_SHIFT != 0)) {
		sw->age_tsc = tsc;
		sw->age_now = (u32)(sw->now_ns() >> SWITCH_AGE_SHIFT);
	}
	return sw->age_now;
}

static inline void
forward(struct net_switch *sw, struct net_port *from, u32 slot, struct frame *f)
{
	struct net_port *to = NULL;
	u32 now = age_now(sw);
	struct passage p;
	bool ordinary;

	f->from = from;
	ordinary = admit_ordinary(from, f, &p);
	if (unlikely(!ordinary) && !admit(from, f, &p))
		return;
	if (unlikely(!fdb_learn(&sw->fdb, fdb_key(p.source, p.domain), from->own.slot,
				from->own.addresses_max, now))) {
		from->counters.dropped_spoof++;
		return;
	}
	if (ordinary)
		to = sw->ports[fdb_find(&sw->fdb, fdb_key(p.destination, 0), now)];
	if (unlikely(to == NULL || !to->own.ordinary || to == from)) {
		p.origin = slot < SWITCH_PORTS_MAX ? sw->ports[slot] : from;
		forward_any(sw, from, f, &p, now);
		return;
	}
	(void)deliver(to, f);
}

void
switch_send_for(struct net_port *from, u32 slot, struct frame *frame)
{
	struct net_switch *sw = READ_ONCE(from->sw);
	u64 flags;

	if (sw == NULL)
		return;
	flags = spin_lock(&sw->lock);
	if (from->sw == sw)
		forward(sw, from, slot, frame);
	spin_unlock(&sw->lock, flags);
}
