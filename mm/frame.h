/* SPDX-License-Identifier: MIT */
/*
 * Frames: all usable RAM, handed out by pages. A buddy allocator with orders from 4 KiB to 1 GiB
 * that also gives contiguous runs of any number of pages.
 *
 * Every frame handed out is zero. Who frees a frame has it scrubbed, so nobody ever sees what
 * another left; RAM from before the boot is scrubbed by CPUs that have nothing else to do, or when
 * it is first handed out. Low memory is kept for those who must have it: allocation goes from above
 * 4 GiB down.
 *
 * Any CPU, any context but NMI. Lock: RANK_FRAMES; memory is scrubbed outside of it. A free of
 * what is not allocated, or not in this size, panics.
 */
#pragma once

#include "mm/memmap.h"

enum {
	FRAME_ORDERS = 19, /* an order is log2 of a number of pages: 4 KiB << 18 is 1 GiB */
	FRAME_ORDER_2M = 9,
	FRAME_ORDER_1G = 18,
};

#define FRAME_ANYWHERE (~0ul)

/*
 * Takes over the map's usable RAM below 4 GiB, when early boot has mapped only that: from here on
 * frames can be had. Costs one byte a page, taken from that RAM, and touches nothing else.
 * -ERR_NOMEM when there is no usable RAM. The map has gone through memmap_finish().
 */
__must_check int frame_init(const struct memmap *map);

/* Takes over the rest, if any, from 4 GiB up, once the final direct map is loaded. -ERR_NOMEM. */
__must_check int frame_add(const struct memmap *map);

/* 2^order pages, aligned to their size. -ERR_NOMEM. */
__must_check int frame_alloc(unsigned order, hpa_t *out);

/*
 * Any number of contiguous pages from 1, at a multiple of align (bytes, a power of two from
 * PAGE_SIZE), all below limit (bytes: MiB for real mode, 4 * GiB for 32-bit DMA, or
 * FRAME_ANYWHERE). -ERR_NOMEM.
 */
__must_check int frame_alloc_range(u64 pages, u64 align, u64 limit, hpa_t *out);

/* Frees one whole allocation of so many pages, scrubbed. */
void frame_free(hpa_t pa, u64 pages);

/*
 * Scrubs a small piece of RAM that is still as the boot found it, for an idle CPU: interrupts are
 * off, for some microseconds. False, at once, when there is none left, or another CPU is at it.
 */
bool frame_scrub_some(void);

/* What all CPUs have scrubbed so far, in pages, and what that took, in TSC ticks. */
u64 frame_scrubbed(void);
u64 frame_scrub_ticks(void);

struct frame_stats {
	u64 total, free, used;	       /* pages; used includes the allocator's own */
	u64 clean;		       /* free pages that are scrubbed already */
	u64 metadata;		       /* pages */
	u64 largest;		       /* pages of the largest free block; 0 with none */
	u64 free_blocks[FRAME_ORDERS]; /* free blocks of each order */
};

void frame_stats(struct frame_stats *out);
