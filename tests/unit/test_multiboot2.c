/* SPDX-License-Identifier: MIT */
// SOURCES: boot/multiboot2.c boot/multiboot2_tags.c mm/memmap.c
// SOURCES: lib/text.c lib/log.c lib/error.c lib/lock.c lib/format.c
/* Made-up information of a boot loader (Multiboot2 Specification 2.0, 3.6). */
#include "tests/unit/test.h"

#include "boot/multiboot2.h"
#include "lib/log.h"
#include "tests/unit/fake/bytes.h"

enum { PHYS_BITS = 40 };

static struct bytes b;
static struct boot_info info;
static u64 log_from;
static const u8 *parsed_end;

static bool
logged(const char *text)
{
	struct log_line line;

	for (u64 seq = log_from; log_read(&seq, &line);) {
		if (strstr(line.text, text) != NULL)
			return true;
	}
	return false;
}

static bool
refused(const char *text)
{
	return strstr(info.error, text) != NULL;
}

/* From an odd address, and with nothing readable past the end; it stays until the next. */
static int
parse_limit(size_t limit)
{
	static u8 *copy;

	free(copy);
	copy = malloc(limit + 1);
	memcpy(copy + 1, b.at, limit);
	parsed_end = copy + 1 + limit;
	log_from = log_next_seq();
	return multiboot2_parse(MULTIBOOT2_MAGIC, copy + 1, limit, PHYS_BITS, &info);
}

/* Begins a tag; what follows until tag_end() is in it. */
static size_t
tag_begin(u32 type)
{
	put_zeros(&b, (8 - b.length % 8) % 8);
	put_mark(&b);
	put32(&b, type), put32(&b, 0);
	return b.length - 8;
}

static void
tag_end(size_t tag)
{
	poke32(&b, tag + 4, (u32)(b.length - tag));
}

static void
begin(void)
{
	b.length = b.mark_count = 0;
	put32(&b, 0), put32(&b, 0);
}

static void
end(void)
{
	tag_end(tag_begin(0));
	poke32(&b, 0, (u32)b.length);
}

static int
parse(void)
{
	end();
	return parse_limit(b.length);
}

static void
put_entry(u64 base, u64 length, u32 type)
{
	put64(&b, base), put64(&b, length), put32(&b, type), put32(&b, 0);
}

static size_t
map_begin(u32 entry_size)
{
	size_t tag = tag_begin(6);

	put32(&b, entry_size), put32(&b, 0);
	return tag;
}

static void
put_memory_map(void)
{
	size_t tag = map_begin(24);

	put_entry(0, 0x9fc00, 1);
	put_entry(0xf0000, 0x10000, 2);
	put_entry(1 * MiB, 127 * MiB, 1);
	put_entry(128 * MiB, 64 * KiB, 3);
	put_entry(129 * MiB, 64 * KiB, 4);
	put_entry(130 * MiB, 4 * KiB, 5);
	put_entry(131 * MiB, 4 * KiB, 77);
	tag_end(tag);
}

static void
put_module(u32 start, u32 last, const char *name)
{
	size_t tag = tag_begin(3);

	put32(&b, start), put32(&b, last), put_copy(&b, name, strlen(name) + 1);
	tag_end(tag);
}

static void
put_text_tag(u32 type, const char *text)
{
	size_t tag = tag_begin(type);

	put_copy(&b, text, strlen(text) + 1);
	tag_end(tag);
}

static void
put_rsdp(u32 type, size_t length, char fill)
{
	size_t tag = tag_begin(type);

	put_copy(&b, "RSD PTR ", 8);
	for (size_t i = 8; i < length; i++)
		put8(&b, (u8)fill);
	tag_end(tag);
}

static size_t
screen_begin(u8 type, u32 pitch, u32 width, u32 height, u8 bits)
{
	size_t tag = tag_begin(8);

	put64(&b, 0xfd000000), put32(&b, pitch), put32(&b, width), put32(&b, height);
	put8(&b, bits), put8(&b, type), put16(&b, 0);
	return tag;
}

static void
put_rgb(u32 pitch, u32 width, u32 height, u8 bits)
{
	size_t tag = screen_begin(1, pitch, width, height, bits);

	put8(&b, 16), put8(&b, 8), put8(&b, 8), put8(&b, 8), put8(&b, 0), put8(&b, 8);
	tag_end(tag);
}

static void
put_everything(void)
{
	size_t tag;

	begin();
	put_text_tag(1, "console=com2");
	put_text_tag(2, "GRUB 2.06");
	put_rsdp(14, 20, 'o');
	put_module(0x200000, 0x200123, "ashlar.conf");
	put_memory_map();
	put_rgb(4096, 1024, 768, 32);
	put_rsdp(15, 36, 'n');
	put_module(0x201000, 0x300000, "vmlinuz");
	tag = tag_begin(12), put64(&b, 0x7f000000), tag_end(tag);
	tag = tag_begin(21), put32(&b, 0x400000), tag_end(tag);
	tag = tag_begin(4711), put8(&b, 1), tag_end(tag);
}

