/* SPDX-License-Identifier: MIT */
/* Between dev/pci.c, which has the ways to configuration space, and dev/pci_device.c, which knows
 * what its registers do. */
#pragma once

#include "dev/pci.h"

/* Its regions join the bus: once. */
__must_check int pci_device_add_bars(struct pci_device *dev);

/* Where a BAR is, decoded or not. */
u64 pci_device_bar_base(const struct pci_device *dev, unsigned n);
void pci_device_bar_put(struct pci_device *dev, unsigned n, u64 base);

/* BARs or the enable bits may have changed: moves what moves. Under host->lock. */
void pci_device_decode(struct pci_device *dev);

/* Interrupt Disable may have changed. */
void pci_device_pin_changed(struct pci_device *dev);

/* Neither MSI nor Interrupt Disable: configuration space has been reset. */
void pci_device_interrupts_reset(struct pci_device *dev);
