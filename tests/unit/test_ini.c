/* SPDX-License-Identifier: MIT */
// SOURCES: lib/ini.c lib/text.c lib/format.c
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ini.h"

/* What the visitor was told, as one line of text an event. */
static char seen[16 * 1024];
static size_t seen_len;

static void
on_section(struct ini_visitor *v, u32 line, struct slice kind, struct slice name)
{
	seen_len += (size_t)sprintf(seen + seen_len, "%u [%.*s|%.*s]\n", line, (int)kind.len,
				    kind.at, (int)name.len, name.at);
}

static void
on_key(struct ini_visitor *v, u32 line, struct slice key, struct slice value)
{
	seen_len += (size_t)sprintf(seen + seen_len, "%u %.*s=%.*s\n", line, (int)key.len, key.at,
				    (int)value.len, value.at);
}

static void
on_error(struct ini_visitor *v, u32 line, const char *text)
{
	seen_len += (size_t)sprintf(seen + seen_len, "%u ! %s\n", line, text);
}

/* From a copy of exactly that size, so that one byte too far is seen. */
static void
parse(const char *text, size_t len)
{
	static struct ini_visitor visitor = {on_section, on_key, on_error};
	char *copy = malloc(len + 1);

	seen_len = 0;
	seen[0] = '\0';
	memcpy(copy + 1, text, len);
	ini_parse(copy + 1, len, &visitor);
	free(copy);
}

#define assert_seen(text, want)                                                                    \
	do {                                                                                       \
		parse(text, sizeof(text) - 1);                                                     \
		assert_string_equal(seen, want);                                                   \
	} while (0)

static void
sections_and_keys(void **state)
{
	assert_seen("[host]\nlog = info\n", "1 [host|]\n2 log=info\n");
	assert_seen("[vm web]\nmemory=256M", "1 [vm|web]\n2 memory=256M\n");
	assert_seen("  [ vm\t web ]  \n\t log \t=\t a  b \t\n", "1 [vm|web]\n2 log=a  b\n");
	assert_seen("a = b = c", "1 a=b = c\n");
	assert_seen("a =", "1 a=\n");
	assert_seen("", "");
	assert_seen("\n\n \t\n", "");
}

static void
line_ends(void **state)
{
	assert_seen("[host]\r\na = b\r\n\r\nc = d\r", "1 [host|]\n2 a=b\n4 c=d\n");
}

static void
comments(void **state)
{
	assert_seen("# a = b\n  # c\n#\n", "");
	assert_seen("[host] # here\na = b # c\n", "1 [host|]\n2 a=b\n");
	assert_seen("a = b#c\n", "1 a=b#c\n");
	assert_seen("a = # c\n", "1 a=\n");
	assert_seen("a =\t#c\n", "1 a=\n");
}

static void
quotes(void **state)
{
	assert_seen("a = \"b # c\" # d", "1 a=\"b # c\"\n");
	assert_seen("a = x=\"1 # 2\" \"3 # 4\"", "1 a=x=\"1 # 2\" \"3 # 4\"\n");
	assert_seen("a = \"b\" # \"", "1 a=\"b\"\n");
	assert_seen("a = \"b",
		    "1 ! found a = \"b, where a quote is not closed; expected \"...\"\n");
}

static void
malformed_lines(void **state)
{
	assert_seen("log info", "1 ! found log info; expected KEY = VALUE\n");
	assert_seen("= info", "1 ! found = info; expected a key before =\n");
	assert_seen("log # = info", "1 ! found log; expected KEY = VALUE\n");
	assert_seen("[]", "1 ! found []; expected a section's name between [ and ]\n1 [|]\n");
	assert_seen("[host] x", "1 ! found x after ]; expected nothing more on the line\n"
				"1 [host|]\n");
}

/* The section is entered all the same, so that its keys are looked at. */
static void
section_without_end(void **state)
{
	assert_seen("[host\na = b", "1 ! found [host; expected ] at its end\n1 [host|]\n2 a=b\n");
	assert_seen("[host # ]", "1 ! found [host; expected ] at its end\n1 [host|]\n");
	assert_seen("[", "1 ! found [; expected ] at its end\n1 [|]\n");
}

static void
nul_bytes(void **state)
{
	assert_seen("a = b\0c\nd = e", "1 ! found a = b?c, with a NUL byte in it; expected text\n"
				       "2 d=e\n");
	assert_seen("[ho\0st]\n", "1 ! found [ho?st], with a NUL byte in it; expected text\n"
				  "1 [|]\n");
}

static void
long_lines(void **state)
{
	static char line[INI_LINE_MAX + 2];

	memset(line, 'x', sizeof(line));
	memcpy(line, "log = ", 6);
	parse(line, INI_LINE_MAX);
	assert_memory_equal(seen, "1 log=xxx", 9);
	parse(line, INI_LINE_MAX + 1);
	assert_string_equal(seen, "1 ! found log = xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..., "
				  "a line of 4097 bytes; expected at most 4096\n");
	line[INI_LINE_MAX] = '\r'; /* is no part of the line */
	parse(line, INI_LINE_MAX + 1);
	assert_memory_equal(seen, "1 log=xxx", 9);
}

static void
unprintable(void **state)
{
	assert_seen("\x1b[2J\xff", "1 ! found ?[2J?; expected KEY = VALUE\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_and_keys), cmocka_unit_test(line_ends),
		cmocka_unit_test(comments),	     cmocka_unit_test(quotes),
		cmocka_unit_test(malformed_lines),   cmocka_unit_test(section_without_end),
		cmocka_unit_test(nul_bytes),	     cmocka_unit_test(long_lines),
		cmocka_unit_test(unprintable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
