/* SPDX-License-Identifier: MIT */
/*
 * A PCI function for tests of what the platform gives all of them: BARs of each kind, a pin, MSI
 * and MSI-X. A VM has it by `pci-test = on`. Its vendor id is no vendor's, so that no driver takes
 * it. The same registers are in BAR 0 (64-bit memory) and BAR 2 (ports), dwords:
 *
 *	00h	read: PCI_TEST_MAGIC
 *	04h	bit 0: the level of its interrupt pin
 *	08h	write: raises that MSI vector
 *	0Ch	write: raises that MSI-X vector
 *	10h	read: how many writes it has had since its reset
 *	20h	to 3Fh: scratch, of any size; in BAR 0 to the end of its first KiB
 *
 * BAR 4 has MSI-X's table at 0 and its pending bits at 800h.
 */
#pragma once

#include "dev/msi.h"
#include "dev/msix.h"
#include "lib/lock.h"

enum {
	PCI_TEST_SLOT = 31,
	PCI_TEST_VENDOR = 0xa51a,
	PCI_TEST_DEVICE = 0x7e57,
	PCI_TEST_MAGIC = 0x7e57a51a,
	PCI_TEST_REGISTERS = 4096, /* sizes of BARs 0, 2 and 4 */
	PCI_TEST_PORTS = 64,
	PCI_TEST_TABLE = 4096,
	PCI_TEST_PENDING = 0x800,
	PCI_TEST_MSI_AT = 0x50,
	PCI_TEST_MSIX_AT = 0x70,
	PCI_TEST_MSI = 8, /* vectors */
	PCI_TEST_MSIX = 4,
	PCI_TEST_SCRATCH = 0x400, /* ends */
};

struct pci_test {
	struct pci_device pci;
	struct spinlock lock; /* RANK_VDEVICE: what is below */
	u8 scratch[PCI_TEST_SCRATCH];
	u32 writes;
	bool level;
	struct pci_msi msi; /* these have their own lock */
	struct pci_msix msix;
	u8 config[PCI_HEADER_SPACE], writable[PCI_HEADER_SPACE];
};

void pci_test_init(struct pci_test *test);
__must_check int pci_test_attach(struct pci_test *test, struct pci_host *host);
