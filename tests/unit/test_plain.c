/* SPDX-License-Identifier: MIT */
// SOURCES: lib/plain.c
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "lib/plain.h"

static struct plain p;
static char lines[4096];

/* The lines that come of it, each closed by '|', and what is left. */
static const char *
plain(const char *bytes)
{
	memset(&p, 0, sizeof(p));
	lines[0] = '\0';
	for (; *bytes != '\0'; bytes++) {
		if (plain_feed(&p, (u8)*bytes))
			strcat(strcat(lines, p.line), "|");
	}
	return p.over ? lines : strcat(lines, p.line);
}

static void
text(void **state)
{
	assert_string_equal(plain("one\r\ntwo\n\nthr"), "one|two||thr");
	assert_string_equal(plain("10 %\r20 %\r100 %\r\nx"), "100 %|x");
	assert_string_equal(plain("abc\b\bd\n\b\be"), "ad|e");
	assert_string_equal(plain("a\tb\x01\x7f\n"), "a b|");
	assert_string_equal(plain("gr\xc3\xbc\xc3\x9f \xe2\x82\xac\n"), "gr?? ?|");
}

static void
escapes(void **state)
{
	assert_string_equal(plain("\x1b[1;31mred\x1b[0m\n"), "red|");
	assert_string_equal(plain("\x1b]0;a title\x07prompt\x1b]2;x\x1b\\$\n"), "prompt$|");
	assert_string_equal(plain("\x1b(Ba\x1b=b\x1b"
				  "7c\n"),
			    "abc|");
	assert_string_equal(plain("\x1bP1$r\x1b\\x\x1b[?25l\n"), "x|");
	assert_string_equal(plain("\x1b[\x1b[1mx\n"), "x|");
	assert_string_equal(plain("\x1b]never ends\nseen\n"), "|seen|"); /* blinds nobody */
}

static void
any_bytes(void **state)
{
	unsigned since = 0;

	memset(&p, 0, sizeof(p));
	srand(1);
	for (unsigned i = 0; i < 1000000; i++) {
		bool over = plain_feed(&p, (u8)rand());

		assert_true(p.len <= PLAIN_LINE_MAX && p.line[p.len] == '\0');
		for (size_t at = 0; over && at < p.len; at++)
			assert_in_range(p.line[at], ' ', '~');
		since = over ? 0 : since + 1;
		assert_true(since < 5000);
	}
	memset(&p, 0, sizeof(p));
	for (unsigned i = 0; i < PLAIN_LINE_MAX - 1; i++)
		assert_false(plain_feed(&p, 'x'));
	assert_true(plain_feed(&p, 'x'));
	assert_false(plain_feed(&p, 'y'));
	assert_string_equal(p.line, "y");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(escapes),
		cmocka_unit_test(any_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
