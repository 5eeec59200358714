/* SPDX-License-Identifier: MIT */
/* printf's formats. One conversion is parsed into a struct spec, then written by its kind. */
#include "lib/format.h"

#include "lib/string.h"

enum { NUMBER_MAX = 24 }; /* 64 bits in octal would be 22 digits */

struct spec {
	bool left, zero, alt, plus;
	int width;
	int precision;	/* -1: none */
	unsigned longs; /* size of the argument: 0 int, 1 and more 64 bits */
	char conversion;
};

static void
put_fill(struct sink *sink, char c, int count)
{
	for (; count > 0; count--)
		sink->put(sink, &c, 1);
}

/* The body with its prefix ("-", "0x"), padded to the width by blanks, or by zeros after the
 * prefix. */
static void
put_padded(struct sink *sink, const struct spec *s, const char *prefix, const char *body,
	   size_t len)
{
	int pad = s->width - (int)(strlen(prefix) + len);
	bool zeros = s->zero && !s->left;

	if (!zeros && !s->left)
		put_fill(sink, ' ', pad);
	sink->put(sink, prefix, strlen(prefix));
	if (zeros)
		put_fill(sink, '0', pad);
	sink->put(sink, body, len);
	if (s->left)
		put_fill(sink, ' ', pad);
}

static void
put_number(struct sink *sink, struct spec *s, const char *prefix, u64 value, unsigned base)
{
	const char *digits = s->conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	char buf[NUMBER_MAX];
	int at = NUMBER_MAX, least = MIN(MAX(s->precision, 0), NUMBER_MAX - 1);

	if (s->precision >= 0)
		s->zero = false;
	else
		least = 1;
	for (; value != 0 || NUMBER_MAX - at < least; value /= base)
		buf[--at] = digits[value % base];
	put_padded(sink, s, prefix, buf + at, (size_t)(NUMBER_MAX - at));
}

static void
put_signed(struct sink *sink, struct spec *s, s64 value)
{
	const char *sign = value < 0 ? "-" : s->plus ? "+" : "";

	put_number(sink, s, sign, value < 0 ? 0 - (u64)value : (u64)value, 10);
}

static void
put_string(struct sink *sink, struct spec *s, const char *str)
{
	size_t max = s->precision < 0 ? ~0ul : (size_t)s->precision;

	if (str == NULL)
		str = "(null)";
	s->zero = false;
	put_padded(sink, s, "", str, strnlen(str, max));
}

static const char *
parse_flags(const char *fmt, struct spec *s)
{
	for (;; fmt++) {
		switch (*fmt) {
		case '-': s->left = true; break;
		case '0': s->zero = true; break;
		case '#': s->alt = true; break;
		case '+': s->plus = true; break;
		default: return fmt;
		}
	}
}

static const char *
parse_count(const char *fmt, va_list *args, int *out)
{
	if (*fmt == '*') {
		*out = va_arg(*args, int);
		return fmt + 1;
	}
	for (*out = 0; *fmt >= '0' && *fmt <= '9'; fmt++)
		*out = MIN(*out, 100000) * 10 + (*fmt - '0');
	return fmt;
}

static const char *
parse_spec(const char *fmt, struct spec *s, va_list *args)
{
	*s = (struct spec){.precision = -1};
	fmt = parse_flags(fmt, s);
	fmt = parse_count(fmt, args, &s->width);
	if (s->width < 0) {
		s->left = true;
		s->width = -s->width;
	}
	if (*fmt == '.')
		fmt = parse_count(fmt + 1, args, &s->precision);
	for (; *fmt == 'l' || *fmt == 'z' || *fmt == 'h'; fmt++)
		s->longs += *fmt != 'h';
	s->conversion = *fmt;
	return *fmt == '\0' ? fmt : fmt + 1;
}

static u64
unsigned_arg(const struct spec *s, va_list *args)
{
	return s->longs > 0 ? va_arg(*args, u64) : va_arg(*args, unsigned);
}

static void
put_conversion(struct sink *sink, struct spec *s, va_list *args)
{
	char c;

	switch (s->conversion) {
	case 'd':
	case 'i':
		put_signed(sink, s, s->longs > 0 ? va_arg(*args, s64) : va_arg(*args, int));
		break;
	case 'u': put_number(sink, s, "", unsigned_arg(s, args), 10); break;
	case 'x':
	case 'X': put_number(sink, s, s->alt ? "0x" : "", unsigned_arg(s, args), 16); break;
	case 'p': put_number(sink, s, "0x", (u64)(uintptr_t)va_arg(*args, void *), 16); break;
	case 's': put_string(sink, s, va_arg(*args, const char *)); break;
	case 'c':
		c = (char)va_arg(*args, int);
		put_padded(sink, s, "", &c, 1);
		break;
	case '%': sink->put(sink, "%", 1); break;
	default: sink->put(sink, "%?", 2); break;
	}
}

void
sink_vprintf(struct sink *sink, const char *fmt, va_list args)
{
	va_list copy;

	va_copy(copy, args);
	while (*fmt != '\0') {
		const char *percent = strchr(fmt, '%');
		size_t plain = percent != NULL ? (size_t)(percent - fmt) : strlen(fmt);
		struct spec s;

		if (plain > 0)
			sink->put(sink, fmt, plain);
		fmt += plain;
		if (*fmt == '%') {
			fmt = parse_spec(fmt + 1, &s, &copy);
			put_conversion(sink, &s, &copy);
		}
	}
	va_end(copy);
}

void
sink_printf(struct sink *sink, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	sink_vprintf(sink, fmt, args);
	va_end(args);
}

struct buffer_sink {
	struct sink sink;
	char *buf;
	size_t used, room; /* room does not count the NUL */
};

static void
buffer_put(struct sink *sink, const char *bytes, size_t len)
{
	struct buffer_sink *b = container_of(sink, struct buffer_sink, sink);
	size_t fits = MIN(len, b->room - b->used);

	memcpy(b->buf + b->used, bytes, fits);
	b->used += fits;
}

size_t
vformat(char *buf, size_t size, const char *fmt, va_list args)
{
	struct buffer_sink b = {.sink = {buffer_put}, .buf = buf, .room = size - 1};

	sink_vprintf(&b.sink, fmt, args);
	buf[b.used] = '\0';
	return b.used;
}

size_t
format(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	size_t len;

	va_start(args, fmt);
	len = vformat(buf, size, fmt, args);
	va_end(args);
	return len;
}
