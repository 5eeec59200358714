/* SPDX-License-Identifier: MIT */
/* What was typed and not looked at yet, in one piece. */
#include "shell/input.h"

#include "include/panic.h"
#include "lib/string.h"

size_t
input_room(struct input *input, u8 **room)
{
	size_t used = input->end - input->begin;

	if (input->begin > 0) {
		memmove(input->bytes, input->bytes + input->begin, used);
		input->begin = 0;
		input->end = used;
	}
	*room = input->bytes + used;
	return INPUT_SIZE - used;
}

void
input_added(struct input *input, size_t len)
{
	ASSERT(len <= INPUT_SIZE - input->end);
	input->end += len;
}

bool
input_peek(const struct input *input, u8 *byte)
{
	if (input->begin == input->end)
		return false;
	*byte = input->bytes[input->begin];
	return true;
}

bool
input_take(struct input *input, u8 *byte)
{
	bool there = input_peek(input, byte);

	input->begin += there ? 1 : 0;
	return there;
}

bool
input_remove(struct input *input, u8 byte)
{
	size_t kept = input->begin;

	for (size_t at = input->begin; at < input->end; at++) {
		if (input->bytes[at] != byte)
			input->bytes[kept++] = input->bytes[at];
	}
	if (kept == input->end)
		return false;
	input->end = kept;
	return true;
}
