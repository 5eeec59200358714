/* SPDX-License-Identifier: MIT */
/*
 * Plain lines out of what is sent to a terminal: escape sequences are left out (ECMA-48), a
 * character beyond ASCII is '?', and a line that is written anew after a CR replaces the old one.
 * Whatever the bytes are, a line ends. Pure, no lock.
 */
#pragma once

#include "include/types.h"

enum { PLAIN_LINE_MAX = 200 };

struct plain {
	u8 state;   /* within an escape sequence or not */
	bool again; /* a CR: what comes next begins the line anew */
	bool over;  /* the line was complete: what comes next begins another */
	size_t len;
	char line[PLAIN_LINE_MAX + 1]; /* closed with NUL */
};

/* True: plain->line is complete, up to the next call. */
bool plain_feed(struct plain *plain, u8 byte);
