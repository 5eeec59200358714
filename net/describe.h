/* SPDX-License-Identifier: MIT */
/* What a frame is, in a line for a person, as tcpdump has it. Pure; the bytes are hostile. */
#pragma once

#include "lib/format.h"

/*
 * Writes a line, without its newline, about a frame of len bytes as on the wire (tags among them,
 * no FCS), of which the first `captured` are at hand. Only printable characters, at most
 * DESCRIBE_MAX of them.
 */
enum { DESCRIBE_MAX = 320 };

void net_describe(struct sink *out, const u8 *bytes, size_t captured, size_t len);
