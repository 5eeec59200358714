/* SPDX-License-Identifier: MIT */
/* Splits a command line into words, in place: the quotation marks are taken out. */
#include "shell/words.h"

#include "include/errors.h"

/* Takes the word at *at, moves *at behind it, and closes it with NUL; false in an open quotation.
 */
static bool
take_word(char **at)
{
	char *from = *at, *to = *at;
	bool quoted = false;

	for (; *from != '\0' && (quoted || *from != ' '); from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	*at = *from == '\0' ? from : from + 1;
	*to = '\0';
	return !quoted;
}

int
words_split(struct words *words, char *line)
{
	words->count = 0;
	for (;;) {
		while (*line == ' ')
			line++;
		if (*line == '\0')
			return 0;
		if (words->count == WORDS_MAX)
			return fail(-ERR_FULL);
		words->word[words->count++] = line;
		if (!take_word(&line))
			return fail(-ERR_FORMAT);
	}
}
