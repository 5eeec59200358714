/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own map:
 *
 *    DIRECT_BASE   all RAM, readable and writable, never executable (the image's read-only
 *                  sections are read-only here too)
 *    MAP_BASE      what is mapped at run time: devices, firmware tables, stacks; a page that is not
 *                  mapped lies below and above each of them
 *    KERNEL_BASE   the image, each section as it should be
 *
 * and nothing else: neither page 0, nor the identity map that the boot began with.
 *
 * Any CPU, any context but interrupts and NMI: unmapping waits for the other CPUs' TLBs, outside
 * of the lock. Lock: RANK_KMAP.
 */
#pragma once

#include "mm/memmap.h"
#include "mm/pt.h"

/*
 * Builds the tables; the caller loads the root, which is below 4 GiB. image is the physical
 * address of what is at KERNEL_BASE. The map is kept, not copied. -ERR_NOMEM.
 */
__must_check int kmap_init(const struct memmap *map, hpa_t image, hpa_t *root);

/*
 * Maps a device's registers or memory, readable and writable, as PT_UC, PT_UC_MINUS or PT_WC;
 * neither address nor size need be aligned. -ERR_RANGE when it overlaps RAM, wraps, or is past the
 * CPU's physical addresses; -ERR_NOMEM.
 */
__must_check int kmap_device(hpa_t pa, u64 size, unsigned type, void **out);

/* Maps a table of the firmware, wherever it is, read-only and cached. Errors as kmap_device(). */
__must_check int kmap_table(hpa_t pa, u64 size, void **out);

/* Undoes kmap_device() or kmap_table(); any address in it will do. */
void kmap_unmap(const void *ptr);

/* A zeroed stack; *top is the address behind it, a multiple of 4096. -ERR_NOMEM. */
__must_check int kmap_stack(unsigned pages, void **top);
void kmap_stack_free(void *top);

/*
 * Maps one page of low memory to its own address, readable and executable, for the time that CPUs
 * start from it, or unmaps it again, which can't fail. -ERR_NOMEM; -ERR_EXISTS when it is mapped.
 */
__must_check int kmap_identity_low(hpa_t page, bool on);

enum { KMAP_LEVELS = 3 };

struct kmap_stats {
	u64 tables;		 /* pages */
	u64 direct[KMAP_LEVELS]; /* pages of 4 KiB, 2 MiB, 1 GiB in the direct map */
	u64 areas;		 /* devices, tables and stacks that are mapped now */
	u64 area_bytes;
};

void kmap_stats(struct kmap_stats *out);

/* The map that kmap_init() was given. */
const struct memmap *kmap_memmap(void);
