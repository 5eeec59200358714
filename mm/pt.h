/* SPDX-License-Identifier: MIT */
/*
 * THE page-table walker: for the hypervisor's own map, and for every second-level table of a CPU
 * or an IOMMU. A format (struct pt_format) says how one kind of table writes and reads an entry.
 *
 *    input address   ... | 9 bits | 9 bits | 9 bits | 12 bits |
 *                            |        |        |         `---- byte in the page
 *                          level 2  level 1  level 0
 *
 *    root --[index]--> table of level 2 --[index]--> level 1 --[index]--> level 0 --> page, 4 KiB
 *                            |                          `-- or a leaf here: a page of 2 MiB
 *                            `-- or a leaf here: a page of 1 GiB
 *
 * Invariants: every entry changes by one 64-bit store, so who walks the table meanwhile sees the
 * old or the new translation of an address, never a third. A table is complete before it is
 * linked. No table but the root is ever empty, and none is left that one large page could replace,
 * but where one change would take more of them out of use than can be remembered until the flush.
 *
 * The owner of a struct pt serialises the calls on it; the walker has no lock. Tables come from
 * mm/frame.h. A change that a TLB may not know is recorded in a struct pt_flush, and so are tables
 * that a TLB may still walk: pt_flush() has the TLBs flushed and then frees them.
 *
 * No emulator shows a missing flush, so the walker counts: `changes` has the changes that need one,
 * `flushed` how many of them pt_flush() has followed. Who uses a table asserts that it has dropped
 * what it knew since the latter (arch/x86_64/virt.h), and pt_flush() asserts by is_flushed() that
 * everybody has, before a table goes to somebody else.
 */
#pragma once

#include "include/errors.h"
#include "include/types.h"

/* What a page may be used for, and its memory type. */
enum pt_attr {
	PT_READ = 1u << 0,
	PT_WRITE = 1u << 1,
	PT_EXEC = 1u << 2,
	PT_USER = 1u << 3,   /* first-level tables: for ring 3 */
	PT_GLOBAL = 1u << 4, /* first-level tables: the same in every address space */

	PT_WB = 0u << 8,       /* write-back */
	PT_WC = 1u << 8,       /* write-combining */
	PT_UC_MINUS = 2u << 8, /* uncacheable, unless the MTRRs say write-combining */
	PT_UC = 3u << 8,       /* uncacheable */
	PT_TYPE = 3u << 8,
};

enum pte_kind { PTE_NONE, PTE_TABLE, PTE_LEAF };

enum { PT_LEVELS_MAX = 5, PT_ENTRIES = 512 };

/*
 * One format of page tables. A level's number is that of the entry, from 0 for a 4 KiB page: a
 * leaf at level n maps 4 KiB << 9n. In every format an entry of 0 is absent.
 */
struct pt_format {
	u8 levels;	/* of tables: the root is at levels - 1 */
	bool canonical; /* input addresses are sign-extended, as the CPU's own are */
	u64 (*leaf)(hpa_t pa, unsigned level, unsigned attr);
	u64 (*table)(hpa_t pa, unsigned level);
	enum pte_kind (*kind)(u64 entry, unsigned level);
	hpa_t (*address)(u64 entry, unsigned level); /* of what it points to */
	unsigned (*attr)(u64 entry, unsigned level); /* of a leaf; what leaf() was given */
	/* Writes cache lines back, for hardware that walks without coherence; NULL: coherent. */
	void (*clean)(const void *entries, size_t size);
};

