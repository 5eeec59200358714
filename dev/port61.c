/* SPDX-License-Identifier: MIT */
/* Port 61h: see dev/port61.h. */
#include "dev/port61.h"

#include "dev/bytewise.h"

enum { PORT61 = 0x61 };

/* NMI_SC of the ICH data sheets. */
#define PORT61_GATE2	0x01u
#define PORT61_WRITABLE 0x0fu /* with the speaker, and the enables of NMIs that never come */
#define PORT61_REFRESH	0x10u
#define PORT61_OUT2	0x20u

/* A PC refreshes its memory each 15.085 us, 18 ticks of the timer; the bit toggles with it. */
enum { REFRESH_NS = 15085 };

static u8
port61_read(struct device *dev, unsigned offset)
{
	struct port61 *port = container_of(dev, struct port61, dev);
	bool refresh = vclock_ns(port->pit->clock) / REFRESH_NS % 2 != 0;

	(void)offset;
	return (u8)(READ_ONCE(port->control) | (refresh ? PORT61_REFRESH : 0) |
		    (pit_model_out2(port->pit) ? PORT61_OUT2 : 0));
}

static void
port61_write(struct device *dev, unsigned offset, u8 value)
{
	struct port61 *port = container_of(dev, struct port61, dev);

	(void)offset;
	WRITE_ONCE(port->control, value & PORT61_WRITABLE);
	pit_model_set_gate2(port->pit, (value & PORT61_GATE2) != 0);
}

static void
port61_access(struct device *dev, struct io *io)
{
	io_bytewise(dev, io, port61_read, port61_write);
}

static void
port61_reset(struct device *dev)
{
	port61_write(dev, 0, 0);
}

void
port61_init(struct port61 *port, struct pit_model *pit)
{
	*port = (struct port61){
		.dev = {.name = "port61", .reset = port61_reset},
		.pit = pit,
	};
}

int
port61_attach(struct port61 *port, struct bus *bus)
{
	bus_add_device(bus, &port->dev);
	return bus_add_region(bus, &(struct region){
					   .space = SPACE_IO,
					   .base = PORT61,
					   .len = 1,
					   .dev = &port->dev,
					   .access = port61_access,
				   });
}
