/* SPDX-License-Identifier: MIT */
/* Where each vCPU's VMCS is (SDM vol. 3, 25.1 and 25.11.1). */
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/vmx/vmcs_io.h"
#include "arch/x86_64/vmx/vmx_vcpu.h"
#include "include/intrin.h"
#include "include/panic.h"

static void
make_current(struct vmx_cpu *cpu, struct vcpu_hw *hw)
{
	if (cpu->current == hw)
		return;
	vmcs_load(vmx_of(hw)->vmcs);
	cpu->current = hw;
	cpu->ready = NULL;
}

/* The next entry is a VMLAUNCH, from wherever. */
static void
clear(struct vmx_cpu *cpu, struct vcpu_hw *hw)
{
	vmcs_clear(vmx_of(hw)->vmcs);
	vmx_of(hw)->launched = false;
	if (cpu->current == hw)
		cpu->current = cpu->ready = NULL;
}

static void
evict_here(void *arg)
{
	struct vcpu_hw *hw = arg;
	struct vmx_cpu *cpu = this_vmx();

	if (cpu->resident == hw)
		vmx_registers_release(cpu);
	if (this_cpu()->last_guest == hw)
		this_cpu()->last_guest = NULL;
	clear(cpu, hw);
	hw->cpu = VIRT_NO_CPU;
}

void
vmx_evict(struct vcpu_hw *hw)
{
	u64 flags = irq_save();

	if (hw->cpu == cpu_index()) {
		evict_here(hw);
	} else if (hw->cpu != VIRT_NO_CPU) {
		irq_restore(flags);
		if (cpu_call(hw->cpu, evict_here, hw) != 0)
			panic("CPU %u is gone with a guest", hw->cpu);
		return;
	}
	irq_restore(flags);
}

u64
vmx_access_begin_slowly(struct vcpu_hw *hw, u64 flags)
{
	if (hw->cpu != cpu_index() && hw->cpu != VIRT_NO_CPU) {
		irq_restore(flags);
		vmx_evict(hw);
		flags = irq_save();
	}
	make_current(this_vmx(), hw);
	return flags;
}

void
vmx_access_end_slowly(struct vcpu_hw *hw)
{
	clear(this_vmx(), hw);
}

/* What this CPU may have cached when it was here before is worth nothing (29.4.3.3). */
void
vmx_claim(struct vcpu_hw *hw)
{
	make_current(this_vmx(), hw);
	if (hw->cpu == cpu_index())
		return;
	hw->cpu = cpu_index();
	hw->flush = true;
	vmx_make_stale(hw);
	vmx_of(hw)->host_rsp = 0;
	vmx_write_host_state();
}
