/* SPDX-License-Identifier: MIT */
#include "drivers/post.h"

#include "arch/x86_64/io.h"

enum { POST_PORT = 0x80 };

void
post_code(enum post_stage stage)
{
	out8(POST_PORT, (u8)stage);
}
