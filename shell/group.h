/* SPDX-License-Identifier: MIT */
/* A command whose first word says what to do, mostly with something that has a name: vm, net. */
#pragma once

#include "shell/command.h"

struct subcommand {
	const char *name;
	const char *usage;
	const char *words[2]; /* one of them may follow the name, or must */
	/* The n-th name that there is, for completion; NULL: the subcommand takes no name. */
	const char *(*name_at)(unsigned n);
	bool needs_word, has_json;
	int (*run)(const struct command_call *call);
};

struct group {
	const struct subcommand *subcommands;
	unsigned count;
};

enum { GROUP_NAME = 2, GROUP_WORD = 3 }; /* where argv has them */

/*
 * The run() and the completion_after() of every command that has a group: the first word is the
 * command's own. Finds the subcommand, `list` without a word, checks its words, and runs it.
 */
int group_run(const struct command_call *call);
const char *group_completion(const char *const *words, unsigned arg, unsigned n);

/* The known name that was perhaps meant; NULL: none is near. */
const char *group_near_name(const char *name, const char *(*name_at)(unsigned n));
