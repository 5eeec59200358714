/* SPDX-License-Identifier: MIT */
// SOURCES: core/config.c core/config_keys.c core/config_words.c core/config_cmdline.c
// SOURCES: lib/ini.c lib/text.c lib/format.c lib/distance.c
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"

static char seen[16 * 1024];
static size_t seen_len;
static struct config config;

static void
on_error(struct config_report *report, u32 line, const char *text)
{
	seen_len += (size_t)sprintf(seen + seen_len, "%u: %s\n", line, text);
}

static struct config_report report = {on_error};

static u32
parse(const char *text, size_t len)
{
	seen_len = 0;
	seen[0] = '\0';
	config_defaults(&config);
	return config_parse(text, len, &config, &report);
}

static u32
lines_in(const char *text)
{
	u32 n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

#define assert_errors(text, want)                                                                  \
	do {                                                                                       \
		assert_int_equal(parse(text, sizeof(text) - 1), lines_in(want));                   \
		assert_string_equal(seen, want);                                                   \
	} while (0)

#define assert_good(text) assert_errors(text, "")

#define CONSOLE_VALUES	  "com1, com2, com3, com4, io:PORT (from 0x100 to 0xfff8) or acpi"

static void
defaults(void **state)
{
	assert_good("");
	assert_good("[host]\n");
	assert_int_equal(config.log, LOG_INFO);
	assert_int_equal(config.console.kind, CONSOLE_COM);
	assert_int_equal(config.console.com, 1);
}

static void
log_levels(void **state)
{
	assert_good("[host]\nlog = error\n");
	assert_int_equal(config.log, LOG_ERROR);
	assert_good("[host]\nlog = warn\n");
	assert_int_equal(config.log, LOG_WARN);
	assert_good("[host]\nlog = info\n");
	assert_int_equal(config.log, LOG_INFO);
	assert_good("[host]\nlog = debug\n");
	assert_int_equal(config.log, LOG_DEBUG);
}

static void
consoles(void **state)
{
	assert_good("[host]\nconsole = com4\n");
	assert_int_equal(config.console.kind, CONSOLE_COM);
	assert_int_equal(config.console.com, 4);
	assert_good("[host]\nconsole = io:0x3f8\n");
	assert_int_equal(config.console.kind, CONSOLE_IO);
	assert_int_equal(config.console.port, 0x3f8);
	assert_good("[host]\nconsole = io:0xfff8\n");
	assert_int_equal(config.console.port, 0xfff8);
	assert_good("[host]\nconsole = acpi\n");
	assert_int_equal(config.console.kind, CONSOLE_ACPI);
}

static void
wrong_log(void **state)
{
	assert_errors("[host]\nlog =\n",
		      "2: found log without a value; expected error, warn, info or debug\n");
	assert_errors("[host]\nlog = verbose\n",
		      "2: found log = verbose; expected error, warn, info or debug\n");
	assert_errors("[host]\nlog = inof\n", "2: found log = inof; expected error, warn, info or "
					      "debug; did you mean info?\n");
	assert_errors("[host]\nlog = info debug\n",
		      "2: found log = info debug; expected error, warn, info or debug\n");
	assert_int_equal(config.log, LOG_INFO);
}

static void
wrong_consoles(void **state)
{
	static const char *const values[] = {"com",
					     "com10",
					     "io",
					     "io:",
					     "io:0xff",
					     "io:0xfff9",
					     "io:99999999999999999999",
					     "io:0x3f8 x",
					     "tty"};
	char text[128];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		snprintf(text, sizeof(text), "[host]\nconsole = %s\n", values[i]);
		assert_int_equal(parse(text, strlen(text)), 1);
		snprintf(text, sizeof(text), "2: found console = %s; expected " CONSOLE_VALUES,
			 values[i]);
		assert_memory_equal(seen, text, strlen(text));
		assert_int_equal(config.console.kind, CONSOLE_COM);
		assert_int_equal(config.console.com, 1);
	}
	assert_errors("[host]\nconsole =\n",
		      "2: found console without a value; expected " CONSOLE_VALUES "\n");
	assert_errors("[host]\nconsole = com5\n",
		      "2: found console = com5; expected " CONSOLE_VALUES "; did you mean com1?\n");
}

/* Within the longest line, and beyond it; both messages name the key. */
static void
huge_values(void **state)
{
	static const char *const keys[] = {"log", "console"};
	static char text[64 * 1024];
	char want[64];

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		int head = sprintf(text, "[host]\n%s = ", keys[i]);

		memset(text + head, 'x', sizeof(text) - (size_t)head);
		snprintf(want, sizeof(want), "2: found %s = xxxx", keys[i]);
		assert_int_equal(parse(text, 4000), 1);
		assert_memory_equal(seen, want, strlen(want));
		assert_non_null(strstr(seen, "xxx...; expected "));
		assert_int_equal(parse(text, sizeof(text)), 1);
		assert_memory_equal(seen, want, strlen(want));
		assert_non_null(strstr(seen, "xxx..., a line of 655"));
	}
}

