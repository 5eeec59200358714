/* SPDX-License-Identifier: MIT */
/* The command panic. */
#pragma once

#include "shell/command.h"

extern const struct command cmd_panic;
