/* SPDX-License-Identifier: MIT */
/* Text: slices, copies that fit, and numbers. */
#include "lib/text.h"

#include "lib/string.h"

bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool
slice_is(struct slice s, const char *word)
{
	return strnlen(word, s.len + 1) == s.len && memcmp(s.at, word, s.len) == 0;
}

struct slice
slice_trim(struct slice s)
{
	while (s.len > 0 && is_blank(s.at[0]))
		s.at++, s.len--;
	while (s.len > 0 && is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

struct slice
slice_cut(struct slice *s, char end)
{
	struct slice head = {s->at, 0};

	while (head.len < s->len && s->at[head.len] != end)
		head.len++;
	if (head.len == s->len) {
		*s = (struct slice){s->at + s->len, 0};
		return head;
	}
	*s = (struct slice){s->at + head.len + 1, s->len - head.len - 1};
	return head;
}

struct slice
slice_word(struct slice *s)
{
	struct slice word;

	*s = slice_trim(*s);
	word = (struct slice){s->at, 0};
	while (s->len > 0 && !is_blank(*s->at))
		s->at++, s->len--, word.len++;
	return word;
}

const char *
slice_show(struct slice s, char *buf, size_t size)
{
	bool whole = s.len < size;
	size_t n = whole ? s.len : size - 4;

	for (size_t i = 0; i < n; i++)
		buf[i] = s.at[i] >= ' ' && s.at[i] <= '~' ? s.at[i] : '?';
	memcpy(buf + n, whole ? "" : "...", whole ? 1 : 4);
	return buf;
}

bool
copy_string(char *dst, const char *src, size_t size)
{
	size_t n = strnlen(src, size);
	bool whole = n < size;

	if (!whole)
		n = size - 1;
	memcpy(dst, src, n);
	dst[n] = '\0';
	return whole;
}

static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static bool
parse_digits(const char *s, size_t len, u64 base, u64 *out)
{
	u64 value = 0;

	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		u64 digit = (u64)digit_value(s[i]);

		if (digit >= base || value > (~0ul - digit) / base)
			return false;
		value = value * base + digit;
	}
	*out = value;
	return true;
}

bool
parse_u64(const char *s, size_t len, u64 *out)
{
	if (len > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		return parse_digits(s + 2, len - 2, 16, out);
	return parse_digits(s, len, 10, out);
}

bool
parse_hex(const char *s, size_t len, u64 *out)
{
	return parse_digits(s, len, 16, out);
}

bool
parse_ipv4(const char *s, size_t len, u32 *out)
{
	struct slice rest = {s, len};
	u32 address = 0;

	for (unsigned i = 0; i < 4; i++) {
		size_t before = rest.len;
		struct slice part = slice_cut(&rest, '.');
		u64 number;

		if ((part.len == before) != (i == 3)) /* a dot behind all but the last one */
			return false;
		if (!parse_digits(part.at, part.len, 10, &number) || number > 0xff ||
		    (part.len > 1 && part.at[0] == '0'))
			return false;
		address = address << 8 | (u32)number;
	}
	*out = address;
	return true;
}

bool
parse_mac(const char *s, size_t len, u8 out[MAC_LEN])
{
	u8 mac[MAC_LEN];

	if (len != MAC_TEXT_LEN)
		return false;
	for (unsigned i = 0; i < MAC_LEN; i++) {
		u64 byte;

		if (!parse_hex(s + 3 * i, 2, &byte) || (i > 0 && s[3 * i - 1] != ':'))
			return false;
		mac[i] = (u8)byte;
	}
	memcpy(out, mac, MAC_LEN);
	return true;
}
