/* SPDX-License-Identifier: MIT */
/*
 * A VM's PCI: one segment, of which bus 0 has functions; its host bridge 00:00.0; and the ways to
 * configuration space, ports CF8h to CFFh (PCI Local Bus 3.0, 3.2.2.3.2) and ECAM (PCIe 5.0,
 * 7.2.2). A function that is not there reads all ones.
 *
 * Functions are added while the VM is made. The address register is one atomic word; configuration
 * space is changed byte by byte, without a lock: of two vCPUs that write the same register at once
 * one wins each byte. What a function does about a change (config_written) is under its own lock.
 */
#pragma once

#include "dev/bus.h"

#define PCI_ECAM_BASE 0xe0000000ul
#define PCI_ECAM_LEN  0x10000000ul /* of 256 buses */

enum { PCI_HOST_FUNCTIONS = 256 };

struct pci_device {
	struct device dev;
	u8 devfn; /* device << 3 | function, on bus 0 */
	u16 size; /* of its configuration space: 256, or 4096 with PCI Express */
	u8 *config;
	u8 *writable; /* as long: the bits that the guest can change */
	/* Bytes offset to offset + size - 1 were written, writable bits or not. May be NULL. */
	void (*config_written)(struct pci_device *dev, u16 offset, u8 size);
};

/* The header's first words (PCI Local Bus 3.0, 6.1): read-only, as the device sets them. */
struct pci_identity {
	u16 vendor, device;
	u32 class_code; /* base << 16 | subclass << 8 | interface */
	u8 revision;
};

void pci_device_setup(struct pci_device *dev, u8 devfn, const struct pci_identity *identity);

struct pci_host {
	struct device dev;
	u32 address;		  /* CF8h; atomic */
	const struct region *cf9; /* constant */
	struct pci_device *functions[PCI_HOST_FUNCTIONS];
	struct pci_device bridge;
	u8 bridge_config[256], bridge_writable[256];
};

/*
 * cf9: the reset control register, which lies inside of CF8h's dword: bytes at CF9h are given to
 * its access() with offset 0. NULL: nobody there.
 */
void pci_host_setup(struct pci_host *host, const struct region *cf9);

/* Registers the ports, and ECAM at PCI_ECAM_BASE. */
__must_check int pci_host_attach(struct pci_host *host, struct bus *bus);

/* -ERR_EXISTS when there is a function of that address already. */
__must_check int pci_host_add(struct pci_host *host, struct pci_device *dev);