static void
everything(void **state)
{
	put_everything();
	assert_int_equal(parse(), 0);
	assert_string_equal(info.error, "");
	assert_string_equal(info.command_line, "console=com2");
	assert_string_equal(info.loader, "GRUB 2.06");
	assert_int_equal(info.rsdp.length, 36);
	assert_int_equal(info.rsdp.bytes[35], 'n');
	assert_int_equal(info.module_count, 2);
	assert_int_equal(info.modules[0].base.v, 0x200000);
	assert_int_equal(info.modules[0].length, 0x123);
	assert_string_equal(info.modules[1].name, "vmlinuz");
	assert_true(info.efi && info.has_load_base);
	assert_int_equal(info.load_base.v, 0x400000);
}

static void
memory_types(void **state)
{
	put_everything();
	assert_int_equal(parse(), 0);
	assert_int_equal(memmap_bytes(&info.memmap, MEM_USABLE), 0x9fc00 + 127 * MiB);
	assert_int_equal(memmap_bytes(&info.memmap, MEM_ACPI), 64 * KiB);
	assert_int_equal(memmap_bytes(&info.memmap, MEM_NVS), 64 * KiB);
	assert_int_equal(memmap_bytes(&info.memmap, MEM_BAD), 4 * KiB);
	assert_int_equal(memmap_bytes(&info.memmap, MEM_RESERVED), 64 * KiB + 4 * KiB);
}

/* 3.6.8: an entry may have grown; and nothing says that entries are sorted or don't overlap. */
static void
memory_map_entries(void **state)
{
	size_t tag;

	begin();
	tag = map_begin(32);
	put_entry(64 * MiB, 64 * MiB, 1), put64(&b, ~0ul);
	put_entry(1 * MiB, 80 * MiB, 1), put64(&b, ~0ul);
	put_entry(16 * MiB, 1 * MiB, 2), put64(&b, ~0ul);
	put_entry(~0ul - 100, 4096, 1), put64(&b, ~0ul);
	put_entry(5 * MiB, 0, 1), put64(&b, ~0ul);
	tag_end(tag);
	assert_int_equal(parse(), 0);
	assert_int_equal(memmap_bytes(&info.memmap, MEM_USABLE), 126 * MiB);
	assert_int_equal(memmap_bytes(&info.memmap, MEM_RESERVED), 1 * MiB);
	for (unsigned i = 1; i < info.memmap.count; i++)
		assert_true(info.memmap.range[i].base >=
			    info.memmap.range[i - 1].base + info.memmap.range[i - 1].size);
}

static void
memory_map_malformed(void **state)
{
	static const u32 sizes[] = {0, 1, 8, 16, 23, 25, 48, 0x80000000, 0xffffffff};

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t tag;

		begin();
		tag = map_begin(sizes[i]);
		put_entry(1 * MiB, 1 * MiB, 1);
		tag_end(tag);
		assert_int_equal(parse(), -ERR_FORMAT);
		assert_true(refused("memory map is malformed"));
	}
}

static void
memory_map_missing(void **state)
{
	size_t tag;

	begin();
	put_text_tag(1, "console=com3");
	assert_int_equal(parse(), -ERR_FORMAT);
	assert_true(refused("memory map is missing"));
	assert_true(refused("Please boot with GRUB"));
	assert_string_equal(info.command_line, "console=com3"); /* where to say it */

	begin();
	tag = map_begin(24);
	put_entry(1 * MiB, 1 * MiB, 2);
	tag_end(tag);
	assert_int_equal(parse(), -ERR_FORMAT);
	assert_true(refused("no usable memory"));
}

static void
rsdp_choice(void **state)
{
	begin();
	put_memory_map();
	put_rsdp(15, 36, 'n');
	put_rsdp(14, 20, 'o');
	assert_int_equal(parse(), 0);
	assert_int_equal(info.rsdp.bytes[16], 'n');

	begin();
	put_memory_map();
	put_rsdp(14, 20, 'o');
	put_rsdp(15, 35, 'n'); /* too short */
	assert_int_equal(parse(), 0);
	assert_int_equal(info.rsdp.bytes[16], 'o');
	assert_int_equal(info.rsdp.length, 20);
	assert_true(logged("ACPI 2.0 RSDP tag has 43 bytes, not the 44"));

	begin();
	put_memory_map();
	assert_int_equal(parse(), 0);
	assert_int_equal(info.rsdp.length, 0);
	assert_true(logged("no ACPI tables"));
}

