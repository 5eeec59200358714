/* SPDX-License-Identifier: MIT */
// SOURCES: mm/memmap.c lib/log.c lib/error.c lib/lock.c lib/format.c
#include "tests/unit/test.h"

#include "tests/unit/fake/memory.h"

static struct memmap map;

static int
reset(void **state)
{
	memmap_init(&map, 40);
	return 0;
}

#define assert_range(i, base_, end_, type_)                                                        \
	do {                                                                                       \
		assert_true((i) < map.count);                                                      \
		assert_int_equal(map.range[i].base, base_);                                        \
		assert_int_equal(map.range[i].base + map.range[i].size, end_);                     \
		assert_int_equal(map.range[i].type, type_);                                        \
	} while (0)

static void
sorts_and_merges(void **state)
{
	memmap_add(&map, 0x200000, 0x100000, MEM_USABLE);
	memmap_add(&map, 0x100000, 0x80000, MEM_USABLE);
	memmap_add(&map, 0x400000, 0x1000, MEM_RESERVED);
	memmap_add(&map, 0x180000, 0x80000, MEM_USABLE);
	assert_int_equal(map.count, 2);
	assert_range(0, 0x100000, 0x300000, MEM_USABLE);
	assert_range(1, 0x400000, 0x401000, MEM_RESERVED);
	assert_int_equal(memmap_bytes(&map, MEM_USABLE), 0x200000);
}

/* The same pieces in either order. */
static void
restrictive_type_wins(void **state)
{
	for (int order = 0; order < 2; order++) {
		memmap_init(&map, 40);
		if (order == 0)
			memmap_add(&map, 0x10000, 0x10000, MEM_USABLE);
		memmap_add(&map, 0x14000, 0x1000, MEM_RESERVED);
		memmap_add(&map, 0x13000, 0x3000, MEM_ACPI);
		memmap_add(&map, 0x1f000, 0x4000, MEM_BAD);
		if (order == 1)
			memmap_add(&map, 0x10000, 0x10000, MEM_USABLE);
		assert_int_equal(map.count, 6);
		assert_range(0, 0x10000, 0x13000, MEM_USABLE);
		assert_range(1, 0x13000, 0x14000, MEM_ACPI);
		assert_range(2, 0x14000, 0x15000, MEM_RESERVED);
		assert_range(3, 0x15000, 0x16000, MEM_ACPI);
		assert_range(4, 0x16000, 0x1f000, MEM_USABLE);
		assert_range(5, 0x1f000, 0x23000, MEM_BAD);
	}
}

static void
cuts_what_is_not_addressable(void **state)
{
	u64 limit = 1ul << 40;

	memmap_add(&map, 0x1000, 0, MEM_USABLE);
	memmap_add(&map, limit - 0x1000, 0x5000, MEM_USABLE);
	memmap_add(&map, ~0ul - 0xfff, 0x3000, MEM_RESERVED);
	memmap_add(&map, 0x2000, ~0ul, MEM_NVS);
	memmap_add(&map, ~0ul - 0xfff, 0x1000, MEM_RESERVED); /* right up to 2^64 */
	assert_int_equal(map.empty, 1);
	assert_int_equal(map.wrapped, 2);
	assert_int_equal(map.beyond, 4);
	assert_int_equal(map.lost, 0);
	assert_int_equal(map.count, 1);
	assert_range(0, 0x2000, limit, MEM_NVS);
}

static void
limit_is_exact(void **state)
{
	u64 limit = 1ul << 40;

	memmap_add(&map, limit - 0x1000, 0x1000, MEM_RESERVED);
	assert_int_equal(map.beyond, 0);
	memmap_add(&map, limit - 0x1000, 0x1001, MEM_RESERVED);
	assert_int_equal(map.beyond, 1);
	assert_range(0, limit - 0x1000, limit, MEM_RESERVED);
}

/* Of a CPU with 52 address bits, RAM is only what the direct map can hold. */
static void
ram_ends_with_the_direct_map(void **state)
{
	memmap_init(&map, 52);
	memmap_add(&map, DIRECT_SIZE - 0x1000, 0x2000, MEM_USABLE);
	memmap_add(&map, DIRECT_SIZE, 0x1000, MEM_RESERVED);
	assert_range(0, DIRECT_SIZE - 0x1000, DIRECT_SIZE, MEM_USABLE);
	assert_range(1, DIRECT_SIZE, DIRECT_SIZE + 0x1000, MEM_RESERVED);
}

static void
usable_by_whole_pages(void **state)
{
	memmap_add(&map, 0, 0x9fc00, MEM_USABLE);
	memmap_add(&map, 0x9fc00, 0x400, MEM_RESERVED);
	memmap_add(&map, 0x100400, 0x200, MEM_USABLE);
	memmap_add(&map, 0x200800, 0x1800, MEM_USABLE);
	memmap_finish(&map);
	assert_int_equal(map.count, 4);
	assert_range(0, 0, 0x1000, MEM_TAKEN); /* real mode's vectors */
	assert_range(1, 0x1000, 0x9f000, MEM_USABLE);
	assert_range(2, 0x9fc00, 0xa0000, MEM_RESERVED);
	assert_range(3, 0x201000, 0x202000, MEM_USABLE);
}

