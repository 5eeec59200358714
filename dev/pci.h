/* SPDX-License-Identifier: MIT */
/*
 * A VM's PCI: one segment, of which bus 0 has functions; its host bridge 00:00.0; and the ways to
 * configuration space, ports CF8h to CFFh (PCI Local Bus 3.0, 3.2.2.3.2) and ECAM (PCIe 5.0,
 * 7.2.2). A function that is not there reads all ones. Sections in the comments are of PCI Local
 * Bus 3.0.
 *
 * Functions are added while the VM is made, at most PCI_DEVICES_MAX beside the bridge. A write to
 * configuration space is worked out and acted on under host->lock (RANK_PCI), dword by dword; reads
 * take bytes, without a lock. Pins and messages are under host->interrupt_lock (RANK_INTX), which
 * is below the devices' own.
 */
#pragma once

#include "dev/bus.h"
#include "lib/lock.h"

#define PCI_ECAM_BASE 0xe0000000ul
#define PCI_ECAM_LEN  0x10000000ul /* of 256 buses */

enum {
	PCI_HOST_FUNCTIONS = 256, /* places */
	PCI_DEVICES_MAX = 32,
	PCI_DEVICE_BARS = 7,
	PCI_ROM_BAR = 6, /* the expansion ROM */
	PCI_HEADER_SPACE = 256,
	PCI_PINS = 4,
};

struct lapic_bus;
struct pci_host;

/* What a base address register decodes (6.2.5): set by the device. */
struct pci_device_bar {
	u64 size;  /* a power of two; 0: there is no such BAR */
	u8 space;  /* enum space */
	bool wide; /* 64 bits: the next register is its upper half */
	bool prefetchable;
	/* As of a region: io->offset is from the BAR's base. It may come late, after the BAR has
	 * moved away, of an access that had begun before. */
	void (*access)(struct device *dev, struct io *io);
};

struct pci_device {
	struct device dev;
	u8 devfn; /* device << 3 | function, on bus 0 */
	u16 size; /* of its configuration space: 256, or 4096 with PCI Express */
	u8 *config;
	u8 *writable;			/* as long: the bits that the guest can change */
	u8 clearable[PCI_HEADER_SPACE]; /* the bits that it clears by writing 1: not writable */
	struct pci_device_bar bars[PCI_DEVICE_BARS];
	/*
	 * The dword at `offset` was `old` and is now `now`, by a guest's write: only what differs
	 * is a change, and nothing is called without one. Under host->lock: takes the device's own
	 * lock at most, and writes configuration space only by pci_device_put(). May be NULL.
	 */
	void (*config_changed)(struct pci_device *dev, u16 offset, u32 old, u32 now);
	/* After each guest's write, without a lock: for what a change brings about that wants locks
	 * of others. May be NULL. */
	void (*config_written)(struct pci_device *dev);

	/* Of dev/pci*.c. */
	struct pci_host *host;
	struct bus_moving moving[PCI_DEVICE_BARS];
	u8 initial[PCI_HEADER_SPACE]; /* configuration space after a reset */
	bool intx;		      /* the device's; under its lock */
	u8 messages;		      /* PCI_USES_, instead of its pin: under interrupt_lock */
	bool driven;		      /* its pin: under interrupt_lock */
};

/* The header's first words (6.1): read-only, as the device sets them. */
struct pci_identity {
	u16 vendor, device;
	u32 class_code; /* base << 16 | subclass << 8 | interface */
	u8 revision;
};

/* What a device is made of, in this order, before pci_host_add(). Clears configuration space. */
void pci_device_setup(struct pci_device *dev, u8 devfn, const struct pci_identity *identity);

/* Tells configuration space of dev->bars[n], which is filled in, and lets the guest enable it. */
void pci_device_bar_setup(struct pci_device *dev, unsigned n);

/* Prepends a capability (6.7): its two bytes at `offset`, and that there are any. */
void pci_device_capability(struct pci_device *dev, u8 offset, u8 id);

/* A pin, 1 for INTA, which the guest may disable. */
void pci_device_pin_setup(struct pci_device *dev, u8 pin);

bool pci_device_has_pin(const struct pci_device *dev);
/* The host's link that its pin drives. */
unsigned pci_device_link(const struct pci_device *dev);

/* Configuration space, little-endian: size 1, 2 or 4. Neither knows what is writable. */
u32 pci_device_get(const struct pci_device *dev, u16 offset, unsigned size);
void pci_device_put(struct pci_device *dev, u16 offset, unsigned size, u32 value);

/* The level of its interrupt, as Interrupt Status shows it; its pin obeys Interrupt Disable too
 * (6.2.2, 6.2.3). Under the device's own lock. */
void pci_device_intx(struct pci_device *dev, bool level);

/* It uses messages of a kind instead of its pin (6.8.3.3), or no longer. For dev/msi*.c. */
enum { PCI_USES_MSI = 1, PCI_USES_MSIX = 2 };
void pci_device_use_messages(struct pci_device *dev, u8 kind, bool on);

/* Whether the guest lets it read and write memory (Bus Master). */
bool pci_device_masters(const struct pci_device *dev);

struct pci_host {
	struct device dev;
	struct bus *bus;
	u32 address;		  /* CF8h; atomic */
	const struct region *cf9; /* constant */
	struct pci_device *functions[PCI_HOST_FUNCTIONS];
	unsigned count;
	struct pci_device bridge;
	u8 bridge_config[256], bridge_writable[256];
	struct spinlock lock;
	struct spinlock interrupt_lock;
	struct irq_line *links[PCI_PINS]; /* constant */
	unsigned asserted[PCI_PINS];	  /* pins on each: under interrupt_lock */
	struct lapic_bus *lapics;	  /* where messages go; constant */
	u64 lost;			  /* messages that were none; atomic */
};

/*
 * cf9: the reset control register, which lies inside of CF8h's dword: bytes at CF9h are given to
 * its access() with offset 0. NULL: nobody there.
 */
void pci_host_setup(struct pci_host *host, const struct region *cf9);

/*
 * Where interrupts go: pin p (0: INTA) of slot s drives links[(s + p) % 4], all pins of one ORed.
 * set() is called with interrupt_lock held. Without it they go nowhere.
 */
void pci_host_wire(struct pci_host *host, struct irq_line *const links[PCI_PINS]);

/* Where messages go (MSI, MSI-X). Without it they are lost. */
void pci_host_messages(struct pci_host *host, struct lapic_bus *lapics);

/* Registers the ports, and ECAM at PCI_ECAM_BASE. */
__must_check int pci_host_attach(struct pci_host *host, struct bus *bus);

/*
 * After pci_host_attach(): adds the function, and the device to the bus for its reset. -ERR_EXISTS
 * when there is a function of that address already; -ERR_FULL. What configuration space holds now
 * it will hold after a reset.
 */
__must_check int pci_host_add(struct pci_host *host, struct pci_device *dev);

/* Lets the BARs be where configuration space, changed by pci_device_put(), says, and has that be
 * what a reset brings back: for dev/pci_firmware.c. While the VM is made. */
void pci_host_settle(struct pci_host *host);
