/* SPDX-License-Identifier: MIT */
/*
 * A virtual machine: its definition, which stays, and what it holds while it runs: memory, vCPUs,
 * and a platform of device models that dev/ puts on it through struct vm_platform. core/ is below
 * dev/ and emul/, and calls them by these functions alone.
 *
 * vm->lock (RANK_VM) guards the state; the rest is constant while the VM runs, or the vCPUs' own.
 */
#pragma once

#include "arch/x86_64/time.h"
#include "arch/x86_64/virt.h"
#include "core/guest_memory.h"
#include "core/msr.h"
#include "core/vclock.h"
#include "include/errors.h"
#include "include/list.h"
#include "lib/lock.h"
#include "sched/share.h"
#include "sched/wait.h"

enum { VM_NAME_MAX = 31, VM_VCPUS_MAX = 64, VM_REASON_MAX = 120 };

enum vm_state { VM_STOPPED, VM_RUNNING, VM_PAUSED, VM_STOPPING, VM_DISABLED };

struct vm;
struct vcpu;
struct vm_config;
struct vm_console;

enum pending {
	PENDING_NOTHING = -1, /* nor will it be, before somebody requests it */
	PENDING_LATER = -2,   /* something waits for a lower priority */
};

/* Where a device answers, for a person. */
struct vm_region {
	const char *device;
	bool port; /* else memory */
	u64 base, len;
	u32 irqs; /* of the device, a bit each: ISA interrupts; from 16, I/O APIC inputs */
};

/* Accesses to what nobody has; `partial` began or ended where somebody is. */
struct vm_unclaimed {
	u64 unclaimed, partial;
};

/* What dev/ gives a VM. Functions with a vcpu are called on its thread. */
struct vm_platform {
	/* Port I/O of 1, 2 or 4 bytes, of a value that has no other bits; answers what is read.
	 * Nobody there: all ones. */
	u32 (*io)(struct vcpu *v, u16 port, u8 size, bool write, u32 value);
	/* A string instruction's I/O, and a second-level fault at no RAM: answers an enum verdict,
	 * and fills in exit->insn_len where the hardware has not told it. */
	int (*io_string)(struct vcpu *v, struct exit *exit);
	int (*mmio)(struct vcpu *v, struct exit *exit);
	/* Bytes of the instruction at RIP; 0 with vcpu->fault set when it can't be fetched. */
	unsigned (*instruction_length)(struct vcpu *v);
	bool (*at_hlt)(struct vcpu *v); /* whether it is HLT; no fault if it can't be fetched */
	/* MSRs of the local APIC: x2APIC, APIC_BASE, TSC_DEADLINE. -ERR_NOENT: not one of them;
	 * -ERR_INVAL: #GP. */
	int (*msr)(struct vcpu *v, u32 msr, bool write, u64 *value);
	/* The vector that the vCPU should get now, or one of enum pending. Changes nothing. */
	int (*pending_interrupt)(struct vcpu *v);
	/* The same before each run where v->hw.apic.page is there: what the CPU delivers by itself
	 * is handed to it, and left out of the answer; which is never PENDING_NOTHING. */
	int (*lend_apic)(struct vcpu *v);
	/* EXIT_APIC */
	void (*apic_exit)(struct vcpu *v, const struct exit_apic *exit);
	/* It got it: the controller moves it from requested to in service. Answers the vector. */
	int (*take_interrupt)(struct vcpu *v);
	/* The local APIC's task priority as CR8 has it, 0 to 15. */
	u8 (*get_tpr)(struct vcpu *v);
	void (*set_tpr)(struct vcpu *v, u8 priority);
	/* For EXIT_CR without a register: what the instruction at RIP says. False: vcpu->fault, or
	 * that very instruction again. */
	bool (*decode_cr)(struct vcpu *v, struct exit_cr *cr);
	u64 (*wall_ns)(void); /* the time of day, as the VM's RTC begins with */
	/* The vCPU starts anew, after INIT. */
	void (*reset_vcpu)(struct vcpu *v);
	/* The buttons on its case, pressed and let go: ACPI's power button, and the pin LINT1 of
	 * every local APIC, where it is an NMI. Any thread that holds the VM. */
	void (*press_power)(struct vm *vm);
	void (*press_nmi)(struct vm *vm);
	/* The n-th of all regions; false after the last. With vm->lock held, while the VM is alive;
	 * so the next. */
	bool (*region)(const struct vm *vm, unsigned n, struct vm_region *out);
	struct vm_unclaimed (*unclaimed)(const struct vm *vm);
	/* Gives all of it back; the clock stands still, no vCPU runs. */
	void (*free)(struct vm *vm);
};

