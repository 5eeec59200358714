/* SPDX-License-Identifier: MIT */
/* What vm.c takes from vms.c: the files and the platform that VMs are made with. */
#pragma once

#include "core/load.h"
#include "core/vm.h"

/* Finds the VM's files, and loads them. Errors as load_guest(); -ERR_NOENT: a file is not there. */
__must_check int vms_load(struct vm *vm, const struct vm_tables *tables, struct load_entry *entry,
			  struct load_error *error);
__must_check int vms_make_platform(struct vm *vm, struct vm_tables *tables);
