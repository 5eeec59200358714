/* SPDX-License-Identifier: MIT */
/* One line of JSON (RFC 8259), written as it comes. */
#include "shell/json.h"

#include "include/panic.h"
#include "lib/string.h"

static void
put(struct json *j, const char *text)
{
	j->out->put(j->out, text, strlen(text));
}

/* How the byte stands in a string, or NULL when it stands for itself. */
static const char *
escape(u8 byte, char buf[8])
{
	switch (byte) {
	case '"': return "\\\"";
	case '\\': return "\\\\";
	case '\n': return "\\n";
	case '\r': return "\\r";
	case '\t': return "\\t";
	default: break;
	}
	if (byte >= ' ' && byte < 0x7f)
		return NULL;
	format(buf, 8, "\\u%04x", byte);
	return buf;
}

/*
 * The length of the UTF-8 sequence that begins there (RFC 3629 section 3), 0: it is none. C1
 * controls count as none, so that they are escaped: a terminal might obey them.
 */
static size_t
utf8_len(const char *text)
{
	static const u32 least[] = {[2] = 0xa0, [3] = 0x800, [4] = 0x10000};
	u8 first = (u8)text[0];
	size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	u32 code = first & 0xffu >> len;

	if (first < 0xc0)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (((u8)text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | ((u8)text[i] & 0x3f);
	}
	return code >= least[len] && code <= 0x10ffff && code >> 11 != 0xd800 >> 11 ? len : 0;
}

static void
put_string(struct json *j, const char *text)
{
	const char *plain = text; /* the start of a run without escapes */
	char buf[8];

	put(j, "\"");
	for (; *text != '\0'; text++) {
		const char *escaped = escape((u8)*text, buf);
		size_t len = utf8_len(text);

		text += len > 0 ? len - 1 : 0;
		if (escaped == NULL || len > 0)
			continue;
		j->out->put(j->out, plain, (size_t)(text - plain));
		put(j, escaped);
		plain = text + 1;
	}
	j->out->put(j->out, plain, (size_t)(text - plain));
	put(j, "\"");
}

/* The comma after the value before, and the key. */
static void
begin_value(struct json *j, const char *key)
{
	if (j->depth == 0)
		return;
	ASSERT((key != NULL) == (j->closer[j->depth - 1] == '}'));
	if (j->comma[j->depth - 1])
		put(j, ", ");
	j->comma[j->depth - 1] = true;
	if (key != NULL) {
		put_string(j, key);
		put(j, ": ");
	}
}

static void
open(struct json *j, const char *key, const char *opener, char closer)
{
	begin_value(j, key);
	ASSERT(j->depth < JSON_DEPTH);
	j->comma[j->depth] = false;
	j->closer[j->depth++] = closer;
	put(j, opener);
}

void
json_init(struct json *j, struct sink *out)
{
	*j = (struct json){.out = out};
}

void
json_object(struct json *j, const char *key)
{
	open(j, key, "{", '}');
}

void
json_array(struct json *j, const char *key)
{
	open(j, key, "[", ']');
}

void
json_close(struct json *j)
{
	ASSERT(j->depth > 0);
	j->out->put(j->out, &j->closer[--j->depth], 1);
	if (j->depth == 0)
		put(j, "\n");
}

void
json_text(struct json *j, const char *key, const char *text)
{
	begin_value(j, key);
	if (text == NULL)
		put(j, "null");
	else
		put_string(j, text);
}

void
json_number(struct json *j, const char *key, u64 number)
{
	begin_value(j, key);
	sink_printf(j->out, "%lu", number);
}

void
json_bool(struct json *j, const char *key, bool value)
{
	begin_value(j, key);
	put(j, value ? "true" : "false");
}
