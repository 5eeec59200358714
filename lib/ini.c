/* SPDX-License-Identifier: MIT */
/* Lines, comments, sections and keys of ashlar.conf. */
#include "lib/ini.h"

#include "lib/format.h"
#include "lib/string.h"

enum { SHOWN_MAX = 48, MESSAGE_MAX = 160 };

struct place {
	struct ini_visitor *v;
	u32 line;
};

/* "found X; expected Y", where X begins with what was found. */
static void
error(struct place p, struct slice found, const char *after)
{
	char shown[SHOWN_MAX], text[MESSAGE_MAX];

	slice_show(found, shown, sizeof(shown));
	format(text, sizeof(text), "found %s%s", shown, after);
	p.v->error(p.v, p.line, text);
}

static void
error_too_long(struct place p, struct slice line)
{
	char after[MESSAGE_MAX];

	format(after, sizeof(after), ", a line of %zu bytes; expected at most %d", line.len,
	       (int)INI_LINE_MAX);
	error(p, line, after);
}

/* The line without its comment. False when a quote is left open. */
static bool
strip_comment(struct slice *line)
{
	bool quoted = false, after_blank = true;

	for (size_t i = 0; i < line->len; i++) {
		char c = line->at[i];

		if (c == '#' && after_blank && !quoted) {
			line->len = i;
			break;
		}
		quoted ^= c == '"';
		after_blank = is_blank(c);
	}
	return !quoted;
}

static bool
has_nul(struct slice s)
{
	return strnlen(s.at, s.len) < s.len;
}

/* Reports a line that can't be read as text, and says so; takes the comment off any other. */
static bool
line_is_bad(struct place p, struct slice *line)
{
	if (line->len > INI_LINE_MAX)
		error_too_long(p, *line);
	else if (has_nul(*line))
		error(p, *line, ", with a NUL byte in it; expected text");
	else if (!strip_comment(line))
		error(p, *line, ", where a quote is not closed; expected \"...\"");
	else
		return false;
	return true;
}

static void
parse_section(struct place p, struct slice line)
{
	struct slice rest = {line.at + 1, line.len - 1};
	struct slice inside = slice_cut(&rest, ']'), kind;
	bool closed = inside.len < line.len - 1;

	rest = slice_trim(rest);
	inside = slice_trim(inside);
	if (!closed)
		error(p, line, "; expected ] at its end");
	else if (rest.len > 0)
		error(p, rest, " after ]; expected nothing more on the line");
	else if (inside.len == 0)
		error(p, line, "; expected a section's name between [ and ]");
	kind = slice_word(&inside);
	p.v->section(p.v, p.line, kind, slice_trim(inside));
}

static void
parse_key(struct place p, struct slice line)
{
	struct slice value = line, key = slice_trim(slice_cut(&value, '='));

	if (key.len == line.len)
		error(p, line, "; expected KEY = VALUE");
	else if (key.len == 0)
		error(p, line, "; expected a key before =");
	else
		p.v->key(p.v, p.line, key, slice_trim(value));
}

static void
parse_line(struct place p, struct slice line)
{
	bool bad;

	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	bad = line_is_bad(p, &line);
	line = slice_trim(line);
	if (line.len == 0)
		return;
	if (bad && line.at[0] == '[')
		p.v->section(p.v, p.line, SLICE(""), SLICE(""));
	else if (!bad && line.at[0] == '[')
		parse_section(p, line);
	else if (!bad)
		parse_key(p, line);
}

void
ini_parse(const char *text, size_t len, struct ini_visitor *v)
{
	struct slice rest = {text, len};

	for (u32 line = 1; rest.len > 0; line++)
		parse_line((struct place){v, line}, slice_cut(&rest, '\n'));
}
