/* SPDX-License-Identifier: MIT */
/* ACPI's S5, as an operating system does it that has read \_S5 in the DSDT: SLP_TYP, then SLP_EN.
 */
#include "guests/lib/acpi.h"
#include "guests/lib/guest.h"

enum { FADT_DSDT = 40, FADT_PM1_CONTROL = 64, SLEEP_ENABLE = 1 << 13 };
enum { AML_NAME = 0x08, AML_PACKAGE = 0x12, AML_BYTE = 0x0a };

/* Name (_S5, Package () {n, ...}): ACPI 6.4, 20.2.5.1 and 20.2.5.4. */
static u16
sleep_type(const u8 *dsdt)
{
	u32 length = acpi_u32(dsdt + ACPI_LENGTH);

	for (u32 at = ACPI_HEADER; at + 10 < length; at++) {
		const u8 *name = dsdt + at;

		if (name[0] == AML_NAME && memcmp(name + 1, "_S5_", 4) == 0 &&
		    name[5] == AML_PACKAGE)
			return name[8] == AML_BYTE ? name[9] : name[8];
	}
	guest_fail("the DSDT has no \\_S5");
}

GUEST("poweroff")
{
	const u8 *fadt = acpi_table("FACP");
	u16 control = (u16)acpi_u32(fadt + FADT_PM1_CONTROL);
	u16 value = (u16)(sleep_type((const u8 *)(u64)acpi_u32(fadt + FADT_DSDT)) << 10);

	out16(control, value);
	out16(control, value | SLEEP_ENABLE);
	guest_fail("still on after S5");
}
