/* SPDX-License-Identifier: MIT */
/*
 * Base address registers (PCI Local Bus 3.0, 6.2.5.1). One is measured by writing ones to it and
 * seeing which stay; while that lasts the function must not decode, or it would answer at an
 * address of somebody else.
 */
#include "drivers/pci_regs.h"
#include "drivers/pci_scan.h"
#include "include/intrin.h"

/*
 * A host bridge may stop forwarding to memory and everything else when its decoding is off, so its
 * BARs are not measured. A bridge's windows are not BARs, and stay as they are.
 */
static bool
may_measure(const struct pci_function *f)
{
	return f->class_code >> 8 != PCI_CLASS_HOST_BRIDGE;
}

static unsigned
bar_registers(const struct pci_function *f)
{
	switch (f->header_type) {
	case PCI_HEADER_DEVICE: return PCI_BARS_MAX;
	case PCI_HEADER_BRIDGE: return 2;
	default: return 0;
	}
}

/* Writes ones to the register, reads what stays, and puts the old value back. */
static u32
writable_bits(const struct pci_access *access, struct pci_addr addr, u16 offset, u32 old)
{
	u32 bits;

	access->write32(access, addr, offset, ~0u);
	bits = access->read32(access, addr, offset);
	access->write32(access, addr, offset, old);
	return bits;
}

/* The lowest address bit that can be set is the size; 0 where none can. */
static u64
lowest_bit(u64 bits)
{
	return bits & (~bits + 1);
}

static void
decode_kind(struct pci_bar *bar, u32 low, bool has_next)
{
	if (low & PCI_BAR_IO) {
		bar->kind = PCI_BAR_KIND_IO;
		return;
	}
	bar->prefetchable = (low & PCI_BAR_MEM_PREFETCH) != 0;
	bar->kind = FIELD_GET(PCI_BAR_MEM_TYPE, low) == PCI_BAR_MEM_TYPE_64 && has_next
			    ? PCI_BAR_KIND_MEM64
			    : PCI_BAR_KIND_MEM32;
}

/* Reads the BAR at bar->index; the size stays 0 without `measure`. */
static void
read_bar(const struct pci_access *access, const struct pci_function *f, struct pci_bar *bar,
	 bool measure)
{
	u16 offset = (u16)(PCI_BAR0 + 4 * bar->index);
	u32 low = access->read32(access, f->addr, offset), high;
	u64 mask, bits;

	decode_kind(bar, low, bar->index + 1u < bar_registers(f));
	mask = bar->kind == PCI_BAR_KIND_IO ? PCI_BAR_IO_BASE : PCI_BAR_MEM_BASE;
	bar->base = low & mask;
	bits = measure ? writable_bits(access, f->addr, offset, low) & mask : 0;
	if (bar->kind == PCI_BAR_KIND_MEM64) {
		offset = (u16)(offset + 4);
		high = access->read32(access, f->addr, offset);
		bar->base |= (u64)high << 32;
		if (measure)
			bits |= (u64)writable_bits(access, f->addr, offset, high) << 32;
	}
	bar->size = lowest_bit(bits);
}

static void
read_bars(const struct pci_access *access, struct pci_function *f, bool measure)
{
	for (unsigned i = 0; i < bar_registers(f); i++) {
		struct pci_bar bar = {.index = (u8)i};

		read_bar(access, f, &bar, measure);
		if (bar.kind == PCI_BAR_KIND_MEM64)
			i++;
		if (measure ? bar.size != 0 : bar.base != 0)
			f->bars[f->bar_count++] = bar;
	}
}

void
pci_measure_bars(const struct pci_access *access, struct pci_function *f)
{
	bool measure = may_measure(f);
	u16 command = (u16)access->read32(access, f->addr, PCI_COMMAND);
	u16 quiet = (u16)(command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
	u64 flags = irq_save(); /* no handler may need the device meanwhile */

	f->bar_count = 0;
	if (measure)
		access->write16(access, f->addr, PCI_COMMAND, quiet);
	read_bars(access, f, measure);
	if (measure)
		access->write16(access, f->addr, PCI_COMMAND, command);
	irq_restore(flags);
}
