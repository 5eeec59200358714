/* SPDX-License-Identifier: MIT */
/*
 * The address space of the hypervisor, and its direct map: all RAM, readable and writable, never
 * executable, at DIRECT_BASE + physical address. The image is at KERNEL_BASE, wherever it was
 * loaded. The host-side tests put DIRECT_BASE where they have mapped a fake memory.
 */
#pragma once

#include "include/panic.h"
#include "include/types.h"

#ifndef DIRECT_BASE
#define DIRECT_BASE 0xffff800000000000ul
#endif
#define DIRECT_SIZE (64ul << 40)	 /* 64 TiB */
#define MAP_BASE    0xffffc00000000000ul /* mappings made at run time: devices, tables, stacks */
#define MAP_SIZE    (1ul << 40)
#define KERNEL_BASE 0xffffffff80000000ul

/* Only for RAM that is in the memory map: nothing else is in the direct map. */
static inline void *
hpa_to_ptr(hpa_t pa)
{
	ASSERT(pa.v < DIRECT_SIZE);
	return (void *)(DIRECT_BASE + pa.v);
}

/* The inverse, for pointers that hpa_to_ptr() made; not for the image, its data or stacks. */
static inline hpa_t
ptr_to_hpa(const void *ptr)
{
	u64 va = (u64)(uintptr_t)ptr;

	ASSERT(va >= DIRECT_BASE && va - DIRECT_BASE < DIRECT_SIZE);
	return HPA(va - DIRECT_BASE);
}
