/* SPDX-License-Identifier: MIT */
/* The command log. */
#pragma once

#include "shell/command.h"

extern const struct command cmd_log;
