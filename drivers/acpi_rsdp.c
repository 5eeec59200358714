/* SPDX-License-Identifier: MIT */
/* Checks the RSDP: 20 bytes with a checksum since ACPI 1.0, 36 with another since ACPI 2.0. */
#include "drivers/acpi_rsdp.h"

#include "drivers/acpi_raw.h"
#include "lib/log.h"

enum { RSDP_REVISION = 15, RSDP_RSDT = 16, RSDP_LENGTH = 20, RSDP_XSDT = 24 };

/* The XSDT's address from the second part; 0 when there is none, or it can't be trusted. */
static u64
xsdt_address(const struct acpi_rsdp_copy *rsdp)
{
	const u8 *at = rsdp->bytes;
	const struct acpi_bytes whole = {at, ACPI_RSDP_SIZE};

	if (at[RSDP_REVISION] < 2 || rsdp->length < ACPI_RSDP_SIZE)
		return 0;
	if (load32(at + RSDP_LENGTH) == ACPI_RSDP_SIZE && acpi_sum(whole) == 0)
		return load64(at + RSDP_XSDT);
	log_warn("ACPI: the RSDP's second part has a wrong length or checksum; its XSDT is not "
		 "used");
	return 0;
}

int
acpi_rsdp_parse(const struct acpi_rsdp_copy *rsdp, struct acpi_roots *out)
{
	const struct acpi_bytes first = {rsdp->bytes, ACPI_RSDP_SIZE_V1};

	if (rsdp->length == 0)
		return fail(-ERR_NOENT);
	if (rsdp->length < ACPI_RSDP_SIZE_V1 || memcmp(rsdp->bytes, "RSD PTR ", 8) != 0)
		return fail(-ERR_FORMAT);
	if (acpi_sum(first) != 0)
		return fail(-ERR_CHECKSUM);
	out->xsdt = HPA(xsdt_address(rsdp));
	out->rsdt = HPA(load32(rsdp->bytes + RSDP_RSDT));
	return 0;
}
