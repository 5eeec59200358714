/* SPDX-License-Identifier: MIT */
/* Ways to configuration space: ports and ECAM; what is there: functions of bus 0. */
#include "dev/pci_private.h"

#include "drivers/pci_regs.h"
#include "include/panic.h"
#include "lib/string.h"

/* PCI Local Bus 3.0, 3.2.2.3.2 */
enum { CONFIG_ADDRESS = 0, CONFIG_CF9 = 1, CONFIG_DATA = 4, PORTS = 0xcf8, PORTS_LEN = 8 };

#define ADDRESS_ENABLE	 BIT32(31)
#define ADDRESS_BUS	 BITS(23, 16)
#define ADDRESS_DEVFN	 BITS(15, 8)
#define ADDRESS_REGISTER 0xfcu
#define ADDRESS_WRITABLE (ADDRESS_ENABLE | 0xfffffcu)

/* PCIe 5.0, table 7-1 */
#define ECAM_BUS	 BITS(27, 20)
#define ECAM_DEVFN	 BITS(19, 12)
#define ECAM_REGISTER	 BITS(11, 0)

/* Intel's number for the host bridge of virtual machines: no driver knows a real chip by it. */
static const struct pci_identity bridge_identity = {.vendor = PCI_VENDOR_INTEL,
						    .device = 0x0d57,
						    .class_code = PCI_CLASS_HOST_BRIDGE << 8};

/* What the function's own parts do about a change, then what the device does. */
static void
changed(struct pci_device *dev, u16 offset, u32 old, u32 now)
{
	bool is_bar = offset >= PCI_BAR0 && offset < PCI_BAR0 + 4 * PCI_ROM_BAR;

	if (offset == PCI_COMMAND || offset == PCI_ROM || is_bar)
		pci_device_decode(dev);
	if (offset == PCI_COMMAND && ((old ^ now) & PCI_COMMAND_NO_INTX) != 0)
		pci_device_pin_changed(dev);
	if (dev->config_changed != NULL)
		dev->config_changed(dev, offset, old, now);
}

/* What the byte becomes: of what is written only the bits that the guest can change or clear. */
static u8
written(const struct pci_device *dev, unsigned offset, u8 old, u8 value)
{
	u8 writable = dev->writable[offset];
	u8 clearable = offset < PCI_HEADER_SPACE ? dev->clearable[offset] : 0;

	return (u8)(((old & ~writable) | (value & writable)) & ~(value & clearable));
}

/* The bytes of one dword. Bits that no guest changes may be changed by the device meanwhile. */
static void
write_dword(struct pci_device *dev, u16 dword, u32 value, u32 bytes)
{
	u32 old = pci_device_get(dev, dword, 4), now = old;

	for (unsigned i = 0; i < 4; i++) {
		u8 was = (u8)(old >> 8 * i), is = was;

		if ((bytes & BIT32(i)) != 0)
			is = written(dev, dword + i, was, (u8)(value >> 8 * i));
		if (is == was)
			continue;
		WRITE_ONCE(dev->config[dword + i], is);
		now ^= (u32)(was ^ is) << 8 * i;
	}
	if (now != old)
		changed(dev, dword, old, now);
}

static void
config_write(struct pci_device *dev, u16 offset, const struct io *io)
{
	u64 flags = spin_lock(&dev->host->lock);
	unsigned shift = offset % 4u;
	u64 value = io->value << 8 * shift;
	u32 bytes = (BIT32(io->size) - 1) << shift;

	write_dword(dev, (u16)(offset - shift), (u32)value, bytes & 0xf);
	if (bytes >> 4 != 0)
		write_dword(dev, (u16)(offset - shift + 4), (u32)(value >> 32), bytes >> 4);
	spin_unlock(&dev->host->lock, flags);
	if (dev->config_written != NULL)
		dev->config_written(dev);
}

/* One access, at most a dword, at a function's register, of which all bytes have to be there. */
static void
config_access(struct pci_host *host, u64 bus, u64 devfn, u16 offset, struct io *io)
{
	struct pci_device *dev = bus == 0 ? host->functions[devfn] : NULL;

	if (dev == NULL || offset + io->size > dev->size) {
		io->value = ~0ul;
		return;
	}
	if (io->write)
		config_write(dev, offset, io);
	else
		io->value = pci_device_get(dev, offset, io->size);
}

/* The register takes dwords alone; other accesses to its ports go by it, to CF9h. */
static void
address_access(struct pci_host *host, struct io *io)
{
	if (io->offset == CONFIG_ADDRESS && io->size == 4) {
		if (io->write)
			WRITE_ONCE(host->address, (u32)io->value & ADDRESS_WRITABLE);
		else
			io->value = READ_ONCE(host->address);
	} else if (io->offset == CONFIG_CF9 && io->size == 1 && host->cf9 != NULL) {
		io->offset = 0;
		host->cf9->access(host->cf9->dev, io);
	} else {
		io->value = ~0ul;
	}
}

static void
data_access(struct pci_host *host, struct io *io)
{
	u32 address = READ_ONCE(host->address);
	u16 offset = (u16)((address & ADDRESS_REGISTER) + (io->offset - CONFIG_DATA));

	if ((address & ADDRESS_ENABLE) == 0)
		io->value = ~0ul;
	else
		config_access(host, FIELD_GET(ADDRESS_BUS, address),
			      FIELD_GET(ADDRESS_DEVFN, address), offset, io);
}

