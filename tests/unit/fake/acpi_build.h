/* SPDX-License-Identifier: MIT */
/* Builds ACPI tables for the tests of their parsers. */
#pragma once

#include "drivers/acpi_raw.h"
#include "tests/unit/fake/bytes.h"

/* Begins a table in b, at its start: the header, whose length and checksum table_end() sets. */
static inline void
table_begin(struct bytes *b, const char *signature, u8 revision)
{
	b->length = 0;
	b->mark_count = 0;
	put_copy(b, signature, 4);
	put32(b, 0);
	put8(b, revision);
	put8(b, 0); /* checksum */
	put_copy(b, "ASHLARTESTTABL", 14);
	put32(b, 1);
	put_copy(b, "TEST", 4);
	put32(b, 1);
}

static inline void
fix_checksum(u8 *table, size_t length)
{
	table[9] = 0;
	table[9] = (u8)(0u - acpi_sum((struct acpi_bytes){table, length}));
}

static inline void
table_end(struct bytes *b)
{
	poke32(b, 4, (u32)b->length);
	fix_checksum(b->at, b->length);
}

static inline void
put_gas(struct bytes *b, u8 space, u8 bits, u64 address)
{
	put8(b, space);
	put8(b, bits);
	put8(b, 0);
	put8(b, 0);
	put64(b, address);
}

/* Has the first `length` bytes parsed, of which none can be read past the end. */
static inline int
parse_cut(const struct bytes *b, size_t length, int (*parse)(struct acpi_bytes table))
{
	u8 *copy = exact_copy(b->at, length);
	int err = parse((struct acpi_bytes){copy, length});

	free(copy);
	return err;
}

/*
 * Cuts a table to each length: shorter than `least` it is too short, and else good where a
 * structure ends (a mark), and malformed anywhere else.
 */
#define check_every_cut(b, least, parse)                                                           \
	do {                                                                                       \
		for (size_t n = 0; n <= (b)->length; n++) {                                        \
			int want = n < (least) ? -ERR_RANGE                                        \
				   : n == (least) || is_mark(b, n) || n == (b)->length             \
					   ? 0                                                     \
					   : -ERR_FORMAT;                                          \
			assert_int_equal(parse_cut(b, n, parse), want);                            \
		}                                                                                  \
	} while (0)

/*
 * Sets the length field of every structure (at a mark, `size` bytes of it at `offset`) to every
 * value up to 600: it must be refused when it is less than `head` or leaves the table, and in any
 * case come to an end.
 */
#define check_every_length(b, offset, size, head, parse)                                           \
	do {                                                                                       \
		for (unsigned m = 0; m < (b)->mark_count; m++) {                                   \
			size_t at = (b)->marks[m];                                                 \
			u8 was[2];                                                                 \
			if (at + (offset) + (size) > (b)->length)                                  \
				continue;                                                          \
			memcpy(was, (b)->at + at + (offset), (size));                              \
			for (u16 v = 0; v < ((size) == 1 ? 256 : 600); v++) {                      \
				int err;                                                           \
				memcpy((b)->at + at + (offset), &v, (size));                       \
				err = parse_cut(b, (b)->length, parse);                            \
				if (v < (head) || v > (b)->length - at)                            \
					assert_int_equal(err, -ERR_FORMAT);                        \
			}                                                                          \
			memcpy((b)->at + at + (offset), was, (size));                              \
		}                                                                                  \
	} while (0)
