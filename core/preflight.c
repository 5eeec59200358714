/* SPDX-License-Identifier: MIT */
/* The rows of the preflight, and their report. */
#include "core/preflight.h"

#include "lib/format.h"
#include "lib/log.h"

static bool
no_virtualisation(const struct preflight_input *in)
{
	return in->virt->kind == VIRT_NONE && !in->cpu->hypervisor;
}

static bool
no_nested_virtualisation(const struct preflight_input *in)
{
	return in->virt->kind == VIRT_NONE && in->cpu->hypervisor;
}

static bool
vmx_locked_off(const struct preflight_input *in)
{
	return in->virt->kind == VIRT_VMX && in->virt->firmware_off;
}

static bool
svm_locked_off(const struct preflight_input *in)
{
	return in->virt->kind == VIRT_SVM && in->virt->firmware_off;
}

static bool
no_ept(const struct preflight_input *in)
{
	return in->virt->kind == VIRT_VMX && !in->virt->nested_paging;
}

static bool
no_unrestricted_guest(const struct preflight_input *in)
{
	return in->virt->kind == VIRT_VMX && !in->virt->unrestricted;
}

static bool
no_npt(const struct preflight_input *in)
{
	return in->virt->kind == VIRT_SVM && !in->virt->nested_paging;
}

static bool
no_asids(const struct preflight_input *in)
{
	return in->virt->kind == VIRT_SVM && in->virt->guest_tags == 0;
}

static bool
no_vpids(const struct preflight_input *in)
{
	return in->virt->kind == VIRT_VMX && in->virt->guest_tags == 0;
}

static bool
no_2m_pages(const struct preflight_input *in)
{
	return in->virt->nested_paging && !in->virt->nested_2m;
}

static bool
no_1g_pages(const struct preflight_input *in)
{
	return in->virt->nested_paging && !in->virt->nested_1g;
}

static bool
no_iommu(const struct preflight_input *in)
{
	return in->iommu->kind == IOMMU_NONE && in->iommu->silent == 0;
}

static bool
silent_iommu(const struct preflight_input *in)
{
	return in->iommu->silent > 0;
}

static bool
no_dma_remapping(const struct preflight_input *in)
{
	return in->iommu->kind != IOMMU_NONE && in->iommu->caps.address_bits == 0;
}

static bool
no_interrupt_remapping(const struct preflight_input *in)
{
	return in->iommu->kind != IOMMU_NONE && !in->iommu->caps.interrupt_remapping;
}

#define NO_VMS	  "No VM can run."
#define NO_DEVICE "No PCI device can be given to a VM, and DMA of every device reaches all memory."
#define NEWER_CPU                                                                                  \
	"No setting brings it: it takes a newer CPU or, under another hypervisor, that this one "  \
	"passes it on."

