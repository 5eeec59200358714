/* SPDX-License-Identifier: MIT */
/*
 * \_S5_, the values that the PM1 control registers want for soft-off (ACPI 6.4, 7.4.2), found in
 * AML without an interpreter: NameOp "_S5_" PackageOp with constants is the only form in use.
 */
#pragma once

#include "drivers/acpi_raw.h"

struct acpi_s5_info {
	u8 type_a, type_b; /* SLP_TYPa and b, 3 bits each */
};

/* aml: a definition block (DSDT or SSDT) without its header. False when it is not there. */
bool acpi_s5_find(struct acpi_bytes aml, struct acpi_s5_info *out);
