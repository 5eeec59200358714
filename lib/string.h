/* SPDX-License-Identifier: MIT */
/* Memory and strings: the subset of C's <string.h> that the hypervisor uses, with its meaning. */
#pragma once

#include "include/types.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/* Copies src with its NUL, cut to fit; false when it was cut. size > 0. */
bool copy_string(char *dst, const char *src, size_t size);

/*
 * A whole unsigned number, decimal or 0x hexadecimal, of at most `len` bytes at s. False when
 * there is anything else in it or it does not fit into 64 bits.
 */
bool parse_u64(const char *s, size_t len, u64 *out);
