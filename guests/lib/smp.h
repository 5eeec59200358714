/* SPDX-License-Identifier: MIT */
/* Other CPUs of a test guest: started one after the other through the local APIC. */
#pragma once

#include "include/types.h"

enum { CPUS_MAX = 16 }; /* start.asm has as many stacks */

/* Starts the CPU with this APIC id, which calls fn(index) and then halts for good. Waits until it
 * is there; false when it doesn't come within a second. index: 1 to CPUS_MAX - 1. */
bool smp_start(u32 index, u32 apic_id, void (*fn)(u32 index));

/* The index of the CPU that asks, by its stack: without an exit. */
u32 smp_index(void);
