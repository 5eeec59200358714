/* SPDX-License-Identifier: MIT */
/*
 * What happens on an exit: a handler by its kind, in a table without holes, and one place that
 * acts on the verdict, RIP included.
 */
#include "core/cpuid.h"
#include "core/cr.h"
#include "core/guest_tables.h"
#include "core/vcpu.h"
#include "include/bits.h"
#include "include/panic.h"
#include "lib/log.h"

enum { FAULT_DB = 1, FAULT_UD = 6, FAULT_GP = 13, FAULT_PF = 14, FAULT_MC = 18 };

/* Exceptions with an error code, SDM vol. 3, table 6-1. */
#define FAULTS_WITH_CODE (BITS(14, 10) | BIT(8) | BIT(17) | BIT(21))

#define RFLAGS_TF	 BIT(8)
#define RFLAGS_RF	 BIT(16)
#define DR7_GD		 BIT(13)

typedef enum verdict (*exit_handler)(struct vcpu *v, struct exit *exit);

static enum verdict
exit_unknown(struct vcpu *v, struct exit *exit)
{
	vm_stop_because(v->vm, "vCPU %u: an exit that Ashlar does not know: %#lx %#lx %#lx",
			v->index, exit->raw[0], exit->raw[1], exit->raw[2]);
	return VERDICT_STOP;
}

static enum verdict
exit_again(struct vcpu *v __unused, struct exit *exit __unused)
{
	return VERDICT_AGAIN;
}

static enum verdict
exit_next(struct vcpu *v __unused, struct exit *exit __unused)
{
	return VERDICT_NEXT;
}

static enum verdict
exit_undefined(struct vcpu *v, struct exit *exit __unused)
{
	return vcpu_fault(v, FAULT_UD);
}

/*
 * False with vcpu->fault set: the instruction can't be fetched, or is none. Asked before anything
 * is done that can't be done twice: another vCPU may have taken the page away, and the instruction
 * is tried again.
 */
static bool
know_length(struct vcpu *v, struct exit *exit)
{
	if (exit->insn_len == 0)
		exit->insn_len = (u8)v->vm->platform->instruction_length(v);
	return exit->insn_len != 0;
}

static enum verdict
exit_hypercall(struct vcpu *v, struct exit *exit)
{
	if (!know_length(v, exit))
		return VERDICT_FAULT;
	pv_call(v);
	return VERDICT_NEXT;
}

/* No PMU is shown. */
static enum verdict
exit_rdpmc(struct vcpu *v, struct exit *exit __unused)
{
	return vcpu_fault_code(v, FAULT_GP, 0);
}

static enum verdict
exit_nmi_window(struct vcpu *v, struct exit *exit __unused)
{
	v->nmi_blocked = false;
	return VERDICT_AGAIN;
}

static enum verdict
exit_cpuid(struct vcpu *v, struct exit *exit)
{
	if (!know_length(v, exit))
		return VERDICT_FAULT;
	cpuid_execute(v);
	return VERDICT_NEXT;
}

static enum verdict
exit_hlt(struct vcpu *v, struct exit *exit)
{
	if (!know_length(v, exit))
		return VERDICT_FAULT;
	v->state = VCPU_HALTED;
	return VERDICT_NEXT;
}

static enum verdict
exit_pause(struct vcpu *v, struct exit *exit __unused)
{
	vcpu_yield(v);
	return VERDICT_NEXT;
}

/*
 * The window is for behind the shadow, and so behind the HLT that a guest has put there to wait for
 * this very interrupt: taken before, it would leave the guest asleep. Hardware keeps to that;
 * QEMU's VMRUN forgets the shadow, and exits before the HLT.
 */
static enum verdict
exit_irq_window(struct vcpu *v, struct exit *exit)
{
	if (v->shadow_at != vcpu_get(v, VREG_RIP) || !v->vm->platform->at_hlt(v))
		return VERDICT_AGAIN;
	exit->insn_len = 1;
	return exit_hlt(v, exit);
}

/* A 32-bit result clears the upper half of RAX; a smaller one leaves the rest. */
static enum verdict
exit_io(struct vcpu *v, struct exit *exit)
{
	static const u32 masks[] = {[1] = 0xff, [2] = 0xffff, [4] = 0xffffffff};
	u64 *rax = &v->hw.gpr[VREG_RAX];
	u32 mask, value;

	if (exit->io.string)
		return (enum verdict)v->vm->platform->io_string(v, exit);
	mask = masks[exit->io.size];
	value = v->vm->platform->io(v, exit->io.port, exit->io.size, !exit->io.in,
				    (u32)*rax & mask);
	if (exit->io.in)
		*rax = (exit->io.size == 4 ? 0 : *rax & ~(u64)mask) | (value & mask);
	return VERDICT_NEXT;
}

static u64
edx_eax(const struct vcpu *v)
{
	return v->hw.gpr[VREG_RDX] << 32 | (u32)v->hw.gpr[VREG_RAX];
}

