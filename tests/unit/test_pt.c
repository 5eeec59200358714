/* SPDX-License-Identifier: MIT */
// clang-format off
// SOURCES: mm/pt.c mm/pt_table.c mm/pt_x86.c mm/frame.c mm/buddy.c mm/zone.c mm/memmap.c lib/log.c lib/error.c lib/lock.c lib/format.c
// clang-format on
#include "tests/unit/test.h"

#include "include/bits.h"
#include "mm/frame.h"
#include "mm/pt_x86.h"
#include "tests/unit/fake/memory.h"

enum { RW = PT_READ | PT_WRITE, RO = PT_READ, RWX = RW | PT_EXEC };

static struct memmap map;
static struct pt pt;
static struct pt_format recorded; /* pt_x86, or another format, with a hook in every store */
static struct pt_flush flush;

/* What must be seen at each moment: the old or the new translation, page by page. */
enum { WATCH_MAX = 2048 };
static struct {
	bool on;
	u64 va, pages;
	u64 before[WATCH_MAX], after[WATCH_MAX]; /* 0: nothing; else pa | attr << 52 | 1 */
	u64 stores;
} watch;

static u64
view(u64 va)
{
	struct pt_mapping m;

	return pt_lookup(&pt, va, &m) ? m.pa.v | (u64)m.attr << 52 | 1 : 0;
}

static const void *last_seen;

/* Called after each store: of an entry, or of a whole new table that is not linked yet. */
static void
look(const void *entries, size_t size)
{
	assert_true(size == 8 || size == PAGE_SIZE);
	last_seen = entries;
	if (!watch.on)
		return;
	watch.stores++;
	for (u64 i = 0; i < watch.pages; i++) {
		u64 seen = view(watch.va + i * PAGE_SIZE);

		assert_true(seen == watch.before[i] || seen == watch.after[i]);
	}
}

static void
watch_begin(u64 va, u64 pages)
{
	assert_true(pages <= WATCH_MAX);
	watch.va = va;
	watch.pages = pages;
	for (u64 i = 0; i < pages; i++)
		watch.before[i] = watch.after[i] = view(va + i * PAGE_SIZE);
	watch.stores = 0;
	watch.on = true;
}

/* What [va, va + size) will become. */
static void
watch_expect(u64 va, u64 size, u64 pa, unsigned attr, bool mapped)
{
	for (u64 at = 0; at < size; at += PAGE_SIZE) {
		u64 i = (va + at - watch.va) / PAGE_SIZE;
		u64 old = watch.before[i] & BITS(51, 12);

		if (mapped)
			watch.after[i] = (pa == ~0ul ? old : pa + at) | (u64)attr << 52 | 1;
		else
			watch.after[i] = 0;
	}
}

static void
watch_end(void)
{
	watch.on = false;
	for (u64 i = 0; i < watch.pages; i++)
		assert_int_equal(view(watch.va + i * PAGE_SIZE), watch.after[i]);
}

static unsigned flushes;
static u64 flushed_first, flushed_last;

static void
record_flush(struct pt *p, u64 first, u64 last)
{
	assert_ptr_equal(p, &pt);
	flushes++;
	flushed_first = first;
	flushed_last = last;
}

static int
begin_with(const struct pt_format *format, unsigned leaf_max)
{
	memmap_init(&map, 40);
	memmap_add(&map, 12 * MiB, 4 * MiB, MEM_USABLE);
	memmap_finish(&map);
	fake_memory_map(12 * MiB, 4 * MiB);
	recorded = *format;
	recorded.clean = look;
	watch.on = false;
	flushes = 0;
	flush = (struct pt_flush){0};
	return frame_init(&map) != 0 || pt_init(&pt, &recorded, leaf_max, record_flush) != 0;
}

static int
begin(void **state)
{
	return begin_with(&pt_x86, PT_X86_1G);
}

static int
begin_without_1g(void **state)
{
	return begin_with(&pt_x86, PT_X86_2M);
}

/* Three levels and addresses without a sign, as a second-level table may have. */
static int
begin_3_levels(void **state)
{
	struct pt_format format = pt_x86;

	format.levels = 3;
	format.canonical = false;
	return begin_with(&format, 2);
}

