/* SPDX-License-Identifier: MIT */
/* Maps one table and checks its header (ACPI 6.4, 5.2.6), or that of the FACS (5.2.10). */
#include "drivers/acpi_table.h"

#include "drivers/acpi_raw.h"
#include "lib/log.h"

enum {
	HEADER_SIGNATURE = 0,
	HEADER_LENGTH = 4,
	HEADER_REVISION = 8,
	HEADER_OEM = 10,
	HEADER_ID = 16,
	FACS_VERSION = 32,
	FACS_SIZE = 64,
};

static const char *const state_texts[ACPI_STATES] = {
	[ACPI_OK] = "ok",
	[ACPI_WRONG_LENGTH] = "wrong length",
	[ACPI_WRONG_CHECKSUM] = "wrong checksum",
	[ACPI_NOT_READABLE] = "not readable",
	[ACPI_TRUNCATED] = "truncated",
	[ACPI_MALFORMED] = "malformed",
	[ACPI_TOO_MUCH] = "more than Ashlar manages",
};

const char *
acpi_state_text(enum acpi_state state)
{
	return state < ACPI_STATES ? state_texts[state] : "unknown";
}

/* Firmware's text of a fixed width: what isn't printable becomes '?', blanks at the end go. */
static void
copy_text(char *to, const u8 *from, size_t width)
{
	for (size_t i = 0; i < width; i++)
		to[i] = from[i] == 0 ? ' ' : (char)(from[i] < ' ' || from[i] > '~' ? '?' : from[i]);
	to[width] = '\0';
	while (width > 0 && to[width - 1] == ' ')
		to[--width] = '\0';
}

static void
describe(const u8 *header, struct acpi_table *out)
{
	copy_text(out->signature, header + HEADER_SIGNATURE, 4);
	out->length = load32(header + HEADER_LENGTH);
	if (acpi_table_is(out, "FACS")) {
		out->revision = header[FACS_VERSION];
		return;
	}
	out->revision = header[HEADER_REVISION];
	copy_text(out->oem, header + HEADER_OEM, 6);
	copy_text(out->id, header + HEADER_ID, 8);
}

/* The header's bytes as they are now, all at once: what follows works on the copy. */
static bool
read_header(hpa_t address, const struct acpi_ops *ops, u8 header[ACPI_HEADER_SIZE])
{
	const void *view;

	if (address.v == 0 || address.v > ACPI_ADDRESS_END - ACPI_TABLE_SIZE_MAX)
		return false;
	view = ops->map(address, ACPI_HEADER_SIZE);
	if (view == NULL)
		return false;
	memcpy(header, view, ACPI_HEADER_SIZE);
	ops->unmap(view, ACPI_HEADER_SIZE);
	return true;
}

static enum acpi_state
map_whole(const struct acpi_ops *ops, struct acpi_table *out)
{
	bool is_facs = acpi_table_is(out, "FACS");
	u32 least = is_facs ? (u32)FACS_SIZE : (u32)ACPI_HEADER_SIZE;

	if (out->length < least || out->length > ACPI_TABLE_SIZE_MAX)
		return ACPI_WRONG_LENGTH;
	out->data = ops->map(out->address, out->length);
	if (out->data == NULL)
		return ACPI_NOT_READABLE;
	if (is_facs || acpi_sum((struct acpi_bytes){out->data, out->length}) == 0)
		return ACPI_OK;
	ops->unmap(out->data, out->length);
	out->data = NULL;
	return ACPI_WRONG_CHECKSUM;
}

void
acpi_table_refuse(struct acpi_table *table, enum acpi_state state)
{
	table->state = (u8)state;
	log_warn("ACPI: the table %s at %#lx, %u bytes, is not used: %s", table->signature,
		 table->address.v, table->length, acpi_state_text(state));
}

void
acpi_table_load(hpa_t address, const struct acpi_ops *ops, struct acpi_table *out)
{
	u8 header[ACPI_HEADER_SIZE];
	enum acpi_state state = ACPI_NOT_READABLE;

	*out = (struct acpi_table){.address = address, .signature = "?"};
	if (read_header(address, ops, header)) {
		describe(header, out);
		state = map_whole(ops, out);
	}
	if (state != ACPI_OK)
		acpi_table_refuse(out, state);
}
