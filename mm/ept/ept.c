/* SPDX-License-Identifier: MIT */
/* Entries of EPT: SDM vol. 3, 29.3.2, tables 29-1 to 29-7. */
#include "mm/ept/ept.h"

#include "include/bits.h"
#include "include/panic.h"

#define EPT_R	       BIT(0)
#define EPT_W	       BIT(1)
#define EPT_X	       BIT(2)
#define EPT_RWX	       (EPT_R | EPT_W | EPT_X)
#define EPT_TYPE       BITS(5, 3)
#define EPT_IGNORE_PAT BIT(6)
#define EPT_LARGE      BIT(7) /* from level 1 up: a leaf */
#define EPT_ADDRESS    BITS(51, 12)

/* Memory types, SDM vol. 3, table 12-2. */
enum { TYPE_UC = 0, TYPE_WC = 1, TYPE_WB = 6 };

static const u64 types[] = {
	[PT_WB >> 8] = FIELD_PREP(EPT_TYPE, TYPE_WB),
	[PT_WC >> 8] = FIELD_PREP(EPT_TYPE, TYPE_WC),
	[PT_UC_MINUS >> 8] = FIELD_PREP(EPT_TYPE, TYPE_UC),
	[PT_UC >> 8] = FIELD_PREP(EPT_TYPE, TYPE_UC) | EPT_IGNORE_PAT,
};

static u64
leaf(hpa_t pa, unsigned level, unsigned attr)
{
	u64 entry = pa.v | types[FIELD_GET((u64)PT_TYPE, attr)];

	/* A page that can be written and not read is a misconfiguration (29.3.3.1). */
	ASSERT((attr & PT_READ) != 0 || (attr & PT_WRITE) == 0);
	entry |= level > 0 ? EPT_LARGE : 0;
	entry |= (attr & PT_READ) != 0 ? EPT_R : 0;
	entry |= (attr & PT_WRITE) != 0 ? EPT_W : 0;
	entry |= (attr & PT_EXEC) != 0 ? EPT_X : 0;
	return entry;
}

/* The leaves decide: a table's entry allows everything. */
static u64
table(hpa_t pa, unsigned level __unused)
{
	return pa.v | EPT_RWX;
}

static enum pte_kind
kind(u64 entry, unsigned level)
{
	if ((entry & EPT_RWX) == 0)
		return PTE_NONE;
	return level == 0 || (entry & EPT_LARGE) != 0 ? PTE_LEAF : PTE_TABLE;
}

static hpa_t
address(u64 entry, unsigned level)
{
	u64 pa = entry & EPT_ADDRESS;

	return HPA(kind(entry, level) == PTE_LEAF ? ALIGN_DOWN(pa, pt_page_size(level)) : pa);
}

static unsigned
attr(u64 entry, unsigned level __unused)
{
	unsigned a = 0, type = 0;

	while (types[type] != (entry & (EPT_TYPE | EPT_IGNORE_PAT)))
		type++;
	a |= (unsigned)FIELD_PREP((u64)PT_TYPE, type);
	a |= (entry & EPT_R) != 0 ? PT_READ : 0;
	a |= (entry & EPT_W) != 0 ? PT_WRITE : 0;
	a |= (entry & EPT_X) != 0 ? PT_EXEC : 0;
	return a;
}

const struct pt_format pt_ept = {
	.levels = 4,
	.leaf = leaf,
	.table = table,
	.kind = kind,
	.address = address,
	.attr = attr,
};
