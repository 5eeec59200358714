/* SPDX-License-Identifier: MIT */
/*
 * Port F4h, with which a test guest ends its VM: the value written is the reason. Only in a VM
 * with `debug-exit = on`. Without state, so without a lock.
 */
#pragma once

#include "dev/bus.h"

struct debug_exit {
	struct device dev;
	/* Called on the vCPU's thread, without a lock. */
	void (*end)(void *arg, u32 value);
	void *arg;
};

void debug_exit_init(struct debug_exit *port, void (*end)(void *arg, u32 value), void *arg);
__must_check int debug_exit_attach(struct debug_exit *port, struct bus *bus);
