/* SPDX-License-Identifier: MIT */
/* The MADT (ACPI 6.4, 5.2.12): CPUs, I/O APICs, how ISA interrupts and NMIs are wired. */
#pragma once

#include "drivers/acpi_raw.h"
#include "include/errors.h"
#include "include/limits.h"

enum { MADT_IOAPICS_MAX = 64, MADT_ISA_IRQS = 16 };

enum madt_nmi { MADT_NMI_LINT0, MADT_NMI_LINT1, MADT_NMI_NONE };

/* A CPU that is enabled. */
struct madt_cpu {
	u32 apic_id;
	u32 uid; /* ACPI processor UID */
	u8 nmi;	 /* enum madt_nmi: the local APIC's pin that NMIs come in by */
	bool nmi_level, nmi_active_low;
};

struct madt_ioapic {
	u8 id;
	hpa_t address;
	u32 gsi_base;
};

/* An ISA interrupt: the I/O APIC input that it is wired to, overrides applied (5.2.12.5). */
struct madt_isa {
	u32 gsi;
	bool level, active_low;
};

struct acpi_madt_info {
	hpa_t lapic_address;
	bool has_pics; /* PCAT_COMPAT: two 8259 are there, to be masked */
	unsigned cpu_count;
	unsigned cpus_left_out;	 /* enabled, beyond MAX_CPUS */
	unsigned cpus_disabled;	 /* listed, not enabled; the pluggable ones among them */
	unsigned cpus_pluggable; /* "online capable" */
	unsigned ioapic_count;
	struct madt_cpu cpus[MAX_CPUS];
	struct madt_ioapic ioapics[MADT_IOAPICS_MAX];
	struct madt_isa isa[MADT_ISA_IRQS];
};

/*
 * table: of `length` bytes, its checksum right. -ERR_RANGE when too short, -ERR_FORMAT when a
 * structure in it has a wrong length or value, -ERR_FULL with more than MADT_IOAPICS_MAX.
 */
__must_check int acpi_madt_parse(struct acpi_bytes table, struct acpi_madt_info *out);
