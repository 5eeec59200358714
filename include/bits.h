/* SPDX-License-Identifier: MIT */
/* Bits and fields of registers: a mask names a field, FIELD_GET and FIELD_PREP move its value. */
#pragma once

#include "include/types.h"

#define BIT(n)		      (1ul << (n))
#define BIT32(n)	      (1u << (n))
#define BITS(h, l)	      ((~0ul >> (63 - (h))) & (~0ul << (l))) /* from bit l to bit h, both included */

#define FIELD_SHIFT(mask)     ((unsigned)__builtin_ctzl(mask))
#define FIELD_GET(mask, reg)  (((u64)(reg) & (mask)) >> FIELD_SHIFT(mask))
#define FIELD_PREP(mask, val) (((u64)(val) << FIELD_SHIFT(mask)) & (mask))

/* The index of the highest bit that is set; x is not 0. */
static inline unsigned
high_bit(u64 x)
{
	return 63u - (unsigned)__builtin_clzl(x);
}

static inline bool
is_power_of_two(u64 x)
{
	return x != 0 && (x & (x - 1)) == 0;
}

/* value times a fixed-point factor that has 32 binary places. */
static inline u64
scale_32(u64 value, u64 factor)
{
	return (u64)(((unsigned __int128)value * factor) >> 32);
}
