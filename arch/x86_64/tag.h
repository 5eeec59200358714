/* SPDX-License-Identifier: MIT */
/*
 * Tags by which a CPU's TLB tells guests apart: VPIDs and ASIDs. Each CPU hands out its own, in
 * turn; when it has none left, all are worthless at once and its TLB is flushed: a new generation.
 * So a guest loses its translations by taking a new tag. The first tag begins a generation, too:
 * whoever had the CPU before may have used the same. A pool is its CPU's; interrupts are off.
 */
#pragma once

#include "include/types.h"

struct tag_pool {
	u32 next, last; /* tags are 1 .. last */
	u64 generation; /* of tags: from 1, so that 0 is a tag's that was never given */
};

void tag_pool_init(struct tag_pool *pool, u32 last);

/* True when the CPU must first drop the translations of all tags. */
__must_check bool tag_take(struct tag_pool *pool, u32 *tag, u64 *generation);
