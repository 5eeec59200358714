/* SPDX-License-Identifier: MIT */
// SOURCES: core/config.c core/config_keys.c core/config_values.c core/config_words.c
// SOURCES: core/config_cmdline.c
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

/* Half of the files are there. */
static const char *
check_file(struct config_report *report, struct slice file)
{
	check(file.len > 0 && file.len <= CONFIG_FILE_MAX);
	return file.at[0] % 2 != 0 ? "a file that can be read" : NULL;
}

/* Whatever a VM without an error has been told can be started. */
static void
check_vm(const struct vm_config *vm)
{
	check(vm->name[0] != '\0' && strlen(vm->name) <= CONFIG_NAME_MAX);
	check(strlen(vm->error) < CONFIG_REASON_MAX);
	check(vm->vcpus >= 1 && vm->vcpus <= CONFIG_VCPUS_MAX);
	check(vm->module_count <= CONFIG_MODULES_MAX && vm->memory % MiB == 0);
	if (vm->error[0] == '\0')
		check(vm->memory > 0 && (vm->kernel.len > 0) != (vm->firmware.len > 0));
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
	check(config->vm_count <= CONFIG_VMS_MAX);
	for (u32 i = 0; i < config->vm_count; i++)
		check_vm(&config->vms[i]);
}

static void
check_cmdline(const uint8_t *data, size_t size)
{
	struct config_report report = {on_error, check_file};
	static struct config config;
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
	struct config_report report = {on_error, check_file};
	static struct config config;
	static struct vm_config vms[CONFIG_VMS_MAX];
	u32 lines = 1;

	if (size == 0)
		return 0;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	reported = last_line = 0;
	config_defaults(&config);
	config.vms = vms;
	config.vm_room = config_parse_host((const char *)data, size, &config);
	check(config.vm_room <= CONFIG_VMS_MAX && reported == 0);
	check_config(&config);
	config_defaults(&config);
	config.vms = vms;
	config.vm_room = CONFIG_VMS_MAX;
	check(config_parse((const char *)data, size, &config, &report) == reported);
	check(last_line <= lines && (reported == 0 || last_line > 0));
	check_config(&config);
	check_cmdline(data, size);
	return 0;
}
