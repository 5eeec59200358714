/* SPDX-License-Identifier: MIT */
/* What C's <string.h> lacks. Apart from lib/string.h, so that host programs link it beside libc. */
#pragma once

#include "include/types.h"

/* Copies src with its NUL, cut to fit; false when it was cut. size > 0. */
bool copy_string(char *dst, const char *src, size_t size);

/*
 * A whole unsigned number, decimal or 0x hexadecimal, of at most `len` bytes at s. False when
 * there is anything else in it or it does not fit into 64 bits.
 */
bool parse_u64(const char *s, size_t len, u64 *out);
