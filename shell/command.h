/* SPDX-License-Identifier: MIT */
/*
 * Commands of the shell. A command is one row of the table in shell/commands.c; the dispatcher
 * splits the line, takes a closing -j off where the command has JSON, checks the number of
 * arguments, and calls run() on the shell's thread.
 *
 * A command prints to call->out; '\n' is enough there. It fails with command_error(), which prints
 * "error: " and a sentence that says what to do.
 */
#pragma once

#include "include/errors.h"
#include "lib/format.h"

enum { COMMAND_ARGS_MAX = 16 };

struct command_call {
	struct sink *out;
	bool json; /* -j was given */
	unsigned argc;
	const char *const *argv; /* argv[0] is the command's name */
};

struct group;

struct command {
	const char *name;
	const char *usage;   /* its arguments, as in "[-f] [LEVEL]"; "" for none */
	const char *summary; /* one line for `help` */
	const char *details; /* further lines for `help COMMAND`, each closed by \n; or NULL */
	u8 args_max;	     /* without the name and -j */
	bool has_json;
	const struct group *group; /* of a command that is one (shell/group.h), whose run() and
				      completion_after() are group_run() and group_completion() */
	int (*run)(const struct command_call *call);
	/* The n-th word (from 0) that argument `arg` (from 1) may be, which is there until the next
	 * call, NULL after the last; or NULL. */
	const char *(*completion)(unsigned arg, unsigned n);
	/* The same where it depends on the words before it, which begin with the command's name. */
	const char *(*completion_after)(const char *const *words, unsigned arg, unsigned n);
};

/* Prints "error: ", the sentence and a newline; answers err, for `return command_error(...)`. */
int command_error(const struct command_call *call, int err, const char *fmt, ...)
	__printf_like(3, 4);

/* For a group whose only word is `list`: 0, or an error when another was given. */
__must_check int command_list_only(const struct command_call *call);
const char *command_list_completion(unsigned arg, unsigned n);

/*
 * True when the person typed Ctrl-C since the command began. A command that runs long asks now and
 * then, and ends when it is so.
 */
bool command_interrupted(void);
