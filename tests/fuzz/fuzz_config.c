/* SPDX-License-Identifier: MIT */
// SOURCES: core/config.c core/config_keys.c core/config_words.c core/config_cmdline.c
// SOURCES: lib/ini.c lib/text.c lib/format.c lib/distance.c
/*
 * Any bytes as ashlar.conf, and then as the command line: every error is a printable sentence with
 * a line of the file, in rising order, and what remains is a configuration that one can boot with.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static u32 reported, last_line;

static void
check(bool condition)
{
	if (!condition)
		abort();
}

static void
on_error(struct config_report *report, u32 line, const char *text)
{
	check(line >= last_line);
	check(strncmp(text, "found ", 6) == 0 && strlen(text) <= LOG_LINE_MAX);
	for (const char *c = text; *c != '\0'; c++)
		check(*c >= ' ' && *c <= '~');
	last_line = line;
	reported++;
}

static void
check_config(const struct config *config)
{
	const struct console_spec *console = &config->console;

	check(config->log < LOG_LEVELS);
	if (console->kind == CONSOLE_COM)
		check(console->com >= 1 && console->com <= 4);
	else if (console->kind == CONSOLE_IO)
		check(console->port >= 0x100 && console->port <= 0xfff8);
	else
		check(console->kind == CONSOLE_ACPI);
}

static void
check_cmdline(const uint8_t *data, size_t size)
{
	struct config_report report = {on_error};
	struct config config;
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	reported = last_line = 0;
	config_defaults(&config);
	config_parse_cmdline(text, &config, &report);
	check(last_line == 0 && reported <= CONFIG_WORDS_SHOWN + 1);
	check_config(&config);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_report report = {on_error};
	struct config config;
	u32 lines = 1;

	if (size == 0)
		return 0;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	reported = last_line = 0;
	config_defaults(&config);
	check(config_parse((const char *)data, size, &config, &report) == reported);
	check(last_line <= lines && (reported == 0 || last_line > 0));
	check_config(&config);
	check_cmdline(data, size);
	return 0;
}
