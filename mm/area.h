/* SPDX-License-Identifier: MIT */
/*
 * Areas: the pieces of [MAP_BASE, MAP_BASE + MAP_SIZE) that are in use, sorted by address; below
 * and above each at least one page is in none. For mm/kmap.c only, under its lock (RANK_KMAP).
 */
#pragma once

#include "include/errors.h"
#include "include/list.h"
#include "include/types.h"

struct area {
	struct list link;
	u64 va, size;
	hpa_t pa;     /* what is mapped here */
	bool leaving; /* unmapped, but a TLB may still know it */
};

/*
 * Finds an address for area->size bytes of area->pa (both set), such that large pages fit where
 * the size allows them; the first one that is free. -ERR_NOMEM when no place is left.
 */
__must_check int area_place(struct area *area);

void area_remove(struct area *area);

/* The area that va is in; NULL when it is in none. */
struct area *area_around(u64 va);

void area_totals(u64 *count, u64 *bytes);
