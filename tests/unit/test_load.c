/* SPDX-License-Identifier: MIT */
// SOURCES: core/load.c core/load_elf.c core/load_firmware.c core/load_image.c core/load_linux.c
// SOURCES: core/load_map.c core/load_multiboot.c core/load_multiboot2.c
// SOURCES: core/load_multiboot2_info.c core/load_place.c core/load_pvh.c core/load_tables.c
// SOURCES: lib/error.c lib/format.c lib/log.c lib/lock.c
/* PVH, multiboot, multiboot2 and firmware. */
#include "tests/unit/test.h"

#include "tests/unit/fake/load_files.h"

#define assert_refused(words)                                                                      \
	do {                                                                                       \
		assert_int_not_equal(load(), 0);                                                   \
		if (strstr(error.text, words) == NULL)                                             \
			fail_msg("\"%s\" is not in: %s", words, error.text);                       \
	} while (0)

static const char *
text_at(u64 gpa)
{
	return (const char *)fake_guest_at(guest, gpa, 32);
}

static void
add_modules(void)
{
	static const char initrd[] = "initrd", one[5000] = "one";

	request.initrd = (struct load_file){"initrd.img", initrd, sizeof(initrd)};
	request_modules[0] = (struct load_module){
		{"one", one, sizeof(one)},
		   "a  b"
	 };
	request.module_count = 1;
}

/* Two segments, the second with bss, and the note, as in Debian's vmlinux. */
static u64
make_pvh(u64 guest_size, u64 entry_point)
{
	u64 ph;

	begin(guest_size);
	elf64(0xffffffff81000000);
	ph = elf64_segment(PT_LOAD, 0x1000, 0xffffffff81000000, 0x1000000, 0x800, 0x800);
	elf64_segment(PT_LOAD, 0x2000, 0, 0x1200000, 0x10, 0x3000);
	elf64_segment(PT_NOTE, 0x3000, 0, 0, 0x3c, 0x3c);
	put(0x1000, 0x1122334455667788, 8);
	put(0x17f8, 0x99, 8);
	put(0x2008, 0xaabb, 8);
	put(0x3000, 4, 4); /* a note of somebody else first: name of 4, 6 bytes, padded to 8 */
	put(0x3004, 6, 4);
	put(0x3008, 18, 4);
	put(0x300c, 0x554e47, 4);
	put(0x3018, 4, 4);
	put(0x301c, 8, 4);
	put(0x3020, 18, 4);
	put(0x3024, 0x6e6558, 4);
	put(0x3028, entry_point, 8);
	put(0x3030, 0, 8);
	return ph;
}

static void
pvh(void **state)
{
	u64 info, list, map;

	make_pvh(64 * MiB, 0x1000040);
	request.cmdline = "console=ttyS0";
	request.rsdp = GPA(0xe0000);
	add_modules();
	assert_int_equal(load(), 0);
	assert_string_equal(entry.kind, "PVH");
	assert_int_equal(entry.mode, LOAD_PROTECTED32);
	assert_int_equal(entry.rip, 0x1000040);
	assert_int_equal(at(0x1000000, 8), 0x1122334455667788);
	assert_int_equal(at(0x10007f8, 8), 0x99);
	assert_int_equal(at(0x1000800, 8), 0xcccccccccccccccc);
	assert_int_equal(at(0x1200008, 8), 0xaabb);
	assert_int_equal(at(0x1200010, 8), 0); /* bss */
	assert_int_equal(at(0x1202ff8, 8), 0);
	assert_int_equal(at(0x1203000, 8), 0xcccccccccccccccc);
	info = entry.rbx;
	assert_int_equal(at(info, 4), 0x336ec578);
	assert_int_equal(at(info + 4, 4), 1);
	assert_int_equal(at(info + 8, 4), 0);
	assert_int_equal(at(info + 12, 4), 2);
	list = at(info + 16, 8);
	assert_string_equal(text_at(at(info + 24, 8)), "console=ttyS0");
	assert_int_equal(at(info + 32, 8), 0xe0000);
	map = at(info + 40, 8);
	assert_int_equal(at(info + 48, 4), 3);
	assert_string_equal(text_at(at(list, 8)), "initrd");
	assert_int_equal(at(list + 8, 8), 7);
	assert_string_equal(text_at(at(list + 32, 8)), "one");
	assert_int_equal(at(list + 32, 8) & 0xfff, 0);
	assert_int_equal(at(list + 40, 8), 5000);
	assert_string_equal(text_at(at(list + 48, 8)), "a  b");
	assert_int_equal(at(map, 8), 0);
	assert_int_equal(at(map + 8, 8), 0xa0000);
	assert_int_equal(at(map + 16, 4), 1);
	assert_int_equal(at(map + 24, 8), 0xe0000);
	assert_int_equal(at(map + 40, 4), 2);
	assert_int_equal(at(map + 56, 8), 63 * MiB);
}

