/* SPDX-License-Identifier: MIT */
/* AML: see dev/acpi_aml.h. */
#include "dev/acpi_aml.h"

#include "lib/string.h"

/* Opcodes (20.3). */
enum {
	OP_ZERO = 0x00,
	OP_ONE = 0x01,
	OP_NAME = 0x08,
	OP_BYTE = 0x0a,
	OP_WORD = 0x0b,
	OP_DWORD = 0x0c,
	OP_STRING = 0x0d,
	OP_QWORD = 0x0e,
	OP_SCOPE = 0x10,
	OP_BUFFER = 0x11,
	OP_PACKAGE = 0x12,
	OP_METHOD = 0x14,
	OP_EXTENDED = 0x5b,
	OP_ROOT = 0x5c,
	OP_ARG0 = 0x68,
	OP_STORE = 0x70,
	OP_DEVICE = 0x82, /* after OP_EXTENDED */
	OP_IF = 0xa0,
	OP_RETURN = 0xa4,
};

/* Resource descriptors (6.4.2, 6.4.3), with their lengths where the tag does not hold them. */
enum {
	TAG_IRQ = 0x22,
	TAG_IO = 0x47,
	TAG_END = 0x79,
	TAG_MEMORY32 = 0x86,
	TAG_DWORD = 0x87,
	TAG_WORD = 0x88,
	TAG_QWORD = 0x8a,
	LENGTH_MEMORY32 = 9,
	LENGTH_DWORD = 23,
	LENGTH_WORD = 13,
	LENGTH_QWORD = 43,
};

/* Address space descriptors (6.4.3.5). */
enum {
	SPACE_IS_MEMORY = 0,
	SPACE_IS_IO = 1,
	SPACE_IS_BUS = 2,
	FIXED_RANGE = 0x0c, /* its first and its last address; a producer, which decodes them */
	MEMORY_READ_WRITE = 1,
	IO_ENTIRE_RANGE = 3,
	IO_DECODE_16 = 1,
};

/*
 * PkgLength (20.2.4) always by three bytes here: 4 bits in the lead byte, which says that two
 * follow, with 16 more. It counts itself, and is set by aml_end().
 */
enum { PKG_LENGTH_BYTES = 3, PKG_LENGTH_LEAD = 2 << 6, BUFFER_SIZE_BYTES = 3 };

static size_t
begin_length(struct blob *b)
{
	size_t at = b->length;

	blob_fill(b, 0, PKG_LENGTH_BYTES);
	return at;
}

void
aml_end(struct blob *b, size_t begin)
{
	size_t length = b->length - begin;

	blob_poke8(b, begin, (u8)(PKG_LENGTH_LEAD | (length & 0x0f)));
	blob_poke16(b, begin + 1, (u16)(length >> 4));
}

void
aml_name(struct blob *b, const char *name)
{
	blob_put8(b, OP_NAME);
	blob_put(b, name, 4);
}

void
aml_integer(struct blob *b, u64 value)
{
	if (value <= 1) {
		blob_put8(b, value == 0 ? OP_ZERO : OP_ONE);
	} else if (value <= 0xff) {
		blob_put8(b, OP_BYTE);
		blob_put8(b, (u8)value);
	} else if (value <= 0xffff) {
		blob_put8(b, OP_WORD);
		blob_put16(b, (u16)value);
	} else if (value <= 0xffffffff) {
		blob_put8(b, OP_DWORD);
		blob_put32(b, (u32)value);
	} else {
		blob_put8(b, OP_QWORD);
		blob_put64(b, value);
	}
}

void
aml_string(struct blob *b, const char *text)
{
	blob_put8(b, OP_STRING);
	blob_put(b, text, strlen(text) + 1);
}

static u32
hex_digit(char c)
{
	return (u32)(c <= '9' ? c - '0' : c - 'A' + 10);
}

/* Three letters of five bits, four hexadecimal digits, all of it big-endian (6.1.5). */
void
aml_eisa_id(struct blob *b, const char *id)
{
	u32 value = 0;

	for (unsigned i = 0; i < 3; i++)
		value = value << 5 | (u32)(id[i] - 'A' + 1);
	for (unsigned i = 3; i < 7; i++)
		value = value << 4 | hex_digit(id[i]);
	blob_put8(b, OP_DWORD);
	blob_put32(b, __builtin_bswap32(value));
}

size_t
aml_begin_scope(struct blob *b, const char *name)
{
	size_t begin;

	blob_put8(b, OP_SCOPE);
	begin = begin_length(b);
	blob_put8(b, OP_ROOT);
	blob_put(b, name, 4);
	return begin;
}

