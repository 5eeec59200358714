/* SPDX-License-Identifier: MIT */
/* Regions sorted by address, and the search for the one that an access belongs to. */
#include "dev/bus.h"

#include "include/bits.h"
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

int
bus_add_moving(struct bus *bus, struct bus_moving *moving)
{
	struct bus_moving **all = bus->moving[moving->region.space];
	unsigned *count = &bus->moving_counts[moving->region.space], at = 0;

	ASSERT(moving->region.len > 2 && is_power_of_two(moving->region.len));
	if (*count == BUS_MOVING_MAX)
		return fail(-ERR_FULL);
	while (at < *count && all[at]->order < moving->order)
		at++;
	if (at < *count && all[at]->order == moving->order)
		return fail(-ERR_EXISTS);
	memmove(&all[at + 1], &all[at], (*count - at) * sizeof(struct bus_moving *));
	all[at] = moving;
	(*count)++;
	moving->region.base = BUS_NOWHERE;
	return 0;
}

static bool
is_low_port(enum space space, u64 base)
{
	return space == SPACE_IO && base != BUS_NOWHERE && base < BUS_PORTS;
}

/* Hints of before count no more, but may be taken until then. */
void
bus_move(struct bus *bus, struct bus_moving *moving, u64 base)
{
	bool was_low = is_low_port(moving->region.space, moving->region.base);

	if (is_low_port(moving->region.space, base))
		__atomic_fetch_add(&bus->moving_low, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&moving->region.base, base, __ATOMIC_RELEASE);
	if (was_low)
		__atomic_fetch_sub(&bus->moving_low, 1, __ATOMIC_RELEASE);
	__atomic_fetch_add(&bus->generation, 1, __ATOMIC_RELEASE);
}

static u64
ones(u8 size)
{
	return ~0ul >> (64 - 8 * size);
}

/* A base that is BUS_NOWHERE equals none. */
static bool
is_at(const struct bus_moving *m, u64 addr)
{
	return (addr & ~(m->region.len - 1)) == READ_ONCE(m->region.base);
}

/* The region that moves and has a byte of the access and the lowest order; NULL. No region is
 * small enough to lie inside of an access. */
static struct bus_moving *
moving_at(const struct bus *bus, enum space space, u64 addr, u64 last)
{
	for (unsigned i = 0; i < bus->moving_counts[space]; i++) {
		struct bus_moving *m = bus->moving[space][i];

		if (is_at(m, addr) || is_at(m, last))
			return m;
	}
	return NULL;
}