static void
pvh_refusals(void **state)
{
	u64 ph;

	make_pvh(64 * MiB, 0x1000800);
	assert_refused("kernel vmlinuz: its PVH entry 0x1000800 is in none of its segments");
	make_pvh(16 * MiB, 0x1000040);
	assert_refused("a segment needs 0x800 bytes at 0x1000000, which the VM with 16 MiB does "
		       "not have there");
	ph = make_pvh(64 * MiB, 0x1000040);
	put(ph + 32, 0x801, 8);
	assert_refused("a segment has 0x801 bytes in the file, for 0x800 of memory");
	put(ph + 32, ~0ul, 8);
	assert_refused("truncated: a segment has 0xffffffffffffffff bytes at 0x1000");
	ph = make_pvh(64 * MiB, 0x1000040);
	put(ph + 40, 0x200001, 8);
	assert_refused("two segments overlap, one with 0x3000 bytes at 0x1200000");
	put(ph + 40, ~0ul, 8);
	assert_refused("a segment needs 0xffffffffffffffff bytes");
	make_pvh(64 * MiB, 0x1000040);
	put(18, 183, 2);
	assert_refused("for another processor (machine 183)");
	make_pvh(64 * MiB, 0x1000040);
	put(56, 0xffff, 2);
	assert_refused("is no kernel that Ashlar knows");
}

/* Notes without end, and ones that claim more than there is, are no PVH notes. */
static void
wild_notes(void **state)
{
	make_pvh(64 * MiB, 0x1000040);
	put(0x3004, 0xfffffff0, 4);
	assert_refused("is no kernel that Ashlar knows");
	make_pvh(64 * MiB, 0x1000040);
	put(0x3000, 0xffffffff, 4);
	assert_refused("is no kernel that Ashlar knows");
	make_pvh(64 * MiB, 0x1000040);
	put(0x301c, 0x100, 4); /* Xen's, longer than its segment */
	assert_refused("is no kernel that Ashlar knows");
}

static void
pvh_truncated(void **state)
{
	u64 whole;

	make_pvh(64 * MiB, 0x1000040);
	whole = file_len;
	for (file_len = 1; file_len < whole - 8; file_len += 13) {
		assert_int_not_equal(load(), 0);
		assert_memory_equal(error.text, "kernel vmlinuz: ", 16);
	}
}

static void
put_multiboot(u64 where, u32 flags)
{
	put(where, 0x1badb002, 4);
	put(where + 4, flags, 4);
	put(where + 8, 0u - (0x1badb002 + flags), 4);
}

/* An entry given by its virtual address. */
static void
make_multiboot(u32 flags)
{
	begin(64 * MiB);
	elf64(0xc0000010);
	elf64_segment(PT_LOAD, 0x1000, 0xc0000000, 0x200000, 0x100, 0x200);
	put_multiboot(0x1004, flags);
}

