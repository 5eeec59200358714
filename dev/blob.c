/* SPDX-License-Identifier: MIT */
/* A run of bytes: see dev/blob.h. */
#include "dev/blob.h"

#include "lib/string.h"

void
blob_init(struct blob *b, void *at, size_t size)
{
	*b = (struct blob){.at = at, .size = size};
}

static bool
has_room(struct blob *b, size_t length)
{
	if (length > b->size - b->length)
		b->overflow = true;
	return !b->overflow;
}

void
blob_put(struct blob *b, const void *from, size_t length)
{
	if (!has_room(b, length))
		return;
	memcpy(b->at + b->length, from, length);
	b->length += length;
}

void
blob_fill(struct blob *b, u8 byte, size_t count)
{
	if (!has_room(b, count))
		return;
	memset(b->at + b->length, byte, count);
	b->length += count;
}

void
blob_align(struct blob *b, size_t align)
{
	blob_fill(b, 0, ALIGN_UP(b->length, align) - b->length);
}

void
blob_put8(struct blob *b, u8 value)
{
	blob_put(b, &value, sizeof(value));
}

void
blob_put16(struct blob *b, u16 value)
{
	blob_put(b, &value, sizeof(value));
}

void
blob_put32(struct blob *b, u32 value)
{
	blob_put(b, &value, sizeof(value));
}

void
blob_put64(struct blob *b, u64 value)
{
	blob_put(b, &value, sizeof(value));
}

static void
poke(struct blob *b, size_t offset, const void *from, size_t length)
{
	if (offset <= b->length && length <= b->length - offset)
		memcpy(b->at + offset, from, length);
}

void
blob_poke8(struct blob *b, size_t offset, u8 value)
{
	poke(b, offset, &value, sizeof(value));
}

void
blob_poke16(struct blob *b, size_t offset, u16 value)
{
	poke(b, offset, &value, sizeof(value));
}

void
blob_poke32(struct blob *b, size_t offset, u32 value)
{
	poke(b, offset, &value, sizeof(value));
}

void
blob_poke64(struct blob *b, size_t offset, u64 value)
{
	poke(b, offset, &value, sizeof(value));
}

void
blob_checksum(struct blob *b, size_t from, size_t length, size_t sum)
{
	u8 total = 0;

	if (b->overflow)
		return;
	blob_poke8(b, sum, 0);
	for (size_t i = 0; i < length; i++)
		total = (u8)(total + b->at[from + i]);
	blob_poke8(b, sum, (u8)(0u - total));
}
