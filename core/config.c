/* SPDX-License-Identifier: MIT */
/* Each line of ashlar.conf against the tables of core/config_keys.c. */
#include "core/config.h"

#include "core/config_parser.h"
#include "core/config_values.h"
#include "include/bits.h"
#include "lib/string.h"

static void
report_outside(struct parser *p, u32 line, struct slice key)
{
	struct message m = {.len = 0};

	add(&m, "found ");
	add_shown(&m, key);
	add(&m, " before any section; expected %s first", config_sections[0].title);
	config_error(p, line, m.text);
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
		config_error(p, line, wrong_file(key, spec.file, expected).text);
}

/* The first look has found all that there is, in later sections too. */
static void
check_beside(struct parser *p, u32 line, const struct config_key *key, struct slice value)
{
	struct message m;

	if (p->report == NULL || key->check == NULL)
		return;
	m = key->check(p->to, key, value);
	if (m.len > 0)
		config_error(p, line, m.text);
}

static bool
wrong_in_mode(const struct parser *p, const struct config_key *key)
{
	return key->modes != 0 && p->to.net->mode != NET_MODE_NONE &&
	       (key->modes & BIT32(p->to.net->mode)) == 0;
}

static void
take_value(struct parser *p, u32 line, const struct config_key *key, struct slice value)
{
	p->to.line = line;
	if (p->report != NULL && wrong_in_mode(p, key))
		config_error(p, line, wrong_mode(key, p->to.net->mode).text);
	else if (!key->set(p->to, value))
		config_error(p, line, wrong_value(key, value).text);
	else if (key->file)
		check_file(p, line, key, value);
	else
		check_beside(p, line, key, value);
}

/* KEY=VALUE inside another key's value; `keys`: those that were there. */
static void
take_part(struct parser *p, u32 line, const struct config_section *inner, struct slice part,
	  u32 *keys)
{
	struct slice value = part, name = slice_trim(slice_cut(&value, '='));
	const struct config_key *key = config_find_key(inner, name);
	u32 bit = key == NULL ? 0 : BIT32((u32)(key - inner->keys));

	if (key == NULL)
		config_error(p, line, unknown_key(name, inner).text);
	else if ((*keys & bit) != 0)
		config_error(p, line, found_twice_inside(key->name, inner).text);
	else
		take_value(p, line, key, slice_trim(value));
	*keys |= bit;
}

/* A nic: its word first, which makes it. */
static void
take_parts(struct parser *p, u32 line, const struct config_key *key, struct slice value)
{
	struct vm_config *vm = p->to.vm;
	bool more;
	struct slice word = value_part(&value, ',', &more);
	u32 keys = 0;

	if (!key->set(p->to, word)) {
		config_error(p, line, wrong_value(key, word).text);
		return;
	}
	p->to.nic = &vm->nics[vm->nic_count - 1];
	while (more)
		take_part(p, line, key->inner, value_part(&value, ',', &more), &keys);
	config_error_needs(p, line, key->inner, shown_value(key, word).text, keys);
	check_beside(p, line, key, word);
	p->to.nic = NULL;
}

static void
take_key(struct parser *p, u32 line, const struct config_key *key, struct slice value)
{
	u32 index = (u32)(key - p->section->keys);
	const struct config_key *clash = find_clash(p, key);
	u32 first = config_first_line(&p->key_line[index], line);

	if (p->keys != NULL)
		*p->keys |= BIT32(index);
	if (first != line && !key->repeats)
		config_error(p, line, found_twice(key->name, first).text);
	else if (clash != NULL)
		config_error(p, line,
			     found_beside(key->name, clash->name,
					  p->key_line[clash - p->section->keys])
				     .text);
	else if (key->inner != NULL)
		take_parts(p, line, key, value);
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
	if (p->only_host && p->section->named)
		return;
	key = config_find_key(p->section, name);
	if (key == NULL)
		config_error(p, line, unknown_key(name, p->section).text);
	else
		take_key(p, line, key, value);
}

static void
on_section(struct ini_visitor *v, u32 line, struct slice kind, struct slice name)
{
	config_section(container_of(v, struct parser, visitor), line, kind, name);
}

static void
on_error(struct ini_visitor *v, u32 line, const char *text)
{
	config_error(container_of(v, struct parser, visitor), line, text);
}

void
config_defaults(struct config *config)
{
	memset(config, 0, sizeof(*config));
	config->log = LOG_INFO;
	config->console = (struct console_spec){.kind = CONSOLE_COM, .com = 1};
}

static u32
look(const char *text, size_t len, struct config *config, struct config_report *to)
{
	struct parser p = {
		.visitor = {.section = on_section, .key = on_key,		  .error = on_error	   },
		.config = config,
		.report = to,
		.to = {.config = config,	 .vms = config->vm_count, .nets = config->net_count},
	};

	config->vm_count = config->net_count = 0;
	ini_parse(text, len, &p.visitor);
	return p.errors;
}

void
config_parse_host(const char *text, size_t len, struct config *config)
{
	struct parser p = {
		.visitor = {.section = on_section, .key = on_key, .error = on_error},
		.config = config,
		.only_host = true,
		.to = {.config = config   },
	};

	config->vm_room = config->net_room = 0;
	if (len <= CONFIG_SIZE_MAX)
		ini_parse(text, len, &p.visitor);
	config->vm_room = MIN(config->vm_room, (u32)CONFIG_VMS_MAX);
	config->net_room = MIN(config->net_room, (u32)CONFIG_NETS_MAX);
}

/*
 * Two looks. What a section lacks is known after its last line, but told at its first; and what one
 * says of another may come before it.
 */
u32
config_parse(const char *text, size_t len, struct config *config, struct config_report *to)
{
	u32 errors;

	if (len > CONFIG_SIZE_MAX) {
		to->error(to, 1, "found a file of more than 1 MiB; expected at most that");
		return 1;
	}
	(void)look(text, len, config, NULL);
	config_find_subnets(config);
	errors = look(text, len, config, to);
	config_disable_vms(config);
	return errors;
}
