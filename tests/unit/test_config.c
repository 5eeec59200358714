/* SPDX-License-Identifier: MIT */
// SOURCES: core/config.c core/config_keys.c core/config_values.c core/config_words.c
// SOURCES: core/config_section.c core/config_net.c core/config_nic.c core/config_check.c
// SOURCES: core/config_cmdline.c
// SOURCES: lib/ini.c lib/text.c lib/format.c lib/distance.c
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"

static char seen[16 * 1024];
static size_t seen_len;
static struct config config;
static struct vm_config vms[CONFIG_VMS_MAX];
static struct net_config nets[CONFIG_NETS_MAX];

static void
on_error(struct config_report *report, u32 line, const char *text)
{
	seen_len += (size_t)sprintf(seen + seen_len, "%u: %s\n", line, text);
}

/* The files that there are. */
static const char *
check_file(struct config_report *r, struct slice file)
{
	return slice_is(file, "gone") ? "a file that can be read" : NULL;
}

static struct config_report report = {on_error, check_file};

static u32
parse(const char *text, size_t len)
{
	seen_len = 0;
	seen[0] = '\0';
	config_defaults(&config);
	config.vms = vms;
	config.vm_room = ARRAY_SIZE(vms);
	config.nets = nets;
	config.net_room = ARRAY_SIZE(nets);
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
	assert_errors(
		"[hots]\n",
		"1: found [hots]; expected [host], [net NAME], [vm NAME]; did you mean host?\n");
	assert_errors("[disk web]\n",
		      "1: found [disk web]; expected [host], [net NAME], [vm NAME]\n");
	assert_errors(
		"[vmm web]\nkernel = 1\n",
		"1: found [vmm web]; expected [host], [net NAME], [vm NAME]; did you mean vm?\n");
	assert_errors("[vm web]\nkernal = k\nmemory = 1M\nkernel = k\n",
		      "2: found kernal; expected a key of [vm NAME]; did you mean kernel?\n");
	assert_errors("[host]\nlgo = info\n",
		      "2: found lgo; expected a key of [host]; did you mean log?\n");
	assert_errors("[host]\nmemory = 1\n",
		      "2: found memory; expected a key of [host]: log, console, apicv, "
		      "console-mirror\n");
	assert_errors("[host web]\nlog = x\n",
		      "1: found [host web]; expected [host]\n"
		      "2: found log = x; expected error, warn, info or debug\n");
	assert_errors("log = info\n", "1: found log before any section; expected [host] first\n");
}

