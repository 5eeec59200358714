/* SPDX-License-Identifier: MIT */
/* MSI-X: its table, and which message is sent when. */
#include "dev/msix.h"

#include "dev/msi_message.h"
#include "drivers/pci_regs.h"
#include "include/bits.h"
#include "include/panic.h"
#include "lib/string.h"

/* From the capability: 6.8.2.3 to 6.8.2.5. */
enum { CONTROL = 2, TABLE = 4, PENDING = 8 };

#define CONTROL_MASK   BIT32(14)
#define CONTROL_ENABLE BIT32(15)

/* Words of an entry: 6.8.2.7 to 6.8.2.10. */
enum { ADDRESS, ADDRESS_HIGH, DATA, VECTOR_CONTROL };

#define ADDRESS_BITS  (~3u)
#define VECTOR_MASKED BIT32(0)

/* 6.8.2.9: so it begins. */
static void
mask_all(struct pci_msix *msix)
{
	memset(msix->table, 0, sizeof(msix->table));
	for (unsigned v = 0; v < PCI_MSIX_MAX; v++)
		msix->table[v][VECTOR_CONTROL] = VECTOR_MASKED;
	msix->pending = 0;
}

void
pci_msix_setup(struct pci_msix *msix, struct pci_device *dev, u8 at, unsigned count,
	       const struct pci_msix_place *place)
{
	ASSERT(count > 0 && count <= PCI_MSIX_MAX);
	ASSERT(IS_ALIGNED(place->table, 8u) && IS_ALIGNED(place->pending, 8u));
	msix->dev = dev;
	msix->at = at;
	msix->count = (u8)count;
	pci_device_capability(dev, at, PCI_CAP_MSIX);
	pci_device_put(dev, (u16)(at + CONTROL), 2, count - 1);
	pci_device_put(dev, (u16)(at + TABLE), 4, place->table | place->bar);
	pci_device_put(dev, (u16)(at + PENDING), 4, place->pending | place->bar);
	dev->writable[at + CONTROL + 1] = (u8)((CONTROL_MASK | CONTROL_ENABLE) >> 8);
	mask_all(msix);
}

void
pci_msix_reset(struct pci_msix *msix)
{
	struct spinlock *lock = &msix->dev->host->interrupt_lock;
	u64 flags = spin_lock(lock);

	mask_all(msix);
	spin_unlock(lock, flags);
}

static u32
control(const struct pci_msix *msix)
{
	return pci_device_get(msix->dev, (u16)(msix->at + CONTROL), 2);
}

bool
pci_msix_is_on(const struct pci_msix *msix)
{
	return (control(msix) & CONTROL_ENABLE) != 0;
}

/* One that is not masked, nor are all. */
static bool
may_send(const struct pci_msix *msix, unsigned vector)
{
	return (control(msix) & (CONTROL_ENABLE | CONTROL_MASK)) == CONTROL_ENABLE &&
	       (msix->table[vector][VECTOR_CONTROL] & VECTOR_MASKED) == 0;
}

static void
send(struct pci_msix *msix, unsigned vector)
{
	const u32 *entry = msix->table[vector];

	msi_message_send(msix->dev, entry[ADDRESS] | (u64)entry[ADDRESS_HIGH] << 32, entry[DATA]);
}

void
pci_msix_raise(struct pci_msix *msix, unsigned vector)
{
	struct spinlock *lock = &msix->dev->host->interrupt_lock;
	u64 flags = spin_lock(lock);

	if (vector < msix->count && pci_msix_is_on(msix)) {
		if (may_send(msix, vector))
			send(msix, vector);
		else
			msix->pending |= BIT(vector);
	}
	spin_unlock(lock, flags);
}

static void
send_if_pending(struct pci_msix *msix, unsigned vector)
{
	if ((msix->pending & BIT(vector)) == 0 || !may_send(msix, vector))
		return;
	msix->pending &= ~BIT(vector);
	send(msix, vector);
}

void
pci_msix_changed(struct pci_msix *msix, u16 offset)
{
	struct spinlock *lock = &msix->dev->host->interrupt_lock;
	u64 flags;

	if (offset != msix->at)
		return;
	pci_device_use_messages(msix->dev, PCI_USES_MSIX, pci_msix_is_on(msix));
	flags = spin_lock(lock);
	for (unsigned v = 0; v < msix->count; v++)
		send_if_pending(msix, v);
	spin_unlock(lock, flags);
}

static void
write_word(struct pci_msix *msix, u64 n, u32 value)
{
	static const u32 writable[PCI_MSIX_WORDS] = {ADDRESS_BITS, ~0u, ~0u, VECTOR_MASKED};
	unsigned vector = (unsigned)(n / PCI_MSIX_WORDS), word = n % PCI_MSIX_WORDS;

	if (vector >= msix->count)
		return;
	msix->table[vector][word] = value & writable[word];
	if (word == VECTOR_CONTROL)
		send_if_pending(msix, vector);
}

static u32
read_word(const struct pci_msix *msix, u64 n)
{
	return n / PCI_MSIX_WORDS < msix->count
		       ? msix->table[n / PCI_MSIX_WORDS][n % PCI_MSIX_WORDS]
		       : 0;
}

/* Whole dwords are written (6.8.2), one or two; what reads a part gets it. */
void
pci_msix_table_access(struct pci_msix *msix, struct io *io)
{
	struct spinlock *lock = &msix->dev->host->interrupt_lock;
	u64 flags = spin_lock(lock), n = io->offset / 4;

	if (!io->write) {
		io->value = (read_word(msix, n) | (u64)read_word(msix, n + 1) << 32) >>
			    8 * (io->offset % 4);
	} else if (io->size >= 4 && io->offset % 4 == 0) {
		write_word(msix, n, (u32)io->value);
		if (io->size == 8)
			write_word(msix, n + 1, (u32)(io->value >> 32));
	}
	spin_unlock(lock, flags);
}

void
pci_msix_pending_access(struct pci_msix *msix, struct io *io)
{
	if (!io->write)
		io->value = io->offset < 8 ? READ_ONCE(msix->pending) >> 8 * io->offset : 0;
}