static void
screens(void **state)
{
	put_everything();
	assert_int_equal(parse(), 0);
	assert_int_equal(info.framebuffer.kind, BOOT_SCREEN_RGB);
	assert_int_equal(info.framebuffer.base.v, 0xfd000000);
	assert_int_equal(info.framebuffer.pitch, 4096);
	assert_int_equal(info.framebuffer.width, 1024);
	assert_int_equal(info.framebuffer.red.position, 16);
	assert_int_equal(info.framebuffer.blue.size, 8);

	begin();
	put_memory_map();
	tag_end(screen_begin(2, 160, 80, 25, 16));
	assert_int_equal(parse(), 0);
	assert_int_equal(info.framebuffer.kind, BOOT_SCREEN_TEXT);
	assert_int_equal(info.framebuffer.height, 25);
}

static void
screens_to_refuse(void **state)
{
	static const struct {
		u32 pitch, width, height;
		u8 bits;
	} wrong[] = {
		{4096, 1025, 768, 32}, /* lines overlap */
		{4096, 0,	  768, 32},
		       {4096, 1024, 0,   32},
		      {4096, 1024, 768, 8 },
		{4096, 1024, 768, 64},
		       {4096, 1024, 768, 16}, /* colours past the pixel's bits */
		{~0u,  ~0u,  ~0u, 32},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		begin();
		put_memory_map();
		put_rgb(wrong[i].pitch, wrong[i].width, wrong[i].height, wrong[i].bits);
		assert_int_equal(parse(), 0);
		assert_int_equal(info.framebuffer.kind, BOOT_SCREEN_NONE);
		assert_true(logged("no screen"));
	}
	for (unsigned type = 0; type < 256; type++) { /* indexed, unknown, RGB without colours */
		begin();
		put_memory_map();
		tag_end(screen_begin((u8)type, 4096, 1024, 768, 32));
		assert_int_equal(parse(), 0);
		assert_int_equal(info.framebuffer.kind,
				 type == 2 ? BOOT_SCREEN_TEXT : BOOT_SCREEN_NONE);
	}
}

/* Texts stay where they are, so none is too long. */
static void
long_texts(void **state)
{
	static char text[8192];

	memset(text, 'x', sizeof(text) - 1);
	begin();
	put_memory_map();
	put_text_tag(1, text);
	text[300] = '\0';
	put_module(0x1000, 0x2000, text);
	assert_int_equal(parse(), 0);
	assert_int_equal(strlen(info.command_line), sizeof(text) - 1);
	assert_int_equal(strlen(info.modules[0].name), 300);
	assert_ptr_equal((const u8 *)info.bytes + info.length, parsed_end);
}

static void
texts_without_end(void **state)
{
	size_t tag;

	begin();
	put_memory_map();
	tag = tag_begin(1), put_copy(&b, "console", 7), tag_end(tag);
	tag = tag_begin(2), put_copy(&b, "GRUB", 4), tag_end(tag);
	tag = tag_begin(3), put64(&b, 0x1000), put_copy(&b, "name", 4), tag_end(tag);
	tag = tag_begin(3), put64(&b, 0x1000), tag_end(tag);
	assert_int_equal(parse(), 0);
	assert_string_equal(info.command_line, "");
	assert_string_equal(info.loader, "");
	assert_int_equal(info.module_count, 0);
	assert_true(logged("command line has no end"));
	assert_true(logged("name of the module at 0x1000 has no end"));
}

static void
no_modules(void **state)
{
	begin();
	put_memory_map();
	assert_int_equal(parse(), 0);
	assert_int_equal(info.module_count, 0);
	assert_int_equal(info.framebuffer.kind, BOOT_SCREEN_NONE);
	assert_false(info.efi || info.has_load_base);
}

static void
module_sizes(void **state)
{
	begin();
	put_memory_map();
	put_module(0x10000000, 0x90000001, "over 2 GiB");
	put_module(0x90000001, 0xffffffff, "up to the end");
	put_module(0x20000000, 0x20000000, "empty");
	put_module(0x2000, 0x1fff, "backwards");
	assert_int_equal(parse(), 0);
	assert_int_equal(info.module_count, 3);
	assert_int_equal(info.modules[0].length, 0x80000001);
	assert_int_equal(info.modules[1].length, 0x6ffffffe);
	assert_int_equal(info.modules[2].length, 0);
	assert_true(logged("\"backwards\" ends"));
}