struct pt {
	const struct pt_format *format;
	unsigned leaf_max; /* the highest level that may have leaves */
	unsigned exec_max; /* the highest that may have executable ones; leaf_max from pt_init() */
	hpa_t root;
	u64 tables;		   /* with the root */
	u64 leaves[PT_LEVELS_MAX]; /* by level */
	u32 unflushed;		   /* pt_flushes that are pending */
	u64 changes, flushed;	   /* atomic; the latter where a flush drops everything */
	hpa_t spare;		   /* reserved tables, each with the next one's address at 0 */
	u64 spares;
	bool reserved; /* no table comes from elsewhere, or goes there */
	/* Flushes first to last, included, from every TLB that may hold it; upper tables too. */
	void (*flush)(struct pt *pt, u64 first, u64 last);
	/* May be NULL: looks whether no TLB is left that has not dropped all `changes`. */
	bool (*is_flushed)(const struct pt *pt, u64 changes);
};

enum { PT_FLUSH_TABLES = 32 };

/*
 * What a change leaves to be flushed. Begins as {0}; several changes of one pt may share one.
 * Tables to be freed after the flush are listed here and then in one of them: an empty one, in
 * which a TLB that still walks it finds nothing, as an address without flags is an absent entry.
 */
struct pt_flush {
	u64 first, last; /* input addresses, both included, when pending */
	bool pending;
	unsigned count;
	u64 changes; /* of the pt, with this one */
	hpa_t table[PT_FLUSH_TABLES];
	hpa_t more; /* an empty table with further ones from index 1; the next such at index 0 */
	unsigned more_count;
};

/* An empty table; leaf_max is the highest level that the hardware allows leaves at. -ERR_NOMEM. */
__must_check int pt_init(struct pt *pt, const struct pt_format *format, unsigned leaf_max,
			 void (*flush)(struct pt *pt, u64 first, u64 last));

/*
 * Reserves tables, such that so many are there; what the pt has later comes from them alone, and
 * comes back to them. Then the owner serialises pt_flush(), too. -ERR_NOMEM.
 */
__must_check int pt_reserve(struct pt *pt, u64 tables);

/* Frees all tables; no hardware uses them any more, and all changes are flushed. */
void pt_fini(struct pt *pt);

/*
 * Maps [va, va + size) to [pa, pa + size), all multiples of PAGE_SIZE and size > 0, by the largest
 * pages possible. -ERR_INVAL (alignment, size), -ERR_RANGE (outside of the input addresses),
 * -ERR_EXISTS (something there already), -ERR_NOMEM: nothing is mapped then.
 */
__must_check int pt_map(struct pt *pt, u64 va, hpa_t pa, u64 size, unsigned attr,
			struct pt_flush *flush);

/*
 * Unmaps what is mapped in [va, va + size). -ERR_INVAL, -ERR_RANGE, or -ERR_NOMEM (a large page
 * could not be split at an end): nothing is unmapped then.
 */
__must_check int pt_unmap(struct pt *pt, u64 va, u64 size, struct pt_flush *flush);

/*
 * Gives [va, va + size), all of it mapped, other attributes; where they are executable, pages above
 * exec_max are split. As pt_unmap(), and -ERR_NOENT when something in it is not mapped: nothing has
 * changed then.
 */
__must_check int pt_protect(struct pt *pt, u64 va, u64 size, unsigned attr, struct pt_flush *flush);

struct pt_mapping {
	hpa_t pa; /* of the very address asked for */
	unsigned attr;
	unsigned level;
};

/* False when nothing is mapped at va; out->level is then the size of the hole around it. */
bool pt_lookup(const struct pt *pt, u64 va, struct pt_mapping *out);

/*
 * Has the recorded changes flushed, if any, and frees the tables that came out of use. Never called
 * by the walker itself: outside of the owner's lock where flushing waits for other CPUs. Until then
 * nobody may use for anything else what was unmapped, addresses nor frames.
 */
void pt_flush(struct pt *pt, struct pt_flush *flush);

/* Panics when a change has not been flushed: call it before the table is put to use. */
void pt_assert_flushed(const struct pt *pt);

/* Bytes that a leaf at this level maps. */
static inline u64
pt_page_size(unsigned level)
{
	return PAGE_SIZE << (9 * level);
}
