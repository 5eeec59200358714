/* SPDX-License-Identifier: MIT */
/* A virtual CPU: its memory, its thread, and what others ask of it. */
#include "core/vcpu.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/xsave.h"
#include "core/cpuid.h"
#include "core/flush.h"
#include "include/bits.h"
#include "include/intrin.h"
#include "mm/direct.h"
#include "mm/frame.h"
#include "mm/heap.h"

enum { XSAVE_ALIGNMENT = 64 }; /* SDM vol. 1, 13.4 */

static bool
is_requested(const struct vcpu *v, enum vcpu_request request)
{
	return (__atomic_load_n(&v->requests, __ATOMIC_SEQ_CST) & BIT32(request)) != 0;
}

static void
clear_request(struct vcpu *v, enum vcpu_request request)
{
	__atomic_and_fetch(&v->requests, ~BIT32(request), __ATOMIC_SEQ_CST);
}

/*
 * The bit first. A vCPU that is about to run has set in_guest before it looks at the bits, and one
 * that is about to wait has set `waiting`: one of the two sees the other. A vCPU of this very CPU
 * is not in its guest now.
 */
void
vcpu_request(struct vcpu *v, enum vcpu_request request)
{
	__atomic_or_fetch(&v->requests, BIT32(request), __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&v->in_guest, __ATOMIC_SEQ_CST) && v->thread->cpu != cpu_index())
		smp_reschedule(v->thread->cpu);
	if (__atomic_load_n(&v->waiting, __ATOMIC_SEQ_CST))
		thread_wake(v->thread);
}

static bool
has_requests(const struct vcpu *v, u32 on, u32 off)
{
	u32 requests = __atomic_load_n(&v->requests, __ATOMIC_SEQ_CST);

	return (requests & on) != 0 || (~requests & off) != 0;
}

#define URGENT (BIT32(REQUEST_STOP) | BIT32(REQUEST_PAUSE) | BIT32(REQUEST_LOOK))

/* The request may be done already, and the lock keeps others that urge apart. */
void
vcpu_urge(struct vcpu *v, enum vcpu_request request)
{
	u64 flags;

	vcpu_request(v, request);
	flags = spin_lock(&v->vm->lock);
	if (v->thread != NULL) {
		thread_hurry(v->thread, true);
		if (!has_requests(v, URGENT, 0))
			thread_hurry(v->thread, false);
	}
	spin_unlock(&v->vm->lock, flags);
}

/* What was urgent is done, unless there is more. */
static void
calm_down(struct vcpu *v)
{
	if (!READ_ONCE(v->thread->hurries))
		return;
	thread_hurry(v->thread, false);
	if (has_requests(v, URGENT, 0))
		thread_hurry(v->thread, true);
}

/*
 * Sleeps until a request in `on` is there, or one in `off` no longer. Marked blocked before it
 * looks: a wake-up in between is not lost.
 */
static void
wait_for_request(struct vcpu *v, u32 on, u32 off)
{
	__atomic_store_n(&v->waiting, true, __ATOMIC_SEQ_CST);
	while (!has_requests(v, on, off)) {
		thread_block();
		if (has_requests(v, on, off))
			thread_wake(v->thread);
		else
			thread_switch();
	}
	__atomic_store_n(&v->waiting, false, __ATOMIC_SEQ_CST);
}

/* The caller's thread may be gone as soon as it is done. */
static void
take_look(struct vcpu *v)
{
	struct vcpu_look *look;

	clear_request(v, REQUEST_LOOK);
	look = __atomic_exchange_n(&v->look, NULL, __ATOMIC_SEQ_CST);
	if (look == NULL)
		return;
	look->fn(v, look->arg);
	__atomic_store_n(&look->done, true, __ATOMIC_SEQ_CST);
	wait_wake_all(&v->vm->changed);
}

/* Stands still until the pause ends, or the VM does. */
static void
park(struct vcpu *v)
{
	__atomic_add_fetch(&v->vm->parked, 1, __ATOMIC_SEQ_CST);
	wait_wake_all(&v->vm->changed);
	for (;;) {
		wait_for_request(v, BIT32(REQUEST_STOP) | BIT32(REQUEST_LOOK),
				 BIT32(REQUEST_PAUSE));
		if (!is_requested(v, REQUEST_LOOK))
			break;
		take_look(v);
	}
	__atomic_sub_fetch(&v->vm->parked, 1, __ATOMIC_SEQ_CST);
}

