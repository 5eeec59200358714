/* SPDX-License-Identifier: MIT */
/* Running a vCPU on SVM, and what its exits mean in neutral terms. */
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/speculation.h"
#include "arch/x86_64/svm/svm_vcpu.h"
#include "include/intrin.h"

enum { VECTOR_DB = 1, VECTOR_BP = 3, VECTOR_OF = 4, VECTOR_MF = 16 };

/*
 * Another ASID, as there is none of this CPU's present generation, or as a flush can't be of one
 * ASID alone (15.16.1).
 */
static void
assign_asid(struct vcpu_hw *hw, struct vmcb *vmcb)
{
	struct cpu *cpu = this_cpu();
	bool valid = hw->cpu == cpu->index && hw->tag_generation == cpu->tags.generation;

	if (cpu->tags.last == 0)
		tag_pool_init(&cpu->tags, virt_caps()->guest_tags);
	if (valid && virt_caps()->flush_by_tag)
		vmcb->tlb_control = TLB_CONTROL_ASID;
	else if (tag_take(&cpu->tags, &hw->tag, &hw->tag_generation))
		vmcb->tlb_control = TLB_CONTROL_ALL;
	vmcb->asid = hw->tag;
	svm_dirty(vmcb, CLEAN_ASID);
	if (hw->cpu != cpu->index) /* it may know an older VMCB of this address (15.15.2) */
		vmcb->clean = 0;
	hw->cpu = cpu->index;
	virt_note_flush(hw);
}

/* EXITINTINFO: only bit 31 says whether there is anything; the rest may be stale. */
static void
decode_cut_event(const struct vmcb *vmcb, struct event *cut)
{
	static const u8 kinds[8] = {
		[EVENT_TYPE_INTR] = EVENT_INTERRUPT,
		[EVENT_TYPE_NMI] = EVENT_NMI,
		[EVENT_TYPE_EXCEPTION] = EVENT_EXCEPTION,
		[EVENT_TYPE_SOFT] = EVENT_SOFT_INTERRUPT,
	};
	u64 info = vmcb->exitintinfo;

	cut->insn_len = 0;
	cut->kind = kinds[FIELD_GET(EVENT_TYPE, info)];
	cut->vector = (u8)FIELD_GET(EVENT_VECTOR, info);
	cut->has_error = (info & EVENT_HAS_ERROR) != 0;
	cut->error = (u32)FIELD_GET(EVENT_ERROR, info);
}

static void
decode_string_io(u64 info, struct exit *exit)
{
	exit->io.addr_size = (u8)(FIELD_GET(IOIO_ADDRESS_SIZE, info) * 2);
	exit->io.rep = (info & IOIO_REP) != 0;
	exit->io.segment = VSEGS;
}

static void
decode_io(const struct vmcb *vmcb, struct exit *exit)
{
	u64 info = vmcb->exitinfo1;

	exit->io.port = (u16)FIELD_GET(IOIO_PORT, info);
	exit->io.size = (u8)FIELD_GET(IOIO_SIZE, info);
	exit->io.in = (info & IOIO_IN) != 0;
	exit->io.string = (info & IOIO_STRING) != 0;
	exit->insn_len = (u8)(vmcb->exitinfo2 - vmcb->rip); /* the next RIP, 15.10.2 */
	if (exit->io.string)
		decode_string_io(info, exit);
}

static void
decode_memory(const struct vmcb *vmcb, struct exit *exit)
{
	u64 info = vmcb->exitinfo1;

	exit->memory.gpa = GPA(vmcb->exitinfo2);
	exit->memory.write = (info & NPF_WRITE) != 0;
	exit->memory.fetch = (info & NPF_FETCH) != 0;
	exit->memory.read = !exit->memory.write && !exit->memory.fetch;
	exit->memory.walk = (info & NPF_WALK) != 0;
	exit->memory.bytes_len = vmcb->fetched_len & 0xf;
	for (unsigned i = 0; i < exit->memory.bytes_len; i++)
		exit->memory.bytes[i] = vmcb->fetched[i];
}

