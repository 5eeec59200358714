/* SPDX-License-Identifier: MIT */
/* panic: provokes one, so that a person or a test can see what it looks like. */
#include "shell/cmd_panic.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/smp.h"
#include "include/panic.h"
#include "lib/string.h"
#include "lib/text.h"

static void
panic_here(void *unused)
{
	(void)unused;
	panic("asked for by the command panic");
}

static int
run(const struct command_call *call)
{
	u64 cpu;
	int err;

	if (call->argc == 1)
		panic_here(NULL);
	if (!parse_u64(call->argv[1], strlen(call->argv[1]), &cpu) || cpu >= cpu_count())
		return command_error(call, fail(-ERR_RANGE),
				     "no CPU \"%s\"; give a number from 0 to %u", call->argv[1],
				     cpu_count() - 1);
	err = cpu_call((u32)cpu, panic_here, NULL);
	if (err != 0)
		return command_error(call, err, "CPU %lu can't be called: %s; try panic alone", cpu,
				     error_text(err));
	return 0;
}

const struct command cmd_panic = {
	.name = "panic",
	.usage = "[CPU]",
	.summary = "stop the machine as an error in Ashlar would, for a test",
	.details =
		"Prints the cause, registers, a backtrace and the last log lines. The machine\n"
		"has to be switched off or reset afterwards. CPU: on that one (default: this).\n",
	.args_max = 1,
	.run = run,
};
