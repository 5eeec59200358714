/* SPDX-License-Identifier: MIT */
/*
 * The line editor: bytes of a terminal in, a line out. Pure: what the terminal is to show goes to a
 * sink, and the prompt is the caller's.
 *
 * It moves the cursor left by BS, right by sending what stands there again, and erases with blanks:
 * it sends no escape sequence at all, so that every key works on a dumb terminal, too. Typing at
 * the end of the line sends the echo alone; BEL answers what can't be done.
 *
 * A line of more than EDIT_LINE_MAX bytes is echoed on, but what is too much is only counted; after
 * its Enter it is refused as a whole, unless Backspace has taken the surplus away.
 */
#pragma once

#include "lib/format.h"
#include "shell/history.h"
#include "shell/keys.h"

enum { EDIT_LINE_MAX = 1024 };

enum edit_event {
	EDIT_MORE,	/* the line goes on */
	EDIT_LINE,	/* Enter: the line is in text; CR LF is sent */
	EDIT_TOO_LONG,	/* Enter after too many bytes; CR LF is sent */
	EDIT_INTERRUPT, /* Ctrl-C: the line is dropped; CR LF is sent */
	EDIT_TAB,	/* the caller may complete by edit_insert() */
};

struct edit {
	struct sink *out;
	const struct history *history;
	struct keys keys;
	size_t len, cursor; /* cursor <= len <= EDIT_LINE_MAX */
	size_t surplus;	    /* bytes typed beyond the limit; then cursor == len == EDIT_LINE_MAX */
	unsigned back;	    /* so many lines back in the history; 0: the line being typed */
	char text[EDIT_LINE_MAX + 1];  /* closed with NUL when a line is done */
	char typed[EDIT_LINE_MAX + 1]; /* the line being typed, while back > 0 */
};

void edit_init(struct edit *e, struct sink *out, const struct history *history);

/* After any event but EDIT_MORE and EDIT_TAB the next line is begun by edit_begin(). */
enum edit_event edit_feed(struct edit *e, u8 byte);

/* An empty line. What has come of an escape sequence or of CR LF is remembered. */
void edit_begin(struct edit *e);

/* Puts text in at the cursor and moves behind it. BEL when it does not fit. */
void edit_insert(struct edit *e, const char *text, size_t len);
void edit_bell(struct edit *e);

/* Shows the line and the cursor again, on a fresh line of the terminal after the prompt. */
void edit_show(struct edit *e);
