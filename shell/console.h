/* SPDX-License-Identifier: MIT */
/* The shell on the machine's serial line. */
#pragma once

#include "drivers/uart.h"

/*
 * The body of the shell's thread, for thread_create(); its argument is the struct uart. Takes the
 * UART out of the log's outputs, since from the first prompt on the line is the shell's, and
 * turns its interrupt on; a UART without one is polled every millisecond by a thread of its own.
 */
void console_run(void *uart);
