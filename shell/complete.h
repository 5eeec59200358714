/* SPDX-License-Identifier: MIT */
/*
 * Completion of the word before the cursor: the first word is a command, the others what its row in
 * the table offers. Pure but for the commands' own lists.
 */
#pragma once

#include "lib/format.h"
#include "shell/edit.h"

struct completion {
	unsigned count;	   /* how many words fit */
	const char *first; /* one of them; until the next complete() */
	size_t common;	   /* so many bytes are the same in all of them */
	size_t typed;	   /* so many of these are there already */
};

/* Nothing fits when the line before the cursor ends within a quotation. */
struct completion complete(const char *line, size_t cursor);

/* The words that fit, in lines of at most 78 columns, each closed by \n. */
void complete_list(const char *line, size_t cursor, struct sink *out);