static void
multiboot(void **state)
{
	u64 info, mods, map;

	make_multiboot(7);
	request.cmdline = "x=1";
	add_modules();
	assert_int_equal(load(), 0);
	assert_string_equal(entry.kind, "multiboot");
	assert_int_equal(entry.mode, LOAD_PROTECTED32);
	assert_int_equal(entry.rip, 0x200010);
	assert_int_equal(entry.rax, 0x2badb002);
	info = entry.rbx;
	assert_int_equal(at(info, 4), 0x24d);
	assert_int_equal(at(info + 4, 4), 640);
	assert_int_equal(at(info + 8, 4), 63 * 1024);
	assert_string_equal(text_at(at(info + 16, 4)), "x=1");
	assert_int_equal(at(info + 20, 4), 2);
	mods = at(info + 24, 4);
	assert_string_equal(text_at(at(mods, 4)), "initrd");
	assert_int_equal(at(mods + 4, 4) - at(mods, 4), 7);
	assert_int_equal(at(mods + 20, 4) - at(mods + 16, 4), 5000);
	assert_string_equal(text_at(at(mods + 24, 4)), "a  b");
	assert_int_equal(at(info + 44, 4), 3 * 24);
	map = at(info + 48, 4);
	assert_int_equal(at(map, 4), 20);
	assert_int_equal(at(map + 4, 8), 0);
	assert_int_equal(at(map + 12, 8), 0xa0000);
	assert_int_equal(at(map + 20, 4), 1);
	assert_int_equal(at(map + 2 * 24 + 4, 8), MiB);
	assert_string_equal(text_at(at(info + 64, 4)), "Ashlar");
}

/* Without ELF: the header says what goes where (3.1.3). */
static void
multiboot_by_addresses(void **state)
{
	begin(64 * MiB);
	put_multiboot(0x40, 0x10003);
	put(0x4c, 0x100020, 4); /* header_addr */
	put(0x50, 0x100000, 4);
	put(0x54, 0x100080, 4);
	put(0x58, 0x101000, 4);
	put(0x5c, 0x100060, 4);
	put(0x80, 0x1234, 8);
	put(0x100, 0, 8);
	assert_int_equal(load(), 0);
	assert_int_equal(entry.rip, 0x100060);
	assert_int_equal(at(0x100020, 4), 0x1badb002);
	assert_int_equal(at(0x100060, 8), 0x1234);
	assert_int_equal(at(0x100080, 8), 0);
	assert_int_equal(at(0x100ff8, 8), 0);
	assert_int_equal(at(0x101000, 8), 0xcccccccccccccccc);
	put(0x4c, 0x100041, 4);
	assert_refused("its multiboot addresses are malformed");
	put(0x4c, 0x100020, 4);
	put(0x54, 0x101000, 4);
	assert_refused("truncated: its multiboot header asks for 0x1000 bytes at 0x20");
}

static void
multiboot_refusals(void **state)
{
	make_multiboot(0x9);
	assert_refused("asks for what nobody knows (flags 0x9)");
	make_multiboot(3);
	put(24, 0x300000, 8);
	assert_refused("its entry 0x300000 is in none of its segments");
	make_multiboot(3);
	put(0x1008, 1, 4); /* the sum is wrong: no header */
	assert_refused("is no kernel that Ashlar knows");
	begin(64 * MiB);
	put_multiboot(8188, 0x10003); /* not whole within 8 KiB */
	assert_refused("is no kernel that Ashlar knows");
}

static u64 header_end;

static void
put_tag(u32 type, u32 flags, u32 size, const u32 *words)
{
	put(header_end, type, 2);
	put(header_end + 2, flags, 2);
	put(header_end + 4, size, 4);
	for (u32 i = 0; words != NULL && i < (size - 8) / 4; i++)
		put(header_end + 8 + i * 4, words[i], 4);
	header_end += (size + 7) & ~7u;
}

static void
end_header(void)
{
	u32 len;

	put_tag(0, 0, 8, NULL);
	len = (u32)(header_end - 0x1000);
	put(0x1000, 0xe85250d6, 4);
	put(0x1004, 0, 4);
	put(0x1008, len, 4);
	put(0x100c, 0u - (0xe85250d6 + len), 4);
}

