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

static void
put_string(struct json *j, const char *text)
{
	const char *plain = text; /* the start of a run without escapes */
	char buf[8];

	put(j, "\"");
	for (; *text != '\0'; text++) {
		const char *escaped = escape((u8)*text, buf);

		if (escaped == NULL)
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
