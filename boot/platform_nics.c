/* SPDX-License-Identifier: MIT */
/* From the configuration of a NIC to a device on the VM's PCI and a port on a switch. */
#include "boot/platform_nics.h"

#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"

enum { FIRST_SLOT = 3 }; /* of PCI: one each, so that they don't share pins more than they must */

static void
kick(void *arg)
{
	network_kick(arg);
}

static void
set_port(struct vm_nic *nic, const struct vm *vm, u32 index, const struct nic_config *c)
{
	struct net_port *port = e1000_port(&nic->model);

	format(port->name, sizeof(port->name), "%s.%u", vm->name, index);
	memcpy(port->settings.mac, c->mac, sizeof(port->settings.mac));
	port->settings.spoof_deny = c->spoof_deny;
	port->settings.isolate = c->isolate;
	port->settings.vlan = c->vlan;
	port->settings.rate_bits = c->rate_bits;
	if (c->trunk.len != 0) {
		config_trunk(c->trunk, nic->trunk);
		port->settings.trunk = nic->trunk;
	}
}

static int
join(struct vm_nic *nic, struct vm *vm, const char *network)
{
	int err = network_join(network, nic);

	if (err == -ERR_FULL)
		format(vm->reason, sizeof(vm->reason),
		       "network %s has no port left: stop another VM of it", network);
	else if (err != 0)
		format(vm->reason, sizeof(vm->reason),
		       "network %s could not be made at boot: the log says why", network);
	return err;
}

static int
make(struct platform_nics *p, struct vm *vm, struct pci_host *host, const struct nic_config *c)
{
	struct vm_nic *nic = heap_alloc(sizeof(*nic));
	u32 index = p->count;
	struct e1000_config config = {
		.memory = vm->memory,
		.clock = vm->clock,
		.devfn = (u8)((FIRST_SLOT + index) << 3),
		.kick = kick,
		.arg = nic,
	};
	int err;

	if (nic == NULL)
		return fail(-ERR_NOMEM);
	p->nics[p->count++] = nic;
	memcpy(config.mac, c->mac, sizeof(config.mac));
	e1000_init(&nic->model, &config);
	set_port(nic, vm, index, c);
	err = e1000_attach(&nic->model, host);
	return err != 0 ? err : join(nic, vm, c->net);
}

int
platform_nics_make(struct platform_nics *p, struct vm *vm, struct pci_host *host)
{
	const struct vm_config *c = vm->config;
	int err = 0;

	for (u32 i = 0; i < c->nic_count && err == 0; i++)
		err = make(p, vm, host, &c->nics[i]);
	return err;
}

void
platform_nics_free(struct platform_nics *p)
{
	/* All leave before one is freed: what still receives sets timers, in one list with those of
	 * the others. */
	for (u32 i = 0; i < p->count; i++) {
		if (p->nics[i]->worker != NULL)
			network_leave(p->nics[i]);
	}
	while (p->count > 0)
		heap_free(p->nics[--p->count]);
}
