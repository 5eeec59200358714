/* SPDX-License-Identifier: MIT */
/* The keys, and how their values are read. */
#include "core/config_keys.h"

#include "core/config_values.h"

static const char *const log_words[] = {
	[LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info",
	[LOG_DEBUG] = "debug", [LOG_LEVELS] = NULL,
};

static const char *const no_words[] = {NULL};
static const char *const yes_words[] = {"yes", "no", NULL};
static const char *const on_words[] = {"on", "off", NULL};
static const char *const exit_words[] = {"restart", "stop", NULL};

static const char *const exec_pages_words[] = {
	[EXEC_PAGES_AUTO] = "auto",
	[EXEC_PAGES_SMALL] = "small",
	[EXEC_PAGES_LARGE] = "large",
	NULL,
};

static const char *const apicv_words[] = {
	[USE_APIC_AUTO] = "auto",
	[USE_APIC_ON] = "on",
	[USE_APIC_OFF] = "off",
	NULL,
};

static const char *const console_words[] = {"com1", "com2", "com3", "com4", "acpi", NULL};

static bool
set_log(struct config_target to, struct slice value)
{
	int level = value_word(log_words, value);

	if (level < 0)
		return false;
	to.config->log = (enum log_level)level;
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
set_console(struct config_target to, struct slice value)
{
	int word = value_word(console_words, value);
	struct console_spec spec = {.kind = CONSOLE_IO};
	struct slice rest = value;

	if (word >= 0 && word < 4)
		spec = (struct console_spec){.kind = CONSOLE_COM, .com = (u8)(word + 1)};
	else if (word >= 0)
		spec.kind = CONSOLE_ACPI;
	else if (!slice_is(slice_cut(&rest, ':'), "io") || !read_port(rest, &spec.port))
		return false;
	to.config->console = spec;
	return true;
}

static bool
set_exec_pages(struct config_target to, struct slice value)
{
	int word = value_word(exec_pages_words, value);

	if (word >= 0)
		to.config->exec_pages = (enum exec_pages)word;
	return word >= 0;
}

static bool
set_apicv(struct config_target to, struct slice value)
{
	int word = value_word(apicv_words, value);

	if (word >= 0)
		to.config->apicv = (enum use_apic)word;
	return word >= 0;
}

#define MEMORY_MAX (1024 * GiB)

static bool
set_memory(struct config_target to, struct slice value)
{
	u64 bytes;

	if (!value_size(value, &bytes) || bytes == 0 || bytes % MiB != 0 || bytes > MEMORY_MAX)
		return false;
	to.vm->memory = bytes;
	return true;
}

static bool
set_vcpus(struct config_target to, struct slice value)
{
	u64 number;

	if (!parse_u64(value.at, value.len, &number) || number == 0 || number > CONFIG_VCPUS_MAX)
		return false;
	to.vm->vcpus = (u32)number;
	return true;
}

static bool
set_kernel(struct config_target to, struct slice value)
{
	return value_file(value, &to.vm->kernel);
}

static bool
set_firmware(struct config_target to, struct slice value)
{
	return value_file(value, &to.vm->firmware);
}

static bool
set_initrd(struct config_target to, struct slice value)
{
	return value_file(value, &to.vm->initrd);
}

static bool
add_module(struct config_target to, struct slice value)
{
	struct vm_config *vm = to.vm;

	if (vm->module_count == CONFIG_MODULES_MAX ||
	    !value_module(value, &vm->modules[vm->module_count]))
		return false;
	vm->module_count++;
	return true;
}

/* Any bytes are a guest's own business, but an empty line is more likely a slip. */
static bool
set_cmdline(struct config_target to, struct slice value)
{
	if (value.len == 0)
		return false;
	to.vm->cmdline = value;
	return true;
}

static bool
set_autostart(struct config_target to, struct slice value)
{
	return value_bool(yes_words, value, &to.vm->autostart);
}

static bool
set_on_exit(struct config_target to, struct slice value)
{
	return value_bool(exit_words, value, &to.vm->restart);
}

static bool
set_debug_exit(struct config_target to, struct slice value)
{
	return value_bool(on_words, value, &to.vm->debug_exit);
}

#define CONSOLE_KEY                                                                                \
	{                                                                                          \
		.name = "console", .words = console_words, .set = set_console,                     \
		.expected = "com1, com2, com3, com4, io:PORT (from 0x100 to 0xfff8) or acpi"       \
	}

#define APICV_KEY                                                                                  \
	{                                                                                          \
		.name = "apicv", .words = apicv_words, .set = set_apicv,                           \
		.expected = "auto, on or off"                                                      \
	}

#define FILE_NAME "a file name of at most 240 bytes without \\ ' or \""

/* clang-format off */
const struct config_section config_sections[CONFIG_SECTIONS] = {
	{
		.kind = "host",
		.title = "[host]",
		.count = 3,
		.keys = {
			{
				.name = "log", .words = log_words, .set = set_log,
				.expected = "error, warn, info or debug",
			},
			CONSOLE_KEY,
			APICV_KEY,
		},
	}, {
		.kind = "vm",
		.title = "[vm NAME]",
		.named = true,
		.needs = {
			{"memory", NULL, "memory = SIZE, as in 256M"},
			{"kernel", "firmware", "kernel = FILE or firmware = FILE"},
		},
		.count = 10,
		.keys = {
			{
				.name = "memory", .words = no_words, .set = set_memory,
				.expected = "a size from 1M to 1024G in whole M, as in 256M",
			}, {
				.name = "vcpus", .words = no_words, .set = set_vcpus,
				.expected = "a number from 1 to 64",
			}, {
				.name = "kernel", .words = no_words, .set = set_kernel,
				.expected = FILE_NAME, .file = true, .never_with = "firmware",
			}, {
				.name = "firmware", .words = no_words, .set = set_firmware,
				.expected = FILE_NAME, .file = true,
			}, {
				.name = "initrd", .words = no_words, .set = set_initrd,
				.expected = FILE_NAME, .file = true, .never_with = "firmware",
			}, {
				.name = "module", .words = no_words, .set = add_module,
				.expected = "FILE or FILE ARGUMENTS, at most 32 times: " FILE_NAME,
				.repeats = true, .file = true, .never_with = "firmware",
			}, {
				.name = "cmdline", .words = no_words, .set = set_cmdline,
				.expected = "words for the kernel, as in console=ttyS0",
				.never_with = "firmware",
			}, {
				.name = "autostart", .words = yes_words, .set = set_autostart,
				.expected = "yes or no",
			}, {
				.name = "on-exit", .words = exit_words, .set = set_on_exit,
				.expected = "stop or restart",
			}, {
				.name = "debug-exit", .words = on_words, .set = set_debug_exit,
				.expected = "on or off",
			},
		},
	},
};
/* clang-format on */

const struct config_section config_cmdline_words = {
	.title = "the command line",
	.count = 3,
	.keys =
		{
			CONSOLE_KEY, APICV_KEY,
			{
				.name = "exec-pages",
				.words = exec_pages_words,
				.set = set_exec_pages,
				.expected = "auto, small or large",
			}, },
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
