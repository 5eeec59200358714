/* SPDX-License-Identifier: MIT */
/* The walker's operations on ranges: each checks all, splits at the ends, and then can't fail. */
#include "mm/pt.h"

#include "include/bits.h"
#include "include/panic.h"
#include "mm/frame.h"
#include "mm/pt_table.h"

#define PA_END BIT(52) /* of the physical addresses that any format can hold */

int
pt_init(struct pt *pt, const struct pt_format *format, unsigned leaf_max,
	void (*flush)(struct pt *pt, u64 first, u64 last))
{
	*pt = (struct pt){.format = format,
			  .leaf_max = leaf_max,
			  .exec_max = leaf_max,
			  .flush = flush};
	ASSERT(format->levels <= PT_LEVELS_MAX && leaf_max < format->levels);
	return pt_new_table(pt, &pt->root);
}

void
pt_fini(struct pt *pt)
{
	pt_assert_flushed(pt);
	pt_free_tables(pt, pt->root, pt->format->levels - 1u);
	pt_free_spares(pt);
	*pt = (struct pt){0};
}

void
pt_flush(struct pt *pt, struct pt_flush *flush)
{
	if (!flush->pending)
		return;
	pt->flush(pt, flush->first, flush->last);
	ASSERT(pt->is_flushed == NULL || pt->is_flushed(pt, flush->changes));
	__atomic_store_n(&pt->flushed, flush->changes, __ATOMIC_RELEASE);
	pt_free_retired(pt, flush);
	*flush = (struct pt_flush){0};
	__atomic_fetch_sub(&pt->unflushed, 1, __ATOMIC_RELAXED);
}

void
pt_assert_flushed(const struct pt *pt)
{
	ASSERT(__atomic_load_n(&pt->unflushed, __ATOMIC_RELAXED) == 0);
}

/* The input address without its sign, which lies in one of two halves: 0 and all ones. */
static bool
in_space(const struct pt *pt, u64 va)
{
	unsigned bits = PAGE_SHIFT + 9u * pt->format->levels;

	if (!pt->format->canonical)
		return va >> bits == 0;
	return va >> (bits - 1) == 0 || ~va >> (bits - 1) == 0;
}

static int
check_range(const struct pt *pt, u64 va, u64 size)
{
	u64 last = va + size - 1;

	if (size == 0 || !IS_ALIGNED(va | size, PAGE_SIZE))
		return fail(-ERR_INVAL);
	/* Both ends in the space, and in the same half of it. */
	if (last < va || !in_space(pt, va) || !in_space(pt, last) || (va ^ last) >> 63 != 0)
		return fail(-ERR_RANGE);
	return 0;
}

/* True when every page of the range is of this kind. */
static bool
is_all(const struct pt *pt, u64 va, u64 last, enum pte_kind kind)
{
	for (;;) {
		struct pt_path path = pt_walk(pt, va);
		u64 end = va | (pt_page_size(path.level) - 1);

		if (path.kind != kind)
			return false;
		if (end >= last)
			return true;
		va = end + 1;
	}
}

/* The level of the largest page that may begin at va and pa and is not larger than the rest. */
static unsigned
level_for(const struct pt *pt, u64 va, u64 pa, u64 rest, unsigned attr)
{
	unsigned level = pt_leaf_max(pt, attr);

	while (level > 0 &&
	       (!IS_ALIGNED(va | pa, pt_page_size(level)) || pt_page_size(level) > rest))
		level--;
	return level;
}

static int
map_page(struct pt *pt, u64 va, u64 pa, unsigned level, unsigned attr)
{
	struct pt_path path = pt_walk(pt, va);

	ASSERT(path.kind == PTE_NONE && path.level >= level);
	while (path.level > level) {
		int err = pt_grow(pt, path.entry[path.level], path.level);

		if (err != 0)
			return err;
		path = pt_walk(pt, va);
	}
	pt_set_leaf(pt, path.entry[level], level, HPA(pa), attr);
	return 0;
}

/* True when va, the last byte of a page, is also the last of the table that has its entry. */
static bool
ends_table(u64 va, unsigned level)
{
	return IS_ALIGNED(va + 1, pt_page_size(level + 1));
}

/* Clears the leaves in a range at whose ends none has to be split. */
static void
clear_range(struct pt *pt, u64 va, u64 last, struct pt_flush *flush)
{
	for (;;) {
		struct pt_path path = pt_walk(pt, va);
		u64 end = va | (pt_page_size(path.level) - 1);

		if (path.kind == PTE_LEAF)
			pt_clear_leaf(pt, &path, va, flush);
		if (end >= last || ends_table(end, path.level))
			pt_tidy(pt, va, flush);
		if (end >= last)
			return;
		va = end + 1;
	}
}

