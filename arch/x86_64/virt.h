/* SPDX-License-Identifier: MIT */
/*
 * The door between the hypervisor and its two world switches, vmx/ and svm/: what the CPU offers,
 * in neutral terms, and one table of operations, chosen once at boot. Everything here is set by
 * virt_detect() on the boot CPU and read-only afterwards: no lock.
 */
#pragma once

#include "arch/x86_64/features.h"
#include "include/bits.h"
#include "include/errors.h"
#include "include/panic.h"
#include "lib/format.h"

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

	/* Not an ability: large pages of the nested tables must not be executable. */
	bool exec_by_4k;

	bool use_apic; /* the configuration's: the CPU may carry out guests' local APICs */
	/*
	 * Not an ability: a CPU that carries out an APIC delivers what waits in it also while the
	 * guest takes no interrupts, as soon as one comes for the host. So nothing may wait in it.
	 */
	bool apic_hasty;
};

/*
 * A guest's virtual CPU as a backend keeps it: the general registers, which the entry code saves
 * and loads, and behind `backend` all that is the backend's own. Between runs everything else of
 * the guest's state is reached by get/set and get_segment/set_segment. One thread at a time.
 */
enum vreg {
	VREG_RAX, /* the first 16 as instructions number them */
	VREG_RCX,
	VREG_RDX,
	VREG_RBX,
	VREG_RSP,
	VREG_RBP,
	VREG_RSI,
	VREG_RDI,
	VREG_R8,
	VREG_R15 = 15,
	VREG_RIP,
	VREG_RFLAGS,
	VREG_CR0, /* as the guest sees them */
	VREG_CR2,
	VREG_CR3,
	VREG_CR4,
	VREG_EFER,
	VREG_DR6,
	VREG_DR7,
	VREG_PAT,
	VREG_STAR,
	VREG_LSTAR,
	VREG_CSTAR,
	VREG_SFMASK,
	VREG_KERNEL_GS_BASE,
	VREG_SYSENTER_CS,
	VREG_SYSENTER_ESP,
	VREG_SYSENTER_EIP,
	VREG_TSC_AUX,
	/*
	 * The entries of a PAE guest's top-level table, which a VMX CPU keeps and an SVM CPU reads
	 * from memory each time. Who writes CR0, CR3 or CR4 in a guest's stead such that PAE
	 * paging is on afterwards (not long mode) sets them from the 32 bytes at CR3.
	 */
	VREG_PDPTE0,
	VREG_PDPTE3 = VREG_PDPTE0 + 3,
	VREG_INTERRUPT_SHADOW, /* 1: after STI or MOV SS, no interrupt before the next instruction
				*/
	VREGS
};

enum vseg {
	VSEG_ES, /* the first six as instructions number them */
	VSEG_CS,
	VSEG_SS,
	VSEG_DS,
	VSEG_FS,
	VSEG_GS,
	VSEG_LDTR,
	VSEG_TR,
	VSEG_GDTR, /* base and limit only */
	VSEG_IDTR,
	VSEGS
};

#define VSEG_LONG     BIT32(13)
#define VSEG_UNUSABLE BIT32(16)

/* attr: bits 7:0 type, S, DPL, P; 12 AVL, 13 L, 14 D/B, 15 G; 16 unusable (SDM table 25-2). */
struct vsegment {
	u16 selector;
	u32 attr;
	u32 limit; /* in bytes, whatever G says */
	u64 base;
};

enum event_kind { EVENT_NONE, EVENT_INTERRUPT, EVENT_NMI, EVENT_EXCEPTION, EVENT_SOFT_INTERRUPT };

/* What is delivered to a guest through its IDT. */
struct event {
	u8 kind; /* enum event_kind */
	u8 vector;
	u8 insn_len; /* EVENT_SOFT_INTERRUPT, and INT3 and INTO as exceptions: else 0 */
	bool has_error;
	u32 error;
};

/* Pages that a backend's vCPU lives in; the caller's, zeroed, below no limit. */
struct virt_page {
	void *ptr;
	hpa_t pa;
};

enum { VIRT_VCPU_PAGES = 4, VIRT_VM_PAGES = 6 }; /* what each backend needs at most */

/*
 * A guest's local APIC, where a backend can have the CPU carry it out as far as it is able to: in
 * place of exits it then answers reads from the registers' page, carries out TPR, EOI and
 * self-IPIs, and delivers what is requested in the page by itself. Who models the APIC fills this
 * between runs, and sets `changed`; the page is the CPU's while the guest runs.
 */
enum virt_apic_mode { VIRT_APIC_NONE, VIRT_APIC_XAPIC, VIRT_APIC_X2APIC };

#define VIRT_APIC_BASE 0xfee00000ul /* where the xAPIC's page can be */

struct virt_apic {
	u32 *page;   /* registers as in the xAPIC's page; NULL: there is no such thing here */
	bool x2apic; /* VIRT_APIC_X2APIC can be had; constant, as is page */
	bool changed;
	u8 mode;		  /* enum virt_apic_mode; NONE: all is emulated */
	u8 requested, in_service; /* the highest vectors of the page's IRR and ISR; 0: none */
	u64 eoi_exits[4];	  /* vectors whose EOI exits */
};

