/* SPDX-License-Identifier: MIT */
/* The command bench. */
#pragma once

#include "shell/command.h"

extern const struct command cmd_bench;
