/* SPDX-License-Identifier: MIT */
// SOURCES: core/load.c core/load_elf.c core/load_firmware.c core/load_image.c core/load_linux.c
// SOURCES: core/load_map.c core/load_multiboot.c core/load_multiboot2.c
// SOURCES: core/load_multiboot2_info.c core/load_place.c core/load_pvh.c core/load_tables.c
// SOURCES: lib/error.c lib/format.c lib/log.c lib/lock.c
#include "tests/unit/test.h"

#include "tests/unit/fake/load_files.h"

/* Offsets as Linux' Documentation/arch/x86/boot.rst and zero-page.rst have them. */
enum { CODE_AT = 0xa00 /* behind 4 sectors of setup and the boot sector */, CODE_LEN = 0x1000 };

/* A kernel like Debian's: 64-bit entry, relocatable, 16 MiB preferred. */
static void
make_linux(u64 guest_size)
{
	begin(guest_size);
	put(0x1f1, 4, 1);
	put(0x1f4, CODE_LEN / 16, 4);
	put(0x1fe, 0xaa55, 2);
	put(0x200, 0x66eb, 2); /* the header ends at 0x268 */
	put(0x202, 0x53726448, 4);
	put(0x206, 0x20f, 2);
	put(0x211, 0x01 | 0x40 | 0x80, 1);
	put(0x214, 0x100000, 4);
	put(0x22c, 0x7fffffff, 4);
	put(0x230, 0x200000, 4);
	put(0x234, 1, 1);
	put(0x236, 0x3f, 2);
	put(0x238, 2047, 4);
	put(0x258, 0x1000000, 8);
	put(0x260, 0x300000, 4);
	for (unsigned i = 0; i < CODE_LEN; i++)
		put(CODE_AT + i, i * 7 + 1, 1);
}

static void
assert_code_at(u64 base)
{
	assert_int_equal(entry.rip, base + (entry.mode == LOAD_LONG64 ? 0x200 : 0));
	assert_memory_equal(fake_guest_at(guest, base, CODE_LEN), file_bytes + CODE_AT, CODE_LEN);
}

static void
entry_64(void **state)
{
	u64 params;

	make_linux(64 * MiB);
	request.cmdline = "console=ttyS0 quiet";
	request.rsdp = GPA(0xe0000);
	assert_int_equal(load(), 0);
	assert_int_equal(entry.mode, LOAD_LONG64);
	assert_string_equal(entry.kind, "bzImage");
	assert_code_at(0x1000000);
	params = entry.rsi;
	assert_int_equal(params & 0xfff, 0);
	assert_true(params >= 0x1000 && params < 0xa0000);
	assert_int_equal(at(params + 0x070, 8), 0xe0000);
	assert_int_equal(at(params + 0x1ef, 1), 0); /* the sentinel */
	assert_int_equal(at(params + 0x202, 4), 0x53726448);
	assert_int_equal(at(params + 0x210, 1), 0xff);
	assert_int_equal(at(params + 0x211, 1), 0x01);
	assert_int_equal(at(params + 0x214, 4), 0x1000000);
	assert_int_equal(at(params + 0x218, 8), 0); /* no initrd */
	assert_int_equal(at(params + 0x258, 8), 0x1000000);
	assert_string_equal((char *)fake_guest_at(guest, at(params + 0x228, 4), 20),
			    "console=ttyS0 quiet");
	assert_int_equal(at(params, 2), 0); /* screen_info: no screen */
	assert_int_equal(at(params + 0xff0, 8), 0);
}

/* RAM without the ROM area, which is reserved, and the VGA window; and what was asked for. */
static void
memory_map(void **state)
{
	static const struct load_reserved reserved[] = {
		{0x3f00000,  0x10000,    LOAD_ACPI    },
		{0xb0000000, 0x10000000, LOAD_RESERVED},
	};
	static const u64 want[][3] = {
		{0,	    0xa0000,    1},
		 {0xe0000,	   0x20000,    2},
		  {0x100000,   0x3e00000,	1},
		{0x3f00000,  0x10000,    3},
		 {0x3f10000,  0xf0000,    1},
		  {0xb0000000, 0x10000000, 2},
	};

	make_linux(64 * MiB);
	request.reserved = reserved;
	request.reserved_count = 2;
	assert_int_equal(load(), 0);
	assert_int_equal(at(entry.rsi + 0x1e8, 1), ARRAY_SIZE(want));
	for (u64 i = 0; i < ARRAY_SIZE(want); i++) {
		assert_int_equal(at(entry.rsi + 0x2d0 + i * 20, 8), want[i][0]);
		assert_int_equal(at(entry.rsi + 0x2d0 + i * 20 + 8, 8), want[i][1]);
		assert_int_equal(at(entry.rsi + 0x2d0 + i * 20 + 16, 4), want[i][2]);
	}
}

/* SDM vol. 3, 4.5: what the first four tables map the first 4 GiB to. */
static void
identity_tables(void **state)
{
	u64 pdpt;

	make_linux(64 * MiB);
	assert_int_equal(load(), 0);
	assert_int_equal(entry.cr3.v & 0xfff, 0);
	assert_int_equal(at(entry.cr3.v, 8) & 0xfff, 3);
	assert_int_equal(at(entry.cr3.v + 8, 8), 0);
	pdpt = at(entry.cr3.v, 8) & ~0xffful;
	assert_int_equal(at(pdpt + 4 * 8, 8), 0);
	for (u64 mib = 0; mib < 4096; mib += 2) {
		u64 directory = at(pdpt + mib / 1024 * 8, 8);

		assert_int_equal(directory & 0xfff, 3);
		assert_int_equal(at((directory & ~0xffful) + mib % 1024 / 2 * 8, 8),
				 mib * MiB | 0xe3);
	}
	assert_int_equal(at(entry.gdt.v + 0x10, 8), 0x00af9b000000ffff);
	assert_int_equal(at(entry.gdt.v + 0x18, 8), 0x00cf93000000ffff);
}

