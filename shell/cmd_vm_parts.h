/* SPDX-License-Identifier: MIT */
/* What the commands about VMs have in common; for shell/cmd_vm*.c and cmd_console.c. */
#pragma once

#include "core/vms.h"
#include "shell/command.h"
#include "shell/json.h"

/* A VM's state and reason at one moment. */
struct vm_look {
	enum vm_state state;
	char reason[VM_REASON_MAX];
	u64 pages[3]; /* of 4 KiB, 2 MiB and 1 GiB; 0 while it doesn't run */
};

void vm_look_at(struct vm *vm, struct vm_look *look);

/* The VM of this name; NULL after an error that says which there are. */
struct vm *vm_named(const struct command_call *call, const char *name);

/* The n-th VM's name, for completion. */
const char *vm_name_at(unsigned n);

/* "256M" or "2G"; sizes are whole MiB. */
struct vm_size_text {
	char text[24];
};
struct vm_size_text vm_size_text(u64 bytes);

/* cmd_vm_cost.c: what its vCPUs have cost since they were made, and where they are. */
struct vm_cost {
	u64 cpu_ns, interrupts;
	u64 stolen_ns; /* it wanted a CPU, and others had it */
	u64 exits[EXIT_KINDS], ticks[EXIT_KINDS];
	/* Of one vCPU: */
	u32 cpu;
	const char *state;
};

/* In words. */
const char *vm_vcpu_state(const struct vcpu *v);
/* Adds a vCPU's; false when there is none of this index, or the VM does not run. */
bool vm_vcpu_cost(struct vm *vm, u32 index, struct vm_cost *cost);
/* That of all its vCPUs, in place of what was there; false when the VM does not run. */
bool vm_cost(struct vm *vm, struct vm_cost *cost);

/* cmd_vm_parts.c: for vm info. */
void vm_print_parts(struct sink *out, struct vm *vm);
void vm_json_parts(struct json *j, struct vm *vm);

/* cmd_vm_show.c. */
int vm_list(const struct command_call *call);
int vm_info(const struct command_call *call);
/* cmd_vm_dump.c. */
int vm_dump(const struct command_call *call);
/* cmd_vm_top.c. */
int vm_top(const struct command_call *call);
/* cmd_vm_stats.c. */
int vm_stats(const struct command_call *call);
/* cmd_vm_life.c. */
int vm_start_command(const struct command_call *call);
int vm_stop_command(const struct command_call *call);
int vm_pause_command(const struct command_call *call);
int vm_resume_command(const struct command_call *call);
int vm_reset_command(const struct command_call *call);
int vm_send_command(const struct command_call *call);
