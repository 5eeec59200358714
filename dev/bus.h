/* SPDX-License-Identifier: MIT */
/*
 * A VM's bus: who answers at a port or an address. Regions are added while the VM is made and then
 * frozen, sorted: a look-up takes no lock.
 *
 * Those of PCI's BARs are added then too, but come, go and move at any time, while vCPUs are at
 * the bus: all that changes of one is its base, an atomic word, and a look-up takes no lock here
 * either. An access that began before a move may still reach the device after it. Where regions
 * overlap, the fixed one answers, and of those that move the one of the lowest order.
 *
 * An access that no region claims reads all ones and drops writes; one that only begins or ends in
 * a region is its own kind of unclaimed. Both are counted.
 */
#pragma once

#include "dev/device.h"

enum {
	BUS_REGIONS_MAX = 64,
	BUS_MOVING_MAX = 224, /* 32 PCI functions with 7 BARs */
	BUS_PORTS = 0x1000,   /* where nearly all ports are */
	BUS_HINTS = 16,
};

/* The base of a region that is not decoded: no BAR is so unaligned. */
#define BUS_NOWHERE 1ul

struct bus_moving {
	struct region region; /* constant but for its base, which is atomic; len is a power of two
				 above 2, base a multiple of it */
	u32 order;
};

struct bus {
	struct list devices;
	struct region regions[2][BUS_REGIONS_MAX]; /* by space, then base */
	unsigned counts[2];
	u8 ports[BUS_PORTS]; /* the fixed region of each of the lower ports, from 1; 0: none */
	struct bus_moving *moving[2][BUS_MOVING_MAX]; /* by space, then order */
	unsigned moving_counts[2];
	unsigned moving_low;	/* of those, how many are at lower ports; an atomic */
	u64 generation;		/* counts moves; an atomic */
	u64 hints[BUS_HINTS];	/* who was last at an address like this: bus.c; atomics */
	u64 unclaimed, partial; /* accesses; atomics */
};

void bus_init(struct bus *bus);
void bus_add_device(struct bus *bus, struct device *dev);
/* -ERR_EXISTS when it overlaps another region, -ERR_FULL. */
__must_check int bus_add_region(struct bus *bus, const struct region *region);

/*
 * Adds a region that moves, not decoded yet. It is the caller's, and outlives the VM. -ERR_FULL,
 * -ERR_EXISTS when there is one of this order in its space.
 */
__must_check int bus_add_moving(struct bus *bus, struct bus_moving *moving);
/* Moves it to a multiple of its length, or BUS_NOWHERE. Any thread, one at a time for each region.
 */
void bus_move(struct bus *bus, struct bus_moving *moving, u64 base);

/* size 1, 2, 4 or 8 (MMIO). False when nobody claimed it; *value is filled either way on a read. */
bool bus_access(struct bus *bus, enum space space, u64 addr, u8 size, bool write, u64 *value);

/* The same for a port: answers what is read. size 1, 2 or 4; value has no other bits. */
u32 bus_port(struct bus *bus, u16 port, u8 size, bool write, u32 value);

/*
 * The n-th of all regions that are decoded: ports first, in each space the fixed ones first. False
 * after the last.
 */
bool bus_region(const struct bus *bus, unsigned n, struct region *out);

/* Every device's reset(). */
void bus_reset(struct bus *bus);
