/* SPDX-License-Identifier: MIT */
/* Reads the SPCR. All kinds of UART are accepted here; whether one can be driven is is_16550. */
#include "drivers/acpi_spcr.h"

#include "include/bits.h"

enum {
	SPCR_INTERFACE = 36,
	SPCR_BASE = 40,
	SPCR_INTERRUPT_KINDS = 52,
	SPCR_IRQ = 53,
	SPCR_GSI = 54,
	SPCR_BAUD = 58,
	SPCR_SIZE = 76, /* up to where we read; every revision has more */
};

enum { ISA_IRQS = 16 }; /* others, as 255, are no interrupt at an 8259 */

#define INTERRUPT_8259	 BIT32(0)
#define INTERRUPT_IOAPIC BIT32(1)

/* The interface kinds (DBG2, table 3) whose registers are those of a 16450 or 16550. */
enum { INTERFACE_16550 = 0x00, INTERFACE_16450 = 0x01, INTERFACE_16550_GAS = 0x12 };

static u32
baud_rate(u8 code)
{
	switch (code) {
	case 3: return 9600;
	case 4: return 19200;
	case 6: return 57600;
	case 7: return 115200;
	default: return 0;
	}
}

static bool
like_16550(u8 interface)
{
	return interface == INTERFACE_16550 || interface == INTERFACE_16450 ||
	       interface == INTERFACE_16550_GAS;
}

static bool
base_plausible(const struct acpi_gas *base)
{
	if (base->space == ACPI_SPACE_IO)
		return base->address <= 0xfff8; /* eight ports */
	return base->space != ACPI_SPACE_MEMORY || base->address < ACPI_ADDRESS_END - PAGE_SIZE;
}

int
acpi_spcr_parse(struct acpi_bytes table, struct acpi_spcr_info *out)
{
	const u8 *at = table.at;

	if (table.length < SPCR_SIZE)
		return fail(-ERR_RANGE);
	*out = (struct acpi_spcr_info){
		.interface = at[SPCR_INTERFACE],
		.base = acpi_get_gas(at + SPCR_BASE),
		.has_irq =
			(at[SPCR_INTERRUPT_KINDS] & INTERRUPT_8259) != 0 && at[SPCR_IRQ] < ISA_IRQS,
		.has_gsi = (at[SPCR_INTERRUPT_KINDS] & INTERRUPT_IOAPIC) != 0,
		.irq = at[SPCR_IRQ],
		.gsi = load32(at + SPCR_GSI),
		.baud = baud_rate(at[SPCR_BAUD]),
	};
	if (!base_plausible(&out->base))
		return fail(-ERR_FORMAT);
	out->is_16550 = like_16550(out->interface) && out->base.address != 0 &&
			out->base.space <= ACPI_SPACE_IO;
	return 0;
}
