/* SPDX-License-Identifier: MIT */
/*
 * VMX root operation on and off (SDM vol. 3, 24.7 and 24.8), and the table of operations. CR4.VMXE
 * is set exactly while a CPU is in it, so there is no other record. CPUs are turned on one after
 * the other: no lock.
 */
#include "arch/x86_64/vmx/vmx.h"

#include "arch/x86_64/cr.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/speculation.h"
#include "arch/x86_64/vmx/vmcs_io.h"
#include "arch/x86_64/vmx/vmx_vcpu.h"
#include "include/intrin.h"
#include "lib/log.h"
#include "lib/string.h"

struct vmx_controls vmx_controls;
static bool controls_known;

/* Firmware that has not made up its mind leaves it to us; the lock lasts until the next reset. */
static __must_check int
allow_vmxon(void)
{
	u64 control = rdmsr(MSR_IA32_FEATURE_CONTROL);

	if ((control & FEATURE_CONTROL_LOCK) == 0) {
		control |= FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMXON_OUTSIDE_SMX;
		wrmsr(MSR_IA32_FEATURE_CONTROL, control);
	}
	return (control & FEATURE_CONTROL_VMXON_OUTSIDE_SMX) != 0 ? 0 : fail(-ERR_DENIED);
}

/* The bits of CR0 and CR4 that VMX fixes: FIXED0 has those that must be 1, FIXED1 those that may.
 */
static __must_check int
set_fixed_bits(void)
{
	u64 cr0 = read_cr0() | rdmsr(MSR_IA32_VMX_CR0_FIXED0);
	u64 cr4 = read_cr4() | rdmsr(MSR_IA32_VMX_CR4_FIXED0) | CR4_VMXE;

	if ((cr0 & ~rdmsr(MSR_IA32_VMX_CR0_FIXED1)) != 0 ||
	    (cr4 & ~rdmsr(MSR_IA32_VMX_CR4_FIXED1)) != 0)
		return fail(-ERR_NODEV);
	write_cr0(cr0);
	write_cr4(cr4);
	return 0;
}

/* Both ways that VMXON can fail without a fault, VMfailInvalid and VMfailValid (31.2). */
static bool
vmxon(const hpa_t *region)
{
	bool failed;

	__asm__ volatile("vmxon %1" : "=@ccbe"(failed) : "m"(region->v) : "memory");
	return !failed;
}

/* A vCPU may run on any CPU, so all must offer what the first does. */
static __must_check int
agree_on_controls(void)
{
	struct vmx_capabilities cap;
	struct vmx_controls here;
	const char *missing;

	vmx_capabilities_read(&cap);
	missing = vmx_controls_compute(&cap, &here);
	if (missing != NULL) {
		log_error("VMX on CPU %u lacks: %s", cpu_index(), missing);
		return fail(-ERR_NODEV);
	}
	if (!virt_caps()->use_apic)
		here.apic_proc2 = 0;
	if (!controls_known)
		vmx_controls = here;
	controls_known = true;
	if (memcmp(&here, &vmx_controls, sizeof(here)) == 0)
		return 0;
	log_error("VMX on CPU %u differs from that of the first CPU", cpu_index());
	return fail(-ERR_NODEV);
}

/* VMXON leaves translations of an earlier owner of this CPU where they are (29.4.3.3). */
static void
begin(void)
{
	u32 tags = virt_caps()->guest_tags;

	*this_vmx() = (struct vmx_cpu){0};
	tag_pool_init(&this_cpu()->tags, MAX(tags, 1u));
	invept(INVALIDATE_ALL, 0);
	if ((vmx_controls.word[VMX_PROC2] & PROC2_VPID) != 0)
		invvpid(INVALIDATE_ALL, 0);
}

static int
vmx_cpu_on(void *page, hpa_t pa)
{
	int err = allow_vmxon();

	if (err == 0)
		err = agree_on_controls();
	if (err != 0)
		return err;
	err = set_fixed_bits();
	if (err != 0)
		return err;
	*(u32 *)page = (u32)FIELD_GET(BITS(30, 0), rdmsr(MSR_IA32_VMX_BASIC)); /* 25.11.5 */
	if (vmxon(&pa)) {
		begin();
		speculation_cpu_on();
		return 0;
	}
	write_cr4(read_cr4() & ~CR4_VMXE);
	return fail(-ERR_IO);
}

static void
vmx_cpu_off(void)
{
	if ((read_cr4() & CR4_VMXE) == 0)
		return;
	__asm__ volatile("vmxoff" : : : "cc", "memory");
	write_cr4(read_cr4() & ~CR4_VMXE);
}

const struct virt_ops vmx_ops = {
	.name = "VMX",
	.cpu_on = vmx_cpu_on,
	.cpu_off = vmx_cpu_off,
	.vm_init = vmx_vm_init,
	.vcpu_init = vmx_vcpu_init,
	.vcpu_fini = vmx_vcpu_fini,
	.run = vmx_run,
	.get = vmx_get,
	.set = vmx_set,
	.get_segment = vmx_get_segment,
	.set_segment = vmx_set_segment,
	.inject = vmx_inject,
	.window = vmx_window,
	.spin = vmx_spin,
	.sync = vmx_sync,
	.dump = vmx_dump,
};
