/* SPDX-License-Identifier: MIT */
// SOURCES: shell/shell.c shell/command.c shell/complete.c shell/words.c shell/input.c shell/edit.c
// SOURCES: shell/keys.c shell/history.c shell/json.c shell/cmd_help.c shell/cmd_log.c
// SOURCES: shell/cmd_version.c lib/distance.c lib/format.c lib/log.c lib/lock.c
// SOURCES: lib/error.c lib/text.c
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "lib/string.h"
#include "shell/cmd_help.h"
#include "shell/cmd_log.h"
#include "shell/cmd_version.h"
#include "shell/commands.h"
#include "shell/shell.h"
#include "shell/words.h"
#include "tests/unit/fake/text_sink.h"

/* A terminal: what the shell sends, and what is typed while a command runs. */
static struct text_sink sent;
static char typed[3 * INPUT_SIZE];
static size_t typed_len, typed_at;

static size_t
read_typed(struct terminal *terminal, u8 *bytes, size_t len, u64 timeout_ns)
{
	size_t n = MIN(len, typed_len - typed_at);

	memcpy(bytes, typed + typed_at, n);
	typed_at += n;
	return n;
}

static void
write_sent(struct terminal *terminal, const char *bytes, size_t len)
{
	text_sink_put(&sent.sink, bytes, len);
}

static struct terminal terminal = {.read = read_typed, .write = write_sent};
static struct shell shell;

static void
type_during_the_command(const char *text)
{
	typed_len = strlen(text);
	typed_at = 0;
	memcpy(typed, text, typed_len);
}

/* A command that shows its words. */
static int
run_echo(const struct command_call *call)
{
	sink_printf(call->out, "%u%s:", call->argc, call->json ? " json" : "");
	for (unsigned i = 0; i < call->argc; i++)
		sink_printf(call->out, " <%s>", call->argv[i]);
	sink_printf(call->out, "\n");
	return 0;
}

static const char *
echo_completion(unsigned arg, unsigned n)
{
	static const char *const words[] = {"alpha", "alpine", "beta"};

	return n < ARRAY_SIZE(words) ? words[n] : NULL;
}

/* Names that are made as they are asked for, all in one place. */
static const char *
ports_completion(unsigned arg, unsigned n)
{
	static char name[16];

	if (arg != 1 || n > 10)
		return NULL;
	snprintf(name, sizeof(name), n < 2 ? "web.%u" : "x%u.gw", n);
	return name;
}

static int
run_fail(const struct command_call *call)
{
	return command_error(call, -ERR_NODEV, "no %s\nhere", "thing");
}

/* A command that asks a thousand times whether it is to end. */
static int
run_long(const struct command_call *call)
{
	unsigned turns = 0;

	while (turns < 1000 && !command_interrupted())
		turns++;
	sink_printf(call->out, "%u turns\n", turns);
	return 0;
}

static int
run_follow(const struct command_call *call)
{
	unsigned turns = 0;

	while (turns < 1000 && !command_quit_within(1))
		turns++;
	sink_printf(call->out, "%u turns\n", turns);
	return 0;
}

static const struct command cmd_echo = {
	.name = "echo",
	.usage = "WORD...",
	.summary = "shows its words",
	.args_max = 16,
	.has_json = true,
	.run = run_echo,
	.completion = echo_completion,
};
static const struct command cmd_ports = {.name = "ports",
					 .usage = "PORT",
					 .summary = "takes a port",
					 .args_max = 1,
					 .run = run_echo,
					 .completion = ports_completion};
static const struct command cmd_fail = {.name = "fail",
					.usage = "",
					.summary = "fails",
					.run = run_fail};
static const struct command cmd_long = {.name = "long",
					.usage = "",
					.summary = "takes long",
					.run = run_long};
static const struct command cmd_follow = {.name = "follow",
					  .usage = "",
					  .summary = "follows",
					  .run = run_follow};

const struct command *const command_table[] = {&cmd_help,   &cmd_version, &cmd_log,
					       &cmd_echo,   &cmd_fail,	  &cmd_long,
					       &cmd_follow, &cmd_ports,	  NULL};

static int
setup(void **state)
{
	text_sink_clear(&sent);
	type_during_the_command("");
	shell_begin(&shell, &terminal);
	return 0;
}

static void
feed(const char *bytes)
{
	text_sink_clear(&sent);
	shell_feed(&shell, (const u8 *)bytes, strlen(bytes));
}

