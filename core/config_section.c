/* SPDX-License-Identifier: MIT */
/* Where a section of ashlar.conf begins: what its keys will change, and what it lacks. */
#include "core/config_parser.h"

#include "core/config_values.h"
#include "lib/format.h"
#include "lib/string.h"

void
config_error(struct parser *p, u32 line, const char *text)
{
	p->errors++;
	if (p->report == NULL)
		return;
	if (p->reason != NULL && p->reason[0] == '\0')
		format(p->reason, CONFIG_REASON_MAX, CONFIG_PLACE "%u: %s", line, text);
	p->report->error(p->report, line, text);
}

static const struct config_section *
find_section(struct slice kind)
{
	for (u32 i = 0; i < CONFIG_SECTIONS; i++) {
		if (slice_is(kind, config_sections[i].kind))
			return &config_sections[i];
	}
	return NULL;
}

u32
config_first_line(u32 *seen, u32 line)
{
	if (*seen == 0)
		*seen = line;
	return *seen;
}

static bool
need_is_met(const struct config_section *section, u32 keys, const struct config_need *need)
{
	return config_has_key(section, keys, need->key) ||
	       (need->other != NULL && config_has_key(section, keys, need->other));
}

void
config_error_needs(struct parser *p, u32 line, const struct config_section *section,
		   const char *what, u32 keys)
{
	for (u32 i = 0; i < CONFIG_NEEDS_MAX && section->needs[i].key != NULL; i++) {
		const struct config_need *need = &section->needs[i];

		if ((need->when == NULL || need->when(p->to)) && !need_is_met(section, keys, need))
			config_error(p, line, found_without(what, need).text);
	}
}

/* As it stands in the file. */
struct title {
	char text[CONFIG_NAME_MAX + sizeof("[net ]")];
};

static struct title
title_of(const struct config_section *section, const char *name)
{
	struct title title;

	format(title.text, sizeof(title.text), "[%s %s]", section->kind, name);
	return title;
}

/* The sentence of what the section lacks comes at its beginning, to keep the lines' order. */
static void
report_section(struct parser *p, u32 line, const char *name)
{
	if (p->report != NULL)
		config_error_needs(p, line, p->section, title_of(p->section, name).text, *p->keys);
}

static void
report_second(struct parser *p, u32 line, const char *name, u32 first_line)
{
	config_error(p, line, found_twice(title_of(p->section, name).text, first_line).text);
}

static void
add_vm(struct parser *p, u32 line, struct slice name)
{
	struct vm_config *vm = &p->config->vms[p->config->vm_count++];
	u32 keys = p->report != NULL ? vm->keys : 0; /* that the first look has seen */

	memset(vm, 0, sizeof(*vm));
	vm->line = line;
	vm->keys = keys;
	vm->vcpus = 1;
	vm->weight = CONFIG_WEIGHT;
	vm->autostart = true;
	vm->stop_timeout_ms = CONFIG_STOP_TIMEOUT_MS;
	memset(&vm->cpus, 0xff, sizeof(vm->cpus));
	memcpy(vm->name, name.at, name.len);
	p->reason = vm->error;
	p->keys = &vm->keys;
	p->to.vm = vm;
	report_section(p, line, vm->name);
}

static void
on_vm(struct parser *p, u32 line, struct slice name)
{
	struct config *config = p->config;

	for (u32 i = 0; i < config->vm_count; i++) {
		if (!slice_is(name, config->vms[i].name))
			continue;
		p->reason = config->vms[i].error;
		report_second(p, line, config->vms[i].name, config->vms[i].line);
		return;
	}
	if (config->vms == NULL || config->vm_count == config->vm_room)
		config_error(p, line, too_many(p->section, name, CONFIG_VMS_MAX).text);
	else
		add_vm(p, line, name);
}

/*
 * What the first look found of its mode and its subnet stays: keys of the second are checked by
 * them, also those above them in the file.
 */
static void
add_net(struct parser *p, u32 line, struct slice name)
{
	struct net_config *net = &p->config->nets[p->config->net_count++];
	bool seen = p->report != NULL; /* or there is nothing in it yet */
	u32 keys = seen ? net->keys : 0, subnet = seen ? net->subnet : 0;
	enum net_mode mode = seen ? net->mode : NET_MODE_NONE;
	u8 prefix = seen ? net->prefix : 0;
	bool given = seen && net->subnet_given;

	memset(net, 0, sizeof(*net));
	net->keys = keys;
	net->mode = mode;
	net->subnet = subnet;
	net->prefix = prefix;
	net->subnet_given = given;
	net->line = line;
	net->mtu = CONFIG_MTU;
	memcpy(net->name, name.at, name.len);
	p->reason = net->error;
	p->keys = &net->keys;
	p->to.net = net;
	report_section(p, line, net->name);
	if (seen && config_wants_subnet(net) && prefix == 0)
		config_error(p, line, no_subnet_free(net->name).text);
}

static void
on_net(struct parser *p, u32 line, struct slice name)
{
	struct config *config = p->config;

	for (u32 i = 0; i < config->net_count; i++) {
		if (!slice_is(name, config->nets[i].name))
			continue;
		p->reason = config->nets[i].error;
		report_second(p, line, config->nets[i].name, config->nets[i].line);
		return;
	}
	if (config->nets == NULL || config->net_count == config->net_room)
		config_error(p, line, too_many(p->section, name, CONFIG_NETS_MAX).text);
	else
		add_net(p, line, name);
}

static bool
is_section(const struct parser *p, enum config_sort sort)
{
	return p->section == &config_sections[sort];
}

static void
on_named(struct parser *p, u32 line, struct slice name)
{
	if (p->only_host && is_section(p, SECTION_VM))
		p->config->vm_room++;
	else if (p->only_host)
		p->config->net_room++;
	else if (is_section(p, SECTION_VM))
		on_vm(p, line, name);
	else
		on_net(p, line, name);
}

/* Until the section turns out to be one that counts. */
static void
begin_section(struct parser *p, struct slice kind)
{
	p->in_section = true;
	p->section = find_section(kind);
	p->reason = NULL;
	p->keys = NULL;
	memset(p->key_line, 0, sizeof(p->key_line));
	memset(&p->nobody, 0, sizeof(p->nobody));
	p->to.vm = is_section(p, SECTION_VM) ? &p->nobody.vm : NULL;
	p->to.net = is_section(p, SECTION_NET) ? &p->nobody.net : NULL;
}

void
config_section(struct parser *p, u32 line, struct slice kind, struct slice name)
{
	u32 first;

	begin_section(p, kind);
	if (kind.len == 0)
		return; /* the syntax was wrong, and said so */
	if (p->section == NULL) {
		config_error(p, line, unknown_section(kind, name).text);
	} else if (p->section->named ? !value_is_name(name) : name.len > 0) {
		config_error(p, line, wrong_section(kind, name, p->section).text);
	} else if (p->section->named) {
		on_named(p, line, name);
	} else {
		first = config_first_line(&p->section_line[p->section - config_sections], line);
		if (first != line)
			config_error(p, line, found_twice(p->section->title, first).text);
	}
}
