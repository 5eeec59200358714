/* SPDX-License-Identifier: MIT */
/* The state of a look at ashlar.conf (core/config.c), for core/config*.c alone. */
#pragma once

#include "core/config_net.h"
#include "lib/ini.h"

/* What the keys of a section change that does not count, as it is there twice. */
union nobody {
	struct vm_config vm;
	struct net_config net;
};

struct parser {
	struct ini_visitor visitor;
	struct config *config;
	struct config_report *report;	      /* NULL during the first look */
	bool only_host;			      /* other sections are no more than counted */
	const struct config_section *section; /* NULL: none yet, or one whose keys nobody knows */
	bool in_section;		      /* there was a section, known or not */
	u32 section_line[CONFIG_SECTIONS];    /* where it was seen first; 0: not yet */
	u32 key_line[CONFIG_KEYS_MAX];	      /* the same, in the section that is open */
	char *reason;			      /* of whom its errors disable, or NULL */
	u32 *keys;			      /* where those that it has are kept, or NULL */
	struct config_target to;	      /* what they change */
	union nobody nobody;
	u32 errors;
};

/* Counts it, and in the second look reports it, and disables whom it is about. */
void config_error(struct parser *p, u32 line, const char *text);

/* What it lacks that has these keys. what: a section, or a value that has keys inside. */
void config_error_needs(struct parser *p, u32 line, const struct config_section *section,
			const char *what, u32 keys);

/* The line where something was seen first, which is this one when it was not seen before. */
u32 config_first_line(u32 *seen, u32 line);

/* Begins one. It is open also after an error, so that its keys are checked as well. */
void config_section(struct parser *p, u32 line, struct slice kind, struct slice name);
