/* SPDX-License-Identifier: MIT */
/* Barriers and flushes around the runs of guests. */
#include "arch/x86_64/speculation.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/msr.h"

unsigned
speculation_steps(const struct flaws *f, bool other_guest, u64 spec_ctrl)
{
	unsigned steps = 0;

	if (f->barrier && other_guest)
		steps |= STEP_BARRIER;
	if (spec_ctrl != f->host_spec_ctrl)
		steps |= STEP_SPEC_CTRL;
	if (f->l1d_flush)
		steps |= STEP_L1D_FLUSH;
	if (f->clear_buffers)
		steps |= STEP_CLEAR_BUFFERS;
	return steps;
}

void
speculation_cpu_on(void)
{
	if (cpu_flaws()->host_spec_ctrl != 0)
		wrmsr(MSR_IA32_SPEC_CTRL, cpu_flaws()->host_spec_ctrl);
}

void
speculation_command(u32 msr, u64 value)
{
	wrmsr(msr, value);
}

/* With a selector of a segment that can be written; where MD_CLEAR or its kin are (SDM vol. 2,
 * VERW).
 */
static void
clear_buffers(void)
{
	static const u16 selector = SELECTOR_DATA;

	__asm__ volatile("verw %0" : : "m"(selector) : "cc");
}

void
speculation_enter_slowly(const struct vcpu_hw *hw)
{
	struct cpu *cpu = this_cpu();
	unsigned steps = speculation_steps(cpu_flaws(), cpu->last_guest != hw, hw->spec_ctrl);

	cpu->last_guest = hw;
	if ((steps & STEP_BARRIER) != 0)
		wrmsr(MSR_IA32_PRED_CMD, PRED_CMD_IBPB);
	if ((steps & STEP_SPEC_CTRL) != 0)
		wrmsr(MSR_IA32_SPEC_CTRL, hw->spec_ctrl);
	if ((steps & STEP_L1D_FLUSH) != 0)
		wrmsr(MSR_IA32_FLUSH_CMD, FLUSH_CMD_L1D);
	if ((steps & STEP_CLEAR_BUFFERS) != 0)
		clear_buffers();
}

void
speculation_leave_slowly(const struct vcpu_hw *hw)
{
	if (hw->spec_ctrl != cpu_flaws()->host_spec_ctrl)
		wrmsr(MSR_IA32_SPEC_CTRL, cpu_flaws()->host_spec_ctrl);
}
