/* SPDX-License-Identifier: MIT */
/*
 * What this CPU leaks or trips over, as it says itself by CPUID and IA32_ARCH_CAPABILITIES, and
 * what therefore is done around the runs of guests (docs/security.md). Decided once, on the boot
 * CPU, and read-only afterwards: no lock. No MSR is tried: an emulator answers zeros, hardware
 * faults.
 */
#pragma once

#include "arch/x86_64/features.h"

/* The registers as read; zeros for those that the CPU does not have. */
struct flaws_raw {
	enum cpu_vendor vendor;
	u32 family, model;
	struct cpuid_regs structured;	/* leaf 7 */
	struct cpuid_regs structured_2; /* its subleaf 2 */
	struct cpuid_regs sizes;	/* leaf 80000008h */
	struct cpuid_regs extended_2;	/* leaf 80000021h */
	u64 arch_capabilities;		/* MSR 10Ah */
	bool takes_sbpb; /* AMD: IA32_PRED_CMD accepts SBPB, which CPUID may not say */
};

struct flaws {
	bool exec_by_4k; /* executable large pages may hang the machine: CVE-2018-12207 */
	bool barrier;	 /* there is IBPB, for when a CPU turns to another VM */
	bool l1d_flush;	 /* the L1 data cache is to be flushed before each entry: CVE-2018-3646 */
	bool clear_buffers; /* VERW before each entry: MDS, TAA, MMIO stale data, RFDS, TSA */
	bool any;	    /* something is to be done at entries, or may be */
	bool type_barrier;  /* IA32_PRED_CMD has SBPB, and its IBPB covers branch types (SRSO) */
	u64 spec_ctrl;	    /* bits that IA32_SPEC_CTRL has; 0: it is not there */
	u64 host_spec_ctrl; /* what the hypervisor runs with */
	u64 predictor_commands, flush_commands; /* bits of IA32_PRED_CMD and IA32_FLUSH_CMD */
	u64 arch_capabilities;			/* as guests see them */
};

void flaws_detect(void);

extern struct flaws flaws_detected; /* by flaws_detect(); cpu_flaws() is for looking */

static inline const struct flaws *
cpu_flaws(void)
{
	return &flaws_detected;
}

void flaws_decode(struct flaws *f, const struct flaws_raw *raw); /* pure */