static enum verdict
exit_msr(struct vcpu *v, struct exit *exit)
{
	u32 msr = (u32)v->hw.gpr[VREG_RCX];
	u64 value = edx_eax(v);
	int err;

	/* EFER may change how the instruction's own bytes read. */
	if (!know_length(v, exit))
		return VERDICT_FAULT;
	err = exit->msr.write ? msr_guest_write(v, msr, value) : msr_guest_read(v, msr, &value);
	if (err != 0)
		return vcpu_fault_code(v, FAULT_GP, 0);
	if (!exit->msr.write) {
		v->hw.gpr[VREG_RAX] = (u32)value;
		v->hw.gpr[VREG_RDX] = value >> 32;
	}
	return VERDICT_NEXT;
}

static enum verdict
exit_cr(struct vcpu *v, struct exit *exit)
{
	struct exit_cr cr = exit->cr;

	if (!know_length(v, exit)) /* while the guest still has the mode that it was in */
		return VERDICT_FAULT;
	if (cr.reg == 0xff && cr.access != CR_CLTS && cr.access != CR_LMSW &&
	    !v->vm->platform->decode_cr(v, &cr))
		return VERDICT_FAULT;
	return cr_access(v, &cr);
}

static enum verdict
exit_memory(struct vcpu *v, struct exit *exit)
{
	if (exit->memory.fetch &&
	    guest_tables_allow_fetch(guest_memory_tables(v->vm->memory), exit->memory.gpa) == 0)
		return VERDICT_AGAIN;
	return (enum verdict)v->vm->platform->mmio(v, exit);
}

/* The instruction that caused it is done. */
static enum verdict
exit_apic(struct vcpu *v, struct exit *exit)
{
	v->vm->platform->apic_exit(v, &exit->apic);
	return VERDICT_AGAIN;
}

/* DR6 is set already; entering the handler clears DR7.GD (SDM vol. 3, 18.2.4). */
static enum verdict
debug_exception(struct vcpu *v, const struct exit *exit)
{
	u64 dr7 = vcpu_get(v, VREG_DR7);

	if ((dr7 & DR7_GD) != 0)
		vcpu_set(v, VREG_DR7, dr7 & ~DR7_GD);
	vcpu_fault(v, FAULT_DB);
	v->fault.insn_len = exit->insn_len; /* of ICEBP */
	return VERDICT_FAULT;
}

/* #DB and #AC come here so that the CPU can't deliver them without end (CVE-2015-8104). */
static enum verdict
exit_exception(struct vcpu *v, struct exit *exit)
{
	const struct exit_exception *e = &exit->exception;

	if (e->vector == FAULT_MC)
		panic("machine check while vCPU %s ran", v->name);
	if (e->vector == FAULT_DB)
		return debug_exception(v, exit);
	if (e->vector == FAULT_PF)
		return vcpu_page_fault(v, GVA(e->address), e->error);
	if ((FAULTS_WITH_CODE >> e->vector & 1) != 0)
		return vcpu_fault_code(v, e->vector, e->error);
	vcpu_fault(v, e->vector);
	v->fault.insn_len = exit->insn_len; /* of INT3 and INTO */
	return VERDICT_FAULT;
}

static enum verdict
exit_xsetbv(struct vcpu *v, struct exit *exit __unused)
{
	return cr_xsetbv(v, (u32)vcpu_get(v, VREG_RCX), edx_eax(v));
}

/* No kernel of the last decades switches tasks so, but for one on a double fault. */
static enum verdict
exit_task_switch(struct vcpu *v, struct exit *exit)
{
	static const char *const sources[] = {
		[TASK_CALL] = "CALL",
		[TASK_IRET] = "IRET",
		[TASK_JMP] = "JMP",
		[TASK_IDT] = "a task gate of the IDT",
	};
	const struct exit_task_switch *t = &exit->task_switch;
	char event[24] = "";

	if (t->source == TASK_IDT)
		format(event, sizeof(event), " for vector %u", exit->cut.vector);
	vm_stop_because(v->vm,
			"vCPU %u: a hardware task switch by %s%s to selector %#x, which is not "
			"emulated",
			v->index, sources[t->source & 3], event, t->selector);
	return VERDICT_STOP;
}

static enum verdict
exit_shutdown(struct vcpu *v, struct exit *exit __unused)
{
	vm_stop_because(v->vm, "triple fault on vCPU %u at RIP %#lx", v->index,
			vcpu_get(v, VREG_RIP));
	return VERDICT_STOP;
}

static enum verdict
exit_invalid(struct vcpu *v, struct exit *exit)
{
	const char *rule = exit->invalid.rule;

	vm_stop_because(v->vm, "vCPU %u: the CPU refuses the guest's state: %s", v->index,
			rule != NULL ? rule : "a rule that Ashlar does not know");
	log_error("vCPU %s: refused at RIP %#lx: %s (%#lx, %#lx)", v->name, vcpu_get(v, VREG_RIP),
		  rule != NULL ? rule : "no known rule", exit->raw[0], exit->raw[1]);
	return VERDICT_STOP;
}

