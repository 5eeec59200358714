/* SPDX-License-Identifier: MIT */
/* Reads the capability registers of each unit. */
#include "iommu/amdvi/amdvi.h"

#include "arch/x86_64/io.h"
#include "drivers/acpi.h"
#include "drivers/acpi_ivrs.h"
#include "drivers/pci.h"
#include "iommu/amdvi/amdvi_caps.h"
#include "lib/log.h"
#include "mm/kmap.h"

enum amdvi_register { AMDVI_EFR = 0x30 }; /* 3.4 */

static int
read_efr(const struct ivrs_unit *unit, u64 *efr)
{
	void *regs;
	int err = kmap_device(unit->base, PAGE_SIZE, PT_UC, &regs);

	if (err != 0)
		return err;
	*efr = mmio_read64((u8 *)regs + AMDVI_EFR);
	kmap_unmap(regs);
	return *efr == ~0ul ? fail(-ERR_IO) : 0;
}

/* The capability in its own configuration space (3.2) says whether the EFR is there. */
static int
read_unit(const struct ivrs_unit *unit, struct amdvi_raw *raw)
{
	struct pci_addr addr = {
		.segment = unit->segment,
		.bus = (u8)(unit->device >> 8),
		.device = unit->device >> 3 & 0x1f,
		.function = unit->device & 7,
	};

	raw->header = pci_read32(addr, unit->capability & 0xfffcu);
	if (!amdvi_header_valid(raw))
		return fail(-ERR_IO);
	raw->efr = unit->efr;
	return amdvi_has_efr(raw) ? read_efr(unit, &raw->efr) : 0;
}

static void
add_unit(struct iommu_info *info, const struct ivrs_unit *unit)
{
	struct iommu_caps caps;
	struct amdvi_raw raw = {0};
	int err = read_unit(unit, &raw);

	if (err != 0) {
		info->silent++;
		log_warn("iommu: the AMD-Vi unit at %#lx: %s", unit->base.v, error_text(err));
		return;
	}
	log_debug("iommu: AMD-Vi at %#lx, capability %#x, EFR %#lx", unit->base.v, raw.header,
		  raw.efr);
	amdvi_caps_decode(&caps, &raw);
	iommu_add_unit(info, IOMMU_AMDVI, &caps);
}

void
amdvi_detect(struct iommu_info *info)
{
	const struct acpi_ivrs_info *ivrs = acpi_ivrs();

	for (unsigned i = 0; ivrs != NULL && i < ivrs->unit_count; i++)
		add_unit(info, &ivrs->units[i]);
}
