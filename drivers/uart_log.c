/* SPDX-License-Identifier: MIT */
#include "drivers/uart_log.h"

#include "drivers/uart.h"

enum { PREFIX_MAX = 40 }; /* "[time] error: " and CR LF */

/* A line may quote a table or a file: nothing in it may speak to the terminal. */
static void
make_printable(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e)
			text[i] = '?';
	}
}

/* The log's lock is held: what goes wrong is only recorded. */
void
uart_log_write(struct log_output *out, const struct log_line *line)
{
	struct uart *uart = container_of(out, struct uart, log);
	char text[LOG_LINE_MAX + PREFIX_MAX];
	size_t len = log_format_line(text, sizeof(text) - 2, line);

	make_printable(text, len);
	text[len++] = '\r';
	text[len++] = '\n';
	uart_write_unreported(uart, text, len);
}
