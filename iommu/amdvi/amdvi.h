/* SPDX-License-Identifier: MIT */
/* AMD's IOMMUs, as the IVRS lists them (AMD I/O Virtualization Technology 3.07). */
#pragma once

#include "iommu/iommu.h"

/* Adds what each unit can do to info, which stays as it is where there is none. */
void amdvi_detect(struct iommu_info *info);
