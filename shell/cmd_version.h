/* SPDX-License-Identifier: MIT */
/* The command version. */
#pragma once

#include "shell/command.h"

extern const struct command cmd_version;