#define assert_answer(keys, want)                                                                  \
	do {                                                                                       \
		feed(keys);                                                                        \
		assert_string_equal(sent.buf, want);                                               \
	} while (0)

static void
the_prompt(void **state)
{
	assert_string_equal(sent.buf, "ashlar> ");
	assert_answer("echo\r", "echo\r\n1: <echo>\r\nashlar> ");
	assert_answer("\r", "\r\nashlar> ");
	assert_answer("\n", "");
	assert_answer("\n", "\r\nashlar> ");
	assert_answer("abc\x03", "abc\r\nashlar> ");
	assert_answer("  \r", "  \r\nashlar> ");
}

static u64 last_timeout;

static size_t
read_timed(struct terminal *unused, u8 *bytes, size_t len, u64 timeout_ns)
{
	last_timeout = timeout_ns;
	return read_typed(unused, bytes, len, timeout_ns);
}

/* The LF of a CR LF comes with it; a later one is a key that somebody pressed. */
static void
a_late_lf(void **state)
{
	struct terminal timed = {.read = read_timed, .write = write_sent};

	shell_begin(&shell, &timed);
	type_during_the_command("\r");
	shell_turn(&shell);
	assert_true(last_timeout == TERMINAL_FOREVER);
	text_sink_clear(&sent);
	type_during_the_command("\n");
	shell_turn(&shell);
	assert_in_range(last_timeout, 1000000, 50000000);
	assert_string_equal(sent.buf, "");
	type_during_the_command("\r");
	shell_turn(&shell);
	shell_turn(&shell); /* nothing in time */
	text_sink_clear(&sent);
	type_during_the_command("\n");
	shell_turn(&shell);
	assert_true(last_timeout == TERMINAL_FOREVER);
	assert_string_equal(sent.buf, "\r\nashlar> ");
}

static void
words(void **state)
{
	assert_answer("echo a  b \r", "echo a  b \r\n3: <echo> <a> <b>\r\nashlar> ");
	feed("  echo \"a  b\" c\"d e\"f \"\" \"-j\"x\r");
	assert_non_null(strstr(sent.buf, "\r\n5: <echo> <a  b> <cd ef> <> <-jx>\r\n"));
	feed("echo \"a b\r");
	assert_non_null(strstr(sent.buf, "\r\nerror: a quotation is open; close it with \"\r\n"));
	feed("echo 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 -j\r");
	assert_non_null(strstr(sent.buf, "\r\n17 json: <echo> <1>"));
	feed("echo 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\r");
	assert_non_null(strstr(sent.buf, "\r\nerror: too many arguments; usage: echo WORD"));
	feed("echo 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18\r");
	assert_non_null(strstr(sent.buf, "\r\nerror: too many words; a command takes at most 16"));
}

/* The words lie in the line, closed by NUL one by one. */
static void
splitting_alone(void **state)
{
	char line[] = " a \"b c\"d ";
	struct words w;

	assert_int_equal(words_split(&w, line), 0);
	assert_int_equal(w.count, 2);
	assert_string_equal(w.word[0], "a");
	assert_string_equal(w.word[1], "b cd");
	assert_int_equal(words_split(&w, (char[]){"\""}), -ERR_FORMAT);
	assert_int_equal(words_split(&w, (char[]){""}), 0);
	assert_int_equal(w.count, 0);
}

static void
json_is_the_last_word(void **state)
{
	assert_answer("echo a -j\r", "echo a -j\r\n2 json: <echo> <a>\r\nashlar> ");
	assert_answer("echo -j a\r", "echo -j a\r\n3: <echo> <-j> <a>\r\nashlar> ");
	assert_answer("fail -j\r",
		      "fail -j\r\nerror: this command has no -j; usage: fail\r\nashlar> ");
}

static void
errors(void **state)
{
	assert_answer("fail\r", "fail\r\nerror: no thing\r\nhere\r\nashlar> ");
	assert_answer("fail 1\r", "fail 1\r\nerror: too many arguments; usage: fail\r\nashlar> ");
	assert_answer("foo\r", "foo\r\nerror: unknown command \"foo\"; try help\r\nashlar> ");
	assert_answer("hlep -j\r", "hlep -j\r\nerror: unknown command \"hlep\"; try help "
				   "(did you mean help?)\r\nashlar> ");
	assert_answer("-j\r", "-j\r\nerror: unknown command \"-j\"; try help\r\nashlar> ");
}

