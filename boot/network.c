/* SPDX-License-Identifier: MIT */
/* Makes the configuration's networks, and connects their parts. */
#include "boot/network.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/time.h"
#include "boot/network_gateway.h"
#include "boot/network_worker.h"
#include "drivers/e1000/nic.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/string.h"
#include "lib/text.h"
#include "mm/heap.h"

enum { WORKER_WEIGHT = SHARE_WEIGHT };

static struct network_worker *
worker_of(struct network *n)
{
	return container_of(n, struct network_worker, net);
}

/* Out by the uplink, with its tag in its bytes; who transmits, a vCPU or the worker, flushes. */
static bool
deliver_to_uplink(struct net_port *port, const struct frame *f)
{
	struct network *n = container_of(port, struct network, uplink_port);
	struct network_worker *w = worker_of(n);
	struct nic_piece *p = w->pieces;
	u8 tag[ETH_TAG];

	if (f->tagged) {
		be16_put(tag, ETH_TYPE_VLAN);
		be16_put(tag + 2, f->tag);
		*p++ = (struct nic_piece){f->header, ETH_TYPE};
		*p++ = (struct nic_piece){tag, ETH_TAG};
		*p++ = (struct nic_piece){f->header + ETH_TYPE, f->header_len - (u32)ETH_TYPE};
	} else {
		*p++ = (struct nic_piece){f->header, f->header_len};
	}
	for (unsigned i = 0; i < f->span_count; i++)
		*p++ = (struct nic_piece){f->spans[i].at, f->spans[i].len};
	return nic_send(n->nic, w->pieces, (unsigned)(p - w->pieces));
}

/* NULL: the machine has none there. */
static struct nic *
find_uplink(const struct uplink_spec *spec)
{
	struct pci_addr addr = {spec->segment, spec->bus, spec->device, spec->function};

	return spec->kind == UPLINK_PCI ? nic_find(addr) : nic_at(spec->index);
}

/* Of the networks made before. */
static const struct network *
network_with(const struct nic *nic)
{
	struct network *n = network_next(NULL);

	while (n != NULL && n->nic != nic)
		n = network_next(n);
	return n;
}

/* That e1000:N and pci:... are the same NIC is known no earlier than here. */
static void
look_for_uplink(struct network *n)
{
	struct nic *nic = find_uplink(&n->config->uplink);
	const struct network *other = nic != NULL ? network_with(nic) : NULL;

	if (other != NULL)
		log_error("network %s: its uplink %s is that of network %s: it goes on without",
			  n->config->name, nic_name(nic), other->config->name);
	else if (nic == NULL)
		log_warn("network %s: its uplink is not there: it goes on without; the log has a "
			 "line for each NIC that is",
			 n->config->name);
	else
		n->nic = nic;
}

int
network_attach(struct network *n, struct net_port *port, const char *name,
	       bool (*deliver)(struct net_port *port, const struct frame *frame))
{
	format(port->name, sizeof(port->name), "%s.%s", n->config->name, name);
	port->trusted = true;
	port->deliver = deliver;
	return switch_attach(&n->sw, port);
}

static int
connect(struct network_worker *w)
{
	struct network *n = &w->net;

	if (n->config->uplink.kind != UPLINK_NONE)
		look_for_uplink(n);
	format(n->uplink_port.name, sizeof(n->uplink_port.name), "%s.uplink", n->config->name);
	if (n->nic != NULL)
		memcpy(n->uplink_port.settings.mac, nic_mac(n->nic), ETH_ADDRESS);
	if (n->config->mode != NET_BRIDGE)
		return network_make_gateway(w);
	return n->nic == NULL ? 0 : network_attach(n, &n->uplink_port, "uplink", deliver_to_uplink);
}

static bool
is_online(u32 cpu)
{
	return cpu < cpu_count() && READ_ONCE(cpu_get(cpu)->online);
}

