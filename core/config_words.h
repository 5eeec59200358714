/* SPDX-License-Identifier: MIT */
/*
 * The sentences of the configuration's errors, "found X; expected Y", put together from pieces.
 * For core/config*.c alone.
 */
#pragma once

#include "core/config_keys.h"
#include "lib/distance.h"

#define CONFIG_PLACE                                                                               \
	"ashlar.conf:" /* with a line's number behind it, in a VM's or a network's error */

struct message {
	char text[LOG_LINE_MAX + 1];
	size_t len;
};

void add(struct message *m, const char *fmt, ...) __printf_like(2, 3);
/* What a person wrote: printable, and cut when it is long. */
void add_shown(struct message *m, struct slice found);

/* A word that somebody typed, closed with NUL; one cut to this size is near to no other. */
struct typed {
	char word[DISTANCE_WORD_MAX + 2];
};

/* Keeps the word in `typed` until the message is told which is near. */
struct near_miss near_begin(struct slice s, struct typed *typed);
void add_near(struct message *m, const struct near_miss *near);

/* For a kind of section that there is not. */
struct message unknown_section(struct slice kind, struct slice name);
/* For one that there is, with a name where it has none, without one where it has, or a wrong one.
 */
struct message wrong_section(struct slice kind, struct slice name,
			     const struct config_section *section);
struct message too_many(const struct config_section *section, struct slice name, u32 most);
/* what: as it stands in the file, or nearly */
struct message found_without(const char *what, const struct config_need *need);
/* A network whose subnet we should choose, and can't. */
struct message no_subnet_free(const char *net);
struct message unknown_key(struct slice key, const struct config_section *section);
struct message wrong_value(const struct config_key *key, struct slice value);
/* "KEY = VALUE", for found_without(). */
struct message shown_value(const struct config_key *key, struct slice value);
/* The value, and what may be said behind it. */
struct message found_value(const struct config_key *key, struct slice value, const char *fmt, ...)
	__printf_like(3, 4);
/* The value is right, but for what a file has to be. */
struct message wrong_file(const struct config_key *key, struct slice file, const char *expected);
struct message found_twice(const char *what, u32 first_line);
struct message found_twice_inside(const char *what, const struct config_section *inner);
/* A key in a network whose mode has nothing to do with it. */
struct message wrong_mode(const struct config_key *key, enum net_mode mode);
struct message found_beside(const char *what, const char *other, u32 line);
