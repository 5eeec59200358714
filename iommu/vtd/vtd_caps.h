/* SPDX-License-Identifier: MIT */
/* VT-d: from a unit's capability registers (VT-d 4.0, 11.4.2 and 11.4.3) to struct iommu_caps. */
#pragma once

#include "iommu/iommu.h"

struct vtd_raw {
	u64 cap, ecap;
};

void vtd_caps_decode(struct iommu_caps *caps, const struct vtd_raw *raw); /* pure */
