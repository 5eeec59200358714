/* SPDX-License-Identifier: MIT */
// SOURCES: core/config.c core/config_keys.c core/config_values.c core/config_words.c
// SOURCES: core/config_section.c core/config_net.c core/config_nic.c core/config_check.c
// SOURCES: lib/ini.c lib/text.c lib/format.c lib/distance.c
/* The pages' examples, and docs/configuration.md against the parser's own tables: neither has a key
 * that the other lacks. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_keys.h"

#define DOCS "docs/configuration.md"

enum { ROWS_MAX = 100, CELLS = 4 };

/* A line of a table: `key` | values | default | `example`. */
struct row {
	const char *title; /* the heading that it is below */
	const char *cells[CELLS];
	unsigned count;
};

static char *text, *copy; /* of the page; the rows are in the copy, cut to pieces */
static struct row rows[ROWS_MAX];
static unsigned row_count;
static u32 errors;
static char first_error[LOG_LINE_MAX + 32];

static char *
read_page(const char *path)
{
	FILE *in = fopen(path, "r");
	char *page = calloc(1, CONFIG_SIZE_MAX);

	assert_non_null(in);
	assert_in_range(fread(page, 1, CONFIG_SIZE_MAX, in), 1000, CONFIG_SIZE_MAX - 1);
	fclose(in);
	return page;
}

static char *
trim(char *s)
{
	size_t len;

	while (*s == ' ')
		s++;
	len = strlen(s);
	while (len > 0 && s[len - 1] == ' ')
		s[--len] = '\0';
	return s;
}

static void
add_row(const char *title, char *line)
{
	struct row *row = &rows[row_count];
	char *rest = line + 1, *cell;

	if (line[1] != ' ' || line[2] != '`')
		return; /* the head, or of another table */
	assert_true(row_count < ROWS_MAX);
	*row = (struct row){
		.title = title, .cells = {"", "", "", ""}
	 };
	while ((cell = strsep(&rest, "|")) != NULL && rest != NULL) {
		if (row->count < CELLS)
			row->cells[row->count] = trim(cell);
		row->count++;
	}
	row_count++;
}

static int
read_rows(void **state)
{
	const char *title = "";
	char *rest, *line;

	text = read_page(DOCS);
	rest = copy = strdup(text);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (strncmp(line, "## ", 3) == 0)
			title = line;
		else if (line[0] == '|')
			add_row(title, line);
	}
	return 0;
}

static int
free_page(void **state)
{
	free(copy);
	free(text);
	return 0;
}

/* Those of the file, the command line's words, and those inside a nic's value. */
enum { TABLES = CONFIG_SECTIONS + 2 };

static const struct config_section *
table_at(u32 i)
{
	if (i < CONFIG_SECTIONS)
		return &config_sections[i];
	return i == CONFIG_SECTIONS ? &config_cmdline_words : &config_nic_words;
}

static bool
is_about(const struct row *row, const struct config_section *section)
{
	char title[64];

	if (section == &config_cmdline_words)
		return strcmp(row->title, "## The command line") == 0;
	snprintf(title, sizeof(title), "## `%s`", section->title);
	return strncmp(row->title, title, strlen(title)) == 0;
}

/* What is between the quotes of a cell that has nothing else; or the empty string. */
static const char *
code_of(const char *cell)
{
	static char code[512];
	size_t len = strlen(cell);

	code[0] = '\0';
	if (len > 2 && cell[0] == '`' && strchr(cell + 1, '`') == cell + len - 1)
		snprintf(code, sizeof(code), "%.*s", (int)len - 2, cell + 1);
	return code;
}

static const struct row *
find_row(const struct config_section *section, const struct config_key *key)
{
	for (unsigned i = 0; i < row_count; i++) {
		if (is_about(&rows[i], section) &&
		    strcmp(code_of(rows[i].cells[0]), key->name) == 0)
			return &rows[i];
	}
	return NULL;
}

static void
for_each_key(void (*check)(const struct config_section *section, const struct config_key *key))
{
	for (u32 s = 0; s < TABLES; s++) {
		const struct config_section *section = table_at(s);

		for (u32 k = 0; k < section->count; k++)
			check(section, &section->keys[k]);
	}
}

static void
check_row(const struct config_section *section, const struct config_key *key)
{
	const struct row *row = find_row(section, key);

	if (row == NULL)
		fail_msg(DOCS ": %s has no row for the key %s: add | `%s` | its values | its "
			      "default | `%s = VALUE` |",
			 section->title, key->name, key->name, key->name);
	if (row->count != CELLS)
		fail_msg(DOCS ": the row of %s has %u cells instead of %d", key->name, row->count,
			 CELLS);
	for (unsigned i = 0; i < CELLS; i++) {
		if (row->cells[i][0] == '\0')
			fail_msg(DOCS ": the row of %s has an empty cell: number %u", key->name,
				 i + 1);
	}
}

static void
every_key_has_a_row(void **state)
{
	for_each_key(check_row);
}

static bool
is_known(const struct row *row, const char *key)
{
	struct slice name = {key, strlen(key)};
	bool about_keys = false;

	for (u32 s = 0; s < TABLES; s++) {
		const struct config_section *section = table_at(s);

		if (!is_about(row, section))
			continue;
		about_keys = true;
		if (config_find_key(section, name) != NULL)
			return true;
	}
	return !about_keys;
}

static void
every_row_has_a_key(void **state)
{
	for (unsigned i = 0; i < row_count; i++) {
		const char *key = code_of(rows[i].cells[0]);

		if (!is_known(&rows[i], key))
			fail_msg(DOCS ": %s has a row for %s, which is no key of it", rows[i].title,
				 key);
	}
}

