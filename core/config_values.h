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

/* FILE, or "FILE" when it begins or ends with blanks or has # in it. False when it can't be one. */
bool value_file(struct slice value, struct slice *file);

/* FILE [ARGS]; a FILE with blanks in it is "FILE". */
bool value_module(struct slice value, struct module_spec *module);

/* [a-z0-9_-]{1,31} */
bool value_is_name(struct slice value);
