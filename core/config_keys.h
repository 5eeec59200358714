/* SPDX-License-Identifier: MIT */
/*
 * What may stand in ashlar.conf and on the command line: the tables that core/config.c checks
 * against, for it alone. Constant, so without a lock.
 */
#pragma once

#include "core/config.h"
#include "lib/text.h"

enum { CONFIG_SECTIONS = 2, CONFIG_KEYS_MAX = 16 /* in one section */, CONFIG_NEEDS_MAX = 2 };

/* What a key's value goes into. */
struct config_target {
	struct config *config;
	struct vm_config *vm; /* NULL outside of [vm NAME] */
};

struct config_key {
	const char *name;
	const char *expected;	  /* the values that it may have, for people */
	const char *const *words; /* those of them that are words, for near misses; NULL ends */
	/* False, and nothing is changed, when the value is none of them. */
	bool (*set)(struct config_target to, struct slice value);
	bool repeats;		/* may be there more than once */
	bool file;		/* the value begins with a file's name */
	const char *never_with; /* a key that can't be in the same section, or NULL */
};

/* A section lacks something when it has neither of two keys. */
struct config_need {
	const char *key, *other; /* other may be NULL; no key ends the list */
	const char *expected;
};

struct config_section {
	const char *kind;  /* as in ashlar.conf */
	const char *title; /* for messages */
	bool named;	   /* [kind NAME]; else [kind], once */
	struct config_need needs[CONFIG_NEEDS_MAX];
	u32 count;
	struct config_key keys[CONFIG_KEYS_MAX];
};

extern const struct config_section config_sections[CONFIG_SECTIONS];
extern const struct config_section config_cmdline_words; /* KEY=VALUE; without a kind */

/* NULL when the section has no such key. */
const struct config_key *config_find_key(const struct config_section *section, struct slice name);
