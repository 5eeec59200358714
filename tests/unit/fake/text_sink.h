/* SPDX-License-Identifier: MIT */
/* A sink that keeps what is written, closed with NUL, for a test to compare. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "lib/format.h"

struct text_sink {
	struct sink sink;
	size_t len;
	char buf[256 * 1024];
};

static inline void
text_sink_put(struct sink *sink, const char *bytes, size_t len)
{
	struct text_sink *text = container_of(sink, struct text_sink, sink);

	if (len >= sizeof(text->buf) - text->len)
		abort();
	memcpy(text->buf + text->len, bytes, len);
	text->len += len;
	text->buf[text->len] = '\0';
}

static inline void
text_sink_clear(struct text_sink *text)
{
	text->sink.put = text_sink_put;
	text->len = 0;
	text->buf[0] = '\0';
}
