/* SPDX-License-Identifier: MIT */
/* Little-endian numbers at checked places of files, for core/load*.c. */
#pragma once

#include "core/load.h"
#include "lib/string.h"

static inline u16
get16(const u8 *at)
{
	u16 value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline u32
get32(const u8 *at)
{
	u32 value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline u64
get64(const u8 *at)
{
	u64 value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline void
put16(u8 *at, u16 value)
{
	memcpy(at, &value, sizeof(value));
}

static inline void
put32(u8 *at, u32 value)
{
	memcpy(at, &value, sizeof(value));
}

static inline void
put64(u8 *at, u64 value)
{
	memcpy(at, &value, sizeof(value));
}

/* Are `len` bytes from `at` on within the file? Neither may wrap. */
static inline bool
file_has(const struct load_file *file, u64 at, u64 len)
{
	return at <= file->len && len <= file->len - at;
}

static inline const u8 *
file_at(const struct load_file *file, u64 at)
{
	return (const u8 *)file->bytes + at;
}
