/* SPDX-License-Identifier: MIT */
#include "guests/lib/ioapic.h"

#include "arch/x86_64/io.h"

enum { REG_SELECT = 0, REG_WINDOW = 0x10 };

u32
ioapic_read(u8 reg)
{
	mmio_write32((void *)(IOAPIC_BASE + REG_SELECT), reg);
	return mmio_read32((void *)(IOAPIC_BASE + REG_WINDOW));
}

void
ioapic_write(u8 reg, u32 value)
{
	mmio_write32((void *)(IOAPIC_BASE + REG_SELECT), reg);
	mmio_write32((void *)(IOAPIC_BASE + REG_WINDOW), value);
}

unsigned
ioapic_inputs(void)
{
	return (ioapic_read(IOAPIC_VERSION) >> 16 & 0xff) + 1;
}

void
ioapic_route(u8 input, u32 apic_id, u32 low)
{
	u8 reg = (u8)(IOAPIC_TABLE + 2 * input);

	ioapic_write(reg, IOAPIC_MASKED);
	ioapic_write((u8)(reg + 1), apic_id << 24);
	ioapic_write(reg, low);
}

u32
ioapic_entry(u8 input)
{
	return ioapic_read((u8)(IOAPIC_TABLE + 2 * input));
}
