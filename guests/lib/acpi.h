/* SPDX-License-Identifier: MIT */
/* ACPI tables, found as an operating system finds them (ACPI 6.4, 5.2). */
#pragma once

#include "include/types.h"

enum { ACPI_LENGTH = 4, ACPI_REVISION = 8, ACPI_HEADER = 36 };

/* Looks for the RSDP at E0000h to FFFFFh; NULL when there is none. */
const u8 *acpi_rsdp(void);

/* The table with this signature, its checksum right; NULL when there is none. */
const u8 *acpi_table(const char *signature);

u32 acpi_u32(const u8 *at);
u64 acpi_u64(const u8 *at);
bool acpi_sum_is_zero(const u8 *at, u32 length);
