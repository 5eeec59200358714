/* SPDX-License-Identifier: MIT */
/* The IVRS (AMD I/O Virtualization Technology 3.07, 5.2): AMD's IOMMUs, and memory set aside. */
#pragma once

#include "drivers/acpi_raw.h"
#include "include/errors.h"

enum { IVRS_UNITS_MAX = 64, IVRS_REGIONS_MAX = 64 };

/* IVHD: an IOMMU. One that has blocks of several types is here once, by the highest. */
struct ivrs_unit {
	u8 type; /* 0x10, 0x11 or 0x40 */
	u8 flags;
	u16 device;	/* its own bus, device and function */
	u16 capability; /* offset of its capability in PCI configuration space */
	u16 segment;
	hpa_t base;
	u16 info;
	u32 features;	  /* type 0x10: feature reporting; others: attributes */
	u64 efr;	  /* types 0x11 and 0x40: the extended feature register; else 0 */
	bool include_all; /* an entry is for all devices */
};

/* IVMD: memory that firmware has set devices to. */
struct ivrs_region {
	u8 type; /* 0x20 all devices, 0x21 the one, 0x22 first_device to last_device */
	u8 flags;
	u16 first_device, last_device;
	hpa_t base;
	u64 length;
};

struct acpi_ivrs_info {
	u32 info; /* IVinfo: address sizes, DMA remapping support */
	unsigned unit_count, region_count;
	struct ivrs_unit units[IVRS_UNITS_MAX];
	struct ivrs_region regions[IVRS_REGIONS_MAX];
};

/* Errors as acpi_madt_parse(); -ERR_FULL when one of the arrays is too small. */
__must_check int acpi_ivrs_parse(struct acpi_bytes table, struct acpi_ivrs_info *out);
