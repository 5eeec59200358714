/* SPDX-License-Identifier: MIT */
/* Which functions there are, and what their headers say. */
#include "drivers/pci_scan.h"

#include "drivers/pci_regs.h"

static bool
is_there(const struct pci_access *access, struct pci_addr addr)
{
	u32 id = access->read32(access, addr, PCI_ID);

	/* No vendor has 0 or ffffh; 1 with device ffffh is a device that isn't ready (CRS). */
	return (id & 0xffff) != 0xffff && (id & 0xffff) != 0 && id != 0xffff0001;
}

int
pci_scan_bus(const struct pci_access *access, u8 bus, u8 devices, pci_visit visit, void *arg)
{
	struct pci_addr addr = {.segment = access->segment, .bus = bus};

	for (addr.device = 0; addr.device < devices; addr.device++) {
		unsigned functions = 1;

		for (addr.function = 0; addr.function < functions; addr.function++) {
			int err;

			if (!is_there(access, addr))
				continue;
			if (access->read32(access, addr, PCI_HEADER) & PCI_HEADER_MULTI)
				functions = PCI_FUNCTIONS;
			err = visit(access, addr, arg);
			if (err != 0)
				return err;
		}
	}
	return 0;
}

static void
read_header(const struct pci_access *access, struct pci_function *f)
{
	u32 id = access->read32(access, f->addr, PCI_ID);
	u32 class_code = access->read32(access, f->addr, PCI_CLASS);
	u32 header = access->read32(access, f->addr, PCI_HEADER);
	u32 interrupt = access->read32(access, f->addr, PCI_INTERRUPT);

	f->vendor = (u16)id;
	f->device = (u16)(id >> 16);
	f->revision = (u8)class_code;
	f->class_code = class_code >> 8;
	f->header_type = (u8)FIELD_GET(PCI_HEADER_TYPE, header);
	f->interrupt_line = (u8)interrupt;
	f->interrupt_pin = (u8)(interrupt >> 8);
	if (f->interrupt_pin > 4)
		f->interrupt_pin = 0;
	if (f->header_type == PCI_HEADER_BRIDGE)
		f->secondary_bus = (u8)(access->read32(access, f->addr, PCI_BRIDGE_BUSES) >> 8);
}

struct scan {
	int (*found)(const struct pci_access *access, struct pci_function *f);
	u64 single[PCI_BUSES / 64]; /* buses that are one link, which has room for one device */
};

/* Some devices answer for all 32 numbers of their link (PCIe 5.0, 7.3.1 gives it just number 0). */
static void
note_single(struct scan *scan, const struct pci_access *access, const struct pci_function *f)
{
	for (unsigned i = 0; i < f->cap_count && f->header_type == PCI_HEADER_BRIDGE; i++) {
		u64 type;

		if (f->caps[i].extended || f->caps[i].id != PCI_CAP_EXPRESS)
			continue;
		type = FIELD_GET(PCIE_PORT_TYPE,
				 access->read32(access, f->addr, f->caps[i].offset));
		if (type == PCIE_ROOT_PORT || type == PCIE_DOWNSTREAM_PORT)
			scan->single[f->secondary_bus / 64] |= BIT(f->secondary_bus % 64);
	}
}

static int
visit_function(const struct pci_access *access, struct pci_addr addr, void *arg)
{
	struct scan *scan = arg;
	struct pci_function f = {.addr = addr};

	read_header(access, &f);
	if (f.header_type <= PCI_HEADER_BRIDGE) /* others have their list elsewhere, or none */
		f.cap_count = pci_read_caps(access, addr, f.caps, PCI_CAPS_MAX);
	note_single(scan, access, &f);
	return scan->found(access, &f);
}

int
pci_scan(const struct pci_access *access,
	 int (*found)(const struct pci_access *access, struct pci_function *f))
{
	struct scan scan = {.found = found};

	/* A bridge has a lower bus number than what lies behind it, so it is known by then. */
	for (unsigned bus = access->first_bus; bus <= access->last_bus; bus++) {
		bool single =
			bus > access->first_bus && (scan.single[bus / 64] & BIT(bus % 64)) != 0;
		int err = pci_scan_bus(access, (u8)bus, single ? 1 : PCI_DEVICES, visit_function,
				       &scan);

		if (err != 0)
			return err;
	}
	return 0;
}

/*
 * Intel's integrated display reads its picture from memory as a bus master, and so would show
 * none. That memory is set aside by firmware and never ours.
 */
static bool
feeds_the_screen(const struct pci_access *access, struct pci_addr addr)
{
	return addr.bus == 0 && addr.device == 2 &&
	       (access->read32(access, addr, PCI_ID) & 0xffff) == PCI_VENDOR_INTEL &&
	       access->read32(access, addr, PCI_CLASS) >> 24 == PCI_CLASS_DISPLAY;
}

bool
pci_master_off(const struct pci_access *access, struct pci_addr addr)
{
	u32 command = access->read32(access, addr, PCI_COMMAND);

	if ((command & PCI_COMMAND_MASTER) == 0 || feeds_the_screen(access, addr))
		return false;
	access->write16(access, addr, PCI_COMMAND, (u16)(command & ~PCI_COMMAND_MASTER));
	return true;
}
