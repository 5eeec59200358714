/* SPDX-License-Identifier: MIT */
/*
 * What is done around the runs of guests against speculation (docs/security.md), on the CPU that
 * runs one, with interrupts off. Where the CPU asks for nothing it costs a look at one flag, and a
 * vCPU that comes back to the CPU where it was the last to run pays no barrier. One that has been
 * elsewhere meanwhile does: a barrier of the guest's own has not reached this CPU.
 */
#pragma once

#include "arch/x86_64/flaws.h"
#include "arch/x86_64/virt.h"

enum speculation_step {
	STEP_BARRIER = 1u << 0,	  /* indirect branches: forget where they went */
	STEP_SPEC_CTRL = 1u << 1, /* IA32_SPEC_CTRL becomes the guest's */
	STEP_L1D_FLUSH = 1u << 2,
	STEP_CLEAR_BUFFERS = 1u << 3, /* the last, as any load fills them again */
};

/* What an entry needs: whether another vCPU ran here last, and the guest's IA32_SPEC_CTRL. Pure. */
unsigned speculation_steps(const struct flaws *f, bool other_guest, u64 spec_ctrl);

/* The hypervisor's own settings, on each CPU. */
void speculation_cpu_on(void);

/* For guests' IA32_PRED_CMD and IA32_FLUSH_CMD; bits that cpu_flaws() has. */
void speculation_command(u32 msr, u64 value);

void speculation_enter_slowly(const struct vcpu_hw *hw);
void speculation_leave_slowly(const struct vcpu_hw *hw);

static inline void
speculation_enter(const struct vcpu_hw *hw)
{
	if (cpu_flaws()->any)
		speculation_enter_slowly(hw);
}

static inline void
speculation_leave(const struct vcpu_hw *hw)
{
	if (cpu_flaws()->any)
		speculation_leave_slowly(hw);
}
