/* SPDX-License-Identifier: MIT */
/* `cpu` for people: labels and sentences. */
#include "shell/cmd_cpu_parts.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/tsc.h"
#include "lib/string.h"

enum { TEXT_WIDTH = 64, LABEL_WIDTH = 16 };

/* The names that are there, in lines of some TEXT_WIDTH columns under each other. */
static void
print_names(struct sink *out, const void *set, name_of name_at)
{
	unsigned column = 0;
	const char *name;
	bool present;

	for (unsigned n = 0; (name = name_at(set, n, &present)) != NULL; n++) {
		if (!present)
			continue;
		if (column > TEXT_WIDTH) {
			sink_printf(out, "\n%*s", LABEL_WIDTH, "");
			column = 0;
		}
		sink_printf(out, column > 0 ? " %s" : "%s", name);
		column += (unsigned)strlen(name) + 1;
	}
	sink_printf(out, column > 0 ? "\n" : "none\n");
}

static void
print_label(struct sink *out, const char *label)
{
	sink_printf(out, "%-*s", LABEL_WIDTH, label);
}

static void
print_processor(struct sink *out, const struct cpu_features *f)
{
	print_label(out, "processor");
	sink_printf(out, "%s, %s\n", f->brand[0] != '\0' ? f->brand : "unnamed", f->vendor_id);
	print_label(out, "");
	sink_printf(out,
		    "family %#x, model %#x, stepping %u; %u physical and %u virtual address bits\n",
		    f->family, f->model, f->stepping, f->phys_bits, f->virt_bits);
	if (f->hypervisor) {
		print_label(out, "running under");
		sink_printf(out, "%s\n",
			    f->hypervisor_id[0] != '\0' ? f->hypervisor_id : "a hypervisor");
	}
	print_label(out, "features");
	print_names(out, f, cpu_part_feature);
}

static void
print_cpus(struct sink *out)
{
	for (u32 i = 0; i < cpu_count(); i++) {
		const struct cpu *cpu = cpu_get(i);

		print_label(out, i == 0 ? "CPUs" : "");
		sink_printf(out, "%u: APIC id %u, %s%s\n", cpu->index, cpu->apic_id,
			    cpu_part_state(cpu), cpu->virt_on ? ", virtualisation on" : "");
	}
}

static void
print_clocks(struct sink *out)
{
	print_label(out, "local APIC");
	sink_printf(out, "%s mode, timer %s\n", lapic_is_x2apic() ? "x2APIC" : "xAPIC",
		    lapic_timer_name());
	print_label(out, "clock");
	sink_printf(out, "%s; TSC at %lu.%03lu MHz\n", clock_source_name(), tsc_khz() / 1000,
		    tsc_khz() % 1000);
}

static void
print_virtualisation(struct sink *out, const struct preflight_input *in)
{
	char text[PREFLIGHT_SUMMARY];

	preflight_summary(in, text);
	print_label(out, "virtualisation");
	sink_printf(out, "%s\n", text);
	if (in->virt->kind != VIRT_NONE) {
		print_label(out, cpu_part_virt_kind(in->virt->kind));
		print_names(out, in->virt, cpu_part_virt);
	}
	if (in->iommu->kind != IOMMU_NONE) {
		print_label(out, iommu_kind_name(in->iommu->kind));
		sink_printf(out, "units: %u, domains: %u\n", in->iommu->units,
			    in->iommu->caps.domains);
		print_label(out, "");
		print_names(out, &in->iommu->caps, cpu_part_iommu);
	}
}

static void
print_missing(struct sink *out, const struct preflight_input *in)
{
	const struct preflight_row *row;

	print_label(out, "missing");
	if (preflight_missing(in, 0) == NULL)
		sink_printf(out, "nothing\n");
	for (unsigned n = 0; (row = preflight_missing(in, n)) != NULL; n++) {
		if (n > 0)
			print_label(out, "");
		sink_printf(out, "%s. %s\n", row->feature, row->lost);
		print_label(out, "");
		sink_printf(out, "%s\n", row->remedy);
	}
}

void
cpu_print(struct sink *out)
{
	struct preflight_input in = preflight_machine();

	print_processor(out, in.cpu);
	print_cpus(out);
	print_clocks(out);
	print_virtualisation(out, &in);
	print_missing(out, &in);
}
