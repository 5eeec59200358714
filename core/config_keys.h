/* SPDX-License-Identifier: MIT */
/*
 * What may stand in ashlar.conf and on the command line: the tables that core/config.c checks
 * against, for it alone. Constant, so without a lock.
 */
#pragma once

#include "core/config.h"
#include "lib/text.h"

enum config_sort { SECTION_HOST, SECTION_NET, SECTION_VM, CONFIG_SECTIONS };
enum { CONFIG_KEYS_MAX = 20 /* in one section */, CONFIG_NEEDS_MAX = 2 };

/*
 * What a key's value goes into: of vm, net and nic those that the key is about, the others are
 * NULL. What is in `config` beyond its counts was found by the first look (core/config.c), with
 * what is wrong in it.
 */
struct config_target {
	struct config *config;
	struct vm_config *vm;
	struct net_config *net;
	struct nic_config *nic;
	u32 vms, nets; /* that there are in the end */
	u32 line;
};

struct message;
struct config_section;

struct config_key {
	const char *name;
	const char *expected;	  /* the values that it may have, for people */
	const char *const *words; /* those of them that are words, for near misses; NULL ends */
	/* False, and nothing is changed, when the value is none of them. */
	bool (*set)(struct config_target to, struct slice value);
	bool repeats;		/* may be there more than once */
	bool file;		/* the value begins with a file's name */
	const char *never_with; /* a key that can't be in the same section, or NULL */
	u8 modes;		/* of [net NAME]: BIT32 of each that may have it; 0: all */
	/*
	 * Of a value that was taken: is it right beside the rest of the file? The message is empty
	 * when it is.
	 */
	struct message (*check)(struct config_target to, const struct config_key *key,
				struct slice value);
	/* The value is WORD, KEY=VALUE, ... with keys out of this; set() is for the word alone. */
	const struct config_section *inner;
};

/* A section lacks something when it has neither of two keys. */
struct config_need {
	const char *key, *other; /* other may be NULL; no key ends the list */
	const char *expected;
	bool (*when)(struct config_target to); /* NULL: always */
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
extern const struct config_section config_nic_words;	 /* the same, in a nic's value */

/* NULL when the section has no such key. */
const struct config_key *config_find_key(const struct config_section *section, struct slice name);

/* Whether these keys, a bit each, have the one of this name. */
bool config_has_key(const struct config_section *section, u32 keys, const char *name);
