/* SPDX-License-Identifier: MIT */
/* Which bits of CPUID guests may see of what the machine has, and which they always see. */
#pragma once

#include "arch/x86_64/cpuid.h"

enum cpuid_vendor { CPUID_ANY, CPUID_INTEL, CPUID_AMD };

struct cpuid_row {
	u32 leaf, subleaf;
	enum cpuid_vendor vendor;
	struct cpuid_regs regs;
};

/*
 * The n-th row of what guests may see of the machine's; NULL after the last. Subleaves of a leaf
 * are together, from 0. A leaf without a row is all zeros.
 */
const struct cpuid_row *cpuid_allowed(unsigned n);

/* The leaves of hypervisors, in the same way: 40000000h and up. Constant but for what cpuid.c says.
 */
const struct cpuid_row *cpuid_hypervisor(unsigned n);

/* Of what they see whatever the machine has, as it is emulated: in subleaves 0 of rows above. */
const struct cpuid_row *cpuid_forced(unsigned n);
