/* SPDX-License-Identifier: MIT */
/* Which NICs the machine has. */
#include "drivers/e1000/nic_parts.h"
#include "drivers/pci_regs.h"
#include "lib/format.h"
#include "lib/log.h"
#include "mm/frame.h"
#include "mm/kmap.h"

static const struct nic_model models[] = {
	{0x100e, false, "82540EM", 4 * GiB	  },
	{0x100f, false, "82545EM", 4 * GiB	  },
	{0x10d3, true,  "82574L",	 FRAME_ANYWHERE},
};

static struct nic nics[NICS_MAX]; /* never go away: an interrupt may still be on its way */
static unsigned count;

unsigned
nic_count(void)
{
	return count;
}

struct nic *
nic_at(unsigned n)
{
	return n < count ? &nics[n] : NULL;
}

struct nic *
nic_find(struct pci_addr addr)
{
	for (unsigned i = 0; i < count; i++) {
		struct pci_addr a = nics[i].function->addr;

		if (a.segment == addr.segment && a.bus == addr.bus && a.device == addr.device &&
		    a.function == addr.function)
			return &nics[i];
	}
	return NULL;
}

static const struct nic_model *
model_of(const struct pci_function *f)
{
	for (unsigned i = 0; f->vendor == PCI_VENDOR_INTEL && i < ARRAY_SIZE(models); i++) {
		if (f->device == models[i].device)
			return &models[i];
	}
	return NULL;
}

/* BAR 0, where firmware has placed it. */
static volatile u8 *
map_registers(const struct pci_function *f)
{
	void *regs;

	for (unsigned i = 0; i < f->bar_count; i++) {
		const struct pci_bar *bar = &f->bars[i];

		if (bar->index != 0 || bar->kind == PCI_BAR_KIND_IO || bar->base == 0 ||
		    bar->size < E1000_REGS_LEN)
			continue;
		if (kmap_device(HPA(bar->base), E1000_REGS_LEN, PT_UC, &regs) == 0)
			return regs;
	}
	return NULL;
}

/* BAR 1, 2 or 4 of the 8254x, where firmware has placed it (4.1.2). The 82574's is not wanted. */
static u16
find_port(const struct nic *nic)
{
	const struct pci_function *f = nic->function;

	for (unsigned i = 0; i < f->bar_count && !nic->model->is_82574; i++) {
		const struct pci_bar *bar = &f->bars[i];

		if (bar->kind == PCI_BAR_KIND_IO && bar->base != 0 &&
		    bar->size >= E1000_IODATA + 4 && bar->base + bar->size <= 0x10000)
			return (u16)bar->base;
	}
	return 0;
}

static void
introduce(const struct nic *nic)
{
	const u8 *m = nic->mac;
	char where[PCI_ADDR_TEXT];

	pci_addr_text(nic->function->addr, where);
	if (nic->state == NIC_FAILED)
		log_warn("%s is %s, an %s, whose registers can't be read: it is not used",
			 nic->name, where, nic->model->name);
	else
		log_info("%s is %s, an %s, %02x:%02x:%02x:%02x:%02x:%02x, link %s", nic->name,
			 where, nic->model->name, m[0], m[1], m[2], m[3], m[4], m[5],
			 nic->link_up ? "up" : "down");
}

/* Reads, and asks for nothing but that it keeps still: whatever firmware has left running. */
static bool
identify(struct nic *nic)
{
	u32 status;

	pci_wake(nic->function);
	pci_change_command(nic->function->addr, PCI_COMMAND_MEMORY, PCI_COMMAND_MASTER);
	nic->regs = map_registers(nic->function);
	if (nic->regs == NULL)
		return false;
	nic->port = find_port(nic);
	status = nic_read(nic, E1000_STATUS);
	if (status == ~0u)
		return false;
	nic_write(nic, E1000_IMC, ~0u);
	nic_write(nic, E1000_RCTL, 0);
	nic_write(nic, E1000_TCTL, 0);
	if (!nic_read_mac(nic))
		return false;
	(void)nic_update_link(nic, status);
	return true;
}

static void
add(const struct pci_function *f, const struct nic_model *model)
{
	struct nic *nic = &nics[count];

	*nic = (struct nic){.function = f, .model = model};
	format(nic->name, sizeof(nic->name), "e1000:%u", count);
	spin_init(&nic->tx.lock, RANK_NIC, "nic tx");
	nic_irq_init(nic);
	count++;
	if (!identify(nic)) {
		nic->state = NIC_FAILED;
		nic->regs = NULL; /* nic_start() refuses it */
	}
	introduce(nic);
}

void
nics_init(void)
{
	unsigned left_out = 0;

	count = 0;
	for (const struct pci_function *f = pci_next(NULL); f != NULL; f = pci_next(f)) {
		const struct nic_model *model = model_of(f);

		if (model == NULL)
			continue;
		if (count < NICS_MAX)
			add(f, model);
		else
			left_out++;
	}
	if (left_out > 0)
		log_warn("e1000: there are %u more NICs than the %u that can be used", left_out,
			 NICS_MAX);
}
