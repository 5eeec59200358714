/* SPDX-License-Identifier: MIT */
/*
 * The sentences of the configuration's errors, "found X; expected Y", put together from pieces.
 * For core/config*.c alone.
 */
#pragma once

#include "core/config_keys.h"

struct message {
	char text[LOG_LINE_MAX + 1];
	size_t len;
};

void add(struct message *m, const char *fmt, ...) __printf_like(2, 3);
/* What a person wrote: printable, and cut when it is long. */
void add_shown(struct message *m, struct slice found);

/* For a section that there is not, or not with such a name. */
struct message unknown_section(struct slice kind, struct slice name);
struct message unknown_key(struct slice key, const struct config_section *section);
struct message wrong_value(const struct config_key *key, struct slice value);
struct message found_twice(const char *what, u32 first_line);
