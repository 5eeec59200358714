/* SPDX-License-Identifier: MIT */
/*
 * The ACPI tables that a guest finds at E0000h (ACPI 6.4, chapter 5): RSDP, XSDT, FADT, FACS, MADT,
 * MCFG, HPET and a DSDT, which describe the platform of dev/. Built when the VM starts; pure.
 */
#pragma once

#include "core/guest_memory.h"
#include "dev/blob.h"

#define GUEST_ACPI_BASE 0xe0000ul /* the RSDP; the others follow */

enum {
	GUEST_ACPI_SIZE = 0x8000, /* of the buffer to build them in */
	GUEST_ACPI_WINDOWS = 3,
	GUEST_ACPI_PCI_INPUT = 16,     /* I/O APIC inputs 16 to 19 are PCI's INTA to INTD */
	GUEST_ACPI_IO_WINDOW = 0x1000, /* I/O ports from here are PCI's */
};

/* Guest-physical addresses, for the BARs of PCI devices. */
struct guest_acpi_window {
	u64 base, size; /* size 0: none */
};

/* What of the platform differs from VM to VM. */
struct guest_acpi_platform {
	u32 vcpu_count; /* APIC ids from 0 */
	u8 ioapic_id;
	u64 ioapic_address; /* below 4 GiB, as ecam_base */
	u64 ecam_base;	    /* of bus 0 */
	u8 last_bus;
	struct guest_acpi_window windows[GUEST_ACPI_WINDOWS];
};

/*
 * The I/O APIC input of a pin (0: INTA) of a device on bus 0, as \_SB.PCI0._PRT says: each slot
 * begins with another one.
 */
static inline u32
guest_acpi_pci_input(u32 slot, u32 pin)
{
	return GUEST_ACPI_PCI_INPUT + (slot + pin) % 4;
}

/* The ISA interrupt of the same pin, for guests that use the 8259s: 10 or 11. */
static inline u32
guest_acpi_pci_irq(u32 slot, u32 pin)
{
	return 10 + (slot + pin) % 2;
}

/*
 * Builds the tables as they are to stand at `base`; the RSDP is their beginning. -ERR_FULL when
 * the buffer is too small: GUEST_ACPI_SIZE is enough for VM_VCPUS_MAX.
 */
__must_check int guest_acpi_build(struct blob *out, u64 base,
				  const struct guest_acpi_platform *platform);

/*
 * Builds them in `buffer`, of GUEST_ACPI_SIZE bytes, and writes them into the guest's memory at
 * GUEST_ACPI_BASE, where *rsdp is then.
 */
__must_check int guest_acpi_install(struct guest_memory *memory, void *buffer,
				    const struct guest_acpi_platform *platform, gpa_t *rsdp);
