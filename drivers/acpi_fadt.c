/* SPDX-License-Identifier: MIT */
/* Reads the FADT, from ACPI 1.0's 116 bytes to the present: it grew with every version. */
#include "drivers/acpi_fadt.h"

#include "include/bits.h"

/* Offsets (5.2.9); the X_ fields and the reset register came with ACPI 2.0. */
enum {
	FADT_REVISION = 8,
	FADT_FACS = 36,
	FADT_DSDT = 40,
	FADT_SCI_INT = 46,
	FADT_SMI_CMD = 48,
	FADT_ACPI_ENABLE = 52,
	FADT_PM1A_EVT = 56,
	FADT_PM1B_EVT = 60,
	FADT_PM1A_CNT = 64,
	FADT_PM1B_CNT = 68,
	FADT_PM_TMR = 76,
	FADT_PM1_EVT_LEN = 88,
	FADT_PM1_CNT_LEN = 89,
	FADT_PM_TMR_LEN = 91,
	FADT_BOOT_ARCH = 109,
	FADT_FLAGS = 112,
	FADT_SIZE_V1 = 116,
	FADT_RESET_REG = 116,
	FADT_RESET_VALUE = 128,
	FADT_X_FACS = 132,
	FADT_X_DSDT = 140,
	FADT_X_PM1A_EVT = 148,
	FADT_X_PM1B_EVT = 160,
	FADT_X_PM1A_CNT = 172,
	FADT_X_PM1B_CNT = 184,
	FADT_X_PM_TMR = 208,
};

#define FLAG_TMR_VAL_EXT	  BIT32(8)
#define FLAG_RESET_REG_SUP	  BIT32(10)
#define FLAG_HW_REDUCED_ACPI	  BIT32(20)
#define BOOT_ARCH_8042		  BIT32(1)
#define BOOT_ARCH_VGA_NOT_PRESENT BIT32(2)

/* A field that the table's end cuts through is not there: part of an address is a wrong one. */
static bool
has_field(struct acpi_bytes fadt, size_t offset, size_t size)
{
	return offset + size <= fadt.length;
}

static struct acpi_gas
gas_field(struct acpi_bytes fadt, size_t offset)
{
	if (!has_field(fadt, offset, ACPI_GAS_SIZE))
		return (struct acpi_gas){0};
	return acpi_get_gas(fadt.at + offset);
}

/* A table's address: the 64-bit field where it has one. */
static hpa_t
pointer(struct acpi_bytes fadt, size_t x_field, size_t field)
{
	u64 wide = has_field(fadt, x_field, 8) ? load64(fadt.at + x_field) : 0;

	return HPA(wide != 0 ? wide : load32(fadt.at + field));
}

/* I/O ports have 16 bits; nothing else can be right. */
static bool
gas_usable(const struct acpi_gas *gas)
{
	if (gas->space == ACPI_SPACE_IO)
		return gas->address != 0 && gas->address <= 0xffff;
	return gas->space == ACPI_SPACE_MEMORY && gas->address != 0 &&
	       gas->address < ACPI_ADDRESS_END;
}

/* A register block: the X_ field where it has a usable value, else the 32-bit port. */
static struct acpi_gas
block(struct acpi_bytes fadt, size_t x_field, size_t field, u8 bytes)
{
	struct acpi_gas gas = gas_field(fadt, x_field);

	if (!gas_usable(&gas)) {
		gas = (struct acpi_gas){
			.space = ACPI_SPACE_IO,
			.address = load32(fadt.at + field),
		};
	}
	gas.bit_width = (u8)MIN(bytes * 8u, 255u);
	return gas_usable(&gas) ? gas : (struct acpi_gas){0};
}

/* PCI too: "the reset register may be in system I/O, system memory or PCI" (4.8.3.6). */
static bool
reset_usable(const struct acpi_gas *gas)
{
	return gas_usable(gas) || (gas->space == ACPI_SPACE_PCI && gas->address != 0);
}

static void
parse_registers(struct acpi_bytes fadt, struct acpi_fadt_info *out)
{
	u8 event_bytes = fadt.at[FADT_PM1_EVT_LEN], control_bytes = fadt.at[FADT_PM1_CNT_LEN];

	out->smi_command_port = load32(fadt.at + FADT_SMI_CMD);
	if (out->smi_command_port > 0xffff)
		out->smi_command_port = 0;
	out->acpi_enable = fadt.at[FADT_ACPI_ENABLE];
	if (event_bytes >= 4) {
		out->pm1a_event = block(fadt, FADT_X_PM1A_EVT, FADT_PM1A_EVT, event_bytes);
		out->pm1b_event = block(fadt, FADT_X_PM1B_EVT, FADT_PM1B_EVT, event_bytes);
	}
	if (control_bytes >= 2) {
		out->pm1a_control = block(fadt, FADT_X_PM1A_CNT, FADT_PM1A_CNT, control_bytes);
		out->pm1b_control = block(fadt, FADT_X_PM1B_CNT, FADT_PM1B_CNT, control_bytes);
	}
	if (fadt.at[FADT_PM_TMR_LEN] == 4)
		out->pm_timer = block(fadt, FADT_X_PM_TMR, FADT_PM_TMR, 4);
}

/* What firmware before ACPI 2.0 has in these bytes means nothing. */
static void
parse_since_v2(struct acpi_bytes fadt, u32 flags, struct acpi_fadt_info *out)
{
	u32 boot_arch = load16(fadt.at + FADT_BOOT_ARCH);

	out->has_8042 = (boot_arch & BOOT_ARCH_8042) != 0;
	out->has_vga = (boot_arch & BOOT_ARCH_VGA_NOT_PRESENT) == 0;
	out->hardware_reduced = (flags & FLAG_HW_REDUCED_ACPI) != 0;
	if (!has_field(fadt, FADT_RESET_VALUE, 1))
		return;
	out->reset_register = gas_field(fadt, FADT_RESET_REG);
	out->reset_value = fadt.at[FADT_RESET_VALUE];
	out->has_reset = (flags & FLAG_RESET_REG_SUP) != 0 && reset_usable(&out->reset_register);
}

int
acpi_fadt_parse(struct acpi_bytes table, struct acpi_fadt_info *out)
{
	struct acpi_bytes fadt = table;
	u32 flags;

	if (fadt.length < FADT_SIZE_V1)
		return fail(-ERR_RANGE);
	if (fadt.at[FADT_REVISION] < 2)
		fadt.length = FADT_SIZE_V1;
	flags = load32(fadt.at + FADT_FLAGS);

	*out = (struct acpi_fadt_info){
		.revision = fadt.at[FADT_REVISION],
		.dsdt = pointer(fadt, FADT_X_DSDT, FADT_DSDT),
		.dsdt_32 = HPA(load32(fadt.at + FADT_DSDT)),
		.facs = pointer(fadt, FADT_X_FACS, FADT_FACS),
		.sci_irq = load16(fadt.at + FADT_SCI_INT),
		.pm_timer_32bit = (flags & FLAG_TMR_VAL_EXT) != 0,
		.has_8042 = true,
		.has_vga = true,
	};
	if (out->revision >= 2)
		parse_since_v2(fadt, flags, out);
	if (!out->hardware_reduced)
		parse_registers(fadt, out);
	return 0;
}
