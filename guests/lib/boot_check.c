/* SPDX-License-Identifier: MIT */
#include "guests/lib/boot_check.h"

#include "guests/lib/guest.h"

extern u8 image_begin[], image_end[];

/* Do the ranges hold all of this as RAM? */
static bool
is_ram(u64 base, u64 size)
{
	for (unsigned n = 0; n < boot_info.ranges; n++) {
		const struct memory_range *r = &boot_info.memory[n];

		if (r->type == MEMORY_RAM && base >= r->base && base + size <= r->base + r->size)
			return true;
	}
	return false;
}

static bool
overlaps(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

static void
check_memory(void)
{
	const struct memory_range *m = boot_info.memory;
	u64 image = (u64)image_begin, size = (u64)image_end - image;

	CHECK(boot_info.ranges > 0);
	for (unsigned a = 0; a < boot_info.ranges; a++)
		for (unsigned b = 0; b < a; b++)
			CHECK(!overlaps(m[a].base, m[a].size, m[b].base, m[b].size));
	CHECK(is_ram(image, size));
	CHECK(!is_ram(0xa0000, 1)); /* the VGA window */
	CHECK(!is_ram(0xfee00000, 1));
	/* Firmware takes some. */
	CHECK(boot_info_ram() <= option("memory", 0) * MiB);
	CHECK(boot_info_ram() > option("memory", 0) * MiB - 2 * MiB);
}

/* The table of the guests is the module. */
static void
check_module(void)
{
	static const char begin[] = "# SPDX-License-Identifier: MIT\n";
	u64 at = (u64)boot_info.module, size = boot_info.module_size;
	u64 image = (u64)image_begin;

	CHECK(boot_info.module != NULL && size > sizeof(begin));
	CHECK(is_ram(at, size));
	CHECK(!overlaps(at, size, image, (u64)image_end - image));
	CHECK(memcmp(boot_info.module, begin, sizeof(begin) - 1) == 0);
	CHECK_EQ(boot_info.module[size - 1], '\n');
	CHECK_EQ(size, option("module", 0));
	if (boot_info.protocol == BOOT_LINUX)
		return; /* an initrd has no words, nor a page's alignment */
	if (boot_info.protocol != BOOT_PVH)
		CHECK(strlen(boot_info.module_cmdline) >= 10 &&
		      strcmp(boot_info.module_cmdline + strlen(boot_info.module_cmdline) - 10,
			     "with words") == 0);
	else
		CHECK(IS_ALIGNED(at, PAGE_SIZE));
}

/* ACPI 6.4, 5.2.5.3 */
static void
check_rsdp(void)
{
	u8 sum = 0;

	if (boot_info.protocol == BOOT_MULTIBOOT1)
		return; /* which tells nobody where it is */
	CHECK(boot_info.rsdp != 0);
	CHECK(memcmp((void *)boot_info.rsdp, "RSD PTR ", 8) == 0);
	for (unsigned n = 0; n < 20; n++)
		sum = (u8)(sum + ((u8 *)boot_info.rsdp)[n]);
	CHECK_EQ(sum, 0);
}

/* The .bss is zero, also behind the last byte of the file. */
static void
check_bss(void)
{
	static u64 empty[512];

	for (unsigned n = 0; n < ARRAY_SIZE(empty); n++)
		CHECK_EQ(READ_ONCE(empty[n]), 0);
}

void
boot_check(enum boot_protocol protocol)
{
	CHECK_EQ(boot_info.protocol, protocol);
	CHECK_EQ(option("vcpus", 0), 1);
	CHECK(option("seed", 0) != 0);
	check_memory();
	check_module();
	check_rsdp();
	check_bss();
}
