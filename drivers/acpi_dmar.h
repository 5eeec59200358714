/* SPDX-License-Identifier: MIT */
/* The DMAR (VT-d specification 4.0, chapter 8): Intel's IOMMUs, and whose devices are theirs. */
#pragma once

#include "drivers/acpi_raw.h"
#include "include/errors.h"

enum {
	DMAR_UNITS_MAX = 64,
	DMAR_REGIONS_MAX = 64,
	DMAR_PORTS_MAX = 32,
	DMAR_SCOPES_MAX = 512,
	DMAR_PATH_MAX = 8,
};

enum dmar_scope_kind {
	DMAR_SCOPE_ENDPOINT = 1,
	DMAR_SCOPE_BRIDGE = 2, /* and all behind it */
	DMAR_SCOPE_IOAPIC = 3,
	DMAR_SCOPE_HPET = 4,
	DMAR_SCOPE_NAMED = 5, /* a device of the ACPI name space */
};

/* A device: on start_bus the first step of the path, on that bridge's bus the next (8.3.1). */
struct dmar_scope {
	u8 kind; /* enum dmar_scope_kind */
	u8 id;	 /* of the I/O APIC, HPET or named device */
	u8 start_bus;
	u8 path_length;
	struct {
		u8 device, function;
	} path[DMAR_PATH_MAX];
};

/* Scopes of one unit, region or port: indices into scopes[]. */
struct dmar_scopes {
	u16 first, count;
};

/* DRHD: a remapping unit (8.3). */
struct dmar_unit {
	hpa_t base;
	u16 segment;
	bool include_all; /* all devices of the segment that are in no other unit's scope */
	struct dmar_scopes scopes;
};

/* RMRR: memory that firmware has set these devices to (8.4). */
struct dmar_region {
	hpa_t base;
	u64 length;
	u16 segment;
	struct dmar_scopes scopes;
};

/* ATSR: root ports whose devices may use address translation services (8.5). */
struct dmar_port {
	u16 segment;
	bool all_ports;
	struct dmar_scopes scopes;
};

struct acpi_dmar_info {
	u8 address_width;	  /* bits that DMA may use */
	bool interrupt_remapping; /* the platform supports it */
	bool x2apic_opt_out;	  /* firmware asks not to use x2APIC mode */
	bool dma_control_opt_in;  /* firmware asks for DMA protection from the start */
	unsigned unit_count, region_count, port_count, scope_count;
	struct dmar_unit units[DMAR_UNITS_MAX];
	struct dmar_region regions[DMAR_REGIONS_MAX];
	struct dmar_port ports[DMAR_PORTS_MAX];
	struct dmar_scope scopes[DMAR_SCOPES_MAX];
};

/* Errors as acpi_madt_parse(); -ERR_FULL when one of the arrays is too small. */
__must_check int acpi_dmar_parse(struct acpi_bytes table, struct acpi_dmar_info *out);