static void
initrd_is_high(void **state)
{
	static const char initrd[] = "an initrd of some bytes";

	make_linux(64 * MiB);
	request.initrd = (struct load_file){"initrd.img", initrd, sizeof(initrd)};
	assert_int_equal(load(), 0);
	assert_int_equal(at(entry.rsi + 0x218, 4), 64 * MiB - 4096);
	assert_int_equal(at(entry.rsi + 0x21c, 4), sizeof(initrd));
	assert_memory_equal(fake_guest_at(guest, 64 * MiB - 4096, sizeof(initrd)), initrd,
			    sizeof(initrd));
	make_linux(64 * MiB);
	put(0x22c, 0x2ffffff, 4);
	request.initrd = (struct load_file){"initrd.img", initrd, sizeof(initrd)};
	assert_int_equal(load(), 0);
	assert_int_equal(at(entry.rsi + 0x218, 4), 0x2fff000);
}

static void
entry_32(void **state)
{
	make_linux(64 * MiB);
	put(0x236, 0, 2);
	assert_int_equal(load(), 0);
	assert_int_equal(entry.mode, LOAD_PROTECTED32);
	assert_string_equal(entry.kind, "bzImage (32-bit)");
	assert_code_at(0x1000000);
	assert_int_equal(entry.cr3.v, 0);
	assert_int_equal(at(entry.gdt.v + 0x10, 8), 0x00cf9b000000ffff);
	/* xloadflags came with 2.12 */
	make_linux(64 * MiB);
	put(0x206, 0x20b, 2);
	assert_int_equal(load(), 0);
	assert_int_equal(entry.mode, LOAD_PROTECTED32);
	/* pref_address came with 2.10 */
	put(0x206, 0x209, 2);
	assert_int_equal(load(), 0);
	assert_code_at(0x100000);
}

/* A small VM has nothing at 16 MiB; a relocatable kernel moves down, at its alignment. */
static void
small_memory(void **state)
{
	make_linux(8 * MiB);
	assert_int_equal(load(), 0);
	assert_code_at(0x200000);
	make_linux(8 * MiB);
	put(0x234, 0, 1);
	assert_int_equal(load(), -ERR_NOMEM);
	assert_string_equal(error.text, "kernel vmlinuz: needs 3 MiB of memory at 0x1000000; the "
					"VM has 8 MiB in all");
	make_linux(4 * MiB);
	assert_int_equal(load(), -ERR_NOMEM);
	make_linux(8 * MiB);
	put(0x258, 0xffffffff00000000, 8);
	assert_int_equal(load(), 0);
	assert_code_at(0x200000);
}

#define assert_refused(words)                                                                      \
	do {                                                                                       \
		assert_int_not_equal(load(), 0);                                                   \
		if (strstr(error.text, words) == NULL)                                             \
			fail_msg("\"%s\" is not in: %s", words, error.text);                       \
	} while (0)

static void
refusals(void **state)
{
	static u8 big[6 * MiB];

	make_linux(64 * MiB);
	put(0x206, 0x205, 2);
	assert_refused("kernel vmlinuz: its boot protocol is 2.05; expected 2.06 or later");
	make_linux(64 * MiB);
	put(0x211, 0, 1);
	assert_refused("is a zImage");
	make_linux(64 * MiB);
	put(0x230, 0x300000, 4);
	assert_refused("asks for an alignment of 0x300000");
	make_linux(64 * MiB);
	put(0x238, 10, 4);
	request.cmdline = "console=ttyS0";
	assert_refused("cmdline has 13 bytes; this kernel takes at most 10");
	make_linux(64 * MiB);
	request.module_count = 1;
	assert_refused("takes an initrd but no modules");
	make_linux(8 * MiB);
	request.initrd = (struct load_file){"initrd.img", big, sizeof(big)};
	assert_refused("initrd initrd.img: 6145 KiB don't fit into the VM's memory beside the "
		       "kernel");
	make_linux(64 * MiB);
	put(0x1f4, CODE_LEN / 16 + 1, 4);
	assert_refused("truncated: its kernel ends at byte 6672, the file has 6656");
}

/* At every length: an error in words, or the whole kernel. */
static void
truncated(void **state)
{
	u64 whole;

	make_linux(64 * MiB);
	whole = file_len;
	for (file_len = 0; file_len < whole - 15; file_len += file_len < 0x300 ? 1 : 97) {
		assert_int_equal(load(), -ERR_FORMAT);
		assert_memory_equal(error.text, "kernel vmlinuz: ", 16);
	}
	file_len = whole;
	assert_int_equal(load(), 0);
}

static void
no_kernel_at_all(void **state)
{
	begin(8 * MiB);
	assert_refused("kernel vmlinuz: the file is empty");
	put(0, 0x464c457e, 4);
	assert_refused("is no kernel that Ashlar knows");
	request.module_count = LOAD_MODULES_MAX + 1;
	assert_refused("33 modules; at most 32");
}

static int
drop_guest(void **state)
{
	fake_guest_free(guest);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entry_64),	    cmocka_unit_test(memory_map),
		cmocka_unit_test(identity_tables),  cmocka_unit_test(initrd_is_high),
		cmocka_unit_test(entry_32),	    cmocka_unit_test(small_memory),
		cmocka_unit_test(refusals),	    cmocka_unit_test(truncated),
		cmocka_unit_test(no_kernel_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, drop_guest);
}
