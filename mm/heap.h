/* SPDX-License-Identifier: MIT */
/*
 * The heap: objects of up to 2016 bytes from slabs of equal objects, larger ones from frames.
 * Objects are zero and aligned to 16. Page tables, guest memory and all else that comes in pages
 * is taken from mm/frame.h instead.
 *
 * Any CPU, any context but NMI. Lock: RANK_HEAP. A second free of an object, a free of what is
 * none, and a write to an object after its free (noticed when it is handed out again) panic.
 */
#pragma once

#include "include/types.h"

/* NULL when there is no memory; size > 0. */
__must_check void *heap_alloc(size_t size);

/* NULL is no object, and no mistake. */
void heap_free(void *object);

struct heap_stats {
	u64 objects;
	u64 bytes; /* of the objects, each as large as its slab makes it */
	u64 pages; /* that slabs and large objects hold */
};

void heap_stats(struct heap_stats *out);
