/* SPDX-License-Identifier: MIT */
/* Ways to configuration space: ports and ECAM; what is there: functions of bus 0. */
#include "dev/pci.h"

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

static void
config_read(const struct pci_device *dev, u16 offset, struct io *io)
{
	u64 value = 0;

	for (unsigned i = 0; i < io->size; i++)
		value |= (u64)READ_ONCE(dev->config[offset + i]) << 8 * i;
	io->value = value;
}

static void
config_write(struct pci_device *dev, u16 offset, const struct io *io)
{
	for (unsigned i = 0; i < io->size; i++) {
		u8 mask = dev->writable[offset + i], *at = &dev->config[offset + i];

		WRITE_ONCE(*at, (u8)((READ_ONCE(*at) & ~mask) | ((u8)(io->value >> 8 * i) & mask)));
	}
	if (dev->config_written != NULL)
		dev->config_written(dev, offset, io->size);
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
		config_read(dev, offset, io);
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

static void
put(u8 *at, u32 value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		at[i] = (u8)(value >> 8 * i);
}

void
pci_device_setup(struct pci_device *dev, u8 devfn, const struct pci_identity *identity)
{
	ASSERT(dev->size == PCI_CONFIG_SIZE || dev->size == PCIE_CONFIG_SIZE);
	dev->devfn = devfn;
	memset(dev->config, 0, dev->size);
	memset(dev->writable, 0, dev->size);
	put(&dev->config[PCI_ID], identity->vendor, 2);
	put(&dev->config[PCI_ID + 2], identity->device, 2);
	put(&dev->config[PCI_CLASS], identity->class_code << 8 | identity->revision, 4);
}

static void
host_reset(struct device *dev)
{
	WRITE_ONCE(container_of(dev, struct pci_host, dev)->address, 0);
}

void
pci_host_setup(struct pci_host *host, const struct region *cf9)
{
	memset(host, 0, sizeof(*host));
	host->dev = (struct device){.name = "pci", .reset = host_reset};
	host->cf9 = cf9;
	host->bridge.dev.name = "host bridge";
	host->bridge.size = sizeof(host->bridge_config);
	host->bridge.config = host->bridge_config;
	host->bridge.writable = host->bridge_writable;
	pci_device_setup(&host->bridge, 0, &bridge_identity);
	host->functions[0] = &host->bridge;
}

int
pci_host_attach(struct pci_host *host, struct bus *bus)
{
	struct region ports = {SPACE_IO, PORTS, PORTS_LEN, &host->dev, ports_access};
	struct region ecam = {SPACE_MMIO, PCI_ECAM_BASE, PCI_ECAM_LEN, &host->dev, ecam_access};
	int err;

	bus_add_device(bus, &host->dev);
	err = bus_add_region(bus, &ports);
	return err != 0 ? err : bus_add_region(bus, &ecam);
}

int
pci_host_add(struct pci_host *host, struct pci_device *dev)
{
	if (host->functions[dev->devfn] != NULL)
		return fail(-ERR_EXISTS);
	host->functions[dev->devfn] = dev;
	return 0;
}
