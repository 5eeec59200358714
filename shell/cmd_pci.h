/* SPDX-License-Identifier: MIT */
/* `pci`: the PCI functions of the machine. */
#pragma once

#include "shell/command.h"

extern const struct command cmd_pci;
