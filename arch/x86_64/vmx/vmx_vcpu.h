/* SPDX-License-Identifier: MIT */
/*
 * A vCPU as VMX keeps it, and where it is. Three things of it may be in a CPU:
 *
 *    its VMCS is active there    from a run until vmx_evict(); hw->cpu says where
 *    its VMCS is current there   vmcs_read() and vmcs_write() reach it; one a CPU
 *    its registers are there     those that neither VMX nor the hypervisor touches: DR0 to DR3,
 *                                DR6, x87 to AVX, XCR0, and the MSRs of vmx_switch.c; one a CPU
 *
 * Only run() makes a VMCS active for longer than an access. One thread at a time uses a vCPU, and
 * what concerns a CPU is done there with interrupts off, so there is no lock.
 */
#pragma once

#include "arch/x86_64/tag.h"
#include "arch/x86_64/virt.h"
#include "arch/x86_64/vmx/vmx_controls.h"
#include "arch/x86_64/vmx/vmx_cpu.h"
#include "include/intrin.h"
#include "include/limits.h"

enum { VMX_MSRS = 6 };

enum { PAGE_VMCS, PAGE_VCPU, PAGE_APIC };				 /* of struct vcpu_hw */
enum { VM_PAGE_MSR_BITMAP, VM_PAGE_X2APIC_BITMAP, VM_PAGE_APIC_ACCESS }; /* of the VM's */

/* In the vCPU's second page; the first is the VMCS. */
struct vmx_vcpu {
	hpa_t vmcs;
	u64 msrs[VMX_MSRS]; /* while they are not in registers */
	u64 host_rsp;	    /* these three as the VMCS has them */
	u64 tsc_offset;
	u32 proc;	  /* primary processor-based controls */
	u32 spin_proc2;	  /* of the secondary ones, what spin() has set */
	u64 xcr0;	  /* as it was loaded */
	u64 eoi_exits[4]; /* as the VMCS has them */
	u8 apic_mode;	  /* enum virt_apic_mode: as well */
	bool launched;
	bool stale; /* its linear translations may be wrong: it needs another tag */
};

_Static_assert(sizeof(struct vmx_vcpu) <= PAGE_SIZE, "one page of struct vcpu_hw");

extern struct vmx_controls vmx_controls; /* the same on every CPU, once one is on */

static inline struct vmx_vcpu *
vmx_of(const struct vcpu_hw *hw)
{
	return hw->backend;
}

/* vmx_place.c */

/*
 * Around an access to a vCPU's VMCS between runs: begin answers the flags for end. Mostly it is
 * current; if it is active nowhere, it is so afterwards again.
 */
u64 vmx_access_begin_slowly(struct vcpu_hw *hw, u64 flags);
void vmx_access_end_slowly(struct vcpu_hw *hw);

static inline u64
vmx_access_begin(struct vcpu_hw *hw)
{
	u64 flags = irq_save();

	if (this_vmx()->current == hw)
		return flags;
	return vmx_access_begin_slowly(hw, flags);
}

static inline void
vmx_access_end(struct vcpu_hw *hw, u64 flags)
{
	if (hw->cpu == VIRT_NO_CPU)
		vmx_access_end_slowly(hw);
	irq_restore(flags);
}

/* Its linear translations may be wrong from here on. The VMCS is current. */
static inline void
vmx_make_stale(struct vcpu_hw *hw)
{
	vmx_of(hw)->stale = true;
	this_vmx()->ready = NULL;
}

/* Makes the VMCS active and current here; interrupts are off, and it is active nowhere else. */
void vmx_claim(struct vcpu_hw *hw);

/* All of it into memory: no CPU has anything left. Interrupts on, unless it is here. */
void vmx_evict(struct vcpu_hw *hw);

/* vmx_switch.c: the registers that VMX does not switch. Interrupts are off. */
void vmx_registers_take(struct vcpu_hw *hw);
void vmx_registers_release(struct vmx_cpu *cpu); /* of whom they are, into memory */
bool vmx_switched_get(const struct vcpu_hw *hw, enum vreg reg, u64 *value);
bool vmx_switched_set(struct vcpu_hw *hw, enum vreg reg, u64 value);

/* vmx_host.c: what an exit loads; the VMCS is current. */
void vmx_write_host_state(void);

/* vmx_vcpu.c */
void vmx_vcpu_init(struct vcpu_hw *hw);
void vmx_vcpu_fini(struct vcpu_hw *hw);
void vmx_sync(struct vcpu_hw *hw);

/* vmx_regs.c */
u64 vmx_get(struct vcpu_hw *hw, enum vreg reg);
void vmx_set(struct vcpu_hw *hw, enum vreg reg, u64 value);
void vmx_get_segment(struct vcpu_hw *hw, enum vseg seg, struct vsegment *out);
void vmx_set_segment(struct vcpu_hw *hw, enum vseg seg, const struct vsegment *in);
u32 vmx_segment_rights(enum vseg seg, const struct vsegment *s); /* pure: as entries accept it */
/* While STI or MOV SS blocks, a due single step must be pending (27.3.1.5). The VMCS is current. */
void vmx_fix_pending_debug(void);

/* vmx_event.c */
void vmx_inject(struct vcpu_hw *hw, const struct event *event);
void vmx_window(struct vcpu_hw *hw, bool interrupt, bool nmi);
void vmx_spin(struct vcpu_hw *hw, bool exits);
/* From a valid IDT-vectoring information field; the VMCS is current. */
void vmx_cut_event(u64 info, struct event *e);

/* vmx_maps.c */
hpa_t vmx_vm_init(const struct virt_page pages[VIRT_VM_PAGES]);

/* vmx_apic.c */
void vmx_apic_init(struct vcpu_hw *hw);
void vmx_apic_apply(struct vcpu_hw *hw); /* hw->apic has changed; both: the VMCS is current */

/* vmx_exit.c, vmx_decode.c */
void vmx_run(struct vcpu_hw *hw, struct exit *exit);
void vmx_decode(struct vcpu_hw *hw, struct exit *exit); /* raw[0] has the reason */

/* vmx_check.c: the VMCS is current. */
const char *vmx_broken_rule(void); /* that the guest's state breaks, in words; NULL: none known */

/* vmx_dump.c */
void vmx_dump(struct vcpu_hw *hw, struct sink *out);

/*
 * vmx_entry.asm: enters the guest with hw->gpr, and leaves there what it had at the exit. host_rsp
 * is what the VMCS has, or 0. False when the CPU refused before it looked at the guest: see the
 * VM-instruction error.
 */
bool vmx_enter(struct vcpu_hw *hw, bool launched, u64 *host_rsp);
extern const char vmx_exit_point[]; /* HOST_RIP */
