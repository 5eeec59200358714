/* SPDX-License-Identifier: MIT */
/* Events for a guest: delivered by an entry, asked for by a window, cut short by an exit. */
#include "arch/x86_64/cr.h"
#include "arch/x86_64/vmx/vmcs_io.h"
#include "arch/x86_64/vmx/vmx_vcpu.h"

enum { VECTOR_DB = 1 };

/* INT3, INTO and INT1 have a length, being instructions (25.8.3). */
static u64
type_of(const struct event *e)
{
	switch (e->kind) {
	case EVENT_INTERRUPT: return EVENT_TYPE_INTERRUPT;
	case EVENT_NMI: return EVENT_TYPE_NMI;
	case EVENT_SOFT_INTERRUPT: return EVENT_TYPE_SOFT_INTERRUPT;
	default: break;
	}
	if (e->insn_len == 0)
		return EVENT_TYPE_HARD_EXCEPTION;
	return e->vector == VECTOR_DB ? EVENT_TYPE_ICEBP : EVENT_TYPE_SOFT_EXCEPTION;
}

/* In real mode nothing has an error code (27.2.1.3). */
static bool
pushes_error(const struct event *e)
{
	return e->has_error && (vmcs_read(VMCS_GUEST_CR0) & CR0_PE) != 0;
}

void
vmx_inject(struct vcpu_hw *hw, const struct event *event)
{
	u64 flags;
	u64 info;

	if (event->kind == EVENT_NONE)
		return;
	flags = vmx_access_begin(hw);
	info = EVENT_VALID | event->vector | FIELD_PREP(EVENT_TYPE, type_of(event));
	if (event->insn_len != 0)
		vmcs_write(VMCS_ENTRY_LENGTH, event->insn_len);
	if (pushes_error(event)) {
		info |= EVENT_HAS_ERROR;
		vmcs_write(VMCS_ENTRY_ERROR, event->error & 0xffff);
	}
	vmcs_write(VMCS_ENTRY_EVENT, info);
	vmx_access_end(hw, flags);
}

void
vmx_window(struct vcpu_hw *hw, bool interrupt, bool nmi)
{
	struct vmx_vcpu *v = vmx_of(hw);
	u32 proc = v->proc & ~(PROC_INTERRUPT_WINDOW | PROC_NMI_WINDOW);
	u64 flags;

	if (interrupt)
		proc |= PROC_INTERRUPT_WINDOW;
	if (nmi)
		proc |= PROC_NMI_WINDOW;
	if (proc == v->proc)
		return;
	flags = vmx_access_begin(hw);
	vmcs_write(VMCS_PROC_CONTROLS, proc);
	v->proc = proc;
	vmx_access_end(hw, flags);
}

/* By the loop, where the CPU knows one; else at each PAUSE. */
void
vmx_spin(struct vcpu_hw *hw, bool exits)
{
	struct vmx_vcpu *v = vmx_of(hw);
	u64 flags = vmx_access_begin(hw);

	if (vmx_controls.spin_proc2 != 0) {
		v->spin_proc2 = exits ? vmx_controls.spin_proc2 : 0;
		vmcs_write(VMCS_PROC2_CONTROLS,
			   (vmcs_read(VMCS_PROC2_CONTROLS) & ~(u64)PROC2_PAUSE_LOOP) |
				   v->spin_proc2);
	} else {
		v->proc = exits ? v->proc | PROC_PAUSE : v->proc & ~PROC_PAUSE;
		vmcs_write(VMCS_PROC_CONTROLS, v->proc);
	}
	vmx_access_end(hw, flags);
}

/* An NMI that is to be delivered again must find NMIs unblocked (27.3.1.5). */
static void
unblock_nmi(void)
{
	vmcs_write(VMCS_GUEST_INTERRUPTIBILITY,
		   vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) & ~BLOCKED_BY_NMI);
}

/* 25.9.3 and 28.2.4 */
void
vmx_cut_event(u64 info, struct event *e)
{
	static const u8 kinds[] = {
		[EVENT_TYPE_INTERRUPT] = EVENT_INTERRUPT,
		[EVENT_TYPE_NMI] = EVENT_NMI,
		[EVENT_TYPE_HARD_EXCEPTION] = EVENT_EXCEPTION,
		[EVENT_TYPE_SOFT_INTERRUPT] = EVENT_SOFT_INTERRUPT,
		[EVENT_TYPE_ICEBP] = EVENT_EXCEPTION,
		[EVENT_TYPE_SOFT_EXCEPTION] = EVENT_EXCEPTION,
		[7] = EVENT_NONE,
	};
	u64 type = FIELD_GET(EVENT_TYPE, info);

	*e = (struct event){
		.kind = kinds[type],
		.vector = (u8)FIELD_GET(EVENT_VECTOR, info),
		.has_error = (info & EVENT_HAS_ERROR) != 0,
	};
	if (e->has_error)
		e->error = (u32)vmcs_read(VMCS_IDT_ERROR);
	if (type >= EVENT_TYPE_SOFT_INTERRUPT)
		e->insn_len = (u8)vmcs_read(VMCS_EXIT_LENGTH);
	if (type == EVENT_TYPE_NMI)
		unblock_nmi();
}
