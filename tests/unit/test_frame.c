/* SPDX-License-Identifier: MIT */
// clang-format off
// SOURCES: mm/frame.c mm/buddy.c mm/zone.c mm/memmap.c lib/log.c lib/error.c lib/lock.c lib/format.c
// clang-format on
#include "tests/unit/test.h"

#include "include/bits.h"
#include "lib/lock.h"
#include "mm/buddy.h"
#include "tests/unit/fake/memory.h"

static struct memmap map;
static struct frame_stats s;

static void
begin(void)
{
	memmap_finish(&map);
	fake_memory_of(&map);
	assert_int_equal(frame_init(&map), 0);
	assert_int_equal(frame_add(&map), 0);
}

/* 6 GiB with holes: as a PC has them, and some of one page. */
static int
large_machine(void **state)
{
	memmap_init(&map, 40);
	memmap_add(&map, 0, 0xa0000, MEM_USABLE);
	memmap_add(&map, MiB, 3 * GiB - MiB, MEM_USABLE);
	memmap_add(&map, 4 * GiB, 3 * GiB, MEM_USABLE);
	memmap_add(&map, 0x9f000, 0x1000, MEM_RESERVED);
	memmap_add(&map, GiB + 123 * PAGE_SIZE, PAGE_SIZE, MEM_BAD);
	memmap_add(&map, 5 * GiB - 7 * PAGE_SIZE, 77 * PAGE_SIZE, MEM_NVS);
	begin();
	return 0;
}

/* 4 MiB that have been used before, below 16 MiB. */
static int
small_machine(void **state)
{
	memmap_init(&map, 40);
	memmap_add(&map, 12 * MiB, 4 * MiB, MEM_USABLE);
	memmap_finish(&map);
	fake_memory_map(12 * MiB, 4 * MiB);
	fake_memory_dirty(12 * MiB, 4 * MiB);
	assert_int_equal(frame_init(&map), 0);
	return 0;
}

static int
end(void **state)
{
	fake_memory_drop(&map);
	return 0;
}

static bool
is_zero(hpa_t pa, u64 size)
{
	const u64 *words = hpa_to_ptr(pa);

	for (u64 i = 0; i < size / sizeof(*words); i++) {
		if (words[i] != 0)
			return false;
	}
	return true;
}

static bool
is_usable(u64 base, u64 size)
{
	for (unsigned i = 0; i < map.count; i++) {
		const struct mem_range *r = &map.range[i];

		if (r->type == MEM_USABLE && base >= r->base && base + size <= r->base + r->size)
			return true;
	}
	return false;
}

static void
totals(void **state)
{
	frame_stats(&s);
	assert_int_equal(s.total * PAGE_SIZE, memmap_bytes(&map, MEM_USABLE));
	/* One byte a page, in two pieces. */
	assert_in_range(s.metadata, s.total / PAGE_SIZE, s.total / PAGE_SIZE + 2);
	assert_int_equal(s.used, s.metadata);
	assert_int_equal(s.free, s.total - s.used);
	assert_int_equal(s.clean, 0);
	assert_int_equal(s.largest, BIT(FRAME_ORDER_1G));
	/* [2, 3) or less its end is the largest below 4 GiB; [6, 7) above likewise; [4, 5) has a
	 * hole. */
	assert_in_range(s.free_blocks[FRAME_ORDER_1G], 1, 2);
}

/* Every order is aligned, usable, zero, and goes back to where it was. */
static void
every_order(void **state)
{
	struct frame_stats before;

	frame_stats(&before);
	for (unsigned order = 0; order <= FRAME_ORDER_2M + 1; order++) {
		hpa_t pa;

		assert_int_equal(frame_alloc(order, &pa), 0);
		assert_int_equal(pa.v % (PAGE_SIZE << order), 0);
		assert_true(is_usable(pa.v, PAGE_SIZE << order));
		assert_true(is_zero(pa, PAGE_SIZE << order));
		frame_stats(&s);
		assert_int_equal(s.used, before.used + BIT(order));
		frame_free(pa, BIT(order));
		frame_stats(&s);
		assert_int_equal(s.free, before.free);
	}
}

