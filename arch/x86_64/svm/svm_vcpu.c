/* SPDX-License-Identifier: MIT */
/* A vCPU's state in its VMCB: set-up, registers, segments, events. */
#include "arch/x86_64/svm/svm_vcpu.h"

#include "arch/x86_64/cpuid.h"
#include "arch/x86_64/cr.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/flaws.h"
#include "arch/x86_64/guest_msrs.h"
#include "arch/x86_64/msr.h"
#include "include/panic.h"
#include "lib/string.h"

#define INTERCEPTS1                                                                                \
	(INTERCEPT_INTR | INTERCEPT_NMI | INTERCEPT_SMI | INTERCEPT_INIT |                         \
	 INTERCEPT_CR0_SEL_WRITE | INTERCEPT_RDPMC | INTERCEPT_CPUID | INTERCEPT_RSM |             \
	 INTERCEPT_INVD | INTERCEPT_HLT | INTERCEPT_INVLPGA | INTERCEPT_IOIO_PROT |                \
	 INTERCEPT_MSR_PROT | INTERCEPT_TASK_SWITCH | INTERCEPT_FERR_FREEZE | INTERCEPT_SHUTDOWN)

#define INTERCEPTS2                                                                                \
	(INTERCEPT_VMRUN | INTERCEPT_VMMCALL | INTERCEPT_VMLOAD | INTERCEPT_VMSAVE |               \
	 INTERCEPT_STGI | INTERCEPT_CLGI | INTERCEPT_SKINIT | INTERCEPT_ICEBP | INTERCEPT_WBINVD | \
	 INTERCEPT_MONITOR | INTERCEPT_MWAIT | INTERCEPT_XSETBV | INTERCEPT_RDPRU)

enum { CR8 = 8 };

/* Of struct vsegment. */
#define ATTR_DPL  BITS(6, 5)

/* Caches off is not for guests to say: the host's bits, and what the guest has set beside. */
#define CR0_CACHE (CR0_CD | CR0_NW)

/* Two bits an MSR, read and write, in three ranges of 2 KiB (15.11). */
static void
allow_msr(u8 *map, u32 msr)
{
	u32 base = msr < 0x2000 ? 0 : msr < 0xc0002000 ? 0x800 : 0x1000;
	u32 bit = (msr & 0x1fff) * 2;

	map[base + bit / 8] &= (u8) ~(3u << (bit % 8));
}

/* A command MSR: written, never read. */
static void
allow_command(u8 *map, u32 msr)
{
	u32 bit = msr * 2 + 1;

	map[bit / 8] &= (u8) ~(1u << (bit % 8));
}

/* The maps are contiguous pages, so the first one's pointer is that of the whole. */
hpa_t
svm_vm_init(const struct virt_page pages[VIRT_VM_PAGES])
{
	u8 *msrpm = pages[SVM_VM_MSRPM].ptr;

	memset(pages[SVM_VM_IOPM].ptr, 0xff, SVM_VM_IOPM_PAGES * PAGE_SIZE);
	memset(msrpm, 0xff, SVM_VM_MSRPM_PAGES * PAGE_SIZE);
	for (unsigned i = 0; i < ARRAY_SIZE(guest_msrs); i++)
		allow_msr(msrpm, guest_msrs[i]);
	if (cpu_flaws()->barrier)
		allow_command(msrpm, MSR_IA32_PRED_CMD);
	return HPA(0); /* AVIC is not used */
}

static void
set_controls(struct vcpu_hw *hw, struct vmcb *vmcb)
{
	vmcb->intercept_cr_write = BIT32(4) | BIT32(CR8);
	vmcb->intercept_cr_read = BIT32(4) | BIT32(CR8);
	vmcb->intercept_exceptions = SVM_EXCEPTIONS;
	vmcb->intercept1 = INTERCEPTS1;
	vmcb->intercept2 = INTERCEPTS2;
	vmcb->iopm_base = hw->vm_pages[SVM_VM_IOPM].pa.v;
	vmcb->msrpm_base = hw->vm_pages[SVM_VM_MSRPM].pa.v;
	vmcb->v_intr = V_INTR_MASKING;
	vmcb->np_enable = 1;
	vmcb->n_cr3 = hw->second_level.v;
}

