/* SPDX-License-Identifier: MIT */
/*
 * Local APICs that the CPU carries out (SDM vol. 3, ch. 30): TPR shadow, APIC-register
 * virtualisation and virtual-interrupt delivery, all of them or none; by the page of the xAPIC, or
 * by the MSRs of the x2APIC. Who models the APIC fills hw->apic; here it gets into the VMCS.
 */
#include "arch/x86_64/vmx/vmcs_io.h"
#include "arch/x86_64/vmx/vmx_vcpu.h"
#include "lib/string.h"

#define STATUS_REQUESTED  BITS(7, 0) /* RVI and SVI: guest interrupt status, 25.4.2 */
#define STATUS_IN_SERVICE BITS(15, 8)

/* The VMCS is current. Without a mode the CPU makes every access to the page an exit (30.4.1). */
void
vmx_apic_init(struct vcpu_hw *hw)
{
	const struct virt_page *page = &hw->pages[PAGE_APIC];

	hw->apic = (struct virt_apic){.page = NULL};
	if (vmx_controls.apic_proc2 == 0)
		return;
	memset(page->ptr, 0, PAGE_SIZE);
	hw->apic.page = page->ptr;
	hw->apic.x2apic = (vmx_controls.apic_proc2 & PROC2_X2APIC) != 0;
	vmcs_write(VMCS_VIRTUAL_APIC, page->pa.v);
	vmcs_write(VMCS_APIC_ACCESS, hw->vm_pages[VM_PAGE_APIC_ACCESS].pa.v);
	vmcs_write(VMCS_TPR_THRESHOLD, 0); /* not looked at with virtual-interrupt delivery */
	vmcs_write(VMCS_INTERRUPT_STATUS, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(hw->apic.eoi_exits); i++)
		vmcs_write(VMCS_EOI_EXIT + 2 * i, 0);
	vmcs_write(VMCS_PROC2_CONTROLS, vmx_controls.word[VMX_PROC2] | PROC2_APIC_ACCESS);
}

static u32
proc2_of(const struct vmx_vcpu *v, enum virt_apic_mode mode)
{
	u32 base = vmx_controls.word[VMX_PROC2] | v->spin_proc2, used = vmx_controls.apic_proc2;

	switch (mode) {
	case VIRT_APIC_XAPIC: return base | (used & ~PROC2_X2APIC);
	case VIRT_APIC_X2APIC: return base | (used & ~PROC2_APIC_ACCESS);
	default: return base | PROC2_APIC_ACCESS;
	}
}

/* MOV CR8 is the TPR's, which the CPU has in the page (30.3). */
static u32
proc_of(u32 proc, enum virt_apic_mode mode)
{
	if (mode == VIRT_APIC_NONE)
		return (proc & ~PROC_TPR_SHADOW) | PROC_CR8_LOAD | PROC_CR8_STORE;
	proc &= ~(PROC_CR8_LOAD | PROC_CR8_STORE);
	return proc | PROC_TPR_SHADOW | (virt_caps()->apic_hasty ? PROC_CR8_LOAD : 0);
}

/* Translations of the page that were made in another mode may not be used (30.4.6.2). */
static void
change_mode(struct vcpu_hw *hw, struct vmx_vcpu *v, enum virt_apic_mode mode)
{
	unsigned bitmap = mode == VIRT_APIC_X2APIC ? VM_PAGE_X2APIC_BITMAP : VM_PAGE_MSR_BITMAP;

	v->proc = proc_of(v->proc, mode);
	v->apic_mode = (u8)mode;
	vmcs_write(VMCS_PROC_CONTROLS, v->proc);
	vmcs_write(VMCS_PROC2_CONTROLS, proc2_of(v, mode));
	vmcs_write(VMCS_MSR_BITMAP, hw->vm_pages[bitmap].pa.v);
	hw->flush = true;
	vmx_make_stale(hw);
}

void
vmx_apic_apply(struct vcpu_hw *hw)
{
	struct vmx_vcpu *v = vmx_of(hw);
	const struct virt_apic *a = &hw->apic;

	if (a->mode != v->apic_mode)
		change_mode(hw, v, (enum virt_apic_mode)a->mode);
	hw->apic.changed = false;
	if (a->mode == VIRT_APIC_NONE)
		return;
	vmcs_write(VMCS_INTERRUPT_STATUS, FIELD_PREP(STATUS_REQUESTED, a->requested) |
						  FIELD_PREP(STATUS_IN_SERVICE, a->in_service));
	for (unsigned i = 0; i < ARRAY_SIZE(a->eoi_exits); i++) {
		if (v->eoi_exits[i] == a->eoi_exits[i])
			continue;
		v->eoi_exits[i] = a->eoi_exits[i];
		vmcs_write(VMCS_EOI_EXIT + 2 * i, a->eoi_exits[i]);
	}
}