/* Whether anything is requested in the page: IRR, from 200h, a word each 16 bytes. */
static inline bool
virt_apic_requests(const struct virt_apic *a)
{
	u32 any = 0;

	for (unsigned n = 0; n < 8; n++)
		any |= a->page[0x80 + 4 * n];
	return any != 0;
}

#define VIRT_NO_CPU (~0u)

struct vcpu_hw {
	u64 gpr[16]; /* not RSP: get/set do that */
	u64 cr2;     /* of the guest, where the CPU does not switch it (VMX) */
	/*
	 * Where a register is in memory between runs: what get() answers is there to be read, but
	 * for EFER, where the hardware may want SVME. NULL: by get() alone. The general ones, RIP
	 * and RFLAGS may be written there, too.
	 */
	u64 *at[VREGS];
	const u64 *cs_word; /* changes whenever what CS is does; NULL: look at the segment */
	u64 dr[4];	    /* the guest's DR0 to DR3; sync() before a look or a change */
	u64 dr6;	    /* use get/set */
	u64 xcr0;	    /* the guest's; 1 at reset; sync() as for dr */
	void *xsave;	    /* its extended state, virt_xsave_size() bytes; sync() as for dr */
	u64 tsc_offset;	    /* guest TSC = host TSC + this */
	hpa_t second_level; /* root of EPT or NPT */
	u32 tag;	    /* VPID or ASID that it runs under now ... */
	u64 tag_generation; /* ... of this generation, on `cpu` */
	u32 cpu;	    /* where its state may still be; VIRT_NO_CPU: all is in memory */
	bool pause_exits;   /* the caller's note of spin() */
	bool flush;	    /* drop its translations before the next run */
	u64 tables_seen;    /* changes of the second-level tables, as of when `flush` was set ... */
	u64 tables_flushed; /* ... and as of when it was followed: by the backend */
	const u64 *tables_required; /* by the time of a run, at least: struct pt's `flushed` */
	struct virt_page pages[VIRT_VCPU_PAGES];
	const struct virt_page *vm_pages; /* shared by the VM's vCPUs: permission maps */
	u64 cr0_cache; /* CD and NW as the guest has set them; the hardware never does */
	u64 tsc_aux;   /* the guest's */
	struct virt_apic apic;
	u64 spec_ctrl; /* the guest's IA32_SPEC_CTRL */
	void *backend;
};

/* The backend has dropped what the CPU knew of this vCPU's translations. */
static inline void
virt_note_flush(struct vcpu_hw *hw)
{
	hw->tables_flushed = hw->tables_seen;
	hw->flush = false;
}

/*
 * The last thing before a run: neither emulator shows a missing flush, so this says that there was
 * one since the last change of the second-level tables that is done with.
 */
static inline void
virt_assert_flushed(const struct vcpu_hw *hw)
{
	ASSERT(hw->tables_flushed >= __atomic_load_n(hw->tables_required, __ATOMIC_ACQUIRE));
}

/* Why a guest stopped running, in neutral terms. */
enum exit_kind {
	EXIT_UNKNOWN,
	EXIT_HOST_INTERRUPT, /* the host's; taken as soon as interrupts are on again */
	EXIT_HOST_NMI,
	EXIT_TIMER,	 /* VMX-preemption timer */
	EXIT_IRQ_WINDOW, /* the guest can take an interrupt now */
	EXIT_NMI_WINDOW,
	EXIT_CPUID,
	EXIT_HLT,
	EXIT_PAUSE,
	EXIT_IO,
	EXIT_MSR,
	EXIT_CR,
	EXIT_MEMORY, /* second-level fault */
	EXIT_APIC,   /* a guest's local APIC that the CPU carries out wants us to do something */
	EXIT_EXCEPTION,
	EXIT_HYPERCALL, /* VMCALL, VMMCALL */
	EXIT_XSETBV,
	EXIT_WBINVD, /* and INVD */
	EXIT_RDPMC,
	EXIT_MWAIT,	       /* and MONITOR */
	EXIT_VIRT_INSTRUCTION, /* VMXON, VMRUN, INVEPT, ...: not for guests */
	EXIT_TASK_SWITCH,
	EXIT_SHUTDOWN, /* triple fault */
	EXIT_INVALID,  /* the CPU refuses the guest's state */
	EXIT_KINDS
};

struct exit_io {
	u16 port;
	u8 size; /* 1, 2, 4 */
	bool in, string, rep;
	u8 segment;   /* of OUTS, where the hardware says; else VSEGS */
	u8 addr_size; /* 2, 4, 8 for strings */
};

struct exit_memory {
	gpa_t gpa;
	bool read, write, fetch;
	bool walk;    /* the access was to the guest's own page tables */
	u8 bytes_len; /* of the instruction, from decode assists; 0: fetch it */
	u8 bytes[15];
};

struct exit_msr {
	bool write; /* the number is in RCX, the value in EDX:EAX */
};

