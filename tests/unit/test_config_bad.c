/* SPDX-License-Identifier: MIT */
// SOURCES: core/config.c core/config_keys.c core/config_values.c core/config_words.c
// SOURCES: core/config_section.c core/config_net.c core/config_nic.c core/config_check.c
// SOURCES: core/config_cmdline.c
// SOURCES: lib/ini.c lib/text.c lib/format.c lib/distance.c
/* Files that nobody meant: every key with values that it can't have, and no configuration at all.
 */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_keys.h"

#define DIGITS "99999999999999999999" /* more than 64 bits hold */

static struct config config;
static struct vm_config vms[CONFIG_VMS_MAX];
static struct net_config nets[CONFIG_NETS_MAX];
static u32 errors, last_line;
static char first[LOG_LINE_MAX + 16], at_key[LOG_LINE_MAX + 1]; /* in the second line */

static void
on_error(struct config_report *report, u32 line, const char *text)
{
	assert_memory_equal(text, "found ", 6);
	assert_non_null(strstr(text, "; expected "));
	assert_in_range(line, last_line, UINT32_MAX);
	last_line = line;
	if (errors++ == 0)
		snprintf(first, sizeof(first), "%u: %s", line, text);
	if (line == 2 && at_key[0] == '\0')
		snprintf(at_key, sizeof(at_key), "%s", text);
}

/* From a copy of exactly that size; the number of errors, which were told in the lines' order. */
static u32
parse(const char *text, size_t len)
{
	struct config_report report = {.error = on_error};
	char *copy = malloc(len + 1);

	errors = last_line = 0;
	first[0] = at_key[0] = '\0';
	memset(vms, 0, sizeof(vms));
	memset(nets, 0, sizeof(nets));
	config_defaults(&config);
	config.vms = vms;
	config.nets = nets;
	memcpy(copy + 1, text, len);
	config_parse_host(copy + 1, len, &config);
	assert_int_equal(config_parse(copy + 1, len, &config, &report), errors);
	free(copy);
	return errors;
}

/* Does the key give the section what it needs there? */
static bool
fills(const struct config_need *need, const char *key)
{
	return strcmp(need->key, key) == 0 ||
	       (need->other != NULL && strcmp(need->other, key) == 0);
}

/* What gives a section what it needs. */
static const char *
good_value(const char *key)
{
	if (strcmp(key, "mode") == 0)
		return "nat";
	return strcmp(key, "uplink") == 0 ? "e1000:0" : "1M";
}

/* A section with this key in its second line, and behind it what the section needs besides. */
static size_t
page_of(char *page, const struct config_section *section, const char *key, const char *value)
{
	int len = sprintf(page, "[%s%s]\n%s = %s\n", section->kind, section->named ? " web" : "",
			  key, value);

	for (u32 i = 0; i < CONFIG_NEEDS_MAX && section->needs[i].key != NULL; i++) {
		const struct config_need *need = &section->needs[i];

		if (!fills(need, key))
			len += sprintf(page + len, "%s = %s\n", need->key, good_value(need->key));
	}
	return (size_t)len;
}

static bool
is_disabled(const struct config_section *section)
{
	if (strcmp(section->kind, "vm") == 0)
		return config.vm_count == 1 && vms[0].error[0] != '\0';
	return config.net_count == 1 && nets[0].error[0] != '\0';
}

/* An error in the line of the key that names it; and the VM or the network is disabled. */
static void
assert_refused(const struct config_section *section, const char *key, const char *value)
{
	static char page[16 * 1024];
	char want[64];

	snprintf(want, sizeof(want), "found %s ", key);
	if (parse(page, page_of(page, section, key, value)) == 0)
		fail_msg("%s = %.20s: no error", key, value);
	if (strncmp(at_key, want, strlen(want)) != 0)
		fail_msg("%s = %.20s: %s", key, value, at_key);
	if (section->named && !is_disabled(section))
		fail_msg("%s = %.20s: the %s is not disabled", key, value, section->kind);
}

