/* SPDX-License-Identifier: MIT */
/* The log: a ring of lines and its outputs. */
#include "lib/log.h"

#include "include/intrin.h"
#include "include/panic.h"
#include "lib/format.h"
#include "lib/lock.h"
#include "lib/string.h"

static struct spinlock lock = SPINLOCK_INIT(RANK_LOG, "log"); /* guards all below */
static struct log_line first_lines[LOG_RING_LINES];
static struct log_line *ring = first_lines;
static u64 ring_lines = LOG_RING_LINES;
static u64 next_seq, first_seq; /* first_seq: the oldest one that the ring was enlarged with */
static struct log_output *outputs;
static u64 (*clock_ns)(void);
static enum log_level max_level = LOG_INFO;

static const char *const level_names[LOG_LEVELS] = {"error", "warn", "info", "debug"};

static struct log_line *
slot(u64 seq)
{
	return &ring[seq % ring_lines];
}

static u64
oldest_seq(void)
{
	u64 kept = next_seq > ring_lines ? next_seq - ring_lines : 0;

	return MAX(kept, first_seq);
}

/* Lines that a smaller ring had lost already stay lost. */
void
log_enlarge(struct log_line *lines, u32 count)
{
	u64 flags = spin_lock(&lock);

	ASSERT(count >= ring_lines);
	first_seq = oldest_seq();
	for (u64 seq = first_seq; seq < next_seq; seq++)
		lines[seq % count] = *slot(seq);
	ring = lines;
	ring_lines = count;
	spin_unlock(&lock, flags);
}

/* A line may quote a table or a file: nothing in it may speak to the terminal that shows it. */
static void
make_printable(char *text)
{
	for (; *text != '\0'; text++) {
		if (*text < 0x20 || *text > 0x7e)
			*text = '?';
	}
}

void
log_vat(enum log_level level, const char *fmt, va_list args)
{
	struct log_line *line;
	u64 flags;

	if (level > READ_ONCE(max_level))
		return;
	flags = spin_lock(&lock);
	line = slot(next_seq);
	line->seq = next_seq++;
	line->time_ns = clock_ns != NULL ? clock_ns() : 0;
	line->cpu = (u16)cpu_index();
	line->level = (u8)level;
	vformat(line->text, sizeof(line->text), fmt, args);
	make_printable(line->text);
	for (struct log_output *out = outputs; out != NULL; out = out->next)
		out->write(out, line);
	spin_unlock(&lock, flags);
}

void
log_at(enum log_level level, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_vat(level, fmt, args);
	va_end(args);
}

void
log_set_level(enum log_level level)
{
	WRITE_ONCE(max_level, level);
}

const char *
log_level_name(enum log_level level)
{
	return level_names[level];
}

bool
log_level_from_name(const char *name, enum log_level *out)
{
	for (unsigned i = 0; i < LOG_LEVELS; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void
log_set_clock(u64 (*now_ns)(void))
{
	u64 flags = spin_lock(&lock);

	clock_ns = now_ns;
	spin_unlock(&lock, flags);
}

void
log_add_output(struct log_output *out, bool replay)
{
	u64 flags = spin_lock(&lock);

	for (u64 seq = oldest_seq(); replay && seq < next_seq; seq++)
		out->write(out, slot(seq));
	out->next = outputs;
	outputs = out;
	spin_unlock(&lock, flags);
}

void
log_remove_output(struct log_output *out)
{
	u64 flags = spin_lock(&lock);

	for (struct log_output **at = &outputs; *at != NULL; at = &(*at)->next) {
		if (*at == out) {
			*at = out->next;
			break;
		}
	}
	spin_unlock(&lock, flags);
}

bool
log_read(u64 *seq, struct log_line *out)
{
	u64 flags = spin_lock(&lock);
	u64 at = MAX(*seq, oldest_seq());
	bool there = at < next_seq;

	if (there) {
		*out = *slot(at);
		*seq = at + 1;
	}
	spin_unlock(&lock, flags);
	return there;
}

u64
log_next_seq(void)
{
	return READ_ONCE(next_seq);
}

u64
log_overwritten(void)
{
	u64 flags = spin_lock(&lock);
	u64 lost = oldest_seq();

	spin_unlock(&lock, flags);
	return lost;
}

size_t
log_format_line(char *buf, size_t size, const struct log_line *line)
{
	u64 us = line->time_ns / 1000;
	const char *mark = line->level == LOG_ERROR  ? "error: "
			   : line->level == LOG_WARN ? "warn: "
						     : "";

	return format(buf, size, "[%5lu.%06lu] %s%s", us / 1000000, us % 1000000, mark, line->text);
}
