/* SPDX-License-Identifier: MIT */
/* The PC that a VM gets: the device models of dev/, wired as on a PC, and their way to the vCPUs.
 */
#pragma once

#include "core/vm.h"

/* Once: the time of day at the hypervisor's start, and the emulator's way to the bus. */
void platform_init(u64 wall_seconds_at_start);

/* A vm_platform_maker. */
__must_check int platform_make(struct vm *vm, struct vm_tables *tables);