static const struct preflight_row rows[] = {
	{"VMX or SVM",	       NO_VMS,
	 "The CPU shows neither. If it should, look for \"Intel Virtualization Technology (VMX)\" "
	 "or \"SVM Mode\" in the firmware setup.",							   no_virtualisation	  },
	{"VMX or SVM",	       NO_VMS,
	 "The hypervisor that Ashlar runs under offers neither: turn on nested virtualisation "
	 "there (in QEMU, -cpu host with KVM, or a CPU with +svm).",					 no_nested_virtualisation},
	{"VMX",		    NO_VMS,
	 "The firmware has locked it off (IA32_FEATURE_CONTROL): turn on \"Intel Virtualization "
	 "Technology (VMX)\" in the firmware setup.",							vmx_locked_off	       },
	{"SVM",		    NO_VMS,
	 "The firmware has locked it off (VM_CR.SVMDIS): turn on \"SVM Mode\" in the firmware "
	 "setup.",											   svm_locked_off	       },
	{"EPT",		    NO_VMS,							NEWER_CPU, no_ept			 },
	{"unrestricted guest",     NO_VMS,							NEWER_CPU, no_unrestricted_guest   },
	{"NPT",		    NO_VMS,							NEWER_CPU, no_npt			 },
	{"ASIDs",		  NO_VMS,							NEWER_CPU, no_asids		     },
	{"VPIDs",		  "VMs run slower: every switch flushes the TLB.",		   NEWER_CPU, no_vpids		      },
	{"2 MiB pages for guests", "VMs run slower: their memory is mapped by 4 KiB pages.",
	 NEWER_CPU,											  no_2m_pages	       },
	{"1 GiB pages for guests", "Large VMs run a little slower: they take more page tables.",
	 NEWER_CPU,											  no_1g_pages	       },
	{"IOMMU",		  NO_DEVICE,
	 "Turn on \"VT-d\" or \"AMD IOMMU\" in the firmware setup (in QEMU, -device intel-iommu or "
	 "amd-iommu).",										      no_iommu		 },
	{"IOMMU units",		NO_DEVICE,
	 "The ACPI tables list IOMMUs that don't answer: update the firmware.",				silent_iommu	    },
	{"DMA remapping",	  NO_DEVICE,
	 "The IOMMU walks no table of a kind that Ashlar knows: no setting brings it.",		      no_dma_remapping	 },
	{"interrupt remapping",	"A device given to a VM could send any interrupt to any CPU.",
	 "Look for \"interrupt remapping\" or \"x2APIC\" in the firmware setup (in QEMU, "
	 "intremap=on).",										    no_interrupt_remapping  },
};

struct preflight_input
preflight_machine(void)
{
	return (struct preflight_input){cpu_features(), virt_caps(), iommu_info()};
}

const struct preflight_row *
preflight_missing(const struct preflight_input *in, unsigned n)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].missing(in) && n-- == 0)
			return &rows[i];
	}
	return NULL;
}

static size_t
summarise_paging(const struct virt_caps *virt, char *text, size_t size)
{
	if (!virt->nested_paging)
		return 0;
	return format(text, size, " with %s (4 KiB%s%s pages)",
		      virt->kind == VIRT_VMX ? "EPT" : "NPT", virt->nested_2m ? ", 2 MiB" : "",
		      virt->nested_1g ? ", 1 GiB" : "");
}

static size_t
summarise_virt(const struct virt_caps *virt, char *text, size_t size)
{
	size_t len;

	if (virt->kind == VIRT_NONE)
		return format(text, size, "no CPU virtualisation");
	len = format(text, size, "%s", virt->kind == VIRT_VMX ? "VMX" : "SVM");
	len += summarise_paging(virt, text + len, size - len);
	if (virt->unrestricted)
		len += format(text + len, size - len, ", unrestricted guest");
	if (virt->guest_tags > 0)
		len += format(text + len, size - len, ", %u %s", virt->guest_tags,
			      virt->kind == VIRT_VMX ? "VPIDs" : "ASIDs");
	if (virt->firmware_off)
		len += format(text + len, size - len, ", locked off by firmware");
	return len;
}

void
preflight_summary(const struct preflight_input *in, char text[PREFLIGHT_SUMMARY])
{
	size_t len = summarise_virt(in->virt, text, PREFLIGHT_SUMMARY);
	const struct iommu_info *iommu = in->iommu;

	if (iommu->kind == IOMMU_NONE)
		format(text + len, PREFLIGHT_SUMMARY - len, "; no IOMMU");
	else
		format(text + len, PREFLIGHT_SUMMARY - len, "; %s, %u address bits%s",
		       iommu_kind_name(iommu->kind), iommu->caps.address_bits,
		       iommu->caps.interrupt_remapping ? ", interrupt remapping" : "");
}

void
preflight_report(void)
{
	struct preflight_input in = preflight_machine();
	const struct preflight_row *row;
	char text[PREFLIGHT_SUMMARY];

	preflight_summary(&in, text);
	log_info("preflight: %s", text);
	for (unsigned n = 0; (row = preflight_missing(&in, n)) != NULL; n++)
		log_warn("missing: %s. %s %s", row->feature, row->lost, row->remedy);
}
