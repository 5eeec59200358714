/* SPDX-License-Identifier: MIT */
/*
 * The syntax of ashlar.conf: lines `[kind]`, `[kind name]` and `key = value`. Pure: it owns
 * nothing, allocates nothing, and calls the visitor for line after line. What the words mean is for
 * the visitor to say (core/config.h).
 *
 * A value is the rest of its line without the blanks around it. `#` begins a comment at the start
 * of a line or after a blank, unless inside "..."; the quotes stay part of the value. A CR before
 * the end of a line is no part of it.
 */
#pragma once

#include "lib/text.h"

enum { INI_LINE_MAX = 4096 /* bytes, without the end of the line */ };

/* Lines count from 1. The slices point into the text that is parsed. */
struct ini_visitor {
	/*
	 * Each line that begins with `[`, also after an error() for it: the keys that follow are
	 * not the section's before. The kind is empty when it could not be told; the name when
	 * there is none.
	 */
	void (*section)(struct ini_visitor *v, u32 line, struct slice kind, struct slice name);
	void (*key)(struct ini_visitor *v, u32 line, struct slice key, struct slice value);
	void (*error)(struct ini_visitor *v, u32 line, const char *text);
};

void ini_parse(const char *text, size_t len, struct ini_visitor *v);
