/* SPDX-License-Identifier: MIT */
// SOURCES: boot/multiboot2.c boot/multiboot2_tags.c mm/memmap.c
// SOURCES: lib/text.c lib/log.c lib/error.c lib/lock.c lib/format.c
/*
 * Feeds anything as the information of a boot loader. What comes out must be in bounds whether it
 * was accepted or not, since the screen and the command line are used to say why it wasn't.
 */
#include <stdlib.h>
#include <string.h>

#include "boot/multiboot2.h"

static struct boot_info info;

static void
check(bool holds)
{
	if (!holds)
		abort();
}

/* A text that ends within the input, which is where the boot loader's texts stay. */
static void
check_text(const char *text, const u8 *data, size_t size)
{
	const char *from = (const char *)data;

	if (text[0] == '\0')
		return;
	check(text >= from && text < from + size);
	check(memchr(text, '\0', (size_t)(from + size - text)) != NULL);
}

static void
check_modules(const u8 *data, size_t size)
{
	check(info.module_count <= BOOT_MODULES_MAX);
	for (unsigned i = 0; i < info.module_count; i++) {
		const struct boot_module *m = &info.modules[i];

		check(m->base.v + m->length < 4 * GiB);
		check_text(m->name, data, size);
	}
}

static void
check_memory_map(void)
{
	const struct mem_range *r = info.memmap.range;

	check(info.memmap.count <= MEMMAP_MAX);
	for (unsigned i = 0; i < info.memmap.count; i++) {
		check(r[i].size > 0 && r[i].base + r[i].size > r[i].base);
		check(i == 0 || r[i].base >= r[i - 1].base + r[i - 1].size);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int
LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	int err = multiboot2_parse(MULTIBOOT2_MAGIC, data, size, 40, &info);

	check((err == 0) == (info.error[0] == '\0'));
	check(strnlen(info.error, sizeof(info.error)) < sizeof(info.error));
	check_text(info.command_line, data, size);
	check_text(info.loader, data, size);
	check(info.rsdp.length <= ACPI_RSDP_SIZE);
	check(info.framebuffer.kind <= BOOT_SCREEN_TEXT);
	check_modules(data, size);
	check_memory_map();
	return 0;
}
