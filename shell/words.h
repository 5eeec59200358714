/* SPDX-License-Identifier: MIT */
/* Splits a command line into words. Pure. */
#pragma once

#include "include/types.h"

enum { WORDS_MAX = 18 }; /* a command's name, COMMAND_ARGS_MAX arguments, and -j */

struct words {
	unsigned count;
	const char *word[WORDS_MAX];
};

/*
 * Words stand between blanks; what is inside "..." belongs to its word with its blanks. Writes into
 * the line, which the words then point into. -ERR_FORMAT with an open quotation, -ERR_FULL with
 * more than WORDS_MAX words.
 */
__must_check int words_split(struct words *words, char *line);
