/* SPDX-License-Identifier: MIT */
/* What a VM that runs is made of, for vm info: its vCPUs with what they have cost, its devices. */
#include "shell/cmd_vm_parts.h"
#include "arch/x86_64/time.h"
#include "core/vcpu.h"
#include "include/bits.h"

enum { IRQS = 24 }; /* of the ISA bus, and from 16 the inputs of the I/O APIC */

static void
print_vcpus(struct sink *out, struct vm *vm)
{
	struct vm_cost cost = {0};
	char label[16];

	for (u32 i = 0; vm_vcpu_cost(vm, i, &cost); i++) {
		format(label, sizeof(label), "vCPU %u", i);
		sink_printf(out, "%-16son CPU %u, %s; %lu.%03lu s\n", label, cost.cpu, cost.state,
			    cost.cpu_ns / NS_PER_S, cost.cpu_ns / NS_PER_MS % 1000);
		cost = (struct vm_cost){0};
	}
}

static void
print_exits(struct sink *out, const struct vm_cost *cost)
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

/* False after the last. The lock keeps the platform there. */
static bool
region_at(struct vm *vm, unsigned n, struct vm_region *region)
{
	u64 flags = spin_lock(&vm->lock);
	bool alive = vm->state == VM_RUNNING || vm->state == VM_PAUSED;
	bool there = alive && vm->platform->region(vm, n, region);

	spin_unlock(&vm->lock, flags);
	return there;
}

static void
print_devices(struct sink *out, struct vm *vm)
{
	struct vm_region r;

	for (unsigned n = 0; region_at(vm, n, &r); n++) {
		const char *before = ", IRQ ";

		sink_printf(out, "%-16s%s %#lx-%#lx", r.device, r.port ? "ports" : "memory", r.base,
			    r.base + r.len - 1);
		for (unsigned irq = 0; irq < IRQS; irq++) {
			if ((r.irqs & BIT32(irq)) == 0)
				continue;
			sink_printf(out, "%s%u", before, irq);
			before = " and ";
		}
		sink_printf(out, "\n");
	}
}

void
vm_print_parts(struct sink *out, struct vm *vm)
{
	struct vm_cost cost;

	if (!vm_cost(vm, &cost))
		return;
	print_vcpus(out, vm);
	print_devices(out, vm);
	sink_printf(out, "CPU time        %lu.%03lu s\n", cost.cpu_ns / NS_PER_S,
		    cost.cpu_ns / NS_PER_MS % 1000);
	print_exits(out, &cost);
}

static void
json_exits(struct json *j, const struct vm_cost *cost)
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

static void
json_vcpus(struct json *j, struct vm *vm)
{
	struct vm_cost cost = {0};

	json_array(j, "cpus");
	for (u32 i = 0; vm_vcpu_cost(vm, i, &cost); i++) {
		json_object(j, NULL);
		json_number(j, "cpu", cost.cpu);
		json_text(j, "state", cost.state);
		json_number(j, "cpu_ns", cost.cpu_ns);
		json_number(j, "stolen_ns", cost.stolen_ns);
		json_exits(j, &cost);
		json_close(j);
		cost = (struct vm_cost){0};
	}
	json_close(j);
}

static void
json_device(struct json *j, const struct vm_region *r)
{
	json_object(j, NULL);
	json_text(j, "name", r->device);
	json_text(j, "space", r->port ? "ports" : "memory");
	json_number(j, "base", r->base);
	json_number(j, "length", r->len);
	json_array(j, "irqs");
	for (unsigned irq = 0; irq < IRQS; irq++) {
		if ((r->irqs & BIT32(irq)) != 0)
			json_number(j, NULL, irq);
	}
	json_close(j);
	json_close(j);
}

void
vm_json_parts(struct json *j, struct vm *vm)
{
	struct vm_region r;

	json_number(j, "now_ns", clock_ns());
	json_vcpus(j, vm);
	json_array(j, "devices");
	for (unsigned n = 0; region_at(vm, n, &r); n++)
		json_device(j, &r);
	json_close(j);
}
