/* SPDX-License-Identifier: MIT */
#include "lib/plain.h"

enum { TEXT, ESCAPE, CONTROL /* CSI */, STRING /* OSC and the like, which BEL or ESC \ ends */ };
enum { BEL = 7, BS = 8, ESC = 0x1b, DEL = 0x7f };

static u8
after_escape(u8 byte)
{
	switch (byte) {
	case '[': return CONTROL;
	case ']':
	case 'P':
	case 'X':
	case '^':
	case '_': return STRING;
	default: return byte >= 0x20 && byte < 0x30 ? ESCAPE : TEXT; /* 5.3.3, and ISO 2022 */
	}
}

static u8
next_state(u8 state, u8 byte)
{
	if (byte == ESC)
		return ESCAPE;
	switch (state) {
	case ESCAPE: return after_escape(byte);
	case CONTROL: return byte >= 0x40 ? TEXT : CONTROL; /* 5.4 */
	case STRING: return byte == BEL ? TEXT : STRING;
	default: return TEXT;
	}
}

static void
put(struct plain *p, u8 byte)
{
	if (p->again)
		p->len = 0;
	p->again = false;
	p->line[p->len++] = (char)byte;
}

static void
take(struct plain *p, u8 byte)
{
	if (byte == '\r')
		p->again = true;
	else if (byte == BS)
		p->len -= p->len > 0 ? 1 : 0;
	else if (byte == '\t')
		put(p, ' ');
	else if (byte >= 0xc0) /* UTF-8: the bytes behind the first one are 80h to BFh */
		put(p, '?');
	else if (byte >= ' ' && byte < DEL)
		put(p, byte);
}

bool
plain_feed(struct plain *p, u8 byte)
{
	u8 before = p->state;

	if (p->over)
		p->len = 0;
	p->state = byte == '\n' ? TEXT : next_state(before, byte);
	if (byte == '\n')
		p->again = false;
	else if (before == TEXT && p->state == TEXT)
		take(p, byte);
	p->over = byte == '\n' || p->len == PLAIN_LINE_MAX;
	p->line[p->len] = '\0';
	return p->over;
}
