/* SPDX-License-Identifier: MIT */
/* What the commands about networks have in common; for shell/cmd_net*.c and cmd_ping.c. */
#pragma once

#include "net/network.h"
#include "shell/command.h"

/* The network of this name; NULL after an error that says which there are. */
struct network *net_named(const struct command_call *call, const char *name);
/* The same, of one that has a gateway. */
struct network *net_with_gateway(const struct command_call *call, const char *name);

/* For completion. */
const char *net_name_at(unsigned n);
const char *net_port_name_at(unsigned n);

/* cmd_net_show.c */
int net_list(const struct command_call *call);
int net_ports(const struct command_call *call);
int net_stats(const struct command_call *call);
int net_leases(const struct command_call *call);
int net_nat(const struct command_call *call);
/* cmd_net_capture.c */
int net_capture(const struct command_call *call);
