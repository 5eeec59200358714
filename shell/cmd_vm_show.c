/* SPDX-License-Identifier: MIT */
/* vm list and vm info. */
#include "arch/x86_64/cpu.h"
#include "net/port.h"
#include "net/text.h"
#include "shell/cmd_vm_parts.h"
#include "shell/listing.h"

enum { LABEL_WIDTH = 16, TEXT_MAX = 4097 };

/* The memory is a number of bytes in JSON, and "256M" for people. */
static const struct column columns[] = {
	{"name",	 COLUMN_TEXT,   16, 0},
	{"state",  COLUMN_TEXT,   8,  0},
	{"vcpus",  COLUMN_NUMBER, 5,  0},
	{"memory", COLUMN_TEXT,	6,  0},
	{"reason", COLUMN_TEXT,	0,  0},
};
static const struct column json_columns[] = {
	{"name",	 COLUMN_TEXT,   16, 0},
	{"state",  COLUMN_TEXT,   8,  0},
	{"vcpus",  COLUMN_NUMBER, 5,  0},
	{"memory", COLUMN_NUMBER, 6,  0},
	{"reason", COLUMN_TEXT,	0,  0},
};

static void
put_row(struct listing *l, struct vm *vm)
{
	struct vm_look look;

	vm_look_at(vm, &look);
	listing_row(l);
	listing_text(l, vm->name);
	listing_text(l, vm_state_name(look.state));
	listing_number(l, vm->config->vcpus);
	if (l->as_json)
		listing_number(l, vm->config->memory);
	else
		listing_text(l, vm_size_text(vm->config->memory).text);
	listing_text(l, l->as_json || look.reason[0] != '\0' ? look.reason : NULL);
}

int
vm_list(const struct command_call *call)
{
	struct listing l;

	listing_begin(&l, call->out, call->json, call->json ? json_columns : columns,
		      ARRAY_SIZE(columns));
	for (struct vm *vm = vm_next(NULL); vm != NULL; vm = vm_next(vm))
		put_row(&l, vm);
	listing_end(&l);
	return 0;
}

/* The shell's thread alone. */
static const char *
text_of(struct slice s)
{
	static char text[TEXT_MAX];

	format(text, sizeof(text), "%.*s", (int)s.len, s.at);
	return text;
}

/* For people: no byte of it is the terminal's to obey. */
static const char *
shown(struct slice s)
{
	static char text[TEXT_MAX];

	return slice_show(s, text, sizeof(text));
}

static void
print_label(struct sink *out, const char *label)
{
	sink_printf(out, "%-*s", LABEL_WIDTH, label);
}

static void
print_slice(struct sink *out, const char *label, struct slice value)
{
	if (value.len == 0)
		return;
	print_label(out, label);
	sink_printf(out, "%s\n", shown(value));
}

static void
print_files(struct sink *out, const struct vm_config *c)
{
	print_slice(out, "kernel", c->kernel);
	print_slice(out, "firmware", c->firmware);
	print_slice(out, "initrd", c->initrd);
	for (u32 i = 0; i < c->module_count; i++) {
		print_label(out, "module");
		sink_printf(out, "%s", shown(c->modules[i].file));
		sink_printf(out, "%s%s\n", c->modules[i].args.len > 0 ? " " : "",
			    shown(c->modules[i].args));
	}
	print_slice(out, "cmdline", c->cmdline);
}

static void
print_state(struct sink *out, struct vm *vm, const struct vm_look *look)
{
	const char *kind = vm_kernel_kind(vm);

	print_label(out, "state");
	sink_printf(out, "%s%s%s\n", vm_state_name(look->state),
		    look->reason[0] != '\0' ? ": " : "", look->reason);
	if (kind != NULL) {
		print_label(out, "loaded as");
		sink_printf(out, "%s\n", kind);
	}
}

/* CPUs as ashlar.conf writes them, of those that the machine has. */
static size_t
add_range(char *text, size_t room, const char *comma, u32 first, u32 last)
{
	if (first == last)
		return format(text, room, "%s%u", comma, first);
	return format(text, room, "%s%u-%u", comma, first, last);
}

/* The shell's thread alone. */
static const char *
cpus_text(const struct cpu_set *set)
{
	static char text[(MAX_CPUS / 3 + 1) * sizeof("000-000")]; /* two of three are the longest */
	size_t len = 0;
	u32 first = cpu_set_next(set, 0), end;

	if (first >= cpu_count())
		return "none";
	while (first < cpu_count()) {
		for (end = first; end < cpu_count() && cpu_set_has(set, end); end++)
			continue;
		len += add_range(text + len, sizeof(text) - len, len > 0 ? "," : "", first,
				 end - 1);
		first = cpu_set_next(set, end);
	}
	return text;
}

static void
print_sharing(struct sink *out, const struct vm_config *c)
{
	print_label(out, "CPUs");
	sink_printf(out, "%s, weight %u", cpus_text(&c->cpus), c->weight);
	if (c->cap != 0)
		sink_printf(out, ", cap %u%%", c->cap);
	sink_printf(out, "\n");
}

