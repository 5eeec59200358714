/* SPDX-License-Identifier: MIT */
/*
 * A terminal that knows only what the line editor may send (printable bytes, CR, LF, BS, BEL): a
 * row that is wide enough, and a cursor. Anything else aborts.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/format.h"

enum { SCREEN_COLUMNS = 80 * 1024 };

struct screen {
	struct sink sink;
	size_t column, rows, bells;
	char row[SCREEN_COLUMNS]; /* blank where nothing was written */
};

static inline void
screen_put(struct sink *sink, const char *bytes, size_t len)
{
	struct screen *s = container_of(sink, struct screen, sink);

	for (size_t i = 0; i < len; i++) {
		char byte = bytes[i];

		if (byte == '\r') {
			s->column = 0;
		} else if (byte == '\n') {
			memset(s->row, ' ', sizeof(s->row));
			s->rows++;
		} else if (byte == '\a') {
			s->bells++;
		} else if (byte == '\b' && s->column > 0) {
			s->column--;
		} else if (byte >= ' ' && byte < 0x7f && s->column < SCREEN_COLUMNS) {
			s->row[s->column++] = byte;
		} else {
			fprintf(stderr, "the screen got %#x in column %zu\n", (unsigned char)byte,
				s->column);
			abort();
		}
	}
}

static inline void
screen_clear(struct screen *s)
{
	s->sink.put = screen_put;
	s->column = s->rows = s->bells = 0;
	memset(s->row, ' ', sizeof(s->row));
}

/* Whether the row shows this text from `column` on, and nothing behind it. */
static inline bool
screen_shows(const struct screen *s, size_t column, const char *text, size_t len)
{
	if (memcmp(s->row + column, text, len) != 0)
		return false;
	for (size_t at = column + len; at < SCREEN_COLUMNS; at++) {
		if (s->row[at] != ' ')
			return false;
	}
	return true;
}
