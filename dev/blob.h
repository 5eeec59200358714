/* SPDX-License-Identifier: MIT */
/*
 * A run of bytes that grows in a buffer of the caller's: firmware tables are put together in it.
 * What does not fit any more is dropped, and `overflow` stays set: look at it once, at the end.
 */
#pragma once

#include "include/types.h"

struct blob {
	u8 *at;
	size_t size, length;
	bool overflow;
};

void blob_init(struct blob *b, void *at, size_t size);
void blob_put(struct blob *b, const void *from, size_t length);
void blob_fill(struct blob *b, u8 byte, size_t count);
void blob_align(struct blob *b, size_t align); /* by zeros; a power of two */
void blob_put8(struct blob *b, u8 value);
void blob_put16(struct blob *b, u16 value); /* little-endian, as all */
void blob_put32(struct blob *b, u32 value);
void blob_put64(struct blob *b, u64 value);

/* Into what is there already; nothing happens beyond it. */
void blob_poke8(struct blob *b, size_t offset, u8 value);
void blob_poke16(struct blob *b, size_t offset, u16 value);
void blob_poke32(struct blob *b, size_t offset, u32 value);
void blob_poke64(struct blob *b, size_t offset, u64 value);

/* Sets the byte at `sum` so that all bytes of this range add up to 0. */
void blob_checksum(struct blob *b, size_t from, size_t length, size_t sum);