static void
print_nics(struct sink *out, const struct vm_config *c)
{
	for (u32 i = 0; i < c->nic_count; i++) {
		print_label(out, "nic");
		sink_printf(out, "%s.%u, an e1000, %s, on network %s\n", c->name, i,
			    mac_text(c->nics[i].mac).text, c->nics[i].net);
	}
}

static void
print_info(struct sink *out, struct vm *vm, const struct vm_look *look)
{
	const struct vm_config *c = vm->config;

	print_label(out, "name");
	sink_printf(out, "%s\n", vm->name);
	print_state(out, vm, look);
	print_label(out, "vcpus");
	sink_printf(out, "%u\n", c->vcpus);
	print_sharing(out, c);
	print_label(out, "memory");
	sink_printf(out, "%s", vm_size_text(c->memory).text);
	if (look->state == VM_RUNNING || look->state == VM_PAUSED)
		sink_printf(out, ", by %lu x 1 GiB, %lu x 2 MiB, %lu x 4 KiB", look->pages[2],
			    look->pages[1], look->pages[0]);
	sink_printf(out, "\n");
	print_files(out, c);
	print_label(out, "autostart");
	sink_printf(out, "%s\n", c->autostart ? "yes" : "no");
	print_label(out, "on-exit");
	sink_printf(out, "%s\n", c->restart ? "restart" : "stop");
	print_label(out, "debug-exit");
	sink_printf(out, "%s\n", c->debug_exit ? "on" : "off");
	print_label(out, "stop-timeout");
	sink_printf(out, "%u.%03u s\n", c->stop_timeout_ms / 1000, c->stop_timeout_ms % 1000);
	print_nics(out, c);
	vm_print_parts(out, vm);
}

static void
json_slice(struct json *j, const char *key, struct slice value)
{
	json_text(j, key, value.len > 0 ? text_of(value) : NULL);
}

static void
json_modules(struct json *j, const struct vm_config *c)
{
	json_array(j, "modules");
	for (u32 i = 0; i < c->module_count; i++) {
		json_object(j, NULL);
		json_slice(j, "file", c->modules[i].file);
		json_text(j, "args", text_of(c->modules[i].args));
		json_close(j);
	}
	json_close(j);
}

static void
json_pages(struct json *j, const struct vm_look *look)
{
	json_object(j, "pages");
	json_number(j, "4K", look->pages[0]);
	json_number(j, "2M", look->pages[1]);
	json_number(j, "1G", look->pages[2]);
	json_close(j);
}

static void
json_nics(struct json *j, const struct vm_config *c)
{
	char port[PORT_NAME_MAX + 1];

	json_array(j, "nics");
	for (u32 i = 0; i < c->nic_count; i++) {
		format(port, sizeof(port), "%s.%u", c->name, i);
		json_object(j, NULL);
		json_text(j, "port", port);
		json_text(j, "kind", "e1000");
		json_text(j, "mac", mac_text(c->nics[i].mac).text);
		json_text(j, "net", c->nics[i].net);
		json_close(j);
	}
	json_close(j);
}

static void
json_info(struct sink *out, struct vm *vm, const struct vm_look *look)
{
	const struct vm_config *c = vm->config;
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_text(&j, "name", vm->name);
	json_text(&j, "state", vm_state_name(look->state));
	json_text(&j, "reason", look->reason);
	json_number(&j, "vcpus", c->vcpus);
	json_text(&j, "affinity", cpus_text(&c->cpus));
	json_number(&j, "weight", c->weight);
	json_number(&j, "cap_percent", c->cap);
	json_number(&j, "memory", c->memory);
	json_pages(&j, look);
	json_text(&j, "loaded_as", vm_kernel_kind(vm));
	json_slice(&j, "kernel", c->kernel);
	json_slice(&j, "firmware", c->firmware);
	json_slice(&j, "initrd", c->initrd);
	json_modules(&j, c);
	json_text(&j, "cmdline", text_of(c->cmdline));
	json_bool(&j, "autostart", c->autostart);
	json_text(&j, "on_exit", c->restart ? "restart" : "stop");
	json_bool(&j, "debug_exit", c->debug_exit);
	json_number(&j, "stop_timeout_ms", c->stop_timeout_ms);
	json_number(&j, "start_ticks", vm->start_ticks);
	json_number(&j, "start_tsc", vm->start_tsc);
	json_nics(&j, c);
	vm_json_parts(&j, vm);
	json_close(&j);
}

int
vm_info(const struct command_call *call)
{
	struct vm *vm = vm_named(call, call->argv[2]);
	struct vm_look look;

	if (vm == NULL)
		return fail(-ERR_NOENT);
	vm_look_at(vm, &look);
	if (call->json)
		json_info(call->out, vm, &look);
	else
		print_info(call->out, vm, &look);
	return 0;
}
