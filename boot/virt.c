/* SPDX-License-Identifier: MIT */
/* Virtualisation: turned on on every CPU, where the machine has it. */
#include "arch/x86_64/virt.h"

#include "arch/x86_64/flaws.h"
#include "boot/boot.h"
#include "core/power.h"
#include "core/preflight.h"
#include "iommu/iommu.h"

static const char *
who_carries_out_apics(void)
{
	if (!virt_caps()->use_apic)
		return "emulated: apicv = off";
	if (virt_caps()->apic_hasty)
		return "carried out by the CPU, but for writes: it would deliver what is masked";
	return "carried out by the CPU";
}

void
virt_start(const struct config *config)
{
	flaws_detect();
	virt_detect();
	if (config->exec_pages != EXEC_PAGES_AUTO)
		virt_set_exec_by_4k(config->exec_pages == EXEC_PAGES_SMALL);
	if (config->guest_tags != 0)
		virt_limit_tags(config->guest_tags);
	virt_set_use_apic(config->apicv != USE_APIC_OFF);
	if (config->apicv == USE_APIC_ON)
		virt_trust_apic();
	iommu_detect();
	preflight_report();
	if (virt_ops() != NULL && virt_on_all() == 0)
		log_info("%s is on, on all CPUs", virt_ops()->name);
	if (virt_caps()->kind == VIRT_VMX && virt_caps()->virtual_interrupts)
		log_info("guests' local APICs are %s", who_carries_out_apics());
	if (virt_caps()->exec_by_4k)
		log_info("guests execute by 4 KiB pages: larger ones are split when they first do");
}