/* After INIT: APM vol. 2, table 14-1, the same as SDM vol. 3, table 10-1. */
static void
set_reset_state(struct vcpu_hw *hw)
{
	static const struct vsegment code = {0xf000, 0x9b, 0xffff, 0xffff0000};
	static const struct vsegment data = {0, 0x93, 0xffff, 0};
	static const struct vsegment table = {0, 0, 0xffff, 0};
	static const struct vsegment ldt = {0, 0x82, 0xffff, 0}, task = {0, 0x8b, 0xffff, 0};

	for (unsigned s = VSEG_ES; s <= VSEG_GS; s++)
		svm_set_segment(hw, (enum vseg)s, s == VSEG_CS ? &code : &data);
	svm_set_segment(hw, VSEG_LDTR, &ldt);
	svm_set_segment(hw, VSEG_TR, &task);
	svm_set_segment(hw, VSEG_GDTR, &table);
	svm_set_segment(hw, VSEG_IDTR, &table);
	svm_set(hw, VREG_RIP, 0xfff0);
	svm_set(hw, VREG_RFLAGS, BIT(1));
	svm_set(hw, VREG_CR0, CR0_CD | CR0_NW | CR0_ET);
	svm_set(hw, VREG_CR4, 0);
	svm_set(hw, VREG_EFER, 0);
	svm_set(hw, VREG_DR6, 0xffff0ff0);
	svm_set(hw, VREG_DR7, 0x400);
	svm_set(hw, VREG_PAT, 0x0007040600070406);
}

/* Where the VMCB has a register; NULL for those that take more than a move. */
static u64 *
vmcb_register(struct vmcb *vmcb, enum vreg reg)
{
	switch (reg) {
	case VREG_RSP: return &vmcb->rsp;
	case VREG_RIP: return &vmcb->rip;
	case VREG_RFLAGS: return &vmcb->rflags;
	case VREG_CR2: return &vmcb->cr2;
	case VREG_CR3: return &vmcb->cr3;
	case VREG_DR6: return &vmcb->dr6;
	case VREG_DR7: return &vmcb->dr7;
	case VREG_PAT: return &vmcb->g_pat;
	case VREG_STAR: return &vmcb->star;
	case VREG_LSTAR: return &vmcb->lstar;
	case VREG_CSTAR: return &vmcb->cstar;
	case VREG_SFMASK: return &vmcb->sfmask;
	case VREG_KERNEL_GS_BASE: return &vmcb->kernel_gs_base;
	case VREG_SYSENTER_CS: return &vmcb->sysenter_cs;
	case VREG_SYSENTER_ESP: return &vmcb->sysenter_esp;
	case VREG_SYSENTER_EIP: return &vmcb->sysenter_eip;
	default: return NULL;
	}
}

/* Where get() and set() find registers; those that take more than a move stay NULL. */
static void
set_places(struct vcpu_hw *hw)
{
	for (unsigned reg = 0; reg < VREGS; reg++)
		hw->at[reg] = vmcb_register(svm_vmcb(hw), (enum vreg)reg);
	for (unsigned reg = VREG_RAX; reg <= VREG_R15; reg++) {
		if (reg != VREG_RSP)
			hw->at[reg] = &hw->gpr[reg];
	}
	hw->at[VREG_CR4] = &svm_of(hw)->cr4;
	hw->at[VREG_EFER] = &svm_vmcb(hw)->efer;
	hw->cs_word = (const u64 *)(const void *)&svm_vmcb(hw)->cs;
}

void
svm_vcpu_init(struct vcpu_hw *hw)
{
	if (hw->at[VREG_RAX] != NULL) /* not the first time: the guest got an INIT */
		svm_evict(hw);
	hw->cpu = VIRT_NO_CPU;
	memset(svm_vmcb(hw), 0, PAGE_SIZE);
	*svm_of(hw) = (struct svm_vcpu){
		.offers = !virt_caps()->next_rip,
		.clean = virt_caps()->clean_bits ? (u32)CLEAN_ALL : 0,
	};
	memset(hw->gpr, 0, sizeof(hw->gpr));
	memset(hw->dr, 0, sizeof(hw->dr));
	hw->gpr[VREG_RDX] = cpuid(CPUID_VERSION, 0).eax;
	hw->tsc_aux = 0;
	hw->xcr0 = XCR0_X87;
	set_places(hw);
	set_controls(hw, svm_vmcb(hw));
	set_reset_state(hw);
}

void
svm_vcpu_fini(struct vcpu_hw *hw)
{
	svm_evict(hw);
}

