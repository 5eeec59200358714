/* SPDX-License-Identifier: MIT */
/* The table of commands, in the order of `help`, and what runs a line by it. */
#pragma once

#include "shell/command.h"

extern const struct command *const command_table[]; /* closed by NULL */

const struct command *command_find(const char *name); /* NULL: there is none */

/* A completion for arguments that are commands' names. */
const char *command_name(unsigned arg, unsigned n);

/* The command's usage, "help [COMMAND] [-j]". */
enum { COMMAND_USAGE_MAX = 80 };
void command_usage(const struct command *command, char *buf, size_t size);

/* The error of a name that no command has; names the one that may be meant. */
int command_unknown(const struct command_call *call, const char *name);

/*
 * Runs a line, into which it writes. What went wrong has been told to `out` when it answers an
 * error. A line without words is none.
 */
int command_run(char *line, struct sink *out);
