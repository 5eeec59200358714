/* SPDX-License-Identifier: MIT */
/* One table: mapped, and checked for what holds for every kind. Only for acpi.c. */
#pragma once

#include "drivers/acpi.h"

/* Fills *out, whatever is found: out->state says whether it can be used. */
void acpi_table_load(hpa_t address, const struct acpi_ops *ops, struct acpi_table *out);

/* From now on the table is a broken one; the log says why. */
void acpi_table_refuse(struct acpi_table *table, enum acpi_state state);

static inline bool
acpi_table_is(const struct acpi_table *table, const char *signature)
{
	return table->signature[0] == signature[0] && table->signature[1] == signature[1] &&
	       table->signature[2] == signature[2] && table->signature[3] == signature[3];
}