/* As frame_alloc_range(), but without scrubbing: a host has no gigabytes to spare. */
static bool
take(u64 pages, u64 align, u64 *first)
{
	if (!buddy_find(pages, align, FRAME_ANYWHERE / PAGE_SIZE, first))
		return false;
	buddy_take(zone_of(*first), *first, pages);
	assert_int_equal(*first % align, 0);
	assert_true(is_usable(*first * PAGE_SIZE, pages * PAGE_SIZE));
	assert_true(buddy_is_allocation(zone_of(*first), *first, pages));
	return true;
}

/* All memory by blocks of one order; what remains is less than the holes can explain. */
static void
exhaust(unsigned order)
{
	static u64 taken[2 * MiB / 64];
	struct frame_stats before;
	u64 count = 0, first;

	frame_stats(&before);
	while (take(BIT(order), BIT(order), &first))
		taken[count++] = first;
	frame_stats(&s);
	assert_int_equal(s.free, before.free - count * BIT(order));
	assert_true(s.largest < BIT(order));
	assert_true(s.free < 20 * BIT(order)); /* each end of each piece, at most */
	while (count-- > 0) {
		struct zone *zone = zone_of(taken[count]);

		buddy_forget(zone, taken[count], BIT(order));
		buddy_release(zone, taken[count], BIT(order), false);
	}
	frame_stats(&s);
	assert_memory_equal(&s, &before, sizeof(s));
}

static void
exhausted_by_small_blocks(void **state)
{
	for (unsigned order = 0; order < 6; order++)
		exhaust(order);
}

static void
exhausted_by_large_blocks(void **state)
{
	for (unsigned order = 6; order < FRAME_ORDERS; order++)
		exhaust(order);
}

/* More than any block, and at odd ends: only neighbouring blocks together have so much. */
static void
a_run_over_blocks(void **state)
{
	u64 first;

	assert_true(take(2 * GiB / PAGE_SIZE - 1000, 1, &first));
	assert_true(first * PAGE_SIZE >= 5 * GiB);
	assert_true(take(2 * GiB / PAGE_SIZE - 1000, 1, &first));
	assert_true(first * PAGE_SIZE > GiB && first * PAGE_SIZE < 3 * GiB);
	assert_false(take(2 * GiB / PAGE_SIZE - 1000, 1, &first));
	assert_true(take(700 * MiB / PAGE_SIZE, 512, &first));
}

static void
high_memory_first(void **state)
{
	hpa_t pa;

	assert_int_equal(frame_alloc(0, &pa), 0);
	assert_true(pa.v >= 4 * GiB);
	assert_int_equal(frame_alloc_range(1, PAGE_SIZE, 4 * GiB, &pa), 0);
	assert_true(pa.v >= MiB && pa.v < 4 * GiB);
	assert_int_equal(frame_alloc_range(1, PAGE_SIZE, MiB, &pa), 0);
	assert_true(pa.v >= PAGE_SIZE && pa.v < MiB);
	assert_int_equal(frame_alloc_range(3, PAGE_SIZE, 0x5000, &pa), 0);
	assert_true(pa.v >= PAGE_SIZE && pa.v + 3 * PAGE_SIZE <= 0x5000);
	assert_int_equal(frame_alloc_range(4, PAGE_SIZE, 0x5000, &pa), -ERR_NOMEM);
	assert_int_equal(frame_alloc_range(1, PAGE_SIZE, PAGE_SIZE, &pa), -ERR_NOMEM);
}

/* RAM right across 1 MiB and 4 GiB is in pieces there, so that a limit is found quickly. */
static void
across_the_limits(void **state)
{
	struct zone *zone;

	memmap_init(&map, 40);
	memmap_add(&map, MiB / 2, 5 * GiB - MiB / 2, MEM_USABLE);
	begin();
	zone = zone_of(MiB / PAGE_SIZE - 1);
	assert_int_equal(zone->first + zone->pages, MiB / PAGE_SIZE);
	assert_int_equal(zone->area, AREA_REAL_MODE);
	assert_int_equal(zone_of(MiB / PAGE_SIZE + 5000)->area, AREA_32BIT);
	zone = zone_of(4 * GiB / PAGE_SIZE);
	assert_int_equal(zone->first, 4 * GiB / PAGE_SIZE);
	assert_int_equal(zone->area, AREA_HIGH);
	assert_int_equal(zones_count(), 3);
	fake_memory_drop(&map);
}

