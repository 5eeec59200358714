/* SPDX-License-Identifier: MIT */
/*
 * lib/string.c against the C library, for every length and alignment that takes another path. Its
 * functions have the C library's names, so they are renamed here by macros before it is included.
 */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#define memcpy	our_memcpy
#define memmove our_memmove
#define memset	our_memset
#define memcmp	our_memcmp
#define strlen	our_strlen
#define strnlen our_strnlen
#define strcmp	our_strcmp
#define strncmp our_strncmp
#define strchr	our_strchr
#include "lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr

enum { ROOM = 96, LENGTHS = 40, OFFSETS = 9 };

static void
pattern(u8 *bytes)
{
	for (unsigned i = 0; i < ROOM; i++)
		bytes[i] = (u8)(i * 37 + 11);
}

static int
sign(int x)
{
	return (x > 0) - (x < 0);
}

static void
copies(void **state)
{
	u8 src[ROOM], ours[ROOM], theirs[ROOM];

	pattern(src);
	for (size_t len = 0; len < LENGTHS; len++) {
		for (size_t from = 0; from < OFFSETS; from++) {
			for (size_t to = 0; to < OFFSETS; to++) {
				memset(ours, 0, ROOM);
				memset(theirs, 0, ROOM);
				assert_ptr_equal(our_memcpy(ours + to, src + from, len), ours + to);
				memcpy(theirs + to, src + from, len);
				assert_memory_equal(ours, theirs, ROOM);
			}
		}
	}
}

/* Up, down, in place, overlapping and not. */
static void
moves(void **state)
{
	u8 ours[ROOM], theirs[ROOM];

	for (size_t len = 0; len < LENGTHS; len++) {
		for (size_t from = 0; from < LENGTHS; from++) {
			for (size_t to = 0; to < LENGTHS; to++) {
				pattern(ours);
				pattern(theirs);
				assert_ptr_equal(our_memmove(ours + to, ours + from, len),
						 ours + to);
				memmove(theirs + to, theirs + from, len);
				assert_memory_equal(ours, theirs, ROOM);
			}
		}
	}
}

static void
sets(void **state)
{
	int values[] = {0, 1, 0x80, 0xff, -1, 0x1234};
	u8 ours[ROOM], theirs[ROOM];

	for (unsigned v = 0; v < ARRAY_SIZE(values); v++) {
		for (size_t len = 0; len < LENGTHS; len++) {
			for (size_t at = 0; at < OFFSETS; at++) {
				pattern(ours);
				pattern(theirs);
				assert_ptr_equal(our_memset(ours + at, values[v], len), ours + at);
				memset(theirs + at, values[v], len);
				assert_memory_equal(ours, theirs, ROOM);
			}
		}
	}
}

static void
compares_memory(void **state)
{
	u8 a[LENGTHS], b[LENGTHS];

	memset(a, 'x', sizeof(a));
	for (unsigned at = 0; at < LENGTHS; at++) {
		for (unsigned value = 0; value < 256; value += 5) {
			memset(b, 'x', sizeof(b));
			b[at] = (u8)value;
			for (size_t len = 0; len <= LENGTHS; len += 3)
				assert_int_equal(sign(our_memcmp(a, b, len)),
						 sign(memcmp(a, b, len)));
		}
	}
}

/* Bytes above 0x7f compare as unsigned. */
static const char *const words[] = {"",	   "a",	   "ab",    "abc",   "abd", "b",
				    "Abc", "\xff", "a\x80", "a\x7f", "abc "};

static void
compares_strings(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		for (unsigned j = 0; j < ARRAY_SIZE(words); j++) {
			const char *a = words[i], *b = words[j];

			assert_int_equal(sign(our_strcmp(a, b)), sign(strcmp(a, b)));
			for (size_t n = 0; n < 6; n++)
				assert_int_equal(sign(our_strncmp(a, b, n)),
						 sign(strncmp(a, b, n)));
		}
	}
}

/* A string without NUL: exactly n bytes may be looked at, and ASan sees one more. */
static void
bounded(void **state)
{
	char *raw = malloc(3);

	memcpy(raw, "abc", 3);
	assert_int_equal(our_strnlen(raw, 3), 3);
	assert_int_equal(our_strnlen(raw, 0), 0);
	assert_int_equal(our_strncmp(raw, "abcdef", 3), 0);
	assert_int_equal(our_memcmp(raw, "abcdef", 3), 0);
	free(raw);
}

static void
lengths(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		assert_int_equal(our_strlen(words[i]), strlen(words[i]));
		for (size_t n = 0; n < 6; n++)
			assert_int_equal(our_strnlen(words[i], n), strnlen(words[i], n));
	}
}

static void
finds(void **state)
{
	const char *s = "key = value = \xff.";

	for (int c = -128; c < 256; c++)
		assert_ptr_equal(our_strchr(s, c), strchr(s, c));
	assert_ptr_equal(our_strchr(s, 0), s + strlen(s));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies),
		cmocka_unit_test(moves),
		cmocka_unit_test(sets),
		cmocka_unit_test(compares_memory),
		cmocka_unit_test(compares_strings),
		cmocka_unit_test(bounded),
		cmocka_unit_test(lengths),
		cmocka_unit_test(finds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
