/* SPDX-License-Identifier: MIT */
/* The sentences of the configuration's errors. */
#include "core/config_words.h"

#include <stdarg.h>

#include "include/bits.h"
#include "lib/distance.h"
#include "lib/format.h"
#include "lib/string.h"

enum { SHOWN_MAX = 48 };

void
add(struct message *m, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	m->len += vformat(m->text + m->len, sizeof(m->text) - m->len, fmt, args);
	va_end(args);
}

void
add_shown(struct message *m, struct slice found)
{
	char shown[SHOWN_MAX];

	add(m, "%s", slice_show(found, shown, sizeof(shown)));
}

struct near_miss
near_begin(struct slice s, struct typed *typed)
{
	slice_show(s, typed->word, sizeof(typed->word));
	return near_miss_begin(typed->word);
}

void
add_near(struct message *m, const struct near_miss *near)
{
	if (near->best != NULL)
		add(m, "; did you mean %s?", near->best);
}

static void
add_section(struct message *m, struct slice kind, struct slice name)
{
	add(m, "found [");
	add_shown(m, kind);
	add(m, name.len > 0 ? " " : "");
	add_shown(m, name);
	add(m, "]; expected ");
}

struct message
unknown_section(struct slice kind, struct slice name)
{
	struct message m = {.len = 0};
	struct typed typed;
	struct near_miss near = near_begin(kind, &typed);

	add_section(&m, kind, name);
	for (u32 i = 0; i < CONFIG_SECTIONS; i++) {
		add(&m, "%s%s", i == 0 ? "" : ", ", config_sections[i].title);
		near_miss_try(&near, config_sections[i].kind);
	}
	add_near(&m, &near);
	return m;
}

struct message
wrong_section(struct slice kind, struct slice name, const struct config_section *section)
{
	struct message m = {.len = 0};

	add_section(&m, kind, name);
	if (section->named && name.len > 0)
		add(&m, "a name of 1 to %u characters out of a-z, 0-9, _ and -",
		    (unsigned)CONFIG_NAME_MAX);
	else
		add(&m, "%s", section->title);
	return m;
}

struct message
too_many(const struct config_section *section, struct slice name, u32 most)
{
	struct message m = {.len = 0};

	add_section(&m, (struct slice){section->kind, strlen(section->kind)}, name);
	add(&m, "at most %u such sections", most);
	return m;
}

struct message
found_without(const char *what, const struct config_need *need)
{
	struct message m = {.len = 0};

	add(&m, "found %s without %s; expected %s in it", what, need->key, need->expected);
	return m;
}

struct message
no_subnet_free(const char *net)
{
	struct message m = {.len = 0};

	add(&m,
	    "found [net %s] without subnet, and no 10.8.N.0/24 is free; expected "
	    "subnet = ADDRESS/PREFIX in it",
	    net);
	return m;
}

/* Ends with the key that was meant, or with all that there are. */
struct message
unknown_key(struct slice key, const struct config_section *section)
{
	struct message m = {.len = 0};
	struct typed typed;
	struct near_miss near = near_begin(key, &typed);

	for (u32 i = 0; i < section->count; i++)
		near_miss_try(&near, section->keys[i].name);
	add(&m, key.len > 0 ? "found " : "found nothing");
	add_shown(&m, key);
	add(&m, "; expected a key of %s", section->title);
	add_near(&m, &near);
	for (u32 i = 0; near.best == NULL && i < section->count; i++)
		add(&m, "%s%s", i == 0 ? ": " : ", ", section->keys[i].name);
	return m;
}

struct message
shown_value(const struct config_key *key, struct slice value)
{
	struct message m = {.len = 0};

	add(&m, "%s%s", key->name, value.len > 0 ? " = " : " without a value");
	add_shown(&m, value);
	return m;
}

static void
add_value(struct message *m, const struct config_key *key, struct slice value)
{
	add(m, "found %s", shown_value(key, value).text);
}

struct message
wrong_value(const struct config_key *key, struct slice value)
{
	struct message m = {.len = 0};
	struct typed typed;
	struct near_miss near = near_begin(value, &typed);

	for (const char *const *word = key->words; *word != NULL; word++)
		near_miss_try(&near, *word);
	add_value(&m, key, value);
	add(&m, "; expected %s", key->expected);
	add_near(&m, &near);
	return m;
}

struct message
found_value(const struct config_key *key, struct slice value, const char *fmt, ...)
{
	struct message m = {.len = 0};
	va_list args;

	add_value(&m, key, value);
	va_start(args, fmt);
	m.len += vformat(m.text + m.len, sizeof(m.text) - m.len, fmt, args);
	va_end(args);
	return m;
}

struct message
wrong_file(const struct config_key *key, struct slice file, const char *expected)
{
	struct message m = {.len = 0};

	add_value(&m, key, file);
	add(&m, "; expected %s", expected);
	return m;
}

struct message
found_twice(const char *what, u32 first_line)
{
	struct message m = {.len = 0};

	add(&m, "found %s a second time; expected it once, as in line %u", what, first_line);
	return m;
}

struct message
found_twice_inside(const char *what, const struct config_section *inner)
{
	struct message m = {.len = 0};

	add(&m, "found %s a second time in one %s; expected it once", what, inner->title);
	return m;
}

struct message
wrong_mode(const struct config_key *key, enum net_mode mode)
{
	struct message m = {.len = 0};
	const char *between = "; expected it in a network of mode ";

	add(&m, "found %s in a %s network", key->name, net_mode_text(mode));
	for (u32 i = NET_MODE_NONE + 1; i < NET_MODES; i++) {
		if ((key->modes & BIT32(i)) == 0)
			continue;
		add(&m, "%s%s", between, net_mode_text((enum net_mode)i));
		between = " or ";
	}
	return m;
}

struct message
found_beside(const char *what, const char *other, u32 line)
{
	struct message m = {.len = 0};

	add(&m, "found %s beside %s in line %u; expected one of them alone", what, other, line);
	return m;
}
