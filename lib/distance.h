/* SPDX-License-Identifier: MIT */
/*
 * Near misses: which word of a list somebody meant who typed another one. Pure.
 *
 *	struct near_miss m = near_miss_begin("memroy");
 *	for each known word:
 *		near_miss_try(&m, word);
 *	if (m.best != NULL) "did you mean <m.best>?"
 */
#pragma once

#include "include/types.h"

enum {
	DISTANCE_WORD_MAX = 63, /* a longer word is far from every other */
	NEAR_MISS_MAX = 2,	/* edits that still count as a slip of the fingers */
};

/*
 * How many bytes have to be inserted, removed or replaced to make b of a (Levenshtein). Two bytes
 * in the wrong order count as one edit, the usual slip. DISTANCE_WORD_MAX + 1 when one is longer.
 */
unsigned edit_distance(const char *a, const char *b);

struct near_miss {
	const char *word, *best; /* best: NULL as long as nothing is near */
	unsigned distance;
};

struct near_miss near_miss_begin(const char *word);

/* Of two that are equally near the first stays. Half of the word at least has to be right. */
void near_miss_try(struct near_miss *m, const char *candidate);
