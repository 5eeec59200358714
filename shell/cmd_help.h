/* SPDX-License-Identifier: MIT */
/* The command help. */
#pragma once

#include "shell/command.h"

extern const struct command cmd_help;
