/* SPDX-License-Identifier: MIT */
/* Each line of ashlar.conf against the tables of core/config_keys.c. */
#include "core/config.h"

#include "core/config_values.h"
#include "core/config_words.h"
#include "include/bits.h"
#include "lib/format.h"
#include "lib/ini.h"
#include "lib/string.h"

/* Which keys each VM's section has, from a first look at all lines: a bit a key. */
struct survey {
	u32 keys[CONFIG_VMS_MAX];
};

struct parser {
	struct ini_visitor visitor;
	struct config *config;
	struct config_report *report;	      /* NULL during the first look */
	struct survey *survey;		      /* NULL: only [host] counts, VMs are */
	u32 vm_sections;		      /* ... counted here */
	const struct config_section *section; /* NULL: none yet, or one whose keys nobody knows */
	bool in_section;		      /* there was a section, known or not */
	u32 section_line[CONFIG_SECTIONS];    /* where it was seen first; 0: not yet */
	u32 key_line[CONFIG_KEYS_MAX];	      /* the same, in the section that is open */
	struct vm_config *vm;		      /* whom the open section's errors disable; or NULL */
	struct vm_config *target;	      /* what its keys change: vm, or nobody */
	struct vm_config nobody;	      /* for the keys of a section that does not count */
	u32 errors;
};

