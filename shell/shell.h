/* SPDX-License-Identifier: MIT */
/*
 * The shell: prompt, line editor, history and commands on a terminal. It owns what it shows there:
 * no log line may be written to the same terminal once it runs; `log -f` shows them.
 *
 * One thread, and no lock. There is one shell at a time; struct shell is some 31 KiB.
 */
#pragma once

#include "shell/edit.h"
#include "shell/history.h"
#include "shell/input.h"
#include "shell/terminal.h"

#define SHELL_PROMPT "ashlar> "

struct shell {
	struct terminal *terminal;
	struct sink raw;  /* to the terminal, as it is: the editor's */
	struct sink text; /* to the terminal, with CR before LF: the commands' */
	struct edit edit;
	struct history history;
	struct input input;
	bool interrupted; /* Ctrl-C since the command began */
};

/* Prints the first prompt. */
void shell_begin(struct shell *shell, struct terminal *terminal);

/*
 * What was typed; returns when all of it has been dealt with, its commands included. More than
 * INPUT_SIZE bytes only from a terminal that has no more itself, or those would come first.
 *
 * While a command runs that looks for Ctrl-C, INPUT_SIZE bytes that are typed ahead are kept; of
 * more only a Ctrl-C counts.
 */
void shell_feed(struct shell *shell, const u8 *bytes, size_t len);

/*
 * Waits for input and feeds it. A LF that does not come at once after a CR is an Enter of its own:
 * so after a CR it returns soon even when nothing comes.
 */
void shell_turn(struct shell *shell);

/* The shell's thread: never returns. */
__noreturn void shell_run(struct shell *shell, struct terminal *terminal);

/*
 * For commands that follow something: waits up to `ns` for the person to end it, by Ctrl-C or q.
 * Answers whether it was so. Other keys are dropped; what was typed behind is kept for after the
 * command.
 */
bool command_quit_within(u64 ns);

/*
 * For a command that takes the terminal over: the next byte that was typed, Ctrl-C too; waits for
 * it up to `ns`, or until the terminal is woken; once, behind an Enter, only as long as its LF may
 * take. What is left over is the shell's again afterwards.
 */
bool command_take_byte(u8 *byte, u64 ns);
/* What it writes to, as it is, and wakes. */
struct terminal *command_terminal(void);
