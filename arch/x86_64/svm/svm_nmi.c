/* SPDX-License-Identifier: MIT */
/*
 * When a guest can take an NMI. The CPU does not keep that for us: the intercept of IRET comes
 * before the IRET (APM vol. 2, 15.9), and NMIs are unmasked only once it has been carried out. So
 * it is stepped over by RFLAGS.TF; and so is an instruction in an interrupt shadow. The guest must
 * not see that TF: what would push or pop RFLAGS meanwhile is intercepted, exceptions above all.
 */
#include "arch/x86_64/smp.h"
#include "arch/x86_64/svm/svm_vcpu.h"
#include "include/intrin.h"

#define RFLAGS_TF	   BIT(8)
#define DR6_CLEAR	   0xffff0ff0ul
#define DR6_HITS	   (BITS(3, 0) | BIT(13))
#define DR6_BS		   BIT(14)

#define NMI_BIT		   BIT32(2) /* has an intercept of its own */

/* Those that also use the stack: an NMI before them finds it as they would. */
#define FLAGS_INSTRUCTIONS (INTERCEPT_PUSHF | INTERCEPT_POPF | INTERCEPT_SWINT)

enum { VECTOR_DB = 1 };

void
svm_nmi_window(struct vcpu_hw *hw, bool wanted)
{
	struct vmcb *vmcb = svm_vmcb(hw);

	svm_of(hw)->nmi_window = wanted;
	vmcb->intercept1 &= ~INTERCEPT_IRET;
	svm_dirty(vmcb, CLEAN_INTERCEPTS);
}

static void
set_tf(struct vmcb *vmcb, bool on)
{
	vmcb->rflags = (vmcb->rflags & ~RFLAGS_TF) | (on ? RFLAGS_TF : 0);
}

static void
begin_step(struct svm_vcpu *s, struct vmcb *vmcb)
{
	s->stepping = true;
	s->guest_tf = (vmcb->rflags & RFLAGS_TF) != 0;
	s->guest_dr6 = vmcb->dr6;
	s->step_rip = vmcb->rip;
	set_tf(vmcb, true);
	vmcb->dr6 = DR6_CLEAR;
	vmcb->intercept_exceptions = ~NMI_BIT;
	vmcb->intercept1 |= FLAGS_INSTRUCTIONS | (s->nmi_returning ? 0 : INTERCEPT_IRET);
	svm_dirty(vmcb, CLEAN_INTERCEPTS | CLEAN_DRX);
}

/*
 * With an event to be delivered first there is nothing to step yet: an interrupt of our own ends
 * the run behind the delivery. A handler that is entered in this way has an IRET of its own.
 */
void
svm_nmi_prepare(struct vcpu_hw *hw)
{
	struct svm_vcpu *s = svm_of(hw);
	struct vmcb *vmcb = svm_vmcb(hw);
	bool delivers = (vmcb->eventinj & EVENT_VALID) != 0;
	bool in_shadow = (vmcb->int_state & INT_STATE_SHADOW) != 0;

	s->nmi_returning = s->nmi_returning && !delivers;
	vmcb->intercept1 &= ~INTERCEPT_IRET;
	svm_dirty(vmcb, CLEAN_INTERCEPTS);
	if (s->nmi_returning || (!s->nmi_masked && in_shadow))
		begin_step(s, vmcb);
	else if (s->nmi_masked)
		vmcb->intercept1 |= INTERCEPT_IRET;
	else
		smp_reschedule(cpu_index());
}

/* What else was due behind the instruction is the guest's. */
static void
stepped(struct svm_vcpu *s, struct vmcb *vmcb, struct exit *exit)
{
	bool due = s->guest_tf || (vmcb->dr6 & DR6_HITS) != 0;

	if (!s->nmi_returning) /* else RFLAGS is what the IRET has popped */
		set_tf(vmcb, s->guest_tf);
	if (!s->guest_tf)
		vmcb->dr6 &= ~DR6_BS;
	if (s->nmi_returning)
		s->nmi_masked = s->nmi_returning = false;
	exit->kind = EXIT_NMI_WINDOW;
	if (due)
		exit->cut = (struct event){.kind = EVENT_EXCEPTION, .vector = VECTOR_DB};
}

/* The instruction has not been carried out. One that faults is left to the handler's own IRET. */
static void
not_stepped(struct svm_vcpu *s, struct vmcb *vmcb, const struct exit *exit)
{
	set_tf(vmcb, s->guest_tf);
	if (exit->kind == EXIT_EXCEPTION)
		s->nmi_returning = false;
	if (exit->kind == EXIT_NMI_WINDOW) /* before one of FLAGS_INSTRUCTIONS, or IRET */
		vmcb->int_state &= ~INT_STATE_SHADOW;
}

/* Bochs does not have DR6.BS in the VMCB yet; then RIP tells. */
static bool
has_trapped(const struct svm_vcpu *s, const struct vmcb *vmcb)
{
	return vmcb->exitcode == VMEXIT_EXCP0 + VECTOR_DB &&
	       ((vmcb->dr6 & DR6_BS) != 0 || vmcb->rip != s->step_rip);
}

static void
end_step(struct svm_vcpu *s, struct vmcb *vmcb, struct exit *exit)
{
	bool trapped = has_trapped(s, vmcb);

	s->stepping = false;
	vmcb->intercept_exceptions = SVM_EXCEPTIONS;
	vmcb->intercept1 &= ~(FLAGS_INSTRUCTIONS | INTERCEPT_IRET);
	svm_dirty(vmcb, CLEAN_INTERCEPTS | CLEAN_DRX);
	if (trapped)
		stepped(s, vmcb, exit);
	else
		not_stepped(s, vmcb, exit);
	vmcb->dr6 = (vmcb->dr6 & (DR6_HITS | DR6_BS)) | s->guest_dr6;
}

void
svm_nmi_finish(struct vcpu_hw *hw, struct exit *exit)
{
	struct svm_vcpu *s = svm_of(hw);
	struct vmcb *vmcb = svm_vmcb(hw);

	if (s->stepping) {
		end_step(s, vmcb, exit);
	} else if (vmcb->exitcode == VMEXIT_IRET) {
		s->nmi_returning = true;
		exit->kind = EXIT_HOST_INTERRUPT; /* nothing for anybody to see yet */
	}
}
