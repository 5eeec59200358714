/* SPDX-License-Identifier: MIT */
/* The keys, and how their values are read. */
#include "core/config_keys.h"

static const char *const log_words[] = {
	[LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info",
	[LOG_DEBUG] = "debug", [LOG_LEVELS] = NULL,
};

static const char *const console_words[] = {"com1", "com2", "com3", "com4", "acpi", NULL};

/* The index of the word, or -1. */
static int
word_index(const char *const *words, struct slice value)
{
	for (int i = 0; words[i] != NULL; i++) {
		if (slice_is(value, words[i]))
			return i;
	}
	return -1;
}

static bool
set_log(struct config *config, struct slice value)
{
	int level = word_index(log_words, value);

	if (level < 0)
		return false;
	config->log = (enum log_level)level;
	return true;
}

/* A 16550 has eight registers; below 0x100 are the mainboard's own devices. */
static bool
read_port(struct slice value, u16 *port)
{
	u64 number;

	if (!parse_u64(value.at, value.len, &number) || number < 0x100 || number > 0xfff8)
		return false;
	*port = (u16)number;
	return true;
}

static bool
set_console(struct config *config, struct slice value)
{
	int word = word_index(console_words, value);
	struct console_spec spec = {.kind = CONSOLE_IO};
	struct slice rest = value;

	if (word >= 0 && word < 4)
		spec = (struct console_spec){.kind = CONSOLE_COM, .com = (u8)(word + 1)};
	else if (word >= 0)
		spec.kind = CONSOLE_ACPI;
	else if (!slice_is(slice_cut(&rest, ':'), "io") || !read_port(rest, &spec.port))
		return false;
	config->console = spec;
	return true;
}

#define CONSOLE_KEY                                                                                \
	{                                                                                          \
		.name = "console", .words = console_words, .set = set_console,                     \
		.expected = "com1, com2, com3, com4, io:PORT (from 0x100 to 0xfff8) or acpi"       \
	}

const struct config_section config_sections[CONFIG_SECTIONS] = {
	{
		.kind = "host",
		.title = "[host]",
		.count = 2,
		.keys =
			{
				{"log", "error, warn, info or debug", log_words, set_log},
				CONSOLE_KEY,
			}, },
};

const struct config_section config_cmdline_words = {
	.title = "the command line",
	.count = 1,
	.keys = {CONSOLE_KEY},
};

const struct config_key *
config_find_key(const struct config_section *section, struct slice name)
{
	for (u32 i = 0; i < section->count; i++) {
		if (slice_is(name, section->keys[i].name))
			return &section->keys[i];
	}
	return NULL;
}
