/* SPDX-License-Identifier: MIT */
/* The memory map: pieces are painted over what is there, the more restrictive type on top. */
#include "mm/memmap.h"

#include "lib/log.h"
#include "lib/string.h"
#include "mm/direct.h"

static u64
end_of(const struct mem_range *r)
{
	return r->base + r->size;
}

void
memmap_init(struct memmap *map, unsigned phys_bits)
{
	*map = (struct memmap){.limit = 1ul << MIN(phys_bits, 52u)};
}

bool
mem_type_is_ram(enum mem_type type)
{
	return type <= MEM_NVS;
}

const char *
mem_type_name(enum mem_type type)
{
	static const char *const names[MEM_TYPES] = {
		[MEM_USABLE] = "usable",     [MEM_TAKEN] = "taken at boot",
		[MEM_ACPI] = "ACPI tables",  [MEM_NVS] = "firmware (NVS)",
		[MEM_RESERVED] = "reserved", [MEM_BAD] = "defective",
	};

	return type < MEM_TYPES ? names[type] : "unknown";
}

/* The first range that ends above base; count when there is none. */
static unsigned
find(const struct memmap *map, u64 base)
{
	unsigned i = 0;

	while (i < map->count && end_of(&map->range[i]) <= base)
		i++;
	return i;
}

static void
remove_at(struct memmap *map, unsigned i)
{
	map->count--;
	memmove(&map->range[i], &map->range[i + 1], (map->count - i) * sizeof(map->range[0]));
}

/* False when the table is full; then nothing is where the piece should be. */
static bool
insert_at(struct memmap *map, unsigned i, u64 base, u64 end, enum mem_type type)
{
	if (map->count == MEMMAP_MAX)
		return false;
	memmove(&map->range[i + 1], &map->range[i], (map->count - i) * sizeof(map->range[0]));
	map->range[i] = (struct mem_range){.base = base, .size = end - base, .type = type};
	map->count++;
	return true;
}

/* Takes [base, end) out of range i. Answers the index of the first range above end. */
static unsigned
cut(struct memmap *map, unsigned i, u64 base, u64 end, bool *lost)
{
	struct mem_range *r = &map->range[i];
	u64 old_end = end_of(r);

	if (r->base >= base && old_end <= end) {
		remove_at(map, i);
		return i;
	}
	if (r->base >= base) {
		r->base = end;
		r->size = old_end - end;
		return i;
	}
	r->size = base - r->base;
	if (old_end > end && !insert_at(map, i + 1, end, old_end, r->type))
		*lost = true;
	return i + 1;
}

static void
merge(struct memmap *map)
{
	unsigned n = 0;

	for (unsigned i = 1; i < map->count; i++) {
		const struct mem_range *r = &map->range[i];

		if (r->type == map->range[n].type && r->base == end_of(&map->range[n]))
			map->range[n].size += r->size;
		else
			map->range[++n] = *r;
	}
	map->count = map->count == 0 ? 0 : n + 1;
}

/* Fills the gap before range *i, which stays *i; a neighbour of the same type below grows. */
static bool
fill(struct memmap *map, unsigned *i, u64 base, u64 end, enum mem_type type)
{
	struct mem_range *below = *i > 0 ? &map->range[*i - 1] : NULL;

	if (below != NULL && below->type == type && end_of(below) == base) {
		below->size += end - base;
		return true;
	}
	return insert_at(map, (*i)++, base, end, type);
}

/* Removes what the new piece overrides, then fills the gaps. */
static void
paint(struct memmap *map, u64 base, u64 end, enum mem_type type)
{
	bool lost = false;
	u64 at = base;
	unsigned i = find(map, base);

	while (i < map->count && map->range[i].base < end) {
		if (map->range[i].type < type)
			i = cut(map, i, base, end, &lost);
		else
			i++;
	}
	for (i = find(map, base); at < end && !lost; i++) {
		u64 stop = i < map->count ? MIN(map->range[i].base, end) : end;

		if (at < stop)
			lost = !fill(map, &i, at, stop, type);
		at = i < map->count ? end_of(&map->range[i]) : end;
	}
	merge(map);
	map->lost += lost;
}

void
memmap_add(struct memmap *map, u64 base, u64 size, enum mem_type type)
{
	u64 end = base + size, limit = map->limit;

	if (mem_type_is_ram(type))
		limit = MIN(limit, DIRECT_SIZE);
	if (size == 0) {
		map->empty++;
		return;
	}
	if (end < base) { /* ending right at 2^64 is no wrap, but past the limit */
		map->wrapped += end != 0;
		end = ~0ul;
	}
	if (end > limit) {
		map->beyond++;
		end = limit;
	}
	/* What has been lost may have been reserved: usable RAM must not come to lie over it. */
	if (type == MEM_USABLE && map->lost > 0) {
		map->lost++;
		return;
	}
	if (base < end)
		paint(map, base, end, type);
}

int
memmap_take(struct memmap *map, u64 base, u64 size)
{
	u64 first = ALIGN_DOWN(base, PAGE_SIZE), end, limit = MIN(map->limit, DIRECT_SIZE);
	unsigned lost = map->lost;

	if (size == 0)
		return 0;
	if (base >= limit || size > limit - base)
		return fail(-ERR_RANGE);
	end = ALIGN_UP(base + size, PAGE_SIZE);
	paint(map, first, end, MEM_TAKEN);
	if (map->lost != lost)
		return fail(-ERR_RANGE);
	for (unsigned i = find(map, first); i < map->count && map->range[i].base < end; i++) {
		if (map->range[i].type > MEM_TAKEN)
			return fail(-ERR_RANGE);
	}
	return 0;
}

/* Usable RAM only counts by whole pages. */
static void
cut_to_pages(struct memmap *map)
{
	unsigned n = 0;

	for (unsigned i = 0; i < map->count; i++) {
		struct mem_range r = map->range[i];

		if (r.type == MEM_USABLE) {
			u64 base = ALIGN_UP(r.base, PAGE_SIZE),
			    end = ALIGN_DOWN(end_of(&r), PAGE_SIZE);

			if (base >= end)
				continue;
			r = (struct mem_range){.base = base,
					       .size = end - base,
					       .type = MEM_USABLE};
		}
		map->range[n++] = r;
	}
	map->count = n;
}

void
memmap_finish(struct memmap *map)
{
	cut_to_pages(map);
	if (map->count > 0 && map->range[0].base == 0 && map->range[0].type == MEM_USABLE)
		paint(map, 0, PAGE_SIZE, MEM_TAKEN);
	if (map->empty > 0)
		log_debug("memory map: %u empty entries are ignored", map->empty);
	if (map->wrapped > 0)
		log_warn("memory map: %u entries went past 2^64 and are cut there", map->wrapped);
	if (map->beyond > 0)
		log_warn("memory map: %u entries went past what is addressable and are cut there",
			 map->beyond);
	if (map->lost > 0)
		log_warn("memory map: over %u pieces, %u entries found no room: their memory is "
			 "not used",
			 (unsigned)MEMMAP_MAX, map->lost);
}

bool
memmap_has_ram(const struct memmap *map, u64 base, u64 size)
{
	for (unsigned i = find(map, base); i < map->count; i++) {
		const struct mem_range *r = &map->range[i];

		if (r->base >= base && r->base - base >= size)
			break;
		if (mem_type_is_ram(r->type))
			return true;
	}
	return false;
}

u64
memmap_bytes(const struct memmap *map, enum mem_type type)
{
	u64 bytes = 0;

	for (unsigned i = 0; i < map->count; i++)
		bytes += map->range[i].type == type ? map->range[i].size : 0;
	return bytes;
}
