/* SPDX-License-Identifier: MIT */
/* SMBIOS (DMTF DSP0134): the entry point at F0000h to FFFFFh, and the structures behind it. */
#include "guests/lib/acpi.h"
#include "guests/lib/guest.h"

enum { BEGIN = 0xf0000, END = 0x100000, STEP = 16, TYPES = 128, END_OF_TABLE = 127 };
enum { V3_LENGTH = 6, V3_ADDRESS = 16, V3_SIZE = 12, V2_LENGTH = 5, V2_SIZE = 22, V2_ADDRESS = 24 };
enum { BIOS = 0, SYSTEM = 1, ENCLOSURE = 3, CPU = 4, MEMORY = 17, MEMORY_SIZE = 12 };

static u32 counts[TYPES];
static u64 memory_mib;

/* A structure: its formatted part, then strings, of which an empty one is the last. */
static u64
one_structure(u64 at, u64 end)
{
	const u8 *s = (const u8 *)at;
	u64 next = at + s[1];

	CHECK(s[1] >= 4 && next + 2 <= end);
	counts[s[0] % TYPES]++;
	if (s[0] == MEMORY) {
		u32 size = s[MEMORY_SIZE] | (u32)s[MEMORY_SIZE + 1] << 8;

		memory_mib += size == 0x7fff ? acpi_u32(s + 28) : size;
	}
	while (*(const u16 *)next != 0) {
		next++;
		CHECK(next + 2 <= end);
	}
	return next + 2;
}

static void
walk(u64 at, u64 size)
{
	u64 end = at + size;

	CHECK(at != 0 && end < 4 * GiB);
	while (at + 4 <= end && counts[END_OF_TABLE] == 0)
		at = one_structure(at, end);
}

static void
find(void)
{
	for (u64 at = BEGIN; at < END; at += STEP) {
		const u8 *entry = (const u8 *)at;

		if (memcmp(entry, "_SM3_", 5) == 0 && acpi_sum_is_zero(entry, entry[V3_LENGTH])) {
			walk(acpi_u64(entry + V3_ADDRESS), acpi_u32(entry + V3_SIZE));
			return;
		}
		if (memcmp(entry, "_SM_", 4) == 0 && acpi_sum_is_zero(entry, entry[V2_LENGTH])) {
			walk(acpi_u32(entry + V2_ADDRESS),
			     entry[V2_SIZE] | (u32)entry[V2_SIZE + 1] << 8);
			return;
		}
	}
	guest_fail("no SMBIOS entry point");
}

GUEST("smbios")
{
	find();
	CHECK_EQ(counts[END_OF_TABLE], 1);
	CHECK_EQ(counts[BIOS], 1);
	CHECK_EQ(counts[SYSTEM], 1);
	CHECK_EQ(counts[ENCLOSURE], 1);
	CHECK(counts[CPU] >= 1 && counts[CPU] <= option("vcpus", 1));
	CHECK(counts[MEMORY] >= 1);
	CHECK_EQ(memory_mib, option("memory", 0));
}
