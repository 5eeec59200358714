/* SPDX-License-Identifier: MIT */
/* A listing, as a table or as JSON. `at` is the next cell's column; `count` between two rows. */
#include "shell/listing.h"

#include "include/panic.h"
#include "lib/string.h"
#include "lib/text.h"

enum { CELL_MAX = 32 }; /* of a number; text is not copied */

static bool
is_last(const struct listing *l)
{
	return l->at + 1 == l->count;
}

/* Pads the cell to its column; the last one gets no blanks after it. */
static void
put_cell(struct listing *l, const char *text)
{
	const struct column *column = &l->columns[l->at];
	int width = column->width;

	if (column->kind == COLUMN_NUMBER)
		sink_printf(l->out, "%*s", width, text);
	else
		sink_printf(l->out, "%-*s", is_last(l) ? 0 : width, text);
	l->out->put(l->out, "  ", is_last(l) ? 0 : 2);
}

static void
put_heading(struct listing *l)
{
	for (l->at = 0; l->at < l->count; l->at++) {
		char heading[CELL_MAX];

		copy_string(heading, l->columns[l->at].name, sizeof(heading));
		for (char *c = heading; *c != '\0'; c++) {
			if (*c >= 'a' && *c <= 'z')
				*c = (char)(*c - 'a' + 'A');
		}
		put_cell(l, heading);
	}
	sink_printf(l->out, "\n");
}

/* The column of the cell that is being written. */
static const struct column *
next_column(const struct listing *l)
{
	ASSERT(l->at < l->count);
	return &l->columns[l->at];
}

static void
cell_done(struct listing *l)
{
	l->at++;
	if (l->at < l->count)
		return;
	if (l->as_json)
		json_close(&l->json);
	else
		sink_printf(l->out, "\n");
}

void
listing_begin(struct listing *l, struct sink *out, bool as_json, const struct column *columns,
	      unsigned count)
{
	*l = (struct listing){.columns = columns,
			      .count = count,
			      .at = count,
			      .as_json = as_json,
			      .out = out};
	json_init(&l->json, out);
	if (as_json)
		json_array(&l->json, NULL);
	else
		put_heading(l);
}

void
listing_row(struct listing *l)
{
	ASSERT(l->at == l->count);
	l->at = 0;
	if (l->as_json)
		json_object(&l->json, NULL);
}

void
listing_text(struct listing *l, const char *text)
{
	const struct column *column = next_column(l);

	ASSERT(text == NULL || column->kind == COLUMN_TEXT);
	if (l->as_json)
		json_text(&l->json, column->name, text);
	else
		put_cell(l, text != NULL ? text : "-");
	cell_done(l);
}

void
listing_number(struct listing *l, u64 number)
{
	const struct column *column = next_column(l);
	bool hex = column->kind == COLUMN_HEX;
	char text[CELL_MAX];

	ASSERT(hex || column->kind == COLUMN_NUMBER);
	if (hex)
		format(text, sizeof(text), "0x%.*lx", l->as_json ? 1 : MAX(column->digits, 1),
		       number);
	else
		format(text, sizeof(text), "%lu", number);
	if (!l->as_json)
		put_cell(l, text);
	else if (hex)
		json_text(&l->json, column->name, text);
	else
		json_number(&l->json, column->name, number);
	cell_done(l);
}

void
listing_bool(struct listing *l, bool value)
{
	const struct column *column = next_column(l);

	ASSERT(column->kind == COLUMN_BOOL);
	if (l->as_json)
		json_bool(&l->json, column->name, value);
	else
		put_cell(l, value ? "yes" : "no");
	cell_done(l);
}

/* In a table not padded: such a column is the last. */
void
listing_numbers(struct listing *l, const u64 *numbers, unsigned count)
{
	const struct column *column = next_column(l);

	ASSERT(column->kind == COLUMN_NUMBERS && is_last(l));
	if (l->as_json)
		json_array(&l->json, column->name);
	for (unsigned i = 0; i < count; i++) {
		if (l->as_json)
			json_number(&l->json, NULL, numbers[i]);
		else
			sink_printf(l->out, i == 0 ? "%lu" : " %lu", numbers[i]);
	}
	if (l->as_json)
		json_close(&l->json);
	cell_done(l);
}

void
listing_end(struct listing *l)
{
	ASSERT(l->at == l->count);
	if (l->as_json)
		json_close(&l->json);
}