/* Where the worker may run. */
static void
set_share(struct network_worker *w)
{
	const struct worker_spec *spec = &w->net.config->worker;
	struct cpu_set cpus = {0};

	if (spec->kind == WORKER_CPU && is_online(spec->cpu))
		cpu_set_add(&cpus, spec->cpu);
	else
		for (u32 cpu = 0; cpu < cpu_count(); cpu++)
			cpu_set_add(&cpus, cpu);
	if (spec->kind == WORKER_CPU && !is_online(spec->cpu))
		log_warn("network %s: worker = %u, which is not up among this machine's CPUs 0 to "
			 "%u: it may run on all of them",
			 w->net.config->name, spec->cpu, cpu_count() - 1);
	share_init(&w->share, WORKER_WEIGHT, 0, &cpus);
}

static void
init(struct network_worker *w, const struct net_config *c)
{
	w->net.config = c;
	spin_init(&w->net.members, RANK_NETWORK, "network");
	spin_init(&w->net.lock, RANK_GATEWAY, "gateway");
	switch_init(&w->net.sw, c->name, clock_ns);
	wait_queue_init(&w->wait);
	wait_queue_init(&w->served);
	list_init(&w->nics);
	set_share(w);
}

/* What it holds by then stays: a network that can't be made is no reason to boot on differently. */
static int
make(const struct net_config *c)
{
	struct network_worker *w = heap_alloc(sizeof(*w));
	int err;

	if (w == NULL)
		return fail(-ERR_NOMEM);
	init(w, c);
	err = connect(w);
	if (err == 0)
		network_add(&w->net);
	return err;
}

/* When all networks are there: a gateway asks what is inside of the others. */
static void
start_workers(void)
{
	for (struct network *n = network_next(NULL); n != NULL; n = network_next(n)) {
		struct network_worker *w = worker_of(n);
		int err = thread_create_in(&w->share, n->config->name, network_work, w, &w->thread);

		if (err != 0)
			log_error("network %s has no worker (%s): its uplink and gateway stand "
				  "still; give VMs less memory and boot again",
				  n->config->name, error_text(err));
	}
}

void
networks_start(const struct config *config)
{
	for (u32 i = 0; i < config->net_count; i++) {
		const struct net_config *c = &config->nets[i];
		int err;

		if (c->error[0] != '\0')
			continue; /* said when the configuration was read */
		err = make(c);
		if (err != 0)
			log_error("network %s is not there: %s", c->name, error_text(err));
	}
	start_workers();
}

int
network_join(const char *network, struct vm_nic *nic)
{
	struct network *n = network_find(network);
	struct network_worker *w;
	u64 flags;
	int err;

	if (n == NULL)
		return fail(-ERR_NOENT);
	w = worker_of(n);
	flags = spin_lock(&n->members);
	err = switch_attach(&n->sw, e1000_port(&nic->model));
	if (err == 0) {
		list_append(&w->nics, &nic->link);
		nic->worker = w;
	}
	spin_unlock(&n->members, flags);
	return err;
}

static void
tell_gateway(struct network *n, const struct net_port *port)
{
	u64 flags = spin_lock(&n->lock);

	gateway_owner_gone(n->gateway, port->own.slot, port->name);
	frame_queue_forget(&n->inbox, port->own.slot);
	spin_unlock(&n->lock, flags);
}

/* The gateway is told before another port can have the slot: all under the members' lock. */
void
network_leave(struct vm_nic *nic)
{
	struct network_worker *w = nic->worker;
	struct net_port *port = e1000_port(&nic->model);
	u64 flags = spin_lock(&w->net.members);

	switch_detach(port); /* its slot stays in it */
	if (w->net.gateway != NULL)
		tell_gateway(&w->net, port);
	list_remove(&nic->link);
	spin_unlock(&w->net.members, flags);
	wait_event(&w->served, READ_ONCE(w->serves) != nic);
	nic->worker = NULL; /* last: until then the worker may be in its ring */
}
