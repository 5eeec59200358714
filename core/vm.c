/* SPDX-License-Identifier: MIT */
/* The life of a VM: how it starts, stops, pauses, and starts again. */
#include "core/vms.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/time.h"
#include "core/cpuid.h"
#include "core/flush.h"
#include "core/guest_tables.h"
#include "core/load.h"
#include "core/mtrr.h"
#include "core/power.h"
#include "core/vcpu.h"
#include "core/vm_clock.h"
#include "core/vm_console.h"
#include "core/vms_private.h"
#include "include/bits.h"
#include "include/intrin.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/direct.h"
#include "mm/frame.h"
#include "mm/heap.h"

static const char *const state_names[] = {
	[VM_STOPPED] = "stopped",   [VM_RUNNING] = "running",	[VM_PAUSED] = "paused",
	[VM_STOPPING] = "stopping", [VM_DISABLED] = "disabled",
};

const char *
vm_state_name(enum vm_state state)
{
	return state_names[state];
}

static void
set_state(struct vm *vm, enum vm_state state)
{
	u64 flags = spin_lock(&vm->lock);

	vm->state = (u8)state;
	spin_unlock(&vm->lock, flags);
	wait_wake_all(&vm->changed);
	vm_console_wake(vm->console);
}

static bool
is_alive(const struct vm *vm)
{
	u8 state = READ_ONCE(vm->state);

	return state == VM_RUNNING || state == VM_PAUSED;
}

/* With the lock held, of a VM that is alive: its vCPUs stay until vm_let_go(). */
static void
hold(struct vm *vm)
{
	__atomic_add_fetch(&vm->holders, 1, __ATOMIC_SEQ_CST);
}

static void ended(struct vm *vm);

void
vm_let_go(struct vm *vm)
{
	if (__atomic_sub_fetch(&vm->holders, 1, __ATOMIC_SEQ_CST) == 0)
		ended(vm);
}

/* With the lock held, and the reason there. Whom a person has asked to stop, stays so. */
static enum vm_restart
on_exit(struct vm *vm)
{
	size_t len = strlen(vm->reason);

	if (!vm->stop_asked)
		return vm->config->restart ? VM_RESTART_ON_EXIT : VM_NO_RESTART;
	copy_string(vm->reason + len, ", after vm stop", sizeof(vm->reason) - len);
	return VM_NO_RESTART;
}

/* Nothing more is to run. The vCPUs leave by themselves. */
static void
end(struct vm *vm, enum vm_restart restart, const char *fmt, va_list args)
{
	u64 flags = spin_lock(&vm->lock);
	bool first = is_alive(vm);

	if (first) {
		hold(vm);
		vm->state = VM_STOPPING;
		vformat(vm->reason, sizeof(vm->reason), fmt, args);
		vm->restart = (u8)(restart == VM_RESTART_ON_EXIT ? on_exit(vm) : restart);
	}
	spin_unlock(&vm->lock, flags);
	if (!first)
		return;
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vcpu_urge(vm->vcpus[i], REQUEST_STOP);
	wait_wake_all(&vm->changed); /* a look or a pause may wait */
	vm_let_go(vm);
}

static void
endf(struct vm *vm, enum vm_restart restart, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	end(vm, restart, fmt, args);
	va_end(args);
}

void
vm_stop_because(struct vm *vm, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	end(vm, VM_RESTART_ON_EXIT, fmt, args);
	va_end(args);
}

void
vm_reset_because(struct vm *vm, const char *why)
{
	endf(vm, VM_RESTART_AFTER_RESET, "reset by the guest: %s", why);
}

static int
allocate_maps(struct vm *vm)
{
	int err = frame_alloc_range(VIRT_VM_PAGES, PAGE_SIZE, FRAME_ANYWHERE, &vm->maps);
	hpa_t apic;

	if (err != 0)
		return err;
	for (u32 i = 0; i < VIRT_VM_PAGES; i++) {
		vm->map_pages[i].pa = HPA(vm->maps.v + i * PAGE_SIZE);
		vm->map_pages[i].ptr = hpa_to_ptr(vm->map_pages[i].pa);
	}
	apic = virt_ops()->vm_init(vm->map_pages);
	if (apic.v == 0)
		return 0;
	return guest_memory_map_apic(vm->memory, GPA(VIRT_APIC_BASE), apic,
				     !virt_caps()->apic_hasty);
}

static int
create_vcpus(struct vm *vm)
{
	int err = 0;

	while (vm->vcpu_count < vm->config->vcpus && err == 0) {
		err = vcpu_create(vm, vm->vcpu_count, &vm->vcpus[vm->vcpu_count]);
		if (err == 0)
			vm->vcpu_count++;
	}
	for (u32 i = 0; i < vm->vcpu_count; i++)
		cpuid_init_vcpu(vm->vcpus[i]);
	return err;
}

