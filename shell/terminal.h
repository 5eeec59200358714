/* SPDX-License-Identifier: MIT */
/* What the shell talks to: bytes both ways. The console's UART, or a test. */
#pragma once

#include "include/types.h"

#define TERMINAL_FOREVER (~0ul)

struct terminal {
	/*
	 * Waits for input, at most timeout_ns (0: not at all); answers how many bytes it has
	 * taken, at most len, 0 when none has come in time.
	 */
	size_t (*read)(struct terminal *terminal, u8 *bytes, size_t len, u64 timeout_ns);

	/* Sends the bytes as they are. */
	void (*write)(struct terminal *terminal, const char *bytes, size_t len);

	/* Makes the read() that waits, or else the next one, return at once. Any thread. */
	void (*wake)(struct terminal *terminal);
};
