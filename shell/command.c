/* SPDX-License-Identifier: MIT */
/* Finds the command of a line, checks its words by the command's row, and runs it. */
#include "shell/command.h"

#include "lib/distance.h"
#include "lib/string.h"
#include "shell/commands.h"
#include "shell/words.h"

int
command_error(const struct command_call *call, int err, const char *fmt, ...)
{
	va_list args;

	sink_printf(call->out, "error: ");
	va_start(args, fmt);
	sink_vprintf(call->out, fmt, args);
	va_end(args);
	sink_printf(call->out, "\n");
	return err;
}

int
command_list_only(const struct command_call *call)
{
	if (call->argc < 2 || strcmp(call->argv[1], "list") == 0)
		return 0;
	return command_error(call, fail(-ERR_INVAL), "%s knows no \"%s\"; try %s list",
			     call->argv[0], call->argv[1], call->argv[0]);
}

const char *
command_list_completion(unsigned arg, unsigned n)
{
	return arg == 1 && n == 0 ? "list" : NULL;
}

const struct command *
command_find(const char *name)
{
	for (const struct command *const *c = command_table; *c != NULL; c++) {
		if (strcmp((*c)->name, name) == 0)
			return *c;
	}
	return NULL;
}

const char *
command_name(unsigned arg, unsigned n)
{
	const struct command *const *c = command_table;

	if (arg != 1)
		return NULL;
	while (n > 0 && *c != NULL) {
		c++;
		n--;
	}
	return *c != NULL ? (*c)->name : NULL;
}

void
command_usage(const struct command *command, char *buf, size_t size)
{
	format(buf, size, "%s%s%s%s", command->name, command->usage[0] != '\0' ? " " : "",
	       command->usage, command->has_json ? " [-j]" : "");
}

static int
usage_error(const struct command_call *call, const struct command *command, const char *what)
{
	char usage[COMMAND_USAGE_MAX];

	command_usage(command, usage, sizeof(usage));
	return command_error(call, fail(-ERR_INVAL), "%s; usage: %s", what, usage);
}

int
command_unknown(const struct command_call *call, const char *name)
{
	struct near_miss m = near_miss_begin(name);

	for (const struct command *const *c = command_table; *c != NULL; c++)
		near_miss_try(&m, (*c)->name);
	if (m.best != NULL)
		return command_error(call, fail(-ERR_NOENT),
				     "unknown command \"%s\"; try help (did you mean %s?)", name,
				     m.best);
	return command_error(call, fail(-ERR_NOENT), "unknown command \"%s\"; try help", name);
}

static int
run_words(struct command_call *call)
{
	const struct command *command = command_find(call->argv[0]);

	if (command == NULL)
		return command_unknown(call, call->argv[0]);
	if (strcmp(call->argv[call->argc - 1], "-j") == 0) {
		if (!command->has_json)
			return usage_error(call, command, "this command has no -j");
		call->json = true;
		call->argc--;
	}
	if (call->argc - 1 > command->args_max)
		return usage_error(call, command, "too many arguments");
	return command->run(call);
}

int
command_run(char *line, struct sink *out)
{
	struct words words;
	struct command_call call = {.out = out};
	int err = words_split(&words, line);

	if (err == -ERR_FORMAT)
		return command_error(&call, err, "a quotation is open; close it with \"");
	if (err != 0)
		return command_error(&call, err, "too many words; a command takes at most %u",
				     COMMAND_ARGS_MAX);
	if (words.count == 0)
		return 0;
	call.argc = words.count;
	call.argv = words.word;
	return run_words(&call);
}
