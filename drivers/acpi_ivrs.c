/* SPDX-License-Identifier: MIT */
/* Reads the IVRS. All or nothing, as with the DMAR. */
#include "drivers/acpi_ivrs.h"

enum { IVRS_INFO = 36, IVRS_BLOCKS = 48, BLOCK_HEAD = 4 };

enum block {
	IVHD_10 = 0x10,
	IVHD_11 = 0x11,
	IVHD_40 = 0x40,
	IVMD_ALL = 0x20,
	IVMD_ONE = 0x21,
	IVMD_RANGE = 0x22,
};

enum { IVHD_10_SIZE = 24, IVHD_11_SIZE = 40, IVMD_SIZE = 32 };

enum { ENTRY_ALL = 1, ENTRY_NAMED = 0xf0, ENTRY_NAMED_SIZE = 22 };

/*
 * How long the device entry is that rest begins with, 0 when it does not say: bits 7:6 of its type
 * give 4 or 8, and 16 or 32 bytes; the named one gives the length of its name (5.2.2.4).
 */
static size_t
entry_length(struct acpi_bytes rest)
{
	u8 type = rest.at[0];

	if (type != ENTRY_NAMED)
		return (size_t)4 << (type >> 6);
	return rest.length < ENTRY_NAMED_SIZE ? 0 : ENTRY_NAMED_SIZE + (size_t)rest.at[21];
}

static int
parse_entries(struct acpi_bytes rest, struct ivrs_unit *unit)
{
	struct acpi_bytes entry;

	while (rest.length > 0) {
		if (!acpi_take(&rest, entry_length(rest), &entry))
			return fail(-ERR_FORMAT);
		if (entry.at[0] == ENTRY_ALL)
			unit->include_all = true;
	}
	return 0;
}

/* Blocks of several types for one IOMMU: the highest says most, and is the one to use (5.2.2). */
static int
store_unit(struct acpi_ivrs_info *out, const struct ivrs_unit *unit)
{
	for (unsigned i = 0; i < out->unit_count; i++) {
		struct ivrs_unit *known = &out->units[i];

		if (known->segment != unit->segment || known->device != unit->device)
			continue;
		if (unit->type > known->type)
			*known = *unit;
		return 0;
	}
	if (out->unit_count == IVRS_UNITS_MAX)
		return fail(-ERR_FULL);
	out->units[out->unit_count++] = *unit;
	return 0;
}

static int
parse_ivhd(struct acpi_bytes rest, struct acpi_ivrs_info *out)
{
	size_t size = rest.at[0] == IVHD_10 ? IVHD_10_SIZE : IVHD_11_SIZE;
	struct acpi_bytes head;
	struct ivrs_unit unit;
	int err;

	if (!acpi_take(&rest, size, &head))
		return fail(-ERR_FORMAT);
	unit = (struct ivrs_unit){
		.type = head.at[0],
		.flags = head.at[1],
		.device = load16(head.at + 4),
		.capability = load16(head.at + 6),
		.base = HPA(load64(head.at + 8)),
		.segment = load16(head.at + 16),
		.info = load16(head.at + 18),
		.features = load32(head.at + 20),
		.efr = size == IVHD_11_SIZE ? load64(head.at + 24) : 0,
	};
	if (unit.base.v == 0 || unit.base.v >= ACPI_ADDRESS_END ||
	    !IS_ALIGNED(unit.base.v, PAGE_SIZE))
		return fail(-ERR_FORMAT);
	err = parse_entries(rest, &unit);
	return err != 0 ? err : store_unit(out, &unit);
}

static int
parse_ivmd(struct acpi_bytes s, struct acpi_ivrs_info *out)
{
	struct ivrs_region *region = &out->regions[out->region_count];

	if (s.length < IVMD_SIZE)
		return fail(-ERR_FORMAT);
	if (out->region_count == IVRS_REGIONS_MAX)
		return fail(-ERR_FULL);
	*region = (struct ivrs_region){
		.type = s.at[0],
		.flags = s.at[1],
		.first_device = load16(s.at + 4),
		.last_device = load16(s.at + 6),
		.base = HPA(load64(s.at + 16)),
		.length = load64(s.at + 24),
	};
	if (region->type == IVMD_ALL)
		region->first_device = 0, region->last_device = 0xffff;
	if (region->type == IVMD_ONE)
		region->last_device = region->first_device;
	if (region->base.v >= ACPI_ADDRESS_END ||
	    region->length > ACPI_ADDRESS_END - region->base.v ||
	    region->first_device > region->last_device)
		return fail(-ERR_FORMAT);
	out->region_count++;
	return 0;
}

static int
parse_block(struct acpi_bytes s, struct acpi_ivrs_info *out)
{
	switch (s.at[0]) {
	case IVHD_10:
	case IVHD_11:
	case IVHD_40: return parse_ivhd(s, out);
	case IVMD_ALL:
	case IVMD_ONE:
	case IVMD_RANGE: return parse_ivmd(s, out);
	default: return 0;
	}
}

int
acpi_ivrs_parse(struct acpi_bytes table, struct acpi_ivrs_info *out)
{
	struct acpi_bytes rest = table, s;

	if (!acpi_take(&rest, IVRS_BLOCKS, &s))
		return fail(-ERR_RANGE);
	memset(out, 0, sizeof(*out));
	out->info = load32(s.at + IVRS_INFO);
	while (rest.length > 0) {
		int err;

		if (rest.length < BLOCK_HEAD || load16(rest.at + 2) < BLOCK_HEAD ||
		    !acpi_take(&rest, load16(rest.at + 2), &s))
			return fail(-ERR_FORMAT);
		err = parse_block(s, out);
		if (err != 0)
			return err;
	}
	return 0;
}
