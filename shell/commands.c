/* SPDX-License-Identifier: MIT */
/* The table of commands, in the order of `help`. */
#include "shell/commands.h"

#include "shell/cmd_acpi.h"
#include "shell/cmd_bench.h"
#include "shell/cmd_console.h"
#include "shell/cmd_cpu.h"
#include "shell/cmd_help.h"
#include "shell/cmd_irq.h"
#include "shell/cmd_log.h"
#include "shell/cmd_mem.h"
#include "shell/cmd_net.h"
#include "shell/cmd_panic.h"
#include "shell/cmd_pci.h"
#include "shell/cmd_power.h"
#include "shell/cmd_trace.h"
#include "shell/cmd_version.h"
#include "shell/cmd_vm.h"

const struct command *const command_table[] = {
	&cmd_help,     &cmd_version, &cmd_cpu,	   &cmd_mem,   &cmd_acpi,  &cmd_pci,
	&cmd_irq,      &cmd_log,     &cmd_trace,   &cmd_bench, &cmd_panic, &cmd_reboot,
	&cmd_poweroff, &cmd_vm,	     &cmd_console, &cmd_net,   &cmd_ping,  NULL,
};