static u64
get_special(struct vcpu_hw *hw, enum vreg reg)
{
	const struct vmcb *vmcb = svm_vmcb(hw);

	switch (reg) {
	case VREG_CR0: return vmcb->cr0 | hw->cr0_cache;
	case VREG_CR4: return svm_of(hw)->cr4;
	case VREG_EFER: return vmcb->efer & ~EFER_SVME;
	case VREG_TSC_AUX: return hw->tsc_aux;
	case VREG_PDPTE0 ... VREG_PDPTE3: return 0; /* the CPU reads them from memory */
	case VREG_INTERRUPT_SHADOW: return vmcb->int_state & INT_STATE_SHADOW;
	default: panic("SVM has no register %u", (unsigned)reg);
	}
}

u64
svm_get(struct vcpu_hw *hw, enum vreg reg)
{
	const u64 *at = vmcb_register(svm_vmcb(hw), reg);

	if (at != NULL)
		return *at;
	if (reg <= VREG_R15)
		return hw->gpr[reg];
	return get_special(hw, reg);
}

/*
 * While the guest believes its caches off, it reads CR0 through us, so that it goes on to; and
 * every write exits, since the hardware's own bits don't change when it turns them on.
 */
static void
set_cr0(struct vcpu_hw *hw, u64 value)
{
	struct vmcb *vmcb = svm_vmcb(hw);

	hw->cr0_cache = value & CR0_CACHE;
	vmcb->cr0 = value & ~CR0_CACHE;
	vmcb->intercept_cr_read &= (u16)~BIT32(0);
	vmcb->intercept_cr_write &= (u16)~BIT32(0);
	svm_dirty(vmcb, CLEAN_CRX | CLEAN_INTERCEPTS);
	if (hw->cr0_cache != 0) {
		vmcb->intercept_cr_read |= BIT32(0);
		vmcb->intercept_cr_write |= BIT32(0);
	}
}

/*
 * Machine checks stay on, whatever the guest thinks: with them off, one would be a shutdown, which
 * is the guest's, and not an exception, which comes to us (APM vol. 2, 8.2.18). The guest does not
 * see that, as its reads exit.
 */
static void
set_cr4(struct vcpu_hw *hw, u64 value)
{
	struct vmcb *vmcb = svm_vmcb(hw);

	svm_of(hw)->cr4 = value;
	vmcb->cr4 = value | (cpu_features()->mce ? CR4_MCE : 0);
	svm_dirty(vmcb, CLEAN_CRX);
}

static void
set_special(struct vcpu_hw *hw, enum vreg reg, u64 value)
{
	struct vmcb *vmcb = svm_vmcb(hw);

	switch (reg) {
	case VREG_CR0: set_cr0(hw, value); break;
	case VREG_CR4: set_cr4(hw, value); break;
	case VREG_EFER:
		vmcb->efer = value | EFER_SVME; /* VMRUN demands it, 15.5.1 */
		svm_dirty(vmcb, CLEAN_CRX);
		break;
	case VREG_TSC_AUX: svm_set_tsc_aux(hw, value); break;
	case VREG_PDPTE0 ... VREG_PDPTE3: break;
	case VREG_INTERRUPT_SHADOW:
		vmcb->int_state = (vmcb->int_state & ~INT_STATE_SHADOW) | (value & 1);
		break;
	default: panic("SVM has no register %u", (unsigned)reg);
	}
}

/* Of those that vmcb_register() knows; what VMLOAD loads, and RIP, RSP, RFLAGS are never kept. */
static u64
clean_group(enum vreg reg)
{
	switch (reg) {
	case VREG_CR2: return CLEAN_CR2;
	case VREG_CR3: return CLEAN_CRX;
	case VREG_DR6:
	case VREG_DR7: return CLEAN_DRX;
	case VREG_PAT: return CLEAN_NP;
	default: return 0;
	}
}

void
svm_set(struct vcpu_hw *hw, enum vreg reg, u64 value)
{
	struct vmcb *vmcb = svm_vmcb(hw);
	u64 *at = vmcb_register(vmcb, reg);

	if (at != NULL) {
		*at = value;
		svm_dirty(vmcb, clean_group(reg));
	} else if (reg <= VREG_R15)
		hw->gpr[reg] = value;
	else
		set_special(hw, reg, value);
}