static void
report(struct parser *p, u32 line, const char *text)
{
	p->errors++;
	if (p->report == NULL)
		return;
	if (p->vm != NULL && p->vm->error[0] == '\0')
		format(p->vm->error, sizeof(p->vm->error), "ashlar.conf:%u: %s", line, text);
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

/* The line where it was seen first, which is this one when it was not seen before. */
static u32
first_line(u32 *seen, u32 line)
{
	if (*seen == 0)
		*seen = line;
	return *seen;
}

static struct vm_config *
find_vm(struct config *config, struct slice name)
{
	for (u32 i = 0; i < config->vm_count; i++) {
		if (slice_is(name, config->vms[i].name))
			return &config->vms[i];
	}
	return NULL;
}

/* The sentence of what the section lacks comes at its beginning, to keep the lines' order. */
static void
report_needs(struct parser *p, u32 line, u32 keys)
{
	const struct config_section *s = p->section;

	for (u32 i = 0; i < CONFIG_NEEDS_MAX && s->needs[i].key != NULL; i++) {
		const struct config_need *need = &s->needs[i];
		bool met = false;

		for (u32 k = 0; k < s->count; k++) {
			if (strcmp(s->keys[k].name, need->key) == 0 ||
			    (need->other != NULL && strcmp(s->keys[k].name, need->other) == 0))
				met |= (keys & BIT32(k)) != 0;
		}
		if (!met)
			report(p, line, found_without(p->vm->name, need).text);
	}
}

static void
add_vm(struct parser *p, u32 line, struct slice name)
{
	u32 n = p->config->vm_count++;
	struct vm_config *vm = &p->config->vms[n];

	*vm = (struct vm_config){.line = line, .vcpus = 1, .autostart = true};
	memcpy(vm->name, name.at, name.len);
	p->vm = p->target = vm;
	if (p->report != NULL)
		report_needs(p, line, p->survey->keys[n]);
}

static void
on_vm(struct parser *p, u32 line, struct slice name)
{
	struct vm_config *known = find_vm(p->config, name);
	char title[CONFIG_NAME_MAX + sizeof("[vm ]")];

	if (p->survey == NULL) {
		p->vm_sections++;
	} else if (known != NULL) {
		p->vm = known;
		format(title, sizeof(title), "[vm %s]", known->name);
		report(p, line, found_twice(title, known->line).text);
	} else if (p->config->vms == NULL || p->config->vm_count == p->config->vm_room) {
		report(p, line, too_many_vms(name).text);
	} else {
		add_vm(p, line, name);
	}
}

/* A section is open also after an error, so that its keys are checked as well. */
static void
on_section(struct ini_visitor *v, u32 line, struct slice kind, struct slice name)
{
	struct parser *p = container_of(v, struct parser, visitor);
	u32 first;

	p->in_section = true;
	p->section = find_section(kind);
	p->vm = NULL;
	p->target = &p->nobody;
	p->nobody = (struct vm_config){.line = line};
	memset(p->key_line, 0, sizeof(p->key_line));
	if (kind.len == 0)
		return; /* the syntax was wrong, and said so */
	if (p->section == NULL) {
		report(p, line, unknown_section(kind, name).text);
	} else if (p->section->named ? !value_is_name(name) : name.len > 0) {
		report(p, line, wrong_section(kind, name, p->section).text);
	} else if (p->section->named) {
		on_vm(p, line, name);
	} else {
		first = first_line(&p->section_line[p->section - config_sections], line);
		if (first != line)
			report(p, line, found_twice(p->section->title, first).text);
	}
}

static void
report_outside(struct parser *p, u32 line, struct slice key)
{
	struct message m = {.len = 0};

	add(&m, "found ");
	add_shown(&m, key);
	add(&m, " before any section; expected %s first", config_sections[0].title);
	report(p, line, m.text);
}

static bool
never_with(const struct config_key *a, const struct config_key *b)
{
	return a->never_with != NULL && strcmp(a->never_with, b->name) == 0;
}

/* A key that was there before and may not be beside this one, or NULL. */
static const struct config_key *
find_clash(const struct parser *p, const struct config_key *key)
{
	for (u32 i = 0; i < p->section->count; i++) {
		const struct config_key *other = &p->section->keys[i];

		if (p->key_line[i] != 0 && (never_with(key, other) || never_with(other, key)))
			return other;
	}
	return NULL;
}

/* The value begins with a file's name: is the file as it should be? */
static void
check_file(struct parser *p, u32 line, const struct config_key *key, struct slice value)
{
	struct module_spec spec;
	const char *expected;

	if (p->report == NULL || p->report->check_file == NULL)
		return;
	if (key->repeats ? !value_module(value, &spec) : !value_file(value, &spec.file))
		return;
	expected = p->report->check_file(p->report, spec.file);
	if (expected != NULL)
		report(p, line, wrong_file(key, spec.file, expected).text);
}

static void
take_value(struct parser *p, u32 line, const struct config_key *key, struct slice value)
{
	struct config_target to = {p->config, p->target};

	if (!key->set(to, value))
		report(p, line, wrong_value(key, value).text);
	else if (key->file)
		check_file(p, line, key, value);
}

static void
take_key(struct parser *p, u32 line, const struct config_key *key, struct slice value)
{
	u32 index = (u32)(key - p->section->keys);
	const struct config_key *clash = find_clash(p, key);
	u32 first = first_line(&p->key_line[index], line);

	if (p->vm == p->target && p->vm != NULL)
		p->survey->keys[p->vm - p->config->vms] |= BIT32(index);
	if (first != line && !key->repeats)
		report(p, line, found_twice(key->name, first).text);
	else if (clash != NULL)
		report(p, line,
		       found_beside(key->name, clash->name, p->key_line[clash - p->section->keys])
			       .text);
	else
		take_value(p, line, key, value);
}

static void
on_key(struct ini_visitor *v, u32 line, struct slice name, struct slice value)
{
	struct parser *p = container_of(v, struct parser, visitor);
	const struct config_key *key;

	if (p->section == NULL) {
		if (!p->in_section)
			report_outside(p, line, name);
		return;
	}
	key = config_find_key(p->section, name);
	if (key == NULL)
		report(p, line, unknown_key(name, p->section).text);
	else
		take_key(p, line, key, value);
}

static void
on_error(struct ini_visitor *v, u32 line, const char *text)
{
	report(container_of(v, struct parser, visitor), line, text);
}

void
config_defaults(struct config *config)
{
	memset(config, 0, sizeof(*config));
	config->log = LOG_INFO;
	config->console = (struct console_spec){.kind = CONSOLE_COM, .com = 1};
}

static u32
look(const char *text, size_t len, struct config *config, struct config_report *to,
     struct survey *survey)
{
	struct parser p = {
		.visitor = {.section = on_section, .key = on_key, .error = on_error},
		.config = config,
		.report = to,
		.survey = survey,
	};

	config->vm_count = 0;
	ini_parse(text, len, &p.visitor);
	return p.errors;
}

u32
config_parse_host(const char *text, size_t len, struct config *config)
{
	struct parser p = {
		.visitor = {.section = on_section, .key = on_key, .error = on_error},
		.config = config,
	};

	if (len <= CONFIG_SIZE_MAX)
		ini_parse(text, len, &p.visitor);
	return MIN(p.vm_sections, (u32)CONFIG_VMS_MAX);
}

/* Two looks: what a section lacks is known after its last line, but told at its first. */
u32
config_parse(const char *text, size_t len, struct config *config, struct config_report *to)
{
	struct survey survey = {{0}};

	if (len > CONFIG_SIZE_MAX) {
		to->error(to, 1, "found a file of more than 1 MiB; expected at most that");
		return 1;
	}
	(void)look(text, len, config, NULL, &survey);
	return look(text, len, config, to, &survey);
}
