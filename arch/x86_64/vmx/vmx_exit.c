/* SPDX-License-Identifier: MIT */
/* Running a guest until its next exit. */
#include "arch/x86_64/cr.h"
#include "arch/x86_64/speculation.h"
#include "arch/x86_64/vmx/vmcs_io.h"
#include "arch/x86_64/vmx/vmx_vcpu.h"
#include "include/intrin.h"
#include "lib/log.h"

enum { VECTOR_MACHINE_CHECK = 18 };

/* VM-instruction errors that an entry can end with, SDM vol. 3, 31.4. */
static const char *
instruction_error(u64 number)
{
	switch (number) {
	case 4: return "VMLAUNCH with a VMCS that is not clear";
	case 5: return "VMRESUME with a VMCS that was not launched";
	case 7: return "the controls, or the event to be delivered, are not valid";
	case 8: return "the host's state is not valid";
	case 26: return "events are blocked by MOV SS";
	default: return "an unexpected VM-instruction error";
	}
}

/* VMfail: the CPU has not looked at the guest's state yet. */
static void
refused(struct exit *e)
{
	u64 number = vmcs_read(VMCS_INSTRUCTION_ERROR);

	*e = (struct exit){
		.kind = EXIT_INVALID, .invalid = {instruction_error(number)},
		      .raw = { 0,			 number}
	};
	log_error("VMX refused to enter the guest: %s (%lu)", instruction_error(number), number);
}

/* The entry failed with the guest's state half loaded (27.8). */
static void
entry_failed(struct exit *e)
{
	const char *rule = vmx_broken_rule();

	*e = (struct exit){
		.kind = EXIT_INVALID,
		.invalid = {rule				},
		.raw = { e->raw[0], vmcs_read(VMCS_QUALIFICATION)}
	 };
	log_error("VMX refused the guest's state: %s (reason %lu, qualification %lu)",
		  rule != NULL ? rule : "a rule that the check does not know",
		  FIELD_GET(REASON_BASIC, e->raw[0]), e->raw[1]);
}

/* Linear translations go by a new tag (29.4.3.3). */
static void
take_tag(struct vcpu_hw *hw, struct vmx_vcpu *v)
{
	struct tag_pool *tags = &this_cpu()->tags;

	if ((vmx_controls.word[VMX_PROC2] & PROC2_VPID) != 0 &&
	    (v->stale || hw->tag_generation != tags->generation)) {
		if (tag_take(tags, &hw->tag, &hw->tag_generation))
			invvpid(INVALIDATE_ALL, 0);
		vmcs_write(VMCS_VPID, hw->tag);
	}
	v->stale = false;
}

/* All that an entry needs and that stays so: `ready` lasts until anybody changes any of it. */
static void
make_ready(struct vcpu_hw *hw, struct vmx_vcpu *v)
{
	vmx_claim(hw);
	vmx_registers_take(hw);
	take_tag(hw, v);
	if (hw->flush) { /* guest-physical ones, and what was made of them */
		invept(vmx_controls.invept_type, hw->second_level.v | vmx_controls.eptp_flags);
		virt_note_flush(hw);
	}
	vmcs_write(VMCS_TSC_OFFSET, hw->tsc_offset);
	v->tsc_offset = hw->tsc_offset;
	this_vmx()->ready = hw;
}

/* What the caller may change at any time has to be looked at each time. */
static void
prepare(struct vcpu_hw *hw, struct vmx_vcpu *v)
{
	if (hw->apic.changed) {
		vmx_claim(hw);
		vmx_apic_apply(hw);
	}
	if (this_vmx()->ready != hw || hw->flush || v->tsc_offset != hw->tsc_offset ||
	    v->xcr0 != hw->xcr0)
		make_ready(hw, v);
	virt_assert_flushed(hw);
	if (read_cr2() != hw->cr2)
		write_cr2(hw->cr2);
}

/*
 * What interrupted the guest is the host's own. NMIs are blocked after such an exit until the
 * handler's IRET (28.5.5), and a machine check must not be lost.
 */
static void
take_host_events(const struct exit *e)
{
	if (e->kind == EXIT_HOST_NMI)
		__asm__ volatile("int $2" : : : "memory");
	if (e->kind == EXIT_EXCEPTION && e->exception.vector == VECTOR_MACHINE_CHECK)
		__asm__ volatile("int $18" : : : "memory");
}

/*
 * The vCPU is still in another CPU, which must be asked with interrupts on. What comes in meanwhile
 * might have been for the guest: the caller shall look again.
 */
static void
fetch(struct vcpu_hw *hw, struct exit *e)
{
	irq_restore(RFLAGS_IF);
	vmx_evict(hw);
	(void)irq_save();
	*e = (struct exit){.kind = EXIT_HOST_INTERRUPT};
}

void
vmx_run(struct vcpu_hw *hw, struct exit *e)
{
	struct vmx_vcpu *v = vmx_of(hw);
	bool entered;

	if (hw->cpu != cpu_index() && hw->cpu != VIRT_NO_CPU) {
		fetch(hw, e);
		return;
	}
	prepare(hw, v);
	speculation_enter(hw);
	entered = vmx_enter(hw, v->launched, &v->host_rsp);
	speculation_leave(hw);
	if (!entered) {
		refused(e);
		return;
	}
	hw->cr2 = read_cr2();
	e->raw[0] = vmcs_read(VMCS_EXIT_REASON);
	if ((e->raw[0] & REASON_ENTRY_FAILURE) != 0) {
		if (FIELD_GET(REASON_BASIC, e->raw[0]) == REASON_MACHINE_CHECK)
			__asm__ volatile("int $18" : : : "memory");
		entry_failed(e);
		return;
	}
	v->launched = true;
	vmx_decode(hw, e);
	if (e->kind == EXIT_HOST_NMI || e->kind == EXIT_EXCEPTION)
		take_host_events(e);
}