/* What vm_create() has made, in reverse; all of it, or as much as there is. */
static void
release(struct vm *vm)
{
	if (vm->clock != NULL)
		vclock_pause(vm->clock);
	if (vm->platform != NULL)
		vm->platform->free(vm);
	vm->platform = NULL;
	while (vm->vcpu_count > 0)
		vcpu_free(vm->vcpus[--vm->vcpu_count]);
	if (vm->maps.v != 0)
		frame_free(vm->maps, VIRT_VM_PAGES);
	vm->maps = HPA(0);
	if (vm->clock != NULL)
		vclock_free(vm->clock);
	vm->clock = NULL;
	if (vm->memory != NULL)
		guest_memory_free(vm->memory);
	vm->memory = NULL;
	vm->kernel_kind = NULL;
}

static int
create(struct vm *vm, struct vm_tables *tables)
{
	int err = guest_memory_create(vm->config->memory, &vm->memory);

	if (err == 0)
		err = vclock_create(&vm->clock);
	if (err == 0)
		err = allocate_maps(vm);
	if (err == 0)
		err = create_vcpus(vm);
	if (err == 0)
		guest_memory_tables(vm->memory)->users =
			(struct guest_tables_users){vm, flush_all, flush_is_done};
	if (err == 0)
		err = vms_make_platform(vm, tables);
	return err;
}

static int
load(struct vm *vm, const struct vm_tables *tables)
{
	struct load_entry entry;
	struct load_error error;
	int err = vms_load(vm, tables, &entry, &error);

	if (err != 0) {
		copy_string(vm->reason, error.text, sizeof(vm->reason));
		return err;
	}
	load_apply(vm->vcpus[0], &entry);
	/* What firmware would have done on each CPU, where there is none in the guest. */
	for (u32 i = 0; i < vm->vcpu_count && vm->config->firmware.len == 0; i++)
		mtrr_set_as_firmware(&vm->vcpus[i]->msr.mtrr);
	vm->kernel_kind = entry.kind;
	return 0;
}

/* *count says how many have started. */
static int
start_vcpus(struct vm *vm, u32 *count)
{
	u32 vcpus = vm->vcpu_count;

	for (*count = 0; *count < vcpus; ++*count) {
		int err = vcpu_start(vm->vcpus[*count]);

		if (err != 0)
			return err;
	}
	return 0;
}

/* Those that have started end, and the last one of all releases the VM. */
static void
give_up(struct vm *vm, u32 not_started)
{
	endf(vm, VM_NO_RESTART, "not enough memory for a thread");
	__atomic_sub_fetch(&vm->live, not_started, __ATOMIC_SEQ_CST);
	wait_wake_all(&vm->changed);
	while (not_started-- > 0)
		vm_let_go(vm);
}

/* Of a VM that holds nothing, so that what is free is what it could have had. */
static void
say_no_memory(struct vm *vm)
{
	struct frame_stats s;

	frame_stats(&s);
	format(vm->reason, sizeof(vm->reason),
	       "it needs %lu MiB, and %lu MiB are free, the largest block of them %lu MiB: stop "
	       "another VM, or give it less",
	       vm->config->memory / MiB, s.free * PAGE_SIZE / MiB, s.largest * PAGE_SIZE / MiB);
}

/* Whether the machine has one that it may run on. */
static int
check_cpus(struct vm *vm)
{
	const struct vm_config *c = vm->config;

	for (u32 cpu = cpu_set_next(&c->cpus, 0); cpu < cpu_count();
	     cpu = cpu_set_next(&c->cpus, cpu + 1)) {
		if (READ_ONCE(cpu_get(cpu)->online))
			return 0;
	}
	format(vm->reason, sizeof(vm->reason),
	       "its cpus begin with CPU %u, and this machine has CPU 0 to %u",
	       cpu_set_next(&c->cpus, 0), cpu_count() - 1);
	return fail(-ERR_RANGE);
}

/* The VM is STOPPING, so nobody else touches it. On failure it holds nothing. */
static int
launch(struct vm *vm)
{
	struct vm_tables tables = {0};
	u32 vcpus = vm->config->vcpus, started;
	bool no_memory;
	int err;

	vm->start_begin = rdtsc();
	vm->start_ticks = 0;
	vm->stop_asked = false;
	vm->tsc_stepped = false;
	err = check_cpus(vm);
	if (err == 0)
		err = create(vm, &tables);
	no_memory = err == -ERR_NOMEM;
	if (err == 0)
		err = load(vm, &tables);
	if (err != 0) {
		release(vm);
		if (no_memory)
			say_no_memory(vm);
		set_state(vm, VM_STOPPED);
		return err;
	}
	vclock_resume(vm->clock);
	vm->clock_base = vclock_moment(vm->clock);
	vm->live = vm->holders = vcpus;
	set_state(vm, VM_RUNNING);
	err = start_vcpus(vm, &started);
	if (err != 0)
		give_up(vm, vcpus - started);
	return err;
}

