/* SPDX-License-Identifier: MIT */
// SOURCES: lib/distance.c
#include "tests/unit/test.h"

#include "lib/distance.h"
#include "lib/string.h"

static void
assert_distance(const char *a, const char *b, unsigned want)
{
	assert_int_equal(edit_distance(a, b), want);
	assert_int_equal(edit_distance(b, a), want);
}

static void
distances(void **state)
{
	assert_distance("", "", 0);
	assert_distance("", "abc", 3);
	assert_distance("memory", "memory", 0);
	assert_distance("memory", "memry", 1);
	assert_distance("memory", "nemory", 1);
	assert_distance("memory", "memroy", 1); /* two in the wrong order */
	assert_distance("kitten", "sitting", 3);
	assert_distance("ab", "cd", 2);
}

static void
long_words(void **state)
{
	char most[DISTANCE_WORD_MAX + 1], longer[DISTANCE_WORD_MAX + 2];

	memset(most, 'a', sizeof(most));
	most[DISTANCE_WORD_MAX] = '\0';
	memset(longer, 'a', sizeof(longer));
	longer[DISTANCE_WORD_MAX + 1] = '\0';
	assert_distance(most, "", DISTANCE_WORD_MAX);
	assert_distance(longer, most, DISTANCE_WORD_MAX + 1);
}

static const char *
nearest(const char *word)
{
	static const char *const known[] = {"log", "mem", "poweroff", "reboot", "x"};
	struct near_miss m = near_miss_begin(word);

	for (unsigned i = 0; i < ARRAY_SIZE(known); i++)
		near_miss_try(&m, known[i]);
	return m.best;
}

static void
near_misses(void **state)
{
	assert_string_equal(nearest("poewroff"), "poweroff");
	assert_string_equal(nearest("rebot"), "reboot");
	assert_string_equal(nearest("lgo"), "log");
	assert_string_equal(nearest("leg"), "log");
	assert_null(nearest("shutdown"));
	assert_null(nearest("foo")); /* two of three are wrong */
	assert_null(nearest("y"));
	assert_null(nearest("xy12"));
	assert_null(nearest(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances),
		cmocka_unit_test(long_words),
		cmocka_unit_test(near_misses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
