/* SPDX-License-Identifier: MIT */
// SOURCES: dev/pci.c dev/pci_device.c dev/pci_firmware.c dev/pci_test.c dev/bus.c
// SOURCES: dev/msi.c dev/msix.c dev/msi_message.c
// SOURCES: lib/log.c lib/error.c lib/lock.c lib/format.c lib/string.c
/*
 * A guest's PCI: three functions on a bus that has fixed devices too. The input is a run of records
 * of eight bytes:
 *
 *    what       bits 2:0 what happens; bits 5:4 log2 of an access's size; bit 6 it writes
 *    where      a function, a BAR or a fixed device
 *    register   of configuration space; or an offset in pages and bytes
 *    value      four bytes
 *
 * What must hold, beside what the sanitizers and the locks' ranks check: who answers an access is
 * whom a search byte by byte finds, in what configuration space says; a line is the OR of its
 * pins; a message is sent to the local APICs alone, by a function that masters the bus and uses
 * messages.
 */
#include <stdlib.h>
#include <string.h>

#include "dev/lapic_bus.h"
#include "dev/pci_firmware.h"
#include "dev/pci_test.h"
#include "drivers/pci_regs.h"

enum { RECORD = 8, RECORDS_MAX = 512, FUNCTIONS = 3, FIXED = 5 };

static struct bus bus;
static struct pci_host host;
static struct pci_test test_device;
static struct lapic_bus lapics;
static struct pci_device plain[2];
static u8 config[2][256], writable[2][256];
static struct pci_device *const functions[FUNCTIONS] = {&plain[0], &plain[1], &test_device.pci};
static void (*forward[PCI_DEVICE_BARS])(struct device *dev, struct io *io);
static struct irq_line links[PCI_PINS];
static bool levels[PCI_PINS];

/* Who answered last. */
static struct device *answered;
static u64 answered_offset;

static struct device board = {.name = "board"};

static void
check(bool holds)
{
	if (!holds)
		abort();
}

bool
lapic_bus_send(struct lapic_bus *to, const struct apic_message *message)
{
	check(to == &lapics && pci_device_masters(&test_device.pci));
	check(test_device.pci.messages != 0);
	check(message->delivery != APIC_STARTUP && message->dest <= 0xff);
	return message->dest < 0x80;
}

static void
note(struct device *dev, struct io *io)
{
	answered = dev;
	answered_offset = io->offset;
	io->value = 0;
}

/* The test function goes on to do what it does. */
static void
note_registers(struct device *dev, struct io *io)
{
	answered = dev;
	answered_offset = io->offset;
	forward[0](dev, io);
}

static void
note_table(struct device *dev, struct io *io)
{
	answered = dev;
	answered_offset = io->offset;
	forward[4](dev, io);
}

static void
set_level(struct irq_line *line, bool level)
{
	check(spin_held(&host.interrupt_lock));
	check(levels[line - links] != level);
	levels[line - links] = level;
}

/* ECAM and the ports of configuration space are the host's. */
static const struct region fixed[FIXED] = {
	{SPACE_MMIO, 0xfed00000,	 0x400,	&board,	note},
	{SPACE_MMIO, 0xfec00000,	 0x1000,	 &board,	 note},
	{SPACE_IO,   0x40,		 4,	    &board,    note},
	{SPACE_MMIO, PCI_ECAM_BASE, PCI_ECAM_LEN, &host.dev, NULL},
	{SPACE_IO,   0xcf8,	  8,	     &host.dev, NULL},
};

static const struct pci_device_bar bars[2][PCI_DEVICE_BARS] = {
	{{0x20000, SPACE_MMIO, true, true, note},
	 {0},
	 {0x10000, SPACE_MMIO, true, false, note},
	 {0},
	 {0x40, SPACE_IO, false, false, note},
	 {0x10, SPACE_MMIO, false, false, note},
	 {0x20000, SPACE_MMIO, false, false, note}},
	{{0x100, SPACE_IO, false, false, note},
	 {0x4, SPACE_IO, false, false, note},
	 {1ul << 36, SPACE_MMIO, true, false, note}},
};

