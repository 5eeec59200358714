/* SPDX-License-Identifier: MIT */
/*
 * The machine's memory map: what each piece of physical memory is. Pure: it only knows what it is
 * told, and the firmware may tell it anything, unsorted, overlapping, wrapping or without end.
 *
 * The map is kept sorted and without overlaps all the time: where two pieces overlap, the type
 * that comes later in enum mem_type wins, in whatever order they are added. What finds no room in
 * the table is not in the map at all, so it is nobody's memory: lost, but never used by mistake.
 *
 * Filled at boot by one CPU, constant from memmap_finish() on: no lock.
 */
#pragma once

#include "include/errors.h"
#include "include/types.h"

/* From the least to the most restrictive. */
enum mem_type {
	MEM_USABLE,   /* RAM that nobody uses */
	MEM_TAKEN,    /* RAM that holds the image, modules or real mode's data */
	MEM_ACPI,     /* RAM with ACPI tables ("reclaimable", ACPI 15) */
	MEM_NVS,      /* RAM that belongs to the firmware for good (ACPI 15) */
	MEM_RESERVED, /* devices, firmware, anything unknown */
	MEM_BAD,      /* RAM that the firmware found defective */
	MEM_TYPES
};

enum { MEMMAP_MAX = 256 };

struct mem_range {
	u64 base, size; /* bytes; base + size never wraps */
	enum mem_type type;
};

struct memmap {
	struct mem_range range[MEMMAP_MAX]; /* by rising base */
	unsigned count;
	u64 limit; /* where the CPU's physical address space ends */
	/* How many of the pieces that were added ... */
	unsigned empty;	  /* had no bytes */
	unsigned wrapped; /* went past 2^64, and were cut */
	unsigned beyond;  /* went past the limit, and were cut */
	unsigned lost;	  /* found no room in the table, whole or in part */
};

/* phys_bits is MAXPHYADDR (CPUID 80000008h EAX[7:0]; 36 where there is no such leaf). */
void memmap_init(struct memmap *map, unsigned phys_bits);

/* Adds a piece as the firmware reported it; bytes, any alignment, any values. */
void memmap_add(struct memmap *map, u64 base, u64 size, enum mem_type type);

/*
 * Takes the pages that [base, base + size) touches out of the usable RAM, as MEM_TAKEN; in any
 * order with memmap_add(). -ERR_RANGE when some of it is in memory of a more restrictive type, or
 * past the limit: the rest is taken, but the direct map may not have all of it.
 */
__must_check int memmap_take(struct memmap *map, u64 base, u64 size);

/*
 * After the last piece: cuts usable RAM to whole pages, takes page 0 out of it (real mode's
 * vectors and BIOS data; and no frame has the address 0), and logs what was odd about the map.
 */
void memmap_finish(struct memmap *map);

/* True for the types that are RAM in working order: these are in the direct map. */
bool mem_type_is_ram(enum mem_type type);
const char *mem_type_name(enum mem_type type);

/* True when any byte of [base, base + size) is RAM. */
bool memmap_has_ram(const struct memmap *map, u64 base, u64 size);

u64 memmap_bytes(const struct memmap *map, enum mem_type type);
