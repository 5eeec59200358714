/* SPDX-License-Identifier: MIT */
/* help: the table of commands. */
#include "shell/cmd_help.h"

#include "lib/string.h"
#include "shell/commands.h"
#include "shell/json.h"

enum { USAGE_WIDTH = 24 };

static void
put_json(struct json *j, const struct command *command)
{
	json_object(j, NULL);
	json_text(j, "name", command->name);
	json_text(j, "usage", command->usage);
	json_text(j, "summary", command->summary);
	json_bool(j, "json", command->has_json);
	json_close(j);
}

static int
help_all(const struct command_call *call)
{
	struct json j;
	char usage[COMMAND_USAGE_MAX];

	json_init(&j, call->out);
	if (call->json)
		json_array(&j, NULL);
	for (const struct command *const *c = command_table; *c != NULL; c++) {
		command_usage(*c, usage, sizeof(usage));
		if (call->json)
			put_json(&j, *c);
		else
			sink_printf(call->out, "%-*s %s\n", USAGE_WIDTH, usage, (*c)->summary);
	}
	if (call->json)
		json_close(&j);
	else
		sink_printf(call->out,
			    "\nhelp COMMAND tells more. -j as the last word prints JSON.\n");
	return 0;
}

static int
help_one(const struct command_call *call, const struct command *command)
{
	struct json j;
	char usage[COMMAND_USAGE_MAX];

	if (call->json) {
		json_init(&j, call->out);
		json_array(&j, NULL);
		put_json(&j, command);
		json_close(&j);
		return 0;
	}
	command_usage(command, usage, sizeof(usage));
	sink_printf(call->out, "usage: %s\n%s\n", usage, command->summary);
	if (command->details != NULL)
		sink_printf(call->out, "%s", command->details);
	return 0;
}

static int
run(const struct command_call *call)
{
	const struct command *command;

	if (call->argc == 1)
		return help_all(call);
	command = command_find(call->argv[1]);
	if (command == NULL)
		return command_unknown(call, call->argv[1]);
	return help_one(call, command);
}

const struct command cmd_help = {
	.name = "help",
	.usage = "[COMMAND]",
	.summary = "list the commands, or tell more about one",
	.details = "Tab completes commands and their arguments; the arrow keys edit the line and\n"
		   "bring back earlier ones; Ctrl-C drops the line, or ends a running command.\n",
	.args_max = 1,
	.has_json = true,
	.run = run,
	.completion = command_name,
};
