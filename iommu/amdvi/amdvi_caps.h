/* SPDX-License-Identifier: MIT */
/*
 * AMD-Vi: from a unit's capability header (AMD IOMMU 3.07, 3.2.1) and extended feature register
 * (3.4, MMIO 0030h) to struct iommu_caps.
 */
#pragma once

#include "iommu/iommu.h"

struct amdvi_raw {
	u32 header;
	u64 efr; /* 0 for a unit without it */
};

/* All of them pure. */
bool amdvi_header_valid(const struct amdvi_raw *raw);
bool amdvi_has_efr(const struct amdvi_raw *raw); /* as a register */
void amdvi_caps_decode(struct iommu_caps *caps, const struct amdvi_raw *raw);