size_t
aml_begin_device(struct blob *b, const char *name)
{
	size_t begin;

	blob_put8(b, OP_EXTENDED);
	blob_put8(b, OP_DEVICE);
	begin = begin_length(b);
	blob_put(b, name, 4);
	return begin;
}

size_t
aml_begin_package(struct blob *b, u8 elements)
{
	size_t begin;

	blob_put8(b, OP_PACKAGE);
	begin = begin_length(b);
	blob_put8(b, elements);
	return begin;
}

/* Not serialised: there is nothing to wait for. */
size_t
aml_begin_method(struct blob *b, const char *name, u8 arguments)
{
	size_t begin;

	blob_put8(b, OP_METHOD);
	begin = begin_length(b);
	blob_put(b, name, 4);
	blob_put8(b, arguments);
	return begin;
}

size_t
aml_begin_if(struct blob *b, const char *name)
{
	size_t begin;

	blob_put8(b, OP_IF);
	begin = begin_length(b);
	blob_put(b, name, 4);
	return begin;
}

void
aml_store_argument(struct blob *b, const char *name)
{
	blob_put8(b, OP_STORE);
	blob_put8(b, OP_ARG0);
	blob_put(b, name, 4);
}

void
aml_return(struct blob *b, const char *name)
{
	blob_put8(b, OP_RETURN);
	blob_put(b, name, 4);
}

/* The buffer's size, a word, stands behind its PkgLength. */
size_t
aml_begin_resources(struct blob *b)
{
	size_t begin;

	blob_put8(b, OP_BUFFER);
	begin = begin_length(b);
	blob_put8(b, OP_WORD);
	blob_put16(b, 0);
	return begin;
}

/* A checksum of 0 in the end tag counts as right (6.4.2.9). */
void
aml_end_resources(struct blob *b, size_t begin)
{
	size_t size_at = begin + PKG_LENGTH_BYTES;

	blob_put8(b, TAG_END);
	blob_put8(b, 0);
	blob_poke16(b, size_at + 1, (u16)(b->length - size_at - BUFFER_SIZE_BYTES));
	aml_end(b, begin);
}

void
aml_io(struct blob *b, u16 port, u8 count)
{
	blob_put8(b, TAG_IO);
	blob_put8(b, IO_DECODE_16);
	blob_put16(b, port);
	blob_put16(b, port);
	blob_put8(b, 1);
	blob_put8(b, count);
}

void
aml_irq(struct blob *b, unsigned irq)
{
	blob_put8(b, TAG_IRQ);
	blob_put16(b, (u16)(1u << irq));
}

void
aml_memory(struct blob *b, u32 base, u32 size)
{
	blob_put8(b, TAG_MEMORY32);
	blob_put16(b, LENGTH_MEMORY32);
	blob_put8(b, MEMORY_READ_WRITE);
	blob_put32(b, base);
	blob_put32(b, size);
}

static void
put_space_head(struct blob *b, u8 tag, u16 length, u8 space, u8 flags)
{
	blob_put8(b, tag);
	blob_put16(b, length);
	blob_put8(b, space);
	blob_put8(b, FIXED_RANGE);
	blob_put8(b, flags);
}

/* Granularity, first, last, translation, length. */
static void
put_word_window(struct blob *b, u8 space, u8 flags, u16 first, u16 last)
{
	put_space_head(b, TAG_WORD, LENGTH_WORD, space, flags);
	blob_put16(b, 0);
	blob_put16(b, first);
	blob_put16(b, last);
	blob_put16(b, 0);
	blob_put16(b, (u16)(last - first + 1));
}

void
aml_bus_window(struct blob *b, u16 first, u16 last)
{
	put_word_window(b, SPACE_IS_BUS, 0, first, last);
}

void
aml_io_window(struct blob *b, u16 first, u16 last)
{
	put_word_window(b, SPACE_IS_IO, IO_ENTIRE_RANGE, first, last);
}

static void
put_dword_window(struct blob *b, u32 first, u32 last)
{
	put_space_head(b, TAG_DWORD, LENGTH_DWORD, SPACE_IS_MEMORY, MEMORY_READ_WRITE);
	blob_put32(b, 0);
	blob_put32(b, first);
	blob_put32(b, last);
	blob_put32(b, 0);
	blob_put32(b, last - first + 1);
}

void
aml_memory_window(struct blob *b, u64 first, u64 last)
{
	if (last <= 0xffffffff) {
		put_dword_window(b, (u32)first, (u32)last);
		return;
	}
	put_space_head(b, TAG_QWORD, LENGTH_QWORD, SPACE_IS_MEMORY, MEMORY_READ_WRITE);
	blob_put64(b, 0);
	blob_put64(b, first);
	blob_put64(b, last);
	blob_put64(b, 0);
	blob_put64(b, last - first + 1);
}
