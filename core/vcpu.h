/* SPDX-License-Identifier: MIT */
/*
 * A virtual CPU: a thread that runs the guest, handles its exits, and waits while it halts.
 *
 * Others reach it through atomic bits only: vcpu_request() sets one and kicks the vCPU, that is, it
 * makes a running guest exit and a halted one look again. No lock between a device and a vCPU.
 */
#pragma once

#include "arch/x86_64/msr.h"
#include "arch/x86_64/virt.h"
#include "core/pv.h"
#include "core/vm.h"
#include "sched/wait.h"

enum vcpu_request {
	REQUEST_INTERRUPT, /* the local APIC, or the PIC behind it, has something to deliver */
	REQUEST_NMI,
	REQUEST_INIT,
	REQUEST_STARTUP, /* at vcpu->startup_page */
	REQUEST_STOP,	 /* leave the loop for good */
	REQUEST_PAUSE,
	REQUEST_FLUSH, /* the VM's second-level tables changed */
	REQUEST_CLOCK, /* the page of its clock is to be written anew: core/pv.h */
	REQUEST_KICK,  /* by a hypercall: its HLT ends */
	REQUEST_LOOK,  /* vcpu->look is to be called */
};

enum vcpu_state { VCPU_WAIT_FOR_STARTUP, VCPU_RUNNING, VCPU_HALTED, VCPU_STOPPED };

/* What a handler of an exit says; one place acts on it (core/exit.c). */
enum verdict {
	VERDICT_NEXT,  /* done: go on behind the instruction */
	VERDICT_AGAIN, /* go on with the same instruction */
	VERDICT_FAULT, /* vcpu->fault is to be delivered instead */
	VERDICT_STOP,  /* the VM stops; vm_stop_because() has the reason */
};

/* What somebody else wants of a vCPU's own thread; theirs. */
struct vcpu_look {
	void (*fn)(struct vcpu *v, void *arg);
	void *arg;
	bool done;
};

enum { VCPU_EMULATOR_WORDS = 1409 };

struct vcpu {
	struct vcpu_hw hw;
	struct vm *vm;
	u32 index; /* also its APIC id */
	u8 state;  /* enum vcpu_state; its own thread's */
	u8 startup_page;
	u32 requests;		     /* atomic, a bit an enum vcpu_request */
	bool in_guest;		     /* between the last look at requests and the exit */
	bool waiting;		     /* who requests something has to wake its thread */
	bool nothing_due;	     /* no event waits, nor a window; whoever sets `fault` or `cut`
					clears it, and so does every request */
	bool nmi_blocked;	     /* until the guest's IRET */
	bool window_irq, window_nmi; /* as asked of the backend */
	u64 shadow_at; /* RIP, where a window has been opened in a shadow that begins there; else ~0
			*/
	struct event fault;	    /* with VERDICT_FAULT; to be delivered next */
	struct event cut;	    /* whose delivery an exit has cut off; to be delivered again */
	char name[VM_NAME_MAX + 5]; /* of its thread: the VM's, a dot, the index */
	void *xsave_memory;
	struct thread *thread;
	u32 exit_begin;	       /* the lower half of the TSC at the last exit */
	u64 exits[EXIT_KINDS]; /* by its own thread */
	u64 exit_ticks[EXIT_KINDS];
	struct vcpu_look *look; /* whoever takes it out calls it, or has it back; atomic */
	u64 interrupts;		/* that its local APIC was asked to deliver; atomic */
	struct msr_state msr;
	struct pv_state pv;
	struct cpuid_regs cpuid;  /* the last answer */
	u32 cpuid_ebx, cpuid_edx; /* of leaf 1: what tells this vCPU, and that there are others */
	void *platform;		  /* dev/'s: the local APIC */
	u64 emulator[VCPU_EMULATOR_WORDS]; /* emul/'s: instructions that it has met */
};

/* Makes a vCPU with its pages, in the state after INIT; no thread yet. -ERR_NOMEM. */
__must_check int vcpu_create(struct vm *vm, u32 index, struct vcpu **out);
void vcpu_free(struct vcpu *v);

/* Starts its thread, which has part in the VM's share. -ERR_NOMEM. */
__must_check int vcpu_start(struct vcpu *v);

/* event.c: gives the backend what is to be delivered with the next run. Interrupts are off. */
void event_deliver(struct vcpu *v);
/* What an exit has cut off is delivered again with the next run ... */
void event_cut(struct vcpu *v, const struct event *cut);
/* ... unless handling it has led to a fault, as if that had come up during the delivery. */
void event_merge(struct vcpu *v);
/* Whether an interrupt or NMI ends a HLT. */
bool event_wakes(struct vcpu *v);

/* The guest spins: lets go of the CPU, if another vCPU waits for it. */
void vcpu_yield(struct vcpu *v);

/* exit.c: acts on an exit. False when the VM stops. */
bool exit_handle(struct vcpu *v, struct exit *exit);
const char *exit_name(enum exit_kind kind);

void vcpu_request(struct vcpu *v, enum vcpu_request request);
/* The same of what a person waits for: neither the VM's share of the CPUs nor a cap delays it. With
 * the VM held, and without its lock. */
void vcpu_urge(struct vcpu *v, enum vcpu_request request);

/* The guest's registers, for handlers on the vCPU's own thread. No guest sees EFER.SVME. */
static inline u64
vcpu_get(struct vcpu *v, enum vreg reg)
{
	const u64 *at = v->hw.at[reg];

	if (at == NULL)
		return virt_ops()->get(&v->hw, reg);
	return reg == VREG_EFER ? *at & ~EFER_SVME : *at;
}

static inline void
vcpu_set(struct vcpu *v, enum vreg reg, u64 value)
{
	bool plain = reg <= VREG_R15 || reg == VREG_RIP || reg == VREG_RFLAGS;

	if (plain && v->hw.at[reg] != NULL)
		*v->hw.at[reg] = value;
	else
		virt_ops()->set(&v->hw, reg, value);
}

/* Sets vcpu->fault; answers VERDICT_FAULT. */
enum verdict vcpu_fault(struct vcpu *v, u8 vector);			/* without an error code */
enum verdict vcpu_fault_code(struct vcpu *v, u8 vector, u32 error);	/* with one */
enum verdict vcpu_page_fault(struct vcpu *v, gva_t address, u32 error); /* and CR2 */
/* A #DB for RFLAGS.TF, behind an instruction or a repetition of one; it ends a HLT, too. */
enum verdict vcpu_single_step(struct vcpu *v);