static struct vmcb_segment *
vmcb_segment(struct vmcb *vmcb, enum vseg seg)
{
	switch (seg) {
	case VSEG_ES: return &vmcb->es;
	case VSEG_CS: return &vmcb->cs;
	case VSEG_SS: return &vmcb->ss;
	case VSEG_DS: return &vmcb->ds;
	case VSEG_FS: return &vmcb->fs;
	case VSEG_GS: return &vmcb->gs;
	case VSEG_LDTR: return &vmcb->ldtr;
	case VSEG_TR: return &vmcb->tr;
	case VSEG_GDTR: return &vmcb->gdtr;
	case VSEG_IDTR: return &vmcb->idtr;
	default: panic("no segment %d", (int)seg);
	}
}

/*
 * SVM marks a null segment by P = 0; struct vsegment by bit 16, as VMX does. The privilege level is
 * SS's there, but VMCB.CPL here, as SYSRET to level 3 leaves SS at level 0 (APM vol. 3, SYSRET).
 */
void
svm_get_segment(struct vcpu_hw *hw, enum vseg seg, struct vsegment *out)
{
	const struct vmcb_segment *s = vmcb_segment(svm_vmcb(hw), seg);

	out->selector = s->selector;
	out->attr = (s->attrib & 0xffu) | (s->attrib & 0xf00u) << 4;
	if (seg == VSEG_SS)
		out->attr =
			(u32)((out->attr & ~ATTR_DPL) | FIELD_PREP(ATTR_DPL, svm_vmcb(hw)->cpl));
	if ((s->attrib & 0x80) == 0)
		out->attr |= VSEG_UNUSABLE;
	out->limit = s->limit;
	out->base = s->base;
}

void
svm_set_segment(struct vcpu_hw *hw, enum vseg seg, const struct vsegment *in)
{
	struct vmcb *vmcb = svm_vmcb(hw);
	struct vmcb_segment *s = vmcb_segment(vmcb, seg);

	s->selector = in->selector;
	s->attrib = (u16)((in->attr & 0xff) | (in->attr >> 4 & 0xf00));
	if (in->attr & VSEG_UNUSABLE)
		s->attrib = 0;
	s->limit = in->limit;
	s->base = in->base;
	if (seg == VSEG_SS)
		vmcb->cpl = (u8)(in->attr >> 5 & 3);
	if (seg <= VSEG_DS)
		svm_dirty(vmcb, CLEAN_SEGMENTS);
	else if (seg >= VSEG_GDTR)
		svm_dirty(vmcb, CLEAN_TABLES);
}

static u64
event_type(const struct event *event)
{
	switch (event->kind) {
	case EVENT_INTERRUPT: return EVENT_TYPE_INTR;
	case EVENT_NMI: return EVENT_TYPE_NMI;
	case EVENT_EXCEPTION: return EVENT_TYPE_EXCEPTION;
	default: return EVENT_TYPE_SOFT;
	}
}

/*
 * In real mode nothing has an error code. What an instruction has raised, as ICEBP does, returns
 * behind it: a trap, for which the CPU pushes the RIP that it finds (15.20). A delivery ends an
 * interrupt shadow.
 */
void
svm_inject(struct vcpu_hw *hw, const struct event *event)
{
	struct vmcb *vmcb = svm_vmcb(hw);
	bool error = event->has_error && (vmcb->cr0 & CR0_PE) != 0;

	vmcb->eventinj = EVENT_VALID | FIELD_PREP(EVENT_VECTOR, event->vector) |
			 FIELD_PREP(EVENT_TYPE, event_type(event)) | (error ? EVENT_HAS_ERROR : 0) |
			 FIELD_PREP(EVENT_ERROR, error ? event->error : 0);
	vmcb->int_state &= ~INT_STATE_SHADOW;
	if (event->kind == EVENT_EXCEPTION)
		vmcb->rip += event->insn_len;
	if (event->kind == EVENT_NMI)
		svm_of(hw)->nmi_masked = true;
}

/*
 * A virtual interrupt of the highest priority, whose vector is never delivered, since its
 * intercept comes first (15.21.5): the exit says that the guest would take one.
 */
static void
interrupt_window(struct vmcb *vmcb, bool open)
{
	vmcb->intercept1 &= ~INTERCEPT_VINTR;
	vmcb->v_intr &= ~(V_IRQ | V_INTR_PRIO | V_IGN_TPR);
	if (open) {
		vmcb->intercept1 |= INTERCEPT_VINTR;
		vmcb->v_intr |= V_IRQ | V_INTR_PRIO | V_IGN_TPR;
	}
	svm_dirty(vmcb, CLEAN_INTERCEPTS | CLEAN_TPR);
}

