/* SPDX-License-Identifier: MIT */
/* log: the lines in the log's ring, and those that come. */
#include "shell/cmd_log.h"

#include "lib/log.h"
#include "lib/string.h"
#include "shell/json.h"
#include "shell/shell.h"

enum {
	NEWEST = 10, /* lines that log -f begins with */
	LOOK_NS = 50 * 1000 * 1000,
	TEXT_MAX = LOG_LINE_MAX + 40, /* with the time and the level */
};

/* Which lines are wanted. */
struct selection {
	enum log_level level;
	bool follow;
};

/* The next line of those wanted, up to the number `end`. */
static bool
next_line(u64 *seq, u64 end, enum log_level level, struct log_line *line)
{
	while (*seq < end && log_read(seq, line)) {
		if (line->seq < end && line->level <= level)
			return true;
	}
	return false;
}

static void
put_line(struct sink *out, const struct log_line *line)
{
	char text[TEXT_MAX];

	log_format_line(text, sizeof(text), line);
	sink_printf(out, "%s\n", text);
}

static void
put_json(struct json *j, const struct log_line *line)
{
	json_object(j, NULL);
	json_number(j, "seq", line->seq);
	json_number(j, "time_ns", line->time_ns);
	json_number(j, "cpu", line->cpu);
	json_text(j, "level", log_level_name(line->level));
	json_text(j, "text", line->text);
	json_close(j);
}

static int
list_json(const struct command_call *call, enum log_level level)
{
	u64 seq = 0, end = log_next_seq();
	struct log_line line;
	struct json j;

	json_init(&j, call->out);
	json_array(&j, NULL);
	while (!command_interrupted() && next_line(&seq, end, level, &line))
		put_json(&j, &line);
	json_close(&j);
	return 0;
}

static int
list(const struct command_call *call, enum log_level level)
{
	u64 seq = 0, end = log_next_seq(), lost = log_overwritten();
	struct log_line line;

	if (lost > 0)
		sink_printf(call->out, "(%lu older lines were overwritten)\n", lost);
	while (!command_interrupted() && next_line(&seq, end, level, &line))
		put_line(call->out, &line);
	return 0;
}

/* The number from which on there are the newest lines of this level, at most NEWEST. */
static u64
newest(enum log_level level)
{
	u64 starts[NEWEST] = {0}, seq = 0, end = log_next_seq();
	struct log_line line;
	unsigned n = 0;

	while (next_line(&seq, end, level, &line))
		starts[n++ % NEWEST] = line.seq;
	return n < NEWEST ? 0 : starts[n % NEWEST];
}

static int
follow(const struct command_call *call, enum log_level level)
{
	u64 seq = newest(level);
	struct log_line line;

	sink_printf(call->out, "(Ctrl-C or q ends)\n");
	do {
		u64 expected = seq;

		while (log_read(&seq, &line)) {
			if (line.seq != expected && expected != 0)
				sink_printf(call->out, "[%lu lines lost]\n", line.seq - expected);
			expected = seq;
			if (line.level <= level)
				put_line(call->out, &line);
			if (command_quit_within(0))
				return 0;
		}
	} while (!command_quit_within(LOOK_NS));
	return 0;
}

static int
parse(const struct command_call *call, struct selection *s)
{
	unsigned arg = 1;

	*s = (struct selection){.level = LOG_DEBUG};
	if (arg < call->argc && strcmp(call->argv[arg], "-f") == 0) {
		s->follow = true;
		arg++;
	}
	if (arg < call->argc && !log_level_from_name(call->argv[arg++], &s->level))
		return command_error(call, fail(-ERR_INVAL),
				     "no level \"%s\"; there are error, warn, info and debug",
				     call->argv[arg - 1]);
	if (arg < call->argc)
		return command_error(call, fail(-ERR_INVAL),
				     "\"%s\" is too much; usage: log [-f] [LEVEL] [-j]",
				     call->argv[arg]);
	if (s->follow && call->json)
		return command_error(call, fail(-ERR_INVAL),
				     "log -f has no end, and so no JSON; leave out -f or -j");
	return 0;
}

static int
run(const struct command_call *call)
{
	struct selection selection;
	int err = parse(call, &selection);

	if (err != 0)
		return err;
	if (selection.follow)
		return follow(call, selection.level);
	return call->json ? list_json(call, selection.level) : list(call, selection.level);
}

/* -f and the levels, or after -f the levels. */
static const char *
completion(unsigned arg, unsigned n)
{
	if (arg == 1 && n == 0)
		return "-f";
	n -= arg == 1 ? 1 : 0;
	return n < LOG_LEVELS ? log_level_name((enum log_level)n) : NULL;
}

const struct command cmd_log = {
	.name = "log",
	.usage = "[-f] [LEVEL]",
	.summary = "the log's lines; -f: the newest ones and those that come",
	.details = "LEVEL is error, warn, info or debug: more verbose lines are left out. How\n"
		   "verbose the lines are that are kept at all, is `log` in ashlar.conf.\n"
		   "log -f is ended by Ctrl-C or q.\n",
	.args_max = 2,
	.has_json = true,
	.run = run,
	.completion = completion,
};
