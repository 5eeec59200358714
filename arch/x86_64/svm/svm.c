/* SPDX-License-Identifier: MIT */
/*
 * SVM on and off (APM vol. 2, 15.4 and 15.30). EFER.SVME is set exactly while a CPU may run guests,
 * so there is no other record, and no lock.
 */
#include "arch/x86_64/svm/svm.h"

#include "arch/x86_64/msr.h"
#include "arch/x86_64/speculation.h"
#include "arch/x86_64/svm/svm_caps.h"
#include "arch/x86_64/svm/svm_vcpu.h"

/* SVMDIS without the lock is a default that we may change (15.30.1). */
static __must_check int
allow_svme(void)
{
	u64 control = svm_read_vm_cr();

	if ((control & VM_CR_SVMDIS) == 0)
		return 0;
	if ((control & VM_CR_LOCK) != 0)
		return fail(-ERR_DENIED);
	wrmsr(MSR_VM_CR, control & ~VM_CR_SVMDIS);
	return 0;
}

static int
svm_cpu_on(void *page, hpa_t pa)
{
	int err = allow_svme();

	(void)page; /* the host's save area has no layout of ours (15.30.4) */
	if (err != 0)
		return err;
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	if ((rdmsr(MSR_EFER) & EFER_SVME) == 0)
		return fail(-ERR_IO);
	wrmsr(MSR_VM_HSAVE_PA, pa.v);
	speculation_cpu_on();
	return 0;
}

static void
svm_cpu_off(void)
{
	u64 efer = rdmsr(MSR_EFER);

	if ((efer & EFER_SVME) == 0)
		return;
	/* With the global interrupt flag clear INIT stays held; STGI needs SVME (15.17). */
	__asm__ volatile("stgi" : : : "memory");
	wrmsr(MSR_VM_HSAVE_PA, 0);
	wrmsr(MSR_EFER, efer & ~EFER_SVME);
}

const struct virt_ops svm_ops = {
	.name = "SVM",
	.cpu_on = svm_cpu_on,
	.cpu_off = svm_cpu_off,
	.vm_init = svm_vm_init,
	.vcpu_init = svm_vcpu_init,
	.vcpu_fini = svm_vcpu_fini,
	.run = svm_run,
	.sync = svm_sync,
	.get = svm_get,
	.set = svm_set,
	.get_segment = svm_get_segment,
	.set_segment = svm_set_segment,
	.inject = svm_inject,
	.window = svm_window,
	.spin = svm_spin,
	.dump = svm_dump,
};