void
svm_window(struct vcpu_hw *hw, bool interrupt, bool nmi)
{
	interrupt_window(svm_vmcb(hw), interrupt);
	svm_nmi_window(hw, nmi);
}

/* 15.14.4: exits once so many PAUSEs have come, each soon after the one before. */
enum { PAUSES = 3000, PAUSE_CYCLES = 128 };

void
svm_spin(struct vcpu_hw *hw, bool exits)
{
	struct vmcb *vmcb = svm_vmcb(hw);

	vmcb->intercept1 &= ~INTERCEPT_PAUSE;
	if (exits)
		vmcb->intercept1 |= INTERCEPT_PAUSE;
	if (virt_caps()->pause_exits) {
		vmcb->pause_filter_count = PAUSES;
		vmcb->pause_filter_threshold = PAUSE_CYCLES;
	}
	svm_dirty(vmcb, CLEAN_INTERCEPTS);
}

/*
 * An interrupt that the guest can take at once is offered as a virtual one rather than injected.
 * The CPU does the same with both, but QEMU's emulated one does not forget what was injected: it
 * may deliver it a second time, in the middle of the handler. An open window, which is what V_IRQ
 * is for, waits for this run's end, or for the handler's IRET: before that the guest has its
 * interrupts off, but for one that turns them on inside of the handler.
 */
bool
svm_offer_interrupt(struct vmcb *vmcb)
{
	u64 what = vmcb->eventinj & (EVENT_VALID | EVENT_TYPE);

	if (what != (EVENT_VALID | FIELD_PREP(EVENT_TYPE, EVENT_TYPE_INTR)))
		return false;
	if ((vmcb->v_intr & V_IRQ) != 0) {
		interrupt_window(vmcb, false);
		vmcb->intercept1 |= INTERCEPT_IRET;
	}
	svm_dirty(vmcb, CLEAN_TPR);
	vmcb->v_intr |= V_IRQ | V_INTR_PRIO | V_IGN_TPR |
			FIELD_PREP(V_INTR_VECTOR, FIELD_GET(EVENT_VECTOR, vmcb->eventinj));
	vmcb->eventinj = 0;
	return true;
}

/* The window that an offer has taken the place of. An exit before IRET was for nothing else. */
static void
open_again(struct vmcb *vmcb, struct exit *exit)
{
	if ((vmcb->intercept1 & INTERCEPT_IRET) == 0)
		return;
	vmcb->intercept1 &= ~INTERCEPT_IRET;
	interrupt_window(vmcb, true);
	if (vmcb->exitcode == VMEXIT_IRET)
		exit->kind = EXIT_HOST_INTERRUPT;
}

/*
 * Not taken, because the exit came first, V_IRQ is still set (15.21.4); cut off, EXITINTINFO has
 * it. There QEMU takes it for an exception.
 */
void
svm_withdraw_interrupt(struct vmcb *vmcb, struct exit *exit)
{
	u8 vector = (u8)FIELD_GET(V_INTR_VECTOR, vmcb->v_intr);
	bool left = (vmcb->v_intr & V_IRQ) != 0;

	if (exit->cut.kind == EVENT_NONE ? left : exit->cut.vector == vector)
		exit->cut = (struct event){.kind = EVENT_INTERRUPT, .vector = vector};
	svm_dirty(vmcb, CLEAN_TPR);
	vmcb->v_intr &= ~(V_IRQ | V_INTR_PRIO | V_IGN_TPR | V_INTR_VECTOR);
	open_again(vmcb, exit);
}

void
svm_dump(struct vcpu_hw *hw, struct sink *out)
{
	const struct vmcb *v = svm_vmcb(hw);

	sink_printf(out, "VMCB exitcode %#lx exitinfo1 %#lx exitinfo2 %#lx exitintinfo %#lx\n",
		    v->exitcode, v->exitinfo1, v->exitinfo2, v->exitintinfo);
	sink_printf(out, "     eventinj %#lx v_intr %#lx int_state %#lx asid %u n_cr3 %#lx\n",
		    v->eventinj, v->v_intr, v->int_state, v->asid, v->n_cr3);
}