static void
modules_that_overlap(void **state)
{
	begin();
	put_memory_map();
	put_module(0x2000, 0x4000, "first");
	put_module(0x3fff, 0x5000, "tail");
	put_module(0x1000, 0x2001, "head");
	put_module(0x1000, 0x9000, "all");
	put_module(0x4000, 0x5000, "next");
	assert_int_equal(parse(), 0);
	assert_int_equal(info.module_count, 2);
	assert_string_equal(info.modules[1].name, "next");
	assert_true(logged("\"tail\" overlaps module \"first\""));
}

static void
too_many_modules(void **state)
{
	begin();
	put_memory_map();
	for (u32 i = 0; i <= BOOT_MODULES_MAX; i++)
		put_module(0x1000 * i, 0x1000 * i + 1, i == BOOT_MODULES_MAX ? "last" : "m");
	assert_int_equal(parse(), 0);
	assert_int_equal(info.module_count, BOOT_MODULES_MAX);
	assert_true(logged("\"last\" is not used"));
}

static void
second_tags(void **state)
{
	begin();
	put_text_tag(1, "first");
	put_memory_map();
	put_text_tag(1, "second");
	put_memory_map();
	assert_int_equal(parse(), 0);
	assert_string_equal(info.command_line, "first");
	assert_true(logged("second command line"));
	assert_true(logged("second memory map"));
}

static void
boot_services_left_running(void **state)
{
	put_everything();
	tag_end(tag_begin(18));
	assert_int_equal(parse(), -ERR_FORMAT);
	assert_true(refused("UEFI boot services"));
	assert_int_equal(info.module_count, 2);
}

static void
another_boot_loader(void **state)
{
	assert_int_equal(multiboot2_parse(0x2badb002, b.at, BYTES_MAX, PHYS_BITS, &info),
			 -ERR_FORMAT);
	assert_true(refused("EAX is 0x2badb002"));
	assert_int_equal(multiboot2_parse(MULTIBOOT2_MAGIC, NULL, BYTES_MAX, PHYS_BITS, &info),
			 -ERR_FORMAT);
	assert_true(refused("no information"));
}

/* Without tags being cut, what is before is read, and the end is missed. */
static void
every_cut(void **state)
{
	size_t whole;

	put_everything();
	end();
	whole = b.length;
	for (size_t n = 0; n < whole; n++) {
		assert_int_equal(parse_limit(n), -ERR_FORMAT); /* the size is not true */
		assert_true(refused(n < 16 ? "no information" : "malformed"));
	}
	for (u32 n = 0; n < whole; n++) {
		poke32(&b, 0, n);
		assert_int_equal(parse_limit(n < 16 ? 16 : n), -ERR_FORMAT);
		assert_true(refused(n < 16 ? "it says it has" : "information is cut off") ||
			    refused("malformed"));
	}
}

/* Each tag's size, set to each value: less than its head or more than is left is no size. */
static void
every_tag_size(void **state)
{
	put_everything();
	end();
	for (unsigned m = 0; m < b.mark_count - 1; m++) {
		size_t at = b.marks[m], left = b.length - at;
		u32 was;

		memcpy(&was, b.at + at + 4, sizeof(was));
		for (u32 size = 0; size < left + 64; size++) {
			int err;

			poke32(&b, at + 4, size);
			err = parse_limit(b.length);
			if (size < 8 || size > left)
				assert_int_equal(err, -ERR_FORMAT);
		}
		poke32(&b, at + 4, 0xffffffff);
		assert_int_equal(parse_limit(b.length), -ERR_FORMAT);
		poke32(&b, at + 4, was);
	}
}

static void
total_size(void **state)
{
	static const u32 sizes[] = {0, 8, 15, 0x100001, 0x80000000, 0xffffffff};

	put_everything();
	end();
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		poke32(&b, 0, sizes[i]);
		assert_int_equal(multiboot2_parse(MULTIBOOT2_MAGIC, b.at, 4 * GiB, PHYS_BITS,
						  &info),
				 -ERR_FORMAT);
		assert_true(refused("it says it has"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything),
		cmocka_unit_test(memory_types),
		cmocka_unit_test(memory_map_entries),
		cmocka_unit_test(memory_map_malformed),
		cmocka_unit_test(memory_map_missing),
		cmocka_unit_test(rsdp_choice),
		cmocka_unit_test(screens),
		cmocka_unit_test(screens_to_refuse),
		cmocka_unit_test(long_texts),
		cmocka_unit_test(texts_without_end),
		cmocka_unit_test(no_modules),
		cmocka_unit_test(module_sizes),
		cmocka_unit_test(modules_that_overlap),
		cmocka_unit_test(too_many_modules),
		cmocka_unit_test(second_tags),
		cmocka_unit_test(boot_services_left_running),
		cmocka_unit_test(another_boot_loader),
		cmocka_unit_test(every_cut),
		cmocka_unit_test(every_tag_size),
		cmocka_unit_test(total_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
