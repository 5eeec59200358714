/* SPDX-License-Identifier: MIT */
/*
 * printf's formats, freestanding: flags - 0 # +, width, precision, * for both; h hh l ll z; and
 * d i u x X c s p %. No floats, no %n. Pure: writes only through the sink.
 */
#pragma once

#include <stdarg.h>

#include "include/types.h"

/* Where formatted bytes go: put() is called with one run of bytes after the other. */
struct sink {
	void (*put)(struct sink *sink, const char *bytes, size_t len);
};

void sink_printf(struct sink *sink, const char *fmt, ...) __printf_like(2, 3);
void sink_vprintf(struct sink *sink, const char *fmt, va_list args) __printf_like(2, 0);

/*
 * Into a buffer, always closed with NUL (size > 0), cut to fit. Answers the bytes that are in the
 * buffer now, without the NUL, unlike snprintf: safe to add up.
 */
size_t format(char *buf, size_t size, const char *fmt, ...) __printf_like(3, 4);
size_t vformat(char *buf, size_t size, const char *fmt, va_list args) __printf_like(3, 0);
