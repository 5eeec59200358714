/* SPDX-License-Identifier: MIT */
// SOURCES: arch/x86_64/tag.c
#include "tests/unit/test.h"

#include "arch/x86_64/tag.h"

static u32 tag;
static u64 generation;

/* 0 is the host's. Whoever had the CPU before us may have left translations under any of them. */
static void
in_turn_from_1(void **state)
{
	struct tag_pool pool;

	tag_pool_init(&pool, 3);
	for (u32 want = 1; want <= 3; want++) {
		assert_int_equal(tag_take(&pool, &tag, &generation), want == 1);
		assert_int_equal(tag, want);
		assert_int_equal(generation, 1);
	}
}

static void
a_new_generation_flushes_once(void **state)
{
	struct tag_pool pool;

	tag_pool_init(&pool, 2);
	assert_true(tag_take(&pool, &tag, &generation));
	assert_false(tag_take(&pool, &tag, &generation));
	assert_true(tag_take(&pool, &tag, &generation));
	assert_int_equal(tag, 1);
	assert_int_equal(generation, 2);
	assert_false(tag_take(&pool, &tag, &generation));
	assert_int_equal(tag, 2);
	assert_int_equal(generation, 2);
}

static void
one_tag_alone(void **state)
{
	struct tag_pool pool;

	tag_pool_init(&pool, 1);
	for (u64 want = 1; want < 5; want++) {
		assert_true(tag_take(&pool, &tag, &generation));
		assert_int_equal(tag, 1);
		assert_int_equal(generation, want);
	}
}

/* A vCPU that never had a tag has generation 0, which no tag is of. */
static void
never_generation_0(void **state)
{
	struct tag_pool pool;

	tag_pool_init(&pool, 5);
	(void)!tag_take(&pool, &tag, &generation);
	assert_true(generation > 0 && pool.generation == generation);
	expect_panic(tag_pool_init(&pool, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_turn_from_1),
		cmocka_unit_test(a_new_generation_flushes_once),
		cmocka_unit_test(one_tag_alone),
		cmocka_unit_test(never_generation_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