enum cr_access {
	CR_WRITE,
	CR_READ,
	CR_CLTS,
	CR_LMSW,
	CR_SMSW, /* by decoding alone, which has stored it already: nothing is left to do */
};

struct exit_cr {
	u8 cr, reg; /* reg: an enum vreg for CR_WRITE and CR_READ; ~0: decode the instruction */
	u8 access;  /* enum cr_access */
	u16 lmsw;
};

struct exit_apic {
	bool eoi; /* done, of vector `what`; else a register's value was written to the page */
	u16 what; /* the register's offset */
};

struct exit_exception {
	u8 vector;
	u32 error;
	u64 address; /* of a page fault */
};

enum task_switch_source { TASK_CALL, TASK_IRET, TASK_JMP, TASK_IDT };

struct exit_invalid {
	const char *rule; /* that the guest's state breaks, in words; NULL: none that is known */
};

struct exit_task_switch {
	u16 selector;
	u8 source; /* enum task_switch_source */
};

struct exit {
	enum exit_kind kind;
	u8 insn_len;	  /* of the instruction that exited; 0: not told, decode it */
	bool shadow;	  /* the guest was in an interrupt shadow */
	struct event cut; /* was being delivered when the exit came: deliver it again */
	union {
		struct exit_io io;
		struct exit_memory memory;
		struct exit_msr msr;
		struct exit_cr cr;
		struct exit_apic apic;
		struct exit_exception exception;
		struct exit_task_switch task_switch;
		struct exit_invalid invalid;
	};
	u64 raw[3]; /* of EXIT_UNKNOWN and EXIT_INVALID, as the hardware said it, for the log */
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

	/*
	 * Fills the permission maps that all vCPUs of a VM share: every port and MSR exits but
	 * those that the guest may touch by itself (FS, GS, KERNEL_GS_BASE, STAR.., SYSENTER).
	 * Answers the page to be mapped at VIRT_APIC_BASE; 0: none.
	 */
	hpa_t (*vm_init)(const struct virt_page pages[VIRT_VM_PAGES]);
	/*
	 * Puts a vCPU whose struct is zero but for pages, vm_pages, xsave and second_level into
	 * the state after INIT (SDM vol. 3, table 10-1). Any CPU; nothing is left on this one.
	 */
	void (*vcpu_init)(struct vcpu_hw *hw);
	/* Lets go of a vCPU that runs no more: its pages may be freed. */
	void (*vcpu_fini)(struct vcpu_hw *hw);
	/*
	 * Runs the guest until its next exit. If another CPU still has it, it is fetched from
	 * there, which turns interrupts on for a while, and has not run: EXIT_HOST_INTERRUPT. On a
	 * CPU with virtualisation on, interrupts off; they are off again when it returns. The
	 * caller gives a vCPU to one CPU at a time.
	 */
	void (*run)(struct vcpu_hw *hw, struct exit *exit);
	u64 (*get)(struct vcpu_hw *hw, enum vreg reg);
	void (*set)(struct vcpu_hw *hw, enum vreg reg, u64 value);
	void (*get_segment)(struct vcpu_hw *hw, enum vseg seg, struct vsegment *out);
	void (*set_segment)(struct vcpu_hw *hw, enum vseg seg, const struct vsegment *in);
	/* Delivers an event with the next run; one a run. */
	void (*inject)(struct vcpu_hw *hw, const struct event *event);
	/* Whether to exit as soon as the guest can take an interrupt, or an NMI. */
	void (*window)(struct vcpu_hw *hw, bool interrupt, bool nmi);
	/*
	 * Whether a guest that spins exits: at a PAUSE, or where the CPU can tell, after some in a
	 * row.
	 */
	void (*spin)(struct vcpu_hw *hw, bool exits);
	/*
	 * Brings dr, xcr0 and xsave into memory from the registers of the CPU where it ran; they
	 * are loaded again with the next run. On that CPU, or with interrupts on.
	 */
	void (*sync)(struct vcpu_hw *hw);
	/* Prints the hardware's control state, for a person. */
	void (*dump)(struct vcpu_hw *hw, struct sink *out);
};

/* Looks at this machine; after features_detect() and flaws_detect(). */
void virt_detect(void);
/* Other than the CPU's flaws would have it; before a VM is started. */
void virt_set_exec_by_4k(bool on);
/* Uses at most so many VPIDs or ASIDs; before it is turned on. */
void virt_limit_tags(u32 most);
/* Whether the CPU may carry out guests' local APICs; before it is turned on. */
void virt_set_use_apic(bool on);
/* As if nothing were known against the CPU's APICs; before it is turned on. */
void virt_trust_apic(void);

/* NULL where this machine cannot run VMs; the preflight says why. */
const struct virt_ops *virt_ops(void);
const struct virt_caps *virt_caps(void);

/* Whether VMs can run with these abilities. Pure. */
bool virt_caps_suffice(const struct virt_caps *caps);

/* The n-th ability by its name, in *present whether caps has it; NULL after the last one. */
const char *virt_cap_name(const struct virt_caps *caps, unsigned n, bool *present);
