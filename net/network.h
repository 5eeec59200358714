/* SPDX-License-Identifier: MIT */
/*
 * The networks of the configuration, as the shell sees them: a switch each, and what leads out of
 * it. Made once at boot (boot/network.c) and kept; constant but for what is said.
 */
#pragma once

#include "core/config.h"
#include "include/list.h"
#include "net/frame_queue.h"
#include "net/gateway.h"
#include "net/switch.h"

struct nic; /* drivers/e1000/nic.h */

struct network {
	struct list link;
	const struct net_config *config;
	struct spinlock
		members; /* RANK_NETWORK: who is on the switch; held while one is looked at */
	struct net_switch sw;
	struct nic *nic;	     /* its uplink; NULL: it has none, or it isn't there */
	struct net_port uplink_port; /* NET.uplink, of a bridge; on the switch while nic is there */
	struct net_port gateway_port; /* NET.gw, of the other modes */
	struct frame_queue inbox;     /* for the gateway; taken from with the lock */
	struct spinlock lock;	 /* RANK_GATEWAY: guards what follows, and that port's counters */
	struct gateway *gateway; /* NULL: a bridge */
	struct {		 /* who captures between it and the uplink; fn NULL: nobody */
		void (*fn)(void *arg, const struct frame *frame, bool sent);
		void *arg;
		struct frame frame;
	} tap;
};

/* The network after prev, the first one for NULL; NULL after the last one. */
struct network *network_next(struct network *prev);
struct network *network_find(const char *name);

/* Of those that made it. */
void network_add(struct network *n);

/* A frame passes between a gateway and its uplink; `sent`: by the uplink, to the gateway. With the
 * lock. */
void network_outside(struct network *n, const u8 *bytes, u32 len, bool sent);

/* A port at one moment. */
struct port_view {
	char name[PORT_NAME_MAX + 1];
	struct port_settings settings;
	struct port_counters counters;
	u32 addresses; /* learned of it */
};

/* The n-th port in the order of slots; false after the last. */
bool network_port_at(struct network *n, unsigned at, struct port_view *out);

/*
 * Hands fn each frame of the port of this name, as switch_tap(), on whichever network it is.
 * -ERR_NOENT: there is none; -ERR_BUSY.
 */
__must_check int network_tap(const char *port,
			     void (*fn)(void *arg, const struct frame *frame, bool sent),
			     void *arg);
/* fn runs no more when this returns; a port that goes loses its tap by itself. */
void network_untap(const char *port);
/* With this arg: no longer when the port has gone, even if it has come back. */
bool network_is_tapped(const char *port, void *arg);
