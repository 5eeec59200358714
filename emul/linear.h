/* SPDX-License-Identifier: MIT */
/*
 * Where a memory operand is in the linear address space: base, index and displacement, and the
 * segment with its limit and type (SDM vol. 3, 3.3 and 5.3 to 5.5).
 */
#pragma once

#include "emul/emulation.h"

/* With 48-bit addresses: bits 63 to 47 are the same. */
static inline bool
linear_is_canonical(u64 linear)
{
	return (u64)((s64)(linear << 16) >> 16) == linear;
}

/* The offset that ModRM and SIB give, cut to the address size. */
u64 linear_offset(struct emulation *e);

/* Offset in the segment to linear; #GP or #SS when not every byte of it may be accessed so. */
enum verdict linear_address(struct emulation *e, enum vseg seg, u64 offset, unsigned size,
			    bool write, u64 *linear);