/* Nobody can say what is right in a section that there is not. */
static void
keys_of_unknown_section(void **state)
{
	assert_errors("[disk web]\nlog = x\n[host]\nlog = x\n",
		      "1: found [disk web]; expected [host], [net NAME], [vm NAME]\n"
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
	assert_errors("log = info\n[host\nlog\nconsole = tty\nlog = \n[disk]\n[host]\n",
		      "1: found log before any section; expected [host] first\n"
		      "2: found [host; expected ] at its end\n"
		      "3: found log; expected KEY = VALUE\n"
		      "4: found console = tty; expected " CONSOLE_VALUES "\n"
		      "5: found log without a value; expected error, warn, info or debug\n"
		      "6: found [disk]; expected [host], [net NAME], [vm NAME]\n"
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
	assert_int_equal(config.apicv, USE_APIC_AUTO);
	assert_good("[host]\napicv = off\n");
	assert_int_equal(config.apicv, USE_APIC_OFF);
	parse_cmdline("apicv=on");
	assert_int_equal(config.apicv, USE_APIC_ON);
	assert_good("");
	parse_cmdline("guest-tags=0 guest-tags=65536 guest-tags=");
	assert_int_equal(config.guest_tags, 0);
	parse_cmdline("guest-tags=65535");
	assert_int_equal(config.guest_tags, 65535);
	parse_cmdline("apicv=off");
	assert_int_equal(config.apicv, USE_APIC_OFF);
}

/* Before there is room for VMs: the console counts, errors are for later, and VMs are counted. */
static void
host_alone(void **state)
{
	static const char text[] = "[vm a]\nmemory = 1G\nnonsense\n[vm a]\n[vm b]\nvcpus = 99\n"
				   "[net a]\nmode = x\n[net b]\nsubnet = 10.0.0.0/8\n"
				   "[vm B]\n[unknown]\nx = y\n[host]\nlog = debug\nbad = 1\n"
				   "console = com2\n";
	char many[CONFIG_VMS_MAX * 32];
	size_t len = 0;

	seen_len = 0;
	config_defaults(&config);
	config_parse_host(text, sizeof(text) - 1, &config);
	assert_int_equal(config.vm_room, 3);
	assert_int_equal(config.net_room, 2);
	assert_int_equal(config.console.com, 2);
	assert_int_equal(config.log, LOG_DEBUG);
	assert_int_equal(config.vm_count, 0);
	assert_int_equal(config.net_count, 0);
	assert_int_equal(seen_len, 0);
	for (u32 i = 0; i < CONFIG_VMS_MAX + 3; i++)
		len += (size_t)sprintf(many + len, "[vm v%u]\n[net n%u]\n", i, i);
	config_parse_host(many, len, &config);
	assert_int_equal(config.vm_room, CONFIG_VMS_MAX);
	assert_int_equal(config.net_room, CONFIG_NETS_MAX);
	config_parse_host(many, CONFIG_SIZE_MAX + 1, &config);
	assert_int_equal(config.vm_room, 0);
	assert_int_equal(config.net_room, 0);
	config_parse_cmdline("console=com3 nonsense", &config, NULL);
	assert_int_equal(config.console.com, 3);
}

static void
wrong_words(void **state)
{
	config_defaults(&config);
	parse_cmdline("quiet consoel=com1 console= console console=tty console=com3");
	assert_string_equal(
		seen,
		"0: found quiet; expected a key of the command line: console, apicv, exec-pages, "
		"guest-tags\n"
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

#define VM "[vm web]\nmemory = 64M\nkernel = k\n"

static void
assert_slice(struct slice s, const char *want)
{
	assert_int_equal(s.len, strlen(want));
	assert_memory_equal(s.at, want, s.len);
}

static void
vm_defaults(void **state)
{
	const struct vm_config *vm = vms;

	assert_good(VM);
	assert_int_equal(config.vm_count, 1);
	assert_string_equal(vm->name, "web");
	assert_int_equal(vm->line, 1);
	assert_int_equal(vm->memory, 64 * MiB);
	assert_int_equal(vm->vcpus, 1);
	assert_slice(vm->kernel, "k");
	assert_slice(vm->cmdline, "");
	assert_true(vm->autostart);
	assert_false(vm->restart);
	assert_false(vm->debug_exit);
	assert_int_equal(vm->stop_timeout_ms, 30000);
	assert_string_equal(vm->error, "");
}

static void
vm_cpu_time(void **state)
{
	const struct vm_config *vm = vms;

	assert_good(VM);
	assert_int_equal(vm->weight, 256);
	assert_int_equal(vm->cap, 0);
	assert_true(cpu_set_has(&vm->cpus, 0) && cpu_set_has(&vm->cpus, 255));
	assert_good(VM "weight = 65536\ncap = 150%\ncpus = 1-3, 7,200 - 201\n");
	assert_int_equal(vm->weight, 65536);
	assert_int_equal(vm->cap, 150);
	for (u32 cpu = 0; cpu < MAX_CPUS; cpu++)
		assert_int_equal(cpu_set_has(&vm->cpus, cpu),
				 (cpu >= 1 && cpu <= 3) || cpu == 7 || cpu == 200 || cpu == 201);
	assert_good(VM "cpus = 255\n");
	assert_true(cpu_set_has(&vm->cpus, 255) && !cpu_set_has(&vm->cpus, 0));
}

static void
wrong_cpu_time(void **state)
{
	static const char *const wrong[] = {"cpus = 256",  "cpus = 3-1",     "cpus = 1-",
					    "cpus = -1",   "cpus = 1,",	     "cpus = ,1",
					    "cpus = 1,,2", "cpus = 1-2-3",   "cpus = all",
					    "weight = 0",  "weight = 65537", "weight = -1",
					    "cap = 50",	   "cap = 0%",	     "cap = 6401%",
					    "cap = %",	   "cap = -5%"};
	char text[128];

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		sprintf(text, VM "%s\n", wrong[i]);
		assert_int_equal(parse(text, strlen(text)), 1);
		assert_memory_equal(seen, "4: found ", 9);
		assert_int_equal(vms[0].weight, 256);
		assert_int_equal(vms[0].cap, 0);
		assert_true(cpu_set_has(&vms[0].cpus, 0));
	}
}

static void
vm_keys(void **state)
{
	const struct vm_config *vm = &config.vms[1];

	assert_good("[vm a]\nmemory = 1G\nfirmware = fw.bin\n"
		    "[vm b-_9]\nvcpus = 64\nmemory = 2048K\nkernel = \"my # kernel\"\n"
		    "initrd = an initrd.img\nmodule = m1\nmodule = \"m 2\"  x  y\n"
		    "cmdline = root=\"a # b\" quiet # comment\nautostart = no\n"
		    "on-exit = restart\ndebug-exit = on\nstop-timeout = 2m\n");
	assert_int_equal(config.vm_count, 2);
	assert_slice(config.vms[0].firmware, "fw.bin");
	assert_int_equal(config.vms[0].memory, GiB);
	assert_string_equal(vm->name, "b-_9");
	assert_int_equal(vm->vcpus, 64);
	assert_int_equal(vm->memory, 2 * MiB);
	assert_slice(vm->kernel, "my # kernel");
	assert_slice(vm->initrd, "an initrd.img");
	assert_int_equal(vm->module_count, 2);
	assert_slice(vm->modules[0].file, "m1");
	assert_slice(vm->modules[0].args, "");
	assert_slice(vm->modules[1].file, "m 2");
	assert_slice(vm->modules[1].args, "x  y");
	assert_slice(vm->cmdline, "root=\"a # b\" quiet");
	assert_false(vm->autostart);
	assert_true(vm->restart);
	assert_true(vm->debug_exit);
	assert_int_equal(vm->stop_timeout_ms, 120000);
}

static void
times(void **state)
{
	static const struct {
		const char *text;
		u32 ms;
	} good[] = {
		{"1ms",	1	 },
		    {"1500ms", 1500   },
		      {"2s",     2000	 },
		    {"7",	  7000   },
		 {"60m",	 3600000}
	 };
	static const char *const bad[] = {"",
					  "0",
					  "0s",
					  "-1",
					  "3600001ms",
					  "61m",
					  "m",
					  "ms",
					  "1h",
					  "1 s",
					  "1.5s",
					  "1mss",
					  "18446744073709551615m"};
	char text[120];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		sprintf(text, VM "stop-timeout = %s\n", good[i].text);
		assert_int_equal(parse(text, strlen(text)), 0);
		assert_int_equal(vms[0].stop_timeout_ms, good[i].ms);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		sprintf(text, VM "stop-timeout = %s\n", bad[i]);
		assert_int_equal(parse(text, strlen(text)), 1);
		assert_non_null(strstr(seen, "; expected a time from 1ms to 60m, as in 30s\n"));
		assert_int_equal(vms[0].stop_timeout_ms, 30000);
	}
}

static void
names_a_vm(void **state)
{
	assert_good("[host]\nconsole-mirror = web\n" VM);
	assert_string_equal(config.console_mirror, "web");
	assert_good(VM "[host]\nconsole-mirror = web\n");
	assert_good("");
	assert_string_equal(config.console_mirror, "");
	assert_errors("[host]\nconsole-mirror = wbe\nlog = x\n" VM,
		      "2: found console-mirror = wbe; expected a VM of this file; did you mean "
		      "web?\n"
		      "3: found log = x; expected error, warn, info or debug\n");
	assert_errors("[host]\nconsole-mirror = Web\n",
		      "2: found console-mirror = Web; expected a VM of this file\n");
	assert_errors(VM "[host]\nconsole-mirror =\n",
		      "5: found console-mirror without a value; expected a VM of this file\n");
}

static void
files_of_a_vm(void **state)
{
	assert_good(VM "initrd = i\nmodule = m x\n[vm b]\nmemory = 1M\nfirmware = f\n");
	assert_slice(config_file(&config.vms[0], 0), "k");
	assert_slice(config_file(&config.vms[0], 1), "i");
	assert_slice(config_file(&config.vms[0], 2), "m");
	assert_slice(config_file(&config.vms[0], 3), "");
	assert_slice(config_file(&config.vms[1], 0), "f");
	assert_slice(config_file(&config.vms[1], 1), "");
}

/* GRUB puts an argument with blanks into quotation marks again. */
static void
names_of_modules(void **state)
{
	struct slice name = SLICE("my kernel");

	assert_true(config_file_is(name, "my kernel"));
	assert_true(config_file_is(name, "\"my kernel\""));
	assert_false(config_file_is(name, "my kernel "));
	assert_false(config_file_is(name, "my kerne"));
	assert_false(config_file_is(name, "\"my kernel"));
	assert_false(config_file_is(name, "\"my kernelx"));
	assert_false(config_file_is(name, "my kernel, and a much longer name"));
	assert_false(config_file_is(name, ""));
}

/* In the section's first line, before what is wrong in its others. */
static void
missing_keys(void **state)
{
	assert_errors("[vm web]\nvcpus = 0\n",
		      "1: found [vm web] without memory; expected memory = SIZE, as in 256M in it\n"
		      "1: found [vm web] without kernel; expected kernel = FILE or firmware = FILE "
		      "in it\n"
		      "2: found vcpus = 0; expected a number from 1 to 64\n");
	assert_errors(
		"[vm a]\n\nmemory = 1M\n[host]\nlog = x\n[vm b]\nkernel = k\n",
		"1: found [vm a] without kernel; expected kernel = FILE or firmware = FILE in "
		"it\n"
		"5: found log = x; expected error, warn, info or debug\n"
		"6: found [vm b] without memory; expected memory = SIZE, as in 256M in it\n");
	assert_int_equal(config.vm_count, 2);
}

static void
wrong_sizes(void **state)
{
	static const char *const values[] = {"0",
					     "1",
					     "64m",
					     "M",
					     "1.5G",
					     "-1M",
					     "1025G",
					     "1048577",
					     "100K",
					     "0x",
					     "64 M",
					     "1T",
					     "18446744073709551615G",
					     "64MB"};
	char text[128];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		snprintf(text, sizeof(text), "[vm web]\nkernel = k\nmemory = %s\n", values[i]);
		assert_int_equal(parse(text, strlen(text)), 1);
		snprintf(text, sizeof(text), "3: found memory = %s; expected a size from 1M to",
			 values[i]);
		assert_memory_equal(seen, text, strlen(text));
	}
	assert_good("[vm web]\nkernel = k\nmemory = 1024G\n");
	assert_good("[vm web]\nkernel = k\nmemory = 1048576\n");
}

static void
wrong_files(void **state)
{
	static const char *const values[] = {"a\\b", "a'b", "x\"y\"", "\"\"", "\x1b[2J", "a\tb"};
	char text[600];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		snprintf(text, sizeof(text), "[vm web]\nmemory = 1M\nkernel = %s\n", values[i]);
		assert_int_equal(parse(text, strlen(text)), 1);
		assert_non_null(strstr(seen, "3: found kernel = "));
		assert_non_null(strstr(seen, "; expected a file name of at most 240 bytes"));
	}
	memset(text, 'x', sizeof(text));
	memcpy(text, "[vm web]\nmemory=1M\nkernel=", 26);
	assert_int_equal(parse(text, 26 + CONFIG_FILE_MAX), 0);
	assert_int_equal(parse(text, 26 + CONFIG_FILE_MAX + 1), 1);
	assert_errors("[vm web]\nmemory = 1M\nkernel = gone\nmodule = gone a\n",
		      "3: found kernel = gone; expected a file that can be read\n"
		      "4: found module = gone; expected a file that can be read\n");
}

