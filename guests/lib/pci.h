/* SPDX-License-Identifier: MIT */
/* PCI functions of bus 0 by ports CF8h and CFCh (PCI Local Bus 3.0, 3.2.2.3.2 and chapter 6), and
 * the function that Ashlar gives to a VM with `pci-test = on`: dev/pci_test.h says what it does. */
#pragma once

#include "include/types.h"

enum {
	PCI_ID = 0x00,
	PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06,
	PCI_BAR = 0x10,
	PCI_CAPABILITIES = 0x34,
	PCI_LINE = 0x3c,
	PCI_IO = 1, /* of the command register */
	PCI_MEMORY = 2,
	PCI_MASTER = 4,
	PCI_NO_INTX = 0x400,
	PCI_CAP_MSI = 5,
	PCI_CAP_MSIX = 0x11,
};

u32 pci_read(u32 devfn, u32 reg);
u16 pci_read16(u32 devfn, u32 reg);
void pci_write(u32 devfn, u32 reg, u32 value);
void pci_write16(u32 devfn, u32 reg, u16 value);
void pci_write8(u32 devfn, u32 reg, u8 value);

/* Its offset; 0 when there is none of this id. */
u32 pci_capability(u32 devfn, u8 id);

/* Looks at every function. -1: not there. */
int pci_find(u32 id);

enum { TEST_ID = 0x7e57a51a };

/* Registers of the test function. */
enum {
	TEST_MAGIC = 0,
	TEST_LEVEL = 4,
	TEST_MSI = 8,
	TEST_MSIX = 12,
	TEST_SCRATCH = 0x20,
	TEST_PENDING = 0x800, /* in BAR 4 */
};

/* The test function. Where there is none, and no Ashlar that owes us one, the test passes. */
u32 pci_test_function(void);

/* Where a BAR of memory is, 64 bits of it or 32; and of ports. */
u64 pci_memory_bar(u32 devfn, u32 n);
u16 pci_port_bar(u32 devfn, u32 n);