static void
decode_cr(const struct vmcb *vmcb, struct exit *exit)
{
	u64 code = vmcb->exitcode, info = vmcb->exitinfo1;

	if (code == VMEXIT_CR0_SEL_WRITE) {
		exit->cr.cr = 0;
		exit->cr.access = CR_WRITE;
	} else {
		exit->cr.cr = code & 0xf;
		exit->cr.access = code >= VMEXIT_CR0_WRITE ? CR_WRITE : CR_READ;
	}
	/* Without decode assists, and for CLTS, LMSW and SMSW, the instruction has to tell. */
	exit->cr.reg = (info & CR_MOV) != 0 ? (u8)FIELD_GET(CR_GPR, info) : 0xff;
}

static void
decode_task_switch(const struct vmcb *vmcb, struct exit *exit)
{
	u64 info = vmcb->exitinfo2;

	exit->task_switch.selector = (u16)vmcb->exitinfo1;
	if (exit->cut.kind != EVENT_NONE)
		exit->task_switch.source = TASK_IDT;
	else if (info & TASK_SWITCH_IRET)
		exit->task_switch.source = TASK_IRET;
	else
		exit->task_switch.source = (info & TASK_SWITCH_JMP) != 0 ? TASK_JMP : TASK_CALL;
}

/*
 * Those of ICEBP, INT3 and INTO are an instruction's exits, before it, and it is done then: one
 * byte, where nRIP doesn't tell.
 */
static void
decode_exception(const struct vmcb *vmcb, struct exit *exit)
{
	bool icebp = vmcb->exitcode == VMEXIT_ICEBP;

	if (!icebp && vmcb->exitcode != VMEXIT_EXCP0 + VECTOR_BP &&
	    vmcb->exitcode != VMEXIT_EXCP0 + VECTOR_OF)
		exit->insn_len = 0;
	else if (exit->insn_len == 0)
		exit->insn_len = 1;
	if (icebp) {
		exit->exception = (struct exit_exception){.vector = VECTOR_DB};
		return;
	}
	if (vmcb->exitcode == VMEXIT_FERR_FREEZE) { /* as with CR0.NE, which VMX has always on */
		exit->exception = (struct exit_exception){.vector = VECTOR_MF};
		return;
	}
	exit->exception.vector = (u8)(vmcb->exitcode - VMEXIT_EXCP0);
	exit->exception.error = (u32)vmcb->exitinfo1;
	exit->exception.address = vmcb->exitinfo2;
}

static void
decode_raw(const struct vmcb *vmcb, struct exit *exit)
{
	exit->raw[0] = vmcb->exitcode;
	exit->raw[1] = vmcb->exitinfo1;
	exit->raw[2] = vmcb->exitinfo2;
	if (exit->kind == EXIT_INVALID)
		exit->invalid.rule = svm_broken_rule(vmcb, cpu_features()->phys_bits);
}

