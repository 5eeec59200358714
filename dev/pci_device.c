/* SPDX-License-Identifier: MIT */
/* What all PCI functions have: header, base address registers, capabilities, a pin. */
#include "dev/pci_private.h"

#include "drivers/pci_regs.h"
#include "include/panic.h"
#include "lib/string.h"

u32
pci_device_get(const struct pci_device *dev, u16 offset, unsigned size)
{
	u32 value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (u32)READ_ONCE(dev->config[offset + i]) << 8 * i;
	return value;
}

void
pci_device_put(struct pci_device *dev, u16 offset, unsigned size, u32 value)
{
	for (unsigned i = 0; i < size; i++)
		WRITE_ONCE(dev->config[offset + i], (u8)(value >> 8 * i));
}

/* While the device is set up: more bits of these. */
static void
add_bits(u8 *at, u32 bits)
{
	for (unsigned i = 0; i < sizeof(bits); i++)
		at[i] |= (u8)(bits >> 8 * i);
}

void
pci_device_setup(struct pci_device *dev, u8 devfn, const struct pci_identity *identity)
{
	ASSERT(dev->size == PCI_CONFIG_SIZE || dev->size == PCIE_CONFIG_SIZE);
	dev->devfn = devfn;
	memset(dev->config, 0, dev->size);
	memset(dev->writable, 0, dev->size);
	memset(dev->clearable, 0, sizeof(dev->clearable));
	pci_device_put(dev, PCI_ID, 4, identity->vendor | (u32)identity->device << 16);
	pci_device_put(dev, PCI_CLASS, 4, identity->class_code << 8 | identity->revision);
}

void
pci_device_capability(struct pci_device *dev, u8 offset, u8 id)
{
	ASSERT(offset >= PCI_DEVICE_SPACE && IS_ALIGNED(offset, 4u));
	pci_device_put(dev, offset, 1, id);
	pci_device_put(dev, (u16)(offset + 1), 1, dev->config[PCI_CAPABILITIES]);
	pci_device_put(dev, PCI_CAPABILITIES, 1, offset);
	add_bits(&dev->config[PCI_COMMAND], PCI_STATUS_CAPABILITIES);
}

void
pci_device_pin_setup(struct pci_device *dev, u8 pin)
{
	ASSERT(pin >= 1 && pin <= PCI_PINS);
	pci_device_put(dev, PCI_INTERRUPT_PIN, 1, pin);
	dev->writable[PCI_INTERRUPT] = 0xff;
	add_bits(&dev->writable[PCI_COMMAND], PCI_COMMAND_NO_INTX);
}

static u16
bar_register(unsigned n)
{
	return n == PCI_ROM_BAR ? PCI_ROM : (u16)(PCI_BAR0 + 4 * n);
}

/* The bits that say what the BAR is. */
static u32
bar_kind(const struct pci_device_bar *bar, unsigned n)
{
	if (n == PCI_ROM_BAR)
		return 0;
	if (bar->space == SPACE_IO)
		return PCI_BAR_IO;
	return (bar->wide ? (u32)FIELD_PREP(PCI_BAR_MEM_TYPE, PCI_BAR_MEM_TYPE_64) : 0) |
	       (bar->prefetchable ? PCI_BAR_MEM_PREFETCH : 0);
}

/* The least that the register can say of a BAR: the rest of its bits are the base's. */
static u64
least_size(const struct pci_device_bar *bar, unsigned n)
{
	if (n == PCI_ROM_BAR)
		return 1ul << FIELD_SHIFT(PCI_ROM_BASE);
	return 1ul << FIELD_SHIFT(bar->space == SPACE_IO ? PCI_BAR_IO_BASE : PCI_BAR_MEM_BASE);
}

void
pci_device_bar_setup(struct pci_device *dev, unsigned n)
{
	const struct pci_device_bar *bar = &dev->bars[n];
	u16 at = bar_register(n);
	u64 base_bits = ~(bar->size - 1);

	ASSERT(n < PCI_DEVICE_BARS && is_power_of_two(bar->size));
	ASSERT(bar->size >= least_size(bar, n) && (bar->wide || bar->size <= BIT(31)));
	ASSERT(!bar->wide || (n < PCI_ROM_BAR - 1 && bar->space == SPACE_MMIO));
	pci_device_put(dev, at, 4, bar_kind(bar, n));
	add_bits(&dev->writable[at], (u32)base_bits);
	if (bar->wide)
		add_bits(&dev->writable[at + 4], (u32)(base_bits >> 32));
	if (n == PCI_ROM_BAR)
		add_bits(&dev->writable[at], PCI_ROM_ENABLE);
	add_bits(&dev->writable[PCI_COMMAND],
		 bar->space == SPACE_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY);
}

