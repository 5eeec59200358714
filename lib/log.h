/* SPDX-License-Identifier: MIT */
/*
 * The log: every line goes into a ring in memory, and to the outputs that are registered at that
 * time (serial line, screen). Any CPU, any context but NMI. A line is at most LOG_LINE_MAX bytes;
 * a longer one is cut. When the ring is full the oldest lines are overwritten, and counted.
 */
#pragma once

#include <stdarg.h>

#include "include/types.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVELS };

/* The ring has LOG_RING_LINES until log_enlarge() gives it more memory. */
enum { LOG_LINE_MAX = 240, LOG_RING_LINES = 32 };

struct log_line {
	u64 seq;     /* from 0, without a gap */
	u64 time_ns; /* since the hypervisor's start */
	u16 cpu;
	u8 level;
	char text[LOG_LINE_MAX + 1]; /* printable ASCII; what was none of it is '?' */
};

/* An output; write() is called under the log's lock, with interrupts off, one line a call. */
struct log_output {
	void (*write)(struct log_output *out, const struct log_line *line);
	struct log_output *next;
};

void log_at(enum log_level level, const char *fmt, ...) __printf_like(2, 3);
void log_vat(enum log_level level, const char *fmt, va_list args) __printf_like(2, 0);

#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

/* Lines above this level (more verbose) are not kept at all. LOG_INFO at first. */
void log_set_level(enum log_level level);
const char *log_level_name(enum log_level level);
/* False when the name is not one of error, warn, info, debug. */
bool log_level_from_name(const char *name, enum log_level *out);

/* Moves the ring to this memory of so many lines, which stays the log's: at least as many as now.
 */
void log_enlarge(struct log_line *lines, u32 count);

/* Where the time of a line comes from; 0 until it is set. */
void log_set_clock(u64 (*now_ns)(void));

/* Adds an output; with replay it first gets every line that is still in the ring. */
void log_add_output(struct log_output *out, bool replay);
void log_remove_output(struct log_output *out);

/*
 * Copies the line with the number *seq, or the oldest one after it that is still there; *seq then
 * is the next one's number. False when there is none yet.
 */
bool log_read(u64 *seq, struct log_line *out);
u64 log_next_seq(void);
u64 log_overwritten(void); /* lines that the ring has lost to newer ones */

/* A line as people see it, "[    1.234567] text" with "warn: " or "error: " before the text. */
size_t log_format_line(char *buf, size_t size, const struct log_line *line);
