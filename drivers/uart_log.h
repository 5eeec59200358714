/* SPDX-License-Identifier: MIT */
/* The log's output on the serial line. */
#pragma once

#include "lib/log.h"

/* write() of a uart's log output: the line as people see it, closed by CR LF. */
void uart_log_write(struct log_output *out, const struct log_line *line);