static void
make_multiboot2(u64 guest_size)
{
	begin(guest_size);
	elf64(0x400020);
	elf64_segment(PT_LOAD, 0x1000, 0x400000, 0x400000, 0x100, 0x100);
	elf64_segment(PT_LOAD, 0x1100, 0x401000, 0x401000, 0x8, 0x1000);
	put(0x1100, 0x77, 8);
	header_end = 0x1010;
}

/* The information's tag of a type; 0 when it has none. */
static u64
find_tag(u32 type)
{
	u64 info = entry.rbx, total = at(info, 4), where = 8;

	assert_int_equal(info % 8, 0);
	assert_int_equal(at(info + 4, 4), 0);
	while (where < total) {
		if (at(info + where, 4) == type)
			return info + where;
		where += (at(info + where + 4, 4) + 7) & ~7ul;
	}
	return 0;
}

static void
multiboot2(void **state)
{
	static const u8 rsdp[36] = {[0] = 'R', [15] = 2, [20] = 36, [35] = 0x5a};
	u64 tag;

	make_multiboot2(64 * MiB);
	put_tag(1, 0, 16, (const u32[]){6, 21});
	put_tag(5, 0, 20, (const u32[]){0, 0, 0});
	put_tag(99, 1, 8, NULL);
	end_header();
	request.cmdline = "a=b";
	request.rsdp = GPA(0xe0010);
	assert_int_equal(guest_write(guest, GPA(0xe0010), rsdp, sizeof(rsdp)), 0);
	add_modules();
	assert_int_equal(load(), 0);
	assert_string_equal(entry.kind, "multiboot2");
	assert_int_equal(entry.rip, 0x400020);
	assert_int_equal(entry.rax, 0x36d76289);
	assert_int_equal(at(0x401000, 8), 0x77);
	assert_int_equal(at(0x401008, 8), 0);
	assert_string_equal(text_at(find_tag(1) + 8), "a=b");
	assert_int_equal(at(find_tag(1) + 4, 4), 12);
	assert_string_equal(text_at(find_tag(2) + 8), "Ashlar");
	tag = find_tag(3);
	assert_string_equal(text_at(at(tag + 8, 4)), "initrd");
	tag += 24; /* 8 + 8 + 1 byte, padded */
	assert_int_equal(at(tag, 4), 3);
	assert_int_equal(at(tag + 12, 4) - at(tag + 8, 4), 5000);
	assert_string_equal(text_at(tag + 16), "a  b");
	assert_int_equal(at(find_tag(4) + 8, 4), 640);
	assert_int_equal(at(find_tag(4) + 12, 4), 63 * 1024);
	tag = find_tag(6);
	assert_int_equal(at(tag + 4, 4), 16 + 3 * 24);
	assert_int_equal(at(tag + 8, 4), 24);
	assert_int_equal(at(tag + 12, 4), 0);
	assert_int_equal(at(tag + 16 + 24, 8), 0xe0000);
	assert_int_equal(at(tag + 16 + 24 + 16, 4), 2);
	tag = find_tag(15);
	assert_int_equal(at(tag + 4, 4), 44);
	assert_memory_equal(text_at(tag + 8), rsdp, 32);
	assert_int_equal(find_tag(14), 0);
	assert_int_equal(find_tag(21), 0);
	tag = find_tag(0);
	assert_int_equal(at(tag + 4, 4), 8);
	assert_int_equal(tag + 8 - entry.rbx, at(entry.rbx, 4));
}

/* Ashlar's own header: anywhere below 4 GiB at 2 MiB, preferably low. */
static void
relocatable(void **state)
{
	make_multiboot2(64 * MiB);
	put_tag(10, 0, 24, (const u32[]){0x100000, 0xffffffff, 0x200000, 1});
	end_header();
	assert_int_equal(load(), 0);
	assert_int_equal(entry.rip, 0x200020);
	assert_int_equal(at(0x200000, 4), 0xe85250d6);
	assert_int_equal(at(0x201000, 8), 0x77);
	assert_int_equal(at(find_tag(21) + 8, 4), 0x200000);
	make_multiboot2(64 * MiB);
	put_tag(10, 0, 24, (const u32[]){0x100000, 0x1ffffff, 0x100000, 2});
	end_header();
	assert_int_equal(load(), 0);
	assert_int_equal(entry.rip, 0x1f00020);
	assert_int_equal(at(0x1f01000, 8), 0x77);
	make_multiboot2(64 * MiB);
	put_tag(10, 0, 24, (const u32[]){0x8000000, 0xffffffff, 0x1000, 0});
	end_header();
	assert_refused("needs 9 KiB of memory between 0x8000000 and 0xffffffff; the VM has 64 MiB");
}

