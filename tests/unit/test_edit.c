/* SPDX-License-Identifier: MIT */
// SOURCES: shell/edit.c shell/keys.c shell/history.c lib/format.c
#include "tests/unit/test.h"

#include "shell/edit.h"
#include "tests/unit/fake/screen.h"
#include "tests/unit/fake/text_sink.h"

static struct text_sink sent;
static struct screen screen;
static struct history history;
static struct edit edit;
static enum edit_event last;

/* Sends to both: the bytes are compared, the screen shows whether they do what they should. */
static void
both(struct sink *sink, const char *bytes, size_t len)
{
	text_sink_put(&sent.sink, bytes, len);
	screen_put(&screen.sink, bytes, len);
}

static struct sink sink = {both};

static int
setup(void **state)
{
	text_sink_clear(&sent);
	screen_clear(&screen);
	history = (struct history){0};
	edit_init(&edit, &sink, &history);
	return 0;
}

static void
type_bytes(const char *bytes, size_t len)
{
	text_sink_clear(&sent);
	for (size_t i = 0; i < len; i++) {
		last = edit_feed(&edit, (u8)bytes[i]);
		if (last != EDIT_MORE && last != EDIT_TAB)
			continue;
		assert_true(edit.cursor <= edit.len && edit.len <= EDIT_LINE_MAX);
		assert_int_equal(screen.column, edit.cursor + edit.surplus);
		if (edit.surplus == 0)
			assert_true(screen_shows(&screen, 0, edit.text, edit.len));
	}
}

#define type(text) type_bytes(text, sizeof(text) - 1)

/* Types the keys and compares the bytes that were sent. */
#define assert_sends(keys, want)                                                                   \
	do {                                                                                       \
		type(keys);                                                                        \
		assert_string_equal(sent.buf, want);                                               \
	} while (0)

/* The line, with | where the cursor is. */
static void
assert_line(const char *want)
{
	char line[EDIT_LINE_MAX + 2];

	memcpy(line, edit.text, edit.cursor);
	line[edit.cursor] = '|';
	memcpy(line + edit.cursor + 1, edit.text + edit.cursor, edit.len - edit.cursor);
	line[edit.len + 1] = '\0';
	assert_string_equal(line, want);
}

static void
restart(const char *line)
{
	edit_begin(&edit);
	screen_clear(&screen);
	type_bytes(line, strlen(line));
}

static void
typing_sends_the_echo_alone(void **state)
{
	assert_sends("help ~!\"\\", "help ~!\"\\");
	assert_line("help ~!\"\\|");
	assert_sends("\r", "\r\n");
	assert_int_equal(last, EDIT_LINE);
	assert_string_equal(edit.text, "help ~!\"\\");
}

/* CR, LF and CR LF are one Enter each; a LF after anything else is one of its own. */
static void
enters(void **state)
{
	assert_sends("\r", "\r\n");
	assert_sends("\n", "");
	assert_int_equal(last, EDIT_MORE);
	assert_sends("\n", "\r\n");
	assert_int_equal(last, EDIT_LINE);
	assert_sends("\n\r\n\r", "\r\n\r\n\r\n");
	edit_begin(&edit);
	assert_sends("\n", "");
	edit_begin(&edit);
	assert_sends("a\n", "a\r\n");
}

static void
ctrl_c_drops_the_line(void **state)
{
	assert_sends("abc\x03", "abc\r\n");
	assert_int_equal(last, EDIT_INTERRUPT);
	edit_begin(&edit);
	assert_int_equal(edit.len, 0);
}

static void
inserting_in_the_middle(void **state)
{
	type("ac\x02");
	assert_sends("b", "bc\b");
	assert_line("ab|c");
}

static void
moving(void **state)
{
	type("ab cd");
	assert_sends("\x1b[D", "\b");
	assert_line("ab c|d");
	assert_sends("\x02\x1bOD", "\b\b");
	assert_line("ab| cd");
	assert_sends("\x1b[C", " ");
	assert_line("ab |cd");
	assert_sends("\x06", "c");
	assert_sends("\x1bOC", "d");
	assert_sends("\x1b[C", "\a");
	assert_sends("\x1b[1;2D\x1b[1;2C", "\bd"); /* with Shift */
	assert_sends("\x01", "\b\b\b\b\b");
	assert_sends("\x02", "\a");
	assert_sends("\x05", "ab cd");
	assert_line("ab cd|");
}

/* Every terminal has its own idea of Home and End. */
static void
home_and_end(void **state)
{
	static const char *const homes[] = {"\x1b[H", "\x1b[1~",   "\x1b[7~",  "\x1bOH",
					    "\x01",   "\x1b[1;5H", "\x1b[1;2H"};
	static const char *const ends[] = {"\x1b[F", "\x1b[4~",	  "\x1b[8~",  "\x1bOF",
					   "\x05",   "\x1b[1;5F", "\x1b[1;2F"};

	type("abc");
	for (unsigned i = 0; i < ARRAY_SIZE(homes); i++) {
		type_bytes(homes[i], strlen(homes[i]));
		assert_string_equal(sent.buf, "\b\b\b");
		assert_line("|abc");
		type_bytes(ends[i], strlen(ends[i]));
		assert_string_equal(sent.buf, "abc");
		assert_line("abc|");
	}
}

