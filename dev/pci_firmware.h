/* SPDX-License-Identifier: MIT */
/*
 * What firmware does about PCI before a guest starts: every base address register gets an address,
 * decoding is enabled, and interrupt line registers tell the 8259 input of the pin (PCI Local Bus
 * 3.0, 6.2.5, 6.2.4). Expansion ROMs have an address and stay disabled.
 */
#pragma once

#include "dev/pci.h"

struct pci_firmware {
	u64 memory, memory_end; /* where memory BARs go, below 4 GiB */
	u64 io, io_end;
	u8 irqs[PCI_PINS]; /* of the host's links */
};

/*
 * While the VM is made, all functions added. A BAR that finds no room stays at 0, and its kind is
 * not enabled in its function; answers how many.
 */
unsigned pci_firmware_run(struct pci_host *host, const struct pci_firmware *firmware);
