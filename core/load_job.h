/* SPDX-License-Identifier: MIT */
/*
 * One loading of a guest, for core/load*.c alone: what is asked for, the guest's memory map, and
 * which of its RAM is taken so far. Lives on the stack of load_guest().
 */
#pragma once

#include "core/load.h"

enum {
	LOAD_MAP_MAX = 2 * (GUEST_RAM_RANGES + LOAD_RESERVED_MAX + 1),
	LOAD_TAKEN_MAX = 128,
	LOAD_LOW = 0x1000, /* boot data never lies at address 0, which is NULL to many */
};

#define LOAD_NAME     "Ashlar" /* of the boot loader, as kernels are told */

/* The PC's layout: firmware's own below 1 MiB, and what 32-bit pointers reach. */
#define LOAD_ROM_BASE 0xe0000ul
#define LOAD_ROM_END  0x100000ul
#define LOAD_4G	      0x100000000ul

struct load_map_entry {
	u64 base, size;
	u32 type; /* enum load_memory_type */
};

struct load_taken {
	u64 base, size;
};

/* A module where it is in guest memory; the initrd is the first one. */
struct load_placed {
	u64 base, size;
	const char *args;
};

struct load_job {
	const struct load_request *request;
	struct load_entry *entry;
	struct load_error *error;
	u32 map_count; /* by rising address, nothing overlaps */
	struct load_map_entry map[LOAD_MAP_MAX];
	u32 taken_count;
	struct load_taken taken[LOAD_TAKEN_MAX];
	u32 placed_count;
	struct load_placed placed[LOAD_MODULES_MAX + 1];
};

/* "kernel NAME: " and the sentence; answers fail(err). */
int load_fail(struct load_job *job, int err, const char *fmt, ...) __printf_like(3, 4);
/* The same for another file: what it is, as in "initrd". */
int load_fail_file(struct load_job *job, int err, const char *what, const struct load_file *file,
		   const char *fmt, ...) __printf_like(5, 6);

/*
 * load_map.c. RAM less what the request reserves. -ERR_FULL: more pieces than the table holds.
 */
__must_check int load_map_build(struct load_job *job);
/* KiB of RAM from 0, and from 1 MiB, to the first hole: what multiboot calls lower and upper
 * memory. */
u32 load_map_lower(const struct load_job *job);
u32 load_map_upper(const struct load_job *job);

/*
 * load_place.c: RAM that is in the map and that nothing else has taken. load_take() wants just this
 * place: -ERR_EXISTS when something is there already, -ERR_RANGE when it is not RAM. The others
 * look for one between low and high, the lowest or the highest; align is a power of two.
 * -ERR_NOMEM.
 */
__must_check int load_take(struct load_job *job, u64 base, u64 size);
__must_check int load_place_low(struct load_job *job, u64 size, u64 align, u64 low, u64 high,
				u64 *base);
__must_check int load_place_high(struct load_job *job, u64 size, u64 align, u64 low, u64 high,
				 u64 *base);

/* Boot data: the lowest free place from LOAD_LOW on. Fails with a sentence. */
__must_check int load_place_data(struct load_job *job, u64 size, u64 align, u64 *base);
/* The command line, closed with NUL; a string of any other kind. */
__must_check int load_put_string(struct load_job *job, const char *text, u64 *base);
/* Initrd and modules, to the highest places below high, each on a page of its own; *placed. */
__must_check int load_put_modules(struct load_job *job, u64 high);

/* load_tables.c: GDT, and for 64-bit code page tables; the entry then names them. */
__must_check int load_put_tables(struct load_job *job);

/* The kinds of kernel; each has found out before that the file is of its kind. */
bool linux_is(const struct load_file *file);
__must_check int linux_load(struct load_job *job);
bool pvh_is(const struct load_file *file);
__must_check int pvh_load(struct load_job *job);
bool multiboot_is(const struct load_file *file);
__must_check int multiboot_load(struct load_job *job);
bool multiboot2_is(const struct load_file *file);
__must_check int multiboot2_load(struct load_job *job);
__must_check int firmware_load(struct load_job *job);