u64
pci_device_bar_base(const struct pci_device *dev, unsigned n)
{
	const struct pci_device_bar *bar = &dev->bars[n];
	u64 value = pci_device_get(dev, bar_register(n), 4);

	if (bar->wide)
		value |= (u64)pci_device_get(dev, (u16)(bar_register(n) + 4), 4) << 32;
	return value & ~(bar->size - 1);
}

void
pci_device_bar_put(struct pci_device *dev, unsigned n, u64 base)
{
	const struct pci_device_bar *bar = &dev->bars[n];

	pci_device_put(dev, bar_register(n), 4, (u32)base | bar_kind(bar, n));
	if (bar->wide)
		pci_device_put(dev, (u16)(bar_register(n) + 4), 4, (u32)(base >> 32));
}

static bool
is_decoded(const struct pci_device *dev, unsigned n)
{
	u32 enable = dev->bars[n].space == SPACE_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;

	return (pci_device_get(dev, PCI_COMMAND, 2) & enable) != 0 &&
	       (n != PCI_ROM_BAR || (pci_device_get(dev, PCI_ROM, 4) & PCI_ROM_ENABLE) != 0);
}

void
pci_device_decode(struct pci_device *dev)
{
	for (unsigned n = 0; n < PCI_DEVICE_BARS; n++) {
		struct bus_moving *moving = &dev->moving[n];
		u64 base;

		if (dev->bars[n].size == 0)
			continue;
		base = is_decoded(dev, n) ? pci_device_bar_base(dev, n) : BUS_NOWHERE;
		if (base != moving->region.base)
			bus_move(dev->host->bus, moving, base);
	}
}

int
pci_device_add_bars(struct pci_device *dev)
{
	for (unsigned n = 0; n < PCI_DEVICE_BARS; n++) {
		const struct pci_device_bar *bar = &dev->bars[n];
		int err;

		if (bar->size == 0)
			continue;
		dev->moving[n] = (struct bus_moving){
			.region = {(enum space)bar->space, BUS_NOWHERE, bar->size, &dev->dev,
				   bar->access},
			.order = dev->devfn * (unsigned)PCI_DEVICE_BARS + n,
		};
		err = bus_add_moving(dev->host->bus, &dev->moving[n]);
		if (err != 0)
			return err;
	}
	return 0;
}

bool
pci_device_has_pin(const struct pci_device *dev)
{
	return dev->config[PCI_INTERRUPT_PIN] != 0;
}

unsigned
pci_device_link(const struct pci_device *dev)
{
	return ((dev->devfn >> 3) + dev->config[PCI_INTERRUPT_PIN] - 1u) % PCI_PINS;
}

/* Under interrupt_lock. */
static void
drive_pin(struct pci_device *dev)
{
	struct pci_host *host = dev->host;
	unsigned link = pci_device_link(dev);
	bool level = dev->intx && dev->messages == 0 &&
		     (pci_device_get(dev, PCI_COMMAND, 2) & PCI_COMMAND_NO_INTX) == 0;

	if (!pci_device_has_pin(dev) || level == dev->driven)
		return;
	dev->driven = level;
	if (level && host->asserted[link]++ == 0)
		irq_set(host->links[link], true);
	else if (!level && --host->asserted[link] == 0)
		irq_set(host->links[link], false);
}

/* Interrupt Status: a byte of bits that no guest writes. Under interrupt_lock. */
static void
show_status(struct pci_device *dev)
{
	const u8 bit = (u8)(PCI_STATUS_INTERRUPT >> 16);

	if (dev->intx)
		__atomic_fetch_or(&dev->config[PCI_STATUS], bit, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&dev->config[PCI_STATUS], (u8)~bit, __ATOMIC_RELAXED);
}

void
pci_device_interrupts_reset(struct pci_device *dev)
{
	u64 flags = spin_lock(&dev->host->interrupt_lock);

	dev->messages = 0;
	show_status(dev);
	drive_pin(dev);
	spin_unlock(&dev->host->interrupt_lock, flags);
}

void
pci_device_pin_changed(struct pci_device *dev)
{
	u64 flags = spin_lock(&dev->host->interrupt_lock);

	drive_pin(dev);
	spin_unlock(&dev->host->interrupt_lock, flags);
}

void
pci_device_intx(struct pci_device *dev, bool level)
{
	u64 flags;

	if (dev->intx == level)
		return;
	flags = spin_lock(&dev->host->interrupt_lock);
	dev->intx = level;
	show_status(dev);
	drive_pin(dev);
	spin_unlock(&dev->host->interrupt_lock, flags);
}

void
pci_device_use_messages(struct pci_device *dev, u8 kind, bool on)
{
	u64 flags = spin_lock(&dev->host->interrupt_lock);

	dev->messages = (u8)(on ? dev->messages | kind : dev->messages & ~kind);
	drive_pin(dev);
	spin_unlock(&dev->host->interrupt_lock, flags);
}

bool
pci_device_masters(const struct pci_device *dev)
{
	return (READ_ONCE(dev->config[PCI_COMMAND]) & PCI_COMMAND_MASTER) != 0;
}
