/* SPDX-License-Identifier: MIT */
/* The MCFG (PCI Firmware 3.3, 4.1.2): where the memory-mapped configuration spaces of PCI are. */
#pragma once

#include "drivers/acpi_raw.h"
#include "include/errors.h"

enum { MCFG_RANGES_MAX = 64 };

struct mcfg_range {
	hpa_t base; /* of bus 0, even when first_bus is not 0; 1 MiB a bus */
	u16 segment;
	u8 first_bus, last_bus;
};

struct acpi_mcfg_info {
	unsigned count;
	struct mcfg_range ranges[MCFG_RANGES_MAX];
};

/* Errors as acpi_madt_parse(). */
__must_check int acpi_mcfg_parse(struct acpi_bytes table, struct acpi_mcfg_info *out);
