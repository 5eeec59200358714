/* SPDX-License-Identifier: MIT */
// SOURCES: lib/log.c lib/lock.c lib/format.c lib/error.c
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "include/errors.h"
#include "include/intrin.h"
#include "lib/lock.h"
#include "lib/log.h"

/* An output that keeps the numbers of the lines it got. */
struct collector {
	struct log_output out;
	unsigned count;
	u64 first, last;
	bool in_order;
	bool irqs_seen; /* it was called with interrupts enabled */
	char text[LOG_LINE_MAX + 1];
};

static void
collect(struct log_output *out, const struct log_line *line)
{
	struct collector *c = container_of(out, struct collector, out);

	c->in_order = c->count == 0 || (c->in_order && line->seq == c->last + 1);
	if (c->count++ == 0)
		c->first = line->seq;
	c->last = line->seq;
	c->irqs_seen = c->irqs_seen || irqs_enabled();
	memcpy(c->text, line->text, sizeof(c->text));
}

static struct collector
collector(void)
{
	return (struct collector){.out = {.write = collect}};
}

static u64 fake_ns;

static u64
fake_clock(void)
{
	return fake_ns;
}

static void
line_contents(void **state)
{
	struct log_line line;
	u64 seq = log_next_seq();

	fake_cpu = 3;
	fake_ns = 42;
	log_warn("%s %d", "answer", 42);
	fake_cpu = 0;
	log_set_clock(fake_clock);
	log_error("later");
	log_set_clock(NULL);
	assert_true(log_read(&seq, &line));
	assert_string_equal(line.text, "answer 42");
	assert_int_equal(line.cpu, 3);
	assert_int_equal(line.level, LOG_WARN);
	assert_int_equal(line.time_ns, 0); /* no clock yet */
	assert_int_equal(line.seq + 1, seq);
	assert_true(log_read(&seq, &line));
	assert_int_equal(line.time_ns, 42);
	assert_false(log_read(&seq, &line));
	assert_int_equal(seq, log_next_seq());
	assert_true(irqs_enabled());
}

static void
levels(void **state)
{
	u64 seq = log_next_seq();

	log_debug("dropped");
	assert_int_equal(log_next_seq(), seq);
	log_info("kept");
	assert_int_equal(log_next_seq(), seq + 1);
	log_set_level(LOG_ERROR);
	log_warn("dropped");
	log_error("kept");
	assert_int_equal(log_next_seq(), seq + 2);
	log_set_level(LOG_DEBUG);
	log_debug("kept");
	assert_int_equal(log_next_seq(), seq + 3);
	log_set_level(LOG_INFO);
}

static void
level_names(void **state)
{
	enum log_level level;

	for (unsigned i = 0; i < LOG_LEVELS; i++) {
		assert_true(log_level_from_name(log_level_name((enum log_level)i), &level));
		assert_int_equal(level, i);
	}
	assert_string_equal(log_level_name(LOG_WARN), "warn");
	assert_false(log_level_from_name("", &level));
	assert_false(log_level_from_name("warning", &level));
	assert_false(log_level_from_name("INFO", &level));
}

/* A line that is too long is cut, and the next one is not harmed. */
static void
long_line(void **state)
{
	char text[LOG_LINE_MAX + 60];
	struct log_line line;
	u64 seq = log_next_seq();

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	log_info("next");
	assert_true(log_read(&seq, &line));
	assert_int_equal(strlen(line.text), LOG_LINE_MAX);
	assert_true(log_read(&seq, &line));
	assert_string_equal(line.text, "next");
}

/* Outputs get what is logged while they are there, in order, with interrupts off. */
static void
outputs(void **state)
{
	struct collector a = collector(), b = collector();
	u64 seq = log_next_seq();

	log_info("before");
	log_add_output(&a.out, false);
	log_info("one");
	log_add_output(&b.out, false);
	log_info("two");
	log_remove_output(&a.out);
	log_info("three");
	log_remove_output(&b.out);
	log_remove_output(&b.out); /* one that is not there */
	log_info("after");
	assert_int_equal(a.count, 2);
	assert_int_equal(a.first, seq + 1);
	assert_string_equal(a.text, "two");
	assert_int_equal(b.count, 2);
	assert_int_equal(b.first, seq + 2);
	assert_string_equal(b.text, "three");
	assert_true(a.in_order && b.in_order);
	assert_false(a.irqs_seen || b.irqs_seen);
}

