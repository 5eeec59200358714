/* SPDX-License-Identifier: MIT */
// SOURCES: shell/cmd_bench.c shell/command.c shell/words.c shell/json.c
// SOURCES: net/switch.c net/switch_admit.c net/switch_look.c net/fdb.c net/segment.c net/frame.c
// SOURCES: net/checksum.c lib/log.c lib/error.c lib/lock.c lib/format.c lib/distance.c lib/text.c
/* bench: every frame that it sends arrives, and its rows, in text and in JSON. */
#include "tests/unit/test.h"

#include "arch/x86_64/time.h"
#include "shell/cmd_bench.h"
#include "shell/commands.h"
#include "tests/unit/fake/heap.h"
#include "tests/unit/fake/text_sink.h"

const struct command *const command_table[] = {&cmd_bench, NULL};

static struct text_sink text;

/* No time passes: only the TSC, a tick a look, and a frame is one look. */
u64
clock_ns(void)
{
	return 1;
}

static int
run(const char *what, bool json)
{
	const char *const argv[] = {"bench", what};
	struct command_call call = {&text.sink, json, what == NULL ? 1 : 2, argv};

	text_sink_clear(&text);
	return cmd_bench.run(&call);
}

static void
test_rows(void **state)
{
	assert_int_equal(run("switch", false), 0);
	assert_non_null(strstr(text.buf, "switch: 64 bytes between two ports "));
	assert_non_null(strstr(text.buf, " 1 ticks a frame, 1 with the copy\n"));
	assert_int_equal(run(NULL, false), 0);
	assert_non_null(strstr(text.buf, "10,000 addresses"));
}

static void
test_json(void **state)
{
	assert_int_equal(run(NULL, true), 0);
	assert_string_equal(
		text.buf,
		"[{\"what\": \"switch: 64 bytes between two ports\", \"ticks\": 1, "
		"\"with_copy\": 1}, {\"what\": \"switch: the same, 64 ports and 10,000 "
		"addresses\", \"ticks\": 1, \"with_copy\": 1}, {\"what\": \"switch: a broadcast "
		"to the 63 others\", \"ticks\": 1, \"with_copy\": 1}]\n");
}

static void
test_no_such_bench(void **state)
{
	assert_int_equal(run("disk", false), -ERR_NOENT);
	assert_string_equal(text.buf, "error: no bench \"disk\"; there is switch\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_no_such_bench),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