/* No test leaves a table, nor a change without a flush. */
static int
end(void **state)
{
	struct frame_stats s;

	watch.on = false;
	pt_flush(&pt, &flush);
	pt_fini(&pt);
	frame_stats(&s);
	return s.used != s.metadata;
}

#define assert_counts(tables_, k4, m2, g1)                                                         \
	do {                                                                                       \
		assert_int_equal(pt.tables, tables_);                                              \
		assert_int_equal(pt.leaves[0], k4);                                                \
		assert_int_equal(pt.leaves[1], m2);                                                \
		assert_int_equal(pt.leaves[2], g1);                                                \
	} while (0)

#define assert_mapped(va, pa_, level_, attr_)                                                      \
	do {                                                                                       \
		struct pt_mapping m_;                                                              \
		assert_true(pt_lookup(&pt, va, &m_));                                              \
		assert_int_equal(m_.pa.v, pa_);                                                    \
		assert_int_equal(m_.level, level_);                                                \
		assert_int_equal(m_.attr, attr_);                                                  \
	} while (0)

static void
done(void)
{
	pt_flush(&pt, &flush);
	pt_assert_flushed(&pt);
}

/* Hardware that walks without coherence must see an empty root from the start. */
static void
root_is_clean(void **state)
{
	assert_ptr_equal(last_seen, hpa_to_ptr(pt.root));
	assert_counts(1, 0, 0, 0);
}

static void
largest_pages(void **state)
{
	u64 va = DIRECT_BASE, size = 2 * GiB + 4 * MiB + 3 * PAGE_SIZE;

	assert_int_equal(pt_map(&pt, va, HPA(0), size, RW, &flush), 0);
	assert_counts(4, 3, 2, 2);
	assert_mapped(va + GiB + 5, GiB + 5, 2, RW);
	assert_mapped(va + 2 * GiB + 2 * MiB, 2 * GiB + 2 * MiB, 1, RW);
	assert_mapped(va + size - 1, size - 1, 0, RW);
	assert_int_equal(flushes, 0);
	assert_false(flush.pending); /* what was absent is in no TLB */
}

/* An address and a frame that differ in their lower bits allow only what they have in common. */
static void
alignment_decides(void **state)
{
	assert_int_equal(pt_map(&pt, GiB, HPA(2 * MiB), GiB, RO, &flush), 0);
	assert_counts(3, 0, 512, 0);
	assert_int_equal(pt_map(&pt, 4 * MiB, HPA(4 * MiB + PAGE_SIZE), 2 * MiB, RO, &flush), 0);
	assert_counts(5, 512, 512, 0);
	assert_mapped(6 * MiB - 1, 6 * MiB + PAGE_SIZE - 1, 0, RO);
}

static void
no_1g_pages(void **state)
{
	assert_int_equal(pt_map(&pt, 0, HPA(0), 2 * GiB, RW, &flush), 0);
	assert_counts(4, 0, 1024, 0);
}

static void
three_levels(void **state)
{
	u64 end_of_space = 512 * GiB;

	assert_int_equal(pt_map(&pt, end_of_space - GiB, HPA(GiB), GiB, RW, &flush), 0);
	assert_counts(1, 0, 0, 1);
	assert_int_equal(pt_map(&pt, end_of_space - PAGE_SIZE, HPA(0), 2 * PAGE_SIZE, RW, &flush),
			 -ERR_RANGE);
	assert_int_equal(pt_unmap(&pt, end_of_space, PAGE_SIZE, &flush), -ERR_RANGE);
	assert_int_equal(pt_unmap(&pt, end_of_space - PAGE_SIZE, PAGE_SIZE, &flush), 0);
	assert_counts(3, 511, 511, 0);
	assert_false(pt_lookup(&pt, end_of_space + GiB, &(struct pt_mapping){.level = 0}));
}

