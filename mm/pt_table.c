/* SPDX-License-Identifier: MIT */
/* One 64-bit store changes an entry; whatever a new table says is said before it is linked. */
#include "mm/pt_table.h"

#include "include/panic.h"
#include "lib/string.h"
#include "mm/direct.h"
#include "mm/frame.h"

static u64 *
table_at(hpa_t table)
{
	return hpa_to_ptr(table);
}

static u64
index_of(u64 va, unsigned level)
{
	return (va >> (PAGE_SHIFT + 9 * level)) % PT_ENTRIES;
}

static void
clean(const struct pt *pt, const u64 *entries, size_t size)
{
	if (pt->format->clean != NULL)
		pt->format->clean(entries, size);
}

/* After all that was stored before it, for who walks the tables meanwhile. */
static void
store(const struct pt *pt, u64 *entry, u64 value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
	clean(pt, entry, sizeof(*entry));
}

/* Notes that a TLB may hold something else for the whole leaf around va at this level. */
static void
note(struct pt *pt, struct pt_flush *flush, u64 va, unsigned level)
{
	u64 first = ALIGN_DOWN(va, pt_page_size(level)), last = first + pt_page_size(level) - 1;

	/* After the store: who sees the number sees the entry, too. */
	flush->changes = __atomic_add_fetch(&pt->changes, 1, __ATOMIC_SEQ_CST);
	if (flush->pending) {
		flush->first = MIN(flush->first, first);
		flush->last = MAX(flush->last, last);
		return;
	}
	flush->first = first;
	flush->last = last;
	flush->pending = true;
	__atomic_fetch_add(&pt->unflushed, 1, __ATOMIC_RELAXED);
}

/* Whether one more table can be listed that is not empty, and can't hold the list itself. */
static bool
may_retire(const struct pt_flush *flush)
{
	return flush->count < PT_FLUSH_TABLES ||
	       (flush->more.v != 0 && flush->more_count < PT_ENTRIES - 1);
}

/* A table that has just been unlinked: freed only when no TLB can know it any more. */
static void
retire(struct pt *pt, struct pt_flush *flush, hpa_t table)
{
	ASSERT(flush->pending);
	pt->tables--;
	if (flush->count < PT_FLUSH_TABLES) {
		flush->table[flush->count++] = table;
	} else if (may_retire(flush)) {
		store(pt, &table_at(flush->more)[++flush->more_count], table.v);
	} else { /* an empty one */
		store(pt, &table_at(table)[0], flush->more.v);
		flush->more = table;
		flush->more_count = 0;
	}
}

static void
free_table(struct pt *pt, hpa_t table)
{
	if (!pt->reserved) {
		frame_free(table, 1);
		return;
	}
	table_at(table)[0] = pt->spare.v;
	pt->spare = table;
	pt->spares++;
}

void
pt_free_retired(struct pt *pt, const struct pt_flush *flush)
{
	hpa_t more = flush->more;
	unsigned count = flush->more_count;

	while (more.v != 0) {
		hpa_t next = HPA(table_at(more)[0]);

		for (unsigned i = 1; i <= count; i++)
			free_table(pt, HPA(table_at(more)[i]));
		free_table(pt, more);
		more = next;
		count = PT_ENTRIES - 1;
	}
	for (unsigned i = 0; i < flush->count; i++)
		free_table(pt, flush->table[i]);
}

static hpa_t
take_spare(struct pt *pt)
{
	hpa_t table = pt->spare;

	pt->spare = HPA(table_at(table)[0]);
	pt->spares--;
	memset(table_at(table), 0, PAGE_SIZE);
	return table;
}

void
pt_free_spares(struct pt *pt)
{
	while (pt->spares > 0)
		frame_free(take_spare(pt), 1);
}

int
pt_reserve(struct pt *pt, u64 tables)
{
	pt->reserved = true;
	while (pt->spares < tables) {
		hpa_t table;
		int err = frame_alloc(0, &table);

		if (err != 0)
			return err;
		free_table(pt, table);
	}
	return 0;
}

struct pt_path
pt_walk(const struct pt *pt, u64 va)
{
	const struct pt_format *format = pt->format;
	struct pt_path path = {.level = format->levels};
	hpa_t table = pt->root;

	for (;;) {
		u64 *entry = &table_at(table)[index_of(va, --path.level)];

		path.entry[path.level] = entry;
		path.kind = format->kind(*entry, path.level);
		if (path.kind != PTE_TABLE)
			return path;
		ASSERT(path.level > 0);
		table = format->address(*entry, path.level);
	}
}

void
pt_set_leaf(struct pt *pt, u64 *entry, unsigned level, hpa_t pa, unsigned attr)
{
	ASSERT(*entry == 0);
	store(pt, entry, pt->format->leaf(pa, level, attr));
	pt->leaves[level]++;
}

void
pt_change_leaf(struct pt *pt, const struct pt_path *path, u64 va, unsigned attr,
	       struct pt_flush *flush)
{
	u64 *entry = path->entry[path->level];