/* A run of several blocks ends at the limit, too. */
/* What idle CPUs do, until nothing is left: all is clean and whole again, and only then. */
static void
scrubbed_when_idle(void **state)
{
	u64 largest, begun = frame_scrubbed(), pieces = 0;
	hpa_t pa;

	frame_stats(&s);
	largest = s.largest;
	assert_int_equal(s.clean, 0);
	assert_int_equal(frame_alloc_range(3, PAGE_SIZE, FRAME_ANYWHERE, &pa), 0);
	while (frame_scrub_some()) {
		u64 used = s.used, clean = s.clean;

		assert_true(++pieces <= s.total);
		frame_stats(&s);
		assert_true(s.clean > clean);
		assert_int_equal(s.used, s.metadata + 3);
		assert_true(pieces == 1 || s.used == used);
	}
	assert_int_equal(s.clean, s.free);
	assert_int_equal(frame_scrubbed() - begun, s.free + 3);
	frame_free(pa, 3);
	assert_false(frame_scrub_some());
	frame_stats(&s);
	assert_int_equal(s.largest, largest);
	assert_int_equal(frame_alloc_range(s.free, PAGE_SIZE, FRAME_ANYWHERE, &pa), 0);
	assert_true(is_zero(pa, s.free * PAGE_SIZE));
}

static void
a_run_below_a_limit(void **state)
{
	u64 limit = 14 * MiB + 7 * PAGE_SIZE, first = zone_of(14 * MiB / PAGE_SIZE)->first;
	u64 pages = limit / PAGE_SIZE - first;
	hpa_t pa;

	assert_int_equal(frame_alloc_range(pages + 1, PAGE_SIZE, limit, &pa), -ERR_NOMEM);
	assert_int_equal(frame_alloc_range(pages, PAGE_SIZE, limit, &pa), 0);
	assert_int_equal(pa.v, first * PAGE_SIZE);
}

/* Page 0 is never handed out; all other low pages are, each once. */
static void
low_memory_runs_out(void **state)
{
	bool seen[256] = {false};
	hpa_t pa;

	for (unsigned i = 0; i < 0x9e; i++) {
		assert_int_equal(frame_alloc_range(1, PAGE_SIZE, MiB, &pa), 0);
		assert_in_range(pa.v, PAGE_SIZE, 0x9e000);
		assert_false(seen[pa.v / PAGE_SIZE]);
		seen[pa.v / PAGE_SIZE] = true;
	}
	assert_int_equal(frame_alloc_range(1, PAGE_SIZE, MiB, &pa), -ERR_NOMEM);
}

static void
more_than_there_is(void **state)
{
	hpa_t pa;

	assert_int_equal(frame_alloc_range(7 * GiB / PAGE_SIZE, PAGE_SIZE, FRAME_ANYWHERE, &pa),
			 -ERR_NOMEM);
	assert_int_equal(frame_alloc_range(~0ul, PAGE_SIZE, FRAME_ANYWHERE, &pa), -ERR_NOMEM);
	assert_int_equal(frame_alloc_range(1, 1ul << 60, FRAME_ANYWHERE, &pa), -ERR_NOMEM);
}

static void
bad_frees(void **state)
{
	hpa_t pa, two;

	assert_int_equal(frame_alloc_range(6, PAGE_SIZE, FRAME_ANYWHERE, &pa), 0);
	assert_int_equal(frame_alloc(1, &two), 0);
	locks_disable(); /* a panic leaves it held */
	expect_panic(frame_free(pa, 5));
	expect_panic(frame_free(pa, 4)); /* the first block alone */
	expect_panic(frame_free(pa, 7));
	expect_panic(frame_free(HPA(pa.v + PAGE_SIZE), 1));
	expect_panic(frame_free(HPA(pa.v + 4 * PAGE_SIZE), 2)); /* its second block alone */
	expect_panic(frame_free(HPA(two.v + PAGE_SIZE), 1));
	expect_panic(frame_free(HPA(two.v + 1), 2));
	expect_panic(frame_free(two, 1));
	expect_panic(frame_free(two, 0));
	expect_panic(frame_free(HPA(0), 1));
	expect_panic(frame_free(HPA(20 * MiB), 1));
	expect_panic(frame_free(HPA(12 * MiB), 1)); /* RAM that was never allocated */
	frame_free(pa, 6);
	frame_free(two, 2);
	expect_panic(frame_free(two, 2));
	expect_panic(frame_free(pa, 6));
	frame_stats(&s);
	assert_int_equal(s.used, s.metadata);
}

