/* SPDX-License-Identifier: MIT */
/* Reads the capability registers of each unit. */
#include "iommu/vtd/vtd.h"

#include "arch/x86_64/io.h"
#include "drivers/acpi.h"
#include "drivers/acpi_dmar.h"
#include "iommu/vtd/vtd_caps.h"
#include "lib/log.h"
#include "mm/kmap.h"

enum vtd_register { VTD_CAP = 0x08, VTD_ECAP = 0x10 }; /* 11.4 */

static int
read_unit(const struct dmar_unit *unit, struct vtd_raw *raw)
{
	void *regs;
	int err = kmap_device(unit->base, PAGE_SIZE, PT_UC, &regs);

	if (err != 0)
		return err;
	raw->cap = mmio_read64((u8 *)regs + VTD_CAP);
	raw->ecap = mmio_read64((u8 *)regs + VTD_ECAP);
	kmap_unmap(regs);
	return raw->cap == ~0ul || raw->cap == 0 ? fail(-ERR_IO) : 0;
}

static void
add_unit(struct iommu_info *info, const struct dmar_unit *unit, const struct acpi_dmar_info *dmar)
{
	struct iommu_caps caps;
	struct vtd_raw raw = {0};
	int err = read_unit(unit, &raw);

	if (err != 0) {
		info->silent++;
		log_warn("iommu: the VT-d unit at %#lx: %s", unit->base.v, error_text(err));
		return;
	}
	log_debug("iommu: VT-d at %#lx, CAP %#lx, ECAP %#lx", unit->base.v, raw.cap, raw.ecap);
	vtd_caps_decode(&caps, &raw);
	/* What a unit can do counts only where the platform goes along (8.1). */
	caps.interrupt_remapping = caps.interrupt_remapping && dmar->interrupt_remapping;
	caps.x2apic_ids = caps.x2apic_ids && caps.interrupt_remapping && !dmar->x2apic_opt_out;
	iommu_add_unit(info, IOMMU_VTD, &caps);
}

void
vtd_detect(struct iommu_info *info)
{
	const struct acpi_dmar_info *dmar = acpi_dmar();

	for (unsigned i = 0; dmar != NULL && i < dmar->unit_count; i++)
		add_unit(info, &dmar->units[i], dmar);
}
