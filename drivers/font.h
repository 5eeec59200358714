/* SPDX-License-Identifier: MIT */
/* Our own font for framebuffers: printable ASCII, 8 by 16 pixels; a box for everything else. */
#pragma once

#include "include/types.h"

enum { FONT_WIDTH = 8, FONT_HEIGHT = 16 };

/* One row (0 to FONT_HEIGHT - 1, from the top) of a character; the highest bit is the leftmost. */
u8 font_row(u8 character, unsigned row);