static void
always_zero(void **state)
{
	hpa_t first, again;

	assert_int_equal(frame_alloc_range(5, PAGE_SIZE, FRAME_ANYWHERE, &first), 0);
	assert_true(is_zero(first, 5 * PAGE_SIZE));
	memset(hpa_to_ptr(first), 0x5a, 5 * PAGE_SIZE);
	frame_free(first, 5);
	frame_stats(&s);
	assert_int_equal(s.clean, 5);
	assert_true(frame_scrub_ticks() > 0);

	/* Clean pages go first, and cost nothing. */
	u64 ticks = frame_scrub_ticks();

	assert_int_equal(frame_alloc(0, &again), 0);
	assert_true(is_zero(again, PAGE_SIZE));
	assert_int_equal(frame_scrub_ticks(), ticks);
	frame_stats(&s);
	assert_int_equal(s.clean, 4);
}

/* Blocks of both kinds in one allocation. */
static void
clean_and_dirty_together(void **state)
{
	hpa_t pa, all;

	assert_int_equal(frame_alloc_range(1, PAGE_SIZE, FRAME_ANYWHERE, &pa), 0);
	frame_free(pa, 1);
	frame_stats(&s);
	assert_int_equal(frame_alloc_range(s.free, PAGE_SIZE, FRAME_ANYWHERE, &all), 0);
	assert_true(is_zero(all, s.free * PAGE_SIZE));
	frame_free(all, s.free);
	frame_stats(&s);
	assert_int_equal(s.clean, s.free);
}

/* As small as it gets: one page is no machine, two are one page and its byte. */
static void
tiny_machines(void **state)
{
	hpa_t pa;

	memmap_init(&map, 40);
	assert_int_equal(frame_init(&map), -ERR_NOMEM);
	memmap_add(&map, 16 * MiB, PAGE_SIZE, MEM_USABLE);
	fake_memory_of(&map);
	assert_int_equal(frame_init(&map), -ERR_NOMEM);
	memmap_add(&map, 17 * MiB, PAGE_SIZE, MEM_USABLE);
	fake_memory_of(&map);
	assert_int_equal(frame_init(&map), 0);
	assert_int_equal(frame_alloc(0, &pa), 0);
	assert_int_equal(frame_alloc(0, &pa), -ERR_NOMEM);
	fake_memory_drop(&map);
}

/* 512 pieces of one page each. */
static void
all_holes(void **state)
{
	hpa_t pa;

	memmap_init(&map, 40);
	for (u64 i = 0; i < MEMMAP_MAX; i++)
		memmap_add(&map, 2 * MiB + 2 * i * PAGE_SIZE, PAGE_SIZE, MEM_USABLE);
	fake_memory_map(2 * MiB, 8 * MiB);
	assert_int_equal(frame_init(&map), 0);
	for (u64 i = 0; i < MEMMAP_MAX - 1; i++)
		assert_int_equal(frame_alloc(0, &pa), 0);
	assert_int_equal(frame_alloc(0, &pa), -ERR_NOMEM);
	fake_memory_unmap(2 * MiB, 8 * MiB);
}

enum { PAGES = 4 * MiB / PAGE_SIZE, HELD = 64 };

struct held {
	hpa_t pa;
	u64 pages, mark;
};

static void
check_and_free(struct held *h, u8 *model)
{
	const u64 *words = hpa_to_ptr(h->pa);

	for (u64 i = 0; i < h->pages * PAGE_SIZE / 8; i += 64)
		assert_int_equal(words[i], h->mark);
	frame_free(h->pa, h->pages);
	memset(&model[(h->pa.v - 12 * MiB) / PAGE_SIZE], 0, h->pages);
	h->pages = 0;
}

