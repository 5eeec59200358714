/* SPDX-License-Identifier: MIT */
/* The RSDP (ACPI 6.4, 5.2.5.3): where the root tables are. Pure. */
#pragma once

#include "drivers/acpi.h"

struct acpi_roots {
	hpa_t xsdt, rsdt; /* 0: none */
};

/*
 * -ERR_NOENT when there is none, -ERR_FORMAT or -ERR_CHECKSUM when its first part is broken. With
 * only what ACPI 2.0 added broken, the log says so and there is no XSDT.
 */
__must_check int acpi_rsdp_parse(const struct acpi_rsdp_copy *rsdp, struct acpi_roots *out);