	if (pt->format->attr(*entry, path->level) == attr)
		return;
	store(pt, entry,
	      pt->format->leaf(pt->format->address(*entry, path->level), path->level, attr));
	note(pt, flush, va, path->level);
}

void
pt_clear_leaf(struct pt *pt, const struct pt_path *path, u64 va, struct pt_flush *flush)
{
	store(pt, path->entry[path->level], 0);
	pt->leaves[path->level]--;
	note(pt, flush, va, path->level);
}

int
pt_new_table(struct pt *pt, hpa_t *out)
{
	int err = 0;

	if (pt->spares > 0)
		*out = take_spare(pt);
	else
		err = pt->reserved ? fail(-ERR_NOMEM) : frame_alloc(0, out);
	if (err != 0)
		return err;
	clean(pt, table_at(*out), PAGE_SIZE);
	pt->tables++;
	return 0;
}

int
pt_grow(struct pt *pt, u64 *entry, unsigned level)
{
	hpa_t table;
	int err = pt_new_table(pt, &table);

	if (err == 0)
		store(pt, entry, pt->format->table(table, level));
	return err;
}

/* The new table says what the leaf said. */
int
pt_split(struct pt *pt, const struct pt_path *path, u64 va, struct pt_flush *flush)
{
	const struct pt_format *format = pt->format;
	unsigned level = path->level;
	u64 *entry = path->entry[level], *entries;
	u64 pa = format->address(*entry, level).v;
	unsigned attr = format->attr(*entry, level);
	hpa_t table;
	int err = pt_new_table(pt, &table);

	if (err != 0)
		return err;
	entries = table_at(table);
	for (u64 i = 0; i < PT_ENTRIES; i++)
		entries[i] = format->leaf(HPA(pa + i * pt_page_size(level - 1)), level - 1, attr);
	clean(pt, entries, PAGE_SIZE);
	store(pt, entry, format->table(table, level));
	pt->leaves[level]--;
	pt->leaves[level - 1] += PT_ENTRIES;
	note(pt, flush, va, level);
	return 0;
}

int
pt_split_at(struct pt *pt, u64 va, struct pt_flush *flush)
{
	for (;;) {
		struct pt_path path = pt_walk(pt, va);
		int err;

		if (path.kind != PTE_LEAF || IS_ALIGNED(va, pt_page_size(path.level)))
			return 0;
		err = pt_split(pt, &path, va, flush);
		if (err != 0)
			return err;
	}
}

static bool
is_empty(const u64 *entries)
{
	for (unsigned i = 0; i < PT_ENTRIES; i++) {
		if (entries[i] != 0)
			return false;
	}
	return true;
}

/* True when the entry is a leaf of this address and attributes. */
static bool
is_leaf(const struct pt *pt, u64 entry, unsigned level, u64 pa, unsigned attr)
{
	const struct pt_format *format = pt->format;

	return format->kind(entry, level) == PTE_LEAF && format->address(entry, level).v == pa &&
	       format->attr(entry, level) == attr;
}

/* True when one leaf a level up could say the same; asks the last entry first, as it is apt to
 * differ. */
static bool
is_joinable(const struct pt *pt, const u64 *entries, unsigned level)
{
	const struct pt_format *format = pt->format;
	u64 size = pt_page_size(level), pa;
	unsigned attr;

	if (format->kind(entries[0], level) != PTE_LEAF)
		return false;
	pa = format->address(entries[0], level).v;
	attr = format->attr(entries[0], level);
	if (level + 1 > pt_leaf_max(pt, attr) || !IS_ALIGNED(pa, pt_page_size(level + 1)))
		return false;
	for (u64 i = PT_ENTRIES - 1; i > 0; i--) {
		if (!is_leaf(pt, entries[i], level, pa + i * size, attr))
			return false;
	}
	return true;
}

static void
join(struct pt *pt, u64 *parent, const u64 *entries, unsigned level)
{
	const struct pt_format *format = pt->format;

	store(pt, parent,
	      format->leaf(format->address(entries[0], level), level + 1,
			   format->attr(entries[0], level)));
	pt->leaves[level] -= PT_ENTRIES;
	pt->leaves[level + 1]++;
}

void
pt_tidy(struct pt *pt, u64 va, struct pt_flush *flush)
{
	struct pt_path path = pt_walk(pt, va);

	for (unsigned level = path.level; level + 1 < pt->format->levels; level++) {
		u64 *parent = path.entry[level + 1];
		hpa_t table = pt->format->address(*parent, level + 1);
		const u64 *entries = table_at(table);

		if (is_empty(entries))
			store(pt, parent, 0);
		else if (may_retire(flush) && is_joinable(pt, entries, level))
			join(pt, parent, entries, level);
		else
			return;
		note(pt, flush, va, level + 1);
		retire(pt, flush, table);
	}
}

void
pt_free_tables(struct pt *pt, hpa_t table, unsigned level)
{
	const u64 *entries = table_at(table);

	for (unsigned i = 0; level > 0 && i < PT_ENTRIES; i++) {
		if (pt->format->kind(entries[i], level) == PTE_TABLE)
			pt_free_tables(pt, pt->format->address(entries[i], level), level - 1);
	}
	frame_free(table, 1);
}