static void
setup_plain(unsigned n, u8 devfn)
{
	static const struct pci_identity identity = {1, 2, 0xff0000, 4};
	struct pci_device *dev = &plain[n];

	*dev = (struct pci_device){.config = config[n],
				   .writable = writable[n],
				   .size = PCI_HEADER_SPACE};
	memcpy(dev->bars, bars[n], sizeof(bars[n]));
	pci_device_setup(dev, devfn, &identity);
	for (unsigned i = 0; i < PCI_DEVICE_BARS; i++) {
		if (dev->bars[i].size != 0)
			pci_device_bar_setup(dev, i);
	}
	pci_device_pin_setup(dev, (u8)(n + 1));
	check(pci_host_add(&host, dev) == 0);
}

static void
setup(void)
{
	static const struct pci_firmware firmware = {
		0xc0000000, PCI_ECAM_BASE, 0x1000, 0x10000, {10, 11, 10, 11}
	    };
	struct irq_line *lines[PCI_PINS];

	bus_init(&bus);
	pci_host_setup(&host, NULL);
	for (unsigned i = 0; i < PCI_PINS; i++) {
		links[i].set = set_level;
		levels[i] = false;
		lines[i] = &links[i];
	}
	pci_host_wire(&host, lines);
	pci_host_messages(&host, &lapics);
	check(pci_host_attach(&host, &bus) == 0);
	for (unsigned i = 0; fixed[i].access != NULL; i++)
		check(bus_add_region(&bus, &fixed[i]) == 0);
	setup_plain(0, 3 << 3);
	setup_plain(1, 2 << 3 | 1);
	pci_test_init(&test_device);
	check(pci_test_attach(&test_device, &host) == 0);
	for (unsigned i = 0; i < PCI_DEVICE_BARS; i++)
		forward[i] = test_device.pci.bars[i].access;
	test_device.pci.moving[0].region.access = note_registers;
	test_device.pci.moving[2].region.access = note_registers;
	test_device.pci.moving[4].region.access = note_table;
	check(pci_firmware_run(&host, &firmware) == 1); /* 64 GiB find no room below ECAM */
}

static u64
config_get(const struct pci_device *dev, unsigned offset, unsigned size)
{
	u64 value = 0;

	memcpy(&value, dev->config + offset, size);
	return value;
}

/* Whether the BAR decodes this byte, and at which offset. */
static bool
decodes(const struct pci_device *dev, unsigned n, enum space space, u64 addr, u64 *offset)
{
	const struct pci_device_bar *bar = &dev->bars[n];
	u64 base = config_get(dev, n == PCI_ROM_BAR ? 0x30 : 0x10 + 4 * n, bar->wide ? 8 : 4);

	if (bar->size == 0 || bar->space != space ||
	    (dev->config[4] & (space == SPACE_IO ? 1 : 2)) == 0 ||
	    (n == PCI_ROM_BAR && (base & 1) == 0))
		return false;
	base &= ~(bar->size - 1);
	*offset = addr - base;
	return *offset < bar->size;
}

/* Who has this byte: a number, from 1; 0: nobody. */
static unsigned
owner_of(enum space space, u64 addr, struct device **dev, u64 *offset)
{
	static const unsigned by_devfn[FUNCTIONS] = {1, 0, 2};

	for (unsigned i = 0; i < FIXED; i++) {
		*dev = fixed[i].dev;
		*offset = addr - fixed[i].base;
		if (fixed[i].space == space && *offset < fixed[i].len)
			return i + 1;
	}
	for (unsigned i = 0; i < FUNCTIONS * PCI_DEVICE_BARS; i++) {
		struct pci_device *f = functions[by_devfn[i / PCI_DEVICE_BARS]];

		*dev = &f->dev;
		if (decodes(f, i % PCI_DEVICE_BARS, space, addr, offset))
			return FIXED + 1 + i;
	}
	return 0;
}

static void
access_bus(enum space space, u64 addr, u8 size, bool write, u64 value)
{
	struct device *dev, *other;
	u64 offset, ignored;
	unsigned owner = owner_of(space, addr, &dev, &offset);

	for (unsigned i = 1; i < size; i++) {
		if (addr + i < addr || owner_of(space, addr + i, &other, &ignored) != owner)
			owner = 0;
	}
	answered = NULL;
	check(bus_access(&bus, space, addr, size, write, &value) == (owner != 0));
	if (owner == 0)
		check(answered == NULL);
	else if (dev != &host.dev)
		check(answered == dev && answered_offset == offset);
}

