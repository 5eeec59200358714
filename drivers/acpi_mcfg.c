/* SPDX-License-Identifier: MIT */
/* Reads the MCFG. A range that can't be right makes the whole table wrong: PCI then uses 0xcf8. */
#include "drivers/acpi_mcfg.h"

enum { MCFG_STRUCTURES = 44, MCFG_RANGE_SIZE = 16 };

static bool
range_usable(const struct mcfg_range *range)
{
	u64 end_of_buses = ((u64)range->last_bus + 1) * MiB;

	return range->base.v != 0 && IS_ALIGNED(range->base.v, MiB) &&
	       range->base.v <= ACPI_ADDRESS_END - end_of_buses &&
	       range->first_bus <= range->last_bus;
}

int
acpi_mcfg_parse(struct acpi_bytes table, struct acpi_mcfg_info *out)
{
	struct acpi_bytes rest = table, s;

	if (!acpi_take(&rest, MCFG_STRUCTURES, &s))
		return fail(-ERR_RANGE);
	memset(out, 0, sizeof(*out));
	while (rest.length > 0) {
		struct mcfg_range *range = &out->ranges[out->count];

		if (!acpi_take(&rest, MCFG_RANGE_SIZE, &s))
			return fail(-ERR_FORMAT);
		if (out->count == MCFG_RANGES_MAX)
			return fail(-ERR_FULL);
		*range = (struct mcfg_range){
			.base = HPA(load64(s.at)),
			.segment = load16(s.at + 8),
			.first_bus = s.at[10],
			.last_bus = s.at[11],
		};
		if (!range_usable(range))
			return fail(-ERR_FORMAT);
		out->count++;
	}
	return 0;
}
