/* SPDX-License-Identifier: MIT */
/* What C's <string.h> lacks. Apart from lib/string.h, so that host programs link it beside libc. */
#pragma once

#include "include/types.h"

/* A piece of a longer text; not closed with NUL. */
struct slice {
	const char *at;
	size_t len;
};

#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})

bool is_blank(char c); /* a space or a tab */
bool slice_is(struct slice s, const char *word);
/* Without the blanks at both ends. */
struct slice slice_trim(struct slice s);
/* Takes what is before the first `end`, or all, off the front of s, and the `end` with it. */
struct slice slice_cut(struct slice *s, char end);
/* Takes the first word off the front of s; empty when there is none. */
struct slice slice_word(struct slice *s);
/*
 * For a message: into buf with its NUL, every byte that is not printable ASCII as '?', a long one
 * cut to fit with "..." at its end. size > 3. Answers buf.
 */
const char *slice_show(struct slice s, char *buf, size_t size);

/* Copies src with its NUL, cut to fit; false when it was cut. size > 0. */
bool copy_string(char *dst, const char *src, size_t size);

/*
 * A whole unsigned number, decimal or 0x hexadecimal, of at most `len` bytes at s. False when
 * there is anything else in it or it does not fit into 64 bits.
 */
bool parse_u64(const char *s, size_t len, u64 *out);

/* The same of hexadecimal digits alone, without 0x. */
bool parse_hex(const char *s, size_t len, u64 *out);

enum { MAC_LEN = 6, MAC_TEXT_LEN = 17, IPV4_TEXT_MAX = 15 /* without the NUL */ };

/* 192.0.2.1, in host order: four decimal numbers, none with a 0 before other digits. */
bool parse_ipv4(const char *s, size_t len, u32 *out);

/* 52:54:00:00:00:01 */
bool parse_mac(const char *s, size_t len, u8 out[MAC_LEN]);
