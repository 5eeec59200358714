/* SPDX-License-Identifier: MIT */
/* The FADT (ACPI 6.4, 5.2.9; ACPI 1.0, 5.2.5): power management registers, reset, what is there. */
#pragma once

#include "drivers/acpi_raw.h"
#include "include/errors.h"

struct acpi_fadt_info {
	u8 revision;
	hpa_t dsdt, facs; /* 0: none */
	hpa_t dsdt_32;	  /* as ACPI 1.0 gives it: to try when the other is broken */
	u16 sci_irq;
	/* To switch from SMM to ACPI mode: write acpi_enable to this port; 0: always in ACPI mode.
	 */
	u32 smi_command_port;
	u8 acpi_enable;
	/* Address 0 when not there. The event block is the status, then the enable register. */
	struct acpi_gas pm1a_event, pm1b_event, pm1a_control, pm1b_control;
	struct acpi_gas pm_timer; /* counts at 3.579545 MHz (4.8.3.3) */
	bool pm_timer_32bit;	  /* else it has 24 bits */
	bool has_reset;
	struct acpi_gas reset_register;
	u8 reset_value;
	/* Known since ACPI 2.0; before it a PC has both a keyboard controller and a VGA. */
	bool has_8042;
	bool has_vga;
	bool hardware_reduced; /* none of the PM registers above are there */
};

/* table: of `length` bytes, its checksum right. -ERR_RANGE when too short for a FADT. */
__must_check int acpi_fadt_parse(struct acpi_bytes table, struct acpi_fadt_info *out);