static void
both_halves(void **state)
{
	u64 top = ~0ul - PAGE_SIZE + 1, half = 1ul << 47;

	assert_int_equal(pt_map(&pt, top, HPA(PAGE_SIZE), PAGE_SIZE, RW, &flush), 0);
	assert_int_equal(pt_map(&pt, half - PAGE_SIZE, HPA(0), PAGE_SIZE, RW, &flush), 0);
	assert_int_equal(pt_map(&pt, 0 - half, HPA(0), PAGE_SIZE, RW, &flush), 0);
	assert_mapped(top, PAGE_SIZE, 0, RW);
	assert_int_equal(pt_map(&pt, half, HPA(0), PAGE_SIZE, RW, &flush), -ERR_RANGE);
	assert_int_equal(pt_map(&pt, 0 - half - PAGE_SIZE, HPA(0), PAGE_SIZE, RW, &flush),
			 -ERR_RANGE);
	assert_int_equal(pt_unmap(&pt, half - PAGE_SIZE, 2 * PAGE_SIZE, &flush), -ERR_RANGE);
	assert_int_equal(pt_unmap(&pt, PAGE_SIZE, 0 - 2 * PAGE_SIZE, &flush), -ERR_RANGE);
	assert_int_equal(pt_unmap(&pt, top, 2 * PAGE_SIZE, &flush), -ERR_RANGE);
	assert_false(pt_lookup(&pt, half, &(struct pt_mapping){.level = 0}));
	assert_int_equal(pt_unmap(&pt, 0 - half, half, &flush), 0);
	assert_int_equal(pt_unmap(&pt, 0, half, &flush), 0);
	assert_counts(1, 0, 0, 0);
}

static void
wrong_arguments(void **state)
{
	assert_int_equal(pt_map(&pt, 0, HPA(0), 0, RW, &flush), -ERR_INVAL);
	assert_int_equal(pt_map(&pt, 1, HPA(0), PAGE_SIZE, RW, &flush), -ERR_INVAL);
	assert_int_equal(pt_map(&pt, 0, HPA(8), PAGE_SIZE, RW, &flush), -ERR_INVAL);
	assert_int_equal(pt_map(&pt, 0, HPA(0), 100, RW, &flush), -ERR_INVAL);
	assert_int_equal(pt_map(&pt, 0, HPA(BIT(52) - PAGE_SIZE), 2 * PAGE_SIZE, RW, &flush),
			 -ERR_RANGE);
	assert_int_equal(pt_unmap(&pt, 0, 1, &flush), -ERR_INVAL);
	assert_int_equal(pt_protect(&pt, 0, PAGE_SIZE, RO, &flush), -ERR_NOENT);
	assert_int_equal(pt_map(&pt, 2 * MiB, HPA(0), 2 * MiB, RW, &flush), 0);
	assert_int_equal(pt_map(&pt, MiB, HPA(0), 2 * MiB, RW, &flush), -ERR_EXISTS);
	assert_int_equal(pt_map(&pt, 4 * MiB - PAGE_SIZE, HPA(0), MiB, RW, &flush), -ERR_EXISTS);
	assert_int_equal(pt_protect(&pt, 3 * MiB, 2 * MiB, RO, &flush), -ERR_NOENT);
	assert_counts(3, 0, 1, 0);
	assert_mapped(4 * MiB - 1, 2 * MiB - 1, 1, RW);
}

/* A page in the middle of 1 GiB changes, and changes back. */
static void
splits_and_joins(void **state)
{
	u64 page = 3 * MiB;

	assert_int_equal(pt_map(&pt, 0, HPA(GiB), GiB, RW, &flush), 0);
	assert_counts(2, 0, 0, 1);
	watch_begin(2 * MiB, 1024);
	watch_expect(page, PAGE_SIZE, ~0ul, RO, true);
	assert_int_equal(pt_protect(&pt, page, PAGE_SIZE, RO, &flush), 0);
	assert_true(watch.stores >= 5);
	watch_end();
	assert_counts(4, 512, 511, 0);
	assert_true(flush.pending && flush.first <= page && flush.last >= page + PAGE_SIZE - 1);
	done();
	assert_int_equal(flushes, 1);
	assert_true(flushed_first <= page && flushed_last >= page + PAGE_SIZE - 1);

	watch_begin(2 * MiB, 1024);
	watch_expect(page, PAGE_SIZE, ~0ul, RW, true);
	assert_int_equal(pt_protect(&pt, page, PAGE_SIZE, RW, &flush), 0);
	watch_end();
	assert_counts(2, 0, 0, 1);
	assert_int_equal(flush.count, 2); /* not freed before the flush */
	done();
	assert_mapped(page + 7, GiB + page + 7, 2, RW);
}

