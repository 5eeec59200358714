/* SPDX-License-Identifier: MIT */
/*
 * The machine's ACPI tables (ACPI 6.4, chapter 5): found from the RSDP, checked, and read into the
 * acpi_*_info structs of the acpi_NAME.h beside this one. All of it is firmware's data: each table
 * is used only when its length and its checksum are right and everything in it stays inside. A
 * table that is broken is reported in the log, skipped, and stays in the list with its state.
 *
 * acpi_init() runs once, on the boot CPU; from then on everything here is only read, by any CPU
 * and without a lock. The tables stay mapped.
 */
#pragma once

#include "include/errors.h"
#include "include/types.h"

enum {
	ACPI_HEADER_SIZE = 36,	/* of every table but the FACS (5.2.6) */
	ACPI_TABLES_MAX = 128,	/* how many we look at; the log says when there are more */
	ACPI_RSDP_SIZE_V1 = 20, /* ACPI 1.0 */
	ACPI_RSDP_SIZE = 36,	/* since ACPI 2.0 */
};

#define ACPI_TABLE_SIZE_MAX (16 * MiB)

/* The RSDP as the boot loader copied it (5.2.5.3). */
struct acpi_rsdp_copy {
	u8 bytes[ACPI_RSDP_SIZE];
	u32 length; /* of what is in bytes; 0: the boot loader has found none */
};

/* How the tables are reached; handed over to acpi_init(). */
struct acpi_ops {
	/* A readable view of length bytes (not 0) of physical memory, at any alignment; or NULL. */
	const void *(*map)(hpa_t address, size_t length);
	/* Gives back what map() answered with this length. */
	void (*unmap)(const void *view, size_t length);
};

enum acpi_state {
	ACPI_OK,
	ACPI_WRONG_LENGTH,   /* the header's length is less than a header, or over 16 MiB */
	ACPI_WRONG_CHECKSUM, /* the bytes don't sum up to 0 */
	ACPI_NOT_READABLE,   /* its address is not one of memory, or could not be mapped */
	ACPI_TRUNCATED,	     /* shorter than a table of its kind is */
	ACPI_MALFORMED,	     /* something in it has an impossible value or leaves the table */
	ACPI_TOO_MUCH,	     /* it describes more than Ashlar manages */
	ACPI_STATES
};

/* A table that an RSDT, XSDT or FADT points to. Texts have only printable characters. */
struct acpi_table {
	hpa_t address;
	const u8 *
		data; /* `length` bytes, the header included; NULL when not even that is readable */
	u32 length;
	u8 revision;
	u8 state; /* enum acpi_state */
	char signature[5];
	char oem[7];
	char id[9]; /* OEM table id */
};

/*
 * Finds, checks and reads all tables; rsdp and ops are not kept. -ERR_NOENT when there is no RSDP,
 * -ERR_FORMAT or -ERR_CHECKSUM when it is broken, -ERR_NODEV when neither XSDT nor RSDT can be
 * used: then this is a machine without tables.
 */
__must_check int acpi_init(const struct acpi_rsdp_copy *rsdp, const struct acpi_ops *ops);

/* The tables in the order found, the broken ones too; NULL after the last. */
const struct acpi_table *acpi_table(unsigned index);
const char *acpi_state_text(enum acpi_state state);

/* What the tables say; NULL where the machine has no such table, or a broken one. */
const struct acpi_fadt_info *acpi_fadt(void);
const struct acpi_madt_info *acpi_madt(void);
const struct acpi_mcfg_info *acpi_mcfg(void);
const struct acpi_hpet_info *acpi_hpet(void);
const struct acpi_spcr_info *acpi_spcr(void);
const struct acpi_dmar_info *acpi_dmar(void);
const struct acpi_ivrs_info *acpi_ivrs(void);
const struct acpi_s5_info *acpi_s5(void); /* from the DSDT, or an SSDT */
