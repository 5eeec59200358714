/* SPDX-License-Identifier: MIT */
/*
 * The way in for a guest: what kind of kernel a file is, its place in guest memory, and the state
 * that its first instruction expects. Kernel images are hostile: every field is checked against the
 * file's length and the guest's RAM, every loop is bounded, and a file only ever writes to its own
 * guest's RAM.
 *
 * Owns nothing: files stay where they are and are only read, so VMs may share one, and a reset
 * loads again. On the thread that starts or resets a VM, none of whose vCPUs runs: no lock.
 */
#pragma once

#include "core/guest_memory.h"

struct vcpu;

enum { LOAD_ERROR_MAX = 160, LOAD_MODULES_MAX = 32, LOAD_RESERVED_MAX = 8, LOAD_GDT_SIZE = 48 };

/* A file in host memory. `name` is for people; no bytes: no such file. */
struct load_file {
	const char *name;
	const void *bytes;
	u64 len;
};

struct load_module {
	struct load_file file;
	const char *args; /* "" for none */
};

/* Types of guest-physical memory as e820, PVH and multiboot number them (ACPI 6.5, 15.1). */
enum load_memory_type { LOAD_RAM = 1, LOAD_RESERVED = 2, LOAD_ACPI = 3, LOAD_NVS = 4 };

struct load_reserved {
	u64 base, size;
	u32 type; /* enum load_memory_type */
};

struct load_request {
	struct guest_memory *memory;
	struct load_file kernel;
	struct load_file firmware; /* instead of a kernel */
	struct load_file initrd;
	const struct load_module *modules;
	u32 module_count;
	const char *cmdline; /* "" for none */
	/*
	 * The RSDP, already in guest memory, or 0; and what the memory map has to say beyond RAM:
	 * ACPI's tables where they are not in E0000h-FFFFFh (which is reserved in any case), ECAM.
	 */
	gpa_t rsdp;
	const struct load_reserved *reserved;
	u32 reserved_count; /* at most LOAD_RESERVED_MAX */
};

enum load_mode {
	LOAD_REAL,	  /* at the reset vector (SDM vol. 3, 10.1.4) */
	LOAD_PROTECTED32, /* flat segments, no paging */
	LOAD_LONG64,	  /* flat segments, identity-mapped below 4 GiB */
};

/* The boot vCPU's state; what is not named here is as after INIT, all other registers are 0. */
struct load_entry {
	u8 mode; /* enum load_mode */
	const char *kind;
	u64 rip, rax, rbx, rsi;
	gpa_t gdt; /* LOAD_PROTECTED32, LOAD_LONG64: LOAD_GDT_SIZE bytes in guest memory */
	gpa_t cr3; /* LOAD_LONG64 */
};

/* Kinds are "bzImage", "bzImage (32-bit)", "PVH", "multiboot", "multiboot2" and "firmware". */

/* Why a guest can't be loaded, as a sentence: "kernel vmlinuz: truncated: ...". */
struct load_error {
	char text[LOAD_ERROR_MAX + 1];
};

/*
 * Puts everything into guest memory. Memory need not be zero. -ERR_FORMAT: something is wrong with
 * a file; -ERR_NOMEM: the VM's memory is too small for it; error->text says what and where.
 */
__must_check int load_guest(const struct load_request *request, struct load_entry *entry,
			    struct load_error *error);

/* Gives a vCPU that is in the state after INIT the one to begin with. On its own thread, or before
 * it has one. */
void load_apply(struct vcpu *boot_vcpu, const struct load_entry *entry);
