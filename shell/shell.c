/* SPDX-License-Identifier: MIT */
/* The shell: lines out of the editor, commands in. */
#include "shell/shell.h"

#include "include/panic.h"
#include "lib/string.h"
#include "shell/commands.h"
#include "shell/complete.h"

enum {
	CTRL_C = 3,
	LF_WAIT_NS = 10 * 1000 * 1000, /* for the LF of a CR LF: 10 ms, a byte at 1000 baud */
};

static struct shell *running; /* the one whose command runs */

static void
put_raw(struct sink *sink, const char *bytes, size_t len)
{
	struct shell *shell = container_of(sink, struct shell, raw);

	shell->terminal->write(shell->terminal, bytes, len);
}

static void
put_text(struct sink *sink, const char *bytes, size_t len)
{
	struct shell *shell = container_of(sink, struct shell, text);
	size_t from = 0;

	for (size_t at = 0; at < len; at++) {
		if (bytes[at] != '\n')
			continue;
		put_raw(&shell->raw, bytes + from, at - from);
		put_raw(&shell->raw, "\r\n", 2);
		from = at + 1;
	}
	put_raw(&shell->raw, bytes + from, len - from);
}

static void
prompt(struct shell *shell)
{
	sink_printf(&shell->raw, SHELL_PROMPT);
}

/* More input, without a look at what it is. */
static void
fill(struct shell *shell, u64 ns)
{
	struct terminal *terminal = shell->terminal;
	u8 *room;
	size_t size = input_room(&shell->input, &room);

	if (size > 0)
		input_added(&shell->input, terminal->read(terminal, room, size, ns));
}

/* What finds no room any more is lost, but for a Ctrl-C in it: for some commands that is the only
 * end. */
static void
look_at_surplus(struct shell *shell)
{
	struct terminal *terminal = shell->terminal;
	u8 lost[256];
	size_t len, total = 0;

	do {
		len = terminal->read(terminal, lost, sizeof(lost), 0);
		for (size_t i = 0; i < len; i++)
			shell->interrupted |= lost[i] == CTRL_C;
		total += len;
	} while (len > 0 && total < INPUT_SIZE);
}

/* Looks at the terminal while a command runs, and takes out a Ctrl-C. */
static void
look(struct shell *shell)
{
	u8 *room;

	fill(shell, 0);
	if (input_room(&shell->input, &room) == 0)
		look_at_surplus(shell);
	if (input_remove(&shell->input, CTRL_C))
		shell->interrupted = true;
}

bool
command_interrupted(void)
{
	if (running == NULL)
		return false;
	if (!running->interrupted)
		look(running);
	return running->interrupted;
}

struct terminal *
command_terminal(void)
{
	ASSERT(running != NULL);
	return running->terminal;
}

static bool
take_quit(struct shell *shell)
{
	u8 byte;

	while (!shell->interrupted && input_take(&shell->input, &byte))
		shell->interrupted = byte == 'q' || byte == CTRL_C;
	return shell->interrupted;
}

bool
command_quit_within(u64 ns)
{
	ASSERT(running != NULL);
	if (take_quit(running))
		return true;
	fill(running, ns);
	return take_quit(running);
}

/* The LF of a CR LF still belongs to the Enter that started the command. True: it has waited. */
static bool
drop_lf(struct shell *shell)
{
	struct keys *keys = &shell->edit.keys;
	bool waits;
	u8 byte;

	if (!keys->after_cr)
		return false;
	waits = !input_peek(&shell->input, &byte);
	if (waits)
		fill(shell, LF_WAIT_NS);
	keys->after_cr = false;
	if (input_peek(&shell->input, &byte) && byte == '\n')
		(void)input_take(&shell->input, &byte);
	return waits;
}

/* One wait a call: it may have ended by a wake-up, which the next one would not see any more. */
bool
command_take_byte(u8 *byte, u64 ns)
{
	struct shell *shell = running;
	bool waited;

	ASSERT(shell != NULL);
	waited = drop_lf(shell);
	if (input_take(&shell->input, byte))
		return true;
	fill(shell, waited ? 0 : ns);
	return input_take(&shell->input, byte);
}

static void
run_line(struct shell *shell)
{
	history_add(&shell->history, shell->edit.text);
	shell->interrupted = false;
	running = shell;
	(void)command_run(shell->edit.text, &shell->text);
	running = NULL;
}

/* Lists what fits on lines of its own, then shows the prompt and the line again. */
static void
list_completions(struct shell *shell)
{
	struct edit *edit = &shell->edit;

	sink_printf(&shell->text, "\n");
	complete_list(edit->text, edit->cursor, &shell->text);
	prompt(shell);
	edit_show(edit);
}

static void
complete_word(struct shell *shell)
{
	struct edit *edit = &shell->edit;
	struct completion c = complete(edit->text, edit->cursor);
	bool blank_follows = edit->cursor < edit->len && edit->text[edit->cursor] == ' ';

	if (c.count == 0) {
		edit_bell(edit);
		return;
	}
	if (c.count > 1 && c.common == c.typed) {
		list_completions(shell);
		return;
	}
	edit_insert(edit, c.first + c.typed, c.common - c.typed);
	if (c.count == 1 && !blank_follows)
		edit_insert(edit, " ", 1);
}

static void
feed_byte(struct shell *shell, u8 byte)
{
	switch (edit_feed(&shell->edit, byte)) {
	case EDIT_MORE: return;
	case EDIT_TAB: complete_word(shell); return;
	case EDIT_LINE: run_line(shell); break;
	case EDIT_TOO_LONG: sink_printf(&shell->text, "error: line too long\n"); break;
	case EDIT_INTERRUPT: break;
	}
	prompt(shell);
	edit_begin(&shell->edit);
}

void
shell_begin(struct shell *shell, struct terminal *terminal)
{
	*shell = (struct shell){.terminal = terminal, .raw = {put_raw}, .text = {put_text}};
	edit_init(&shell->edit, &shell->raw, &shell->history);
	prompt(shell);
}

/* Goes through the input, so that a command sees what was typed behind its own line. */
void
shell_feed(struct shell *shell, const u8 *bytes, size_t len)
{
	while (len > 0) {
		u8 byte, *room;
		size_t size = MIN(input_room(&shell->input, &room), len);

		memcpy(room, bytes, size);
		input_added(&shell->input, size);
		bytes += size;
		len -= size;
		while (input_take(&shell->input, &byte))
			feed_byte(shell, byte);
	}
}

void
shell_turn(struct shell *shell)
{
	struct keys *keys = &shell->edit.keys;
	struct terminal *terminal = shell->terminal;
	u8 bytes[64];
	size_t len = terminal->read(terminal, bytes, sizeof(bytes),
				    keys->after_cr ? LF_WAIT_NS : TERMINAL_FOREVER);

	if (len == 0)
		keys->after_cr = false;
	shell_feed(shell, bytes, len);
}

void
shell_run(struct shell *shell, struct terminal *terminal)
{
	shell_begin(shell, terminal);
	for (;;)
		shell_turn(shell);
}
