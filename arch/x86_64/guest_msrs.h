/* SPDX-License-Identifier: MIT */
/* MSRs that a guest reads and writes without an exit, since every world switch swaps them. */
#pragma once

#include "arch/x86_64/msr.h"

static const u32 guest_msrs[] = {
	MSR_IA32_SYSENTER_CS,
	MSR_IA32_SYSENTER_ESP,
	MSR_IA32_SYSENTER_EIP,
	MSR_STAR,
	MSR_LSTAR,
	MSR_CSTAR,
	MSR_SFMASK,
	MSR_FS_BASE,
	MSR_GS_BASE,
	MSR_KERNEL_GS_BASE,
};
