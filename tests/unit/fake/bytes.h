/* SPDX-License-Identifier: MIT */
/*
 * Builds what firmware and boot loaders hand over, byte by byte, little-endian; and gives out
 * copies of exactly so many bytes that the sanitizer sees a read past their end.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "include/types.h"

enum { BYTES_MAX = 256 * 1024, BYTES_MARKS_MAX = 1024 };

struct bytes {
	size_t length;
	size_t marks[BYTES_MARKS_MAX]; /* where a part begins or ends, by rising offset */
	unsigned mark_count;
	u8 at[BYTES_MAX];
};

static inline void
put_copy(struct bytes *b, const void *from, size_t length)
{
	if (length > BYTES_MAX - b->length)
		abort();
	memcpy(b->at + b->length, from, length);
	b->length += length;
}

static inline void
put8(struct bytes *b, u8 v)
{
	put_copy(b, &v, sizeof(v));
}

static inline void
put16(struct bytes *b, u16 v)
{
	put_copy(b, &v, sizeof(v));
}

static inline void
put32(struct bytes *b, u32 v)
{
	put_copy(b, &v, sizeof(v));
}

static inline void
put64(struct bytes *b, u64 v)
{
	put_copy(b, &v, sizeof(v));
}

static inline void
put_zeros(struct bytes *b, size_t count)
{
	while (count-- > 0)
		put8(b, 0);
}

static inline void
poke32(struct bytes *b, size_t offset, u32 v)
{
	memcpy(b->at + offset, &v, sizeof(v));
}

/* Remembers that a part begins, and another ends, here. */
static inline void
put_mark(struct bytes *b)
{
	if (b->mark_count == BYTES_MARKS_MAX)
		abort();
	b->marks[b->mark_count++] = b->length;
}

static inline bool
is_mark(const struct bytes *b, size_t offset)
{
	for (unsigned i = 0; i < b->mark_count; i++) {
		if (b->marks[i] == offset)
			return true;
	}
	return false;
}

/* To be given to free(). */
static inline u8 *
exact_copy(const void *from, size_t length)
{
	u8 *copy = malloc(length > 0 ? length : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, from, length);
	return copy;
}
