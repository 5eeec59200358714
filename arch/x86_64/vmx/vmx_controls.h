/* SPDX-License-Identifier: MIT */
/*
 * Which controls a VMCS gets on this machine: what we need, what we like to have, and what the CPU
 * insists on (SDM vol. 3, app. A). Pure.
 */
#pragma once

#include "include/types.h"

/* The five words of controls. */
enum vmx_word { VMX_PIN, VMX_PROC, VMX_PROC2, VMX_EXIT, VMX_ENTRY, VMX_WORDS };

/* Capability MSRs as read: the TRUE ones for four of the words; FIXED as A.7 and A.8 say. */
struct vmx_capabilities {
	u64 basic, misc, ept_vpid;
	u64 word[VMX_WORDS]; /* low half: must be 1, high half: may be 1 (A.3 to A.5) */
	u64 cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
};

struct vmx_controls {
	u32 word[VMX_WORDS];
	u16 timer_shift;      /* the preemption timer counts TSC >> this */
	u16 invept_type;      /* for one EPTP, if there is that: enum invalidation_type */
	u64 eptp_flags;	      /* all but the address */
	u64 cr0_on, cr4_on;   /* bits that are 1 in a guest's real register ... */
	u64 cr0_may, cr4_may; /* ... and those that may be */
	u32 apic_proc2;	      /* what it takes to carry out a guest's local APIC; 0: can't */
	u32 spin_proc2;	      /* PAUSE-loop exiting, if there is that */
};

_Static_assert(sizeof(struct vmx_controls) == 72, "no padding: compared by memcmp()");

/* NULL, or the name of what this CPU lacks. */
const char *vmx_controls_compute(const struct vmx_capabilities *cap, struct vmx_controls *out);

/* Reads this CPU's; VMX is there, with secondary controls and TRUE MSRs where `basic` says so. */
void vmx_capabilities_read(struct vmx_capabilities *cap);
