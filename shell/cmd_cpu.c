/* SPDX-License-Identifier: MIT */
/* cpu: the processors, their clock, and the preflight of virtualisation. */
#include "shell/cmd_cpu.h"

#include "shell/cmd_cpu_parts.h"

const char *
cpu_part_feature(const void *set, unsigned n, bool *present)
{
	return cpu_feature_name(set, n, present);
}

const char *
cpu_part_virt(const void *set, unsigned n, bool *present)
{
	return virt_cap_name(set, n, present);
}

const char *
cpu_part_iommu(const void *set, unsigned n, bool *present)
{
	return iommu_cap_name(set, n, present);
}

const char *
cpu_part_virt_kind(enum virt_kind kind)
{
	static const char *const names[] = {"none", "VMX", "SVM"};

	return names[kind];
}

const char *
cpu_part_state(const struct cpu *cpu)
{
	return cpu->online ? "online" : "offline";
}

static int
run(const struct command_call *call)
{
	if (call->json)
		cpu_print_json(call->out);
	else
		cpu_print(call->out);
	return 0;
}

const struct command cmd_cpu = {
	.name = "cpu",
	.usage = "",
	.summary = "processors, clock, and what virtualisation they offer",
	.details =
		"For what is missing it says what cannot be done without it, and where one turns\n"
		"it on.\n",
	.has_json = true,
	.run = run,
};
