/* SPDX-License-Identifier: MIT */
/*
 * The MSI-X capability of a PCI function (PCI Local Bus 3.0, 6.8.2): its table and its pending bits
 * are in a memory BAR of the device, which passes accesses on. Both are under the host's
 * interrupt_lock.
 */
#pragma once

#include "dev/pci.h"

enum { PCI_MSIX_SIZE = 12, PCI_MSIX_MAX = 64, PCI_MSIX_ENTRY = 16, PCI_MSIX_WORDS = 4 };

struct pci_msix {
	struct pci_device *dev;
	u8 at;
	u8 count;
	u32 table[PCI_MSIX_MAX][PCI_MSIX_WORDS];
	u64 pending;
};

/* Where table and pending bits are: multiples of 8 in a BAR, not overlapping. */
struct pci_msix_place {
	u8 bar;
	u32 table, pending;
};

/* Adds it at `at`, of PCI_MSIX_SIZE bytes. Before pci_host_add(). */
void pci_msix_setup(struct pci_msix *msix, struct pci_device *dev, u8 at, unsigned count,
		    const struct pci_msix_place *place);

/* For the device's reset(): all vectors masked, none pending. */
void pci_msix_reset(struct pci_msix *msix);

/* For the device's config_changed(), with its offset. */
void pci_msix_changed(struct pci_msix *msix, u16 offset);

/* Accesses, io->offset from their begin; beyond their end there is 0. Without the device's lock. */
void pci_msix_table_access(struct pci_msix *msix, struct io *io);
void pci_msix_pending_access(struct pci_msix *msix, struct io *io);

bool pci_msix_is_on(const struct pci_msix *msix);

/* As pci_msi_raise(); vectors beyond the table are nothing. */
void pci_msix_raise(struct pci_msix *msix, unsigned vector);