static void
firmware_is_alone(void **state)
{
	assert_errors(VM "firmware = f\n",
		      "4: found firmware beside kernel in line 3; expected one of them alone\n");
	assert_errors("[vm web]\nmemory = 1M\nfirmware = f\ncmdline = x\ninitrd = i\nmodule = m\n"
		      "kernel = k\n",
		      "4: found cmdline beside firmware in line 3; expected one of them alone\n"
		      "5: found initrd beside firmware in line 3; expected one of them alone\n"
		      "6: found module beside firmware in line 3; expected one of them alone\n"
		      "7: found kernel beside firmware in line 3; expected one of them alone\n");
}

static void
names_of_vms(void **state)
{
	assert_errors("[vm]\n", "1: found [vm]; expected [vm NAME]\n");
	assert_errors("[vm Web]\nvcpus = x\n",
		      "1: found [vm Web]; expected a name of 1 to 31 characters out of a-z, 0-9, _ "
		      "and -\n"
		      "2: found vcpus = x; expected a number from 1 to 64\n");
	assert_good("[vm abcdefghijklmnopqrstuvwxyz01234]\nmemory = 1M\nkernel = k\n");
	assert_int_equal(parse("[vm abcdefghijklmnopqrstuvwxyz012345]\n", 38), 1);
	assert_int_equal(config.vm_count, 0);
	assert_int_equal(parse("[vm a b]\n", 9), 1);
}

