/* SPDX-License-Identifier: MIT */
/*
 * What this machine's CPUs can do, by CPUID alone: never by trying an MSR. Taken once, on the boot
 * CPU, before anything else asks; read-only afterwards, so there is no lock.
 */
#pragma once

#include "arch/x86_64/cpuid.h"

enum cpu_vendor { CPU_VENDOR_OTHER, CPU_VENDOR_INTEL, CPU_VENDOR_AMD };

struct cpu_features {
	enum cpu_vendor vendor; /* Hygon counts as AMD */
	char vendor_id[13];	/* "GenuineIntel" */
	char brand[49];		/* without the blanks around it; "" when there is none */
	char hypervisor_id[13]; /* of the hypervisor that we run under, if any; else "" */
	u32 max_leaf, max_extended;
	u32 family, model, stepping; /* the display values, SDM vol. 2, CPUID, fig. 3-6 */
	u8 phys_bits, virt_bits;     /* widths of addresses */

	/* CPUID 15h: TSC = crystal_hz * numerator / denominator; 0 where not told. */
	u32 tsc_denominator, tsc_numerator, crystal_hz;
	u32 base_mhz; /* CPUID 16h, or 0 */

	/* One for each row of the table in features.c. */
	bool vmx, svm, x2apic, tsc_deadline, invariant_tsc, arat, rdtscp, tsc_adjust;
	bool nx, huge_pages, pcid, invpcid, smep, smap, umip, fsgsbase, mce;
	bool xsave, rdrand, rdseed, hypervisor;
};

/* Fills cpu_features(). Also lifts a firmware's limit on the leaves that CPUID shows. */
void features_detect(void);
const struct cpu_features *cpu_features(void);

/* The n-th feature by its name, in *present whether f has it; NULL after the last one. */
const char *cpu_feature_name(const struct cpu_features *f, unsigned n, bool *present);

/* Pure: decodes what read() answers. Never asks above the maximum leaf: emulators make that up. */
typedef struct cpuid_regs (*cpuid_reader)(u32 leaf, u32 subleaf);
void features_decode(struct cpu_features *f, cpuid_reader read);
