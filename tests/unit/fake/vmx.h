/* SPDX-License-Identifier: MIT */
/* A vCPU on VMX whose VMCS is always current: what its sources call of vmx_place.c and others. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/vmx/vmcs_io.h"
#include "arch/x86_64/vmx/vmx_vcpu.h"

u64 fake_vmcs[FAKE_VMCS_FIELDS];
struct vmx_cpu fake_vmx_cpu;
struct vmx_controls vmx_controls;

static struct vmx_vcpu fake_vcpu;
static struct vcpu_hw fake_hw;
static u64 fake_switched[VREGS];

u64
vmx_access_begin_slowly(struct vcpu_hw *hw, u64 flags)
{
	abort();
}

void
vmx_access_end_slowly(struct vcpu_hw *hw)
{
	abort();
}

static inline bool
fake_is_switched(enum vreg reg)
{
	return reg == VREG_DR6 || (reg >= VREG_STAR && reg <= VREG_KERNEL_GS_BASE) ||
	       reg == VREG_TSC_AUX;
}

bool
vmx_switched_get(const struct vcpu_hw *hw, enum vreg reg, u64 *value)
{
	*value = fake_switched[reg];
	return fake_is_switched(reg);
}

bool
vmx_switched_set(struct vcpu_hw *hw, enum vreg reg, u64 value)
{
	fake_switched[reg] = value;
	return fake_is_switched(reg);
}

static inline void
fake_vmx_reset(void)
{
	memset(fake_vmcs, 0, sizeof(fake_vmcs));
	memset(fake_switched, 0, sizeof(fake_switched));
	fake_vcpu = (struct vmx_vcpu){0};
	fake_hw = (struct vcpu_hw){.backend = &fake_vcpu};
	fake_vmx_cpu = (struct vmx_cpu){.current = &fake_hw, .ready = &fake_hw};
	vmx_controls = (struct vmx_controls){.cr0_on = 0x20,
					     .cr0_may = 0xffffffff,
					     .cr4_on = 0x2040,
					     .cr4_may = 0x3727ff};
}