/* A place that means something: in a fixed device, or where a BAR is or would be. */
static void
access_somewhere(const u8 *r, u32 value)
{
	enum space space = (r[0] & 0x80) != 0 ? SPACE_IO : SPACE_MMIO;
	const struct pci_device *dev = functions[r[1] % FUNCTIONS];
	unsigned n = r[1] / FUNCTIONS % PCI_DEVICE_BARS;
	u8 size = (u8)(1u << (r[0] >> 4 & (space == SPACE_IO ? 1 : 3)));
	u64 addr = fixed[r[1] % FIXED].base;

	if (r[1] < 200) {
		addr = config_get(dev, n == PCI_ROM_BAR ? 0x30 : 0x10 + 4 * n,
				  dev->bars[n].wide ? 8 : 4) &
		       ~15ul;
	}
	addr += (r[2] & 0xf0ul) << 8 | (r[2] & 0x0f);
	if ((r[2] & 0x10) != 0)
		addr -= 16;
	if (space == SPACE_IO)
		addr &= 0xffff;
	access_bus(space, addr, size, (r[0] & 0x40) != 0, value | (u64)value << 32);
}

static void
access_config(const u8 *r, u32 value)
{
	u8 size = (u8)(1u << (r[0] >> 4 & 3));
	u64 wide = value | (u64)value << 32;
	u64 at = PCI_ECAM_BASE | (u64)functions[r[1] % FUNCTIONS]->devfn << 12 | r[2];

	check(bus_access(&bus, SPACE_MMIO, at, size, (r[0] & 0x40) != 0, &wide));
}

static void
access_ports(const u8 *r, u32 value)
{
	u32 address = 0x80000000u | (u32)functions[r[1] % FUNCTIONS]->devfn << 8 | r[2];
	u8 size = (u8)(1u << (r[0] >> 4 & 1) << (r[0] >> 5 & 1));

	(void)bus_port(&bus, 0xcf8, 4, true, address);
	(void)bus_port(&bus, (u16)(0xcfc + (r[2] & 3 & ~(size - 1u))), size, (r[0] & 0x40) != 0,
		       value & (u32)(~0ul >> (64 - 8 * size)));
}

static void
check_lines(void)
{
	bool expected[PCI_PINS] = {false};

	for (unsigned i = 0; i < FUNCTIONS; i++) {
		const struct pci_device *f = functions[i];
		bool disabled = (f->config[5] & 4) != 0;
		bool messages =
			f == &test_device.pci && ((f->config[PCI_TEST_MSI_AT + 2] & 1) != 0 ||
						  (f->config[PCI_TEST_MSIX_AT + 3] & 0x80) != 0);

		check(((f->config[6] & 8) != 0) == f->intx);
		if (f->intx && !disabled && !messages)
			expected[((f->devfn >> 3) + f->config[0x3d] - 1) % 4] = true;
	}
	check(memcmp(levels, expected, sizeof(levels)) == 0);
}

static void
run_record(const u8 *r)
{
	u32 value;

	memcpy(&value, r + 4, sizeof(value));
	switch (r[0] & 7) {
	case 0:
	case 1: access_config(r, value); break;
	case 2: access_ports(r, value); break;
	case 3: pci_device_intx(&plain[r[1] & 1], (r[2] & 1) != 0); break;
	case 4:
		if (value == 0)
			bus_reset(&bus);
		break;
	case 5: access_bus(SPACE_MMIO, (u64)value << (r[2] & 63), 1, true, 0); break;
	default: access_somewhere(r, value); break;
	}
	check(!spin_held(&host.lock) && !spin_held(&host.interrupt_lock) &&
	      !spin_held(&test_device.lock));
	check_lines();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int
LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	size_t records = MIN(size / RECORD, (size_t)RECORDS_MAX);

	setup();
	for (size_t i = 0; i < records; i++)
		run_record(data + i * RECORD);
	return 0;
}