static const struct {
	const char *name;
	exit_handler handle;
} kinds[EXIT_KINDS] = {
	[EXIT_HOST_INTERRUPT] = {"interrupt",	      exit_again	},
	[EXIT_HOST_NMI] = {"NMI",			  exit_again	    },
	[EXIT_TIMER] = {"timer",			 exit_again	   },
	[EXIT_IRQ_WINDOW] = {"interrupt window",	 exit_irq_window },
	[EXIT_NMI_WINDOW] = {"NMI window",		   exit_nmi_window },
	[EXIT_CPUID] = {"CPUID",			 exit_cpuid	   },
	[EXIT_HLT] = {"HLT",		     exit_hlt	     },
	[EXIT_PAUSE] = {"PAUSE",			 exit_pause	   },
	[EXIT_IO] = {"port I/O",		 exit_io		},
	[EXIT_MSR] = {"MSR",		     exit_msr	     },
	[EXIT_CR] = {"CR",			   exit_cr	  },
	[EXIT_MEMORY] = {"memory",		   exit_memory     },
	[EXIT_APIC] = {"APIC",		       exit_apic	},
	[EXIT_EXCEPTION] = {"exception",		 exit_exception  },
	[EXIT_HYPERCALL] = {"hypercall",		 exit_hypercall  },
	[EXIT_XSETBV] = {"XSETBV",		   exit_xsetbv     },
	[EXIT_WBINVD] = {"WBINVD",		   exit_next	    }, /* the guest's memory is coherent */
	[EXIT_RDPMC] = {"RDPMC",			 exit_rdpmc	   },
	[EXIT_MWAIT] = {"MWAIT",			 exit_undefined  }, /* CPUID does not offer it */
	[EXIT_VIRT_INSTRUCTION] = {"VMX or SVM instruction", exit_undefined  },
	[EXIT_TASK_SWITCH] = {"task switch",	     exit_task_switch},
	[EXIT_SHUTDOWN] = {"shutdown",	       exit_shutdown   },
	[EXIT_INVALID] = {"invalid state",	   exit_invalid    },
	[EXIT_UNKNOWN] = {"unknown",		     exit_unknown	 },
};

const char *
exit_name(enum exit_kind kind)
{
	return kinds[kind].name;
}

/* Outside of 64-bit code RIP has 32 bits; in it, it may cross 4 GiB. */
static __noinline u64
wrapped(struct vcpu *v, u64 rip)
{
	struct vsegment cs;

	virt_ops()->get_segment(&v->hw, VSEG_CS, &cs);
	return (cs.attr & VSEG_LONG) != 0 ? rip : (u32)rip;
}

/* RF ends with the instruction, and a single step is due: those are rare. */
static __noinline void
end_flags(struct vcpu *v, u64 flags)
{
	vcpu_set(v, VREG_RFLAGS, flags & ~RFLAGS_RF);
	if ((flags & RFLAGS_TF) != 0)
		(void)vcpu_single_step(v);
}

/*
 * The one place that moves RIP on. With the instruction end the interrupt shadow and RFLAGS.RF, and
 * a single step is due (SDM vol. 3, 18.3.1.4): the CPU itself traps only behind those that it has
 * executed.
 */
static void
advance(struct vcpu *v, struct exit *exit)
{
	u64 rip, next, flags;

	if (!know_length(v, exit))
		return;
	rip = vcpu_get(v, VREG_RIP);
	next = rip + exit->insn_len;
	if ((rip ^ next) >> 32 != 0)
		next = wrapped(v, next);
	vcpu_set(v, VREG_RIP, next);
	if (exit->shadow)
		vcpu_set(v, VREG_INTERRUPT_SHADOW, 0);
	flags = vcpu_get(v, VREG_RFLAGS);
	if ((flags & (RFLAGS_RF | RFLAGS_TF)) != 0)
		end_flags(v, flags);
}

/* Faults push RF, so that the breakpoint that led here does not hit again (SDM vol. 3, 18.3.1.1).
 * What has a length is a trap. */
static void
set_resume_flag(struct vcpu *v)
{
	if (v->fault.kind == EVENT_EXCEPTION && v->fault.vector != FAULT_DB &&
	    v->fault.insn_len == 0)
		vcpu_set(v, VREG_RFLAGS, vcpu_get(v, VREG_RFLAGS) | RFLAGS_RF);
}

/* Of all but VERDICT_NEXT: whether the VM goes on. */
static __noinline bool
stay(struct vcpu *v, enum verdict verdict)
{
	if (verdict == VERDICT_FAULT)
		set_resume_flag(v);
	if (v->fault.kind != EVENT_NONE)
		event_merge(v);
	return verdict != VERDICT_STOP;
}

bool
exit_handle(struct vcpu *v, struct exit *exit)
{
	enum verdict verdict;

	ASSERT(exit->kind < EXIT_KINDS);
	if (exit->cut.kind != EVENT_NONE)
		event_cut(v, &exit->cut);
	verdict = kinds[exit->kind].handle(v, exit);
	if (verdict != VERDICT_NEXT)
		return stay(v, verdict);
	advance(v, exit);
	if (v->fault.kind != EVENT_NONE)
		event_merge(v);
	return true;
}
