/* SPDX-License-Identifier: MIT */
/*
 * The door between the hypervisor and its two world switches, vmx/ and svm/: what the CPU offers,
 * in neutral terms, and one table of operations, chosen once at boot. Everything here is set by
 * virt_detect() on the boot CPU and read-only afterwards: no lock.
 */
#pragma once

#include "arch/x86_64/features.h"
#include "include/errors.h"

enum virt_kind { VIRT_NONE, VIRT_VMX, VIRT_SVM };

struct virt_caps {
	enum virt_kind kind; /* what the CPU has, also where firmware forbids it */
	bool firmware_off;   /* firmware has turned it off and locked that */
	u32 revision;	     /* of the VMCS or of SVM */
	u32 guest_tags;	     /* VPIDs or ASIDs for guests, 0: none, every switch flushes the TLB */

	/* One for each row of the table in virt.c. */
	bool nested_paging; /* EPT or NPT, with four levels */
	bool nested_2m, nested_1g;
	bool nested_ad;	       /* accessed and dirty flags in the nested tables */
	bool unrestricted;     /* guests in real mode and without paging */
	bool flush_by_tag;     /* INVVPID, or flush by ASID, for one guest alone */
	bool next_rip;	       /* the instruction's length comes with an exit */
	bool decode_assists;   /* the instruction's bytes come with an exit (SVM) */
	bool true_controls;    /* TRUE capability MSRs (VMX) */
	bool preemption_timer; /* an exit after some TSC ticks (VMX) */
	bool tsc_scaling;
	bool pause_exits; /* an exit from a spinning guest: PAUSE-loop exiting, pause filter */
	bool apic_registers, virtual_interrupts, posted_interrupts; /* APICv, AVIC */
	bool virtual_gif, clean_bits;				    /* SVM */
};

struct virt_ops {
	const char *name; /* "VMX" or "SVM" */
	/*
	 * Makes this CPU a host of guests. page, at pa, is a frame of zeros of its own, which stays
	 * the backend's until cpu_off(). Interrupts are off. -ERR_DENIED: firmware forbids it;
	 * -ERR_NODEV: this CPU lacks something; -ERR_IO: the CPU refused. On failure nothing is on.
	 */
	int (*cpu_on)(void *page, hpa_t pa);
	/*
	 * Ends it, so that INIT and a reset reach this CPU again. Harmless where it is not on;
	 * usable in a panic.
	 */
	void (*cpu_off)(void);
};

/* Looks at this machine; after features_detect(). */
void virt_detect(void);

/* NULL where this machine cannot run VMs; the preflight says why. */
const struct virt_ops *virt_ops(void);
const struct virt_caps *virt_caps(void);

/* Whether VMs can run with these abilities. Pure. */
bool virt_caps_suffice(const struct virt_caps *caps);

/* The n-th ability by its name, in *present whether caps has it; NULL after the last one. */
const char *virt_cap_name(const struct virt_caps *caps, unsigned n, bool *present);
