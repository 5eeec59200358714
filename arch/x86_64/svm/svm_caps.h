/* SPDX-License-Identifier: MIT */
/* SVM: from CPUID 8000000Ah and VM_CR (APM vol. 2, 15.4, 15.30; vol. 3, E.4.9) to struct virt_caps.
 */
#pragma once

#include "arch/x86_64/virt.h"

/* The registers as read; zeros for those that the CPU does not have. */
struct svm_raw {
	struct cpuid_regs leaf;
	u64 vm_cr;
	bool huge_pages; /* of the host's paging, hence of NPT */
};

/* VM_CR; 0, nothing forbidden, where it is missing, as in Bochs. */
u64 svm_read_vm_cr(void);

void svm_caps_detect(struct virt_caps *caps);
void svm_caps_decode(struct virt_caps *caps, const struct svm_raw *raw); /* pure */