/* EDX has the processor's signature after a reset and after INIT (SDM vol. 3, table 10-1). */
static void
set_signature(struct vcpu *v)
{
	vcpu_set(v, VREG_RDX, cpuid_signature());
}

/* INIT leaves most MSRs and the extended state alone (SDM vol. 3, table 10-1). */
static void
init_registers(struct vcpu *v)
{
	u64 kept[VREG_TSC_AUX - VREG_PAT + 1], xcr0;

	virt_ops()->sync(&v->hw);
	xcr0 = v->hw.xcr0;
	for (unsigned i = 0; i < ARRAY_SIZE(kept); i++)
		kept[i] = vcpu_get(v, (enum vreg)(VREG_PAT + i));
	virt_ops()->vcpu_init(&v->hw);
	v->hw.pause_exits = false;
	for (unsigned i = 0; i < ARRAY_SIZE(kept); i++)
		vcpu_set(v, (enum vreg)(VREG_PAT + i), kept[i]);
	v->hw.xcr0 = xcr0;
	set_signature(v);
}

static void
take_init(struct vcpu *v)
{
	init_registers(v);
	v->vm->platform->reset_vcpu(v);
	pv_reset(v);
	v->fault = v->cut = (struct event){.kind = EVENT_NONE};
	v->nmi_blocked = v->window_irq = v->window_nmi = false;
	v->state = VCPU_WAIT_FOR_STARTUP;
}

/* SDM vol. 3, 9.4.4.2: real mode, CS is the page's, IP is 0. */
static void
take_startup(struct vcpu *v)
{
	struct vsegment cs;

	if (v->state != VCPU_WAIT_FOR_STARTUP)
		return;
	virt_ops()->get_segment(&v->hw, VSEG_CS, &cs);
	cs.selector = (u16)(v->startup_page << 8);
	cs.base = (u64)v->startup_page << PAGE_SHIFT;
	virt_ops()->set_segment(&v->hw, VSEG_CS, &cs);
	vcpu_set(v, VREG_RIP, 0);
	v->state = VCPU_RUNNING;
}

static void
take_pv_requests(struct vcpu *v)
{
	if (is_requested(v, REQUEST_CLOCK)) {
		clear_request(v, REQUEST_CLOCK);
		pv_clock_refresh(v);
	}
	if (is_requested(v, REQUEST_KICK)) {
		clear_request(v, REQUEST_KICK);
		v->pv.kicked = true;
	}
}

/* A kick that has come before the HLT counts for it. */
static void
take_wake_up(struct vcpu *v)
{
	if (v->state != VCPU_HALTED || (!v->pv.kicked && !event_wakes(v)))
		return;
	v->state = VCPU_RUNNING;
	v->pv.kicked = false;
}

static void
take_requests(struct vcpu *v)
{
	v->nothing_due = false;
	if (is_requested(v, REQUEST_PAUSE))
		park(v);
	if (is_requested(v, REQUEST_LOOK))
		take_look(v);
	if (is_requested(v, REQUEST_INIT)) {
		clear_request(v, REQUEST_INIT);
		take_init(v);
	}
	/* Blocked, and not kept (SDM vol. 3, 9.4.3): also where the SIPI has come by now. */
	if (v->state == VCPU_WAIT_FOR_STARTUP)
		clear_request(v, REQUEST_NMI);
	if (is_requested(v, REQUEST_STARTUP)) {
		clear_request(v, REQUEST_STARTUP);
		take_startup(v);
	}
	if (is_requested(v, REQUEST_FLUSH)) {
		clear_request(v, REQUEST_FLUSH); /* first: a later change asks again */
		flush_prepare(v);
	}
	take_pv_requests(v);
	clear_request(v, REQUEST_INTERRUPT); /* the controllers know what it was about */
	take_wake_up(v);
}

