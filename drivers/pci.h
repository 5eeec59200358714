/* SPDX-License-Identifier: MIT */
/*
 * The machine's PCI functions: found once at boot, in the order of their addresses, and kept. The
 * table is built by pci_init() on the boot CPU and only read afterwards, so there is no lock but
 * the one of the ports 0xcf8 and 0xcfc (RANK_DEVICE). All that a device answers is its own claim:
 * lists in it are bounded, offsets checked.
 */
#pragma once

#include "include/errors.h"
#include "include/types.h"

enum { PCI_BARS_MAX = 6, PCI_CAPS_MAX = 40, PCI_FUNCTIONS_MAX = 512 };

struct pci_addr {
	u16 segment;
	u8 bus, device, function;
};

enum pci_bar_kind { PCI_BAR_KIND_IO, PCI_BAR_KIND_MEM32, PCI_BAR_KIND_MEM64 };

struct pci_bar {
	u8 index; /* of the BAR register, 0 to 5; a 64-bit one takes two */
	u8 kind;  /* enum pci_bar_kind */
	bool prefetchable;
	u64 base; /* 0: firmware has not placed it */
	u64 size; /* bytes; 0: not measured */
};

struct pci_cap {
	u16 id, offset;
	bool extended; /* of the list at 0x100, with ids of its own */
};

struct pci_function {
	struct pci_addr addr;
	u16 vendor, device;
	u32 class_code; /* base << 16 | subclass << 8 | interface */
	u8 revision, header_type;
	u8 interrupt_pin; /* 1 to 4: INTA to INTD; 0: none */
	u8 interrupt_line;
	u8 secondary_bus; /* of a bridge */
	u8 bar_count, cap_count;
	struct pci_bar bars[PCI_BARS_MAX];
	struct pci_cap caps[PCI_CAPS_MAX];
	struct pci_function *next;
};

/*
 * Turns the bus mastering of every function that the ports 0xcf8 and 0xcfc reach off, so that no
 * device that firmware has left running writes to memory that is now ours. Needs nothing but the
 * ports: it is the first thing that the boot does.
 */
void pci_quiesce(void);

/*
 * Finds all functions: by ECAM where the MCFG has it, else by the ports; and turns the bus
 * mastering of those off that only ECAM reaches. After acpi_init(), with the heap and kmap, on the
 * boot CPU while the others are idle: BARs are measured. -ERR_NOMEM; what was found till then
 * stays.
 */
__must_check int pci_init(void);

/* Before the machine is left to somebody else: power-off, reboot. Usable in a panic. */
void pci_bus_master_off_all(void);

/* The function after prev, the first one for NULL; NULL after the last one. */
const struct pci_function *pci_next(const struct pci_function *prev);

/* Configuration space: offset is a multiple of 4. Past its end, and without a device: all ones. */
u32 pci_read32(struct pci_addr addr, u16 offset);
bool pci_is_bus_master(const struct pci_function *f);

/* For the driver of a function; offsets are multiples of the width. Past the end: nothing. */
void pci_write16(struct pci_addr addr, u16 offset, u16 value);
void pci_write32(struct pci_addr addr, u16 offset, u32 value);

/* Sets and clears bits of the command (PCI_COMMAND_... of pci_regs.h). */
void pci_change_command(struct pci_addr addr, u16 set, u16 clear);

/* Bus mastering of the function, and of the bridges between it and memory; off: of itself alone. */
void pci_master_on(const struct pci_function *f);
void pci_master_off_one(const struct pci_function *f);

/* Where the capability of this id in the first list is; 0 without one. */
u16 pci_cap_offset(const struct pci_function *f, u16 id);

/*
 * Messages instead of the interrupt pin (PCI Local Bus 3.0, 6.8.1): one, unmasked. -ERR_NODEV
 * without the capability, -ERR_RANGE when the address has more bits than the function takes.
 */
__must_check int pci_msi_on(const struct pci_function *f, u64 address, u32 data);
void pci_msi_off(const struct pci_function *f);

/* Out of D1 to D3, where firmware may have left it: 10 ms if it was there. Its BARs are then as
 * they were found; decoding and bus mastering are the caller's. */
void pci_wake(const struct pci_function *f);

/* The link's own saving of power (ASPM), off at both of its ends. */
void pci_aspm_off(const struct pci_function *f);

/* Words for people; class_name never answers NULL, cap_name does for an unknown one. */
const char *pci_class_name(u32 class_code);
const char *pci_cap_name(const struct pci_cap *cap);

enum { PCI_ADDR_TEXT = 16 };

/* As in 00:03.0, or 0001:00:03.0 where the segment is not 0. */
void pci_addr_text(struct pci_addr addr, char text[PCI_ADDR_TEXT]);
