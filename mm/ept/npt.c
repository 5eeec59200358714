/* SPDX-License-Identifier: MIT */
/* Nested entries are those of mm/pt_x86.c, all for user accesses: APM vol. 2, 15.25.5. */
#include "mm/ept/npt.h"

#include "mm/pt_x86.h"

static u64
leaf(hpa_t pa, unsigned level, unsigned attr)
{
	return pt_x86.leaf(pa, level, attr | PT_USER);
}

static u64
table(hpa_t pa, unsigned level)
{
	return pt_x86.table(pa, level);
}

static enum pte_kind
kind(u64 entry, unsigned level)
{
	return pt_x86.kind(entry, level);
}

static hpa_t
address(u64 entry, unsigned level)
{
	return pt_x86.address(entry, level);
}

static unsigned
attr(u64 entry, unsigned level)
{
	return pt_x86.attr(entry, level) & ~(unsigned)PT_USER;
}

const struct pt_format pt_npt = {
	.levels = 4,
	.leaf = leaf,
	.table = table,
	.kind = kind,
	.address = address,
	.attr = attr,
};
