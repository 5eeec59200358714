/* SPDX-License-Identifier: MIT */
/* The I/O APIC's registers and what its inputs make of them (82093AA datasheet, ch. 3). */
#include "dev/ioapic.h"

#include "include/bits.h"
#include "include/panic.h"
#include "lib/string.h"

/* 3.1: two windows ... */
enum { IOREGSEL = 0x00, IOWIN = 0x10 };

/* ... onto these, 3.2. */
enum { REG_ID = 0x00, REG_VERSION = 0x01, REG_ARBITRATION = 0x02, REG_ENTRIES = 0x10 };

#define VERSION		   (0x11u | (IOAPIC_INPUTS - 1) << 16)
#define ID_BITS		   BITS(27, 24)

/* 3.2.4 */
#define ENTRY_VECTOR	   BITS(7, 0)
#define ENTRY_DELIVERY	   BITS(10, 8)
#define ENTRY_LOGICAL	   BIT(11)
#define ENTRY_LOW	   BIT(13)
#define ENTRY_REMOTE_IRR   BIT(14)
#define ENTRY_LEVEL	   BIT(15)
#define ENTRY_MASKED	   BIT(16)
#define ENTRY_DEST	   BITS(63, 56)
#define ENTRY_WRITABLE_LOW 0x1afffu /* not: delivery status, which is always idle; remote IRR */

/* Whether the entry sees its input active: the wire's level is compared with its polarity. */
static bool
is_active(const struct ioapic *io, unsigned n)
{
	bool high = ((io->asserted ^ io->active_low) & BIT32(n)) != 0;
	bool low = (io->entries[n] & ENTRY_LOW) != 0;

	return high != low;
}

/* Level means something to fixed and lowest priority alone; the others are edges (3.2.4). */
static bool
is_level(u64 entry)
{
	return (entry & ENTRY_LEVEL) != 0 && FIELD_GET(ENTRY_DELIVERY, entry) <= APIC_LOWEST;
}

static bool
send(struct ioapic *io, u64 entry)
{
	struct apic_message m = {
		.dest = (u32)FIELD_GET(ENTRY_DEST, entry),
		.vector = (u8)FIELD_GET(ENTRY_VECTOR, entry),
		.delivery = (u8)FIELD_GET(ENTRY_DELIVERY, entry),
		.logical = (entry & ENTRY_LOGICAL) != 0,
		.level = is_level(entry),
	};

	/* Start-up is of IPIs alone; here its number is reserved. */
	return m.delivery != APIC_STARTUP && lapic_bus_send(io->bus, &m);
}

/* A level-triggered input asks once, until the EOI. */
static void
send_level(struct ioapic *io, unsigned n)
{
	u64 entry = io->entries[n];

	if (!is_level(entry) || (entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR)) != 0 ||
	    !is_active(io, n))
		return;
	/* The EOI may come before send() returns, but waits for our lock. */
	if (send(io, entry))
		io->entries[n] |= ENTRY_REMOTE_IRR;
}

/* An edge at a masked input is lost. */
static void
send_edge(struct ioapic *io, unsigned n)
{
	if ((io->entries[n] & ENTRY_MASKED) == 0)
		send(io, io->entries[n]);
}

static void
input_changed(struct ioapic *io, unsigned n)
{
	if (is_level(io->entries[n]))
		send_level(io, n);
	else if (is_active(io, n))
		send_edge(io, n);
}

void
ioapic_set(struct ioapic *io, unsigned n, bool level)
{
	u64 flags = spin_lock(&io->lock);
	u32 bit = BIT32(n);

	ASSERT(n < IOAPIC_INPUTS);
	if (((io->asserted & bit) != 0) != level) {
		io->asserted ^= bit;
		input_changed(io, n);
	}
	spin_unlock(&io->lock, flags);
}

void
ioapic_eoi(struct ioapic *io, u8 vector)
{
	u64 flags = spin_lock(&io->lock);

	for (unsigned n = 0; n < IOAPIC_INPUTS; n++) {
		u64 entry = io->entries[n];

		if ((entry & ENTRY_REMOTE_IRR) == 0 || FIELD_GET(ENTRY_VECTOR, entry) != vector)
			continue;
		io->entries[n] &= ~ENTRY_REMOTE_IRR;
		send_level(io, n);
	}
	spin_unlock(&io->lock, flags);
}

