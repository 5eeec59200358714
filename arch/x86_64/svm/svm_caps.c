/* SPDX-License-Identifier: MIT */
/* What this CPU's SVM can do. */
#include "arch/x86_64/svm/svm_caps.h"

#include "arch/x86_64/msr.h"
#include "arch/x86_64/probe.h"

/* CPUID 8000000Ah EDX, APM vol. 3, E.4.9 */
#define SVM_NP		   BIT32(0)
#define SVM_NRIPS	   BIT32(3)
#define SVM_TSC_RATE	   BIT32(4)
#define SVM_VMCB_CLEAN	   BIT32(5)
#define SVM_FLUSH_BY_ASID  BIT32(6)
#define SVM_DECODE_ASSISTS BIT32(7)
#define SVM_PAUSE_FILTER   BIT32(10)
#define SVM_AVIC	   BIT32(13)
#define SVM_VGIF	   BIT32(16)

u64
svm_read_vm_cr(void)
{
	u64 control;

	return probe_rdmsr(MSR_VM_CR, &control) ? control : 0;
}

static struct svm_raw
read_registers(void)
{
	const struct cpu_features *f = cpu_features();
	struct svm_raw raw = {.vm_cr = svm_read_vm_cr(), .huge_pages = f->huge_pages};

	if (f->max_extended >= CPUID_SVM)
		raw.leaf = cpuid(CPUID_SVM, 0);
	return raw;
}

void
svm_caps_detect(struct virt_caps *caps)
{
	struct svm_raw raw = read_registers();

	svm_caps_decode(caps, &raw);
}

static void
decode_paging(struct virt_caps *caps, const struct svm_raw *raw)
{
	caps->nested_paging = (raw->leaf.edx & SVM_NP) != 0;
	/* The nested tables have the host's format, with all that this can (15.25.5). */
	caps->nested_2m = caps->nested_paging;
	caps->nested_1g = caps->nested_paging && raw->huge_pages;
	caps->nested_ad = caps->nested_paging;
	caps->unrestricted = caps->nested_paging; /* real mode and paging off: 15.25.3, 15.19 */
	caps->guest_tags = raw->leaf.ebx > 0 ? raw->leaf.ebx - 1 : 0; /* ASID 0 is the host's */
	caps->flush_by_tag = (raw->leaf.edx & SVM_FLUSH_BY_ASID) != 0;
}

void
svm_caps_decode(struct virt_caps *caps, const struct svm_raw *raw)
{
	const u64 off_for_good = VM_CR_SVMDIS | VM_CR_LOCK;

	*caps = (struct virt_caps){
		.kind = VIRT_SVM,
		.firmware_off = (raw->vm_cr & off_for_good) == off_for_good,
		.revision = raw->leaf.eax & 0xff,
		.next_rip = (raw->leaf.edx & SVM_NRIPS) != 0,
		.decode_assists = (raw->leaf.edx & SVM_DECODE_ASSISTS) != 0,
		.tsc_scaling = (raw->leaf.edx & SVM_TSC_RATE) != 0,
		.pause_exits = (raw->leaf.edx & SVM_PAUSE_FILTER) != 0,
		.apic_registers = (raw->leaf.edx & SVM_AVIC) != 0,
		.virtual_interrupts = (raw->leaf.edx & SVM_AVIC) != 0,
		.posted_interrupts = (raw->leaf.edx & SVM_AVIC) != 0, /* its doorbell, 15.29.2 */
		.virtual_gif = (raw->leaf.edx & SVM_VGIF) != 0,
		.clean_bits = (raw->leaf.edx & SVM_VMCB_CLEAN) != 0,
	};
	decode_paging(caps, raw);
}