static void
multiboot2_refusals(void **state)
{
	make_multiboot2(64 * MiB);
	put_tag(99, 0, 8, NULL);
	end_header();
	assert_refused("requires what can't be given (tag 99 of 8 bytes)");
	make_multiboot2(64 * MiB);
	put_tag(1, 0, 12, (const u32[]){22});
	end_header();
	assert_refused("requires what can't be given (tag 1 of 12 bytes)");
	make_multiboot2(64 * MiB);
	put_tag(4, 0, 12, (const u32[]){1});
	end_header();
	assert_refused("requires what can't be given (tag 4 of 12 bytes)");
	make_multiboot2(64 * MiB);
	put_tag(10, 0, 24, (const u32[]){0, ~0u, 3, 1});
	end_header();
	assert_refused("requires what can't be given (tag 10 of 24 bytes)");
	make_multiboot2(64 * MiB);
	put_tag(6, 0, 8, NULL);
	end_header();
	put(0x1014, 7, 4); /* a tag's size */
	assert_refused("a tag of 7 bytes in its multiboot2 header of 32 is malformed");
	put(0x1014, 17, 4);
	assert_refused("a tag of 17 bytes");
	begin(64 * MiB);
	header_end = 0x1010;
	end_header();
	assert_refused("is no ELF file and gives no addresses");
}

static void
multiboot2_by_addresses(void **state)
{
	begin(64 * MiB);
	header_end = 0x1010;
	put_tag(2, 0, 24, (const u32[]){0x301000, 0x300000, 0, 0x302000});
	put_tag(3, 0, 12, (const u32[]){0x301080});
	end_header();
	put(0x1080, 0x4321, 8);
	assert_int_equal(load(), 0);
	assert_int_equal(entry.rip, 0x301080);
	assert_int_equal(at(0x301080, 8), 0x4321);
	assert_int_equal(at(0x301ff8, 8), 0);
}

static void
firmware(void **state)
{
	static u8 image[200 * 1024 + 5];

	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = (u8)(i * 31 + i / 256);
	begin(8 * MiB);
	request.firmware = (struct load_file){"bios.bin", image, sizeof(image)};
	assert_int_equal(load(), 0);
	assert_int_equal(entry.mode, LOAD_REAL);
	assert_string_equal(entry.kind, "firmware");
	assert_memory_equal(fake_guest_at(guest, 0x100000000 - sizeof(image), sizeof(image)), image,
			    sizeof(image));
	assert_memory_equal(fake_guest_at(guest, 0xe0000, 0x20000), image + sizeof(image) - 0x20000,
			    0x20000);
	assert_int_equal(load(), 0); /* again, after a reset */
	request.firmware.len = 15;
	assert_refused("firmware bios.bin: has 15 bytes; expected 16 bytes to 16 MiB");
	request.firmware.len = 16 * MiB + 1;
	assert_refused("has 16777217 bytes");
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
		cmocka_unit_test(pvh),
		cmocka_unit_test(pvh_refusals),
		cmocka_unit_test(wild_notes),
		cmocka_unit_test(pvh_truncated),
		cmocka_unit_test(multiboot),
		cmocka_unit_test(multiboot_by_addresses),
		cmocka_unit_test(multiboot_refusals),
		cmocka_unit_test(multiboot2),
		cmocka_unit_test(relocatable),
		cmocka_unit_test(multiboot2_refusals),
		cmocka_unit_test(multiboot2_by_addresses),
		cmocka_unit_test(firmware),
	};
	return cmocka_run_group_tests(tests, NULL, drop_guest);
}
