/* SPDX-License-Identifier: MIT */
/* Lists the ACPI tables in the order found. */
#include "shell/cmd_acpi.h"

#include "drivers/acpi.h"
#include "shell/listing.h"

static const struct column columns[] = {
	{.name = "signature",  .kind = COLUMN_TEXT,	   .width = 9},
	{.name = "address",		    .kind = COLUMN_HEX,					.width = 18, .digits = 8},
	{.name = "length",	   .kind = COLUMN_NUMBER,.width = 8},
	{.name = "revision",     .kind = COLUMN_NUMBER,	    .width = 8},
	{.name = "oem",			.kind = COLUMN_TEXT,				     .width = 6},
	{.name = "table",	  .kind = COLUMN_TEXT,				       .width = 8},
	{.name = "state",.kind = COLUMN_TEXT},
};

/* The FACS has no texts, and a table that is not readable has none that we know. */
static const char *
text_or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static void
list_table(struct listing *listing, const struct acpi_table *table)
{
	listing_row(listing);
	listing_text(listing, table->signature);
	listing_number(listing, table->address.v);
	listing_number(listing, table->length);
	listing_number(listing, table->revision);
	listing_text(listing, text_or_null(table->oem));
	listing_text(listing, text_or_null(table->id));
	listing_text(listing, acpi_state_text(table->state));
}

static int
run_acpi(const struct command_call *call)
{
	const struct acpi_table *table;
	struct listing listing;

	listing_begin(&listing, call->out, call->json, columns, ARRAY_SIZE(columns));
	for (unsigned i = 0; (table = acpi_table(i)) != NULL; i++)
		list_table(&listing, table);
	listing_end(&listing);
	return 0;
}

const struct command cmd_acpi = {
	.name = "acpi",
	.usage = "",
	.summary = "list the ACPI tables",
	.details = "Tables whose state is not ok are not used; `log warn` tells more.\n",
	.has_json = true,
	.run = run_acpi,
};
