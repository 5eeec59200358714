/* SPDX-License-Identifier: MIT */
/*
 * A VM's bus: who answers at a port or an address. Regions are added while the VM is made and then
 * frozen, sorted: a look-up takes no lock. (Regions that move, of PCI BARs, come with those.)
 *
 * An access that no region claims reads all ones and drops writes; one that only begins or ends in
 * a region is its own kind of unclaimed. Both are counted.
 */
#pragma once

#include "dev/device.h"

enum { BUS_REGIONS_MAX = 64, BUS_PORTS = 0x1000 /* where nearly all ports are */ };

struct bus {
	struct list devices;
	struct region regions[2][BUS_REGIONS_MAX]; /* by space, then base */
	unsigned counts[2];
	u8 ports[BUS_PORTS];	/* the region of each of the lower ports, from 1; 0: none */
	unsigned last;		/* the MMIO region of the last access: a hint */
	u64 unclaimed, partial; /* accesses; atomics */
};

void bus_init(struct bus *bus);
void bus_add_device(struct bus *bus, struct device *dev);
/* -ERR_EXISTS when it overlaps another region, -ERR_FULL. */
__must_check int bus_add_region(struct bus *bus, const struct region *region);

/* size 1, 2, 4 or 8 (MMIO). False when nobody claimed it; *value is filled either way on a read. */
bool bus_access(struct bus *bus, enum space space, u64 addr, u8 size, bool write, u64 *value);

/* The same for a port: answers what is read. size 1, 2 or 4; value has no other bits. */
u32 bus_port(struct bus *bus, u16 port, u8 size, bool write, u32 value);

/* Every device's reset(). */
void bus_reset(struct bus *bus);
