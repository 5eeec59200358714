/* SPDX-License-Identifier: MIT */
/* Port F4h: see dev/debug_exit.h. */
#include "dev/debug_exit.h"

enum { DEBUG_EXIT_PORT = 0xf4, DEBUG_EXIT_PORTS = 4 };

static void
debug_exit_access(struct device *dev, struct io *io)
{
	struct debug_exit *port = container_of(dev, struct debug_exit, dev);
	unsigned unused = 64 - 8u * io->size;

	if (!io->write)
		io->value = 0;
	else if (io->offset == 0)
		port->end(port->arg, (u32)(io->value << unused >> unused));
}

static void
debug_exit_reset(struct device *dev)
{
	(void)dev; /* it has no state */
}

void
debug_exit_init(struct debug_exit *port, void (*end)(void *arg, u32 value), void *arg)
{
	*port = (struct debug_exit){
		.dev = {.name = "debug-exit", .reset = debug_exit_reset},
		.end = end,
		.arg = arg,
	};
}

int
debug_exit_attach(struct debug_exit *port, struct bus *bus)
{
	bus_add_device(bus, &port->dev);
	return bus_add_region(bus, &(struct region){
					   .space = SPACE_IO,
					   .base = DEBUG_EXIT_PORT,
					   .len = DEBUG_EXIT_PORTS,
					   .dev = &port->dev,
					   .access = debug_exit_access,
				   });
}
