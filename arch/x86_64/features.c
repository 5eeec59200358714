/* SPDX-License-Identifier: MIT */
/* From CPUID's leaves to struct cpu_features (SDM vol. 2, CPUID; APM vol. 3, app. E). */
#include "arch/x86_64/features.h"

#include "arch/x86_64/msr.h"
#include "lib/string.h"
#include "lib/text.h"

enum reg { EAX, EBX, ECX, EDX };

/* Every yes-or-no feature: its name for people, the field, and the bit that tells. */
static const struct flag {
	const char *name;
	u16 field;
	u8 reg, bit;
	u32 leaf;
} flags[] = {
#define FLAG(name, field, leaf, reg, bit)                                                          \
	{                                                                                          \
		name, offsetof(struct cpu_features, field), reg, bit, leaf                         \
	}
	FLAG("vmx", vmx, CPUID_VERSION, ECX, 5),
	FLAG("svm", svm, CPUID_EXT_FEATURES, ECX, 2),
	FLAG("x2apic", x2apic, CPUID_VERSION, ECX, 21),
	FLAG("tsc-deadline", tsc_deadline, CPUID_VERSION, ECX, 24),
	FLAG("invariant-tsc", invariant_tsc, CPUID_ADVANCED_POWER, EDX, 8),
	FLAG("arat", arat, CPUID_THERMAL_POWER, EAX, 2),
	FLAG("rdtscp", rdtscp, CPUID_EXT_FEATURES, EDX, 27),
	FLAG("tsc-adjust", tsc_adjust, CPUID_STRUCTURED, EBX, 1),
	FLAG("nx", nx, CPUID_EXT_FEATURES, EDX, 20),
	FLAG("1g-pages", huge_pages, CPUID_EXT_FEATURES, EDX, 26),
	FLAG("pcid", pcid, CPUID_VERSION, ECX, 17),
	FLAG("invpcid", invpcid, CPUID_STRUCTURED, EBX, 10),
	FLAG("smep", smep, CPUID_STRUCTURED, EBX, 7),
	FLAG("mce", mce, CPUID_VERSION, EDX, 7),
	FLAG("smap", smap, CPUID_STRUCTURED, EBX, 20),
	FLAG("umip", umip, CPUID_STRUCTURED, ECX, 2),
	FLAG("fsgsbase", fsgsbase, CPUID_STRUCTURED, EBX, 0),
	FLAG("xsave", xsave, CPUID_VERSION, ECX, 26),
	FLAG("rdrand", rdrand, CPUID_VERSION, ECX, 30),
	FLAG("rdseed", rdseed, CPUID_STRUCTURED, EBX, 18),
	FLAG("hypervisor", hypervisor, CPUID_VERSION, ECX, 31),
#undef FLAG
};

static struct cpu_features detected;

const struct cpu_features *
cpu_features(void)
{
	return &detected;
}

static bool *
flag_field(struct cpu_features *f, const struct flag *flag)
{
	return (bool *)(void *)((char *)f + flag->field);
}

/* A leaf above the maximum counts as all zeros. */
static struct cpuid_regs
leaf_of(const struct cpu_features *f, cpuid_reader read, u32 leaf)
{
	u32 max = leaf >= CPUID_EXT_MAX ? f->max_extended : f->max_leaf;

	return leaf <= max ? read(leaf, 0) : (struct cpuid_regs){0};
}

static u32
pick(const struct cpuid_regs *r, u8 reg)
{
	const u32 values[] = {[EAX] = r->eax, [EBX] = r->ebx, [ECX] = r->ecx, [EDX] = r->edx};

	return values[reg];
}

static void
decode_flags(struct cpu_features *f, cpuid_reader read)
{
	for (unsigned i = 0; i < ARRAY_SIZE(flags); i++) {
		struct cpuid_regs r = leaf_of(f, read, flags[i].leaf);

		*flag_field(f, &flags[i]) = (pick(&r, flags[i].reg) >> flags[i].bit & 1) != 0;
	}
}