static void
assert_taken(const struct config_section *section, const char *key, const char *value)
{
	static char page[16 * 1024];

	if (parse(page, page_of(page, section, key, value)) != 0)
		fail_msg("%s = %.20s: %s", key, value, first);
}

static void
for_each_key(void (*check)(const struct config_section *section, const struct config_key *key))
{
	for (u32 s = 0; s < CONFIG_SECTIONS; s++) {
		for (u32 k = 0; k < config_sections[s].count; k++)
			check(&config_sections[s], &config_sections[s].keys[k]);
	}
}

/* A text of the guest's: any bytes. */
static bool
is_free(const struct config_key *key)
{
	return strcmp(key->name, "cmdline") == 0;
}

static void
check_empty(const struct config_section *section, const struct config_key *key)
{
	assert_refused(section, key->name, "");
	assert_refused(section, key->name, "# a comment");
}

static void
empty_values(void **state)
{
	for_each_key(check_empty);
}

/* As long as a line may be, and longer. */
static void
check_huge(const struct config_section *section, const struct config_key *key)
{
	static char value[4097];

	memset(value, '7', sizeof(value) - 1);
	assert_refused(section, key->name, value);
	value[4000] = '\0';
	if (!is_free(key))
		assert_refused(section, key->name, value);
}

static void
huge_values(void **state)
{
	for_each_key(check_huge);
}

/* All are good names for a file, and the last one is one for a domain. */
static void
check_numbers(const struct config_section *section, const struct config_key *key)
{
	static const char *const numbers[] = {"-1", "-" DIGITS, DIGITS, "0x1" DIGITS};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (key->file || is_free(key))
			assert_taken(section, key->name, numbers[i]);
		else if (strcmp(key->name, "domain") != 0 || i != 3)
			assert_refused(section, key->name, numbers[i]);
	}
}

static void
negative_and_huge_numbers(void **state)
{
	for_each_key(check_numbers);
}

/* In the value of a nic: an error that names the key inside. */
static void
assert_part_refused(const char *key, const char *value)
{
	static char page[16 * 1024];
	bool is_net = strcmp(key, "net") == 0;
	char want[64];
	int len = sprintf(page,
			  "[vm web]\nnic = e1000%s, %s=%s\nmemory = 1M\nkernel = k\n"
			  "[net lan]\nmode = host-only\n",
			  is_net ? "" : ", net=lan", key, value);

	snprintf(want, sizeof(want), "found %s ", key);
	if (parse(page, (size_t)len) != 1 || strncmp(at_key, want, strlen(want)) != 0)
		fail_msg("nic, %s=%.20s: %u errors, %s", key, value, errors, first);
	assert_int_equal(config.vm_count, 1);
	assert_string_not_equal(vms[0].error, "");
	assert_string_equal(nets[0].error, "");
}

static void
keys_inside_a_nic(void **state)
{
	static char huge[3001];
	static const char *const values[] = {"", " ", "-1", "-" DIGITS, DIGITS, "0x1" DIGITS, huge};

	memset(huge, '7', sizeof(huge) - 1);
	for (u32 k = 0; k < config_nic_words.count; k++) {
		for (size_t i = 0; i < ARRAY_SIZE(values); i++)
			assert_part_refused(config_nic_words.keys[k].name, values[i]);
	}
}

/* On the command line a value is a word. */
static void
assert_word_refused(const char *key, const char *value)
{
	static char word[8192];
	struct config_report report = {.error = on_error};
	char want[64];

	snprintf(word, sizeof(word), "%s=%s", key, value);
	snprintf(want, sizeof(want), "0: found %s ", key);
	errors = last_line = 0;
	config_defaults(&config);
	config_parse_cmdline(word, &config, &report);
	if (errors != 1 || strncmp(first, want, strlen(want)) != 0)
		fail_msg("%.40s: %u errors, %s", word, errors, first);
}

