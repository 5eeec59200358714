/* SPDX-License-Identifier: MIT */
/* The two lists of capabilities. A device makes them up: offsets are checked, loops end. */
#include "drivers/pci_regs.h"
#include "drivers/pci_scan.h"

struct caps {
	struct pci_cap *at;
	u8 count, max;
};

static void
add(struct caps *caps, u16 id, u16 offset, bool extended)
{
	if (caps->count < caps->max)
		caps->at[caps->count++] = (struct pci_cap){id, offset, extended};
}

/* Also a list that leads back to itself has ended then. */
static bool
seen(const struct caps *caps, u16 offset)
{
	for (unsigned i = 0; i < caps->count; i++) {
		if (caps->at[i].offset == offset)
			return true;
	}
	return false;
}

/* PCI Local Bus 3.0, 6.7: each is at least a dword, so no list is longer than this. */
static void
read_list(const struct pci_access *access, struct pci_addr addr, struct caps *caps)
{
	u32 entry = access->read32(access, addr, PCI_CAPABILITIES) << 8; /* the next, in 15:8 */

	for (unsigned i = 0; i < (PCI_CONFIG_SIZE - PCI_DEVICE_SPACE) / 4; i++) {
		u16 offset = (u16)(entry >> 8 & 0xfc);

		if (offset < PCI_DEVICE_SPACE || seen(caps, offset))
			break;
		entry = access->read32(access, addr, offset);
		if ((entry & 0xff) == 0xff)
			break;
		add(caps, (u8)entry, offset, false);
	}
}

/* PCIe 5.0, 7.6: the first is at 100h, all zeros when there is none. */
static void
read_extended_list(const struct pci_access *access, struct pci_addr addr, struct caps *caps)
{
	u16 offset = PCI_EXTENDED_SPACE;

	for (unsigned i = 0; i < (PCIE_CONFIG_SIZE - PCI_EXTENDED_SPACE) / 4; i++) {
		u32 entry = access->read32(access, addr, offset);

		if (entry == 0 || entry == ~0u)
			break;
		add(caps, (u16)FIELD_GET(PCIE_CAP_ID, entry), offset, true);
		offset = (u16)(FIELD_GET(PCIE_CAP_NEXT, entry) & 0xffc);
		if (offset < PCI_EXTENDED_SPACE || seen(caps, offset))
			break;
	}
}

static bool
has_express(const struct caps *caps)
{
	for (unsigned i = 0; i < caps->count; i++) {
		if (caps->at[i].id == PCI_CAP_EXPRESS)
			return true;
	}
	return false;
}

u8
pci_read_caps(const struct pci_access *access, struct pci_addr addr, struct pci_cap *at, u8 max)
{
	struct caps caps = {.at = at, .max = max};

	if (access->read32(access, addr, PCI_COMMAND) & PCI_STATUS_CAPABILITIES)
		read_list(access, addr, &caps);
	/* Behind a bridge to plain PCI these offsets may show the first 256 bytes again. */
	if (access->size > PCI_CONFIG_SIZE && has_express(&caps))
		read_extended_list(access, addr, &caps);
	return caps.count;
}
