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

/* For a kind of section that there is not. */
struct message unknown_section(struct slice kind, struct slice name);
/* For one that there is, with a name where it has none, without one where it has, or a wrong one.
 */
struct message wrong_section(struct slice kind, struct slice name,
			     const struct config_section *section);
struct message too_many_vms(struct slice name);
struct message found_without(const char *vm, const struct config_need *need);
struct message unknown_key(struct slice key, const struct config_section *section);
struct message wrong_value(const struct config_key *key, struct slice value);
/* The value is right, but for what a file has to be. */
struct message wrong_file(const struct config_key *key, struct slice file, const char *expected);
struct message found_twice(const char *what, u32 first_line);
struct message found_beside(const char *what, const char *other, u32 line);
