/* SPDX-License-Identifier: MIT */
/* VMX: from its capability MSRs (SDM vol. 3, app. A) to struct virt_caps. */
#pragma once

#include "arch/x86_64/virt.h"

/* The registers as read; 0 for those that the CPU does not have. */
struct vmx_raw {
	u64 feature_control, basic, pin, proc, proc2, ept_vpid;
};

void vmx_caps_detect(struct virt_caps *caps);
void vmx_caps_decode(struct virt_caps *caps, const struct vmx_raw *raw); /* pure */
