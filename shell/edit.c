/* SPDX-License-Identifier: MIT */
/* The line editor. Every change keeps the terminal's line and cursor equal to text and cursor. */
#include "shell/edit.h"

#include "lib/string.h"

static void
send(struct edit *e, const char *bytes, size_t len)
{
	if (len > 0)
		e->out->put(e->out, bytes, len);
}

static void
send_repeated(struct edit *e, char byte, size_t count)
{
	char run[32];

	memset(run, byte, sizeof(run));
	for (; count > sizeof(run); count -= sizeof(run))
		send(e, run, sizeof(run));
	send(e, run, count);
}

void
edit_bell(struct edit *e)
{
	send(e, "\a", 1);
}

static void
move_to(struct edit *e, size_t to)
{
	if (to < e->cursor)
		send_repeated(e, '\b', e->cursor - to);
	else
		send(e, e->text + e->cursor, to - e->cursor);
	e->cursor = to;
}

/* Sends the text from the cursor on, and `blanks` over what stood behind it; the cursor stays. */
static void
send_tail(struct edit *e, size_t blanks)
{
	size_t tail = e->len - e->cursor;

	send(e, e->text + e->cursor, tail);
	send_repeated(e, ' ', blanks);
	send_repeated(e, '\b', tail + blanks);
}

static void
cut(struct edit *e, size_t from, size_t to)
{
	if (from == to) {
		edit_bell(e);
		return;
	}
	move_to(e, from);
	memmove(e->text + from, e->text + to, e->len - to);
	e->len -= to - from;
	send_tail(e, to - from);
}

static void
insert(struct edit *e, const char *text, size_t len)
{
	memmove(e->text + e->cursor + len, e->text + e->cursor, e->len - e->cursor);
	memcpy(e->text + e->cursor, text, len);
	e->len += len;
	move_to(e, e->cursor + len);
	send_tail(e, 0);
}

void
edit_insert(struct edit *e, const char *text, size_t len)
{
	if (len > EDIT_LINE_MAX - e->len)
		edit_bell(e);
	else
		insert(e, text, len);
}

/* What is typed into a full line goes behind its end, wherever the cursor was: see surplus. */
static void
type(struct edit *e, char byte)
{
	if (e->len < EDIT_LINE_MAX) {
		insert(e, &byte, 1);
		return;
	}
	move_to(e, e->len);
	send(e, &byte, 1);
	e->surplus++;
}

/* Words stand between blanks. */
static size_t
word_left(const struct edit *e)
{
	size_t at = e->cursor;

	while (at > 0 && e->text[at - 1] == ' ')
		at--;
	while (at > 0 && e->text[at - 1] != ' ')
		at--;
	return at;
}

static size_t
word_right(const struct edit *e)
{
	size_t at = e->cursor;

	while (at < e->len && e->text[at] == ' ')
		at++;
	while (at < e->len && e->text[at] != ' ')
		at++;
	return at;
}

static void
replace_line(struct edit *e, const char *line)
{
	size_t len = MIN(strlen(line), (size_t)EDIT_LINE_MAX), old = e->len;

	move_to(e, 0);
	memcpy(e->text, line, len);
	e->len = len;
	move_to(e, len);
	send_tail(e, old > len ? old - len : 0);
}

static void
older_line(struct edit *e)
{
	const char *line = history_line(e->history, e->back);

	if (line == NULL) {
		edit_bell(e);
		return;
	}
	if (e->back++ == 0) {
		memcpy(e->typed, e->text, e->len);
		e->typed[e->len] = '\0';
	}
	replace_line(e, line);
}

static void
newer_line(struct edit *e)
{
	if (e->back == 0) {
		edit_bell(e);
		return;
	}
	e->back--;
	replace_line(e, e->back == 0 ? e->typed : history_line(e->history, e->back - 1));
}

/* Moves, or answers by BEL where there is nothing to move over. */
static void
move_or_bell(struct edit *e, size_t to)
{
	if (to == e->cursor)
		edit_bell(e);
	move_to(e, to);
}

static void
edit_key(struct edit *e, enum key key)
{
	size_t left = e->cursor - (e->cursor > 0), right = e->cursor + (e->cursor < e->len);

	switch (key) {
	case KEY_NONE: break;
	case KEY_LEFT: move_or_bell(e, left); break;
	case KEY_RIGHT: move_or_bell(e, right); break;
	case KEY_HOME: move_to(e, 0); break;
	case KEY_END: move_to(e, e->len); break;
	case KEY_WORD_LEFT: move_or_bell(e, word_left(e)); break;
	case KEY_WORD_RIGHT: move_or_bell(e, word_right(e)); break;
	case KEY_UP: older_line(e); break;
	case KEY_DOWN: newer_line(e); break;
	case KEY_BACKSPACE: cut(e, left, e->cursor); break;
	case KEY_DELETE: cut(e, e->cursor, right); break;
	case KEY_DELETE_OR_NOTHING:
		if (e->len > 0)
			cut(e, e->cursor, right);
		break;
	case KEY_KILL_TO_END: cut(e, e->cursor, e->len); break;
	case KEY_KILL_TO_START: cut(e, 0, e->cursor); break;
	case KEY_KILL_WORD: cut(e, word_left(e), e->cursor); break;
	case KEY_KILL_WORD_RIGHT: cut(e, e->cursor, word_right(e)); break;
	default: edit_bell(e); break;
	}
}

/* Beyond the limit the line can only be shortened, ended or dropped. */
static void
surplus_key(struct edit *e, enum key key)
{
	if (key == KEY_BACKSPACE) {
		e->surplus--;
		send(e, "\b \b", 3);
	} else if (key != KEY_NONE) {
		edit_bell(e);
	}
}

static enum edit_event
end_line(struct edit *e, enum edit_event event)
{
	send(e, "\r\n", 2);
	e->text[e->len] = '\0';
	return event;
}

enum edit_event
edit_feed(struct edit *e, u8 byte)
{
	enum key key = keys_decode(&e->keys, byte);

	switch (key) {
	case KEY_ENTER: return end_line(e, e->surplus > 0 ? EDIT_TOO_LONG : EDIT_LINE);
	case KEY_INTERRUPT: return end_line(e, EDIT_INTERRUPT);
	case KEY_CHAR: type(e, (char)byte); return EDIT_MORE;
	case KEY_TAB:
		if (e->surplus == 0)
			return EDIT_TAB;
		break;
	default: break;
	}
	if (e->surplus > 0)
		surplus_key(e, key);
	else
		edit_key(e, key);
	return EDIT_MORE;
}

void
edit_begin(struct edit *e)
{
	e->len = e->cursor = e->surplus = 0;
	e->back = 0;
}

void
edit_init(struct edit *e, struct sink *out, const struct history *history)
{
	e->out = out;
	e->history = history;
	e->keys = (struct keys){0};
	edit_begin(e);
}

void
edit_show(struct edit *e)
{
	size_t cursor = e->cursor;

	e->cursor = 0;
	move_to(e, e->len);
	move_to(e, cursor);
}
