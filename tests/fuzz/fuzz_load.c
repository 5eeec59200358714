/* SPDX-License-Identifier: MIT */
// SOURCES: core/load.c core/load_elf.c core/load_firmware.c core/load_image.c core/load_linux.c
// SOURCES: core/load_map.c core/load_multiboot.c core/load_multiboot2.c
// SOURCES: core/load_multiboot2_info.c core/load_place.c core/load_pvh.c core/load_tables.c
// SOURCES: lib/error.c lib/format.c lib/log.c lib/lock.c
/*
 * Any bytes as a kernel, and as firmware: either the guest has an entry in its memory, or there is
 * a printable sentence. The first byte chooses the VM's memory and what comes along.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fake/guest_ram.h"

#include "core/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char initrd[5000];
static const struct load_module modules[] = {
	{{"one", initrd, 1},    "a b"},
	{{"two", initrd, 4097}, ""	  },
};

static void
check(bool condition)
{
	if (!condition)
		abort();
}

static void
check_error(const struct load_error *error)
{
	check(error->text[0] != '\0' && strlen(error->text) <= LOAD_ERROR_MAX);
	for (const char *c = error->text; *c != '\0'; c++)
		check(*c >= ' ' && *c <= '~');
}

static void
check_entry(const struct guest_memory *m, const struct load_entry *entry)
{
	check(entry->kind != NULL && entry->mode <= LOAD_LONG64);
	if (entry->mode == LOAD_REAL)
		return;
	check(fake_guest_at(m, entry->rip, 1) != NULL);
	check(fake_guest_at(m, entry->rbx, 1) != NULL);
	check(fake_guest_at(m, entry->rsi, 1) != NULL);
	check(fake_guest_at(m, entry->gdt.v, LOAD_GDT_SIZE) != NULL);
	if (entry->mode == LOAD_LONG64)
		check(fake_guest_at(m, entry->cr3.v, 6 * PAGE_SIZE) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct guest_memory *memories[2];
	struct load_request request = {.cmdline = "a command line"};
	struct load_error error = {{0}};
	struct load_entry entry;

	if (memories[0] == NULL) {
		memories[0] = fake_guest_create(MiB);
		memories[1] = fake_guest_create(24 * MiB);
	}
	if (size == 0)
		return 0;
	request.memory = memories[data[0] & 1];
	if (data[0] & 2)
		request.initrd = (struct load_file){"initrd", initrd, sizeof(initrd)};
	if (data[0] & 4) {
		request.modules = modules;
		request.module_count = 2;
	}
	request.rsdp = GPA(data[0] & 8 ? 0xe0000 : 0);
	if (data[0] & 16 && size <= 64 * KiB)
		request.firmware = (struct load_file){"fw", data + 1, size - 1};
	else
		request.kernel = (struct load_file){"vmlinuz", data + 1, size - 1};
	free(request.memory->extra);
	request.memory->extra = NULL;
	if (load_guest(&request, &entry, &error) != 0)
		check_error(&error);
	else
		check_entry(request.memory, &entry);
	return 0;
}
