/* SPDX-License-Identifier: MIT */
/* The command trace. */
#pragma once

#include "shell/command.h"

extern const struct command cmd_trace;
