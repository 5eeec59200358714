/* SPDX-License-Identifier: MIT */
/* The one CPU of a host-side test. */
#pragma once

#include "arch/x86_64/cpu.h"

extern struct vmx_cpu fake_vmx_cpu; /* the test's */

static inline struct vmx_cpu *
this_vmx(void)
{
	return &fake_vmx_cpu;
}
