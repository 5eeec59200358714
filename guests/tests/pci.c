/* SPDX-License-Identifier: MIT */
/* PCI configuration space by 0xcf8 and by ECAM (PCI 3.0, 3.2.2.3.2; PCIe 5.0, 7.2.2). */
#include "guests/lib/acpi.h"
#include "guests/lib/guest.h"

enum { ADDRESS = 0xcf8, DATA = 0xcfc, DEVICES = 32, HEADER = 0x0e, CLASS = 8, BRIDGE = 0x0600 };
enum { MCFG_BASE = 44, MCFG_FIRST_BUS = 54, MCFG_LAST_BUS, ABSENT = 30 };

#define ENABLE BIT32(31)

static u32
address_of(u32 devfn, u32 reg)
{
	return ENABLE | devfn << 8 | (reg & 0xfc);
}

static u32
read32(u32 devfn, u32 reg)
{
	out32(ADDRESS, address_of(devfn, reg));
	return in32(DATA);
}

static void
check_address(void)
{
	out32(ADDRESS, address_of(0, 0x40));
	CHECK_EQ(in32(ADDRESS), address_of(0, 0x40));
	out8(ADDRESS + 2, 0xff); /* narrow ones are not the register's */
	CHECK_EQ(in32(ADDRESS), address_of(0, 0x40));
	out32(ADDRESS, 0);
	CHECK_EQ(in32(DATA), 0xffffffff);
}

static void
check_bridge(void)
{
	u32 id = read32(0, 0);

	CHECK((id & 0xffff) != 0xffff && (id & 0xffff) != 0);
	CHECK_EQ(read32(0, CLASS) >> 16, BRIDGE);
	CHECK_EQ(read32(0, 0xc) >> 16 & 0x7f, 0); /* a plain header */
	/* Any byte and word of a register, at its own port. */
	out32(ADDRESS, address_of(0, 0));
	CHECK_EQ(in8(DATA), id & 0xff);
	CHECK_EQ(in8(DATA + 1), id >> 8 & 0xff);
	CHECK_EQ(in8(DATA + 3), id >> 24);
	CHECK_EQ(in16(DATA), id & 0xffff);
	CHECK_EQ(in16(DATA + 2), id >> 16);
	out32(DATA, ~id); /* read-only */
	CHECK_EQ(in32(DATA), id);
}

/* Nobody there: all ones, on this bus and on another one; writes are dropped. */
static void
check_absent(void)
{
	out32(ADDRESS, address_of(ABSENT << 3 | 5, 0));
	CHECK_EQ(in32(DATA), 0xffffffff);
	out32(DATA, 0);
	CHECK_EQ(in32(DATA), 0xffffffff);
	CHECK_EQ(in8(DATA + 2), 0xff);
	out32(ADDRESS, address_of(0, 0) | 0x42 << 16);
	CHECK_EQ(in32(DATA), 0xffffffff);
}

/* The same by memory, for every function of bus 0. */
static void
check_ecam(void)
{
	const u8 *mcfg = acpi_table("MCFG");
	u64 base;

	CHECK(mcfg != NULL);
	memcpy(&base, mcfg + MCFG_BASE, sizeof(base));
	CHECK(base < 4 * GiB && IS_ALIGNED(base, MiB));
	CHECK_EQ(mcfg[MCFG_FIRST_BUS], 0);
	for (u32 devfn = 0; devfn < DEVICES * 8; devfn++) {
		u64 at = base | devfn << 12;

		for (u32 reg = 0; reg < 0x40; reg += 4)
			if (mmio_read32((void *)(at + reg)) != read32(devfn, reg))
				guest_fail("function %u, register 0x%x: 0x%x by ECAM, 0x%x by port",
					   devfn, reg, mmio_read32((void *)(at + reg)),
					   read32(devfn, reg));
	}
	CHECK_EQ(mmio_read8((void *)(base + 1)), read32(0, 0) >> 8 & 0xff);
	CHECK_EQ(mmio_read16((void *)(base + 2)), read32(0, 0) >> 16);
	CHECK_EQ(mmio_read32((void *)(base | (ABSENT << 3 | 5) << 12 | 0x100)), 0xffffffff);
}

GUEST("pci")
{
	check_address();
	check_bridge();
	check_absent();
	check_ecam();
}
