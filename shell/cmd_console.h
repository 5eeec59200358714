/* SPDX-License-Identifier: MIT */
/* console: a VM's serial console. */
#pragma once

#include "shell/command.h"

extern const struct command cmd_console;