static void
words_with_bad_values(void **state)
{
	static char huge[4001];
	static const char *const values[] = {"", "-1", "-" DIGITS, DIGITS, huge};

	memset(huge, 'x', sizeof(huge) - 1);
	for (u32 k = 0; k < config_cmdline_words.count; k++) {
		for (size_t i = 0; i < ARRAY_SIZE(values); i++)
			assert_word_refused(config_cmdline_words.keys[k].name, values[i]);
	}
}

static void
no_configuration_at_all(void **state)
{
	static char bytes[64 * 1024];
	u32 seed = 1;

	assert_int_equal(parse("", 0), 0);
	assert_int_equal(parse("\xef\xbb\xbf[host]\n", 10), 1); /* a byte order mark */
	for (unsigned round = 0; round < 50; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (char)((seed = seed * 1103515245 + 12345) >> 16);
		assert_in_range(parse(bytes, sizeof(bytes)), 1, sizeof(bytes));
	}
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(parse(bytes, sizeof(bytes)), 1);
}

static void
ten_mebibytes(void **state)
{
	char *text = malloc(10 * MiB);

	memset(text, 'a', 10 * MiB);
	memcpy(text, "[vm web]\n", 9);
	assert_int_equal(parse(text, 10 * MiB), 1);
	assert_string_equal(first, "1: found a file of more than 1 MiB; expected at most that");
	assert_int_equal(config.vm_count, 0);
	free(text);
}

static void
assert_lines(const char *line, u32 count, u32 want)
{
	size_t len = strlen(line);
	char *text = malloc(len * count);

	for (u32 i = 0; i < count; i++)
		memcpy(text + i * len, line, len);
	assert_int_equal(parse(text, len * count), want);
	free(text);
}

static void
hundred_thousand_lines(void **state)
{
	assert_lines("\n", 100000, 0);
	assert_lines("# a\n", 100000, 0);
	assert_lines("[host]\n", 100000, 99999);
	assert_lines("x = y\n", 100000, 100000);
	assert_lines("[vm a]\n", 100000, 99999 + 2);
	assert_int_equal(config.vm_count, 1);
	assert_lines("[\n", 100000, 100000);
}

#define PAGE                                                                                       \
	"[host]" EOL "log = debug" EOL "[vm web]" EOL "memory = 8M # here" EOL                     \
	"kernel = \"a b\"" EOL "module = m  x" EOL "cmdline = x=\"y\" z"

/* Whatever the lines end with, and whether the last one does. */
static void
ends_of_lines(void **state)
{
#define EOL "\n"
	static const char *const pages[] = {PAGE, PAGE "\n",  PAGE "\r\n", PAGE "\r",
#undef EOL
#define EOL "\r\n"
					    PAGE, PAGE "\r\n"};

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		assert_int_equal(parse(pages[i], strlen(pages[i])), 0);
		assert_int_equal(config.log, LOG_DEBUG);
		assert_int_equal(vms[0].memory, 8 * MiB);
		assert_int_equal(vms[0].kernel.len, 3);
		assert_int_equal(vms[0].modules[0].args.len, 1);
		assert_int_equal(vms[0].cmdline.len, 7);
	}
}

/* Cut anywhere: what is left has an error, or is a configuration; and never a byte beyond it. */
static void
every_piece(void **state)
{
	static const char page[] = PAGE;

	for (size_t from = 0; from < sizeof(page); from++) {
		for (size_t to = from; to < sizeof(page) - 1; to++) {
			(void)parse(page + from, to - from);
			assert_in_range(config.vm_count, 0, 1);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_values),
		cmocka_unit_test(huge_values),
		cmocka_unit_test(negative_and_huge_numbers),
		cmocka_unit_test(keys_inside_a_nic),
		cmocka_unit_test(words_with_bad_values),
		cmocka_unit_test(no_configuration_at_all),
		cmocka_unit_test(ten_mebibytes),
		cmocka_unit_test(hundred_thousand_lines),
		cmocka_unit_test(ends_of_lines),
		cmocka_unit_test(every_piece),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
