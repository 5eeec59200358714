/* SPDX-License-Identifier: MIT */
/*
 * Keys out of the bytes that a terminal sends: ASCII, control characters, and the escape sequences
 * of ECMA-48 5.4 and of the VT100, xterm, rxvt and Linux consoles. Pure.
 *
 * A control character within a sequence ends it and counts, so that garbage never swallows an Enter
 * or a Ctrl-C; a sequence of more than KEYS_SEQUENCE_MAX bytes is given up.
 */
#pragma once

#include "include/types.h"

enum { KEYS_SEQUENCE_MAX = 32 };

enum key {
	KEY_NONE,    /* more bytes are to come, or a sequence that means nothing has ended */
	KEY_CHAR,    /* the byte itself: ' ' to '~' */
	KEY_UNKNOWN, /* a byte that is no key: other control characters, 0x80 and above */
	KEY_ENTER,
	KEY_INTERRUPT,
	KEY_TAB,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_UP,
	KEY_DOWN,
	KEY_HOME,
	KEY_END,
	KEY_WORD_LEFT,
	KEY_WORD_RIGHT,
	KEY_BACKSPACE,
	KEY_DELETE,
	KEY_DELETE_OR_NOTHING, /* Ctrl-D */
	KEY_KILL_TO_END,
	KEY_KILL_TO_START,
	KEY_KILL_WORD, /* left of the cursor */
	KEY_KILL_WORD_RIGHT,
};

struct keys {
	enum { KEYS_PLAIN, KEYS_ESC, KEYS_CSI, KEYS_SS3, KEYS_LINUX } state;
	bool after_cr;	   /* a LF now belongs to the CR before it */
	u8 length;	   /* of the sequence so far */
	u8 parameter;	   /* which one is being read */
	u16 parameters[2]; /* the first two */
};

enum key keys_decode(struct keys *k, u8 byte);
