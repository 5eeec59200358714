/* SPDX-License-Identifier: MIT */
/* What a VM's vCPUs have cost, for vm info: their CPU time, and their exits by kind. */
#include "arch/x86_64/time.h"
#include "core/vcpu.h"
#include "lib/string.h"
#include "sched/thread.h"
#include "shell/cmd_vm_parts.h"

struct cost {
	u64 cpu_ns;
	u64 exits[EXIT_KINDS], ticks[EXIT_KINDS];
};

static void
add_cost(const struct vcpu *v, struct cost *cost)
{
	cost->cpu_ns += v->thread != NULL ? thread_run_ns(v->thread) : 0;
	for (unsigned kind = 0; kind < EXIT_KINDS; kind++) {
		cost->exits[kind] += READ_ONCE(v->exits[kind]);
		cost->ticks[kind] += READ_ONCE(v->exit_ticks[kind]);
	}
}

/* Adds a vCPU's; false when there is none of this index. The lock keeps it there. */
static bool
vcpu_cost(struct vm *vm, u32 index, struct cost *cost)
{
	u64 flags = spin_lock(&vm->lock);
	bool there = (vm->state == VM_RUNNING || vm->state == VM_PAUSED) && index < vm->vcpu_count;

	if (there)
		add_cost(vm->vcpus[index], cost);
	spin_unlock(&vm->lock, flags);
	return there;
}

static void
print_exits(struct sink *out, const struct cost *cost)
{
	const char *before = "";

	sink_printf(out, "exits           ");
	for (unsigned kind = 0; kind < EXIT_KINDS; kind++) {
		if (cost->exits[kind] == 0)
			continue;
		sink_printf(out, "%s%lu %s", before, cost->exits[kind],
			    exit_name((enum exit_kind)kind));
		before = ", ";
	}
	sink_printf(out, "\n");
}

void
vm_print_cost(struct sink *out, struct vm *vm)
{
	struct cost cost = {0};
	u32 vcpus = 0;

	while (vcpu_cost(vm, vcpus, &cost))
		vcpus++;
	if (vcpus == 0)
		return;
	sink_printf(out, "CPU time        %lu.%03lu s\n", cost.cpu_ns / NS_PER_S,
		    cost.cpu_ns / NS_PER_MS % 1000);
	print_exits(out, &cost);
}

static void
json_exits(struct json *j, const struct cost *cost)
{
	json_array(j, "exits");
	for (unsigned kind = 0; kind < EXIT_KINDS; kind++) {
		if (cost->exits[kind] == 0)
			continue;
		json_object(j, NULL);
		json_text(j, "kind", exit_name((enum exit_kind)kind));
		json_number(j, "count", cost->exits[kind]);
		json_number(j, "ticks", cost->ticks[kind]);
		json_close(j);
	}
	json_close(j);
}

void
vm_json_cost(struct json *j, struct vm *vm)
{
	struct cost cost = {0};

	json_number(j, "now_ns", clock_ns());
	json_array(j, "cpus");
	for (u32 i = 0; vcpu_cost(vm, i, &cost); i++) {
		json_object(j, NULL);
		json_number(j, "cpu_ns", cost.cpu_ns);
		json_exits(j, &cost);
		json_close(j);
		cost = (struct cost){0};
	}
	json_close(j);
}
