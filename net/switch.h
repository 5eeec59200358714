/* SPDX-License-Identifier: MIT */
/*
 * A learning switch (IEEE 802.1Q without spanning tree): ports, the addresses learned of each by
 * VLAN, with ageing and a bound, and the way of a frame from one port to others, without a copy:
 * each receiver makes its own. Where a receiver can't take what the sender left to others, the
 * frame is segmented and completed on the way.
 *
 * VLANs. A frame without a tag, or with a priority tag (VLAN 0, which is taken off), belongs to the
 * VLAN that its port's settings name, or to none. Who gets it:
 *  - an access port, frames of its VLAN alone, without a tag;
 *  - a trunk, frames of its VLANs with their tags, and those of its own VLAN without;
 *  - a trusted port (the uplink) without settings, everything: it is the trunk of all VLANs;
 *  - another port without settings, frames of no VLAN, and with their tags those from its like and
 *    from the uplink: tags of VMs without settings pass through, and never into the VLAN of an
 *    access port or a trunk.
 * Only the outermost tag counts. What would leave without a tag and have an inner one in its place
 * is dropped: it would change its VLAN.
 *
 * Memory is the caller's. Any thread, or interrupt; one lock each (RANK_NET) guards all of it and
 * is held while frames are delivered, so a port that is off the switch is in use by nobody.
 */
#pragma once

#include "include/errors.h"
#include "lib/lock.h"
#include "net/fdb.h"
#include "net/port.h"

enum {
	SWITCH_PORTS_MAX = FDB_PORTS,	/* 64 of VMs, an uplink, a gateway, some to spare */
	SWITCH_ADDRESSES = FDB_ENTRIES, /* learned, of all ports */
	SWITCH_PORT_ADDRESSES = 4096,	/* of one that is not trusted */
	SWITCH_STORM_BROADCASTS = 500,	/* a second, of an untrusted port ... */
	SWITCH_STORM_MULTICASTS = 2000, /* ... or so many of these, which may be a stream's */
	SWITCH_STORM_BURST_MS = 150,	/* of those, at once */
	SWITCH_RATE_BURST_MS = 20,	/* of a port with a rate, but a whole frame always passes */
	/* Into so many pieces a frame may be cut that goes to several ports: 64 KiB of ordinary
	 * segments. Its work would otherwise be SEGMENTS_MAX times that of a frame to all. */
	SWITCH_FLOOD_SEGMENTS = 64,
	SWITCH_AGE_SHIFT = 30, /* learned addresses count time in units of 2^30 ns */
};

#define SWITCH_AGE_NS (300ul * 1000 * 1000 * 1000) /* 802.1Q-2018, table 8-6 */

/* Some 300 KiB. All is the switch's own. */
struct net_switch {
	struct spinlock lock; /* guards all of this, and the `own` and `counters` of its ports */
	u64 (*now_ns)(void);
	u32 slots; /* one more than the highest that was ever used */
	struct net_port *ports[SWITCH_PORTS_MAX + 1]; /* by slot; NULL: free, as FDB_NOBODY's is */
	u64 age_tsc;				      /* when age_now was read */
	u32 age_now;				      /* in units of SWITCH_AGE_SHIFT */
	struct {
		u32 count;
		u8 takes; /* what all of them take */
		struct {
			struct net_port *port;
			u32 vlan; /* with this tag; 0: without one */
		} at[SWITCH_PORTS_MAX];
	} to; /* who gets the frame that is on its way */
	struct frame segment;
	struct fdb fdb;
};

/* now_ns: any clock that goes on. */
void switch_init(struct net_switch *sw, const char *name, u64 (*now_ns)(void));

/*
 * The port's settings and `trusted` stay as they are from here on; its counters begin at 0.
 * -ERR_FULL, -ERR_EXISTS: it is on a switch already.
 */
__must_check int switch_attach(struct net_switch *sw, struct net_port *port);
/* Forgets its addresses, and its tap; nobody uses the port any more when this returns. */
void switch_detach(struct net_port *port);

/*
 * A frame from a trusted port, which passes on what the port in this slot has caused: an isolated
 * one can't reach another one that way either. SWITCH_PORTS_MAX: nobody has, it comes from itself.
 */
void switch_send_for(struct net_port *from, u32 slot, struct frame *frame);

/*
 * A frame from a port, in at most FRAME_HEADER_MAX bytes of header and its spans, hostile: offsets
 * are checked here. What is wrong with it, or finds no room, is dropped and counted. The header may
 * be changed. A port that is on no switch sends to nobody.
 */
static inline void
switch_send(struct net_port *from, struct frame *frame)
{
	switch_send_for(from, SWITCH_PORTS_MAX, frame);
}

/*
 * Ports in the order of their slots: the one behind prev, the first for NULL, NULL after the last.
 * The caller keeps ports from being detached meanwhile.
 */
struct net_port *switch_port_next(struct net_switch *sw, const struct net_port *prev);

/* All of one moment; zeros of a port that is on no switch. */
void switch_counters(struct net_port *port, struct port_counters *out);

struct switch_address {
	u8 mac[ETH_ADDRESS];
	u16 vlan;    /* 0: none */
	bool fixed;  /* that of a trusted port itself */
	u64 idle_ns; /* since it was last seen, coarsely */
};

u32 switch_address_count(struct net_switch *sw);
u32 switch_port_address_count(struct net_port *port);
/* Of a port, by *cursor, 0 at first: false after the last. Some may be missed that change. */
bool switch_address_next(struct net_port *port, u32 *cursor, struct switch_address *out);

/*
 * fn gets each well-formed frame that the port sends, also what is then dropped, and each that it
 * is given, with the lock held: it looks at it, and that is all. One at a time: -ERR_BUSY.
 * -ERR_NOENT: the port is on no switch.
 */
__must_check int switch_tap(struct net_port *port,
			    void (*fn)(void *arg, const struct frame *frame, bool sent), void *arg);
/* Whether by this arg; false of a port that has been off its switch since. */
bool switch_is_tapped(struct net_port *port, const void *arg);
/* fn runs no more when this returns. */
void switch_untap(struct net_port *port);