static void
help(void **state)
{
	feed("help\r");
	assert_non_null(strstr(sent.buf, "\r\nhelp [COMMAND] [-j]      list the commands"));
	assert_non_null(strstr(sent.buf, "\r\nfail                     fails\r\n"));
	assert_answer("help echo\r", "help echo\r\nusage: echo WORD... [-j]\r\nshows its words\r\n"
				     "ashlar> ");
	assert_answer("help fial\r", "help fial\r\nerror: unknown command \"fial\"; try help "
				     "(did you mean fail?)\r\nashlar> ");
	assert_answer("help fail -j\r", "help fail -j\r\n[{\"name\": \"fail\", \"usage\": \"\", "
					"\"summary\": \"fails\", \"json\": false}]\r\nashlar> ");
	feed("help -j\r");
	assert_non_null(strstr(sent.buf, "\r\n[{\"name\": \"help\""));
	assert_non_null(strstr(sent.buf, "}, {\"name\": \"follow\""));
}

static void
version(void **state)
{
	feed("version\r");
	assert_non_null(strstr(sent.buf, "\r\nAshlar " ASHLAR_VERSION " for x86-64, built by "));
	feed("version -j\r");
	assert_non_null(strstr(sent.buf, "\r\n{\"name\": \"Ashlar\", \"version\": \"" ASHLAR_VERSION
					 "\", \"machine\": \"x86-64\", \"compiler\": \""));
}

static void
completing_a_command(void **state)
{
	assert_answer("ec\t", "echo ");
	assert_answer("\x15x\t", "\b\b\b\b\b     \b\b\b\b\bx\a"); /* nothing fits */
	assert_answer("\x7f", "\b \b");
	/* Nothing is typed, nothing in common: a list, the prompt and the line again. */
	assert_answer("\t", "\r\nhelp  version  log  echo  fail  long  follow  ports\r\nashlar> ");
	assert_answer("f\t", "f\r\nfail  follow\r\nashlar> f");
}

static void
completing_an_argument(void **state)
{
	assert_answer("echo a\t", "echo alp"); /* what they have in common */
	assert_answer("\t", "\r\nalpha  alpine\r\nashlar> echo alp");
	assert_answer("h\t", "ha ");
	assert_answer("b\t", "beta ");
	assert_answer("-\t", "-j ");
	assert_answer("\"x\t", "\"x\a");
	assert_answer("\x03", "\r\nashlar> ");
	assert_answer("nosuch a\t", "nosuch a\a");
	assert_answer("\x03", "\r\nashlar> ");
	assert_answer("fail a\t", "fail a\a");
	assert_answer("\x03help vers\t", "\r\nashlar> help version ");
}

static void
completing_names_that_dont_last(void **state)
{
	assert_answer("ports w\t", "ports web.");
	assert_answer("\t", "\r\nweb.0  web.1\r\nashlar> ports web.");
	assert_answer("1\t", "1 ");
	assert_answer("\x03ports x3\t", "\r\nashlar> ports x3.gw ");
}

/* The word before the cursor is completed; what stands behind stays. */
static void
completing_in_the_middle(void **state)
{
	assert_answer("e b\x02\x02\t", "e b\b\bcho b\b\b");
	assert_answer("\x05\x1b[D\t", " b\b\r\nalpha  alpine  beta\r\nashlar> echo b\b");
}

static void
history_of_lines(void **state)
{
	feed("echo 1\r");
	assert_answer("\x1b[A", "echo 1");
	assert_answer("\r", "\r\n2: <echo> <1>\r\nashlar> ");
	assert_answer("\x1b[A\x1b[A", "echo 1\a");
}

