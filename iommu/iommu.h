/* SPDX-License-Identifier: MIT */
/*
 * The machine's IOMMUs in neutral terms, behind vtd/ and amdvi/: for now which there are and what
 * they can do. Set by iommu_detect() on the boot CPU and read-only afterwards: no lock.
 */
#pragma once

#include "include/errors.h"
#include "include/types.h"

enum iommu_kind { IOMMU_NONE, IOMMU_VTD, IOMMU_AMDVI };

struct iommu_caps {
	u8 address_bits; /* of what a device may put on the bus; 0: no DMA remapping */
	u32 domains;

	/* One for each row of the table in iommu_caps.c. */
	bool pages_2m, pages_1g;
	bool queued_invalidation;
	bool interrupt_remapping;
	bool x2apic_ids; /* remapped interrupts reach APIC ids over 255 */
	bool pass_through;
	bool snoop_control; /* can force a device's accesses to be coherent */
	bool device_tlb;    /* ATS */
	bool posted_interrupts;
	bool coherent; /* the tables need no cache flush */
};

struct iommu_info {
	enum iommu_kind kind; /* NONE also where no unit answers */
	unsigned units;
	unsigned silent;	/* units in the tables that do not answer */
	struct iommu_caps caps; /* what all units can do */
};

/* Reads the units that DMAR or IVRS list. After acpi_init() and pci_init(). */
void iommu_detect(void);
const struct iommu_info *iommu_info(void);

/* "VT-d", "AMD-Vi" or "none". */
const char *iommu_kind_name(enum iommu_kind kind);

/* The n-th ability by its name, in *present whether caps has it; NULL after the last one. */
const char *iommu_cap_name(const struct iommu_caps *caps, unsigned n, bool *present);

/* For vtd/ and amdvi/: one more unit that answers. Pure. */
void iommu_add_unit(struct iommu_info *info, enum iommu_kind kind, const struct iommu_caps *caps);