/* The second section counts for nothing, and disables the VM. */
static void
duplicate_vms(void **state)
{
	assert_errors(VM "[host]\n[vm web]\nvcpus = 2\nmemory = 1M\nmemory = 2M\n",
		      "5: found [vm web] a second time; expected it once, as in line 1\n"
		      "8: found memory a second time; expected it once, as in line 7\n");
	assert_int_equal(config.vm_count, 1);
	assert_int_equal(config.vms[0].vcpus, 1);
	assert_int_equal(config.vms[0].memory, 64 * MiB);
	assert_string_equal(config.vms[0].error, "ashlar.conf:5: found [vm web] a second time; "
						 "expected it once, as in line 1");
	assert_errors(VM "kernel = x\n",
		      "4: found kernel a second time; expected it once, as in line 3\n");
	assert_slice(config.vms[0].kernel, "k");
}

/* What is wrong in one VM's section disables that VM alone, with the first reason. */
static void
disabled_vms(void **state)
{
	static const char text[] =
		"[vm a]\nmemory = 1M\n[vm b]\nmemory = 1M\nkernel = k\n[vm c]\nmemory = 1M\n"
		"kernel = k\nfoo = 1\nbar\n[host]\nlog = x\n";

	parse(text, sizeof(text) - 1);

	assert_int_equal(config.vm_count, 3);
	assert_non_null(strstr(config.vms[0].error, "ashlar.conf:1: found [vm a] without kernel"));
	assert_string_equal(config.vms[1].error, "");
	assert_non_null(strstr(config.vms[2].error, "ashlar.conf:9: found foo; expected a key"));
}

