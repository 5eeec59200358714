/* SPDX-License-Identifier: MIT */
/* The HPET table (IA-PC HPET 1.0a, 3.2.4): where the timer block's registers are. */
#pragma once

#include "drivers/acpi_raw.h"
#include "include/errors.h"

struct acpi_hpet_info {
	hpa_t address;
	u32 block_id; /* as in the general capabilities register, bits 31:0 */
	u8 number;
	u16 minimum_tick; /* the shortest period, in ticks, that loses no interrupt */
};

/* Errors as acpi_madt_parse(). */
__must_check int acpi_hpet_parse(struct acpi_bytes table, struct acpi_hpet_info *out);
