/* SPDX-License-Identifier: MIT */
/* Intel's IOMMUs, as the DMAR lists them (VT-d specification 4.0). */
#pragma once

#include "iommu/iommu.h"

/* Adds what each unit can do to info, which stays as it is where there is none. */
void vtd_detect(struct iommu_info *info);
