/* SPDX-License-Identifier: MIT */
/* Regions sorted by address, and the search for the one that an access belongs to. */
#include "dev/bus.h"

#include "include/panic.h"
#include "lib/string.h"

void
bus_init(struct bus *bus)
{
	memset(bus, 0, sizeof(*bus));
	list_init(&bus->devices);
}

void
bus_add_device(struct bus *bus, struct device *dev)
{
	list_append(&bus->devices, &dev->link);
}

static u64
last_address(const struct region *r)
{
	return r->base + (r->len - 1);
}

/* How many regions of this space begin at or below addr: the last of them is the candidate. */
static unsigned
begin_until(const struct bus *bus, enum space space, u64 addr)
{
	const struct region *regions = bus->regions[space];
	unsigned low = 0, high = bus->counts[space];

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (regions[middle].base <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Whether any region has a byte of first to last. */
static bool
touches(const struct bus *bus, enum space space, u64 first, u64 last)
{
	unsigned n = begin_until(bus, space, last);

	return n > 0 && last_address(&bus->regions[space][n - 1]) >= first;
}

static void
list_ports(struct bus *bus)
{
	memset(bus->ports, 0, sizeof(bus->ports));
	for (unsigned i = 0; i < bus->counts[SPACE_IO]; i++) {
		const struct region *r = &bus->regions[SPACE_IO][i];

		for (u64 port = r->base; port <= last_address(r) && port < BUS_PORTS; port++)
			bus->ports[port] = (u8)(i + 1);
	}
}

int
bus_add_region(struct bus *bus, const struct region *region)
{
	struct region *regions = bus->regions[region->space];
	unsigned *count = &bus->counts[region->space], at;

	ASSERT(region->len > 0 && last_address(region) >= region->base);
	if (touches(bus, region->space, region->base, last_address(region)))
		return fail(-ERR_EXISTS);
	if (*count == BUS_REGIONS_MAX)
		return fail(-ERR_FULL);
	at = begin_until(bus, region->space, region->base);
	memmove(&regions[at + 1], &regions[at], (*count - at) * sizeof(*regions));
	regions[at] = *region;
	(*count)++;
	list_ports(bus);
	return 0;
}

static u64
ones(u8 size)
{
	return ~0ul >> (64 - 8 * size);
}

static __noinline bool
nobody(struct bus *bus, enum space space, u64 addr, u8 size, u64 *read)
{
	u64 last = addr + MIN(size - 1ul, ~addr); /* the space ends */
	bool partial = false;

	if (space == SPACE_MMIO || last >= BUS_PORTS)
		partial = touches(bus, space, addr, last);
	for (; space == SPACE_IO && last < BUS_PORTS && addr <= last; addr++)
		partial |= bus->ports[addr] != 0;
	__atomic_fetch_add(partial ? &bus->partial : &bus->unclaimed, 1, __ATOMIC_RELAXED);
	if (read != NULL)
		*read = ones(size);
	return false;
}

static bool
has(const struct region *r, u64 addr, u8 size)
{
	return addr - r->base < r->len && r->len - (addr - r->base) >= size;
}

/* NULL: no region has all of it. */
static const struct region *
region_of(struct bus *bus, enum space space, u64 addr, u8 size)
{
	const struct region *regions = bus->regions[space];
	unsigned n;

	if (space == SPACE_IO && addr < BUS_PORTS) {
		n = bus->ports[addr];
	} else {
		n = READ_ONCE(bus->last);
		if (space == SPACE_MMIO && n > 0 && has(&regions[n - 1], addr, size))
			return &regions[n - 1];
		n = begin_until(bus, space, addr);
		if (space == SPACE_MMIO)
			WRITE_ONCE(bus->last, n);
	}
	return n > 0 && has(&regions[n - 1], addr, size) ? &regions[n - 1] : NULL;
}

bool
bus_access(struct bus *bus, enum space space, u64 addr, u8 size, bool write, u64 *value)
{
	const struct region *r = region_of(bus, space, addr, size);
	struct io io = {.size = size, .write = write};

	if (r == NULL)
		return nobody(bus, space, addr, size, write ? NULL : value);
	io.value = write ? *value & ones(size) : 0;
	io.offset = addr - r->base;
	r->access(r->dev, &io);
	if (!write)
		*value = io.value & ones(size);
	return true;
}

static __noinline u32
port_slowly(struct bus *bus, u16 port, u8 size, bool write, u32 value)
{
	u64 wide = value;

	(void)bus_access(bus, SPACE_IO, port, size, write, &wide);
	return (u32)wide;
}

u32
bus_port(struct bus *bus, u16 port, u8 size, bool write, u32 value)
{
	unsigned n = port < BUS_PORTS ? bus->ports[port] : 0;
	const struct region *r = &bus->regions[SPACE_IO][n - 1];
	struct io io = {.size = size, .write = write, .value = value};

	if (n == 0 && port < BUS_PORTS) {
		(void)nobody(bus, SPACE_IO, port, size, NULL);
		return ~0u;
	}
	if (n == 0 || !has(r, port, size))
		return port_slowly(bus, port, size, write, value);
	io.offset = port - r->base;
	if (!write)
		io.value = 0;
	r->access(r->dev, &io);
	return (u32)io.value;
}

void
bus_reset(struct bus *bus)
{
	struct list *pos;

	list_for_each (pos, &bus->devices) {
		struct device *dev = list_entry(pos, struct device, link);

		dev->reset(dev);
	}
}
