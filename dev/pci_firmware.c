/* SPDX-License-Identifier: MIT */
/* Addresses by falling size, so that alignment leaves no holes. */
#include "dev/pci_firmware.h"

#include "dev/pci_private.h"
#include "drivers/pci_regs.h"
#include "include/bits.h"

struct window {
	u64 next, end;
};

/* 0: no room. */
static u64
take(struct window *w, u64 size)
{
	u64 base = ALIGN_UP(w->next, size);

	if (base < w->next || base > w->end || w->end - base < size)
		return 0;
	w->next = base + size;
	return base;
}

/* The function's BARs of this kind and size. Answers how many found no room. */
static unsigned
place(struct pci_device *dev, enum space space, u64 size, struct window *w)
{
	unsigned failed = 0;

	for (unsigned n = 0; n < PCI_DEVICE_BARS; n++) {
		u64 base;

		if (dev->bars[n].size != size || dev->bars[n].space != space)
			continue;
		base = take(w, size);
		failed += base == 0;
		pci_device_bar_put(dev, n, base);
	}
	return failed;
}

/* The sizes that there are of this kind: a bit each, as sizes are. */
static u64
sizes_of(const struct pci_host *host, enum space space)
{
	u64 sizes = 0;

	for (unsigned i = 0; i < PCI_HOST_FUNCTIONS; i++) {
		const struct pci_device *dev = host->functions[i];

		for (unsigned n = 0; dev != NULL && n < PCI_DEVICE_BARS; n++)
			sizes |= dev->bars[n].space == space ? dev->bars[n].size : 0;
	}
	return sizes;
}

static unsigned
place_all(struct pci_host *host, enum space space, u64 first, u64 end)
{
	struct window w = {first, end};
	u64 sizes = sizes_of(host, space);
	unsigned failed = 0;

	for (; sizes != 0; sizes &= ~BIT(high_bit(sizes))) {
		for (unsigned i = 0; i < PCI_HOST_FUNCTIONS; i++) {
			if (host->functions[i] != NULL)
				failed +=
					place(host->functions[i], space, BIT(high_bit(sizes)), &w);
		}
	}
	return failed;
}

/* What has an address, all of its kind. */
static void
enable(struct pci_device *dev)
{
	u32 there = 0, homeless = 0;

	for (unsigned n = 0; n < PCI_DEVICE_BARS; n++) {
		u32 bit = dev->bars[n].space == SPACE_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;

		if (dev->bars[n].size == 0)
			continue;
		there |= bit;
		homeless |= pci_device_bar_base(dev, n) == 0 ? bit : 0;
	}
	pci_device_put(dev, PCI_COMMAND, 2,
		       pci_device_get(dev, PCI_COMMAND, 2) | (there & ~homeless));
}

static void
tell_line(struct pci_device *dev, const u8 irqs[PCI_PINS])
{
	if (pci_device_has_pin(dev))
		pci_device_put(dev, PCI_INTERRUPT, 1, irqs[pci_device_link(dev)]);
}

unsigned
pci_firmware_run(struct pci_host *host, const struct pci_firmware *firmware)
{
	unsigned failed = place_all(host, SPACE_MMIO, firmware->memory, firmware->memory_end) +
			  place_all(host, SPACE_IO, firmware->io, firmware->io_end);

	for (unsigned i = 0; i < PCI_HOST_FUNCTIONS; i++) {
		if (host->functions[i] == NULL)
			continue;
		enable(host->functions[i]);
		tell_line(host->functions[i], firmware->irqs);
	}
	pci_host_settle(host);
	return failed;
}
