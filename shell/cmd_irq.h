/* SPDX-License-Identifier: MIT */
/* The command irq. */
#pragma once

#include "shell/command.h"

extern const struct command cmd_irq;
