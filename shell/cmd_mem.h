/* SPDX-License-Identifier: MIT */
/* mem: what memory there is, and who has it. */
#pragma once

#include "shell/command.h"

extern const struct command cmd_mem;