static void
joins_when_mapped_again(void **state)
{
	assert_int_equal(pt_map(&pt, 2 * MiB, HPA(0), 4 * MiB, RW, &flush), 0);
	watch_begin(2 * MiB, 1024);
	watch_expect(3 * MiB, 2 * MiB, 0, 0, false);
	assert_int_equal(pt_unmap(&pt, 3 * MiB, 2 * MiB, &flush), 0);
	watch_end();
	assert_counts(5, 512, 0, 0);
	done();
	watch_begin(2 * MiB, 1024);
	watch_expect(3 * MiB, MiB, MiB, RW, true);
	assert_int_equal(pt_map(&pt, 3 * MiB, HPA(MiB), MiB, RW, &flush), 0);
	watch_end();
	assert_counts(4, 256, 1, 0);
	/* Elsewhere, or otherwise, it can't be joined. */
	assert_int_equal(pt_map(&pt, 4 * MiB, HPA(7 * MiB), MiB, RW, &flush), 0);
	assert_counts(4, 512, 1, 0);
	done();
	assert_int_equal(pt_unmap(&pt, 4 * MiB, MiB, &flush), 0);
	done();
	assert_int_equal(pt_map(&pt, 4 * MiB, HPA(2 * MiB), MiB, RO, &flush), 0);
	assert_counts(4, 512, 1, 0);
}

/* Empty tables go, up to the root, and only after the flush. */
static void
frees_empty_tables(void **state)
{
	struct frame_stats before, s;

	frame_stats(&before);
	assert_int_equal(pt_map(&pt, 5 * GiB, HPA(0), PAGE_SIZE, RW, &flush), 0);
	assert_counts(4, 1, 0, 0);
	assert_int_equal(pt_unmap(&pt, 0, 64 * GiB, &flush), 0);
	assert_counts(1, 0, 0, 0);
	frame_stats(&s);
	assert_int_equal(s.used, before.used + 3);
	expect_panic(pt_assert_flushed(&pt));
	done();
	frame_stats(&s);
	assert_int_equal(s.used, before.used);
	assert_int_equal(flushes, 1);
}

/* However many they are, there is one flush, and it is the owner's to call: see pt_flush(). */
static void
many_tables(void **state)
{
	struct frame_stats before, s;

	frame_stats(&before);
	assert_int_equal(pt_map(&pt, 0, HPA(PAGE_SIZE), 1400 * MiB, RW, &flush), 0);
	assert_counts(704, 1400 * 256, 0, 0);
	assert_int_equal(pt_unmap(&pt, 0, 1400 * MiB, &flush), 0);
	assert_counts(1, 0, 0, 0);
	assert_int_equal(flushes, 0);
	frame_stats(&s);
	assert_int_equal(s.used, before.used + 703);
	done();
	assert_int_equal(flushes, 1);
	frame_stats(&s);
	assert_int_equal(s.used, before.used);
}

/* A joined table can't hold a list, since it is walked until the flush: the rest stays as it is. */
static void
many_joins(void **state)
{
	pt.exec_max = 0;
	assert_int_equal(pt_map(&pt, 0, HPA(0), 200 * MiB, RWX, &flush), 0);
	assert_counts(103, 51200, 0, 0);
	assert_int_equal(pt_protect(&pt, 0, 200 * MiB, RW, &flush), 0);
	assert_counts(103 - PT_FLUSH_TABLES, 51200 - PT_FLUSH_TABLES * 512, PT_FLUSH_TABLES, 0);
	done();
	assert_int_equal(flushes, 1);
	for (unsigned round = 0; round < 3; round++) {
		assert_int_equal(pt_protect(&pt, 0, 200 * MiB, RW, &flush), 0);
		done();
	}
	assert_counts(3, 0, 100, 0);
}

