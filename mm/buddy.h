/* SPDX-License-Identifier: MIT */
/*
 * The buddy allocator under mm/frame.c: free blocks of 2^order frames, aligned to their size, in
 * lists by area and order. A block's link lies in the block itself, so a clean block is all zero
 * but for that, and all zero again when it is taken from its list.
 *
 * Two free buddies become one block when both are clean or both are dirty: what has been scrubbed
 * is not scrubbed again for a neighbour's sake.
 *
 * For mm/frame.c only, under its lock (RANK_FRAMES). Frame numbers, not addresses.
 */
#pragma once

#include "mm/frame.h"
#include "mm/zone.h"

void buddy_reset(void);

/* Makes [first, first + pages) of a zone, whose bytes are FRAME_INSIDE, free. */
void buddy_release(struct zone *zone, u64 first, u64 pages, bool clean);

/* Finds free frames below limit, aligned to align frames; false when there are none. */
bool buddy_find(u64 pages, u64 align, u64 limit, u64 *first);

/* Finds at most so many dirty free frames, of the smallest dirty block; false when all are clean.
 */
bool buddy_find_dirty(u64 max, u64 *first, u64 *pages);

/* Makes free frames an allocation; answers whether all of them were clean. */
bool buddy_take(struct zone *zone, u64 first, u64 pages);

/* True when exactly these frames are one allocation. */
bool buddy_is_allocation(const struct zone *zone, u64 first, u64 pages);

/* From here on the frames are still nobody else's, but a second free of them is noticed. */
void buddy_begin_free(struct zone *zone, u64 first);

/* Makes the allocation's bytes FRAME_INSIDE, for buddy_release(). */
void buddy_forget(struct zone *zone, u64 first, u64 pages);

/* Adds up the free blocks. */
void buddy_stats(struct frame_stats *stats);