static void
moving_by_words(void **state)
{
	static const char *const lefts[] = {"\033b", "\x1b[1;5D", "\x1b[1;3D", "\x1b[5D", "\x1bOd"};
	static const char *const rights[] = {"\033f", "\x1b[1;5C", "\x1b[1;3C", "\x1b[5C",
					     "\x1bOc"};

	type("vm info  web-1 ");
	for (unsigned i = 0; i < ARRAY_SIZE(lefts); i++) {
		type_bytes(lefts[i], strlen(lefts[i]));
		assert_line("vm info  |web-1 ");
		type_bytes(lefts[i], strlen(lefts[i]));
		assert_line("vm |info  web-1 ");
		type_bytes(lefts[i], strlen(lefts[i]));
		assert_line("|vm info  web-1 ");
		type_bytes(rights[i], strlen(rights[i]));
		assert_line("vm| info  web-1 ");
		type_bytes(rights[i], strlen(rights[i]));
		type_bytes(rights[i], strlen(rights[i]));
		assert_line("vm info  web-1| ");
		type("\x05");
	}
}

static void
deleting(void **state)
{
	type("abcd");
	assert_sends("\x7f", "\b \b");
	assert_sends("\b", "\b \b");
	assert_line("ab|");
	type("cd\x02\x02");
	assert_sends("\x7f", "\bcd \b\b\b");
	assert_line("a|cd");
	assert_sends("\x1b[3~", "d \b\b");
	assert_line("a|d");
	assert_sends("\x04", " \b");
	assert_line("a|");
	assert_sends("\x04", "\a");
	assert_sends("\x1b[3~", "\a");
	assert_sends("\x01\x7f", "\b\a");
	assert_line("|a");
}

/* On an empty line Ctrl-D does nothing, not even a sound. */
static void
ctrl_d_on_an_empty_line(void **state)
{
	assert_sends("\x04", "");
	assert_int_equal(last, EDIT_MORE);
}

static void
killing(void **state)
{
	type("one two three\x02\x02\x02\x02\x02");
	assert_sends("\x0b", "     \b\b\b\b\b");
	assert_line("one two |");
	assert_sends("\x17", "\b\b\b\b    \b\b\b\b");
	assert_line("one |");
	assert_sends("\x1b\x7f", "\b\b\b\b    \b\b\b\b");
	assert_line("|");
	assert_sends("\x17\x0b\x15", "\a\a\a");
	type("one two\x02\x02\x02");
	assert_sends("\x15", "\b\b\b\btwo    \b\b\b\b\b\b\b");
	assert_line("|two");
	restart("one two\x01");
	assert_sends("\033d", " two   \b\b\b\b\b\b\b");
	assert_line("| two");
	assert_sends("\x1b[3;5~", "    \b\b\b\b");
	assert_line("|");
}

static void
history_up_and_down(void **state)
{
	history_add(&history, "mem");
	history_add(&history, "version");
	type("he\x02");
	assert_sends("\x1b[A", "\bversion");
	assert_line("version|");
	assert_sends("\x10", "\b\b\b\b\b\b\bmem    \b\b\b\b");
	assert_line("mem|");
	assert_sends("\x1bOA", "\a");
	assert_line("mem|");
	type("X");
	assert_sends("\x1b[B", "\b\b\b\bversion");
	assert_sends("\x0e", "\b\b\b\b\b\b\bhe     \b\b\b\b\b");
	assert_line("he|"); /* what was being typed */
	assert_sends("\x1bOB", "\a");
	type("\x1b[A\r");
	assert_string_equal(edit.text, "version");
	edit_begin(&edit);
	screen_clear(&screen);
	type("\x1b[A");
	assert_line("version|"); /* begins at the newest again */
}

static void
unknown_bytes(void **state)
{
	assert_sends("a\x80\xff\xc3\xa4", "a\a\a\a\a");
	assert_sends("\x0c\x1c\x07", "\a\a\a");
	type_bytes("\0", 1);
	assert_string_equal(sent.buf, "\a");
	assert_line("a|");
}

/* Also what xterm puts around a paste, function keys, answers to questions, the mouse. */
static void
unknown_sequences_are_swallowed(void **state)
{
	assert_sends("\x1b[200~a\x1b[201~b", "ab");
	assert_sends("\x1b[15~\x1bOP\x1b[[Ac", "c");
	assert_sends("\x1b[?1;2c\x1b[24;80R\x1b[<0;1;2Md", "d");
	assert_sends("\x1b[1;2;3;4;5;99999999999999999999m", "");
	assert_sends("\x1b[65539~", ""); /* 3 modulo 2^16: not Delete */
	assert_sends("\x1bz\x1b\x1b[D", "\b");
	assert_line("abc|d");
}

