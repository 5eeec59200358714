/* SPDX-License-Identifier: MIT */
/* Free blocks: lists, merging, the search, and carving an allocation out of them. */
#include "mm/buddy.h"

#include "include/bits.h"
#include "include/list.h"
#include "lib/string.h"
#include "mm/direct.h"

enum { ORDER_MAX = FRAME_ORDERS - 1 };

static struct list free_list[AREAS][FRAME_ORDERS]; /* clean blocks before dirty ones */
static u64 blocks[FRAME_ORDERS], free_pages, clean_pages;

static struct list *
link_of(u64 frame)
{
	return hpa_to_ptr(HPA(frame * PAGE_SIZE));
}

static u64
frame_of(const struct list *link)
{
	return ptr_to_hpa(link).v / PAGE_SIZE;
}

void
buddy_reset(void)
{
	for (unsigned area = 0; area < AREAS; area++) {
		for (unsigned order = 0; order < FRAME_ORDERS; order++)
			list_init(&free_list[area][order]);
	}
	memset(blocks, 0, sizeof(blocks));
	free_pages = clean_pages = 0;
}

static void
insert(struct zone *zone, u64 frame, unsigned order, bool clean)
{
	struct list *list = &free_list[zone->area][order];

	if (clean)
		list_prepend(list, link_of(frame));
	else
		list_append(list, link_of(frame));
	block_set(zone, frame, (struct block){FRAME_FREE, clean, order});
	blocks[order]++;
	free_pages += BIT(order);
	clean_pages += clean ? BIT(order) : 0;
}

static void
drop(struct zone *zone, u64 frame)
{
	struct block b = block_get(zone, frame);

	ASSERT(b.kind == FRAME_FREE);
	list_remove(link_of(frame));
	memset(link_of(frame), 0, sizeof(struct list));
	block_set(zone, frame, (struct block){.kind = FRAME_INSIDE});
	blocks[b.order]--;
	free_pages -= BIT(b.order);
	clean_pages -= b.clean ? BIT(b.order) : 0;
}

static bool
is_free_block(const struct zone *zone, u64 frame, unsigned order, bool clean)
{
	struct block b;

	if (frame < zone->first || frame + BIT(order) > zone->first + zone->pages)
		return false;
	b = block_get(zone, frame);
	return b.kind == FRAME_FREE && b.order == order && b.clean == clean;
}

static void
release_block(struct zone *zone, u64 frame, unsigned order, bool clean)
{
	for (; order < ORDER_MAX; order++) {
		u64 buddy = frame ^ BIT(order);

		if (!is_free_block(zone, buddy, order, clean))
			break;
		drop(zone, buddy);
		frame = MIN(frame, buddy);
	}
	insert(zone, frame, order, clean);
}

/* The largest block that may begin a piece of so many pages. */
static unsigned
order_at(u64 frame, u64 pages)
{
	return MIN((unsigned)__builtin_ctzl(frame | BIT(ORDER_MAX)), high_bit(pages));
}

void
buddy_release(struct zone *zone, u64 first, u64 pages, bool clean)
{
	while (pages > 0) {
		unsigned order = order_at(first, pages);

		release_block(zone, first, order, clean);
		first += BIT(order);
		pages -= BIT(order);
	}
}

static bool
find_in_list(const struct list *list, u64 pages, u64 limit, u64 *first)
{
	const struct list *pos;

	list_for_each (pos, list) {
		*first = frame_of(pos);
		if (*first + pages <= limit)
			return true;
	}
	return false;
}

/* A single block that has room for it all. */
static bool
find_block(u64 pages, unsigned order, u64 limit, u64 *first)
{
	static const u64 area_first[AREAS] = {0, MiB / PAGE_SIZE, 4 * GiB / PAGE_SIZE};

	for (unsigned area = AREAS; area-- > 0;) {
		if (area_first[area] >= limit)
			continue;
		for (unsigned o = order; o < FRAME_ORDERS; o++) {
			if (find_in_list(&free_list[area][o], pages, limit, first))
				return true;
		}
	}
	return false;
}

