/* SPDX-License-Identifier: MIT */
// SOURCES: shell/edit.c shell/keys.c shell/history.c lib/format.c
/*
 * Any bytes into the line editor: the screen, which knows only what may be sent, always shows the
 * line and has the cursor where the editor has it.
 */
#include <stdint.h>
#include <stdlib.h>

#include "shell/edit.h"
#include "tests/unit/fake/screen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct screen screen;
static struct history history;
static struct edit edit;

static void
check(bool condition)
{
	if (!condition)
		abort();
}

static void
check_screen(void)
{
	check(edit.cursor <= edit.len && edit.len <= EDIT_LINE_MAX);
	check(edit.surplus == 0 || edit.len == EDIT_LINE_MAX);
	check(screen.column == edit.cursor + edit.surplus);
	check(memcmp(screen.row, edit.text, edit.len) == 0);
	if (edit.surplus == 0)
		check(screen.row[edit.len] == ' ');
}

static void
next_line(enum edit_event event)
{
	check(screen.column == 0 && edit.text[edit.len] == '\0');
	if (event == EDIT_LINE)
		history_add(&history, edit.text);
	edit_begin(&edit);
}

/* What the shell may do at Tab: insert, or show the line again. */
static void
complete_somehow(void)
{
	if (edit.len % 3 == 0) {
		edit_insert(&edit, "completion", 10);
		return;
	}
	screen_clear(&screen);
	edit_show(&edit);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	screen_clear(&screen);
	history = (struct history){0};
	edit_init(&edit, &screen.sink, &history);
	for (size_t i = 0; i < size; i++) {
		enum edit_event event = edit_feed(&edit, data[i]);

		if (event == EDIT_TAB)
			complete_somehow();
		else if (event != EDIT_MORE)
			next_line(event);
		check_screen();
	}
	return 0;
}
