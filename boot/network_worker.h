/* SPDX-License-Identifier: MIT */
/* A network's worker, for boot/network.c, which makes it. */
#pragma once

#include "boot/network.h"

/* The thread, without end. */
void network_work(void *worker);

/* A frame of our own memory, from one of our ports, for the port in a slot: switch_send_for(). By
 * the worker of a bridge alone; with a gateway, under the network's lock. */
void network_send(struct network_worker *w, struct net_port *port, u32 slot, const u8 *bytes,
		  u32 len);

/* One of a network's own ports, NET.name, for its switch. */
__must_check int network_attach(struct network *n, struct net_port *port, const char *name,
				bool (*deliver)(struct net_port *port, const struct frame *frame));
