/* SPDX-License-Identifier: MIT */
/* The keys, and how their values are read. */
#include "core/config_keys.h"

#include "core/config_net.h"
#include "core/config_values.h"
#include "include/bits.h"
#include "lib/format.h"
#include "lib/string.h"

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
set_guest_tags(struct config_target to, struct slice value)
{
	u64 number;

	if (!parse_u64(value.at, value.len, &number) || number == 0 || number > CONFIG_TAGS_MAX)
		return false;
	to.config->guest_tags = (u32)number;
	return true;
}

static bool
set_console_mirror(struct config_target to, struct slice value)
{
	if (!value_is_name(value))
		return false;
	format(to.config->console_mirror, sizeof(to.config->console_mirror), "%.*s", (int)value.len,
	       value.at);
	return true;
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
set_cpus(struct config_target to, struct slice value)
{
	return value_cpus(value, &to.vm->cpus);
}

static bool
set_weight(struct config_target to, struct slice value)
{
	u64 number;

	if (!parse_u64(value.at, value.len, &number) || number == 0 || number > CONFIG_WEIGHT_MAX)
		return false;
	to.vm->weight = (u32)number;
	return true;
}

/* Beyond what all vCPUs together can use it is no cap, but does no harm. */
static bool
set_cap(struct config_target to, struct slice value)
{
	u64 number;

	if (value.len == 0 || value.at[value.len - 1] != '%' ||
	    !parse_u64(value.at, value.len - 1, &number) || number == 0 ||
	    number > 100 * CONFIG_VCPUS_MAX)
		return false;
	to.vm->cap = (u32)number;
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

static bool
set_pci_test(struct config_target to, struct slice value)
{
	return value_bool(on_words, value, &to.vm->pci_test);
}

enum { STOP_TIMEOUT_MAX_MS = 3600 * 1000 };

static bool
set_stop_timeout(struct config_target to, struct slice value)
{
	u64 ms;

	if (!value_time(value, &ms) || ms == 0 || ms > STOP_TIMEOUT_MAX_MS)
		return false;
	to.vm->stop_timeout_ms = (u32)ms;
	return true;
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

static bool
needs_uplink(struct config_target to)
{
	return to.net->mode == NET_BRIDGE || to.net->mode == NET_NAT;
}

#define GATEWAY_MODES (BIT32(NET_NAT) | BIT32(NET_HOST_ONLY))

#define FILE_NAME     "a file name of at most 240 bytes without \\ ' or \""

/* clang-format off */
const struct config_section config_sections[CONFIG_SECTIONS] = {
	{
		.kind = "host",
		.title = "[host]",
		.count = 4,
		.keys = {
			{
				.name = "log", .words = log_words, .set = set_log,
				.expected = "error, warn, info or debug",
			},
			CONSOLE_KEY,
			APICV_KEY,
			{
				.name = "console-mirror", .words = no_words,
				.set = set_console_mirror,
				.expected = "a VM of this file", .check = check_vm,
			},
		},
	}, {
		.kind = "net",
		.title = "[net NAME]",
		.named = true,
		.needs = {
			{.key = "mode", .expected = "mode = bridge, nat or host-only"},
			{
				.key = "uplink", .when = needs_uplink,
				.expected = "uplink = e1000:N or pci:BUS:DEVICE.FUNCTION",
			},
		},
		.count = 10,
		.keys = {
			{
				.name = "mode", .words = net_mode_words, .set = net_set_mode,
				.expected = "bridge, nat or host-only",
			}, {
				.name = "uplink", .words = no_words, .set = net_set_uplink,
				.expected = "e1000:N (from 0 to 255), or pci:BUS:DEVICE.FUNCTION as in "
					    "pci:00:03.0",
				.modes = BIT32(NET_BRIDGE) | BIT32(NET_NAT), .check = check_uplink,
			}, {
				.name = "subnet", .words = no_words, .set = net_set_subnet,
				.expected = "a network's own address and /8 to /29, as in 10.8.0.0/24",
				.modes = GATEWAY_MODES, .check = check_subnet,
			}, {
				.name = "forward", .words = no_words, .set = net_add_forward,
				.expected = "tcp:PORT:VM:PORT or udp:PORT:VM:PORT, at most 64 times",
				.repeats = true, .modes = BIT32(NET_NAT), .check = check_forward,
			}, {
				.name = "host", .words = no_words, .set = net_add_host,
				.expected = "MAC ADDRESS, as in 52:54:00:00:00:01 10.8.0.10, at most 64 "
					    "times",
				.repeats = true, .modes = GATEWAY_MODES, .check = check_host,
			}, {
				.name = "address", .words = net_address_words,
				.set = net_set_address,
				.expected = "dhcp, or ADDRESS/PREFIX,ROUTER as in "
					    "192.0.2.5/24,192.0.2.1",
				.modes = BIT32(NET_NAT), .check = check_address,
			}, {
				.name = "dns", .words = no_words, .set = net_set_dns,
				.expected = "1 to 3 addresses by comma, as in 192.0.2.53",
				.modes = BIT32(NET_NAT),
			}, {
				.name = "domain", .words = no_words, .set = net_set_domain,
				.expected = "a domain of at most 63 bytes, as in lan or example.org",
				.modes = GATEWAY_MODES,
			}, {
				.name = "mtu", .words = no_words, .set = net_set_mtu,
				.expected = "a number from 576 to 9000, 1500 is usual",
			}, {
				.name = "worker", .words = net_worker_words, .set = net_set_worker,
				.expected = "auto, off or the number of a CPU, from 0 to 255",
			},
		},
	}, {
		.kind = "vm",
		.title = "[vm NAME]",
		.named = true,
		.needs = {
			{.key = "memory", .expected = "memory = SIZE, as in 256M"},
			{
				.key = "kernel", .other = "firmware",
				.expected = "kernel = FILE or firmware = FILE",
			},
		},
		.count = 16,
		.keys = {
			{
				.name = "memory", .words = no_words, .set = set_memory,
				.expected = "a size from 1M to 1024G in whole M, as in 256M",
			}, {
				.name = "vcpus", .words = no_words, .set = set_vcpus,
				.expected = "a number from 1 to 64",
			}, {
				.name = "cpus", .words = no_words, .set = set_cpus,
				.expected = "CPU numbers from 0 to 255, as in 1-3 or 0,2",
			}, {
				.name = "weight", .words = no_words, .set = set_weight,
				.expected = "a number from 1 to 65536, 256 is usual",
			}, {
				.name = "cap", .words = no_words, .set = set_cap,
				.expected = "percent of one CPU from 1% to 6400%, as in 50%",
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
			}, {
				.name = "pci-test", .words = on_words, .set = set_pci_test,
				.expected = "on or off",
			}, {
				.name = "stop-timeout", .words = no_words, .set = set_stop_timeout,
				.expected = "a time from 1ms to 60m, as in 30s",
			}, {
				.name = "nic", .words = nic_words, .set = nic_add,
				.expected = "e1000, net=NAME, at most 8 times, as in e1000, net=lan",
				.repeats = true, .inner = &config_nic_words, .check = check_nic,
			},
		},
	},
};
/* clang-format on */

const struct config_section config_cmdline_words = {
	.title = "the command line",
	.count = 4,
	.keys =
		{
			CONSOLE_KEY, APICV_KEY,
			{
				.name = "exec-pages",
				.words = exec_pages_words,
				.set = set_exec_pages,
				.expected = "auto, small or large",
			}, {
				.name = "guest-tags",
				.words = no_words,
				.set = set_guest_tags,
				.expected = "a number from 1 to 65535",
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

bool
config_has_key(const struct config_section *section, u32 keys, const char *name)
{
	for (u32 i = 0; i < section->count; i++) {
		if (strcmp(section->keys[i].name, name) == 0)
			return (keys & BIT32(i)) != 0;
	}
	return false;
}
