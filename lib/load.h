/* SPDX-License-Identifier: MIT */
/* Numbers out of bytes that have no alignment: tables, tags. Little-endian, as the CPU is. */
#pragma once

#include "include/types.h"
#include "lib/string.h"

static inline u16
load16(const void *at)
{
	u16 v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline u32
load32(const void *at)
{
	u32 v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline u64
load64(const void *at)
{
	u64 v;

	memcpy(&v, at, sizeof(v));
	return v;
}