/* Large pages that must not be executable are split where they become so, and joined again. */
static void
executable_by_small_pages(void **state)
{
	struct pt_mapping m;

	pt.exec_max = 0;
	assert_int_equal(pt_map(&pt, 0, HPA(0), 2 * GiB, RW, &flush), 0);
	assert_counts(2, 0, 0, 2);
	watch_begin(6 * MiB - PAGE_SIZE, 514);
	watch_expect(6 * MiB, 2 * MiB, 6 * MiB, RWX, true);
	assert_int_equal(pt_protect(&pt, 6 * MiB, 2 * MiB, RWX, &flush), 0);
	watch_end();
	assert_counts(4, 512, 511, 1);
	done();
	assert_true(pt_lookup(&pt, 6 * MiB, &m));
	assert_int_equal(m.level, 0);
	assert_int_equal(m.attr, RWX);
	assert_true(pt_lookup(&pt, 8 * MiB, &m));
	assert_int_equal(m.level, 1);
	assert_int_equal(m.attr, RW);
	assert_int_equal(pt_protect(&pt, 6 * MiB, 2 * MiB, RW, &flush), 0);
	assert_counts(2, 0, 0, 2);
	done();
}

/* What was reserved is enough, and comes back; a change that needs more leaves all as it was. */
static void
reserved_tables(void **state)
{
	struct frame_stats before, s;

	pt.exec_max = 0;
	assert_int_equal(pt_map(&pt, 0, HPA(0), GiB, RW, &flush), 0);
	done();
	assert_int_equal(pt_reserve(&pt, 3), 0);
	frame_stats(&before);
	assert_int_equal(pt_protect(&pt, 0, 6 * MiB, RWX, &flush), -ERR_NOMEM);
	assert_counts(2, 0, 0, 1);
	done();
	assert_int_equal(pt.spares, 3);
	assert_int_equal(pt_protect(&pt, 0, 4 * MiB, RWX, &flush), 0);
	assert_counts(5, 1024, 510, 0);
	assert_int_equal(pt.spares, 0);
	done();
	assert_int_equal(pt_protect(&pt, 0, 4 * MiB, RW, &flush), 0);
	assert_int_equal(pt.spares, 0);
	done();
	assert_int_equal(pt.spares, 3);
	assert_counts(2, 0, 0, 1);
	frame_stats(&s);
	assert_int_equal(s.used, before.used);
}

static bool all_dropped;
static u64 asked_for;

static bool
dropped(const struct pt *table, u64 changes)
{
	asked_for = changes;
	return all_dropped;
}

/* A flush that leaves somebody out is a panic, before any table is freed. */
static void
a_flush_that_is_none(void **state)
{
	struct frame_stats before, s;

	pt.is_flushed = dropped;
	assert_int_equal(pt_map(&pt, 0, HPA(0), MiB, RW, &flush), 0);
	assert_int_equal(pt.changes, 0);
	assert_int_equal(pt_unmap(&pt, 0, MiB, &flush), 0);
	assert_true(pt.changes > 0);
	assert_int_equal(pt.flushed, 0);
	frame_stats(&before);
	expect_panic(pt_flush(&pt, &flush));
	assert_int_equal(asked_for, pt.changes);
	frame_stats(&s);
	assert_int_equal(s.used, before.used);
	assert_int_equal(pt.flushed, 0);
	all_dropped = true;
	done();
	assert_int_equal(pt.flushed, pt.changes);
	frame_stats(&s);
	assert_int_equal(s.used, before.used - 3);
}

static void
nothing_to_flush(void **state)
{
	assert_int_equal(pt_map(&pt, 0, HPA(0), MiB, RW, &flush), 0);
	assert_int_equal(pt_protect(&pt, 0, MiB, RW, &flush), 0);
	assert_int_equal(pt_unmap(&pt, GiB, GiB, &flush), 0);
	done();
	assert_int_equal(flushes, 0);
}

/* Leaves so many frames free, and no more. */
static void
leave_frames(u64 count, hpa_t *rest, u64 *pages)
{
	struct frame_stats s;

	frame_stats(&s);
	*pages = s.free - count;
	assert_int_equal(frame_alloc_range(*pages, PAGE_SIZE, FRAME_ANYWHERE, rest), 0);
}

