/* SPDX-License-Identifier: MIT */
/* The commands poweroff and reboot. */
#pragma once

#include "shell/command.h"

extern const struct command cmd_poweroff, cmd_reboot;
