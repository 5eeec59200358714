/* SPDX-License-Identifier: MIT */
/*
 * Registers that VMX leaves to us, and that the hypervisor itself does not use: they are switched
 * only when a CPU gets another vCPU. With DR7 as an exit leaves it no breakpoint of the guest is
 * on (SDM vol. 3, 28.5.1); a guest's MSRs below mean nothing in ring 0 without SYSCALL and SWAPGS.
 */
#include "arch/x86_64/cr.h"
#include "arch/x86_64/dr.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/vmx/vmx_vcpu.h"
#include "arch/x86_64/xsave.h"
#include "include/intrin.h"

static const struct switched_msr {
	u32 msr;
	u8 reg; /* enum vreg */
} msrs[VMX_MSRS] = {
	{MSR_STAR,	   VREG_STAR	    },
	{MSR_LSTAR,	    VREG_LSTAR	      },
	{MSR_CSTAR,	    VREG_CSTAR	      },
	{MSR_SFMASK,	     VREG_SFMASK	},
	{MSR_KERNEL_GS_BASE, VREG_KERNEL_GS_BASE},
	{MSR_TSC_AUX,	      VREG_TSC_AUX	  },
};

/* The last one is there with RDTSCP. */
static int
msr_count(void)
{
	return cpu_features()->rdtscp ? VMX_MSRS : VMX_MSRS - 1;
}

static void
load(const struct vcpu_hw *hw)
{
	const struct vmx_vcpu *v = vmx_of(hw);

	for (int i = 0; i < msr_count(); i++)
		wrmsr(msrs[i].msr, v->msrs[i]);
	load_breakpoints(hw->dr);
	write_dr(6, hw->dr6);
	xsave_swap_to_guest(hw);
}

static void
save(struct vcpu_hw *hw)
{
	struct vmx_vcpu *v = vmx_of(hw);

	for (int i = 0; i < msr_count(); i++)
		v->msrs[i] = rdmsr(msrs[i].msr);
	save_breakpoints(hw->dr);
	hw->dr6 = read_dr(6);
	xsave_swap_to_host(hw);
}

void
vmx_registers_release(struct vmx_cpu *cpu)
{
	if (cpu->resident != NULL)
		save(cpu->resident);
	cpu->resident = cpu->ready = NULL;
}

void
vmx_registers_take(struct vcpu_hw *hw)
{
	struct vmx_cpu *cpu = this_vmx();

	if (cpu->resident != hw) {
		vmx_registers_release(cpu);
		load(hw);
		cpu->resident = hw;
	} else if (xsave_mask() != 0) {
		write_xcr0(hw->xcr0);
	}
	vmx_of(hw)->xcr0 = hw->xcr0;
}

static int
index_of(enum vreg reg)
{
	for (int i = 0; i < VMX_MSRS; i++) {
		if (msrs[i].reg == reg)
			return i;
	}
	return -1;
}

/* They can be here only while the vCPU is; who asks from elsewhere has evicted it. */
static bool
is_resident(const struct vcpu_hw *hw)
{
	return this_vmx()->resident == hw;
}

bool
vmx_switched_get(const struct vcpu_hw *hw, enum vreg reg, u64 *value)
{
	int i = index_of(reg);

	if (reg == VREG_DR6)
		*value = is_resident(hw) ? read_dr(6) : hw->dr6;
	else if (i >= 0)
		*value = is_resident(hw) && i < msr_count() ? rdmsr(msrs[i].msr)
							    : vmx_of(hw)->msrs[i];
	else
		return false;
	return true;
}

/* Bits 63:32 of DR6 can't be written (SDM vol. 3, 18.2.6). */
static void
set_dr6(struct vcpu_hw *hw, u64 value)
{
	hw->dr6 = (u32)value;
	if (is_resident(hw))
		write_dr(6, hw->dr6);
}

bool
vmx_switched_set(struct vcpu_hw *hw, enum vreg reg, u64 value)
{
	int i = index_of(reg);

	if (reg == VREG_DR6) {
		set_dr6(hw, value);
		return true;
	}
	if (i < 0)
		return false;
	vmx_of(hw)->msrs[i] = value;
	if (is_resident(hw) && i < msr_count())
		wrmsr(msrs[i].msr, value);
	return true;
}
