/* SPDX-License-Identifier: MIT */
/* Keys out of bytes: a state machine whose states are the kinds of escape sequences. */
#include "shell/keys.h"

enum { ESC = 0x1b, CTRL = 0x1f, PARAMETER_MAX = 999 };

static const u8 controls[] = {
	['A' & CTRL] = KEY_HOME,      ['B' & CTRL] = KEY_LEFT,
	['C' & CTRL] = KEY_INTERRUPT, ['D' & CTRL] = KEY_DELETE_OR_NOTHING,
	['E' & CTRL] = KEY_END,	      ['F' & CTRL] = KEY_RIGHT,
	['H' & CTRL] = KEY_BACKSPACE, ['I' & CTRL] = KEY_TAB,
	['J' & CTRL] = KEY_ENTER,     ['K' & CTRL] = KEY_KILL_TO_END,
	['M' & CTRL] = KEY_ENTER,     ['N' & CTRL] = KEY_DOWN,
	['P' & CTRL] = KEY_UP,	      ['U' & CTRL] = KEY_KILL_TO_START,
	['W' & CTRL] = KEY_KILL_WORD,
};

static enum key
plain(struct keys *k, u8 byte)
{
	bool after_cr = k->after_cr;

	k->after_cr = byte == '\r';
	k->state = KEYS_PLAIN;
	if (byte == ESC) {
		k->state = KEYS_ESC;
		return KEY_NONE;
	}
	if (byte == '\n' && after_cr)
		return KEY_NONE;
	if (byte >= ' ' && byte < 0x7f)
		return KEY_CHAR;
	if (byte == 0x7f)
		return KEY_BACKSPACE;
	if (byte < ARRAY_SIZE(controls) && controls[byte] != KEY_NONE)
		return (enum key)controls[byte];
	return KEY_UNKNOWN;
}

/* After ESC: a sequence begins, or the byte is a key typed with Alt. */
static enum key
escape(struct keys *k, u8 byte)
{
	k->state = KEYS_PLAIN;
	switch (byte) {
	case '[': *k = (struct keys){.state = KEYS_CSI}; return KEY_NONE;
	case 'O': k->state = KEYS_SS3; return KEY_NONE;
	case 'b': return KEY_WORD_LEFT;
	case 'f': return KEY_WORD_RIGHT;
	case 'd': return KEY_KILL_WORD_RIGHT;
	case '\b':
	case 0x7f: return KEY_KILL_WORD;
	default: return byte < ' ' || byte >= 0x80 ? plain(k, byte) : KEY_NONE;
	}
}

/* The keys whose final byte is the same in CSI and SS3 sequences. */
static enum key
letter(u8 final, bool by_word)
{
	switch (final) {
	case 'A': return KEY_UP;
	case 'B': return KEY_DOWN;
	case 'C': return by_word ? KEY_WORD_RIGHT : KEY_RIGHT;
	case 'D': return by_word ? KEY_WORD_LEFT : KEY_LEFT;
	case 'H': return KEY_HOME;
	case 'F': return KEY_END;
	default: return KEY_NONE;
	}
}

/* CSI number ~: the VT220's editing keypad, in its dialects. */
static enum key
keypad(u16 number, bool by_word)
{
	switch (number) {
	case 1:
	case 7: return KEY_HOME;
	case 4:
	case 8: return KEY_END;
	case 3: return by_word ? KEY_KILL_WORD_RIGHT : KEY_DELETE;
	default: return KEY_NONE;
	}
}

/* The second parameter is xterm's modifier: 1 + Shift 1 + Alt 2 + Ctrl 4. Older ones send CSI 5 C.
 */
static bool
by_word(const struct keys *k)
{
	u16 modifier = k->parameter > 0 ? k->parameters[1] : k->parameters[0];

	return modifier == 3 || modifier >= 5;
}

static void
csi_parameter(struct keys *k, u8 byte)
{
	if (byte == ';' && k->parameter < ARRAY_SIZE(k->parameters))
		k->parameter++;
	if (byte < '0' || byte > '9' || k->parameter >= ARRAY_SIZE(k->parameters))
		return;
	k->parameters[k->parameter] = (u16)(k->parameters[k->parameter] * 10 + (byte - '0'));
	k->parameters[k->parameter] = MIN(k->parameters[k->parameter], PARAMETER_MAX);
}

static enum key
csi(struct keys *k, u8 byte)
{
	if (byte < ' ' || byte >= 0x7f)
		return plain(k, byte);
	if (byte == '[' && k->length == 0) {
		k->state = KEYS_LINUX;
		return KEY_NONE;
	}
	if (byte < '@') { /* parameter and intermediate bytes */
		csi_parameter(k, byte);
		if (++k->length == KEYS_SEQUENCE_MAX)
			k->state = KEYS_PLAIN;
		return KEY_NONE;
	}
	k->state = KEYS_PLAIN;
	if (byte == '~')
		return keypad(k->parameters[0], k->parameter > 0 && by_word(k));
	return letter(byte, by_word(k));
}

/* SS3: the VT100's cursor and function keys; rxvt's Ctrl-arrows in small letters. */
static enum key
ss3(struct keys *k, u8 byte)
{
	if (byte < ' ' || byte >= 0x7f)
		return plain(k, byte);
	k->state = KEYS_PLAIN;
	if (byte == 'c' || byte == 'd')
		return byte == 'c' ? KEY_WORD_RIGHT : KEY_WORD_LEFT;
	return letter(byte, false);
}

/* CSI [ and a letter: the Linux console's F1 to F5. */
static enum key
linux_function(struct keys *k, u8 byte)
{
	if (byte < ' ' || byte >= 0x7f)
		return plain(k, byte);
	k->state = KEYS_PLAIN;
	return KEY_NONE;
}

enum key
keys_decode(struct keys *k, u8 byte)
{
	switch (k->state) {
	case KEYS_ESC: return escape(k, byte);
	case KEYS_CSI: return csi(k, byte);
	case KEYS_SS3: return ss3(k, byte);
	case KEYS_LINUX: return linux_function(k, byte);
	default: return plain(k, byte);
	}
}
