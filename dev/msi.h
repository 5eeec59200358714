/* SPDX-License-Identifier: MIT */
/*
 * The MSI capability of a PCI function (PCI Local Bus 3.0, 6.8.1): 64-bit address, mask and pending
 * bits. All of its state is in configuration space, so the host's reset is its own. Pending bits
 * are under the host's interrupt_lock.
 */
#pragma once

#include "dev/pci.h"

enum { PCI_MSI_SIZE = 24, PCI_MSI_MAX = 32 };

struct pci_msi {
	struct pci_device *dev;
	u8 at;
	u8 vectors;
};

/* Adds it at `at`, of PCI_MSI_SIZE bytes, for a power of two of vectors. Before pci_host_add(). */
void pci_msi_setup(struct pci_msi *msi, struct pci_device *dev, u8 at, unsigned vectors);

/* For the device's config_changed(), with its offset. */
void pci_msi_changed(struct pci_msi *msi, u16 offset);

bool pci_msi_is_on(const struct pci_msi *msi);

/*
 * An interrupt: sent, or while it is masked kept pending. Vectors beyond what the guest has
 * allotted are folded into it. Nothing while MSI is off. Any thread, at most under the device's
 * lock.
 */
void pci_msi_raise(struct pci_msi *msi, unsigned vector);
