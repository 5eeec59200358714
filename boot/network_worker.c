/* SPDX-License-Identifier: MIT */
/* What a network's worker does, and how work comes to it. */
#include "boot/network_worker.h"

#include "drivers/e1000/nic.h"
#include "lib/log.h"
#include "lib/string.h"

enum {
	KICK_BUDGET = 256, /* descriptors that a vCPU sends itself, each time it is asked to */
	KICK_FEW = 8,	   /* more than so many are the worker's */
	ROUNDS_WITHOUT_WORKER = 16, /* then a vCPU has done a whole ring */
	WORKER_BUDGET = 256, /* of descriptors or frames of one kind: then the others' turn */
	WORKER_SLICE = 64,   /* of those descriptors: 4 segments of 64 KiB, some 180 frames */
};

#define TICK_NS (100ul * 1000 * 1000)
#define POLL_NS (1ul * 1000 * 1000) /* of an uplink that can't interrupt */

void
network_wake(struct network_worker *w)
{
	__atomic_store_n(&w->work, 1, __ATOMIC_SEQ_CST);
	wait_wake_all(&w->wait);
}

/* What was sent to a bridge's uplink goes out now. */
static void
flush(struct network_worker *w)
{
	if (w->net.nic != NULL)
		nic_flush(w->net.nic);
}

/* By the vCPU itself; true: there is more than it should do. */
static bool
transmit_here(struct vm_nic *nic)
{
	struct network_worker *w = nic->worker;
	unsigned rounds = w->net.config->worker.kind == WORKER_OFF ? ROUNDS_WITHOUT_WORKER : 1;
	bool more = true;

	while (more && rounds-- > 0)
		more = e1000_transmit(&nic->model, KICK_BUDGET);
	if (w->net.gateway == NULL)
		flush(w);
	return more;
}

static bool
vcpu_sends(const struct vm_nic *nic)
{
	switch (nic->worker->net.config->worker.kind) {
	case WORKER_OFF: return true;
	case WORKER_CPU: return false;
	default: return e1000_waiting(&nic->model) <= KICK_FEW;
	}
}

/*
 * By the vCPU where that is cheapest: the frames are in its caches, and nobody has to be woken.
 * What is to become dozens of frames is worth a thread, though: the guest goes on and puts more
 * into the ring meanwhile, so that the sender has one interrupt for all of it, and the receiver,
 * too.
 */
void
network_kick(struct vm_nic *nic)
{
	struct network_worker *w = nic->worker;

	if (vcpu_sends(nic) && !transmit_here(nic))
		return;
	if (__atomic_exchange_n(&nic->pending, 1, __ATOMIC_SEQ_CST) == 0)
		network_wake(w);
}

/* The next NIC that waits, kept until served(); NULL: none does. */
static struct vm_nic *
take_pending(struct network_worker *w)
{
	u64 flags = spin_lock(&w->net.members);
	struct list *pos;

	w->serves = NULL;
	list_for_each (pos, &w->nics) {
		struct vm_nic *nic = list_entry(pos, struct vm_nic, link);

		if (__atomic_exchange_n(&nic->pending, 0, __ATOMIC_SEQ_CST) == 0)
			continue;
		w->serves = nic;
		list_remove(&nic->link); /* to the end: all get their turn */
		list_append(&w->nics, &nic->link);
		break;
	}
	spin_unlock(&w->net.members, flags);
	return w->serves;
}

static void
served(struct network_worker *w)
{
	u64 flags = spin_lock(&w->net.members);

	w->serves = NULL;
	spin_unlock(&w->net.members, flags);
	wait_wake_all(&w->served);
}

static bool
pass_inbox(struct network_worker *w)
{
	struct queued_frame *q;
	unsigned n;

	for (n = 0; n < WORKER_BUDGET; n++) {
		u64 flags;

		q = frame_queue_next(&w->net.inbox);
		if (q == NULL)
			return false;
		flags = spin_lock(&w->net.lock);
		if (!frame_queue_is_stale(&w->net.inbox))
			gateway_from_inside(w->net.gateway, q->data, q->kept, q->owner, q->sender);
		frame_queue_release(&w->net.inbox);
		spin_unlock(&w->net.lock, flags);
	}
	return true;
}

