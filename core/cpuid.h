/* SPDX-License-Identifier: MIT */
/*
 * What guests see of CPUID: the machine's own leaves, each register cut down to what a table in
 * cpuid_table.c allows, with the topology of the VM. The leaves are read once at boot: an exit only
 * looks them up. Read-only afterwards, so there is no lock.
 *
 * A VM is one package with a core for each vCPU, whose APIC ids are 0, 1, 2, ...
 */
#pragma once

#include "arch/x86_64/cpuid.h"
#include "arch/x86_64/features.h"

struct vcpu;

/* Reads the machine's leaves; once, on the boot CPU, after features_detect() and the TSC's check.
 */
void cpuid_policy_init(void);

/*
 * The same from what read() answers. xcr0: the components that guests may have; invariant_tsc:
 * whether they are to see that bit.
 */
void cpuid_policy_decode(const struct cpu_features *f, cpuid_reader read, u64 xcr0,
			 bool invariant_tsc);

/* What its place among the VM's vCPUs says: once all of them are there. */
void cpuid_init_vcpu(struct vcpu *v);

/* Family, model and stepping as guests see them: EAX of leaf 1. */
u32 cpuid_signature(void);

/* The vCPU's CPUID instruction, on its own thread. */
void cpuid_execute(struct vcpu *v);

/* What guests have of these, for the rules about CR4, EFER and XCR0. */
struct cpuid_offer {
	u64 cr4;  /* bits that may be set */
	u64 efer; /* bits that may be set */
	u64 xcr0; /* components */
	u8 phys_bits, virt_bits;
	bool rdtscp, intel;
};

const struct cpuid_offer *cpuid_offered(void);