/* Deals with what was asked of it until it may run; false when it is to leave. */
static bool
settle(struct vcpu *v)
{
	v->pv.between = true;
	for (;;) {
		take_requests(v);
		if (is_requested(v, REQUEST_STOP))
			return false;
		if (v->state == VCPU_RUNNING) {
			calm_down(v);
			return true;
		}
		/* An NMI that is blocked ends no HLT, and stays requested. */
		wait_for_request(v, v->nmi_blocked ? ~BIT32(REQUEST_NMI) : ~0u, 0);
	}
}

/* Exits that leave nothing of the guest's to be carried out but to step over an instruction. */
#define BETWEEN (BIT32(EXIT_HOST_INTERRUPT) | BIT32(EXIT_HLT) | BIT32(EXIT_PAUSE))

/*
 * A guest that spins may wait for a vCPU that waits for this CPU. Only then does PAUSE exit; and on
 * a CPU where each one does, which costs more than a short wait, only from a vCPU that has used up
 * its time slice without a pause of its own.
 */
static void
update_spin(struct vcpu *v)
{
	bool spin =
		thread_others_wait() && (virt_caps()->pause_exits || READ_ONCE(v->thread->used_up));

	if (v->hw.pause_exits == spin)
		return;
	v->hw.pause_exits = spin;
	virt_ops()->spin(&v->hw, spin);
}

/* The PAUSE is for an emulator that runs the machine's CPUs in turn, and changes there. */
void
vcpu_yield(struct vcpu *v)
{
	cpu_relax();
	if (thread_others_wait())
		thread_yield();
	update_spin(v);
}

/* Another CPU still has it: what it was given for a run would be lost, or could not be noted. */
static bool
is_elsewhere(const struct vcpu *v)
{
	return v->hw.cpu != cpu_index() && v->hw.cpu != VIRT_NO_CPU;
}

/*
 * Others have had the CPU: before the guest's next instruction. Where another CPU still has it, it
 * is only fetched; that takes its time, with interrupts on, and nobody needs to wait for it.
 */
static __noinline bool
come_back(struct vcpu *v, struct exit *exit)
{
	if (is_elsewhere(v)) {
		__atomic_store_n(&v->in_guest, false, __ATOMIC_RELEASE);
		virt_ops()->run(&v->hw, exit);
		return false;
	}
	pv_came_back(v);
	update_spin(v);
	return true;
}

/*
 * False when something was asked of it, or the CPU is wanted by another thread: the guest has not
 * run.
 */
static bool
run_guest(struct vcpu *v, const struct virt_ops *ops, struct exit *exit)
{
	u32 requests;
	bool run;

	irq_disable(); /* a thread of its own: they were on */
	__atomic_store_n(&v->in_guest, true, __ATOMIC_SEQ_CST);
	requests = __atomic_load_n(&v->requests, __ATOMIC_SEQ_CST);
	run = (requests & ~BIT32(REQUEST_NMI)) == 0 && !this_cpu()->need_resched;
	if (run && (!v->pv.left || come_back(v, exit))) {
		if (!v->nothing_due || requests != 0)
			event_deliver(v);
		ops->run(&v->hw, exit);
		v->pv.between = (BETWEEN >> exit->kind & 1) != 0;
	}
	__atomic_store_n(&v->in_guest, false, __ATOMIC_RELEASE);
	irq_restore(RFLAGS_IF);
	return run;
}

/* How long the start took: memory, copies of the kernel and its files, platform. */
static void
note_start(struct vcpu *v)
{
	u64 now = rdtsc();

	if (v->index != 0)
		return;
	v->vm->start_tsc = now + v->hw.tsc_offset;
	v->vm->start_ticks = now - v->vm->start_begin;
}

/* What handling one takes is less than what 32 bits of the TSC can tell. */
static void
handle(struct vcpu *v, struct exit *exit)
{
	u32 switches = READ_ONCE(v->thread->switches); /* first: interrupts have just come on */
	u32 begin = v->exit_begin = rdtsc_low();

	v->exits[exit->kind]++;
	if (!exit_handle(v, exit))
		wait_for_request(v, BIT32(REQUEST_STOP), 0);
	if (v->thread->switches == switches) /* else others had the CPU in between */
		v->exit_ticks[exit->kind] += rdtsc_low() - begin;
}

