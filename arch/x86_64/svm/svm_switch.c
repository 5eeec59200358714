/* SPDX-License-Identifier: MIT */
/*
 * Registers that SVM leaves to us, and that the hypervisor itself does not use: they are switched
 * only when a CPU gets another vCPU. With DR7 as an exit leaves it no breakpoint of the guest is on
 * (APM vol. 2, 15.6).
 */
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/cr.h"
#include "arch/x86_64/dr.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/svm/svm_vcpu.h"
#include "arch/x86_64/xsave.h"
#include "include/intrin.h"
#include "include/panic.h"

static void
load(const struct vcpu_hw *hw)
{
	load_breakpoints(hw->dr);
	if (cpu_features()->rdtscp)
		wrmsr(MSR_TSC_AUX, hw->tsc_aux);
	xsave_swap_to_guest(hw);
}

/* An emulated CPU may have let XSETBV through, whatever is intercepted. */
static void
save(struct vcpu_hw *hw)
{
	save_breakpoints(hw->dr);
	if (xsave_mask() != 0)
		hw->xcr0 = read_xcr0() & xsave_mask();
	xsave_swap_to_host(hw);
}

static void
release(struct cpu *cpu)
{
	if (cpu->guest != NULL)
		save(cpu->guest);
	cpu->guest = NULL;
}

void
svm_registers_take(struct vcpu_hw *hw)
{
	struct cpu *cpu = this_cpu();

	release(cpu);
	load(hw);
	cpu->guest = hw;
	if (hw->cpu != cpu->index)
		svm_save_host(hw->pages[SVM_PAGE_HOST].pa.v);
}

void
svm_set_tsc_aux(struct vcpu_hw *hw, u64 value)
{
	u64 flags = irq_save();

	hw->tsc_aux = value;
	if (this_cpu()->guest == hw && cpu_features()->rdtscp)
		wrmsr(MSR_TSC_AUX, value);
	irq_restore(flags);
}

static void
release_here(void *arg)
{
	struct cpu *cpu = this_cpu();

	if (cpu->guest == arg)
		release(cpu);
	if (cpu->last_guest == arg)
		cpu->last_guest = NULL;
}

static void
release_where_it_is(struct vcpu_hw *hw)
{
	u64 flags = irq_save();

	if (hw->cpu == cpu_index()) {
		release_here(hw);
		irq_restore(flags);
		return;
	}
	irq_restore(flags);
	if (hw->cpu != VIRT_NO_CPU && cpu_call(hw->cpu, release_here, hw) != 0)
		panic("CPU %u is gone with a guest", hw->cpu);
}

void
svm_sync(struct vcpu_hw *hw)
{
	release_where_it_is(hw);
}

void
svm_evict(struct vcpu_hw *hw)
{
	release_where_it_is(hw);
	hw->cpu = VIRT_NO_CPU;
}
