/* SPDX-License-Identifier: MIT */
/* The SPCR (Microsoft's "Serial Port Console Redirection Table", revision 1.07): the console. */
#pragma once

#include "drivers/acpi_raw.h"
#include "include/errors.h"

struct acpi_spcr_info {
	u8 interface;	       /* the table's number for the kind of UART */
	bool is_16550;	       /* a UART that works like a 16550: in I/O ports or memory */
	struct acpi_gas base;  /* address 0: console redirection is off */
	bool has_irq, has_gsi; /* which of the two below the table gives */
	u8 irq;		       /* ISA */
	u32 gsi;
	u32 baud; /* 0: as the firmware has set it */
};

/* Errors as acpi_madt_parse(). */
__must_check int acpi_spcr_parse(struct acpi_bytes table, struct acpi_spcr_info *out);
