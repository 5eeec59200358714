/* SPDX-License-Identifier: MIT */
/* version: what this is, and what built it; no dates, so that a build can be repeated. */
#include "shell/cmd_version.h"

#include "shell/json.h"

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

static int
run(const struct command_call *call)
{
	struct json j;

	if (!call->json) {
		sink_printf(call->out, "Ashlar %s for x86-64, built by %s\n", ASHLAR_VERSION,
			    COMPILER);
		return 0;
	}
	json_init(&j, call->out);
	json_object(&j, NULL);
	json_text(&j, "name", "Ashlar");
	json_text(&j, "version", ASHLAR_VERSION);
	json_text(&j, "machine", "x86-64");
	json_text(&j, "compiler", COMPILER);
	json_close(&j);
	return 0;
}

const struct command cmd_version = {
	.name = "version",
	.usage = "",
	.summary = "which Ashlar this is, and what built it",
	.has_json = true,
	.run = run,
};