static __noinline bool
nobody(struct bus *bus, enum space space, u64 addr, u8 size, u64 *read)
{
	u64 last = addr + MIN(size - 1ul, ~addr); /* the space ends */
	bool partial = moving_at(bus, space, addr, last) != NULL;

	if (space == SPACE_MMIO || last >= BUS_PORTS)
		partial |= touches(bus, space, addr, last);
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

/* All of an access that is_at() it. Its base may change any time: it is not read again. */
static bool
has_rest(const struct bus_moving *m, u64 addr, u8 size)
{
	return m->region.len - (addr & (m->region.len - 1)) >= size;
}

/* Whether nothing answers in its place anywhere. */
static bool
is_alone(const struct bus *bus, const struct bus_moving *moving)
{
	enum space space = moving->region.space;
	u64 base = READ_ONCE(moving->region.base), last = base + (moving->region.len - 1);

	if (base == BUS_NOWHERE || touches(bus, space, base, last))
		return false;
	for (unsigned i = 0; bus->moving[space][i] != moving; i++) {
		const struct bus_moving *m = bus->moving[space][i];
		u64 other = READ_ONCE(m->region.base);

		if (other != BUS_NOWHERE && other <= last && base <= other + (m->region.len - 1))
			return false;
	}
	return true;
}

/*
 * A hint is the number of an MMIO region, fixed ones from 1 and behind them those that move, and
 * from bit 16 the generation that the search began in, plus one. Only what nothing lies over is
 * hinted at, so that it is right for all its addresses while nothing moves.
 */
enum { HINT_MOVING = BUS_REGIONS_MAX + 1, HINT_GENERATION = 16 };

static u64 *
hint_for(struct bus *bus, u64 addr)
{
	return &bus->hints[(addr >> 12 ^ addr >> 16 ^ addr >> 20) % BUS_HINTS];
}

static u64
make_hint(u64 generation, u64 n)
{
	return (generation + 1) << HINT_GENERATION | n;
}

static const struct region *
hinted(const struct bus *bus, u64 n, u64 addr, u8 size, u64 *offset)
{
	const struct region *r;
	const struct bus_moving *m;

	if (n < HINT_MOVING) {
		r = &bus->regions[SPACE_MMIO][n - 1];
		*offset = addr - r->base;
		return has(r, addr, size) ? r : NULL;
	}
	m = bus->moving[SPACE_MMIO][n - HINT_MOVING];
	*offset = addr & (m->region.len - 1);
	return is_at(m, addr) && has_rest(m, addr, size) ? &m->region : NULL;
}

static void
set_hint(struct bus *bus, u64 generation, u64 addr, const struct bus_moving *moving)
{
	u64 n = 0;

	if (!is_alone(bus, moving))
		return;
	while (bus->moving[SPACE_MMIO][n] != moving)
		n++;
	WRITE_ONCE(*hint_for(bus, addr), make_hint(generation, HINT_MOVING + n));
}

/* Who has all of an access that no fixed region has: NULL when one of those has a part of it. */
static const struct region *
search_moving(struct bus *bus, u64 generation, enum space space, u64 addr, u8 size, u64 *offset)
{
	u64 last = addr + (size - 1ul);
	struct bus_moving *m = moving_at(bus, space, addr, last);

	if (m == NULL || !is_at(m, addr) || !has_rest(m, addr, size) ||
	    touches(bus, space, addr, last))
		return NULL;
	if (space == SPACE_MMIO)
		set_hint(bus, generation, addr, m);
	*offset = addr & (m->region.len - 1);
	return &m->region;
}

static __noinline const struct region *
search(struct bus *bus, enum space space, u64 addr, u8 size, u64 *offset)
{
	u64 generation = __atomic_load_n(&bus->generation, __ATOMIC_ACQUIRE);
	unsigned n = begin_until(bus, space, addr);
	const struct region *r = n > 0 ? &bus->regions[space][n - 1] : NULL;

	if (r == NULL || !has(r, addr, size))
		return search_moving(bus, generation, space, addr, size, offset);
	if (space == SPACE_MMIO)
		WRITE_ONCE(*hint_for(bus, addr), make_hint(generation, n));
	*offset = addr - r->base;
	return r;
}

/* NULL: no region has all of it. */
static const struct region *
region_of(struct bus *bus, enum space space, u64 addr, u8 size, u64 *offset)
{
	const struct region *r = NULL;
	u64 hint;

	if (space == SPACE_MMIO) {
		hint = READ_ONCE(*hint_for(bus, addr));
		if (hint >> HINT_GENERATION == READ_ONCE(bus->generation) + 1)
			r = hinted(bus, hint & (BIT(HINT_GENERATION) - 1), addr, size, offset);
	}
	return r != NULL ? r : search(bus, space, addr, size, offset);
}

bool
bus_access(struct bus *bus, enum space space, u64 addr, u8 size, bool write, u64 *value)
{
	struct io io = {.size = size, .write = write};
	const struct region *r = region_of(bus, space, addr, size, &io.offset);

	if (r == NULL)
		return nobody(bus, space, addr, size, write ? NULL : value);
	io.value = write ? *value & ones(size) : 0;
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
	struct io io = {.size = size, .write = write, .value = value};
	const struct region *r;

	if (n == 0 && port < BUS_PORTS && READ_ONCE(bus->moving_low) == 0) {
		(void)nobody(bus, SPACE_IO, port, size, NULL);
		return ~0u;
	}
	if (n == 0)
		return port_slowly(bus, port, size, write, value);
	r = &bus->regions[SPACE_IO][n - 1];
	if (!has(r, port, size))
		return port_slowly(bus, port, size, write, value);
	io.offset = port - r->base;
	if (!write)
		io.value = 0;
	r->access(r->dev, &io);
	return (u32)io.value;
}

/* Of one space; *n is counted down by what was passed. */
static bool
region_in(const struct bus *bus, enum space space, unsigned *n, struct region *out)
{
	if (*n < bus->counts[space]) {
		*out = bus->regions[space][*n];
		return true;
	}
	*n -= bus->counts[space];
	for (unsigned i = 0; i < bus->moving_counts[space]; i++) {
		*out = bus->moving[space][i]->region;
		out->base = READ_ONCE(bus->moving[space][i]->region.base);
		if (out->base != BUS_NOWHERE && (*n)-- == 0)
			return true;
	}
	return false;
}

bool
bus_region(const struct bus *bus, unsigned n, struct region *out)
{
	return region_in(bus, SPACE_IO, &n, out) || region_in(bus, SPACE_MMIO, &n, out);
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
