/* SPDX-License-Identifier: MIT */
/* Reads the HPET table: one timer block, always in memory. */
#include "drivers/acpi_hpet.h"

enum {
	HPET_BLOCK_ID = 36,
	HPET_ADDRESS = 40,
	HPET_NUMBER = 52,
	HPET_MINIMUM_TICK = 53,
	HPET_SIZE = 56,
};

int
acpi_hpet_parse(struct acpi_bytes table, struct acpi_hpet_info *out)
{
	struct acpi_gas gas;

	if (table.length < HPET_SIZE)
		return fail(-ERR_RANGE);
	gas = acpi_get_gas(table.at + HPET_ADDRESS);
	if (gas.space != ACPI_SPACE_MEMORY || gas.address == 0 || gas.address >= ACPI_ADDRESS_END ||
	    !IS_ALIGNED(gas.address, 8))
		return fail(-ERR_FORMAT);
	*out = (struct acpi_hpet_info){
		.address = HPA(gas.address),
		.block_id = load32(table.at + HPET_BLOCK_ID),
		.number = table.at[HPET_NUMBER],
		.minimum_tick = load16(table.at + HPET_MINIMUM_TICK),
	};
	return 0;
}