static void
long_lines(void **state)
{
	char line[64 * KiB + 1];

	memset(line, 'a', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	feed(line);
	assert_int_equal(sent.len, sizeof(line) - 1);
	assert_answer("\r", "\r\nerror: line too long\r\nashlar> ");
	assert_answer("echo b\r", "echo b\r\n2: <echo> <b>\r\nashlar> ");
	line[EDIT_LINE_MAX] = '\0';
	memcpy(line, "echo ", 5);
	feed(line);
	feed("\r");
	assert_non_null(strstr(sent.buf, "\r\n2: <echo> <aaa"));
}

static void
a_paste_of_thousands_of_lines(void **state)
{
	static char paste[4000 * 7 + 1], want[4000 * 31 + 1];

	for (unsigned i = 0; i < 4000; i++) {
		strcat(paste + i * 7, i % 2 == 0 ? "echo b\n" : "echo b\r");
		strcat(want + i * 31, "echo b\r\n2: <echo> <b>\r\nashlar> ");
	}
	assert_int_equal(strlen(want), 4000 * 31);
	feed(paste);
	assert_string_equal(sent.buf, want);
}

static void
ctrl_c_ends_a_command(void **state)
{
	assert_answer("long\r", "long\r\n1000 turns\r\nashlar> ");
	type_during_the_command("\x03");
	assert_answer("long\r", "long\r\n0 turns\r\nashlar> ");
	assert_answer("long\r", "long\r\n1000 turns\r\nashlar> ");  /* it was meant for that one */
	assert_answer("long\r\x03", "long\r\n0 turns\r\nashlar> "); /* came in the same read */
	assert_false(command_interrupted());
}

/* What is typed ahead is kept, but for the Ctrl-C. */
static void
typing_ahead(void **state)
{
	type_during_the_command("echo 1\recho \x03 2");
	assert_answer("long\r", "long\r\n0 turns\r\nashlar> echo 1\r\n2: <echo> <1>\r\n"
				"ashlar> echo  2");
	assert_answer("\r", "\r\n2: <echo> <2>\r\nashlar> ");
}

/* A command that does not ask leaves all to the prompt. */
static void
typing_ahead_of_a_deaf_command(void **state)
{
	assert_answer("fail\recho 1\r", "fail\r\nerror: no thing\r\nhere\r\nashlar> "
					"echo 1\r\n2: <echo> <1>\r\nashlar> ");
}

static void
more_ahead_than_there_is_room(void **state)
{
	char ahead[2 * INPUT_SIZE + 1];

	memset(ahead, '\r', sizeof(ahead));
	ahead[sizeof(ahead) - 1] = '\0';
	type_during_the_command(ahead);
	feed("long\r");
	assert_int_equal(sent.len, strlen("long\r\n1000 turns\r\nashlar> ") +
					   INPUT_SIZE * strlen("\r\nashlar> "));
}

/* Some commands have no other end. */
static void
ctrl_c_behind_more_than_there_is_room(void **state)
{
	char ahead[INPUT_SIZE + 500];

	memset(ahead, '\r', sizeof(ahead));
	ahead[sizeof(ahead) - 2] = '\x03';
	ahead[sizeof(ahead) - 1] = '\0';
	type_during_the_command(ahead);
	feed("long\r");
	assert_null(strstr(sent.buf, "1000 turns"));
	assert_non_null(strstr(sent.buf, " turns\r\nashlar> \r\nashlar> "));
}

static void
ending_what_follows(void **state)
{
	type_during_the_command("q");
	assert_answer("follow\r", "follow\r\n0 turns\r\nashlar> ");
	type_during_the_command("xq");
	assert_answer("follow\r", "follow\r\n0 turns\r\nashlar> ");
	type_during_the_command("x\x03z");
	assert_answer("follow\r", "follow\r\n0 turns\r\nashlar> z");
	feed("\x03");
	memset(typed, 'x', INPUT_SIZE);
	typed_len = INPUT_SIZE;
	typed_at = 0;
	feed("follow\r");
	assert_non_null(strstr(sent.buf, "follow\r\n1000 turns\r\nashlar> "));
	assert_null(strstr(sent.buf, "xxx"));
}

static void
taking_bytes_out_of_the_input(void **state)
{
	struct input input = {0};
	u8 *room, byte;

	assert_false(input_take(&input, &byte));
	assert_int_equal(input_room(&input, &room), INPUT_SIZE);
	memcpy(room, "abxcx", 5);
	input_added(&input, 5);
	assert_true(input_take(&input, &byte));
	assert_true(input_remove(&input, 'x'));
	assert_false(input_remove(&input, 'a')); /* is taken already */
	assert_true(input_take(&input, &byte) && byte == 'b');
	assert_true(input_peek(&input, &byte) && byte == 'c');
	assert_int_equal(input_room(&input, &room), INPUT_SIZE - 1);
	assert_true(input_take(&input, &byte) && byte == 'c');
	assert_false(input_peek(&input, &byte));
}

static void
garbage(void **state)
{
	u8 all[256];

	for (unsigned i = 0; i < sizeof(all); i++)
		all[i] = (u8)(255 - i);
	shell_feed(&shell, all, sizeof(all));
	feed("\x03");
	assert_answer("echo\r", "echo\r\n1: <echo>\r\nashlar> ");
}

/* What the log has is kept from test to test: this is the first. */
static void
the_log(void **state)
{
	log_set_level(LOG_DEBUG);
	log_info("first");
	log_warn("second \"quoted\"");
	log_debug("third");
	assert_answer("log\r", "log\r\n[    0.000000] first\r\n"
			       "[    0.000000] warn: second \"quoted\"\r\n"
			       "[    0.000000] third\r\nashlar> ");
	assert_answer("log warn\r",
		      "log warn\r\n[    0.000000] warn: second \"quoted\"\r\nashlar> ");
	assert_answer("log warn -j\r",
		      "log warn -j\r\n[{\"seq\": 1, \"time_ns\": 0, \"cpu\": 0, "
		      "\"level\": \"warn\", \"text\": \"second \\\"quoted\\\"\"}]\r\nashlar> ");
	log_set_level(LOG_INFO);
	feed("log wrn\r");
	assert_non_null(strstr(sent.buf, "\r\nerror: no level \"wrn\"; there are error, warn, "
					 "info and debug\r\n"));
	feed("log warn info\r");
	assert_non_null(strstr(sent.buf, "\r\nerror: \"info\" is too much"));
	feed("log -f -j\r");
	assert_non_null(strstr(sent.buf, "\r\nerror: log -f has no end"));
	assert_answer("log -f e\t", "log -f error ");
	assert_answer("e\t", "e\a"); /* no third argument */
}

/* The newest ten, then those that come; here one comes while the terminal is asked. */
static size_t
read_and_log(struct terminal *unused, u8 *bytes, size_t len, u64 timeout_ns)
{
	static unsigned calls;

	if (timeout_ns == 0)
		return 0;
	if (calls++ == 0) {
		log_warn("came");
		log_info("left out");
		return 0;
	}
	bytes[0] = 'q';
	return 1;
}

static void
following_the_log(void **state)
{
	struct terminal other = {.read = read_and_log, .write = write_sent};

	char want[1024];
	size_t len = 0;

	for (unsigned i = 0; i < 2000; i++) {
		log_warn("w%u", i);
		log_info("i%u", i);
	}
	shell_begin(&shell, &other);
	feed("log -f warn\r");
	len += format(want, sizeof(want), "log -f warn\r\n(Ctrl-C or q ends)\r\n");
	for (unsigned i = 1990; i < 2000; i++)
		len += format(want + len, sizeof(want) - len, "[    0.000000] warn: w%u\r\n", i);
	format(want + len, sizeof(want) - len, "[    0.000000] warn: came\r\nashlar> ");
	assert_string_equal(sent.buf, want);
	shell_begin(&shell, &terminal);
	format(want, sizeof(want), "log error\r\n(%lu older lines were overwritten)\r\nashlar> ",
	       log_overwritten());
	assert_true(log_overwritten() > 0);
	feed("log error\r");
	assert_string_equal(sent.buf, want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_log, setup),
		cmocka_unit_test_setup(following_the_log, setup),
		cmocka_unit_test_setup(the_prompt, setup),
		cmocka_unit_test_setup(a_late_lf, setup),
		cmocka_unit_test_setup(words, setup),
		cmocka_unit_test_setup(splitting_alone, setup),
		cmocka_unit_test_setup(json_is_the_last_word, setup),
		cmocka_unit_test_setup(errors, setup),
		cmocka_unit_test_setup(help, setup),
		cmocka_unit_test_setup(version, setup),
		cmocka_unit_test_setup(completing_a_command, setup),
		cmocka_unit_test_setup(completing_an_argument, setup),
		cmocka_unit_test_setup(completing_names_that_dont_last, setup),
		cmocka_unit_test_setup(completing_in_the_middle, setup),
		cmocka_unit_test_setup(history_of_lines, setup),
		cmocka_unit_test_setup(long_lines, setup),
		cmocka_unit_test_setup(a_paste_of_thousands_of_lines, setup),
		cmocka_unit_test_setup(ctrl_c_ends_a_command, setup),
		cmocka_unit_test_setup(typing_ahead, setup),
		cmocka_unit_test_setup(typing_ahead_of_a_deaf_command, setup),
		cmocka_unit_test_setup(more_ahead_than_there_is_room, setup),
		cmocka_unit_test_setup(ctrl_c_behind_more_than_there_is_room, setup),
		cmocka_unit_test_setup(ending_what_follows, setup),
		cmocka_unit_test(taking_bytes_out_of_the_input),
		cmocka_unit_test_setup(garbage, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