/* Remote IRR is of level-triggered entries: systems without EOI register clear it by the mode. */
static void
write_entry(struct ioapic *io, unsigned n, bool upper, u32 value)
{
	u64 entry = io->entries[n];

	if (upper)
		entry = (entry & ~ENTRY_DEST) | ((u64)value << 32 & ENTRY_DEST);
	else
		entry = (entry & (ENTRY_DEST | ENTRY_REMOTE_IRR)) | (value & ENTRY_WRITABLE_LOW);
	if (!is_level(entry))
		entry &= ~ENTRY_REMOTE_IRR;
	io->entries[n] = entry;
	send_level(io, n);
}

static u32
read_entry(const struct ioapic *io, unsigned reg)
{
	unsigned n = (reg - REG_ENTRIES) / 2;

	if (reg < REG_ENTRIES || n >= IOAPIC_INPUTS)
		return 0;
	return (u32)(io->entries[n] >> 32 * (reg % 2));
}

static u32
read_register(const struct ioapic *io)
{
	switch (io->select) {
	case REG_ID: /* the arbitration id takes the id's value when that is written (3.2.3) */
	case REG_ARBITRATION: return (u32)FIELD_PREP(ID_BITS, io->id);
	case REG_VERSION: return VERSION;
	default: return read_entry(io, io->select);
	}
}

static void
write_register(struct ioapic *io, u32 value)
{
	unsigned reg = io->select, n = (reg - REG_ENTRIES) / 2;

	if (reg == REG_ID)
		io->id = (u8)FIELD_GET(ID_BITS, value);
	else if (reg >= REG_ENTRIES && n < IOAPIC_INPUTS)
		write_entry(io, n, reg % 2 != 0, value);
}

/* The window is written as a whole; the selector has eight bits. */
static void
write_window(struct ioapic *io, const struct io *access)
{
	if (access->offset == IOREGSEL)
		io->select = (u8)access->value;
	else if (access->offset == IOWIN && access->size == 4)
		write_register(io, (u32)access->value);
}

static u64
read_window(const struct ioapic *io, u64 offset)
{
	unsigned shift = 8 * (offset % 4);

	switch (offset & ~3ul) {
	case IOREGSEL: return io->select >> shift;
	case IOWIN: return read_register(io) >> shift;
	default: return 0;
	}
}

static void
ioapic_access(struct device *dev, struct io *access)
{
	struct ioapic *io = container_of(dev, struct ioapic, dev);
	u64 flags = spin_lock(&io->lock);

	if (access->write)
		write_window(io, access);
	else
		access->value = read_window(io, access->offset);
	spin_unlock(&io->lock, flags);
}

/* The inputs' levels are their devices': those set them by their own reset. */
static void
ioapic_reset(struct device *dev)
{
	struct ioapic *io = container_of(dev, struct ioapic, dev);
	u64 flags = spin_lock(&io->lock);

	io->select = 0;
	io->id = 0;
	for (unsigned n = 0; n < IOAPIC_INPUTS; n++)
		io->entries[n] = ENTRY_MASKED;
	spin_unlock(&io->lock, flags);
}

static void
line_set(struct irq_line *line, bool level)
{
	struct ioapic_input *input = container_of(line, struct ioapic_input, line);

	ioapic_set(input->ioapic, input->number, level);
}

struct irq_line *
ioapic_line(struct ioapic *io, unsigned number)
{
	ASSERT(number < IOAPIC_INPUTS);
	return &io->inputs[number].line;
}

static void
bus_eoi(struct lapic_bus *bus, u8 vector)
{
	ioapic_eoi(bus->ioapic, vector);
}

void
ioapic_setup(struct ioapic *io, struct lapic_bus *bus, u32 active_low)
{
	memset(io, 0, sizeof(*io));
	io->dev = (struct device){.name = "ioapic", .reset = ioapic_reset};
	spin_init(&io->lock, RANK_VIRQ, "ioapic");
	io->bus = bus;
	io->active_low = active_low;
	for (unsigned n = 0; n < IOAPIC_INPUTS; n++)
		io->inputs[n] = (struct ioapic_input){{line_set}, io, (u8)n};
	bus->ioapic = io;
	bus->eoi = bus_eoi;
	ioapic_reset(&io->dev);
}

int
ioapic_attach(struct ioapic *io, struct bus *bus)
{
	struct region region = {SPACE_MMIO, IOAPIC_BASE, IOAPIC_LEN, &io->dev, ioapic_access};

	bus_add_device(bus, &io->dev);
	return bus_add_region(bus, &region);
}
