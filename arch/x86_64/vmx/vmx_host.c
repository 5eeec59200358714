/* SPDX-License-Identifier: MIT */
/* The host's state that an exit loads: this CPU's, as it is now (SDM vol. 3, 25.5 and 28.5). */
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/cr.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/vmx/vmcs_io.h"
#include "arch/x86_64/vmx/vmx_vcpu.h"

struct table_pointer {
	u16 limit;
	u64 base;
} __packed;

static u16
code_selector(void)
{
	u16 s;

	__asm__("mov %%cs, %0" : "=r"(s));
	return s;
}

static u16
task_selector(void)
{
	u16 s;

	__asm__("str %0" : "=r"(s));
	return s;
}

/* The data segments are null, as 64-bit code at level 0 may have them. */
static void
write_segments(void)
{
	struct table_pointer gdt, idt;

	__asm__ volatile("sgdt %0" : "=m"(gdt));
	__asm__ volatile("sidt %0" : "=m"(idt));
	vmcs_write(VMCS_HOST_CS, code_selector());
	vmcs_write(VMCS_HOST_TR, task_selector());
	vmcs_write(VMCS_HOST_ES, 0);
	vmcs_write(VMCS_HOST_SS, 0);
	vmcs_write(VMCS_HOST_DS, 0);
	vmcs_write(VMCS_HOST_FS, 0);
	vmcs_write(VMCS_HOST_GS, 0);
	vmcs_write(VMCS_HOST_FS_BASE, 0);
	vmcs_write(VMCS_HOST_GS_BASE, (u64)(uintptr_t)this_cpu());
	vmcs_write(VMCS_HOST_TR_BASE, (u64)(uintptr_t)&this_cpu()->tss);
	vmcs_write(VMCS_HOST_GDTR_BASE, gdt.base);
	vmcs_write(VMCS_HOST_IDTR_BASE, idt.base);
}

void
vmx_write_host_state(void)
{
	write_segments();
	vmcs_write(VMCS_HOST_CR0, read_cr0());
	vmcs_write(VMCS_HOST_CR3, read_cr3());
	vmcs_write(VMCS_HOST_CR4, read_cr4());
	vmcs_write(VMCS_HOST_EFER, rdmsr(MSR_EFER));
	vmcs_write(VMCS_HOST_PAT, rdmsr(MSR_IA32_PAT));
	vmcs_write(VMCS_HOST_SYSENTER_CS, 0);
	vmcs_write(VMCS_HOST_SYSENTER_ESP, 0);
	vmcs_write(VMCS_HOST_SYSENTER_EIP, 0);
	vmcs_write(VMCS_HOST_RIP, (u64)(uintptr_t)vmx_exit_point);
}
