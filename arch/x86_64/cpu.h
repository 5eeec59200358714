/* SPDX-License-Identifier: MIT */
/*
 * One CPU as the hypervisor sees it. GS points to the struct of the CPU that runs; the first two
 * members are read by assembly and by include/intrin.h. Index 0 is the boot CPU. Structs are added
 * during boot only, and never go away.
 */
#pragma once

#include "arch/x86_64/tag.h"
#include "include/limits.h"
#include "include/types.h"

/* In each CPU's GDT. */
enum { SELECTOR_CODE = 0x08, SELECTOR_DATA = 0x10, SELECTOR_TSS = 0x18 };

enum { IRQ_VECTORS = 256, GDT_ENTRIES = 6, IST_STACK_SIZE = 8192 };

/* SDM vol. 3, 8.7: the 64-bit task-state segment. */
struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 io_map_base;
} __packed;

_Static_assert(sizeof(struct tss) == 104, "SDM vol. 3, figure 8-11");
_Static_assert(offsetof(struct tss, ist) == 36, "SDM vol. 3, figure 8-11");

/* Of VMX. Its own, with interrupts off. */
struct vmx_cpu {
	struct vcpu_hw *current;  /* whose VMCS is */
	struct vcpu_hw *resident; /* whose registers are here */
	struct vcpu_hw *ready;	  /* who can be entered without a further look; also the former */
};

struct cpu {
	struct cpu *self; /* gs:0 */
	u32 index;	  /* gs:8 */
	u32 apic_id;
	bool online;
	u8 nmi_pin;	   /* the local APIC's LINT pin that NMIs come in by, 0 or 1; 2: none */
	bool need_resched; /* look at the run queue before going on; set with interrupts off */
	bool virt_on;	   /* in VMX root, or with EFER.SVME */
	hpa_t virt_page;   /* what that needs of memory; 0: none */
	u32 flush_wanted, flush_done; /* TLB flushes asked of it, and done */
	u64 stopped_rip;	      /* where a panic's NMI found it; 0: not stopped */
	s64 tsc_offset;		      /* to the boot CPU's, in ticks, as measured at its start */
	u64 irq_counts[IRQ_VECTORS];
	/*
	 * Of SVM: the vCPU whose debug registers, TSC_AUX, and x87 to AVX state are in this CPU's
	 * registers. Its own, with interrupts off.
	 */
	struct vcpu_hw *guest;
	struct tag_pool tags; /* ASIDs or VPIDs that it gives to guests; likewise */
	struct vmx_cpu vmx;
	struct cpu_call *call;	/* from another CPU, see smp.h */
	u32 calls;		/* that it has carried out */
	const void *last_guest; /* the vCPU that ran here: what branch predictors may know
				   (speculation.c); NULL: it has gone since */
	u64 gdt[GDT_ENTRIES];
	struct tss tss;
};

_Static_assert(offsetof(struct cpu, index) == 8, "include/intrin.h");

extern struct cpu boot_cpu;

static inline struct cpu *
this_cpu(void)
{
	struct cpu *cpu;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

/* CPUs that are up, or have been; indices are 0 .. cpu_count() - 1. */
u32 cpu_count(void);
struct cpu *cpu_get(u32 index);

/* Adds a CPU that is about to be started; the struct is zero but for what the caller knows. */
void cpu_add(struct cpu *cpu, u32 apic_id);

/*
 * The stacks are the tops of IST_STACK_SIZE bytes each, for NMI, #DF and #MC: those must work
 * whatever has become of the current stack (SDM vol. 3, 6.14.5).
 */
enum ist { IST_NMI = 1, IST_DOUBLE_FAULT, IST_MACHINE_CHECK, IST_COUNT };
void cpu_set_stacks(struct cpu *cpu, void *const stacks[IST_COUNT]);

/* This CPU's GDT, TSS and IDT, after cpu_set_stacks(). */
void cpu_load_tables(struct cpu *cpu);

/*
 * CR0, CR4 and EFER as we want them on every CPU: write protection, NX, and SMEP, SMAP and UMIP
 * where there are. Also XCR0 (xsave.h) and the PAT (paging.h).
 */
void cpu_protect(void);

/* Halts for good, interrupts off; an NMI is ignored. */
__noreturn void cpu_stop(void);