static void
replay(void **state)
{
	struct collector late = collector();
	u64 next = log_next_seq();

	log_add_output(&late.out, true);
	assert_int_equal(late.count, MIN(next, (u64)LOG_RING_LINES));
	assert_int_equal(late.last, next - 1);
	log_info("live");
	assert_int_equal(late.last, next);
	assert_string_equal(late.text, "live");
	assert_true(late.in_order);
	log_remove_output(&late.out);
}

/* The oldest lines go first; a reader that was too slow goes on with the oldest that is there. */
static void
ring_wraps(void **state)
{
	struct collector late = collector();
	struct log_line line;
	u64 seq = 0, next;

	for (unsigned i = 0; i < 2 * LOG_RING_LINES + 5; i++)
		log_info("line %lu", log_next_seq());
	next = log_next_seq();
	assert_int_equal(log_overwritten(), next - LOG_RING_LINES);
	for (u64 want = next - LOG_RING_LINES; want < next; want++) {
		char text[32];

		assert_true(log_read(&seq, &line));
		snprintf(text, sizeof(text), "line %lu", want);
		assert_string_equal(line.text, text);
		assert_int_equal(line.seq, want);
	}
	assert_false(log_read(&seq, &line));
	log_add_output(&late.out, true);
	log_remove_output(&late.out);
	assert_int_equal(late.count, LOG_RING_LINES);
	assert_int_equal(late.first, next - LOG_RING_LINES);
	assert_true(late.in_order);
}

static void
as_people_see_it(void **state)
{
	struct log_line line = {.time_ns = 1234567890, .level = LOG_INFO, .text = "text"};
	char buf[64];

	assert_int_equal(log_format_line(buf, sizeof(buf), &line), 19);
	assert_string_equal(buf, "[    1.234567] text");
	line.level = LOG_WARN;
	log_format_line(buf, sizeof(buf), &line);
	assert_string_equal(buf, "[    1.234567] warn: text");
	line.level = LOG_ERROR;
	line.time_ns = 123456000000001;
	log_format_line(buf, sizeof(buf), &line);
	assert_string_equal(buf, "[123456.000000] error: text");
	assert_int_equal(log_format_line(buf, 8, &line), 7);
}

/* fail() answers its error, and at level debug says where it was born. */
static void
births(void **state)
{
	struct log_line line;
	u64 seq = log_next_seq();

	assert_int_equal(fail(-ERR_NOMEM), -ERR_NOMEM);
	assert_false(log_read(&seq, &line));
	log_set_level(LOG_DEBUG);
	assert_int_equal(fail(-ERR_NOMEM), -ERR_NOMEM);
	log_set_level(LOG_INFO);
	assert_true(log_read(&seq, &line));
	assert_non_null(strstr(line.text, "(not enough memory) at "));
	assert_non_null(strstr(line.text, "test_log.c:"));
	assert_string_equal(error_text(-ERR_BUSY), error_text(ERR_BUSY));
	assert_string_equal(error_text(-1000), "unknown error");
	for (int e = 0; e < ERR_COUNT; e++)
		assert_non_null(error_text(e));
}

/* Whoever shows a line, on whatever terminal: what is quoted in it can't speak to that. */
static void
only_printable(void **state)
{
	struct log_line line;
	u64 seq = log_next_seq();

	log_warn("OEM %s", "\033[2J\xff\r\n~ \x7f.");
	assert_true(log_read(&seq, &line));
	assert_string_equal(line.text, "OEM ?[2J???~ ?.");
}

/* An output that logs is our mistake, and a deadlock without the lock's check. */
static void
write_that_logs(struct log_output *out, const struct log_line *line)
{
	log_info("again");
}

static void
output_that_logs(void **state)
{
	struct log_output out = {.write = write_that_logs};

	log_add_output(&out, false);
	expect_panic(log_info("once"));
	assert_non_null(strstr(panic_text, "taken twice"));
	locks_disable(); /* the lock stays taken: this is the last test */
	log_remove_output(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_contents),    cmocka_unit_test(levels),
		cmocka_unit_test(level_names),	    cmocka_unit_test(long_line),
		cmocka_unit_test(outputs),	    cmocka_unit_test(replay),
		cmocka_unit_test(ring_wraps),	    cmocka_unit_test(as_people_see_it),
		cmocka_unit_test(births),	    cmocka_unit_test(only_printable),
		cmocka_unit_test(output_that_logs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