static void
takes_pieces_out(void **state)
{
	memmap_add(&map, 0x100000, 0x100000, MEM_USABLE);
	memmap_add(&map, 0x200000, 0x1000, MEM_RESERVED);
	assert_int_equal(memmap_take(&map, 0x110800, 0x1000), 0);
	assert_int_equal(memmap_take(&map, 0x111000, 0x800), 0); /* shares a page */
	assert_int_equal(memmap_take(&map, 0x150000, 0), 0);
	assert_int_equal(memmap_take(&map, 0x1ff000, 0x1800), -ERR_RANGE);
	assert_int_equal(memmap_take(&map, 1ul << 40, 0x1000), -ERR_RANGE);
	assert_int_equal(memmap_take(&map, 0x100000, ~0ul), -ERR_RANGE);
	assert_int_equal(map.count, 5);
	assert_range(0, 0x100000, 0x110000, MEM_USABLE);
	assert_range(1, 0x110000, 0x112000, MEM_TAKEN);
	assert_range(2, 0x112000, 0x1ff000, MEM_USABLE);
	assert_range(3, 0x1ff000, 0x200000, MEM_TAKEN);
	assert_range(4, 0x200000, 0x201000, MEM_RESERVED);
}

static void
finds_ram(void **state)
{
	memmap_add(&map, 0x100000, 0x1000, MEM_NVS);
	memmap_add(&map, 0x101000, 0x1000, MEM_RESERVED);
	assert_false(memmap_has_ram(&map, 0, 0x100000));
	assert_true(memmap_has_ram(&map, 0, 0x100001));
	assert_true(memmap_has_ram(&map, 0x100fff, 1));
	assert_false(memmap_has_ram(&map, 0x101000, 0x1000));
	assert_true(memmap_has_ram(&map, 0, ~0ul));
	assert_false(memmap_has_ram(&map, 0x102000, ~0ul));
}

/* Over 512 pieces: what is lost is reported, and no usable RAM comes to lie over it. */
static void
full_table(void **state)
{
	for (u64 i = 0; i < MEMMAP_MAX; i++)
		memmap_add(&map, 0x100000 + i * 0x2000, 0x1000, MEM_RESERVED);
	assert_int_equal(map.lost, 0);
	memmap_add(&map, 0x10000000, 0x1000, MEM_RESERVED);
	assert_int_equal(map.lost, 1);
	/* Now there is room for more: the first hundred become one. */
	memmap_add(&map, 0x100000, 200 * 0x1000, MEM_RESERVED);
	assert_true(map.count < MEMMAP_MAX - 90);
	memmap_add(&map, 0x0f000000, 0x2000000, MEM_USABLE);
	assert_int_equal(map.lost, 2);
	assert_int_equal(memmap_bytes(&map, MEM_USABLE), 0);
}

/* A split that finds no room loses the upper part, and nothing else. */
static void
full_table_split(void **state)
{
	for (u64 i = 0; i < MEMMAP_MAX - 1; i++)
		memmap_add(&map, 0x100000 + i * 0x2000, 0x1000, MEM_RESERVED);
	memmap_add(&map, 0x10000000, 0x3000, MEM_USABLE);
	memmap_add(&map, 0x10001000, 0x1000, MEM_BAD);
	assert_int_equal(map.lost, 1);
	assert_int_equal(memmap_bytes(&map, MEM_USABLE), 0x1000);
	assert_false(memmap_has_ram(&map, 0x10001000, 0x1000));
}

/* Against a model with one type a page, over 64 pages. */
static void
random_against_model(void **state)
{
	u64 seed = 88172645463325252ul;

	for (int round = 0; round < 2000; round++) {
		int model[64];

		memmap_init(&map, 40);
		memset(model, 0xff, sizeof(model)); /* -1: nothing */
		for (int n = 0; n < 24; n++) {
			u64 first = fake_random(&seed) % 64, pages = fake_random(&seed) % 20;
			enum mem_type type = fake_random(&seed) % MEM_TYPES;

			memmap_add(&map, first * PAGE_SIZE, MIN(pages, 64 - first) * PAGE_SIZE,
				   type);
			for (u64 i = first; i < MIN(first + pages, 64); i++)
				model[i] = MAX(model[i], (int)type);
		}
		for (unsigned i = 0; i < map.count; i++) {
			const struct mem_range *r = &map.range[i];

			if (i > 0) {
				u64 end = r[-1].base + r[-1].size;

				assert_true(end < r->base ||
					    (end == r->base && r[-1].type != r->type));
			}
			for (u64 at = r->base; at < r->base + r->size; at += PAGE_SIZE) {
				assert_int_equal(model[at / PAGE_SIZE], r->type);
				model[at / PAGE_SIZE] = -1;
			}
		}
		for (int i = 0; i < 64; i++)
			assert_int_equal(model[i], -1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sorts_and_merges, reset),
		cmocka_unit_test_setup(restrictive_type_wins, reset),
		cmocka_unit_test_setup(cuts_what_is_not_addressable, reset),
		cmocka_unit_test_setup(limit_is_exact, reset),
		cmocka_unit_test_setup(ram_ends_with_the_direct_map, reset),
		cmocka_unit_test_setup(usable_by_whole_pages, reset),
		cmocka_unit_test_setup(takes_pieces_out, reset),
		cmocka_unit_test_setup(finds_ram, reset),
		cmocka_unit_test_setup(full_table, reset),
		cmocka_unit_test_setup(full_table_split, reset),
		cmocka_unit_test_setup(random_against_model, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
