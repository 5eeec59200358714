/* SPDX-License-Identifier: MIT */
/*
 * The end, for our own mistakes only: a guest, a packet, a table or a file must never get here, so
 * an ASSERT never mentions a value that one of them controls. Never compiled out.
 */
#pragma once

#include "include/types.h"

/* Stops every CPU, prints the cause, registers, a backtrace and the last log lines. */
__noreturn void panic(const char *fmt, ...) __printf_like(1, 2);

#define ASSERT(cond)                                                                               \
	do {                                                                                       \
		if (__builtin_expect(!(cond), 0))                                                  \
			panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #cond);           \
	} while (0)
