/* SPDX-License-Identifier: MIT */
/*
 * The two ways to configuration space, behind one struct: the ports 0xcf8 and 0xcfc (PCI Local Bus
 * 3.0, 3.2.2.3.2), under a lock, and ECAM (PCIe 5.0, 7.2.2), memory that needs none.
 */
#pragma once

#include "drivers/pci.h"

/* How a range of buses is reached. Offsets are aligned to the width, and below size. */
struct pci_access {
	u32 (*read32)(const struct pci_access *access, struct pci_addr addr, u16 offset);
	void (*write32)(const struct pci_access *access, struct pci_addr addr, u16 offset,
			u32 value);
	/* For the command, and what else has status bits next to it, where writing a 1 clears. */
	void (*write16)(const struct pci_access *access, struct pci_addr addr, u16 offset,
			u16 value);
	u16 size; /* of a function's configuration space: 256 or 4096 */
	u16 segment;
	u8 first_bus, last_bus;
	volatile u8 *ecam; /* of first_bus */
};

/* All buses of segment 0 by the ports. */
extern const struct pci_access pci_ports;

/* By ECAM, whose mapping for first_bus to last_bus starts at ecam. */
struct pci_access pci_ecam_access(volatile void *ecam, u16 segment, u8 first_bus, u8 last_bus);
