/* SPDX-License-Identifier: MIT */
#include "guests/lib/pci.h"

#include "guests/lib/guest.h"

enum { ADDRESS = 0xcf8, DATA = 0xcfc, FUNCTIONS = 256, CAPABILITIES_MAX = 48, BAR_64 = 4 };

static u16
select(u32 devfn, u32 reg)
{
	out32(ADDRESS, BIT32(31) | devfn << 8 | (reg & 0xfc));
	return (u16)(DATA + (reg & 3));
}

u32
pci_read(u32 devfn, u32 reg)
{
	return in32(select(devfn, reg));
}

u16
pci_read16(u32 devfn, u32 reg)
{
	return in16(select(devfn, reg));
}

void
pci_write(u32 devfn, u32 reg, u32 value)
{
	out32(select(devfn, reg), value);
}

void
pci_write16(u32 devfn, u32 reg, u16 value)
{
	out16(select(devfn, reg), value);
}

void
pci_write8(u32 devfn, u32 reg, u8 value)
{
	out8(select(devfn, reg), value);
}

u32
pci_capability(u32 devfn, u8 id)
{
	u32 at = pci_read(devfn, PCI_CAPABILITIES) & 0xfc;

	for (unsigned n = 0; at != 0 && n < CAPABILITIES_MAX; n++) {
		u32 head = pci_read(devfn, at);

		if ((head & 0xff) == id)
			return at;
		at = head >> 8 & 0xfc;
	}
	return 0;
}

int
pci_find(u32 id)
{
	for (u32 devfn = 0; devfn < FUNCTIONS; devfn++) {
		if (pci_read(devfn, PCI_ID) == id)
			return (int)devfn;
	}
	return -1;
}

u32
pci_test_function(void)
{
	int devfn = pci_find(TEST_ID);

	if (devfn < 0 && !under_ashlar())
		guest_pass();
	CHECK(devfn >= 0);
	return (u32)devfn;
}

u64
pci_memory_bar(u32 devfn, u32 n)
{
	u64 value = pci_read(devfn, PCI_BAR + 4 * n);

	if ((value & BAR_64) != 0)
		value |= (u64)pci_read(devfn, PCI_BAR + 4 * n + 4) << 32;
	return value & ~15ul;
}

u16
pci_port_bar(u32 devfn, u32 n)
{
	return (u16)(pci_read(devfn, PCI_BAR + 4 * n) & ~3u);
}