/* Neighbouring free blocks that together have room for it. */
static bool
find_run(const struct zone *zone, u64 pages, u64 align, u64 limit, u64 *first)
{
	u64 end = zone->first + zone->pages, start = zone->first;

	for (u64 frame = zone->first; frame < end && frame < limit;) {
		struct block b = block_get(zone, frame);

		ASSERT(b.kind != FRAME_INSIDE);
		frame += BIT(b.order);
		if (b.kind != FRAME_FREE)
			start = frame;
		*first = ALIGN_UP(start, align);
		if (*first + pages <= MIN(frame, limit))
			return true;
	}
	return false;
}

bool
buddy_find(u64 pages, u64 align, u64 limit, u64 *first)
{
	unsigned order;

	if (pages > DIRECT_SIZE / PAGE_SIZE)
		return false;
	order = high_bit(MAX(2 * pages - 1, align)); /* of the next power of two, from pages on */
	if (find_block(pages, order, limit, first))
		return true;
	if (order == 0)
		return false;
	for (unsigned i = zones_count(); i-- > 0;) {
		if (find_run(zone_at(i), pages, align, limit, first))
			return true;
	}
	return false;
}

/* Dirty blocks are behind the clean ones. What was begun is finished before another is broken. */
bool
buddy_find_dirty(u64 max, u64 *first, u64 *pages)
{
	for (unsigned order = 0; order < FRAME_ORDERS; order++) {
		for (unsigned area = AREAS; area-- > 0;) {
			const struct list *list = &free_list[area][order];

			if (list_empty(list))
				continue;
			*first = frame_of(list->prev);
			*pages = MIN(max, BIT(order));
			if (!block_get(zone_of(*first), *first).clean)
				return true;
		}
	}
	return false;
}

/* The first frame of the block that a frame is in: no block begins between the two. */
static u64
block_start(const struct zone *zone, u64 frame)
{
	for (unsigned order = 0; order < FRAME_ORDERS; order++) {
		u64 start = ALIGN_DOWN(frame, BIT(order));

		if (start < zone->first)
			break;
		if (block_get(zone, start).kind != FRAME_INSIDE)
			return start;
	}
	panic("frame %#lx is in no block", frame);
}

static void
mark(struct zone *zone, u64 first, u64 pages)
{
	enum frame_kind kind = FRAME_FIRST;

	while (pages > 0) {
		unsigned order = order_at(first, pages);

		block_set(zone, first, (struct block){.kind = kind, .order = order});
		kind = FRAME_MORE;
		first += BIT(order);
		pages -= BIT(order);
	}
}

bool
buddy_take(struct zone *zone, u64 first, u64 pages)
{
	u64 end = first + pages;
	bool clean = true;

	for (u64 frame = block_start(zone, first); frame < end;) {
		struct block b = block_get(zone, frame);
		u64 block_end = frame + BIT(b.order);

		drop(zone, frame);
		if (frame < first)
			buddy_release(zone, frame, first - frame, b.clean);
		if (end < block_end)
			buddy_release(zone, end, block_end - end, b.clean);
		clean = clean && b.clean;
		frame = block_end;
	}
	mark(zone, first, pages);
	return clean;
}

bool
buddy_is_allocation(const struct zone *zone, u64 first, u64 pages)
{
	enum frame_kind kind = FRAME_FIRST;
	u64 zone_end = zone->first + zone->pages;

	if (pages == 0 || pages > zone_end - first)
		return false;
	while (pages > 0) {
		struct block b = block_get(zone, first);

		if (b.kind != kind || b.clean || b.order != order_at(first, pages))
			return false;
		kind = FRAME_MORE;
		first += BIT(b.order);
		pages -= BIT(b.order);
	}
	return first == zone_end || block_get(zone, first).kind != FRAME_MORE;
}

void
buddy_begin_free(struct zone *zone, u64 first)
{
	struct block b = block_get(zone, first);

	b.clean = true;
	block_set(zone, first, b);
}

void
buddy_forget(struct zone *zone, u64 first, u64 pages)
{
	while (pages > 0) {
		unsigned order = order_at(first, pages);

		block_set(zone, first, (struct block){.kind = FRAME_INSIDE});
		first += BIT(order);
		pages -= BIT(order);
	}
}

void
buddy_stats(struct frame_stats *stats)
{
	stats->free = free_pages;
	stats->clean = clean_pages;
	for (unsigned order = 0; order < FRAME_ORDERS; order++) {
		stats->free_blocks[order] = blocks[order];
		if (blocks[order] > 0)
			stats->largest = BIT(order);
	}
}