/* With 0, 1, 2 ... frames left: all or nothing, in every operation. */
static void
out_of_frames(void **state)
{
	u64 va = 4 * GiB - 3 * MiB, size = 6 * MiB, pages;
	hpa_t rest;

	for (u64 count = 0; count <= 8; count++) {
		u64 tables = pt.tables;
		int err;

		/* 4 KiB pages on both sides of a 512 GiB border: two tables of each level. */
		leave_frames(count, &rest, &pages);
		watch_begin(512 * GiB - 2 * PAGE_SIZE, 4);
		watch_expect(512 * GiB - 2 * PAGE_SIZE, 4 * PAGE_SIZE, PAGE_SIZE, RW, true);
		err = pt_map(&pt, 512 * GiB - 2 * PAGE_SIZE, HPA(PAGE_SIZE), 4 * PAGE_SIZE, RW,
			     &flush);
		assert_int_equal(err, count < 6 ? -ERR_NOMEM : 0);
		if (err != 0)
			memcpy(watch.after, watch.before, sizeof(watch.after));
		watch_end();
		done();
		assert_int_equal(pt.tables, err == 0 ? tables + 6 : tables);
		assert_int_equal(pt_unmap(&pt, 512 * GiB - 2 * PAGE_SIZE, 4 * PAGE_SIZE, &flush),
				 0);
		done();
		frame_free(rest, pages);
	}
	assert_int_equal(pt_map(&pt, 3 * GiB, HPA(0), 2 * GiB, RW, &flush), 0);
	for (u64 count = 0; count <= 4; count++) {
		/* Two pages of 1 GiB are split twice, at odd pages. */
		u64 first = va - PAGE_SIZE, last = first + size + 2 * PAGE_SIZE;
		int err;

		leave_frames(count, &rest, &pages);
		watch_begin(va - MiB, 2048);
		watch_expect(first, last - first, ~0ul, RO, true);
		err = pt_protect(&pt, first, last - first, RO, &flush);
		assert_int_equal(err, count < 4 ? -ERR_NOMEM : 0);
		if (err != 0)
			memcpy(watch.after, watch.before, sizeof(watch.after));
		watch_end();
		done();
		if (err != 0) {
			assert_counts(2, 0, 0, 2);
			assert_int_equal(pt_unmap(&pt, first, last - first, &flush), -ERR_NOMEM);
			assert_counts(2, 0, 0, 2);
			done();
		}
		frame_free(rest, pages);
	}
	assert_int_equal(pt_unmap(&pt, 3 * GiB, 2 * GiB, &flush), 0);
	assert_counts(1, 0, 0, 0);
}

/* SDM vol. 3, tables 4-15, 4-17, 4-20; 12.12 for the memory types with our PAT. */
static void
x86_entries(void **state)
{
	u64 xd = BIT(63);

	assert_int_equal(pt_x86.leaf(HPA(0x1234000), 0, PT_READ), 0x1234001 | xd);
	assert_int_equal(pt_x86.leaf(HPA(0x1234000), 0, PT_READ | PT_EXEC), 0x1234001);
	assert_int_equal(pt_x86.leaf(HPA(0x200000), 1, RW | PT_GLOBAL), 0x200183 | xd);
	assert_int_equal(pt_x86.leaf(HPA(GiB), 2, RO | PT_USER | PT_EXEC), GiB | 0x85);
	assert_int_equal(pt_x86.leaf(HPA(0), 0, RW | PT_UC), 0x1b | xd);
	assert_int_equal(pt_x86.leaf(HPA(0), 0, RW | PT_UC_MINUS), 0x13 | xd);
	assert_int_equal(pt_x86.leaf(HPA(0), 0, RW | PT_WC), 0x83 | xd);
	assert_int_equal(pt_x86.leaf(HPA(0), 1, RW | PT_WC), 0x1083 | xd);
	assert_int_equal(pt_x86.table(HPA(0x5000), 1), 0x5007);
	assert_int_equal(pt_x86.kind(0, 0), PTE_NONE);
	assert_int_equal(pt_x86.kind(0x83, 0), PTE_LEAF); /* bit 7 is PAT here */
	assert_int_equal(pt_x86.kind(0x83, 1), PTE_LEAF);
	assert_int_equal(pt_x86.kind(0x03, 1), PTE_TABLE);
}