/*
 * True: there is more. What it sends to a gateway is passed on after each slice: one that is made
 * of large segments to be cut fits into the share of the inbox that a card has, a whole budget
 * doesn't.
 */
static bool
transmit_slices(struct network_worker *w, struct vm_nic *nic)
{
	bool more = true;

	for (unsigned left = WORKER_BUDGET; more && left > 0; left -= WORKER_SLICE) {
		more = e1000_transmit(&nic->model, WORKER_SLICE);
		if (w->net.gateway != NULL)
			(void)pass_inbox(w); /* what stays there, this round sees */
	}
	return more;
}

/* True: there is more. */
static bool
transmit(struct network_worker *w)
{
	struct vm_nic *nic = take_pending(w);
	bool more;

	if (nic == NULL)
		return false;
	more = transmit_slices(w, nic);
	if (more)
		__atomic_store_n(&nic->pending, 1, __ATOMIC_SEQ_CST);
	served(w);
	return true; /* perhaps others too */
}

void
network_send(struct network_worker *w, struct net_port *port, u32 slot, const u8 *bytes, u32 len)
{
	frame_of_bytes(&w->frame, bytes, len);
	switch_send_for(port, slot, &w->frame);
}

/* The uplink's frames: on to the switch of a bridge, else to the gateway. */
static void
from_uplink(void *arg, u8 *bytes, u32 len)
{
	struct network_worker *w = arg;
	u64 flags;

	if (w->net.gateway == NULL) {
		network_send(w, &w->net.uplink_port, SWITCH_PORTS_MAX, bytes, len);
		return;
	}
	flags = spin_lock(&w->net.lock);
	network_outside(&w->net, bytes, len, true);
	gateway_from_outside(w->net.gateway, bytes, len);
	spin_unlock(&w->net.lock, flags);
}

static void
say_link(struct network_worker *w, bool up)
{
	if (w->link_up == up)
		return;
	w->link_up = up;
	log_info("network %s: the link of its uplink %s is %s", w->net.config->name,
		 nic_name(w->net.nic), up ? "up" : "down");
}

static void
tick(struct network_worker *w)
{
	u64 now = clock_ns(), flags;

	if (now - w->ticked_ns < TICK_NS)
		return;
	w->ticked_ns = now;
	if (w->uplink_works) {
		nic_check(w->net.nic);
		say_link(w, nic_link_up(w->net.nic));
	}
	if (w->net.gateway == NULL)
		return;
	flags = spin_lock(&w->net.lock);
	gateway_uplink_link(w->net.gateway, w->link_up);
	gateway_tick(w->net.gateway);
	spin_unlock(&w->net.lock, flags);
}

/* One round; true: there is more to do. */
static bool
round(struct network_worker *w)
{
	bool more = transmit(w);

	tick(w); /* before receiving, as nic_check() wants it */
	if (w->uplink_works)
		more |= nic_receive(w->net.nic, WORKER_BUDGET, from_uplink, w);
	if (w->net.gateway != NULL)
		more |= pass_inbox(w);
	flush(w);
	return more;
}

static bool
has_work(struct network_worker *w)
{
	return __atomic_load_n(&w->work, __ATOMIC_SEQ_CST) != 0;
}

static void
uplink_wakes(void *arg)
{
	network_wake(arg);
}

/* Here, as its interrupts come to the CPU that starts it. */
static void
start_uplink(struct network_worker *w)
{
	const struct net_config *c = w->net.config;
	struct nic_client client = {.wake = uplink_wakes,
				    .arg = w,
				    .promiscuous = c->mode == NET_BRIDGE};
	int err = nic_start(w->net.nic, &client);

	w->uplink_works = err == 0;
	if (err != 0)
		log_error("network %s: its uplink %s does not work (%s): it goes on without",
			  c->name, nic_name(w->net.nic), error_text(err));
}

void
network_work(void *arg)
{
	struct network_worker *w = arg;

	if (w->net.nic != NULL)
		start_uplink(w);
	for (;;) {
		bool polls = w->uplink_works && nic_polls(w->net.nic);

		(void)wait_event_timeout(&w->wait, has_work(w), polls ? POLL_NS : TICK_NS);
		__atomic_store_n(&w->work, 0, __ATOMIC_SEQ_CST);
		while (round(w))
			thread_yield();
	}
}
