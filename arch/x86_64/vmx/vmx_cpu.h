/* SPDX-License-Identifier: MIT */
/* What VMX keeps of the CPU that runs. Interrupts are off. */
#pragma once

#include "arch/x86_64/cpu.h"

static inline struct vmx_cpu *
this_vmx(void)
{
	return &this_cpu()->vmx;
}