int
vm_start_begin(struct vm *vm)
{
	u64 flags = spin_lock(&vm->lock);
	int err = 0;

	if (!virt_is_on())
		err = -ERR_NODEV;
	else if (vm->state == VM_DISABLED)
		err = -ERR_DENIED;
	else if (vm->state != VM_STOPPED)
		err = -ERR_BUSY;
	else
		vm->state = VM_STOPPING;
	if (err == 0) { /* why it is disabled, a VM says on */
		vm->reason[0] = '\0';
		vm->restart_count = 0;
	}
	spin_unlock(&vm->lock, flags);
	return err;
}

int
vm_start_end(struct vm *vm)
{
	return launch(vm);
}

void
vm_start_cancel(struct vm *vm)
{
	set_state(vm, VM_STOPPED);
}

int
vm_start(struct vm *vm)
{
	int err = vm_start_begin(vm);

	return err != 0 ? err : vm_start_end(vm);
}

/* Whether on-exit may start it once more; this time counts. */
static bool
may_restart(struct vm *vm)
{
	u64 *oldest = &vm->restarts_ns[vm->restart_count % VM_RESTARTS_MAX], now = clock_ns();

	if (vm->restart_count >= VM_RESTARTS_MAX && now - *oldest < VM_RESTARTS_NS)
		return false;
	*oldest = now;
	vm->restart_count++;
	return true;
}

/* With the lock held. */
static void
limit_restarts(struct vm *vm)
{
	size_t len = strlen(vm->reason);

	if (vm->restart != VM_RESTART_ON_EXIT || may_restart(vm))
		return;
	vm->restart = VM_NO_RESTART;
	format(vm->reason + len, sizeof(vm->reason) - len,
	       "; not started again, after %u restarts in %lu s", VM_RESTARTS_MAX,
	       VM_RESTARTS_NS / NS_PER_S);
}

/*
 * With the lock held. One that stops does so as fast as it can. But who starts again might do so
 * all the time: to scrub its memory and to load it is paid for by its share, unless a person waits.
 */
static void
set_pace(struct vm *vm)
{
	if (vm->restart == VM_NO_RESTART)
		return;
	vm->restarter = thread_current();
	thread_hurry(vm->restarter, false);
}

static void
start_again(struct vm *vm)
{
	u64 flags;
	int err = launch(vm);

	flags = spin_lock(&vm->lock);
	if (vm->restarter == thread_current()) /* the next life may have ended already */
		vm->restarter = NULL;
	spin_unlock(&vm->lock, flags);
	if (err != 0)
		log_warn("VM %s does not start again", vm->name);
}

static void
ended(struct vm *vm)
{
	enum vm_restart restart;
	u64 flags = spin_lock(&vm->lock);

	limit_restarts(vm);
	set_pace(vm);
	spin_unlock(&vm->lock, flags);
	log_info("VM %s: %s", vm->name, vm->reason);
	release(vm);
	flags = spin_lock(&vm->lock);
	restart = (enum vm_restart)vm->restart;
	if (restart == VM_NO_RESTART)
		vm->restarter = NULL;
	spin_unlock(&vm->lock, flags);
	if (restart == VM_NO_RESTART)
		set_state(vm, VM_STOPPED);
	else
		start_again(vm);
}

/*
 * Between two lives of a VM that restarts itself, for which somebody waits now; one that stops
 * anyway keeps its own reason.
 */
static void
forbid_restart(struct vm *vm, const char *why)
{
	u64 flags = spin_lock(&vm->lock);

	if (vm->restarter != NULL && vm->restarter->share != NULL)
		thread_hurry(vm->restarter, true);
	if (vm->state == VM_STOPPING && vm->restart != VM_NO_RESTART) {
		vm->restart = VM_NO_RESTART;
		copy_string(vm->reason, why, sizeof(vm->reason));
	}
	spin_unlock(&vm->lock, flags);
}

/* One that resets itself all the time may be anywhere on its way: until it has stopped. */
int
vm_stop_force(struct vm *vm)
{
	static const char why[] = "stopped by a person";

	if (vm->state == VM_STOPPED || vm->state == VM_DISABLED)
		return fail(-ERR_NOENT);
	while (READ_ONCE(vm->state) != VM_STOPPED) {
		endf(vm, VM_NO_RESTART, "%s", why);
		forbid_restart(vm, why);
		wait_event(&vm->changed, READ_ONCE(vm->state) != VM_STOPPING);
	}
	return 0;
}

