/* SPDX-License-Identifier: MIT */
/*
 * A listing: rows of named columns, written once and shown as an aligned table for people or, with
 * -j, as one line of JSON, an array of objects whose keys are the columns' names. Columns stand two
 * blanks apart; numbers are flush right, everything else left.
 *
 * Cells are given in the order of the columns; a cell of the wrong kind for its column, or too few
 * or many in a row, is a mistake of ours.
 */
#pragma once

#include "shell/json.h"

enum column_kind { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_HEX, COLUMN_BOOL, COLUMN_NUMBERS };

struct column {
	const char *name; /* the JSON key; the heading is the same in capitals */
	enum column_kind kind;
	u8 width;  /* in the table; a longer cell pushes the rest of its row */
	u8 digits; /* COLUMN_HEX: at least so many, for the table; JSON gets a string "0x..." */
};

struct listing {
	const struct column *columns;
	unsigned count, at;
	bool as_json;
	struct sink *out;
	struct json json;
};

void listing_begin(struct listing *l, struct sink *out, bool as_json, const struct column *columns,
		   unsigned count);
void listing_row(struct listing *l);			/* before the cells of each row */
void listing_text(struct listing *l, const char *text); /* NULL, in any column: "-", in JSON null */
void listing_number(struct listing *l, u64 number);	/* for COLUMN_NUMBER and COLUMN_HEX */
void listing_bool(struct listing *l, bool value);	/* yes or no, in JSON true or false */
void listing_numbers(struct listing *l, const u64 *numbers, unsigned count); /* JSON: an array */
void listing_end(struct listing *l);
