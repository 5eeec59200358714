/* SPDX-License-Identifier: MIT */
/* A vCPU on SVM: what svm_vcpu.c, svm_exit.c and svm_entry.asm share. */
#pragma once

#include "arch/x86_64/svm/vmcb.h"
#include "arch/x86_64/virt.h"

/* How a vCPU's pages are used. VMSAVE needs a page for the host's half of the state, too. */
enum { SVM_PAGE_VMCB, SVM_PAGE_HOST, SVM_PAGE_VCPU, SVM_VCPU_PAGES };

/* The VM's: 12 KiB of I/O permissions, 8 KiB of MSR permissions (15.10.1, 15.11), contiguous. */
enum { SVM_VM_IOPM = 0, SVM_VM_IOPM_PAGES = 3, SVM_VM_MSRPM = 3, SVM_VM_MSRPM_PAGES = 2 };

_Static_assert((int)SVM_VCPU_PAGES <= (int)VIRT_VCPU_PAGES, "virt.h");
_Static_assert((int)SVM_VM_IOPM_PAGES + (int)SVM_VM_MSRPM_PAGES <= (int)VIRT_VM_PAGES, "virt.h");

/* #DB and #AC would be delivered without end in microcode (CVE-2015-8104); #MC is the host's. */
#define SVM_EXCEPTIONS (BIT32(1) | BIT32(17) | BIT32(18))

/* In a vCPU's third page. What svm_nmi.c knows of NMIs. */
struct svm_vcpu {
	bool nmi_window;    /* an exit is wanted as soon as the guest can take one */
	bool nmi_masked;    /* until an IRET has been carried out */
	bool nmi_returning; /* that IRET is at RIP */
	bool stepping;	    /* over one instruction, with our RFLAGS.TF ... */
	bool guest_tf;	    /* ... these two are the guest's own */
	u64 guest_dr6;
	u64 step_rip;
	bool offers; /* interrupts as virtual ones, for QEMU, which is known by having no next RIP:
			Bochs' SVM, which has it, delivers none of those */
	u64 cr4;     /* the guest's: the VMCB's has MCE as well */
	u32 clean;   /* what a run leaves clean: nothing on a CPU that does not know clean bits */
};

static inline struct vmcb *
svm_vmcb(struct vcpu_hw *hw)
{
	return hw->pages[SVM_PAGE_VMCB].ptr;
}

static inline struct svm_vcpu *
svm_of(struct vcpu_hw *hw)
{
	return hw->pages[SVM_PAGE_VCPU].ptr;
}

/* Who changes a field that clean bits are about says so. */
static inline void
svm_dirty(struct vmcb *vmcb, u64 groups)
{
	vmcb->clean &= ~groups;
}

hpa_t svm_vm_init(const struct virt_page pages[VIRT_VM_PAGES]);
void svm_vcpu_init(struct vcpu_hw *hw);
void svm_vcpu_fini(struct vcpu_hw *hw);
u64 svm_get(struct vcpu_hw *hw, enum vreg reg);
void svm_set(struct vcpu_hw *hw, enum vreg reg, u64 value);
void svm_get_segment(struct vcpu_hw *hw, enum vseg seg, struct vsegment *out);
void svm_set_segment(struct vcpu_hw *hw, enum vseg seg, const struct vsegment *in);
void svm_inject(struct vcpu_hw *hw, const struct event *event);
void svm_window(struct vcpu_hw *hw, bool interrupt, bool nmi);
void svm_spin(struct vcpu_hw *hw, bool exits);
/*
 * Before a run with an event and no NMI window, and after it where the first has answered true: the
 * exit, already decoded, is told of the interrupt if it is still to be taken.
 */
bool svm_offer_interrupt(struct vmcb *vmcb);
void svm_withdraw_interrupt(struct vmcb *vmcb, struct exit *exit);
void svm_dump(struct vcpu_hw *hw, struct sink *out);
void svm_sync(struct vcpu_hw *hw);
void svm_run(struct vcpu_hw *hw, struct exit *exit);

/* svm_switch.c: the registers that a VMCB does not have. Interrupts are off. */
void svm_registers_take(struct vcpu_hw *hw);
/* All of it into memory: no CPU has anything left. Interrupts on, unless it is here. */
void svm_evict(struct vcpu_hw *hw);
void svm_set_tsc_aux(struct vcpu_hw *hw, u64 value);

/* svm_nmi.c: around a run while an NMI window is wanted. */
void svm_nmi_window(struct vcpu_hw *hw, bool wanted);
void svm_nmi_prepare(struct vcpu_hw *hw);
void svm_nmi_finish(struct vcpu_hw *hw, struct exit *exit);

/* svm_check.c, pure: which of VMRUN's rules the VMCB breaks, in words; NULL: none that is known. */
const char *svm_broken_rule(const struct vmcb *vmcb, u8 phys_bits);

/* svm_entry.asm: VMRUN between loading and saving the general registers. GIF is 0 on both sides. */
void svm_enter(u64 *gpr, u64 vmcb_pa, u64 host_pa);
/* This CPU's half of what VMLOAD loads. */
void svm_save_host(u64 host_pa);

/* Pure: what the VMCB says of the exit. */
void svm_decode_exit(const struct vmcb *vmcb, struct exit *exit);
/* Behind a run that began at rip in an interrupt shadow. */
void svm_keep_shadow(struct vmcb *vmcb, u64 rip, const struct exit *exit);
