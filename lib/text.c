/* SPDX-License-Identifier: MIT */
/* Text: copies that fit, and numbers. */
#include "lib/text.h"

#include "lib/string.h"

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

bool
parse_u64(const char *s, size_t len, u64 *out)
{
	u64 base = 10, value = 0;
	size_t i = 0;

	if (len > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		i = 2;
	}
	if (i == len)
		return false;
	for (; i < len; i++) {
		u64 digit = (u64)digit_value(s[i]);

		if (digit >= base || value > (~0ul - digit) / base)
			return false;
		value = value * base + digit;
	}
	*out = value;
	return true;
}
