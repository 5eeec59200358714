/* SPDX-License-Identifier: MIT */
/* Memory and strings. REP MOVSB and STOSB are the fast way on every CPU with ERMS. */
#include "lib/string.h"

void *
memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(n) : : "memory");
	return dst;
}

void *
memmove(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	if (d <= s || d >= s + n)
		return memcpy(dst, src, n);
	while (n-- > 0)
		d[n] = s[n];
	return dst;
}

/* By eight bytes where it can: REP counts as one instruction an element under -icount. */
void *
memset(void *dst, int byte, size_t n)
{
	void *d = dst;
	size_t words = n / 8, rest = n % 8;

	__asm__ volatile("rep stosq"
			 : "+D"(d), "+c"(words)
			 : "a"(0x0101010101010101ul * (u8)byte)
			 : "memory");
	__asm__ volatile("rep stosb" : "+D"(d), "+c"(rest) : "a"(byte) : "memory");
	return dst;
}

int
memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n > 0; n--, x++, y++) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}

size_t
strlen(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0')
		n++;
	return n;
}

size_t
strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n] != '\0')
		n++;
	return n;
}

int
strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return (u8)*a - (u8)*b;
}

int
strncmp(const char *a, const char *b, size_t n)
{
	for (; n > 0; n--, a++, b++) {
		if (*a != *b || *a == '\0')
			return (u8)*a - (u8)*b;
	}
	return 0;
}

char *
strchr(const char *s, int c)
{
	for (; *s != (char)c; s++) {
		if (*s == '\0')
			return NULL;
	}
	return (char *)(uintptr_t)s;
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
