/* SPDX-License-Identifier: MIT */
/*
 * What a guest is given through its IDT with the next run: first a fault of the instruction that
 * it has just tried, then what was cut off by an exit, then an NMI, then an interrupt. Whatever
 * can't be given yet is waited for by a window exit.
 */
#include "core/vcpu.h"
#include "include/bits.h"
#include "include/intrin.h"

enum { INTERRUPT_VECTORS = 256 };
enum { FAULT_DF = 8, FAULT_PF = 14 };

/* SDM vol. 3, table 6-4. */
enum exception_class { CLASS_BENIGN, CLASS_CONTRIBUTORY, CLASS_PAGE_FAULT, CLASS_DOUBLE_FAULT };

static enum exception_class
class_of(const struct event *e)
{
	static const u8 classes[32] = {
		[0] = CLASS_CONTRIBUTORY,	  [FAULT_DF] = CLASS_DOUBLE_FAULT,
		[10 ... 13] = CLASS_CONTRIBUTORY, [FAULT_PF] = CLASS_PAGE_FAULT,
		[20] = CLASS_PAGE_FAULT,   /* #VE */
		[21] = CLASS_CONTRIBUTORY, /* #CP */
	};

	if (e->kind != EVENT_EXCEPTION || e->vector >= ARRAY_SIZE(classes))
		return CLASS_BENIGN;
	return (enum exception_class)classes[e->vector];
}

static bool
is_double(enum exception_class first, enum exception_class second)
{
	if (first == CLASS_CONTRIBUTORY)
		return second == CLASS_CONTRIBUTORY;
	return first == CLASS_PAGE_FAULT && second != CLASS_BENIGN;
}

/*
 * SDM vol. 3, table 6-5. What does not add up to a double fault is handled one after the other:
 * the second now, and the first when its instruction is tried again.
 */
void
event_merge(struct vcpu *v)
{
	enum exception_class first = class_of(&v->cut), second = class_of(&v->fault);

	if (v->fault.kind == EVENT_NONE || v->cut.kind == EVENT_NONE)
		return;
	v->cut.kind = EVENT_NONE;
	if (first == CLASS_DOUBLE_FAULT && second != CLASS_BENIGN) {
		v->fault.kind = EVENT_NONE;
		vm_stop_because(v->vm, "triple fault on vCPU %u at RIP %#lx", v->index,
				vcpu_get(v, VREG_RIP));
	} else if (is_double(first, second)) {
		(void)vcpu_fault_code(v, FAULT_DF, 0);
	}
}

/* What is made by an instruction at RIP is made again by that instruction. */
void
event_cut(struct vcpu *v, const struct event *cut)
{
	bool soft = cut->kind == EVENT_SOFT_INTERRUPT ||
		    (cut->kind == EVENT_EXCEPTION && (cut->vector == 3 || cut->vector == 4));

	if (soft)
		return;
	v->cut = *cut;
	v->nothing_due = false;
}

static bool
nmi_pending(const struct vcpu *v)
{
	return (READ_ONCE(v->requests) & BIT32(REQUEST_NMI)) != 0;
}

static bool
in_shadow(struct vcpu *v)
{
	return vcpu_get(v, VREG_INTERRUPT_SHADOW) != 0;
}

static bool
can_interrupt(struct vcpu *v)
{
	return (vcpu_get(v, VREG_RFLAGS) & RFLAGS_IF) != 0 && !in_shadow(v);
}

/* After MOV SS the stack may be half of the old one, half of the new. */
static bool
can_nmi(struct vcpu *v)
{
	return !v->nmi_blocked && !in_shadow(v);
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

/*
 * An NMI that waits for the end of a shadow: with interrupts on, whatever shadow it is, that is
 * when an interrupt could be taken. An NMI window may be open to the CPU before, after STI (SDM
 * vol. 3, 26.2).
 */
static bool
held_by_shadow(struct vcpu *v)
{
	return nmi_pending(v) && !v->nmi_blocked && in_shadow(v) &&
	       (vcpu_get(v, VREG_RFLAGS) & RFLAGS_IF) != 0;
}

/* The vector that is ours to deliver, or one of enum pending. */
static int
next_interrupt(struct vcpu *v)
{
	const struct vm_platform *p = v->vm->platform;

	return v->hw.apic.page != NULL ? p->lend_apic(v) : p->pending_interrupt(v);
}

/* Of the model's own choice, with a vector: what is left waits for its end. */
static bool
is_highest(const struct vcpu *v, int taken)
{
	return v->hw.apic.page == NULL && taken < INTERRUPT_VECTORS;
}

/* What the guest can't take with the next run, and must not be left with such a CPU. */
static bool
waits_in_hasty_cpu(struct vcpu *v, bool injected)
{
	const struct virt_apic *a = &v->hw.apic;

	return virt_caps()->apic_hasty && a->page != NULL && a->mode != VIRT_APIC_NONE &&
	       (injected || !can_interrupt(v)) && virt_apic_requests(a);
}

void
event_deliver(struct vcpu *v)
{
	int pending = next_interrupt(v);
	bool wants_interrupt = pending >= 0, injected = true;

	if (v->fault.kind != EVENT_NONE)
		inject(v, &v->fault);
	else if (v->cut.kind != EVENT_NONE && (v->cut.kind != EVENT_INTERRUPT || can_interrupt(v)))
		inject(v, &v->cut);
	else if (nmi_pending(v) && can_nmi(v))
		inject_nmi(v);
	else
		injected = false;
	if (wants_interrupt && !injected && can_interrupt(v)) {
		inject_interrupt(v);
		pending = is_highest(v, pending) ? PENDING_LATER : next_interrupt(v);
		wants_interrupt = pending >= 0;
	}
	if (v->cut.kind != EVENT_NONE) /* an interrupt, for which the guest has no ear now */
		wants_interrupt = true;
	if (waits_in_hasty_cpu(v, injected))
		wants_interrupt = true;
	if (!injected && held_by_shadow(v))
		set_window(v, true, false);
	else
		set_window(v, wants_interrupt, v->nmi_blocked || nmi_pending(v));
	v->shadow_at = v->window_irq && in_shadow(v) ? vcpu_get(v, VREG_RIP) : ~0ul;
	v->nothing_due = pending == PENDING_NOTHING && !injected && v->cut.kind == EVENT_NONE &&
			 !v->nmi_blocked && !nmi_pending(v);
}

bool
event_wakes(struct vcpu *v)
{
	if (nmi_pending(v) && !v->nmi_blocked)
		return true;
	return (vcpu_get(v, VREG_RFLAGS) & RFLAGS_IF) != 0 &&
	       (v->cut.kind != EVENT_NONE || v->vm->platform->pending_interrupt(v) >= 0);
}
