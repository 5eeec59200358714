/* SPDX-License-Identifier: MIT */
/*
 * Devices' memory from code of the older modes (guests/tests/modes.asm): real mode with large
 * segments, 16- and 32-bit code, no paging, 32-bit paging with and without large pages, PAE.
 */
#include "guests/lib/acpi.h"
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"

enum { LOW_PAGE = 0x8000, KIND_32 = 0, KIND_16, KIND_REAL, ENTRIES = 1024, MCFG_BASE = 44 };
enum { P = 1, RW = 2, ACCESSED = 0x20, DIRTY = 0x40, LARGE = 0x80 };

#define ALIAS 0x40000000u /* where the local APIC is, in the tables of our own */

struct modes_run {
	u32 kind, cr3, cr4, pg, apic, ram, step, got, config;
};

extern struct modes_run modes_run;
extern const u8 modes_16_begin[], modes_16_end[];
void modes_enter(void);

static u32 directory[ENTRIES] __aligned(4096), tables[6][ENTRIES] __aligned(4096);
static u64 pointers[4] __aligned(4096), pae[4][512] __aligned(4096);
static u32 ram[16] __aligned(64);
static u32 config;

static void
run(const char *name, u32 kind, u32 cr3, u32 cr4, u32 apic)
{
	modes_run = (struct modes_run){
		.kind = kind,
		.cr3 = cr3,
		.cr4 = cr4,
		.pg = cr3 != 0 ? (u32)CR0_PG : 0,
		.apic = apic,
		.ram = (u32)(u64)ram,
		.config = config,
	};
	modes_enter();
	if (modes_run.step != 0)
		guest_fail("%s: step %u has got 0x%x", name, modes_run.step, modes_run.got);
}

/* Both kinds of code. */
static void
run_both(const char *name, u32 cr3, u32 cr4)
{
	run(name, KIND_32, cr3, cr4, cr3 != 0 ? ALIAS : APIC_BASE);
	run(name, KIND_16, cr3, cr4, cr3 != 0 ? ALIAS : APIC_BASE);
}

static void
map_table(u32 n, u32 virtual, u32 physical)
{
	directory[virtual >> 22] = (u32)(u64)tables[n] | P | RW;
	for (u32 page = 0; page < ENTRIES; page++)
		tables[n][page] = (physical + page * (u32)PAGE_SIZE) | P | RW;
}

/* The first 16 MiB as they are, the APIC, and PCI's configuration space. */
static void
check_small_pages(void)
{
	for (u32 n = 0; n < 4; n++)
		map_table(n, n << 22, n << 22);
	map_table(4, ALIAS, APIC_BASE);
	map_table(5, config, config & ~(u32)(4 * MiB - 1));
	run_both("4 KiB pages", (u32)(u64)directory, 0);
	CHECK_EQ(tables[4][0] & (ACCESSED | DIRTY), ACCESSED | DIRTY);
	CHECK_EQ(tables[4][1] & (ACCESSED | DIRTY), 0);
	CHECK_EQ(tables[5][config >> 12 & 1023] & (ACCESSED | DIRTY), ACCESSED);
	CHECK_EQ(tables[5][(config >> 12 & 1023) + 1] & (ACCESSED | DIRTY), ACCESSED);
	CHECK(directory[ALIAS >> 22] & ACCESSED);
}

static void
check_large_pages(void)
{
	for (u32 n = 0; n < ENTRIES; n++)
		directory[n] = n << 22 | LARGE | P | RW;
	directory[ALIAS >> 22] = 0xfec00000 | LARGE | P | RW;
	run("4 MiB pages", KIND_32, (u32)(u64)directory, CR4_PSE, ALIAS + 0x200000);
	run("4 MiB pages", KIND_16, (u32)(u64)directory, CR4_PSE, ALIAS + 0x200000);
	CHECK_EQ(directory[ALIAS >> 22] & (ACCESSED | DIRTY), ACCESSED | DIRTY);
}

static void
check_pae(void)
{
	for (u64 n = 0; n < 4; n++) {
		pointers[n] = (u64)pae[n] | P;
		for (u64 page = 0; page < 512; page++)
			pae[n][page] = n << 30 | page << 21 | LARGE | P | RW;
	}
	pae[ALIAS >> 30][0] = APIC_BASE | LARGE | P | RW;
	run_both("PAE", (u32)(u64)pointers, CR4_PAE);
	CHECK_EQ(pae[ALIAS >> 30][0] & (ACCESSED | DIRTY), ACCESSED | DIRTY);
}

GUEST("modes")
{
	const u8 *mcfg = acpi_table("MCFG");

	CHECK(mcfg != NULL);
	config = acpi_u32(mcfg + MCFG_BASE);
	apic_write(LAPIC_LVT_TIMER, LVT_MASKED | 0x50);
	memcpy((void *)LOW_PAGE, modes_16_begin, (size_t)(modes_16_end - modes_16_begin));
	for (u32 n = 0; n < 3; n++) {
		run_both("no paging", 0, 0);
		run("real mode", KIND_REAL, 0, 0, APIC_BASE);
		check_small_pages();
		check_large_pages();
		check_pae();
	}
	apic_write(LAPIC_TIMER_INITIAL, 0);
}