int
pt_map(struct pt *pt, u64 va, hpa_t pa, u64 size, unsigned attr, struct pt_flush *flush)
{
	int err = check_range(pt, va, size);

	if (err != 0)
		return err;
	if (!IS_ALIGNED(pa.v, PAGE_SIZE))
		return fail(-ERR_INVAL);
	if (pa.v >= PA_END || size > PA_END - pa.v)
		return fail(-ERR_RANGE);
	if (!is_all(pt, va, va + size - 1, PTE_NONE))
		return fail(-ERR_EXISTS);
	for (u64 done = 0; done < size;) {
		unsigned level = level_for(pt, va + done, pa.v + done, size - done, attr);
		u64 page = pt_page_size(level);

		err = map_page(pt, va + done, pa.v + done, level, attr);
		if (err != 0) {
			clear_range(pt, va, va + done + page - 1, flush);
			return err;
		}
		done += page;
		if (done == size || ends_table(va + done - 1, level))
			pt_tidy(pt, va + done - 1, flush);
	}
	return 0;
}

/* Splits the leaves that reach over an end of the range; undone when it can't be. */
static int
split_ends(struct pt *pt, u64 va, u64 last, struct pt_flush *flush)
{
	int err = pt_split_at(pt, va, flush);

	if (err == 0)
		err = pt_split_at(pt, last + 1, flush);
	if (err != 0) {
		pt_tidy(pt, va, flush);
		pt_tidy(pt, last + 1, flush);
	}
	return err;
}

int
pt_unmap(struct pt *pt, u64 va, u64 size, struct pt_flush *flush)
{
	u64 last = va + size - 1;
	int err = check_range(pt, va, size);

	if (err != 0)
		return err;
	err = split_ends(pt, va, last, flush);
	if (err == 0)
		clear_range(pt, va, last, flush);
	return err;
}

static void
tidy_range(struct pt *pt, u64 va, u64 last, struct pt_flush *flush)
{
	for (; va < last; va += MIN(pt_page_size(1), last - va))
		pt_tidy(pt, va, flush);
	pt_tidy(pt, last, flush);
}

/* Splits the leaves of a range that are too large for these attributes; undone when it can't be. */
static int
split_range(struct pt *pt, u64 va, u64 last, unsigned attr, struct pt_flush *flush)
{
	for (u64 at = va;;) {
		struct pt_path path = pt_walk(pt, at);
		u64 end;

		if (path.level > pt_leaf_max(pt, attr)) {
			int err = pt_split(pt, &path, at, flush);

			if (err != 0) {
				tidy_range(pt, va, at, flush);
				return err;
			}
			continue;
		}
		end = at | (pt_page_size(path.level) - 1);
		if (end >= last)
			return 0;
		at = end + 1;
	}
}

static void
change_range(struct pt *pt, u64 va, u64 last, unsigned attr, struct pt_flush *flush)
{
	for (;;) {
		struct pt_path path = pt_walk(pt, va);
		u64 end = va | (pt_page_size(path.level) - 1);

		pt_change_leaf(pt, &path, va, attr, flush);
		if (end >= last || ends_table(end, path.level))
			pt_tidy(pt, va, flush);
		if (end >= last)
			return;
		va = end + 1;
	}
}

int
pt_protect(struct pt *pt, u64 va, u64 size, unsigned attr, struct pt_flush *flush)
{
	u64 last = va + size - 1;
	int err = check_range(pt, va, size);

	if (err != 0)
		return err;
	if (!is_all(pt, va, last, PTE_LEAF))
		return fail(-ERR_NOENT);
	err = split_ends(pt, va, last, flush);
	if (err == 0)
		err = split_range(pt, va, last, attr, flush);
	if (err == 0)
		change_range(pt, va, last, attr, flush);
	return err;
}

bool
pt_lookup(const struct pt *pt, u64 va, struct pt_mapping *out)
{
	struct pt_path path = {.level = pt->format->levels - 1u};

	if (in_space(pt, va))
		path = pt_walk(pt, va);
	*out = (struct pt_mapping){.level = path.level};
	if (path.kind != PTE_LEAF)
		return false;
	out->pa.v = pt->format->address(*path.entry[path.level], path.level).v +
		    va % pt_page_size(path.level);
	out->attr = pt->format->attr(*path.entry[path.level], path.level);
	return true;
}
