/* SPDX-License-Identifier: MIT */
// SOURCES: shell/listing.c shell/json.c lib/format.c lib/text.c
#include "tests/unit/test.h"

#include "shell/listing.h"
#include "tests/unit/fake/text_sink.h"

static const struct column columns[] = {
	{"name",	 COLUMN_TEXT,    6, 0},
	   {"count",   COLUMN_NUMBER,  5, 0},
	{"address", COLUMN_HEX,	8, 4},
	   {"used",    COLUMN_BOOL,	 4, 0},
	{"per_cpu", COLUMN_NUMBERS, 0, 0},
};

static struct text_sink text;
static struct listing listing;

static int
setup(void **state)
{
	text_sink_clear(&text);
	return 0;
}

static void
write_rows(bool as_json)
{
	listing_begin(&listing, &text.sink, as_json, columns, ARRAY_SIZE(columns));
	listing_row(&listing);
	listing_text(&listing, "timer");
	listing_number(&listing, 42);
	listing_number(&listing, 0xfe);
	listing_bool(&listing, true);
	listing_numbers(&listing, (const u64[]){40, 2}, 2);
	listing_row(&listing);
	listing_text(&listing, "toolongname");
	listing_text(&listing, NULL);
	listing_number(&listing, 0);
	listing_bool(&listing, false);
	listing_numbers(&listing, NULL, 0);
	listing_end(&listing);
}

static void
as_a_table(void **state)
{
	write_rows(false);
	assert_string_equal(text.buf, "NAME    COUNT  ADDRESS   USED  PER_CPU\n"
				      "timer      42  0x00fe    yes   40 2\n"
				      "toolongname      -  0x0000    no    \n");
}

static void
as_json(void **state)
{
	write_rows(true);
	assert_string_equal(text.buf,
			    "[{\"name\": \"timer\", \"count\": 42, \"address\": \"0xfe\", "
			    "\"used\": true, \"per_cpu\": [40, 2]}, "
			    "{\"name\": \"toolongname\", \"count\": null, \"address\": \"0x0\", "
			    "\"used\": false, \"per_cpu\": []}]\n");
}

static void
without_rows(void **state)
{
	listing_begin(&listing, &text.sink, true, columns, ARRAY_SIZE(columns));
	listing_end(&listing);
	assert_string_equal(text.buf, "[]\n");
}

/* Scripts cut columns off at the end of a line: no blanks there. */
static void
no_blanks_after_the_last_column(void **state)
{
	listing_begin(&listing, &text.sink, false, columns, 1);
	listing_row(&listing);
	listing_text(&listing, "a");
	listing_end(&listing);
	assert_string_equal(text.buf, "NAME\na\n");
}

static void
our_mistakes(void **state)
{
	listing_begin(&listing, &text.sink, false, columns, 2);
	expect_panic(listing_text(&listing, "no row yet"));
	listing_row(&listing);
	expect_panic(listing_number(&listing, 1));
	listing_text(&listing, "a");
	expect_panic(listing_bool(&listing, true));
	expect_panic(listing_row(&listing));
	expect_panic(listing_end(&listing));
	listing_number(&listing, 1);
	expect_panic(listing_number(&listing, 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(as_a_table, setup),
		cmocka_unit_test_setup(as_json, setup),
		cmocka_unit_test_setup(without_rows, setup),
		cmocka_unit_test_setup(no_blanks_after_the_last_column, setup),
		cmocka_unit_test_setup(our_mistakes, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