/* Exits whose kind is all that there is to say. */
static const u8 plain_kinds[VMEXIT_CODES] = {
	[VMEXIT_INTR] = EXIT_HOST_INTERRUPT,
	[VMEXIT_NMI] = EXIT_HOST_NMI,
	[VMEXIT_SMI] = EXIT_HOST_INTERRUPT,
	[VMEXIT_INIT] = EXIT_HOST_INTERRUPT, /* it waits for STGI (15.13.3) */
	[VMEXIT_VINTR] = EXIT_IRQ_WINDOW,
	[VMEXIT_RSM] = EXIT_VIRT_INSTRUCTION,		 /* outside of SMM: #UD */
	[VMEXIT_PUSHF... VMEXIT_POPF] = EXIT_NMI_WINDOW, /* these three: svm_nmi.c */
	[VMEXIT_IRET... VMEXIT_SWINT] = EXIT_NMI_WINDOW,
	[VMEXIT_FERR_FREEZE] = EXIT_EXCEPTION,
	[VMEXIT_RDPMC] = EXIT_RDPMC,
	[VMEXIT_CPUID] = EXIT_CPUID,
	[VMEXIT_INVD] = EXIT_WBINVD,
	[VMEXIT_ICEBP] = EXIT_EXCEPTION,
	[VMEXIT_WBINVD] = EXIT_WBINVD,
	[VMEXIT_PAUSE] = EXIT_PAUSE,
	[VMEXIT_HLT] = EXIT_HLT,
	[VMEXIT_INVLPGA] = EXIT_VIRT_INSTRUCTION,
	[VMEXIT_IOIO] = EXIT_IO,
	[VMEXIT_MSR] = EXIT_MSR,
	[VMEXIT_TASK_SWITCH] = EXIT_TASK_SWITCH,
	[VMEXIT_SHUTDOWN] = EXIT_SHUTDOWN,
	[VMEXIT_VMRUN] = EXIT_VIRT_INSTRUCTION,
	[VMEXIT_VMMCALL] = EXIT_HYPERCALL,
	[VMEXIT_VMLOAD... VMEXIT_SKINIT] = EXIT_VIRT_INSTRUCTION,
	[VMEXIT_MONITOR] = EXIT_MWAIT,
	[VMEXIT_MWAIT] = EXIT_MWAIT,
	[VMEXIT_MWAIT_CONDITIONAL] = EXIT_MWAIT,
	[VMEXIT_XSETBV] = EXIT_XSETBV,
	[VMEXIT_RDPRU] = EXIT_VIRT_INSTRUCTION, /* CPUID does not offer it */
	[VMEXIT_CR0_SEL_WRITE] = EXIT_CR,
	[VMEXIT_CR0_READ... VMEXIT_CR0_WRITE + 15] = EXIT_CR,
	[VMEXIT_EXCP0... VMEXIT_EXCP31] = EXIT_EXCEPTION,
};

static void
decode_msr(const struct vmcb *vmcb, struct exit *exit)
{
	exit->msr.write = vmcb->exitinfo1 == 1;
}

/* For what there is more to say of. */
static void (*const decoders[EXIT_KINDS])(const struct vmcb *vmcb, struct exit *exit) = {
	[EXIT_IO] = decode_io,
	[EXIT_MEMORY] = decode_memory,
	[EXIT_MSR] = decode_msr,
	[EXIT_CR] = decode_cr,
	[EXIT_TASK_SWITCH] = decode_task_switch,
	[EXIT_EXCEPTION] = decode_exception,
	[EXIT_INVALID] = decode_raw,
	[EXIT_UNKNOWN] = decode_raw,
};

static enum exit_kind
kind_beyond_table(u64 code)
{
	if (code == VMEXIT_NPF)
		return EXIT_MEMORY;
	return (u32)code == VMEXIT_INVALID ? EXIT_INVALID : EXIT_UNKNOWN;
}

/* A CPU that does not save nRIP leaves the 0 there, as one without decode assists does (15.33). */
static inline void
decode(const struct vmcb *vmcb, struct exit *exit)
{
	u64 code = vmcb->exitcode;

	exit->kind = code < VMEXIT_CODES ? plain_kinds[code] : kind_beyond_table(code);
	exit->shadow = (vmcb->int_state & INT_STATE_SHADOW) != 0;
	exit->insn_len = vmcb->nrip != 0 ? (u8)(vmcb->nrip - vmcb->rip) : 0;
	exit->cut.kind = EVENT_NONE;
	if ((vmcb->exitintinfo & EVENT_VALID) != 0)
		decode_cut_event(vmcb, &exit->cut);
	if (decoders[exit->kind] != NULL)
		decoders[exit->kind](vmcb, exit);
}

void
svm_decode_exit(const struct vmcb *vmcb, struct exit *exit)
{
	decode(vmcb, exit);
}

/*
 * Whether this vCPU has been the last to run here, still has its ASID, and wants nothing special:
 * what nearly every run finds.
 */
static bool
is_plain(struct vcpu_hw *hw, const struct vmcb *vmcb)
{
	const struct cpu *cpu = this_cpu();

	return cpu->guest == hw && !hw->flush && hw->tag_generation == cpu->tags.generation &&
	       hw->tsc_offset == vmcb->tsc_offset && !svm_of(hw)->nmi_window &&
	       (vmcb->eventinj & EVENT_VALID) == 0 &&
	       (vmcb->v_intr & V_IRQ) + (vmcb->int_state & INT_STATE_SHADOW) == 0;
}