/* True when the model has such a piece free. */
static bool
has_room(const u8 *model, u64 pages, u64 align)
{
	for (u64 first = 0; first + pages <= PAGES; first += align) {
		if (memchr(&model[first], 1, pages) == NULL)
			return true;
	}
	return false;
}

static void
random_against_model(void **state)
{
	static u8 model[PAGES]; /* 1: taken, or the allocator's own */
	struct held held[HELD] = {{.pages = 0}};
	u64 seed = 0x9e3779b97f4a7c15ul, taken = 0, usable;

	frame_stats(&s);
	usable = s.total - s.metadata;
	for (u64 i = 0; i < PAGES; i++)
		model[i] = zone_of(12 * MiB / PAGE_SIZE + i) == NULL;
	for (unsigned round = 0; round < 20000; round++) {
		struct held *h = &held[fake_random(&seed) % HELD];
		u64 pages = 1 + fake_random(&seed) % (1 + fake_random(&seed) % 90);
		u64 align = BIT(fake_random(&seed) % 6);

		if (h->pages > 0) {
			taken -= h->pages;
			check_and_free(h, model);
			continue;
		}
		if (frame_alloc_range(pages, align * PAGE_SIZE, FRAME_ANYWHERE, &h->pa) != 0) {
			assert_false(has_room(model, pages, align));
			continue;
		}
		assert_int_equal(h->pa.v % (align * PAGE_SIZE), 0);
		assert_true(is_zero(h->pa, pages * PAGE_SIZE));
		for (u64 i = 0; i < pages; i++) {
			u8 *page = &model[(h->pa.v - 12 * MiB) / PAGE_SIZE + i];

			assert_int_equal(*page, 0);
			*page = 1;
		}
		h->pages = pages;
		h->mark = round + 1;
		taken += pages;
		for (u64 i = 0; i < pages * PAGE_SIZE / 8; i += 64)
			((u64 *)hpa_to_ptr(h->pa))[i] = h->mark;
		frame_stats(&s);
		assert_int_equal(s.used, s.metadata + taken);
	}
	for (unsigned i = 0; i < HELD; i++) {
		if (held[i].pages > 0)
			check_and_free(&held[i], model);
	}
	frame_stats(&s);
	assert_int_equal(s.free, usable);
}

/* What one CPU frees while another is still scrubbing what lies right behind it. */
static void
neighbours_freed_at_once(void **state)
{
	hpa_t both, first, second;
	u64 frame;

	assert_int_equal(frame_alloc_range(2, 2 * PAGE_SIZE, FRAME_ANYWHERE, &both), 0);
	frame_free(both, 2);
	assert_int_equal(frame_alloc(0, &first), 0);
	assert_int_equal(frame_alloc(0, &second), 0);
	assert_int_equal(second.v, first.v + PAGE_SIZE);
	frame = second.v / PAGE_SIZE;
	buddy_begin_free(zone_of(frame), frame);
	frame_free(first, 1);
	buddy_forget(zone_of(frame), frame, 1);
	buddy_release(zone_of(frame), frame, 1, true);
	frame_stats(&s);
	assert_int_equal(s.used, s.metadata);
	assert_int_equal(frame_alloc(0, &first), 0);
	frame = first.v / PAGE_SIZE;
	buddy_begin_free(zone_of(frame), frame);
	locks_disable();
	expect_panic(frame_free(first, 1));
}

#define large(test) cmocka_unit_test_setup_teardown(test, large_machine, end)
#define small(test) cmocka_unit_test_setup_teardown(test, small_machine, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		large(totals),
		large(every_order),
		large(exhausted_by_large_blocks),
		small(exhausted_by_small_blocks),
		large(a_run_over_blocks),
		large(high_memory_first),
		large(low_memory_runs_out),
		large(more_than_there_is),
		small(always_zero),
		small(clean_and_dirty_together),
		small(scrubbed_when_idle),
		small(a_run_below_a_limit),
		cmocka_unit_test(across_the_limits),
		cmocka_unit_test(tiny_machines),
		cmocka_unit_test(all_holes),
		small(random_against_model),
		small(bad_frees),
		small(neighbours_freed_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
