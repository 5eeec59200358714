/* SPDX-License-Identifier: MIT */
/* The gateway of a NAT or host-only network, for boot/network.c. */
#pragma once

#include "boot/network.h"

/* Makes it, and its port and inbox, for a network whose uplink is known. -ERR_NOMEM, -ERR_FULL. */
__must_check int network_make_gateway(struct network_worker *w);
