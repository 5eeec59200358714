/* SPDX-License-Identifier: MIT */
/*
 * The lines that were typed, newest first: at most HISTORY_LINES, and no more than HISTORY_BYTES
 * together; the oldest make room. Pure; used by the shell's thread alone.
 */
#pragma once

#include "include/types.h"

enum { HISTORY_LINES = 64, HISTORY_BYTES = 8192 };

struct history {
	unsigned count;
	size_t used;
	char text[HISTORY_BYTES]; /* from the oldest line to the newest, each closed with NUL */
};

/* A line equal to the newest, without any word in it, or larger than all room is not kept. */
void history_add(struct history *h, const char *line);

/* The n-th line back, 0 for the newest; NULL when there are not so many. Valid until the next add.
 */
const char *history_line(const struct history *h, unsigned n);
