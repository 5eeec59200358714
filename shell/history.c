/* SPDX-License-Identifier: MIT */
/* The lines that were typed. They lie packed, so that 64 usual lines need no 64 KiB. */
#include "shell/history.h"

#include "lib/string.h"

static void
drop_oldest(struct history *h)
{
	size_t size = strlen(h->text) + 1;

	h->used -= size;
	h->count--;
	memmove(h->text, h->text + size, h->used);
}

static bool
is_blank(const char *line)
{
	while (*line == ' ')
		line++;
	return *line == '\0';
}

void
history_add(struct history *h, const char *line)
{
	const char *newest = history_line(h, 0);
	size_t size = strlen(line) + 1;

	if (is_blank(line) || size > sizeof(h->text))
		return;
	if (newest != NULL && strcmp(newest, line) == 0)
		return;
	while (h->count == HISTORY_LINES || size > sizeof(h->text) - h->used)
		drop_oldest(h);
	memcpy(h->text + h->used, line, size);
	h->used += size;
	h->count++;
}

const char *
history_line(const struct history *h, unsigned n)
{
	const char *line = h->text;

	if (n >= h->count)
		return NULL;
	for (unsigned skip = h->count - 1 - n; skip > 0; skip--)
		line += strlen(line) + 1;
	return line;
}
