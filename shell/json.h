/* SPDX-License-Identifier: MIT */
/*
 * Writes one line of JSON to a sink. Keys are given inside objects and NULL inside arrays; text is
 * escaped, and bytes that are not ASCII too (as \u00XX), so that the line is always valid.
 */
#pragma once

#include "lib/format.h"

enum { JSON_DEPTH = 8 };

struct json {
	struct sink *out;
	unsigned depth;
	bool comma[JSON_DEPTH]; /* a value went before in this object or array */
	char closer[JSON_DEPTH];
};

void json_init(struct json *j, struct sink *out);

void json_object(struct json *j, const char *key); /* opens one */
void json_array(struct json *j, const char *key);
void json_close(struct json *j); /* the innermost; closing the outermost ends the line */

void json_text(struct json *j, const char *key, const char *text); /* NULL text: null */
void json_number(struct json *j, const char *key, u64 number);
void json_bool(struct json *j, const char *key, bool value);
