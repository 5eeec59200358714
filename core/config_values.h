/* SPDX-License-Identifier: MIT */
/* Values that several keys of ashlar.conf have: words, sizes, file names. Pure, for config_*.c. */
#pragma once

#include "core/config.h"

/* The index of the word in a list that NULL ends, or -1. */
int value_word(const char *const *words, struct slice value);

/* yes or no, on or off: the first of two words is true. */
bool value_bool(const char *const words[2], struct slice value, bool *out);

/* A number with K, M or G behind it, or of bytes. */
bool value_size(struct slice value, u64 *bytes);

/* A number with K, M or G behind it, which are thousands here, or of bits a second. */
bool value_rate(struct slice value, u64 *bits);

/* A number with ms, s or m behind it, or of seconds. */
bool value_time(struct slice value, u64 *ms);

/* Numbers and ranges by comma, as in 1-3,5; each below MAX_CPUS. */
bool value_cpus(struct slice value, struct cpu_set *cpus);

/* Numbers and ranges by +, as in 1+10-12; each a VLAN, 1 to 4094. Sets their bits; or only checks
 * when `bits` is NULL. */
bool value_vlans(struct slice value, u8 *bits);

/* A number that is in these bounds. */
bool value_number(struct slice value, u64 least, u64 most, u64 *number);

/* FILE, or "FILE" when it begins or ends with blanks or has # in it. False when it can't be one. */
bool value_file(struct slice value, struct slice *file);

/* FILE [ARGS]; a FILE with blanks in it is "FILE". */
bool value_module(struct slice value, struct module_spec *module);

/* 52:54:00:00:00:01, of one station: neither a group's nor zero. */
bool value_mac(struct slice value, u8 out[MAC_LEN]);

/* Takes what is before the first `end`, or all, off a list; `more`: there was an end. */
struct slice value_part(struct slice *rest, char end, bool *more);

/* [a-z0-9_-]{1,31} */
bool value_is_name(struct slice value);
