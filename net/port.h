/* SPDX-License-Identifier: MIT */
/*
 * All that a NIC, an uplink or a gateway shows the switch. Whoever makes one fills in the first
 * part, and keeps it until it is off the switch again (net/switch.h); the rest is the switch's.
 */
#pragma once

#include "net/frame.h"

enum { PORT_NAME_MAX = 47, VLANS = 4096 };

/* What of a sender's leavings a port takes as it is; else it gets whole, checked frames. */
enum { PORT_TAKES_CHECKSUM = 1, PORT_TAKES_TCP4 = 2, PORT_TAKES_TCP6 = 4 };

/* As configured; all zero is an ordinary port. */
struct port_settings {
	u8 mac[ETH_ADDRESS]; /* with spoof_deny, the only source that it may send from */
	bool spoof_deny;     /* ... and the only sender that its ARP may name */
	bool isolate;	     /* it reaches uplink and gateway, and no other isolated port */
	/*
	 * Access: frames without a tag belong to this VLAN, others are dropped. With a trunk: the
	 * VLAN of frames without a tag, both ways. 0: none; a trunk then drops frames without a
	 * tag, unless its bit 0 is set.
	 */
	u16 vlan;
	const u8 *trunk; /* a bit each of VLANS that pass with their tags; NULL: no trunk */
	u64 rate_bits;	 /* a second, of what it sends; 0: unlimited */
};

/* For a person. Frames as they passed, bytes without FCS; drops by reason. */
struct port_counters {
	u64 tx_frames, tx_bytes; /* that the port sent */
	u64 rx_frames, rx_bytes; /* that it was given */
	u64 tx_multicast, rx_multicast;
	u64 dropped_full; /* its deliver() had no room */
	u64 dropped_rate, dropped_spoof, dropped_vlan, dropped_storm;
	u64 dropped_malformed; /* too short or too long, offsets outside */
};

struct net_switch;

struct net_port {
	char name[PORT_NAME_MAX + 1]; /* VM.N, NET.uplink, NET.gw */
	struct port_settings settings;
	u8 takes; /* PORT_TAKES_...: one that takes TCP takes checksums */
	/* Uplink or gateway: no storm cap, isolated ports reach it, it carries every VLAN, and no
	 * other port may send from its settings.mac, if it has one. */
	bool trusted;
	/*
	 * A frame for this port, to be copied within the call; false when there is no room. Called
	 * with the switch's lock held (RANK_NET), so it sends nothing itself, and takes only locks
	 * of a higher rank.
	 */
	bool (*deliver)(struct net_port *port, const struct frame *frame);

	struct net_switch *sw; /* NULL while it is on none */
	struct port_counters counters;
	struct {
		u64 mac;		   /* settings.mac as a number */
		u64 rate_paid, storm_paid; /* until when what was sent is paid for, in ns */
		u64 rate_burst;		   /* so far back it may have been idle, in ns */
		void (*tap)(void *arg, const struct frame *frame, bool sent);
		void *tap_arg;
		u32 addresses_max; /* to be learned of it */
		u8 slot;	   /* in the switch */
		u8 kind;	   /* of its VLAN settings */
		bool ordinary;	   /* no settings, no tap: nothing has to be asked */
	} own;			   /* the switch's */
};
