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
/* All these: -ERR_NOENT when the VM is not running (and not paused, but for vm_pause()). */
__must_check int vm_stop_force(struct vm *vm); /* returns when it has stopped */
__must_check int vm_pause(struct vm *vm);
__must_check int vm_resume(struct vm *vm); /* -ERR_EXISTS: it runs, and is not paused */
__must_check int vm_reset(struct vm *vm);

/* As vm_stop_force() does, those too that are just starting. The caller sees to it that no VM can
 * be started any more: virt_is_on(). */
void vms_stop_all(void);

struct vm_console *vm_console(struct vm *vm);
/* How its kernel came in: load_entry.kind; NULL when it does not run. */
const char *vm_kernel_kind(struct vm *vm);
