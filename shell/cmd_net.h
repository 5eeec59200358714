/* SPDX-License-Identifier: MIT */
/* net and ping: the networks. */
#pragma once

#include "shell/command.h"

extern const struct command cmd_net;
extern const struct command cmd_ping;
