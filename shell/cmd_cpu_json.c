/* SPDX-License-Identifier: MIT */
/* `cpu -j`: the same as one object. */
#include "shell/cmd_cpu_parts.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/tsc.h"
#include "shell/json.h"

static void
json_names(struct json *j, const char *key, const void *set, name_of name_at)
{
	const char *name;
	bool present;

	json_array(j, key);
	for (unsigned n = 0; (name = name_at(set, n, &present)) != NULL; n++) {
		if (present)
			json_text(j, NULL, name);
	}
	json_close(j);
}

static void
json_processor(struct json *j, const struct cpu_features *f)
{
	json_text(j, "vendor", f->vendor_id);
	json_text(j, "brand", f->brand);
	json_number(j, "family", f->family);
	json_number(j, "model", f->model);
	json_number(j, "stepping", f->stepping);
	json_number(j, "physical_bits", f->phys_bits);
	json_number(j, "virtual_bits", f->virt_bits);
	json_text(j, "hypervisor", f->hypervisor ? f->hypervisor_id : NULL);
	json_names(j, "features", f, cpu_part_feature);
}

static void
json_cpus(struct json *j)
{
	json_array(j, "cpus");
	for (u32 i = 0; i < cpu_count(); i++) {
		const struct cpu *cpu = cpu_get(i);

		json_object(j, NULL);
		json_number(j, "index", cpu->index);
		json_number(j, "apic_id", cpu->apic_id);
		json_text(j, "state", cpu_part_state(cpu));
		json_bool(j, "virtualization_on", cpu->virt_on);
		json_close(j);
	}
	json_close(j);
}

static void
json_clocks(struct json *j)
{
	json_text(j, "apic_mode", lapic_is_x2apic() ? "x2apic" : "xapic");
	json_text(j, "apic_timer", lapic_timer_name());
	json_text(j, "clock", clock_source_name());
	json_number(j, "tsc_khz", tsc_khz());
}

static void
json_virtualisation(struct json *j, const struct preflight_input *in)
{
	json_object(j, "virtualization");
	json_text(j, "kind",
		  in->virt->kind == VIRT_NONE ? NULL : cpu_part_virt_kind(in->virt->kind));
	json_bool(j, "usable", virt_caps_suffice(in->virt));
	json_bool(j, "firmware_off", in->virt->firmware_off);
	json_number(j, "guest_tags", in->virt->guest_tags);
	json_names(j, "capabilities", in->virt, cpu_part_virt);
	json_close(j);
}

static void
json_iommu(struct json *j, const struct iommu_info *iommu)
{
	json_object(j, "iommu");
	json_text(j, "kind", iommu->kind == IOMMU_NONE ? NULL : iommu_kind_name(iommu->kind));
	json_number(j, "units", iommu->units);
	json_number(j, "address_bits", iommu->caps.address_bits);
	json_number(j, "domains", iommu->caps.domains);
	json_names(j, "capabilities", &iommu->caps, cpu_part_iommu);
	json_close(j);
}

static void
json_missing(struct json *j, const struct preflight_input *in)
{
	const struct preflight_row *row;

	json_array(j, "missing");
	for (unsigned n = 0; (row = preflight_missing(in, n)) != NULL; n++) {
		json_object(j, NULL);
		json_text(j, "feature", row->feature);
		json_text(j, "lost", row->lost);
		json_text(j, "remedy", row->remedy);
		json_close(j);
	}
	json_close(j);
}

void
cpu_print_json(struct sink *out)
{
	struct preflight_input in = preflight_machine();
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_processor(&j, in.cpu);
	json_cpus(&j);
	json_clocks(&j);
	json_virtualisation(&j, &in);
	json_iommu(&j, in.iommu);
	json_missing(&j, &in);
	json_close(&j);
}
