/* SPDX-License-Identifier: MIT */
/*
 * Networks at work: made at boot, each with a thread, its worker, that does what no vCPU has to
 * wait for: the uplink's frames, the gateway, what a guest has put into its ring beyond what its
 * own vCPU sends at once, and what has to be done now and then.
 *
 * A worker has a share of CPU time like a VM's, so that what one guest floods a network with is not
 * taken from all others.
 */
#pragma once

#include "drivers/e1000/model.h"
#include "drivers/e1000/nic.h"
#include "net/network.h"
#include "sched/wait.h"

/* A VM's NIC, from network_join() to network_leave(). */
struct vm_nic {
	struct list link;
	struct network_worker *worker;
	u32 pending; /* its ring has something for the worker; atomic */
	struct e1000 model;
	u8 trunk[VLANS / 8];
};

struct network_worker {
	struct network net;
	struct wait_queue wait;
	u32 work; /* there is something; atomic */
	u64 ticked_ns;
	bool uplink_works, link_up; /* the worker's alone */
	struct share share;
	struct thread *thread;
	struct list nics;      /* guarded by net.members */
	struct vm_nic *serves; /* it stays until the worker is done with it; the same */
	struct wait_queue served;
	struct frame frame; /* that the worker, or the gateway, sends */
	struct nic_piece
		pieces[FRAME_SPANS_MAX + 3]; /* of one for the uplink; by the switch's lock */
};

/* Makes all networks that have no error, after the NICs are known. Says what it can't have. */
void networks_start(const struct config *config);

/* The port, whose name and settings are there, goes to the switch of this network. -ERR_NOENT,
 * -ERR_FULL. */
__must_check int network_join(const char *network, struct vm_nic *nic);
/* The NIC is in use by nobody when this returns. By a thread. */
void network_leave(struct vm_nic *nic);

/* The guest has put something into its ring: sends it, or leaves it to the worker. */
void network_kick(struct vm_nic *nic);

void network_wake(struct network_worker *w); /* also from interrupts */
