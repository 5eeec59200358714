/* SPDX-License-Identifier: MIT */
/* Finds the subcommand of a group, and checks its words. */
#include "shell/group.h"

#include "lib/distance.h"
#include "lib/string.h"
#include "shell/commands.h"

static const struct subcommand *
find(const struct group *group, const char *name)
{
	for (unsigned i = 0; i < group->count; i++) {
		if (strcmp(group->subcommands[i].name, name) == 0)
			return &group->subcommands[i];
	}
	return NULL;
}

static int
unknown(const struct group *group, const struct command_call *call, const char *name)
{
	const char *command = call->argv[0];
	struct near_miss near = near_miss_begin(name);

	for (unsigned i = 0; i < group->count; i++)
		near_miss_try(&near, group->subcommands[i].name);
	if (near.best != NULL)
		return command_error(call, fail(-ERR_INVAL),
				     "%s knows no \"%s\"; did you mean %s %s?", command, name,
				     command, near.best);
	return command_error(call, fail(-ERR_INVAL), "%s knows no \"%s\"; try help %s", command,
			     name, command);
}

static bool
knows_word(const struct subcommand *s, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->words) && s->words[i] != NULL; i++) {
		if (strcmp(word, s->words[i]) == 0)
			return true;
	}
	return false;
}

static bool
words_fit(const struct command_call *call, const struct subcommand *s)
{
	bool named = s->name_at != NULL;
	unsigned most = !named ? GROUP_NAME : s->words[0] == NULL ? GROUP_WORD : GROUP_WORD + 1;
	unsigned least = s->needs_word ? GROUP_WORD + 1 : GROUP_WORD;

	if (call->json && !s->has_json)
		return false;
	if (call->argc > most || (named && call->argc < least))
		return false;
	return call->argc <= GROUP_WORD || knows_word(s, call->argv[GROUP_WORD]);
}

int
group_run(const struct command_call *call)
{
	const struct group *group = command_find(call->argv[0])->group;
	const char *name = call->argc > 1 ? call->argv[1] : "list";
	const struct subcommand *s = find(group, name);

	if (s == NULL)
		return unknown(group, call, name);
	if (!words_fit(call, s))
		return command_error(call, fail(-ERR_INVAL), "usage: %s %s %s", call->argv[0],
				     s->name, s->usage);
	return s->run(call);
}

const char *
group_completion(const char *const *words, unsigned arg, unsigned n)
{
	const struct group *group = command_find(words[0])->group;
	const struct subcommand *s = arg > 1 ? find(group, words[1]) : NULL;

	if (arg == 1)
		return n < group->count ? group->subcommands[n].name : NULL;
	if (s == NULL || s->name_at == NULL)
		return NULL;
	if (arg == GROUP_NAME)
		return s->name_at(n);
	return n < ARRAY_SIZE(s->words) ? s->words[n] : NULL;
}

const char *
group_near_name(const char *name, const char *(*name_at)(unsigned n))
{
	struct near_miss near = near_miss_begin(name);
	const char *known;

	for (unsigned n = 0; (known = name_at(n)) != NULL; n++)
		near_miss_try(&near, known);
	return near.best;
}
