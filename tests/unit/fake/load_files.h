/* SPDX-License-Identifier: MIT */
/* Kernel files, made byte by byte, and a guest to load them into; for test_load*.c and fuzz_load.
 */
#pragma once

#include "core/load.h"
#include "tests/unit/fake/guest_ram.h"

enum { FILE_MAX = 128 * 1024 };

static u8 file_bytes[FILE_MAX];
static u64 file_len;

static struct guest_memory *guest;
static struct load_request request;
static struct load_entry entry;
static struct load_error error;
static struct load_module request_modules[LOAD_MODULES_MAX + 1];

static inline void
put(u64 at, u64 value, unsigned size)
{
	memcpy(file_bytes + at, &value, size);
	file_len = MAX(file_len, at + size);
}

/* What the guest has there. */
static inline u64
at(u64 gpa, unsigned size)
{
	u64 value = 0;
	const u8 *bytes = fake_guest_at(guest, gpa, size);

	if (bytes == NULL)
		return ~0ul;
	memcpy(&value, bytes, size);
	return value;
}

static inline void
begin(u64 guest_size)
{
	if (guest != NULL)
		fake_guest_free(guest);
	guest = fake_guest_create(guest_size);
	memset(file_bytes, 0, sizeof(file_bytes));
	file_len = 0;
	request = (struct load_request){.memory = guest, .cmdline = ""};
}

static inline int
load(void)
{
	/* Of its exact size, so that the sanitizer sees a read behind its end. */
	u8 *copy = malloc(file_len + 1);
	int err;

	memcpy(copy, file_bytes, file_len);
	copy = realloc(copy, MAX(file_len, 1ul));
	request.kernel = (struct load_file){"vmlinuz", copy, file_len};
	request.modules = request_modules;
	err = load_guest(&request, &entry, &error);
	free(copy);
	return err;
}

/* An ELF64 file with segments; sections of notes are segments too. */
enum { ELF_HEADER = 64, ELF_PH = 56, PT_LOAD = 1, PT_NOTE = 4 };

static inline void
elf64(u64 entry_point)
{
	put(0, 0x464c457f, 4);
	put(4, 2, 1); /* ELFCLASS64 */
	put(5, 1, 1); /* ELFDATA2LSB */
	put(16, 2, 2);
	put(18, 62, 2); /* EM_X86_64 */
	put(24, entry_point, 8);
	put(32, ELF_HEADER, 8);
	put(54, ELF_PH, 2);
	put(56, 0, 2);
}

static inline u64
elf64_segment(u32 type, u64 offset, u64 virt, u64 physical, u64 file_size, u64 memory_size)
{
	u16 n;
	u64 ph;

	memcpy(&n, file_bytes + 56, 2);
	ph = ELF_HEADER + (u64)n * ELF_PH;
	put(ph, type, 4);
	put(ph + 8, offset, 8);
	put(ph + 16, virt, 8);
	put(ph + 24, physical, 8);
	put(ph + 32, file_size, 8);
	put(ph + 40, memory_size, 8);
	put(ph + 48, 4, 8);
	put(56, n + 1u, 2);
	file_len = MAX(file_len, offset + file_size);
	return ph;
}
