/* SPDX-License-Identifier: MIT */
// clang-format off
// SOURCES: mm/heap.c mm/frame.c mm/buddy.c mm/zone.c mm/memmap.c lib/log.c lib/error.c lib/lock.c lib/format.c
// clang-format on
#include "tests/unit/test.h"

#include "lib/lock.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "tests/unit/fake/memory.h"

static struct memmap map;
static struct heap_stats s;

static int
begin(void **state)
{
	memmap_init(&map, 40);
	memmap_add(&map, 12 * MiB, 4 * MiB, MEM_USABLE);
	memmap_finish(&map);
	fake_memory_map(12 * MiB, 4 * MiB);
	fake_memory_dirty(12 * MiB, 4 * MiB);
	return frame_init(&map);
}

/* Nothing may be left of what a test has allocated. */
static int
end(void **state)
{
	struct frame_stats frames;

	heap_stats(&s);
	frame_stats(&frames);
	return s.objects != 0 || s.bytes != 0 || s.pages != 0 || frames.used != frames.metadata;
}

static bool
is_zero(const u8 *object, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (object[i] != 0)
			return false;
	}
	return true;
}

/* Small, at the border, large; zero and aligned, again after use. */
static void
all_sizes(void **state)
{
	static const size_t sizes[] = {1,    15,   16,	 17,   48,   100,   512,
				       1345, 2015, 2016, 2017, 4096, 20000, 300000};

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			u8 *object = heap_alloc(sizes[i]);

			assert_non_null(object);
			assert_int_equal((uintptr_t)object % 16, 0);
			assert_true(is_zero(object, sizes[i]));
			memset(object, 0xee, sizes[i]);
			heap_stats(&s);
			assert_int_equal(s.objects, 1);
			assert_true(s.bytes >= sizes[i]);
			assert_true(s.pages * PAGE_SIZE > sizes[i]);
			heap_free(object);
		}
	}
	heap_free(NULL);
}

/* Each of a slab's objects lies apart from the others, in more slabs than one. */
static void
many_objects(void **state)
{
	enum { COUNT = 3000 };
	static u64 *objects[COUNT];

	for (u64 i = 0; i < COUNT; i++) {
		objects[i] = heap_alloc(24);
		assert_non_null(objects[i]);
		objects[i][0] = objects[i][1] = objects[i][2] = i;
	}
	heap_stats(&s);
	assert_int_equal(s.objects, COUNT);
	assert_int_equal(s.bytes, COUNT * 32);
	assert_in_range(s.pages * PAGE_SIZE, COUNT * 32, COUNT * 34 + 16384);
	for (u64 i = 0; i < COUNT; i++) {
		assert_int_equal(objects[i][0], i);
		assert_int_equal(objects[i][2], i);
		heap_free(objects[i]);
	}
}

static void
no_memory(void **state)
{
	static void *objects[1024];
	unsigned count = 0;

	assert_null(heap_alloc(5 * MiB));
	assert_null(heap_alloc(~0ul));
	assert_null(heap_alloc(~0ul - 4096));
	while ((objects[count] = heap_alloc(5000)) != NULL)
		count++;
	assert_true(count > 4 * MiB / 16384 / 2);
	while (count-- > 0)
		heap_free(objects[count]);
}

static void
random_against_model(void **state)
{
	enum { HELD = 200 };
	static struct {
		u8 *object;
		size_t size;
		u8 mark;
	} held[HELD];
	u64 seed = 12345;

	for (unsigned round = 0; round < 50000; round++) {
		unsigned n = fake_random(&seed) % HELD;

		if (held[n].object != NULL) {
			for (size_t i = 0; i < held[n].size; i++)
				assert_int_equal(held[n].object[i], held[n].mark);
			heap_free(held[n].object);
			held[n].object = NULL;
			continue;
		}
		held[n].size = 1 + fake_random(&seed) % (1 + fake_random(&seed) % 3000);
		held[n].mark = (u8)round;
		held[n].object = heap_alloc(held[n].size);
		assert_non_null(held[n].object);
		assert_true(is_zero(held[n].object, held[n].size));
		memset(held[n].object, held[n].mark, held[n].size);
	}
	for (unsigned n = 0; n < HELD; n++)
		heap_free(held[n].object);
}

/* Last: the panics leave the lock held. */
static void
mistakes(void **state)
{
	u8 *a = heap_alloc(100), *b = heap_alloc(100), *large = heap_alloc(10000);

	locks_disable();
	expect_panic(heap_free(a + 16));
	expect_panic(heap_free(a + 1));
	expect_panic(heap_free(large + 16));
	heap_free(a);
	expect_panic(heap_free(a));
	a[5] = 1;
	expect_panic(a = heap_alloc(100));
	a[5] = 0;
	heap_free(b);
	expect_panic(heap_free(b)); /* its slab is gone by now */
	heap_free(large);
	expect_panic(heap_free(large));
}

#define test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(all_sizes), test(many_objects), test(no_memory), test(random_against_model),
		test(mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
