/* SPDX-License-Identifier: MIT */
/* Entries of 4-level paging: SDM vol. 3, 4.5.4, tables 4-15 to 4-20. */
#include "mm/pt_x86.h"

#include "arch/x86_64/paging.h"
#include "include/bits.h"
#include "include/panic.h"

#define X86_P	      BIT(0)
#define X86_RW	      BIT(1)
#define X86_US	      BIT(2)
#define X86_PWT	      BIT(3)
#define X86_PCD	      BIT(4)
#define X86_PS	      BIT(7) /* from level 1 up: a leaf */
#define X86_PAT_4K    BIT(7)
#define X86_G	      BIT(8)
#define X86_PAT_LARGE BIT(12)
#define X86_XD	      BIT(63)
#define X86_ADDRESS   BITS(51, 12)

/* PAT, PCD and PWT together select an entry of the PAT (SDM vol. 3, table 12-11). */
static const u8 pat_index[] = {
	[PT_WB >> 8] = PAT_WB,
	[PT_WC >> 8] = PAT_WC,
	[PT_UC_MINUS >> 8] = PAT_UC_MINUS,
	[PT_UC >> 8] = PAT_UC,
};

static u64
pat_bit(unsigned level)
{
	return level == 0 ? X86_PAT_4K : X86_PAT_LARGE;
}

static u64
leaf(hpa_t pa, unsigned level, unsigned attr)
{
	unsigned pat = pat_index[FIELD_GET((u64)PT_TYPE, attr)];
	u64 entry = pa.v | X86_P;

	entry |= level > 0 ? X86_PS : 0;
	entry |= (attr & PT_WRITE) != 0 ? X86_RW : 0;
	entry |= (attr & PT_EXEC) != 0 ? 0 : X86_XD;
	entry |= (attr & PT_USER) != 0 ? X86_US : 0;
	entry |= (attr & PT_GLOBAL) != 0 ? X86_G : 0;
	entry |= (pat & 1) != 0 ? X86_PWT : 0;
	entry |= (pat & 2) != 0 ? X86_PCD : 0;
	entry |= (pat & 4) != 0 ? pat_bit(level) : 0;
	return entry;
}

/* The leaves decide: a table's entry allows everything. */
static u64
table(hpa_t pa, unsigned level __unused)
{
	return pa.v | X86_P | X86_RW | X86_US;
}

static enum pte_kind
kind(u64 entry, unsigned level)
{
	if ((entry & X86_P) == 0)
		return PTE_NONE;
	return level == 0 || (entry & X86_PS) != 0 ? PTE_LEAF : PTE_TABLE;
}

static hpa_t
address(u64 entry, unsigned level)
{
	u64 pa = entry & X86_ADDRESS;

	return HPA(kind(entry, level) == PTE_LEAF ? ALIGN_DOWN(pa, pt_page_size(level)) : pa);
}

static unsigned
type(u64 entry, unsigned level)
{
	unsigned pat = 0, i = 0;

	pat |= (entry & X86_PWT) != 0 ? 1 : 0;
	pat |= (entry & X86_PCD) != 0 ? 2 : 0;
	pat |= (entry & pat_bit(level)) != 0 ? 4 : 0;
	while (pat_index[i] != pat)
		ASSERT(++i < ARRAY_SIZE(pat_index));
	return (unsigned)FIELD_PREP((u64)PT_TYPE, i);
}

static unsigned
attr(u64 entry, unsigned level)
{
	unsigned a = PT_READ | type(entry, level);

	a |= (entry & X86_RW) != 0 ? PT_WRITE : 0;
	a |= (entry & X86_XD) == 0 ? PT_EXEC : 0;
	a |= (entry & X86_US) != 0 ? PT_USER : 0;
	a |= (entry & X86_G) != 0 ? PT_GLOBAL : 0;
	return a;
}

const struct pt_format pt_x86 = {
	.levels = 4,
	.canonical = true,
	.leaf = leaf,
	.table = table,
	.kind = kind,
	.address = address,
	.attr = attr,
};
