/* SPDX-License-Identifier: MIT */
/*
 * Reads the DMAR. All or nothing: with a unit or a region missing, devices would be taken to be
 * behind an IOMMU that they are not behind.
 */
#include "drivers/acpi_dmar.h"

#include "include/bits.h"

enum { DMAR_ADDRESS_WIDTH = 36, DMAR_FLAGS = 37, DMAR_STRUCTURES = 48 };

#define FLAG_INTR_REMAP	     BIT32(0)
#define FLAG_X2APIC_OPT_OUT  BIT32(1)
#define FLAG_DMA_CTRL_OPT_IN BIT32(2)
#define DRHD_INCLUDE_PCI_ALL BIT32(0)
#define ATSR_ALL_PORTS	     BIT32(0)

enum structure { DMAR_DRHD = 0, DMAR_RMRR = 1, DMAR_ATSR = 2 };

enum { STRUCTURE_HEAD = 4, DRHD_SIZE = 16, RMRR_SIZE = 24, ATSR_SIZE = 8, SCOPE_HEAD = 6 };

/* 8.3.1 */
static int
parse_scope(struct acpi_bytes s, struct dmar_scope *scope)
{
	size_t path = s.length - SCOPE_HEAD;

	if (path == 0 || path % 2 != 0)
		return fail(-ERR_FORMAT);
	if (path / 2 > DMAR_PATH_MAX)
		return fail(-ERR_FULL);
	*scope = (struct dmar_scope){
		.kind = s.at[0],
		.id = s.at[4],
		.start_bus = s.at[5],
		.path_length = (u8)(path / 2),
	};
	for (unsigned i = 0; i < scope->path_length; i++) {
		scope->path[i].device = s.at[SCOPE_HEAD + 2 * i];
		scope->path[i].function = s.at[SCOPE_HEAD + 2 * i + 1];
		if (scope->path[i].device > 31 || scope->path[i].function > 7)
			return fail(-ERR_FORMAT);
	}
	return 0;
}

/* All that is left of a structure after its fixed part. */
static int
parse_scopes(struct acpi_bytes rest, struct acpi_dmar_info *out, struct dmar_scopes *scopes)
{
	struct acpi_bytes s;

	*scopes = (struct dmar_scopes){.first = (u16)out->scope_count};
	while (rest.length > 0) {
		int err;

		if (rest.length < SCOPE_HEAD || rest.at[1] < SCOPE_HEAD ||
		    !acpi_take(&rest, rest.at[1], &s))
			return fail(-ERR_FORMAT);
		if (out->scope_count == DMAR_SCOPES_MAX)
			return fail(-ERR_FULL);
		err = parse_scope(s, &out->scopes[out->scope_count]);
		if (err != 0)
			return err;
		out->scope_count++;
		scopes->count++;
	}
	return 0;
}

static int
parse_drhd(struct acpi_bytes rest, struct acpi_dmar_info *out)
{
	struct dmar_unit *unit = &out->units[out->unit_count];
	struct acpi_bytes head;
	u64 base;

	if (!acpi_take(&rest, DRHD_SIZE, &head))
		return fail(-ERR_FORMAT);
	if (out->unit_count == DMAR_UNITS_MAX)
		return fail(-ERR_FULL);
	base = load64(head.at + 8);
	if (base == 0 || base >= ACPI_ADDRESS_END || !IS_ALIGNED(base, PAGE_SIZE))
		return fail(-ERR_FORMAT);
	*unit = (struct dmar_unit){
		.base = HPA(base),
		.segment = load16(head.at + 6),
		.include_all = (head.at[4] & DRHD_INCLUDE_PCI_ALL) != 0,
	};
	out->unit_count++;
	return parse_scopes(rest, out, &unit->scopes);
}

static int
parse_rmrr(struct acpi_bytes rest, struct acpi_dmar_info *out)
{
	struct dmar_region *region = &out->regions[out->region_count];
	struct acpi_bytes head;
	u64 base, limit;

	if (!acpi_take(&rest, RMRR_SIZE, &head))
		return fail(-ERR_FORMAT);
	if (out->region_count == DMAR_REGIONS_MAX)
		return fail(-ERR_FULL);
	base = load64(head.at + 8);
	limit = load64(head.at + 16); /* the last byte's address */
	if (base > limit || limit >= ACPI_ADDRESS_END)
		return fail(-ERR_FORMAT);
	*region = (struct dmar_region){
		.base = HPA(base),
		.length = limit - base + 1,
		.segment = load16(head.at + 6),
	};
	out->region_count++;
	return parse_scopes(rest, out, &region->scopes);
}

static int
parse_atsr(struct acpi_bytes rest, struct acpi_dmar_info *out)
{
	struct dmar_port *port = &out->ports[out->port_count];
	struct acpi_bytes head;

	if (!acpi_take(&rest, ATSR_SIZE, &head))
		return fail(-ERR_FORMAT);
	if (out->port_count == DMAR_PORTS_MAX)
		return fail(-ERR_FULL);
	*port = (struct dmar_port){
		.segment = load16(head.at + 6),
		.all_ports = (head.at[4] & ATSR_ALL_PORTS) != 0,
	};
	out->port_count++;
	return parse_scopes(rest, out, &port->scopes);
}

/* Kinds that we don't read only describe more of the same devices (affinity, names, PASIDs). */
static int
parse_structure(struct acpi_bytes s, struct acpi_dmar_info *out)
{
	switch (load16(s.at)) {
	case DMAR_DRHD: return parse_drhd(s, out);
	case DMAR_RMRR: return parse_rmrr(s, out);
	case DMAR_ATSR: return parse_atsr(s, out);
	default: return 0;
	}
}

int
acpi_dmar_parse(struct acpi_bytes table, struct acpi_dmar_info *out)
{
	struct acpi_bytes rest = table, s;
	u8 flags;

	if (!acpi_take(&rest, DMAR_STRUCTURES, &s))
		return fail(-ERR_RANGE);
	memset(out, 0, sizeof(*out));
	flags = s.at[DMAR_FLAGS];
	out->address_width = (u8)(s.at[DMAR_ADDRESS_WIDTH] + 1);
	out->interrupt_remapping = (flags & FLAG_INTR_REMAP) != 0;
	out->x2apic_opt_out = (flags & FLAG_X2APIC_OPT_OUT) != 0;
	out->dma_control_opt_in = (flags & FLAG_DMA_CTRL_OPT_IN) != 0;
	while (rest.length > 0) {
		int err;

		if (rest.length < STRUCTURE_HEAD || load16(rest.at + 2) < STRUCTURE_HEAD ||
		    !acpi_take(&rest, load16(rest.at + 2), &s))
			return fail(-ERR_FORMAT);
		err = parse_structure(s, out);
		if (err != 0)
			return err;
	}
	return 0;
}
