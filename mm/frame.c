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
static u64 scrub_ticks, scrubbed_pages; /* atomic */

enum { PIECE = 4 }; /* pages that an idle CPU scrubs in one go: a wake-up waits for it */

/* The lock guards these, too; the first is looked at without it. */
static bool any_dirty;
static u64 in_work;	/* pages that an idle CPU has taken away for now */
static unsigned wanted; /* allocations that wait for them */

static void
scrub(hpa_t pa, u64 pages)
{
	u64 begin = rdtsc();

	memset(hpa_to_ptr(pa), 0, pages * PAGE_SIZE);
	__atomic_fetch_add(&scrub_ticks, rdtsc() - begin, __ATOMIC_RELAXED);
	__atomic_fetch_add(&scrubbed_pages, pages, __ATOMIC_RELAXED);
}

u64
frame_scrubbed(void)
{
	return __atomic_load_n(&scrubbed_pages, __ATOMIC_RELAXED);
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
	any_dirty = true;
	spin_unlock(&lock, flags);
	return err;
}

int
frame_init(const struct memmap *map)
{
	int err;

	zones_reset();
	buddy_reset();
	total_pages = metadata_pages = in_work = 0;
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

/*
 * With the lock held, which is let go meanwhile: waits until no idle CPU has a piece in work, which
 * may be the one that is missing. It has interrupts off, so it does not take long; and none begins
 * another one.
 */
static u64
wait_for_pieces(u64 flags)
{
	wanted++;
	while (in_work > 0) {
		spin_unlock(&lock, flags);
		cpu_relax();
		flags = spin_lock(&lock);
	}
	wanted--;
	return flags;
}

int
frame_alloc_range(u64 pages, u64 align, u64 limit, hpa_t *out)
{
	bool found, clean = false;
	u64 flags, first;

	ASSERT(pages > 0 && align >= PAGE_SIZE && is_power_of_two(align));
	flags = spin_lock(&lock);
	found = buddy_find(pages, align / PAGE_SIZE, limit / PAGE_SIZE, &first);
	if (!found && in_work > 0) {
		flags = wait_for_pieces(flags);
		found = buddy_find(pages, align / PAGE_SIZE, limit / PAGE_SIZE, &first);
	}
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

/* Takes a piece that is to be scrubbed away; 0 pages where there is none, or it is not the time. */
static u64
take_piece(u64 *first)
{
	u64 flags = spin_lock(&lock), pages = 0;

	if (wanted == 0 && in_work == 0) {
		any_dirty = buddy_find_dirty(PIECE, first, &pages);
		pages = any_dirty ? pages : 0;
		if (pages > 0)
			(void)buddy_take(zone_of(*first), *first, pages);
		in_work = pages;
	}
	spin_unlock(&lock, flags);
	return pages;
}

bool
frame_scrub_some(void)
{
	u64 flags, first, pages;

	/* One CPU at a time: more would wait for the lock rather than for memory. */
	if (!READ_ONCE(any_dirty) || READ_ONCE(in_work) != 0)
		return false;
	pages = take_piece(&first);
	if (pages == 0)
		return false;

	scrub(HPA(first * PAGE_SIZE), pages);

	flags = spin_lock(&lock);
	in_work = 0;
	buddy_forget(zone_of(first), first, pages);
	buddy_release(zone_of(first), first, pages, true);
	spin_unlock(&lock, flags);
	return true;
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
	out->free += in_work;
	out->used = out->total - out->free;
	spin_unlock(&lock, flags);
}
