/* SPDX-License-Identifier: MIT */
/*
 * Zones: the contiguous pieces of RAM that mm/frame.c manages, and what it knows of each frame, one
 * byte a frame. Blocks tile a zone without a gap: the byte of a block's first frame describes the
 * block, all other bytes are 0.
 *
 * No zone spans 1 MiB or 4 GiB, so that each lies in one area, and so do its blocks.
 *
 * For mm/buddy.c and mm/frame.c only. Zones are added at boot, by one CPU; RANK_FRAMES guards the
 * bytes.
 */
#pragma once

#include "mm/memmap.h"

enum frame_area { AREA_REAL_MODE, AREA_32BIT, AREA_HIGH, AREAS };

struct zone {
	u64 first, pages; /* frame numbers: addresses over PAGE_SIZE */
	enum frame_area area;
	u8 *state;
};

enum frame_kind {
	FRAME_INSIDE, /* of a block */
	FRAME_FREE,   /* a free block; the flag: it is clean */
	FRAME_FIRST,  /* an allocation, or its first block; the flag: it is being freed */
	FRAME_MORE,   /* a further block of an allocation */
};

/* What is known of a block, in its first frame's byte. */
struct block {
	enum frame_kind kind;
	bool clean; /* or the kind's flag */
	unsigned order;
};

void zones_reset(void);

/*
 * Adds the map's usable RAM in [from, to), with the bytes taken from its largest piece, all
 * FRAME_INSIDE. The pages of all new zones are added to *total, the pages that the bytes take
 * to *metadata. -ERR_NOMEM: no piece is large enough for the bytes, and nothing is added.
 */
__must_check int zones_add(const struct memmap *map, u64 from, u64 to, u64 *total, u64 *metadata);

unsigned zones_count(void);
struct zone *zone_at(unsigned index); /* by rising address */
struct zone *zone_of(u64 frame);      /* NULL: no RAM that we manage */

struct block block_get(const struct zone *zone, u64 frame);
void block_set(const struct zone *zone, u64 frame, struct block block);
