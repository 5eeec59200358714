/* SPDX-License-Identifier: MIT */
/*
 * Tables and their entries, under mm/pt.c: the walk, the stores, splitting, joining, and taking
 * tables out of use. Only mm/pt.c and this know how a tree of tables hangs together.
 */
#pragma once

#include "mm/pt.h"

/* The entries on the way to an address, from the root down to where it ends. */
struct pt_path {
	u64 *entry[PT_LEVELS_MAX]; /* by level; from `level` up */
	unsigned level;		   /* of the leaf or the absent entry at the end */
	enum pte_kind kind;	   /* PTE_LEAF or PTE_NONE */
};

struct pt_path pt_walk(const struct pt *pt, u64 va);

/* Stores a leaf into an absent entry, which needs no flush. */
void pt_set_leaf(struct pt *pt, u64 *entry, unsigned level, hpa_t pa, unsigned attr);

/* Changes the attributes of the leaf at va, or makes it absent. */
void pt_change_leaf(struct pt *pt, const struct pt_path *path, u64 va, unsigned attr,
		    struct pt_flush *flush);
void pt_clear_leaf(struct pt *pt, const struct pt_path *path, u64 va, struct pt_flush *flush);

/* An empty table, as the hardware sees it, too; linked to nothing yet. -ERR_NOMEM. */
__must_check int pt_new_table(struct pt *pt, hpa_t *out);

/* Links an empty table into an absent entry of this level. -ERR_NOMEM. */
__must_check int pt_grow(struct pt *pt, u64 *entry, unsigned level);

/* Splits the leaf at va, of a level above 0. -ERR_NOMEM. */
__must_check int pt_split(struct pt *pt, const struct pt_path *path, u64 va,
			  struct pt_flush *flush);

/* Splits leaves until one begins at va, or nothing is mapped there. -ERR_NOMEM. */
__must_check int pt_split_at(struct pt *pt, u64 va, struct pt_flush *flush);

/* On the way to va: takes empty tables out, and joins those that one large page can replace. */
void pt_tidy(struct pt *pt, u64 va, struct pt_flush *flush);

/* The highest level at which a leaf may have these attributes. */
static inline unsigned
pt_leaf_max(const struct pt *pt, unsigned attr)
{
	return (attr & PT_EXEC) != 0 ? MIN(pt->exec_max, pt->leaf_max) : pt->leaf_max;
}

/* Frees what came out of use, after the flush. */
void pt_free_retired(struct pt *pt, const struct pt_flush *flush);
void pt_free_spares(struct pt *pt);

/* Frees a table and all below it, which nothing uses any more. */
void pt_free_tables(struct pt *pt, hpa_t table, unsigned level);
