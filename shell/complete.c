/* SPDX-License-Identifier: MIT */
/* Completion of the word before the cursor. */
#include "shell/complete.h"

#include "lib/string.h"
#include "lib/text.h"
#include "shell/commands.h"
#include "shell/words.h"

enum { COLUMNS = 78 };

/* The word to complete, and where its candidates come from. */
struct place {
	char text[EDIT_LINE_MAX + 1]; /* of the line before the cursor, split into words */
	struct words words;
	unsigned arg;	   /* the word's number; 0 is the command */
	const char *typed; /* what there is of it */
	const struct command *command;
	unsigned next; /* what next_fitting() looks at */
	/* A copy of the first that fits: a name lasts only until the next one is asked for. */
	char first[EDIT_LINE_MAX + 1];
	bool json_left; /* -j is still to be offered */
};

static bool
fits(const struct place *p, const char *word)
{
	return strncmp(word, p->typed, strlen(p->typed)) == 0;
}

static bool
place_find(struct place *p, const char *line, size_t cursor)
{
	memcpy(p->text, line, cursor);
	p->text[cursor] = '\0';
	if (words_split(&p->words, p->text) != 0)
		return false;
	p->arg = p->words.count;
	p->typed = "";
	if (cursor > 0 && line[cursor - 1] != ' ')
		p->typed = p->words.word[--p->arg];
	p->command = p->arg > 0 ? command_find(p->words.word[0]) : NULL;
	p->next = 0;
	p->json_left =
		p->command != NULL && p->command->has_json && p->typed[0] == '-' && fits(p, "-j");
	return p->arg == 0 || p->command != NULL;
}

/* The n-th word that the table offers there. */
static const char *
offered(const struct place *p, unsigned n)
{
	if (p->arg == 0)
		return command_name(1, n);
	if (p->arg > p->command->args_max)
		return NULL;
	if (p->command->completion_after != NULL)
		return p->command->completion_after(p->words.word, p->arg, n);
	return p->command->completion != NULL ? p->command->completion(p->arg, n) : NULL;
}

/* The next word that begins with what is typed; -j comes last, and only after a -. */
static const char *
next_fitting(struct place *p)
{
	const char *word;

	while ((word = offered(p, p->next)) != NULL) {
		p->next++;
		if (fits(p, word))
			return word;
	}
	if (!p->json_left)
		return NULL;
	p->json_left = false;
	return "-j";
}

static size_t
common_length(const char *a, const char *b, size_t most)
{
	size_t n = 0;

	while (n < most && a[n] == b[n])
		n++;
	return n;
}

static struct place place; /* one shell, one thread */

struct completion
complete(const char *line, size_t cursor)
{
	struct completion c = {0};
	const char *word;

	if (!place_find(&place, line, cursor))
		return c;
	c.typed = strlen(place.typed);
	while ((word = next_fitting(&place)) != NULL) {
		if (c.count++ == 0) {
			(void)copy_string(place.first, word, sizeof(place.first));
			c.first = place.first;
			c.common = strlen(c.first);
		}
		c.common = common_length(c.first, word, c.common);
	}
	return c;
}

void
complete_list(const char *line, size_t cursor, struct sink *out)
{
	const char *word;
	size_t column = 0;

	if (!place_find(&place, line, cursor))
		return;
	while ((word = next_fitting(&place)) != NULL) {
		size_t len = strlen(word);

		if (column > 0 && column + 2 + len > COLUMNS) {
			sink_printf(out, "\n");
			column = 0;
		}
		column += len + (column > 0 ? 2 : 0);
		sink_printf(out, "%s%s", column > len ? "  " : "", word);
	}
	sink_printf(out, "\n");
}
