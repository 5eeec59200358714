/* SPDX-License-Identifier: MIT */
/* poweroff and reboot: the end of the machine's run. */
#include "shell/cmd_power.h"

#include "core/power.h"

static int
run_poweroff(const struct command_call *call)
{
	int err;

	sink_printf(call->out, "powering off\n");
	err = power_off();
	return command_error(call, err, "the machine did not power off (%s); switch it off by hand",
			     error_text(err));
}

static int
run_reboot(const struct command_call *call)
{
	int err;

	sink_printf(call->out, "rebooting\n");
	err = power_reboot();
	return command_error(call, err, "the machine did not reboot (%s); reset it by hand",
			     error_text(err));
}

const struct command cmd_poweroff = {
	.name = "poweroff",
	.usage = "",
	.summary = "switch the machine off",
	.details = "By ACPI (S5).\n",
	.run = run_poweroff,
};

const struct command cmd_reboot = {
	.name = "reboot",
	.usage = "",
	.summary = "start the machine anew",
	.details = "By the ACPI reset register, port 0xcf9, the keyboard controller or a triple\n"
		   "fault: the first that works.\n",
	.run = run_reboot,
};
