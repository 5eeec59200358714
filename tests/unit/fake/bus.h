/* SPDX-License-Identifier: MIT */
/*
 * A bus for the tests of one model: implements dev/bus.h without its order and counters. An access
 * that no region has whole fails the test. For one translation unit.
 */
#pragma once

#include <stdlib.h>

#include "dev/bus.h"

void
bus_init(struct bus *bus)
{
	*bus = (struct bus){0};
	list_init(&bus->devices);
}

void
bus_add_device(struct bus *bus, struct device *dev)
{
	list_append(&bus->devices, &dev->link);
}

int
bus_add_region(struct bus *bus, const struct region *region)
{
	unsigned *count = &bus->counts[region->space];

	if (*count == BUS_REGIONS_MAX)
		return -ERR_FULL;
	bus->regions[region->space][(*count)++] = *region;
	return 0;
}

bool
bus_access(struct bus *bus, enum space space, u64 addr, u8 size, bool write, u64 *value)
{
	for (unsigned i = 0; i < bus->counts[space]; i++) {
		const struct region *r = &bus->regions[space][i];
		struct io io = {.offset = addr - r->base, .size = size, .write = write};

		if (addr < r->base || size > r->len || io.offset > r->len - size)
			continue;
		io.value = *value;
		r->access(r->dev, &io);
		*value = io.value;
		return true;
	}
	return false;
}

void
bus_reset(struct bus *bus)
{
	struct list *link;

	list_for_each (link, &bus->devices) {
		struct device *dev = list_entry(link, struct device, link);

		dev->reset(dev);
	}
}

static inline u64
fake_in(struct bus *bus, enum space space, u64 addr, u8 size)
{
	u64 value = 0xdeadbeefdeadbeef;

	if (!bus_access(bus, space, addr, size, false, &value))
		abort();
	return size == 8 ? value : value & ((1ul << (8 * size)) - 1);
}

static inline void
fake_out(struct bus *bus, enum space space, u64 addr, u8 size, u64 value)
{
	if (!bus_access(bus, space, addr, size, true, &value))
		abort();
}

static inline u8
in8(struct bus *bus, u16 port)
{
	return (u8)fake_in(bus, SPACE_IO, port, 1);
}

static inline void
out8(struct bus *bus, u16 port, u64 value)
{
	fake_out(bus, SPACE_IO, port, 1, value);
}
