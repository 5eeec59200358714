/* SPDX-License-Identifier: MIT */
/* The single tables, and what is common to them. For dev/acpi*.c alone. */
#pragma once

#include "dev/acpi.h"

/* Generic addresses (ACPI 6.4, 5.2.3.2). */
enum { GAS_MEMORY = 0, GAS_IO = 1 };

enum { TABLE_HEADER_SIZE = 36, TABLE_LENGTH = 4, TABLE_CHECKSUM = 9 };

/* Opens a table by its header (5.2.6); answers its offset, for acpi_end_table(). */
__must_check size_t guest_acpi_begin_table(struct blob *b, const char *signature, u8 revision);
void guest_acpi_end_table(struct blob *b, size_t begin);

/* Each appends its table. facs, dsdt: addresses. */
void guest_acpi_put_fadt(struct blob *b, u32 facs, u32 dsdt);
void guest_acpi_put_madt(struct blob *b, const struct guest_acpi_platform *platform);
void guest_acpi_put_dsdt(struct blob *b, const struct guest_acpi_platform *platform);
