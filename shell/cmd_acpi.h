/* SPDX-License-Identifier: MIT */
/* `acpi`: the machine's ACPI tables, the broken ones too. */
#pragma once

#include "shell/command.h"

extern const struct command cmd_acpi;