static void
ports_access(struct device *dev, struct io *io)
{
	struct pci_host *host = container_of(dev, struct pci_host, dev);

	if (io->offset >= CONFIG_DATA)
		data_access(host, io);
	else
		address_access(host, io);
}

/* An access of eight bytes is two of a dword. */
static void
ecam_access(struct device *dev, struct io *io)
{
	struct pci_host *host = container_of(dev, struct pci_host, dev);
	struct io half = {.size = MIN(io->size, 4), .write = io->write};
	u64 value = 0;

	for (unsigned done = 0; done < MIN(io->size, sizeof(value)); done += half.size) {
		u64 at = io->offset + done;

		half.value = io->value >> 8 * done;
		config_access(host, FIELD_GET(ECAM_BUS, at), FIELD_GET(ECAM_DEVFN, at),
			      (u16)FIELD_GET(ECAM_REGISTER, at), &half);
		value |= (half.value & (BIT(8u * half.size) - 1)) << 8 * done;
	}
	if (!io->write)
		io->value = value;
}

/* Under the lock, though vCPUs are all out of the guest: timers may not be. */
static void
host_reset(struct device *dev)
{
	struct pci_host *host = container_of(dev, struct pci_host, dev);
	u64 flags = spin_lock(&host->lock);

	WRITE_ONCE(host->address, 0);
	for (unsigned i = 0; i < PCI_HOST_FUNCTIONS; i++) {
		struct pci_device *function = host->functions[i];

		if (function == NULL)
			continue;
		memcpy(function->config, function->initial, sizeof(function->initial));
		pci_device_decode(function);
		pci_device_interrupts_reset(function);
	}
	spin_unlock(&host->lock, flags);
}

void
pci_host_settle(struct pci_host *host)
{
	for (unsigned i = 0; i < PCI_HOST_FUNCTIONS; i++) {
		struct pci_device *function = host->functions[i];

		if (function == NULL)
			continue;
		pci_device_decode(function);
		memcpy(function->initial, function->config, sizeof(function->initial));
	}
}

void
pci_host_setup(struct pci_host *host, const struct region *cf9)
{
	memset(host, 0, sizeof(*host));
	host->dev = (struct device){.name = "pci", .reset = host_reset};
	spin_init(&host->lock, RANK_PCI, "pci");
	spin_init(&host->interrupt_lock, RANK_INTX, "intx");
	host->cf9 = cf9;
	host->bridge.dev.name = "host bridge";
	host->bridge.size = sizeof(host->bridge_config);
	host->bridge.config = host->bridge_config;
	host->bridge.writable = host->bridge_writable;
	host->bridge.host = host;
	pci_device_setup(&host->bridge, 0, &bridge_identity);
	memcpy(host->bridge.initial, host->bridge_config, sizeof(host->bridge.initial));
	host->functions[0] = &host->bridge;
}

void
pci_host_wire(struct pci_host *host, struct irq_line *const links[PCI_PINS])
{
	memcpy(host->links, links, sizeof(host->links));
}

void
pci_host_messages(struct pci_host *host, struct lapic_bus *lapics)
{
	host->lapics = lapics;
}

int
pci_host_attach(struct pci_host *host, struct bus *bus)
{
	struct region ports = {SPACE_IO, PORTS, PORTS_LEN, &host->dev, ports_access};
	struct region ecam = {SPACE_MMIO, PCI_ECAM_BASE, PCI_ECAM_LEN, &host->dev, ecam_access};
	int err;

	host->bus = bus;
	bus_add_device(bus, &host->dev);
	err = bus_add_region(bus, &ports);
	return err != 0 ? err : bus_add_region(bus, &ecam);
}

/* Function 0 of a slot tells whether there are others (6.2.1, header type). */
static void
tell_functions(struct pci_host *host, unsigned slot)
{
	struct pci_device *first = host->functions[slot << 3];
	u8 multi = (u8)(PCI_HEADER_MULTI >> 16);

	for (unsigned f = 1; f < PCI_FUNCTIONS && first != NULL; f++) {
		if (host->functions[slot << 3 | f] == NULL)
			continue;
		first->config[PCI_HEADER + 2] |= multi;
		first->initial[PCI_HEADER + 2] |= multi;
	}
}

int
pci_host_add(struct pci_host *host, struct pci_device *dev)
{
	int err;

	ASSERT(host->bus != NULL);
	if (host->functions[dev->devfn] != NULL)
		return fail(-ERR_EXISTS);
	if (host->count == PCI_DEVICES_MAX)
		return fail(-ERR_FULL);
	dev->host = host;
	dev->intx = dev->driven = false;
	dev->messages = 0;
	err = pci_device_add_bars(dev);
	if (err != 0)
		return err;
	memcpy(dev->initial, dev->config, sizeof(dev->initial));
	host->functions[dev->devfn] = dev;
	host->count++;
	tell_functions(host, dev->devfn >> 3);
	if (dev->dev.reset != NULL)
		bus_add_device(host->bus, &dev->dev);
	return 0;
}
