/* SPDX-License-Identifier: MIT */
#include "drivers/uart_log.h"

#include "drivers/uart.h"

enum { PREFIX_MAX = 40 }; /* "[time] error: " and CR LF */

/* The log's lock is held: what goes wrong is only recorded. */
void
uart_log_write(struct log_output *out, const struct log_line *line)
{
	struct uart *uart = container_of(out, struct uart, log);
	char text[LOG_LINE_MAX + PREFIX_MAX];
	size_t len = log_format_line(text, sizeof(text) - 2, line);

	text[len++] = '\r';
	text[len++] = '\n';
	uart_write_unreported(uart, text, len);
}
