/* SPDX-License-Identifier: MIT */
/* The zones, sorted by address, and the bytes of their frames. */
#include "mm/zone.h"

#include "include/bits.h"
#include "lib/string.h"
#include "mm/direct.h"

/* A frame's byte. */
#define STATE_ORDER 0x1ful
#define STATE_CLEAN 0x20ul
#define STATE_KIND  0xc0ul

/* A range that spans 1 MiB and 4 GiB makes three. */
static struct zone zones[MEMMAP_MAX + 2];
static unsigned count;

void
zones_reset(void)
{
	count = 0;
}

unsigned
zones_count(void)
{
	return count;
}

struct zone *
zone_at(unsigned index)
{
	ASSERT(index < count);
	return &zones[index];
}

struct zone *
zone_of(u64 frame)
{
	unsigned low = 0, high = count;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;

		if (frame < zones[mid].first)
			high = mid;
		else if (frame - zones[mid].first >= zones[mid].pages)
			low = mid + 1;
		else
			return &zones[mid];
	}
	return NULL;
}

static enum frame_area
area_of(u64 base)
{
	if (base < MiB)
		return AREA_REAL_MODE;
	return base < 4 * GiB ? AREA_32BIT : AREA_HIGH;
}

/* One zone for each area that [base, end) reaches into. */
static void
add_range(u64 base, u64 end)
{
	static const u64 area_end[AREAS] = {MiB, 4 * GiB, ~0ul};

	while (base < end) {
		enum frame_area area = area_of(base);
		u64 stop = MIN(end, area_end[area]);

		ASSERT(count < ARRAY_SIZE(zones));
		zones[count++] = (struct zone){
			.first = base / PAGE_SIZE,
			.pages = (stop - base) / PAGE_SIZE,
			.area = area,
		};
		base = stop;
	}
}

static struct zone *
largest_from(unsigned first)
{
	struct zone *largest = &zones[first];

	for (unsigned i = first; i < count; i++) {
		if (zones[i].pages > largest->pages)
			largest = &zones[i];
	}
	return largest;
}

/* Takes pages from the end that is less aligned, so that large blocks stay whole. */
static u64
shrink(struct zone *zone, u64 pages)
{
	u64 end = zone->first + zone->pages;

	zone->pages -= pages;
	if (__builtin_ctzl(zone->first) > __builtin_ctzl(end))
		return end - pages;
	zone->first += pages;
	return zone->first - pages;
}

/* The largest new zone gives the bytes of all of them. */
static int
place_states(unsigned first, u64 pages)
{
	struct zone *largest = largest_from(first);
	u8 *states;

	if (largest->pages < pages)
		return fail(-ERR_NOMEM);
	states = hpa_to_ptr(HPA(shrink(largest, pages) * PAGE_SIZE));
	memset(states, 0, pages * PAGE_SIZE);
	for (unsigned i = first; i < count; i++) {
		zones[i].state = states;
		states += zones[i].pages;
	}
	return 0;
}

int
zones_add(const struct memmap *map, u64 from, u64 to, u64 *total, u64 *metadata)
{
	unsigned first = count;
	u64 pages = 0, state_pages;

	for (unsigned i = 0; i < map->count; i++) {
		const struct mem_range *r = &map->range[i];

		if (r->type == MEM_USABLE)
			add_range(MAX(r->base, from), MIN(r->base + r->size, to));
	}
	for (unsigned i = first; i < count; i++)
		pages += zones[i].pages;
	if (pages == 0)
		return 0;
	state_pages = (pages + PAGE_SIZE - 1) / PAGE_SIZE;
	if (place_states(first, state_pages) != 0) {
		count = first;
		return -ERR_NOMEM;
	}
	*total += pages;
	*metadata += state_pages;
	return 0;
}

struct block
block_get(const struct zone *zone, u64 frame)
{
	u8 state = zone->state[frame - zone->first];

	return (struct block){
		.kind = (enum frame_kind)FIELD_GET(STATE_KIND, state),
		.clean = (state & STATE_CLEAN) != 0,
		.order = (unsigned)FIELD_GET(STATE_ORDER, state),
	};
}

void
block_set(const struct zone *zone, u64 frame, struct block block)
{
	zone->state[frame - zone->first] =
		(u8)(FIELD_PREP(STATE_KIND, block.kind) | (block.clean ? STATE_CLEAN : 0) |
		     FIELD_PREP(STATE_ORDER, block.order));
}