/* Holds it for a look or a touch from outside. */
static bool
hold_alive(struct vm *vm)
{
	u64 flags = spin_lock(&vm->lock);
	bool alive = is_alive(vm);

	if (alive)
		hold(vm);
	spin_unlock(&vm->lock, flags);
	return alive;
}

static int
press(struct vm *vm, bool nmi)
{
	if (!hold_alive(vm))
		return fail(-ERR_NOENT);
	if (nmi)
		vm->platform->press_nmi(vm);
	else
		vm->platform->press_power(vm);
	vm_let_go(vm);
	return 0;
}

int
vm_press_power(struct vm *vm)
{
	return press(vm, false);
}

int
vm_send_nmi(struct vm *vm)
{
	return press(vm, true);
}

static bool
is_done(const struct vcpu_look *look)
{
	return __atomic_load_n(&look->done, __ATOMIC_SEQ_CST);
}

int
vm_look(struct vm *vm, u32 vcpu, void (*fn)(struct vcpu *v, void *arg), void *arg, u64 ns)
{
	struct vcpu_look look = {.fn = fn, .arg = arg};
	struct vcpu *v;
	int err = 0;

	if (vcpu >= vm->config->vcpus || !hold_alive(vm))
		return fail(-ERR_NOENT);
	v = vm->vcpus[vcpu];
	__atomic_store_n(&v->look, &look, __ATOMIC_SEQ_CST);
	vcpu_urge(v, REQUEST_LOOK);
	(void)wait_event_timeout(&vm->changed, is_done(&look) || !is_alive(vm), ns);
	if (__atomic_exchange_n(&v->look, NULL, __ATOMIC_SEQ_CST) == NULL)
		wait_event(&vm->changed, is_done(&look)); /* done, or just at it */
	else
		err = fail(is_alive(vm) ? -ERR_TIMEOUT : -ERR_NOENT); /* held: it can't be anew */
	vm_let_go(vm);
	return err;
}

int
vm_stop(struct vm *vm)
{
	u64 flags = spin_lock(&vm->lock);
	bool paused = vm->state == VM_PAUSED;

	if (vm->state == VM_RUNNING)
		vm->stop_asked = true;
	spin_unlock(&vm->lock, flags);
	return paused ? fail(-ERR_BUSY) : vm_press_power(vm);
}

bool
vm_wait_stopped(struct vm *vm, u64 ns)
{
	return wait_event_timeout(&vm->changed, READ_ONCE(vm->state) == VM_STOPPED, ns);
}

int
vm_reset(struct vm *vm)
{
	if (!is_alive(vm))
		return fail(-ERR_NOENT);
	endf(vm, VM_RESTART_AFTER_RESET, "reset by a person");
	return 0;
}

/* True: it was so, and is held. */
static bool
change_state(struct vm *vm, enum vm_state from, enum vm_state to)
{
	u64 flags = spin_lock(&vm->lock);
	bool was = vm->state == (u8)from;

	if (was) {
		hold(vm);
		vm->state = (u8)to;
	}
	spin_unlock(&vm->lock, flags);
	return was;
}

static bool
all_parked(const struct vm *vm)
{
	return READ_ONCE(vm->parked) == READ_ONCE(vm->live) || vm->state != VM_PAUSED;
}

/* The clock stops when the last vCPU does. */
int
vm_pause(struct vm *vm)
{
	if (!change_state(vm, VM_RUNNING, VM_PAUSED))
		return fail(-ERR_NOENT);
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vcpu_urge(vm->vcpus[i], REQUEST_PAUSE);
	wait_event(&vm->changed, all_parked(vm));
	vclock_pause(vm->clock);
	vm_let_go(vm);
	return 0;
}

int
vm_resume(struct vm *vm)
{
	u64 ticks;

	if (READ_ONCE(vm->state) == VM_RUNNING)
		return fail(-ERR_EXISTS);
	if (!change_state(vm, VM_PAUSED, VM_RUNNING))
		return fail(-ERR_NOENT);
	ticks = vclock_resume(vm->clock);
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		struct vcpu *v = vm->vcpus[i];

		v->hw.tsc_offset -= ticks;
		vcpu_request(v, REQUEST_CLOCK);
		__atomic_and_fetch(&v->requests, ~BIT32(REQUEST_PAUSE), __ATOMIC_SEQ_CST);
		thread_wake(v->thread);
	}
	vm_let_go(vm);
	return 0;
}

struct vm_console *
vm_console(struct vm *vm)
{
	return vm->console;
}

const char *
vm_kernel_kind(struct vm *vm)
{
	return vm->kernel_kind;
}
