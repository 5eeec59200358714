/* SPDX-License-Identifier: MIT */
/*
 * What a guest is given through its IDT with the next run: first a fault of the instruction that
 * it has just tried, then what was cut off by an exit, then an NMI, then an interrupt. Whatever
 * can't be given yet is waited for by a window exit.
 */
#include "core/vcpu.h"
#include "include/bits.h"
#include "include/intrin.h"

static bool
nmi_pending(const struct vcpu *v)
{
	return (READ_ONCE(v->requests) & BIT32(REQUEST_NMI)) != 0;
}

static bool
can_interrupt(struct vcpu *v)
{
	return (vcpu_get(v, VREG_RFLAGS) & RFLAGS_IF) != 0 &&
	       vcpu_get(v, VREG_INTERRUPT_SHADOW) == 0;
}

static void
set_window(struct vcpu *v, bool interrupt, bool nmi)
{
	if (interrupt == v->window_irq && nmi == v->window_nmi)
		return;
	v->window_irq = interrupt;
	v->window_nmi = nmi;
	virt_ops()->window(&v->hw, interrupt, nmi);
}

static void
inject(struct vcpu *v, struct event *event)
{
	virt_ops()->inject(&v->hw, event);
	event->kind = EVENT_NONE;
}

static void
inject_nmi(struct vcpu *v)
{
	struct event nmi = {.kind = EVENT_NMI, .vector = 2};

	__atomic_and_fetch(&v->requests, ~BIT32(REQUEST_NMI), __ATOMIC_SEQ_CST);
	virt_ops()->inject(&v->hw, &nmi);
	v->nmi_blocked = true;
}

static void
inject_interrupt(struct vcpu *v)
{
	struct event e = {.kind = EVENT_INTERRUPT,
			  .vector = (u8)v->vm->platform->take_interrupt(v)};

	virt_ops()->inject(&v->hw, &e);
}

void
event_deliver(struct vcpu *v)
{
	int pending = v->vm->platform->pending_interrupt(v);
	bool wants_interrupt = pending >= 0, injected = true;

	if (v->fault.kind != EVENT_NONE)
		inject(v, &v->fault);
	else if (v->cut.kind != EVENT_NONE && (v->cut.kind != EVENT_INTERRUPT || can_interrupt(v)))
		inject(v, &v->cut);
	else if (nmi_pending(v) && !v->nmi_blocked)
		inject_nmi(v);
	else
		injected = false;
	if (wants_interrupt && !injected && can_interrupt(v)) {
		inject_interrupt(v);
		pending = v->vm->platform->pending_interrupt(v);
		wants_interrupt = pending >= 0;
	}
	set_window(v, wants_interrupt, v->nmi_blocked);
	v->nothing_due = pending == PENDING_NOTHING && !injected && !v->nmi_blocked;
}

bool
event_wakes(struct vcpu *v)
{
	if (nmi_pending(v) && !v->nmi_blocked)
		return true;
	return (vcpu_get(v, VREG_RFLAGS) & RFLAGS_IF) != 0 &&
	       v->vm->platform->pending_interrupt(v) >= 0;
}
