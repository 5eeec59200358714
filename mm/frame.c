/* SPDX-License-Identifier: MIT */
/* Frames: the lock, the scrubbing, and the accounts over the buddy allocator. */
#include "mm/frame.h"

#include "include/bits.h"
#include "include/intrin.h"
#include "lib/lock.h"
#include "lib/string.h"
#include "mm/buddy.h"
#include "mm/direct.h"

/* Guards the free lists, the zones' bytes and the totals. */
static struct spinlock lock = SPINLOCK_INIT(RANK_FRAMES, "frames");

static u64 total_pages, metadata_pages;
static u64 scrub_ticks; /* atomic */

static void
scrub(hpa_t pa, u64 pages)
{
	u64 begin = rdtsc();

	memset(hpa_to_ptr(pa), 0, pages * PAGE_SIZE);
	__atomic_fetch_add(&scrub_ticks, rdtsc() - begin, __ATOMIC_RELAXED);
}

u64
frame_scrub_ticks(void)
{
	return __atomic_load_n(&scrub_ticks, __ATOMIC_RELAXED);
}

static int
add(const struct memmap *map, u64 from, u64 to)
{
	u64 flags = spin_lock(&lock);
	unsigned first = zones_count();
	int err = zones_add(map, from, to, &total_pages, &metadata_pages);

	for (unsigned i = first; i < zones_count(); i++)
		buddy_release(zone_at(i), zone_at(i)->first, zone_at(i)->pages, false);
	spin_unlock(&lock, flags);
	return err;
}

int
frame_init(const struct memmap *map)
{
	int err;

	zones_reset();
	buddy_reset();
	total_pages = metadata_pages = 0;
	err = add(map, 0, 4 * GiB);
	if (err == 0 && total_pages == metadata_pages)
		return fail(-ERR_NOMEM);
	return err;
}

int
frame_add(const struct memmap *map)
{
	return add(map, 4 * GiB, DIRECT_SIZE);
}

int
frame_alloc(unsigned order, hpa_t *out)
{
	ASSERT(order < FRAME_ORDERS);
	return frame_alloc_range(BIT(order), PAGE_SIZE << order, FRAME_ANYWHERE, out);
}

int
frame_alloc_range(u64 pages, u64 align, u64 limit, hpa_t *out)
{
	bool found, clean = false;
	u64 flags, first;

	ASSERT(pages > 0 && align >= PAGE_SIZE && is_power_of_two(align));
	flags = spin_lock(&lock);
	found = buddy_find(pages, align / PAGE_SIZE, limit / PAGE_SIZE, &first);
	if (found)
		clean = buddy_take(zone_of(first), first, pages);
	spin_unlock(&lock, flags);
	if (!found)
		return fail(-ERR_NOMEM);
	*out = HPA(first * PAGE_SIZE);
	if (!clean)
		scrub(*out, pages);
	return 0;
}

/* Scrubs between the two halves, without the lock: it is the slow part. */
void
frame_free(hpa_t pa, u64 pages)
{
	u64 first = pa.v / PAGE_SIZE, flags = spin_lock(&lock);
	struct zone *zone = zone_of(first);

	if (!IS_ALIGNED(pa.v, PAGE_SIZE) || zone == NULL ||
	    !buddy_is_allocation(zone, first, pages))
		panic("free of %lu pages at %#lx, which are no allocation", pages, pa.v);
	buddy_begin_free(zone, first);
	spin_unlock(&lock, flags);

	scrub(pa, pages);

	flags = spin_lock(&lock);
	buddy_forget(zone, first, pages);
	buddy_release(zone, first, pages, true);
	spin_unlock(&lock, flags);
}

void
frame_stats(struct frame_stats *out)
{
	u64 flags = spin_lock(&lock);

	*out = (struct frame_stats){.total = total_pages, .metadata = metadata_pages};
	buddy_stats(out);
	out->used = out->total - out->free;
	spin_unlock(&lock, flags);
}
