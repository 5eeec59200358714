/* SPDX-License-Identifier: MIT */
/* vm: the virtual machines. */
#pragma once

#include "shell/command.h"

extern const struct command cmd_vm;
