/* SPDX-License-Identifier: MIT */
/* The function for tests: its registers. */
#include "dev/pci_test.h"

#include "drivers/pci_regs.h"
#include "lib/string.h"

enum { MAGIC = 0x00, LEVEL = 0x04, RAISE_MSI = 0x08, RAISE_MSIX = 0x0c, WRITES = 0x10 };
enum { SCRATCH = 0x20, CLASS_OTHER = 0xff0000 };

static struct pci_test *
test_of(struct device *dev)
{
	return container_of(dev, struct pci_test, pci.dev);
}

static u32
read_register(const struct pci_test *test, u64 offset)
{
	switch (offset) {
	case MAGIC: return PCI_TEST_MAGIC;
	case LEVEL: return test->level;
	case WRITES: return test->writes;
	default: return 0;
	}
}

static void
write_register(struct pci_test *test, u64 offset, u32 value)
{
	switch (offset) {
	case LEVEL:
		test->level = (value & 1) != 0;
		pci_device_intx(&test->pci, test->level);
		break;
	case RAISE_MSI: pci_msi_raise(&test->msi, value); break;
	case RAISE_MSIX: pci_msix_raise(&test->msix, value); break;
	default: break;
	}
}

static void
access_scratch(struct pci_test *test, struct io *io)
{
	u8 *at = &test->scratch[io->offset];

	if (io->write)
		memcpy(at, &io->value, io->size);
	else
		memcpy(&io->value, at, io->size);
}

static void
registers_access(struct device *dev, struct io *io)
{
	struct pci_test *test = test_of(dev);
	u64 flags = spin_lock(&test->lock);

	test->writes += io->write;
	if (io->offset >= SCRATCH && io->offset + io->size <= PCI_TEST_SCRATCH)
		access_scratch(test, io);
	else if (!io->write)
		io->value = read_register(test, io->offset);
	else if (io->size == 4)
		write_register(test, io->offset, (u32)io->value);
	spin_unlock(&test->lock, flags);
}

static void
table_access(struct device *dev, struct io *io)
{
	struct pci_test *test = test_of(dev);

	if (io->offset < PCI_TEST_PENDING) {
		pci_msix_table_access(&test->msix, io);
	} else {
		io->offset -= PCI_TEST_PENDING;
		pci_msix_pending_access(&test->msix, io);
	}
}

static void
config_changed(struct pci_device *dev, u16 offset, u32 old __unused, u32 now __unused)
{
	struct pci_test *test = test_of(&dev->dev);

	pci_msi_changed(&test->msi, offset);
	pci_msix_changed(&test->msix, offset);
}

static void
reset(struct device *dev)
{
	struct pci_test *test = test_of(dev);
	u64 flags = spin_lock(&test->lock);

	memset(test->scratch, 0, sizeof(test->scratch));
	test->writes = 0;
	test->level = false;
	pci_device_intx(&test->pci, false);
	pci_msix_reset(&test->msix);
	spin_unlock(&test->lock, flags);
}

static void
setup_bars(struct pci_device *dev)
{
	static const struct pci_device_bar bars[PCI_DEVICE_BARS] = {
		[0] = {PCI_TEST_REGISTERS, SPACE_MMIO, true,  true,  registers_access},
		[2] = {PCI_TEST_PORTS,     SPACE_IO,	 false, false, registers_access},
		[4] = {PCI_TEST_TABLE,     SPACE_MMIO, false, false, table_access    },
	};

	memcpy(dev->bars, bars, sizeof(bars));
	for (unsigned n = 0; n < PCI_DEVICE_BARS; n += 2) {
		if (bars[n].size != 0)
			pci_device_bar_setup(dev, n);
	}
}

void
pci_test_init(struct pci_test *test)
{
	static const struct pci_identity identity = {.vendor = PCI_TEST_VENDOR,
						     .device = PCI_TEST_DEVICE,
						     .class_code = CLASS_OTHER,
						     .revision = 1};
	static const struct pci_msix_place place = {4, 0, PCI_TEST_PENDING};
	struct pci_device *dev = &test->pci;

	memset(test, 0, sizeof(*test));
	spin_init(&test->lock, RANK_VDEVICE, "pci test");
	dev->dev = (struct device){.name = "pci test", .reset = reset};
	dev->size = PCI_HEADER_SPACE;
	dev->config = test->config;
	dev->writable = test->writable;
	dev->config_changed = config_changed;
	pci_device_setup(dev, PCI_TEST_SLOT << 3, &identity);
	setup_bars(dev);
	pci_device_pin_setup(dev, 1);
	dev->writable[PCI_COMMAND] |= PCI_COMMAND_MASTER;
	pci_msix_setup(&test->msix, dev, PCI_TEST_MSIX_AT, PCI_TEST_MSIX, &place);
	pci_msi_setup(&test->msi, dev, PCI_TEST_MSI_AT, PCI_TEST_MSI);
}

int
pci_test_attach(struct pci_test *test, struct pci_host *host)
{
	return pci_host_add(host, &test->pci);
}