/* An unfinished sequence must not swallow an Enter, a Ctrl-C, or a whole paste. */
static void
unfinished_sequences(void **state)
{
	static const char *const begins[] = {"\x1b", "\x1b[", "\x1b[1;", "\x1bO", "\x1b[["};

	for (unsigned i = 0; i < ARRAY_SIZE(begins); i++) {
		type_bytes(begins[i], strlen(begins[i]));
		type("\r");
		assert_int_equal(last, EDIT_LINE);
		type_bytes(begins[i], strlen(begins[i]));
		type("\x03");
		assert_int_equal(last, EDIT_INTERRUPT);
		edit_begin(&edit);
	}
	type("\x1b[");
	for (unsigned i = 0; i < KEYS_SEQUENCE_MAX; i++)
		assert_sends("0", "");
	assert_sends("0", "0");
}

static void
type_many(char byte, size_t count)
{
	for (; count > 0; count--)
		type_bytes(&byte, 1);
}

static void
the_longest_line(void **state)
{
	type_many('a', EDIT_LINE_MAX);
	assert_sends("\r", "\r\n");
	assert_int_equal(last, EDIT_LINE);
	assert_int_equal(strlen(edit.text), EDIT_LINE_MAX);
}

static void
too_long_a_line(void **state)
{
	type_many('a', EDIT_LINE_MAX);
	assert_sends("b", "b");
	assert_sends("\x1b[D\x15\x01\t\x1b[A", "\a\a\a\a\a");
	assert_sends("\r", "\r\n");
	assert_int_equal(last, EDIT_TOO_LONG);
	edit_begin(&edit);
	screen_clear(&screen);
	assert_sends("ok\r", "ok\r\n");
	assert_int_equal(last, EDIT_LINE);
}

static void
surplus_can_be_taken_away(void **state)
{
	type_many('a', EDIT_LINE_MAX - 1);
	type("bcd");
	assert_sends("\x7f\x7f", "\b \b\b \b");
	assert_int_equal(edit.surplus, 0);
	type("\r");
	assert_int_equal(last, EDIT_LINE);
	assert_int_equal(edit.text[EDIT_LINE_MAX - 1], 'b');
}

/* An insertion that the line has no room for must not be lost silently. */
static void
too_long_from_the_middle(void **state)
{
	type_many('a', EDIT_LINE_MAX);
	type("\x01");
	type("b");
	assert_int_equal(edit.surplus, 1);
	assert_int_equal(edit.cursor, EDIT_LINE_MAX);
	type("\r");
	assert_int_equal(last, EDIT_TOO_LONG);
}

static void
a_line_of_64_kib(void **state)
{
	type_many('x', 64 * KiB);
	assert_int_equal(edit.len, EDIT_LINE_MAX);
	type("\x03");
	assert_int_equal(last, EDIT_INTERRUPT);
}

static void
tab_is_the_callers(void **state)
{
	assert_sends("lo\t", "lo");
	assert_int_equal(last, EDIT_TAB);
	text_sink_clear(&sent);
	edit_insert(&edit, "g ", 2);
	assert_string_equal(sent.buf, "g ");
	assert_line("log |");
	type("\x02\x02");
	text_sink_clear(&sent);
	edit_insert(&edit, "XY", 2);
	assert_string_equal(sent.buf, "XYg \b\b");
	type_many('a', EDIT_LINE_MAX - edit.len);
	text_sink_clear(&sent);
	edit_insert(&edit, "b", 1);
	assert_string_equal(sent.buf, "\a");
}

static void
showing_the_line_again(void **state)
{
	type("abcd\x02\x02");
	screen_clear(&screen);
	text_sink_clear(&sent);
	edit_show(&edit);
	assert_string_equal(sent.buf, "abcd\b\b");
	assert_line("ab|cd");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(typing_sends_the_echo_alone, setup),
		cmocka_unit_test_setup(enters, setup),
		cmocka_unit_test_setup(ctrl_c_drops_the_line, setup),
		cmocka_unit_test_setup(inserting_in_the_middle, setup),
		cmocka_unit_test_setup(moving, setup),
		cmocka_unit_test_setup(home_and_end, setup),
		cmocka_unit_test_setup(moving_by_words, setup),
		cmocka_unit_test_setup(deleting, setup),
		cmocka_unit_test_setup(ctrl_d_on_an_empty_line, setup),
		cmocka_unit_test_setup(killing, setup),
		cmocka_unit_test_setup(history_up_and_down, setup),
		cmocka_unit_test_setup(unknown_bytes, setup),
		cmocka_unit_test_setup(unknown_sequences_are_swallowed, setup),
		cmocka_unit_test_setup(unfinished_sequences, setup),
		cmocka_unit_test_setup(the_longest_line, setup),
		cmocka_unit_test_setup(too_long_a_line, setup),
		cmocka_unit_test_setup(surplus_can_be_taken_away, setup),
		cmocka_unit_test_setup(too_long_from_the_middle, setup),
		cmocka_unit_test_setup(a_line_of_64_kib, setup),
		cmocka_unit_test_setup(tab_is_the_callers, setup),
		cmocka_unit_test_setup(showing_the_line_again, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