/* Every attribute comes back, at every level, whatever the CPU has set in A and D. */
static void
x86_attributes(void **state)
{
	for (unsigned level = 0; level <= 2; level++) {
		for (unsigned attr = 0; attr <= 0x3ff; attr++) {
			u64 entry;

			if ((attr & PT_READ) == 0 || (attr & 0xe0) != 0)
				continue;
			entry = pt_x86.leaf(HPA(7 * GiB), level, attr) | 0x60;
			assert_int_equal(pt_x86.attr(entry, level), attr);
			assert_int_equal(pt_x86.address(entry, level).v, 7 * GiB);
			assert_int_equal(pt_x86.kind(entry, level), PTE_LEAF);
		}
	}
}

/* Against a model of 2048 pages; every store is watched. */
static void
random_against_model(void **state)
{
	static const unsigned attrs[] = {RW, RO, RW | PT_UC, RO | PT_EXEC};
	u64 base = GiB - 4 * MiB, seed = 4711;

	for (unsigned round = 0; round < 1500; round++) {
		bool whole = fake_random(&seed) % 2 == 0; /* large pages, often */
		u64 unit = whole ? 512 : 1;
		u64 first = fake_random(&seed) % (WATCH_MAX / unit) * unit;
		u64 wanted = (1 + fake_random(&seed) % (1400 / unit)) * unit;
		u64 pages = MIN(wanted, WATCH_MAX - first);
		u64 va = base + first * PAGE_SIZE, size = pages * PAGE_SIZE;
		unsigned attr = attrs[fake_random(&seed) % ARRAY_SIZE(attrs)];
		u64 pa = 8 * GiB + first * PAGE_SIZE + (fake_random(&seed) % 4 == 0 ? 4 * MiB : 0);
		bool any = false, all = true;
		int err;

		watch_begin(base, WATCH_MAX);
		for (u64 i = first; i < first + pages; i++) {
			any |= watch.before[i] != 0;
			all &= watch.before[i] != 0;
		}
		/* Watching is slow: only sometimes at every store, always at the end. */
		watch.on = round % 16 == 0;
		switch (fake_random(&seed) % 3) {
		case 0:
			if (!any)
				watch_expect(va, size, pa, attr, true);
			err = pt_map(&pt, va, HPA(pa), size, attr, &flush);
			assert_int_equal(err, any ? -ERR_EXISTS : 0);
			break;
		case 1:
			watch_expect(va, size, 0, 0, false);
			assert_int_equal(pt_unmap(&pt, va, size, &flush), 0);
			break;
		default:
			if (all)
				watch_expect(va, size, ~0ul, attr, true);
			err = pt_protect(&pt, va, size, attr, &flush);
			assert_int_equal(err, all ? 0 : -ERR_NOENT);
			break;
		}
		watch_end();
		for (u64 i = 0; i < WATCH_MAX; i++) {
			u64 at = base + i * PAGE_SIZE;

			/* Whatever a TLB may hold otherwise is flushed. */
			if (watch.before[i] != 0 && watch.before[i] != watch.after[i])
				assert_true(flush.pending && flush.first <= at &&
					    flush.last >= at + PAGE_SIZE - 1);
		}
		done();
	}
	assert_int_equal(pt_unmap(&pt, base, WATCH_MAX * PAGE_SIZE, &flush), 0);
	assert_counts(1, 0, 0, 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(root_is_clean),
		test(largest_pages),
		test(alignment_decides),
		cmocka_unit_test_setup_teardown(no_1g_pages, begin_without_1g, end),
		cmocka_unit_test_setup_teardown(three_levels, begin_3_levels, end),
		test(both_halves),
		test(wrong_arguments),
		test(splits_and_joins),
		test(joins_when_mapped_again),
		test(frees_empty_tables),
		test(many_tables),
		test(many_joins),
		test(executable_by_small_pages),
		test(reserved_tables),
		test(a_flush_that_is_none),
		test(nothing_to_flush),
		test(out_of_frames),
		cmocka_unit_test(x86_entries),
		cmocka_unit_test(x86_attributes),
		test(random_against_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
