/* SPDX-License-Identifier: MIT */
/* MSI: which message is sent when. */
#include "dev/msi.h"

#include "dev/msi_message.h"
#include "drivers/pci_regs.h"
#include "include/bits.h"
#include "include/panic.h"

/* From the capability. */
enum {
	CONTROL = 2,
	ADDRESS = 4,
	ADDRESS_HIGH = 8,
	DATA = 12,
	MASK = 16,
	PENDING = 20,
};

/* 6.8.1.3 */
#define CONTROL_ENABLE	 BIT32(0)
#define CONTROL_CAPABLE	 BITS(3, 1)
#define CONTROL_ALLOTTED BITS(6, 4)
#define CONTROL_64	 BIT32(7)
#define CONTROL_MASKS	 BIT32(8)

static u32
get(const struct pci_msi *msi, unsigned offset, unsigned size)
{
	return pci_device_get(msi->dev, (u16)(msi->at + offset), size);
}

static void
put(struct pci_msi *msi, unsigned offset, unsigned size, u32 value)
{
	pci_device_put(msi->dev, (u16)(msi->at + offset), size, value);
}

static void
allow(struct pci_msi *msi, unsigned offset, u32 bits)
{
	for (unsigned i = 0; i < sizeof(bits); i++)
		msi->dev->writable[msi->at + offset + i] = (u8)(bits >> 8 * i);
}

void
pci_msi_setup(struct pci_msi *msi, struct pci_device *dev, u8 at, unsigned vectors)
{
	u32 capable = high_bit(vectors);

	ASSERT(is_power_of_two(vectors) && vectors <= PCI_MSI_MAX);
	*msi = (struct pci_msi){dev, at, (u8)vectors};
	pci_device_capability(dev, at, PCI_CAP_MSI);
	put(msi, CONTROL, 2,
	    CONTROL_64 | CONTROL_MASKS | (u32)FIELD_PREP(CONTROL_CAPABLE, capable));
	allow(msi, 0, (CONTROL_ENABLE | (u32)CONTROL_ALLOTTED) << 8 * CONTROL);
	allow(msi, ADDRESS, ~3u);
	allow(msi, ADDRESS_HIGH, ~0u);
	allow(msi, DATA, 0xffff);
	allow(msi, MASK, (u32)(BIT(vectors) - 1));
}

bool
pci_msi_is_on(const struct pci_msi *msi)
{
	return (get(msi, CONTROL, 2) & CONTROL_ENABLE) != 0;
}

/* More than there are count as all (6.8.1.3: reserved). */
static u32
allotted(const struct pci_msi *msi)
{
	return MIN(1u << FIELD_GET(CONTROL_ALLOTTED, get(msi, CONTROL, 2)), (u32)msi->vectors);
}

/* The vector is in the data's lower bits. Under interrupt_lock. */
static void
send(struct pci_msi *msi, u32 vector)
{
	u64 address = get(msi, ADDRESS, 4) | (u64)get(msi, ADDRESS_HIGH, 4) << 32;

	msi_message_send(msi->dev, address, (get(msi, DATA, 2) & ~(allotted(msi) - 1)) | vector);
}

void
pci_msi_raise(struct pci_msi *msi, unsigned vector)
{
	struct spinlock *lock = &msi->dev->host->interrupt_lock;
	u64 flags = spin_lock(lock);
	u32 which = vector & (allotted(msi) - 1);

	if (!pci_msi_is_on(msi))
		;
	else if ((get(msi, MASK, 4) & BIT32(which)) != 0)
		put(msi, PENDING, 4, get(msi, PENDING, 4) | BIT32(which));
	else
		send(msi, which);
	spin_unlock(lock, flags);
}

static void
send_pending(struct pci_msi *msi)
{
	u32 pending = get(msi, PENDING, 4);
	u32 ready = pending & ~get(msi, MASK, 4) & (u32)(BIT(allotted(msi)) - 1);

	put(msi, PENDING, 4, pending & ~ready);
	for (; ready != 0; ready &= ready - 1)
		send(msi, (u32)__builtin_ctz(ready));
}

void
pci_msi_changed(struct pci_msi *msi, u16 offset)
{
	struct spinlock *lock = &msi->dev->host->interrupt_lock;
	u64 flags;

	if (offset != msi->at && offset != msi->at + MASK)
		return;
	pci_device_use_messages(msi->dev, PCI_USES_MSI, pci_msi_is_on(msi));
	flags = spin_lock(lock);
	if (pci_msi_is_on(msi))
		send_pending(msi);
	spin_unlock(lock, flags);
}
