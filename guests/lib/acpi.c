/* SPDX-License-Identifier: MIT */
#include "guests/lib/acpi.h"

#include "guests/lib/guest.h"

enum { RSDP_SIZE = 20, RSDP_V2_SIZE = 36, RSDP_REVISION = 15, RSDP_RSDT = 16, RSDP_XSDT = 24 };
enum { BIOS_BEGIN = 0xe0000, BIOS_END = 0x100000, RSDP_STEP = 16, TABLE_MAX = 0x100000 };

u32
acpi_u32(const u8 *at)
{
	u32 value;

	memcpy(&value, at, sizeof(value));
	return value;
}

u64
acpi_u64(const u8 *at)
{
	return acpi_u32(at) | (u64)acpi_u32(at + 4) << 32;
}

bool
acpi_sum_is_zero(const u8 *at, u32 length)
{
	u8 sum = 0;

	for (u32 n = 0; n < length; n++)
		sum = (u8)(sum + at[n]);
	return sum == 0;
}

const u8 *
acpi_rsdp(void)
{
	for (u64 at = BIOS_BEGIN; at < BIOS_END; at += RSDP_STEP) {
		const u8 *rsdp = (const u8 *)at;

		if (memcmp(rsdp, "RSD PTR ", 8) == 0 && acpi_sum_is_zero(rsdp, RSDP_SIZE))
			return rsdp;
	}
	return NULL;
}

static const u8 *
checked(u64 address, const char *signature)
{
	const u8 *table = (const u8 *)address;

	CHECK(address != 0 && address < 4 * GiB);
	if (memcmp(table, signature, 4) != 0)
		return NULL;
	CHECK(acpi_u32(table + ACPI_LENGTH) >= ACPI_HEADER);
	CHECK(acpi_u32(table + ACPI_LENGTH) < TABLE_MAX);
	if (!acpi_sum_is_zero(table, acpi_u32(table + ACPI_LENGTH)))
		guest_fail("the checksum of %s is wrong", signature);
	return table;
}

/* From the XSDT, or of an ACPI 1.0 RSDP from the RSDT. */
const u8 *
acpi_table(const char *signature)
{
	const u8 *rsdp = acpi_rsdp(), *root, *table = NULL;
	bool wide;
	u32 step;

	CHECK(rsdp != NULL);
	wide = rsdp[RSDP_REVISION] >= 2;
	if (wide)
		CHECK(acpi_sum_is_zero(rsdp, RSDP_V2_SIZE));
	root = wide ? checked(acpi_u64(rsdp + RSDP_XSDT), "XSDT")
		    : checked(acpi_u32(rsdp + RSDP_RSDT), "RSDT");
	CHECK(root != NULL);
	step = wide ? 8 : 4;
	for (u32 at = ACPI_HEADER; at + step <= acpi_u32(root + ACPI_LENGTH) && table == NULL;
	     at += step)
		table = checked(wide ? acpi_u64(root + at) : acpi_u32(root + at), signature);
	return table;
}
