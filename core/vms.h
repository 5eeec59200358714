/* SPDX-License-Identifier: MIT */
/*
 * All virtual machines by name, and what a person does with one. Any thread, no lock held.
 *
 * VMs are defined at boot and never go away, so the list needs no lock. vm->lock guards each VM's
 * state and reason, and that vm->memory stays while one looks at it.
 */
#pragma once

#include "core/config.h"
#include "core/vm.h"

struct vm_console;

/* A module of the boot loader's, in memory for good; bytes NULL: there is none of that name. */
struct vms_file {
	const void *bytes;
	u64 len;
};

/* Once, before the first vms_define(). */
void vms_init(vm_platform_maker maker, struct vms_file (*finder)(struct slice name));

/* -ERR_NOMEM. One with an error is there too, disabled, with that error as its reason. */
__must_check int vms_define(const struct vm_config *config);

struct vm *vm_find(const char *name); /* NULL: there is none */
struct vm *
vm_next(struct vm *vm); /* in the configuration's order; NULL: the first, and after the last */

/*
 * Returns once the guest runs. -ERR_BUSY: it is not stopped. -ERR_DENIED: it is disabled.
 * -ERR_NODEV: this machine can't run VMs. -ERR_NOMEM: not enough memory. For any other error
 * vm->reason has the sentence.
 */
__must_check int vm_start(struct vm *vm);
/*
 * The same in two steps: from the first on it is VM_STOPPING, and who wants to end it waits; the
 * second or vm_start_cancel(), by the same caller, has to follow.
 */
__must_check int vm_start_begin(struct vm *vm);
__must_check int vm_start_end(struct vm *vm);
void vm_start_cancel(struct vm *vm);
/* All these: -ERR_NOENT when the VM is not running (and not paused, but for vm_pause()). */
__must_check int vm_stop_force(struct vm *vm); /* returns when it has stopped */
/* Presses the power button; whenever the VM ends after that, it stays stopped. Returns at once.
 * -ERR_BUSY: it is paused. */
__must_check int vm_stop(struct vm *vm);
__must_check int vm_pause(struct vm *vm);
__must_check int vm_resume(struct vm *vm); /* -ERR_EXISTS: it runs, and is not paused */
__must_check int vm_reset(struct vm *vm);
/* The buttons alone; a paused guest sees them when it goes on. */
__must_check int vm_press_power(struct vm *vm);
__must_check int vm_send_nmi(struct vm *vm);

/*
 * Has a vCPU's own thread call fn(): between two exits, asleep or paused, its registers stand still
 * then. Returns when it has. -ERR_NOENT: it is not alive, or there is no such vCPU; -ERR_TIMEOUT:
 * the thread did not come to it, and will not any more. One caller at a time.
 */
__must_check int vm_look(struct vm *vm, u32 vcpu, void (*fn)(struct vcpu *v, void *arg), void *arg,
			 u64 ns);

/* Waits at most so long; answers whether it is stopped. */
bool vm_wait_stopped(struct vm *vm, u64 ns);

/* As vm_stop_force() does, those too that are just starting. The caller sees to it that no VM can
 * be started any more: virt_is_on(). */
void vms_stop_all(void);

struct vm_console *vm_console(struct vm *vm);
/* How its kernel came in: load_entry.kind; NULL when it does not run. */
const char *vm_kernel_kind(struct vm *vm);
