/* SPDX-License-Identifier: MIT */
/*
 * What of a VM's platform is PCI: where its four interrupt lines go, and what firmware would have
 * set up. A line drives its own input of the I/O APIC, 16 to 19, and one of the 8259s, IRQ 10 or
 * 11; a guest uses the one or the other.
 */
#pragma once

#include "dev/ioapic.h"
#include "dev/lapic_bus.h"
#include "dev/pci_test.h"
#include "dev/pic.h"

struct platform_pci;
struct vm_config;

struct platform_pci_link {
	struct irq_line line;
	struct platform_pci *pci;
	u8 number;
	bool level; /* under host.interrupt_lock */
};

struct platform_pci {
	struct pci_host host;
	struct ioapic *ioapic;
	struct pic *pic;
	struct platform_pci_link links[PCI_PINS];
	struct pci_test test; /* by the configuration */
};

/* cf9: as of pci_host_setup(). Messages go to the I/O APIC's bus. */
void platform_pci_setup(struct platform_pci *pci, struct ioapic *ioapic, struct pic *pic,
			const struct region *cf9);

__must_check int platform_pci_attach(struct platform_pci *pci, struct bus *bus,
				     const struct vm_config *config);

/* All functions are there: addresses, and the rest of what a guest finds. */
void platform_pci_start(struct platform_pci *pci, const char *vm_name);
