/* SPDX-License-Identifier: MIT */
/* What drivers do with a function of theirs: command, MSI, power. */
#include "arch/x86_64/time.h"
#include "drivers/pci.h"
#include "drivers/pci_regs.h"

void
pci_change_command(struct pci_addr addr, u16 set, u16 clear)
{
	u16 command = (u16)pci_read32(addr, PCI_COMMAND);

	pci_write16(addr, PCI_COMMAND, (u16)((command & ~clear) | set));
}

/* The bridge whose other side is the function's bus; NULL on a root bus. */
static const struct pci_function *
bridge_to(const struct pci_function *f)
{
	for (const struct pci_function *up = pci_next(NULL); up != NULL; up = pci_next(up)) {
		if (up->header_type == PCI_HEADER_BRIDGE && up->secondary_bus == f->addr.bus &&
		    up->addr.segment == f->addr.segment && up->addr.bus < f->addr.bus)
			return up;
	}
	return NULL;
}

/* A bridge without it passes no request up, messages neither (PCI-to-PCI Bridge 1.2, 3.2.5.3). A
 * bridge's bus has a lower number than what is behind it, so this ends. */
void
pci_master_on(const struct pci_function *f)
{
	for (; f != NULL; f = bridge_to(f))
		pci_change_command(f->addr, PCI_COMMAND_MASTER, 0);
}

void
pci_master_off_one(const struct pci_function *f)
{
	pci_change_command(f->addr, 0, PCI_COMMAND_MASTER);
}

u16
pci_cap_offset(const struct pci_function *f, u16 id)
{
	for (unsigned i = 0; i < f->cap_count; i++) {
		if (!f->caps[i].extended && f->caps[i].id == id)
			return f->caps[i].offset;
	}
	return 0;
}

static u16
msi_control(const struct pci_function *f, u16 cap)
{
	return (u16)(pci_read32(f->addr, cap) >> 16);
}

/* Set up while it is off, and enabled last. */
int
pci_msi_on(const struct pci_function *f, u64 address, u32 data)
{
	u16 cap = pci_cap_offset(f, PCI_CAP_MSI), control;
	bool wide;

	if (cap == 0)
		return fail(-ERR_NODEV);
	control = msi_control(f, cap) & (u16) ~(MSI_CONTROL_ENABLE | MSI_CONTROL_MULTIPLE);
	wide = (control & MSI_CONTROL_64) != 0;
	if (!wide && address >> 32 != 0)
		return fail(-ERR_RANGE);
	pci_write16(f->addr, (u16)(cap + MSI_CONTROL), control);
	pci_write32(f->addr, (u16)(cap + MSI_ADDRESS), (u32)address);
	if (wide)
		pci_write32(f->addr, (u16)(cap + MSI_ADDRESS_HIGH), (u32)(address >> 32));
	pci_write16(f->addr, (u16)(cap + (wide ? MSI_DATA64 : MSI_DATA32)), (u16)data);
	if (control & MSI_CONTROL_MASKS)
		pci_write32(f->addr, (u16)(cap + (wide ? MSI_DATA64 : MSI_DATA32) + 4), 0);
	pci_write16(f->addr, (u16)(cap + MSI_CONTROL), (u16)(control | MSI_CONTROL_ENABLE));
	return 0;
}

void
pci_msi_off(const struct pci_function *f)
{
	u16 cap = pci_cap_offset(f, PCI_CAP_MSI);

	if (cap != 0)
		pci_write16(f->addr, (u16)(cap + MSI_CONTROL),
			    (u16)(msi_control(f, cap) & ~MSI_CONTROL_ENABLE));
}

/* As pci_measure_bars() found them. */
static void
put_bars(const struct pci_function *f)
{
	for (unsigned i = 0; i < f->bar_count; i++) {
		const struct pci_bar *bar = &f->bars[i];
		u16 at = (u16)(PCI_BAR0 + 4 * bar->index);

		pci_write32(f->addr, at, (u32)bar->base);
		if (bar->kind == PCI_BAR_KIND_MEM64)
			pci_write32(f->addr, (u16)(at + 4), (u32)(bar->base >> 32));
	}
}

/* On its way up from D3 it may forget its configuration (PCI Power Management 1.2, 5.4.1). */
void
pci_wake(const struct pci_function *f)
{
	enum { TO_D0_US = 10000 }; /* PCI Power Management 1.2, 5.6.1 */
	u16 cap = pci_cap_offset(f, PCI_CAP_POWER);
	u16 at = (u16)(cap + PCI_POWER_CONTROL), control;

	if (cap == 0)
		return;
	control = (u16)pci_read32(f->addr, at);
	if ((control & PCI_POWER_STATE) == 0)
		return;
	pci_write16(f->addr, at, (u16)(control & ~PCI_POWER_STATE));
	delay_us(TO_D0_US);
	put_bars(f);
}

static void
link_aspm_off(const struct pci_function *f)
{
	u16 cap = pci_cap_offset(f, PCI_CAP_EXPRESS), at = (u16)(cap + PCIE_LINK_CONTROL);
	u16 control;

	if (cap == 0)
		return;
	control = (u16)pci_read32(f->addr, at);
	pci_write16(f->addr, at, (u16)(control & ~PCIE_LINK_ASPM));
}

/* The lower end may not have it on while the upper end has it off (PCIe 5.0, 7.5.3.7). */
void
pci_aspm_off(const struct pci_function *f)
{
	const struct pci_function *up = bridge_to(f);

	link_aspm_off(f);
	if (up != NULL)
		link_aspm_off(up);
}
