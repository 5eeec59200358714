/* SPDX-License-Identifier: MIT */
// SOURCES: shell/history.c
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "shell/history.h"

static struct history history;

static int
setup(void **state)
{
	history = (struct history){0};
	return 0;
}

static void
newest_first(void **state)
{
	assert_null(history_line(&history, 0));
	history_add(&history, "one");
	history_add(&history, "two");
	assert_string_equal(history_line(&history, 0), "two");
	assert_string_equal(history_line(&history, 1), "one");
	assert_null(history_line(&history, 2));
}

static void
what_is_not_kept(void **state)
{
	history_add(&history, "mem");
	history_add(&history, "mem");
	history_add(&history, "");
	history_add(&history, "   ");
	assert_int_equal(history.count, 1);
	history_add(&history, "log");
	history_add(&history, "mem");
	assert_int_equal(history.count, 3);
}

static void
the_oldest_makes_room(void **state)
{
	char line[16];

	for (unsigned i = 0; i < HISTORY_LINES + 3; i++) {
		snprintf(line, sizeof(line), "line %u", i);
		history_add(&history, line);
	}
	assert_int_equal(history.count, HISTORY_LINES);
	assert_string_equal(history_line(&history, 0), "line 66");
	assert_string_equal(history_line(&history, HISTORY_LINES - 1), "line 3");
}

static void
long_lines_share_the_room(void **state)
{
	char line[1025];

	memset(line, 'x', sizeof(line));
	line[1024] = '\0';
	for (char c = 'a'; c <= 'z'; c++) {
		line[0] = c;
		history_add(&history, line);
		assert_true(history.used <= HISTORY_BYTES);
	}
	assert_int_equal(history.count, HISTORY_BYTES / sizeof(line));
	assert_int_equal(history_line(&history, 0)[0], 'z');
	assert_int_equal(history_line(&history, history.count - 1)[0], 'z' - 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(newest_first, setup),
		cmocka_unit_test_setup(what_is_not_kept, setup),
		cmocka_unit_test_setup(the_oldest_makes_room, setup),
		cmocka_unit_test_setup(long_lines_share_the_room, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
