/* SPDX-License-Identifier: MIT */
/*
 * What was typed and not looked at yet: what comes while a command runs waits here, but for the
 * Ctrl-C that is meant for the command. Pure; the shell's thread alone.
 */
#pragma once

#include "include/types.h"

enum { INPUT_SIZE = 20 * 1024 };

struct input {
	size_t begin, end; /* begin <= end <= INPUT_SIZE */
	u8 bytes[INPUT_SIZE];
};

/* Room for more at the end, which the caller fills and adds; 0 when the input is full. */
size_t input_room(struct input *input, u8 **room);
void input_added(struct input *input, size_t len);

/* The next byte without taking it; false when there is none. */
bool input_peek(const struct input *input, u8 *byte);
bool input_take(struct input *input, u8 *byte);

/* Takes every such byte out, wherever it is; answers whether there was one. */
bool input_remove(struct input *input, u8 byte);
