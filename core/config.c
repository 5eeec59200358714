/* SPDX-License-Identifier: MIT */
/* Each line of ashlar.conf against the tables of core/config_keys.c. */
#include "core/config.h"

#include "core/config_words.h"
#include "lib/ini.h"
#include "lib/string.h"

struct parser {
	struct ini_visitor visitor;
	struct config *config;
	struct config_report *report;
	const struct config_section *section; /* NULL: none yet, or one whose keys nobody knows */
	bool in_section;		      /* there was a section, known or not */
	u32 section_line[CONFIG_SECTIONS];    /* where it was seen first; 0: not yet */
	u32 key_line[CONFIG_KEYS_MAX];	      /* the same, in the section that is open */
	u32 errors;
};

static void
report(struct parser *p, u32 line, struct message m)
{
	p->errors++;
	p->report->error(p->report, line, m.text);
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

/* A section is open also after an error, so that its keys are checked as well. */
static void
on_section(struct ini_visitor *v, u32 line, struct slice kind, struct slice name)
{
	struct parser *p = container_of(v, struct parser, visitor);
	u32 first;

	p->in_section = true;
	p->section = find_section(kind);
	memset(p->key_line, 0, sizeof(p->key_line));
	if (kind.len == 0)
		return; /* the syntax was wrong, and said so */
	if (p->section == NULL || name.len > 0) {
		report(p, line, unknown_section(kind, name));
		return;
	}
	first = first_line(&p->section_line[p->section - config_sections], line);
	if (first != line)
		report(p, line, found_twice(p->section->title, first));
}

static void
report_outside(struct parser *p, u32 line, struct slice key)
{
	struct message m = {.len = 0};

	add(&m, "found ");
	add_shown(&m, key);
	add(&m, " before any section; expected %s first", config_sections[0].title);
	report(p, line, m);
}

static void
on_key(struct ini_visitor *v, u32 line, struct slice name, struct slice value)
{
	struct parser *p = container_of(v, struct parser, visitor);
	const struct config_key *key;
	u32 first;

	if (p->section == NULL) {
		if (!p->in_section)
			report_outside(p, line, name);
		return;
	}
	key = config_find_key(p->section, name);
	if (key == NULL) {
		report(p, line, unknown_key(name, p->section));
		return;
	}
	first = first_line(&p->key_line[key - p->section->keys], line);
	if (first != line)
		report(p, line, found_twice(key->name, first));
	else if (!key->set(p->config, value))
		report(p, line, wrong_value(key, value));
}

static void
on_error(struct ini_visitor *v, u32 line, const char *text)
{
	struct parser *p = container_of(v, struct parser, visitor);

	p->errors++;
	p->report->error(p->report, line, text);
}

void
config_defaults(struct config *config)
{
	*config = (struct config){
		.log = LOG_INFO,
		.console = {.kind = CONSOLE_COM, .com = 1},
	};
}

u32
config_parse(const char *text, size_t len, struct config *config, struct config_report *to)
{
	struct parser p = {
		.visitor = {.section = on_section, .key = on_key, .error = on_error},
		.config = config,
		.report = to,
	};
	struct message too_long = {.len = 0};

	if (len > CONFIG_SIZE_MAX) {
		add(&too_long, "found a file of more than 1 MiB; expected at most that");
		report(&p, 1, too_long);
	} else {
		ini_parse(text, len, &p.visitor);
	}
	return p.errors;
}
