/* SPDX-License-Identifier: MIT */
/* What a VM's vCPUs have cost: their CPU time, their interrupts, and their exits by kind. */
#include "core/vcpu.h"
#include "lib/string.h"
#include "sched/thread.h"
#include "shell/cmd_vm_parts.h"

const char *
vm_vcpu_state(const struct vcpu *v)
{
	static const char *const names[] = {
		[VCPU_WAIT_FOR_STARTUP] = "waits for startup",
		[VCPU_RUNNING] = "running",
		[VCPU_HALTED] = "halted",
		[VCPU_STOPPED] = "stopped",
	};

	return names[READ_ONCE(v->state)];
}

static void
add_cost(struct vcpu *v, struct vm_cost *cost)
{
	cost->state = vm_vcpu_state(v);
	cost->interrupts += READ_ONCE(v->interrupts);
	if (v->thread != NULL) {
		struct thread_times times = thread_times(v->thread);

		cost->cpu = READ_ONCE(v->thread->cpu);
		cost->cpu_ns += times.run_ns;
		cost->stolen_ns += times.wait_ns;
	}
	for (unsigned kind = 0; kind < EXIT_KINDS; kind++) {
		cost->exits[kind] += READ_ONCE(v->exits[kind]);
		cost->ticks[kind] += READ_ONCE(v->exit_ticks[kind]);
	}
}

static bool
is_alive(const struct vm *vm)
{
	return vm->state == VM_RUNNING || vm->state == VM_PAUSED;
}

/* The lock keeps it there. */
bool
vm_vcpu_cost(struct vm *vm, u32 index, struct vm_cost *cost)
{
	u64 flags = spin_lock(&vm->lock);
	bool there = is_alive(vm) && index < vm->vcpu_count;

	if (there)
		add_cost(vm->vcpus[index], cost);
	spin_unlock(&vm->lock, flags);
	return there;
}

/* All under one lock: none of them goes before the sum is complete. */
bool
vm_cost(struct vm *vm, struct vm_cost *cost)
{
	u64 flags;
	u32 vcpus;

	memset(cost, 0, sizeof(*cost));
	flags = spin_lock(&vm->lock);
	vcpus = is_alive(vm) ? vm->vcpu_count : 0;
	for (u32 i = 0; i < vcpus; i++)
		add_cost(vm->vcpus[i], cost);
	spin_unlock(&vm->lock, flags);
	return vcpus > 0;
}
