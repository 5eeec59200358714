/* SPDX-License-Identifier: MIT */
/* Virtualisation: turned on on every CPU, where the machine has it. */
#include "arch/x86_64/virt.h"

#include "boot/boot.h"
#include "core/power.h"
#include "core/preflight.h"
#include "iommu/iommu.h"

void
virt_start(void)
{
	virt_detect();
	iommu_detect();
	preflight_report();
	if (virt_ops() != NULL && virt_on_all() == 0)
		log_info("%s is on, on all CPUs", virt_ops()->name);
}