static void
enter(struct vcpu_hw *hw, struct vmcb *vmcb)
{
	vmcb->rax = hw->gpr[VREG_RAX];
	virt_assert_flushed(hw);
	speculation_enter(hw);
	/*
	 * With V_INTR_MASKING it is the host's IF, as VMRUN finds it, that lets physical
	 * interrupts end the run (APM vol. 2, 15.21.1); GIF holds them back on both sides.
	 */
	__asm__ volatile("clgi; sti" : : : "memory");
	svm_enter(hw->gpr, hw->pages[SVM_PAGE_VMCB].pa.v, hw->pages[SVM_PAGE_HOST].pa.v);
	__asm__ volatile("cli; stgi" : : : "memory");
	speculation_leave(hw);
	hw->gpr[VREG_RAX] = vmcb->rax;
	vmcb->clean = svm_of(hw)->clean;
}

static void
make_ready(struct vcpu_hw *hw, struct vmcb *vmcb)
{
	const struct cpu *cpu = this_cpu();

	if (cpu->guest != hw)
		svm_registers_take(hw);
	if (hw->flush || hw->cpu != cpu->index || hw->tag_generation != cpu->tags.generation)
		assign_asid(hw, vmcb);
	if (vmcb->tsc_offset != hw->tsc_offset) {
		vmcb->tsc_offset = hw->tsc_offset;
		svm_dirty(vmcb, CLEAN_INTERCEPTS);
	}
	if (svm_of(hw)->nmi_window)
		svm_nmi_prepare(hw);
}

/*
 * A run that the host's interrupt has ended before it began leaves the guest where it was, in its
 * shadow. VMRUN is to load the shadow (APM vol. 2, 15.5.1); QEMU's does not, and so says that it
 * is over.
 */
void
svm_keep_shadow(struct vmcb *vmcb, u64 rip, const struct exit *exit)
{
	if (exit->kind == EXIT_HOST_INTERRUPT && vmcb->rip == rip)
		vmcb->int_state |= INT_STATE_SHADOW;
}

/*
 * The vCPU is still in another CPU, which must be asked with interrupts on. What comes in meanwhile
 * might have been for the guest: the caller shall look again.
 */
static void
fetch(struct vcpu_hw *hw, struct exit *exit)
{
	irq_restore(RFLAGS_IF);
	svm_evict(hw);
	(void)irq_save();
	*exit = (struct exit){.kind = EXIT_HOST_INTERRUPT};
}

static __noinline void
run_specially(struct vcpu_hw *hw, struct vmcb *vmcb, struct exit *exit)
{
	bool shadow = (vmcb->int_state & INT_STATE_SHADOW) != 0, offered, virtual;
	u64 rip = vmcb->rip;

	if (hw->cpu != cpu_index() && hw->cpu != VIRT_NO_CPU) {
		fetch(hw, exit);
		return;
	}
	make_ready(hw, vmcb);
	offered = svm_of(hw)->offers && !svm_of(hw)->nmi_window && svm_offer_interrupt(vmcb);
	virtual = (vmcb->v_intr & V_IRQ) != 0;
	enter(hw, vmcb);
	vmcb->tlb_control = TLB_CONTROL_NOTHING;
	decode(vmcb, exit);
	vmcb->eventinj = 0;
	if (shadow)
		svm_keep_shadow(vmcb, rip, exit);
	/* QEMU's VMRUN with V_IRQ may lose an interrupt of the host: docs/testing.md. */
	if (virtual && svm_of(hw)->offers)
		lapic_look_again();
	if (offered)
		svm_withdraw_interrupt(vmcb, exit);
	if (svm_of(hw)->nmi_window)
		svm_nmi_finish(hw, exit);
}

void
svm_run(struct vcpu_hw *hw, struct exit *exit)
{
	struct vmcb *vmcb = svm_vmcb(hw);

	if (!is_plain(hw, vmcb)) {
		run_specially(hw, vmcb, exit);
		return;
	}
	enter(hw, vmcb);
	decode(vmcb, exit);
}