/* What a platform says to the loader. */
struct vm_tables {
	gpa_t rsdp;
	struct guest_range reserved[4]; /* beyond RAM, for the memory map; size 0: none */
};

/*
 * Puts the device models on a VM whose memory, clock and vCPUs are there: sets vm->platform. By
 * dev/, handed over at boot. Errors as of what it allocates.
 */
typedef int (*vm_platform_maker)(struct vm *vm, struct vm_tables *tables);

/* Whether a VM that ends starts again: as on-exit says, or because it was reset. */
enum vm_restart { VM_NO_RESTART, VM_RESTART_ON_EXIT, VM_RESTART_AFTER_RESET };

enum { VM_RESTARTS_MAX = 5 }; /* by on-exit in VM_RESTARTS_NS: then it stays stopped */
#define VM_RESTARTS_NS (60ul * 1000 * 1000 * 1000)

struct vm {
	char name[VM_NAME_MAX + 1];
	struct list link; /* in the list of all VMs */
	struct spinlock lock;
	u8 state;		    /* enum vm_state */
	char reason[VM_REASON_MAX]; /* why it stopped last, or is disabled */
	const struct vm_config *config;
	struct vm_console *console; /* stays while the VM is stopped */
	struct wait_queue changed;  /* its state, or that a vCPU has parked */
	u8 restart;		    /* enum vm_restart: after this stop; guarded by lock */
	bool stop_asked; /* by vm_stop(), since it was started: on-exit is not asked; the same */
	struct thread *restarter;	  /* who is about to start it again; guarded by lock */
	u64 restarts_ns[VM_RESTARTS_MAX]; /* when on-exit has started it again, ... */
	u32 restart_count;		  /* ... so often since a person did */
	struct msr_log unknown_msrs;
	u64 start_begin; /* TSC, when its start was asked for */
	u64 start_ticks; /* from then to the first vCPU's first entry; 0: not there yet */
	u64 start_tsc;	 /* what the guest's own TSC was then */

	/* While it runs: */
	const char *kernel_kind;
	u32 vcpu_count;
	u32 live;    /* vCPU threads that have not left; atomic */
	u32 holders; /* these, and who looks at its vCPUs; the last one to go frees them; atomic */
	u32 parked;  /* of those, how many stand still for a pause; atomic */
	hpa_t maps;  /* VIRT_VM_PAGES pages */
	struct virt_page map_pages[VIRT_VM_PAGES];
	struct guest_memory *memory;
	struct vclock *clock;
	struct share share;	  /* of the CPUs' time */
	struct moment clock_base; /* the clock and the TSC as of its start */
	bool tsc_stepped;	  /* a guest has set one of its TSCs: they may differ by now */
	struct vcpu *vcpus[VM_VCPUS_MAX];
	const struct vm_platform *platform;
	void *platform_data;
};

/* Whoever reads vm->state without the lock knows that it may change. */
const char *vm_state_name(enum vm_state state);

/* By a vCPU or a model: ends the VM; the first reason given is kept. Returns at once. */
void vm_stop_because(struct vm *vm, const char *fmt, ...) __printf_like(2, 3);

/* By a model or a handler: the guest resets its machine (8042, CF9, ACPI): it starts again. */
void vm_reset_because(struct vm *vm, const char *why);

/* By a vCPU thread that leaves, as its last act: the last one gives back all that the VM holds. */
void vm_let_go(struct vm *vm);