static void
decode_vendor(struct cpu_features *f, cpuid_reader read)
{
	struct cpuid_regs r = read(CPUID_VENDOR, 0);

	f->max_leaf = r.eax;
	memcpy(f->vendor_id, &r.ebx, 4);
	memcpy(f->vendor_id + 4, &r.edx, 4);
	memcpy(f->vendor_id + 8, &r.ecx, 4);
	if (strcmp(f->vendor_id, "GenuineIntel") == 0)
		f->vendor = CPU_VENDOR_INTEL;
	else if (strcmp(f->vendor_id, "AuthenticAMD") == 0 ||
		 strcmp(f->vendor_id, "HygonGenuine") == 0)
		f->vendor = CPU_VENDOR_AMD;
	r = read(CPUID_EXT_MAX, 0);
	/* A CPU without extended leaves answers something else here. */
	f->max_extended = r.eax >> 16 == CPUID_EXT_MAX >> 16 ? r.eax : 0;
}

static void
decode_version(struct cpu_features *f, cpuid_reader read)
{
	u32 eax = leaf_of(f, read, CPUID_VERSION).eax;
	u32 family = eax >> 8 & 0xf, extended_model = eax >> 16 & 0xf;

	f->stepping = eax & 0xf;
	f->model = eax >> 4 & 0xf;
	if (family == 0xf || (family == 6 && f->vendor == CPU_VENDOR_INTEL))
		f->model |= extended_model << 4;
	f->family = family == 0xf ? family + (eax >> 20 & 0xff) : family;
}

/* Without the blanks that some CPUs pad it with on the left and others on the right. */
static void
decode_brand(struct cpu_features *f, cpuid_reader read)
{
	char raw[49] = "";
	char *first = raw;
	size_t len;

	for (u32 i = 0; i < 3; i++) {
		struct cpuid_regs r = leaf_of(f, read, CPUID_BRAND + i);

		memcpy(raw + i * sizeof(r), &r, sizeof(r));
	}
	while (*first == ' ')
		first++;
	copy_string(f->brand, first, sizeof(f->brand));
	for (len = strlen(f->brand); len > 0 && f->brand[len - 1] == ' '; len--)
		f->brand[len - 1] = '\0';
}

static void
decode_sizes(struct cpu_features *f, cpuid_reader read)
{
	u32 eax = leaf_of(f, read, CPUID_ADDRESS_SIZES).eax;

	/* The widths of the first 64-bit CPUs, which lack the leaf (SDM vol. 3, 4.1.4). */
	f->phys_bits = eax != 0 ? (u8)eax : 36;
	f->virt_bits = eax != 0 ? (u8)(eax >> 8) : 48;
}

static void
decode_clocks(struct cpu_features *f, cpuid_reader read)
{
	struct cpuid_regs r;

	/* Both leaves are Intel's; on AMD they are reserved. */
	if (f->vendor != CPU_VENDOR_INTEL)
		return;
	r = leaf_of(f, read, CPUID_TSC_RATIO);
	f->tsc_denominator = r.eax;
	f->tsc_numerator = r.ebx;
	f->crystal_hz = r.ecx;
	f->base_mhz = leaf_of(f, read, CPUID_FREQUENCY).eax & 0xffff;
}

void
features_decode(struct cpu_features *f, cpuid_reader read)
{
	*f = (struct cpu_features){0};
	decode_vendor(f, read);
	decode_version(f, read);
	decode_brand(f, read);
	decode_sizes(f, read);
	decode_clocks(f, read);
	decode_flags(f, read);
	if (f->hypervisor) {
		struct cpuid_regs r = read(CPUID_HYPERVISOR, 0);

		memcpy(f->hypervisor_id, &r.ebx, 12);
	}
}

void
features_detect(void)
{
	features_decode(&detected, cpuid);
	/* Firmware set for an operating system of the nineties hides all leaves above 3. */
	if (detected.vendor == CPU_VENDOR_INTEL && detected.max_leaf <= 3) {
		wrmsr(MSR_IA32_MISC_ENABLE, rdmsr(MSR_IA32_MISC_ENABLE) & ~MISC_ENABLE_LIMIT_CPUID);
		features_decode(&detected, cpuid);
	}
}

const char *
cpu_feature_name(const struct cpu_features *f, unsigned n, bool *present)
{
	if (n >= ARRAY_SIZE(flags))
		return NULL;
	*present = *(const bool *)(const void *)((const char *)f + flags[n].field);
	return flags[n].name;
}