static void
vcpu_thread(void *arg)
{
	const struct virt_ops *ops = virt_ops();
	struct vcpu *v = arg;
	struct vm *vm = v->vm;
	struct exit exit;

	v->thread->left = pv_left;
	note_start(v);
	while (settle(v)) {
		while (v->state == VCPU_RUNNING && run_guest(v, ops, &exit))
			handle(v, &exit);
		thread_check_resched();
	}
	ops->vcpu_fini(&v->hw);
	v->thread->left = NULL; /* the vCPU may be gone before its thread has ended */
	__atomic_sub_fetch(&vm->live, 1, __ATOMIC_SEQ_CST);
	wait_wake_all(&vm->changed); /* a pause may wait for it */
	vm_let_go(vm);
}

static int
allocate_pages(struct vcpu *v)
{
	for (unsigned i = 0; i < VIRT_VCPU_PAGES; i++) {
		int err = frame_alloc(0, &v->hw.pages[i].pa);

		if (err != 0)
			return err;
		v->hw.pages[i].ptr = hpa_to_ptr(v->hw.pages[i].pa);
	}
	v->xsave_memory = heap_alloc(virt_xsave_size() + XSAVE_ALIGNMENT);
	if (v->xsave_memory == NULL)
		return fail(-ERR_NOMEM);
	v->hw.xsave = (void *)ALIGN_UP((u64)(uintptr_t)v->xsave_memory, XSAVE_ALIGNMENT);
	xsave_init(v->hw.xsave);
	return 0;
}

int
vcpu_create(struct vm *vm, u32 index, struct vcpu **out)
{
	struct vcpu *v = heap_alloc(sizeof(*v));
	int err;

	if (v == NULL)
		return fail(-ERR_NOMEM);
	v->vm = vm;
	v->index = index;
	v->state = index == 0 ? VCPU_RUNNING : VCPU_WAIT_FOR_STARTUP;
	format(v->name, sizeof(v->name), "%s.%u", vm->name, index);
	err = allocate_pages(v);
	if (err != 0) {
		vcpu_free(v);
		return err;
	}
	v->hw.vm_pages = vm->map_pages;
	v->hw.second_level = guest_memory_root(vm->memory);
	flush_init(v);
	virt_ops()->vcpu_init(&v->hw);
	msr_reset(v);
	pv_create(v);
	set_signature(v);
	*out = v;
	return 0;
}

void
vcpu_free(struct vcpu *v)
{
	for (unsigned i = 0; i < VIRT_VCPU_PAGES; i++) {
		if (v->hw.pages[i].pa.v != 0)
			frame_free(v->hw.pages[i].pa, 1);
	}
	if (v->thread != NULL)
		thread_forget(v->thread);
	heap_free(v->xsave_memory);
	heap_free(v);
}

int
vcpu_start(struct vcpu *v)
{
	return thread_create_in(&v->vm->share, v->name, vcpu_thread, v, &v->thread);
}

enum verdict
vcpu_fault(struct vcpu *v, u8 vector)
{
	v->fault = (struct event){.kind = EVENT_EXCEPTION, .vector = vector};
	v->nothing_due = false;
	return VERDICT_FAULT;
}

enum verdict
vcpu_fault_code(struct vcpu *v, u8 vector, u32 error)
{
	v->fault = (struct event){.kind = EVENT_EXCEPTION,
				  .vector = vector,
				  .has_error = true,
				  .error = error};
	v->nothing_due = false;
	return VERDICT_FAULT;
}

enum verdict
vcpu_page_fault(struct vcpu *v, gva_t address, u32 error)
{
	enum { PAGE_FAULT = 14 };

	vcpu_set(v, VREG_CR2, address.v);
	return vcpu_fault_code(v, PAGE_FAULT, error);
}

enum verdict
vcpu_single_step(struct vcpu *v)
{
	enum { DEBUG = 1 };

	vcpu_set(v, VREG_DR6, vcpu_get(v, VREG_DR6) | BIT(14)); /* BS, SDM vol. 3, 18.2.3 */
	if (v->state == VCPU_HALTED)
		v->state = VCPU_RUNNING;
	return vcpu_fault(v, DEBUG);
}
