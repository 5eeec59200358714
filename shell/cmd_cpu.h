/* SPDX-License-Identifier: MIT */
/* `cpu`: the processors, and what virtualisation the machine offers. */
#pragma once

#include "shell/command.h"

extern const struct command cmd_cpu;
