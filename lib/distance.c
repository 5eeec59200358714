/* SPDX-License-Identifier: MIT */
/* Near misses, by the matrix of edit distances of which only three rows are kept. */
#include "lib/distance.h"

#include "lib/string.h"

struct row {
	u8 cost[DISTANCE_WORD_MAX + 1];
};

/* The cost of a's first i bytes against b's first j, from the two rows before and this one. */
static u8
cell(const char *a, const char *b, size_t i, size_t j, const struct row *before,
     const struct row *above, const struct row *here)
{
	unsigned replaced = above->cost[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u);
	unsigned best = MIN(MIN(above->cost[j], here->cost[j - 1]) + 1u, replaced);

	if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
		best = MIN(best, before->cost[j - 2] + 1u);
	return (u8)best;
}

unsigned
edit_distance(const char *a, const char *b)
{
	size_t rows = strnlen(a, DISTANCE_WORD_MAX + 1),
	       columns = strnlen(b, DISTANCE_WORD_MAX + 1);
	struct row row[3];

	if (rows > DISTANCE_WORD_MAX || columns > DISTANCE_WORD_MAX)
		return DISTANCE_WORD_MAX + 1;
	for (size_t j = 0; j <= columns; j++)
		row[0].cost[j] = (u8)j;
	for (size_t i = 1; i <= rows; i++) {
		struct row *here = &row[i % 3];

		here->cost[0] = (u8)i;
		for (size_t j = 1; j <= columns; j++)
			here->cost[j] =
				cell(a, b, i, j, &row[(i + 1) % 3], &row[(i + 2) % 3], here);
	}
	return row[rows % 3].cost[columns];
}

struct near_miss
near_miss_begin(const char *word)
{
	return (struct near_miss){.word = word, .distance = NEAR_MISS_MAX + 1};
}

void
near_miss_try(struct near_miss *m, const char *candidate)
{
	unsigned distance = edit_distance(m->word, candidate);

	if (distance < m->distance && distance * 2 <= strnlen(m->word, DISTANCE_WORD_MAX)) {
		m->best = candidate;
		m->distance = distance;
	}
}