static void
many_vms(void **state)
{
	static char text[16 * 1024];
	size_t n = 0;

	for (unsigned i = 0; i < CONFIG_VMS_MAX; i++)
		n += (size_t)sprintf(text + n, "[vm v%u]\nmemory=1M\nkernel=k\n", i);
	assert_int_equal(parse(text, n), 0);
	assert_int_equal(config.vm_count, CONFIG_VMS_MAX);
	n += (size_t)sprintf(text + n, "[vm more]\nvcpus = 99\n");
	assert_int_equal(parse(text, n), 2);
	assert_string_equal(seen, "769: found [vm more]; expected at most 256 such sections\n"
				  "770: found vcpus = 99; expected a number from 1 to 64\n");
	assert_int_equal(config.vm_count, CONFIG_VMS_MAX);
}

static void
many_modules(void **state)
{
	char text[1024] = VM;

	for (unsigned i = 0; i < CONFIG_MODULES_MAX; i++)
		strcat(text, "module = m a\n");
	assert_int_equal(parse(text, strlen(text)), 0);
	assert_int_equal(config.vms[0].module_count, CONFIG_MODULES_MAX);
	strcat(text, "module = m a\n");
	assert_int_equal(parse(text, strlen(text)), 1);
	assert_non_null(strstr(seen, "FILE or FILE ARGUMENTS, at most 32 times"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(log_levels),
		cmocka_unit_test(consoles),
		cmocka_unit_test(wrong_log),
		cmocka_unit_test(wrong_consoles),
		cmocka_unit_test(huge_values),
		cmocka_unit_test(unknown_names),
		cmocka_unit_test(keys_of_unknown_section),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(every_error_in_line_order),
		cmocka_unit_test(size_of_file),
		cmocka_unit_test(command_line_wins),
		cmocka_unit_test(host_alone),
		cmocka_unit_test(wrong_words),
		cmocka_unit_test(many_wrong_words),
		cmocka_unit_test(vm_defaults),
		cmocka_unit_test(times),
		cmocka_unit_test(names_a_vm),
		cmocka_unit_test(vm_cpu_time),
		cmocka_unit_test(wrong_cpu_time),
		cmocka_unit_test(vm_keys),
		cmocka_unit_test(files_of_a_vm),
		cmocka_unit_test(names_of_modules),
		cmocka_unit_test(missing_keys),
		cmocka_unit_test(wrong_sizes),
		cmocka_unit_test(wrong_files),
		cmocka_unit_test(firmware_is_alone),
		cmocka_unit_test(names_of_vms),
		cmocka_unit_test(duplicate_vms),
		cmocka_unit_test(disabled_vms),
		cmocka_unit_test(many_vms),
		cmocka_unit_test(many_modules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
