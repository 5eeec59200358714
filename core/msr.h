/* SPDX-License-Identifier: MIT */
/*
 * What guests see of the model-specific registers: a table of ranges, each with what reads and what
 * writes it. What is in no range is a general protection fault, logged once per VM.
 *
 * FS_BASE, GS_BASE, KERNEL_GS_BASE, STAR, LSTAR, CSTAR, SFMASK and SYSENTER_* are here as well, for
 * a CPU that can't let the guest touch them by itself.
 */
#pragma once

#include "core/mtrr.h"
#include "include/errors.h"

struct vcpu;
struct row;

enum { MSR_MEMOS = 8 };

/* An MSR that was looked up, by its number modulo MSR_MEMOS. */
struct msr_memo {
	u32 msr;
	u8 reg;		       /* an enum vreg that is all that a read is about; 0: more */
	const struct row *row; /* msr.c's; NULL: none */
};

/* A vCPU's registers that no hardware keeps; its own thread's. Survives INIT. */
struct msr_state {
	struct msr_memo memos[MSR_MEMOS];
	u64 tsc_adjust;
	bool apic_off; /* IA32_APIC_BASE.EN is 0, for CPUID */
	struct mtrr_state mtrr;
};

enum { MSR_LOG_MAX = 32 };

/* The unknown MSRs that a VM's guest has been told of: only the first ones, as it may try all. */
struct msr_log {
	u32 count;	       /* atomic */
	u64 seen[MSR_LOG_MAX]; /* number << 1 | write, + 1 */
};

/* Reads what guests see of the machine's own MSRs; once, on the boot CPU. */
void msr_policy_init(void);

/* As after power-on. A guest that no firmware starts wants mtrr_set_as_firmware(), too. */
void msr_reset(struct vcpu *v);

/* RDMSR and WRMSR, on the vCPU's thread. -ERR_INVAL: a general protection fault, nothing changed.
 */
__must_check int msr_guest_read(struct vcpu *v, u32 msr, u64 *value);
__must_check int msr_guest_write(struct vcpu *v, u32 msr, u64 value);
