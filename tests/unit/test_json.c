/* SPDX-License-Identifier: MIT */
// SOURCES: shell/json.c lib/format.c
#include "tests/unit/test.h"

#include "lib/string.h"
#include "shell/json.h"
#include "tests/unit/fake/text_sink.h"

static struct text_sink text;
static struct json json;

static int
setup(void **state)
{
	text_sink_clear(&text);
	json_init(&json, &text.sink);
	return 0;
}

static void
an_object_of_every_kind(void **state)
{
	json_object(&json, NULL);
	json_text(&json, "name", "eth0");
	json_text(&json, "gone", NULL);
	json_number(&json, "most", ~0ul);
	json_bool(&json, "up", true);
	json_bool(&json, "down", false);
	json_close(&json);
	assert_string_equal(text.buf, "{\"name\": \"eth0\", \"gone\": null, "
				      "\"most\": 18446744073709551615, \"up\": true, "
				      "\"down\": false}\n");
}

/* A comma stands between two values, also after a nested one; the line ends once, at the end. */
static void
nesting(void **state)
{
	json_array(&json, NULL);
	json_object(&json, NULL);
	json_array(&json, "empty");
	json_close(&json);
	json_array(&json, "numbers");
	json_number(&json, NULL, 1);
	json_number(&json, NULL, 2);
	json_close(&json);
	json_close(&json);
	json_object(&json, NULL);
	json_bool(&json, "last", true);
	json_close(&json);
	json_close(&json);
	assert_string_equal(text.buf, "[{\"empty\": [], \"numbers\": [1, 2]}, {\"last\": true}]\n");
}

/* RFC 8259 section 7: quotation mark, reverse solidus and the controls must be escaped. */
static void
escapes(void **state)
{
	json_array(&json, NULL);
	json_text(&json, NULL, "a\"b\\c/\n\r\t\x01\x1f\x7f\x80\xff~ ");
	json_close(&json);
	assert_string_equal(text.buf,
			    "[\"a\\\"b\\\\c/\\n\\r\\t\\u0001\\u001f\\u007f\\u0080\\u00ff~ \"]\n");
}

/* RFC 3629: as it is where it is well-formed; else byte by byte, and so are C1 controls. */
static void
utf_8(void **state)
{
	static const char *const texts[][2] = {
		{"M\xc3\xbcnchen",		   "M\xc3\xbcnchen"		   },
		{"\xe2\x82\xac|\xf0\x9f\x98\x80", "\xe2\x82\xac|\xf0\x9f\x98\x80"},
		{"\xf4\x8f\xbf\xbf",		     "\xf4\x8f\xbf\xbf"	       },
		{"\xf4\x90\x80\x80",		     "\\u00f4\\u0090\\u0080\\u0080" },
		{"\xc1\xbf",			     "\\u00c1\\u00bf"		     },
		{"\xe0\x9f\xbf",			 "\\u00e0\\u009f\\u00bf"	},
		{"\xed\xa0\x80",			 "\\u00ed\\u00a0\\u0080"	},
		{"\xf9\x90\x80\x80",		     "\\u00f9\\u0090\\u0080\\u0080" },
		{"\xc2\x9bJ",		      "\\u00c2\\u009bJ"	       },
		{"\xe2\x82",			     "\\u00e2\\u0082"		     },
		{"\xc3\"",			   "\\u00c3\\\""			},
	};
	char want[64];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		setup(state);
		json_array(&json, NULL);
		json_text(&json, NULL, texts[i][0]);
		json_close(&json);
		format(want, sizeof(want), "[\"%s\"]\n", texts[i][1]);
		assert_string_equal(text.buf, want);
	}
}

static void
keys_are_escaped(void **state)
{
	json_object(&json, NULL);
	json_number(&json, "a\"b", 1);
	json_close(&json);
	assert_string_equal(text.buf, "{\"a\\\"b\": 1}\n");
}

static void
our_mistakes(void **state)
{
	expect_panic(json_close(&json));
	json_object(&json, NULL);
	expect_panic(json_number(&json, NULL, 1));
	json_array(&json, "a");
	expect_panic(json_number(&json, "b", 1));
	for (unsigned depth = 2; depth < JSON_DEPTH; depth++)
		json_array(&json, NULL);
	expect_panic(json_array(&json, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_object_of_every_kind, setup),
		cmocka_unit_test_setup(nesting, setup),
		cmocka_unit_test_setup(escapes, setup),
		cmocka_unit_test_setup(utf_8, setup),
		cmocka_unit_test_setup(keys_are_escaped, setup),
		cmocka_unit_test_setup(our_mistakes, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