static void
unknown_names(void **state)
{
	assert_errors("[hots]\n", "1: found [hots]; expected [host]; did you mean host?\n");
	assert_errors("[vm web]\n", "1: found [vm web]; expected [host]\n");
	assert_errors("[host]\nlgo = info\n",
		      "2: found lgo; expected a key of [host]; did you mean log?\n");
	assert_errors("[host]\nmemory = 1\n",
		      "2: found memory; expected a key of [host]: log, console\n");
	assert_errors("[host web]\nlog = x\n",
		      "1: found [host web]; expected [host]\n"
		      "2: found log = x; expected error, warn, info or debug\n");
	assert_errors("log = info\n", "1: found log before any section; expected [host] first\n");
}

/* Nobody can say what is right in a section that there is not. */
static void
keys_of_unknown_section(void **state)
{
	assert_errors("[vm web]\nlog = x\n[host]\nlog = x\n",
		      "1: found [vm web]; expected [host]\n"
		      "4: found log = x; expected error, warn, info or debug\n");
}

static void
duplicates(void **state)
{
	assert_errors("[host]\nlog = info\n\nlog = debug\n",
		      "4: found log a second time; expected it once, as in line 2\n");
	assert_int_equal(config.log, LOG_INFO);
	assert_errors("[host]\nlog = info\n[host]\nlog = x\n",
		      "3: found [host] a second time; expected it once, as in line 1\n"
		      "4: found log = x; expected error, warn, info or debug\n");
}

static void
every_error_in_line_order(void **state)
{
	assert_errors("log = info\n[host\nlog\nconsole = tty\nlog = \n[net]\n[host]\n",
		      "1: found log before any section; expected [host] first\n"
		      "2: found [host; expected ] at its end\n"
		      "3: found log; expected KEY = VALUE\n"
		      "4: found console = tty; expected " CONSOLE_VALUES "\n"
		      "5: found log without a value; expected error, warn, info or debug\n"
		      "6: found [net]; expected [host]\n"
		      "7: found [host] a second time; expected it once, as in line 2\n");
}

static void
size_of_file(void **state)
{
	char *text = malloc(CONFIG_SIZE_MAX + 1);

	memset(text, '\n', CONFIG_SIZE_MAX + 1);
	assert_int_equal(parse(text, CONFIG_SIZE_MAX), 0);
	assert_int_equal(parse(text, CONFIG_SIZE_MAX + 1), 1);
	assert_string_equal(seen, "1: found a file of more than 1 MiB; expected at most that\n");
	free(text);
}

static void
parse_cmdline(const char *cmdline)
{
	seen_len = 0;
	seen[0] = '\0';
	config_parse_cmdline(cmdline, &config, &report);
}

static void
command_line_wins(void **state)
{
	assert_good("[host]\nconsole = acpi\n");
	parse_cmdline("");
	assert_int_equal(config.console.kind, CONSOLE_ACPI);
	parse_cmdline("  console=com2\t");
	assert_string_equal(seen, "");
	assert_int_equal(config.console.kind, CONSOLE_COM);
	assert_int_equal(config.console.com, 2);
}

static void
wrong_words(void **state)
{
	config_defaults(&config);
	parse_cmdline("quiet consoel=com1 console= console console=tty console=com3");
	assert_string_equal(seen,
			    "0: found quiet; expected a key of the command line: console\n"
			    "0: found consoel; expected a key of the command line; did you mean "
			    "console?\n"
			    "0: found console without a value; expected " CONSOLE_VALUES "\n"
			    "0: found console without a value; expected " CONSOLE_VALUES "\n"
			    "0: found console = tty; expected " CONSOLE_VALUES "\n");
	assert_int_equal(config.console.com, 3);
}

/* 4 KiB of words, with a right one at the end: some are shown, the rest is counted. */
static void
many_wrong_words(void **state)
{
	static char cmdline[4096];

	config_defaults(&config);
	for (size_t i = 0; i + 2 < 4000; i += 2)
		strcat(cmdline, "x ");
	strcat(cmdline, "console=com2");
	parse_cmdline(cmdline);
	assert_int_equal(lines_in(seen), CONFIG_WORDS_SHOWN + 1);
	assert_non_null(strstr(seen, "0: found 1991 more such words; expected"));
	assert_int_equal(config.console.com, 2);
	memset(cmdline, 'y', sizeof(cmdline) - 1);
	parse_cmdline(cmdline);
	assert_int_equal(lines_in(seen), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),	  cmocka_unit_test(log_levels),
		cmocka_unit_test(consoles),	  cmocka_unit_test(wrong_log),
		cmocka_unit_test(wrong_consoles), cmocka_unit_test(huge_values),
		cmocka_unit_test(unknown_names),  cmocka_unit_test(keys_of_unknown_section),
		cmocka_unit_test(duplicates),	  cmocka_unit_test(every_error_in_line_order),
		cmocka_unit_test(size_of_file),	  cmocka_unit_test(command_line_wins),
		cmocka_unit_test(wrong_words),	  cmocka_unit_test(many_wrong_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
