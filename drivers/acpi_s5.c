/* SPDX-License-Identifier: MIT */
/* Finds \_S5_ in AML bytes and reads its package (ACPI 6.4, 20.2.3 to 20.2.5). */
#include "drivers/acpi_s5.h"

#include "include/bits.h"

enum {
	AML_ZERO = 0x00,
	AML_ONE = 0x01,
	AML_NAME = 0x08,
	AML_BYTE = 0x0a,
	AML_WORD = 0x0b,
	AML_DWORD = 0x0c,
	AML_PACKAGE = 0x12,
	AML_ROOT = 0x5c,
	AML_ONES = 0xff,
};

#define SLP_TYP_MASK 7u

/* A constant, 20.2.3; Ones has all bits set. */
static bool
take_constant(struct acpi_bytes *rest, u32 *value)
{
	struct acpi_bytes op, data;

	if (!acpi_take(rest, 1, &op))
		return false;
	switch (op.at[0]) {
	case AML_ZERO: *value = 0; return true;
	case AML_ONE: *value = 1; return true;
	case AML_ONES: *value = ~0u; return true;
	case AML_BYTE:
		if (!acpi_take(rest, 1, &data))
			return false;
		*value = data.at[0];
		return true;
	case AML_WORD:
		if (!acpi_take(rest, 2, &data))
			return false;
		*value = load16(data.at);
		return true;
	case AML_DWORD:
		if (!acpi_take(rest, 4, &data))
			return false;
		*value = load32(data.at);
		return true;
	default: return false;
	}
}

/*
 * PkgLength (20.2.4): bits 7:6 of the first byte tell how many follow. With none, bits 5:0 are the
 * length, else bits 3:0 are its lowest. The length counts these bytes too. What is in the package
 * is cut off into *body.
 */
static bool
take_package(struct acpi_bytes *rest, struct acpi_bytes *body)
{
	struct acpi_bytes lead, more;
	size_t length, count;

	if (!acpi_take(rest, 1, &lead))
		return false;
	count = lead.at[0] >> 6;
	length = lead.at[0] & (count == 0 ? 0x3fu : 0x0fu);
	if (count > 0 && !acpi_take(rest, count, &more))
		return false;
	for (size_t i = 0; i < count; i++)
		length |= (size_t)more.at[i] << (4 + 8 * i);
	return length > count + 1 && acpi_take(rest, length - count - 1, body);
}

/* Two constants, or one with both: type_a in its low byte, type_b in the next. */
static bool
parse_value(struct acpi_bytes rest, struct acpi_s5_info *out)
{
	struct acpi_bytes op, body, elements;
	u32 a, b;

	if (!acpi_take(&rest, 1, &op) || op.at[0] != AML_PACKAGE || !take_package(&rest, &body))
		return false;
	if (!acpi_take(&body, 1, &elements) || elements.at[0] == 0 || !take_constant(&body, &a))
		return false;
	b = a >> 8;
	if (elements.at[0] > 1 && !take_constant(&body, &b))
		return false;
	out->type_a = a & SLP_TYP_MASK;
	out->type_b = b & SLP_TYP_MASK;
	return true;
}

/* Whether the name at this offset is what a NameOp names, with or without the root's prefix. */
static bool
is_named(struct acpi_bytes aml, size_t at)
{
	if (at > 0 && aml.at[at - 1] == AML_ROOT)
		at--;
	return at > 0 && aml.at[at - 1] == AML_NAME;
}

bool
acpi_s5_find(struct acpi_bytes aml, struct acpi_s5_info *out)
{
	static const char name[4] = {'_', 'S', '5', '_'};

	for (size_t at = 0; at + sizeof(name) <= aml.length; at++) {
		struct acpi_bytes value = {
			aml.at + at + sizeof(name),
			aml.length - at - sizeof(name),
		};

		if (aml.at[at] == '_' && memcmp(aml.at + at, name, sizeof(name)) == 0 &&
		    is_named(aml, at) && parse_value(value, out))
			return true;
	}
	return false;
}