static void
check_words(const struct config_section *section, const struct config_key *key)
{
	const struct row *row = find_row(section, key);
	char quoted[64];

	/* com1 to com4, and the command line's as those of [host] */
	if (row == NULL || strcmp(key->name, "console") == 0)
		return;
	for (const char *const *word = key->words; *word != NULL; word++) {
		snprintf(quoted, sizeof(quoted), "`%s`", *word);
		if (strstr(row->cells[1], quoted) == NULL)
			fail_msg(DOCS ": the row of %s does not say that it may be `%s`", key->name,
				 *word);
	}
}

static void
every_word_is_there(void **state)
{
	for_each_key(check_words);
}

static void
on_error(struct config_report *report, u32 line, const char *said)
{
	if (errors++ == 0)
		snprintf(first_error, sizeof(first_error), "line %u: %s", line, said);
}

/* What holds without further keys, with a VM and a network in it. */
static const struct config *
parsed(struct config *config, struct vm_config *vms, struct net_config *nets)
{
	static const char page[] = "[host]\n[net lan]\n[vm web]\n";
	struct config_report report = {.error = on_error};

	memset(vms, 0, sizeof(*vms));
	memset(nets, 0, sizeof(*nets));
	config_defaults(config);
	config->vms = vms;
	config->nets = nets;
	config->vm_room = config->net_room = 1;
	(void)config_parse(page, sizeof(page) - 1, config, &report);
	assert_int_equal(config->vm_count, 1);
	assert_int_equal(config->net_count, 1);
	return config;
}

static bool
set(const struct config_key *key, const char *value, struct config *config)
{
	struct config_target to = {
		.config = config,
		.vm = config->vms,
		.net = config->nets,
		.nic = config->vms[0].nics,
	};
	struct slice rest = {value, strlen(value)};

	return key->set(to, key->inner == NULL ? rest : slice_cut(&rest, ','));
}

/* By the key's own function, and between the least that a section has to have. */
static void
check_example(const struct config_section *section, const struct config_key *key)
{
	const struct row *row = find_row(section, key);
	struct config config;
	struct vm_config vm;
	struct net_config net;
	char example[512], want[64];

	if (row == NULL)
		return;
	snprintf(example, sizeof(example), "%s", code_of(row->cells[3]));
	snprintf(want, sizeof(want), section->kind == NULL ? "%s=" : "%s = ", key->name);
	if (strncmp(example, want, strlen(want)) != 0)
		fail_msg(DOCS ": the example of %s is no `%sVALUE`", key->name, want);
	parsed(&config, &vm, &net);
	if (!set(key, example + strlen(want), &config))
		fail_msg(DOCS ": the example of %s is refused: expected %s", key->name,
			 key->expected);
}

static void
every_example_is_good(void **state)
{
	for_each_key(check_example);
}

/* A default in quotes is a value that changes nothing; another one is said in words. */
static void
check_default(const struct config_section *section, const struct config_key *key)
{
	const struct row *row = find_row(section, key);
	struct config config, before;
	struct vm_config vm, vm_before;
	struct net_config net, net_before;
	const char *value = row == NULL ? "" : code_of(row->cells[2]);

	if (value[0] == '\0')
		return;
	before = *parsed(&config, &vm, &net);
	vm_before = vm;
	net_before = net;
	if (!set(key, value, &config))
		fail_msg(DOCS ": the default of %s is refused: expected %s", key->name,
			 key->expected);
	if (memcmp(&config, &before, sizeof(config)) != 0 ||
	    memcmp(&vm, &vm_before, sizeof(vm)) != 0 || memcmp(&net, &net_before, sizeof(net)) != 0)
		fail_msg(DOCS ": %s is not %s by default", key->name, value);
}

static void
every_default_is_true(void **state)
{
	for_each_key(check_default);
}

static void
check_configuration(const char *page, const char *at, size_t len)
{
	static struct vm_config vms[8];
	static struct net_config nets[8];
	struct config_report report = {.error = on_error};
	struct config config;

	config_defaults(&config);
	config.vms = vms;
	config.vm_room = ARRAY_SIZE(vms);
	config.nets = nets;
	config.net_room = ARRAY_SIZE(nets);
	errors = 0;
	(void)config_parse(at, len, &config, &report);
	if (errors > 0)
		fail_msg("%s: an example is refused: %s\n%.*s", page, first_error, (int)len, at);
}

/* The indented lines that begin with a section: a whole configuration each. Answers how many. */
static unsigned
check_configurations(const char *page, const char *all)
{
	unsigned found = 0;

	for (const char *at = strstr(all, "\n\n    "); at != NULL; at = strstr(at, "\n\n    ")) {
		const char *end = strstr(at + 2, "\n\n");
		size_t blank = strspn(at += 2, " ");

		if (end == NULL || strchr("[#", at[blank]) == NULL ||
		    memchr(at, '[', (size_t)(end - at)) == NULL)
			continue;
		check_configuration(page, at, (size_t)(end - at));
		found++;
	}
	return found;
}

static void
whole_configurations(void **state)
{
	char *networking = read_page("docs/networking.md");

	assert_in_range(check_configurations(DOCS, text), 4, 100);
	assert_in_range(check_configurations("docs/networking.md", networking), 3, 100);
	free(networking);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_has_a_row),	 cmocka_unit_test(every_row_has_a_key),
		cmocka_unit_test(every_word_is_there),	 cmocka_unit_test(every_example_is_good),
		cmocka_unit_test(every_default_is_true), cmocka_unit_test(whole_configurations),
	};
	return cmocka_run_group_tests(tests, read_rows, free_page);
}
