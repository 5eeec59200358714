/* SPDX-License-Identifier: MIT */
/* Finds the machine's IOMMUs. A machine has those of one vendor. */
#include "iommu/iommu.h"

#include "iommu/amdvi/amdvi.h"
#include "iommu/vtd/vtd.h"
#include "lib/log.h"

static struct iommu_info detected;

const struct iommu_info *
iommu_info(void)
{
	return &detected;
}

void
iommu_detect(void)
{
	vtd_detect(&detected);
	if (detected.kind == IOMMU_NONE)
		amdvi_detect(&detected);
	if (detected.silent > 0)
		log_warn("iommu: %u units of the ACPI tables do not answer", detected.silent);
}
