/* SPDX-License-Identifier: MIT */
/* CF9h and port 92h: see dev/reset_ports.h. */
#include "dev/reset_ports.h"

enum { PORT_92 = 0x92 };

/* RST_CNT: bit 1 chooses a hard reset, bit 3 a power cycle; bit 2 does it when it rises. */
#define CF9_RESET    0x04u
#define CF9_WRITABLE 0x0eu

/* PORT92: bit 0 does it when it rises. */
#define PORT92_RESET 0x01u
#define PORT92_A20   0x02u

u8
reset_ports_cf9(struct reset_ports *ports, bool write, u8 value)
{
	u64 flags = spin_lock(&ports->lock);
	u8 before = ports->cf9;

	if (write)
		ports->cf9 = value & CF9_WRITABLE;
	spin_unlock(&ports->lock, flags);
	if (write && value & ~before & CF9_RESET)
		ports->reset(ports->arg, "port CF9h");
	return before;
}

static void
port92_access(struct device *dev, struct io *io)
{
	struct reset_ports *ports = container_of(dev, struct reset_ports, dev);
	u64 flags = spin_lock(&ports->lock);
	u8 before = ports->port92;

	if (io->write)
		ports->port92 = (u8)(io->value & (PORT92_RESET | PORT92_A20));
	spin_unlock(&ports->lock, flags);
	if (io->write && io->value & ~(u64)before & PORT92_RESET)
		ports->reset(ports->arg, "port 92h");
	if (!io->write)
		io->value = before;
}

/* A20 on, as firmware leaves it. */
static void
reset_ports_reset(struct device *dev)
{
	struct reset_ports *ports = container_of(dev, struct reset_ports, dev);
	u64 flags = spin_lock(&ports->lock);

	ports->cf9 = 0;
	ports->port92 = PORT92_A20;
	spin_unlock(&ports->lock, flags);
}

void
reset_ports_init(struct reset_ports *ports, void (*reset)(void *arg, const char *why), void *arg)
{
	*ports = (struct reset_ports){
		.dev = {.name = "reset ports", .reset = reset_ports_reset},
		.reset = reset,
		.arg = arg,
	};
	spin_init(&ports->lock, RANK_VDEVICE, "reset ports");
	reset_ports_reset(&ports->dev);
}

int
reset_ports_attach(struct reset_ports *ports, struct bus *bus)
{
	bus_add_device(bus, &ports->dev);
	return bus_add_region(bus, &(struct region){
					   .space = SPACE_IO,
					   .base = PORT_92,
					   .len = 1,
					   .dev = &ports->dev,
					   .access = port92_access,
				   });
}
