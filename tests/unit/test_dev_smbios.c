/* SPDX-License-Identifier: MIT */
// SOURCES: dev/smbios.c dev/blob.c lib/error.c lib/log.c lib/lock.c lib/format.c
/* A guest's SMBIOS tables, walked as DSP0134 says. */
#include "tests/unit/test.h"

#include <string.h>

#include "dev/smbios.h"
#include "tests/unit/fake/guest_memory.h"

enum { BASE = 0xf0000 };

static struct guest_memory memory;
static u8 buffer[SMBIOS_SIZE];

static u16
get16(const u8 *at)
{
	u16 v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static u32
get32(const u8 *at)
{
	u32 v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static u64
get64(const u8 *at)
{
	u64 v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static void
install(u64 low, u64 high, u32 vcpus)
{
	struct smbios_machine machine = {
		.name = "web-1",
		.vcpu_count = vcpus,
		.memory_size = low + high,
		.low_end = low,
		.high_size = high,
	};

	memset(memory.at, 0, sizeof(memory.at));
	assert_int_equal(smbios_install(&memory, buffer, &machine), 0);
}

/* The structure behind this one: its strings end with two zeros. */
static const u8 *
next(const u8 *s)
{
	for (s += s[1]; s[0] != 0 || s[1] != 0; s++)
		;
	return s + 2;
}

static const u8 *
first(void)
{
	return memory.at + get64(memory.at + BASE + 16);
}

/* The n-th of a type, from 0. */
static const u8 *
find(u8 type, unsigned n)
{
	for (const u8 *s = first();; s = next(s)) {
		if (s[0] == type && n-- == 0)
			return s;
		if (s[0] == 127)
			return NULL;
	}
}

static const char *
text(const u8 *s, u8 number)
{
	const char *at = (const char *)s + s[1];

	assert_int_not_equal(number, 0);
	while (--number > 0)
		at += strlen(at) + 1;
	return at;
}

static void
test_entry_point(void **state)
{
	const u8 *entry = memory.at + BASE;
	u8 sum = 0;

	install(3 * GiB, 5 * GiB, 4);
	assert_memory_equal(entry, "_SM3_", 5);
	for (unsigned i = 0; i < entry[6]; i++)
		sum = (u8)(sum + entry[i]);
	assert_int_equal(sum, 0);
	assert_int_equal(entry[6], 24);
	assert_int_equal(entry[7], 3);
	assert_in_range(get64(entry + 16), BASE + 24, BASE + 64);
}

static void
test_all_structures(void **state)
{
	static const u8 types[] = {0, 1, 2, 3, 4, 16, 17, 19, 19, 32, 127};
	static const u8 lengths[] = {0x18, 0x1b, 0x0f, 0x16, 0x30, 0x17, 0x28, 0x1f, 0x1f, 0x0b, 4};
	const u8 *s;

	install(3 * GiB, 5 * GiB, 4);
	s = first();
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++, s = next(s)) {
		assert_int_equal(s[0], types[i]);
		assert_int_equal(s[1], lengths[i]);
		for (const u8 *other = first(); other != s; other = next(other))
			assert_int_not_equal(get16(s + 2), get16(other + 2));
	}
	assert_int_equal(s - first(), get32(memory.at + BASE + 12));
}

static void
test_names(void **state)
{
	const u8 *system, *bios;

	install(256 * MiB, 0, 1);
	bios = find(0, 0);
	assert_string_equal(text(bios, bios[4]), "Ashlar");
	assert_string_equal(text(bios, bios[5]), ASHLAR_VERSION);
	assert_int_equal(bios[0x13] & 0x10, 0x10); /* a virtual machine */
	system = find(1, 0);
	assert_string_equal(text(system, system[5]), "Ashlar Virtual Machine");
	assert_string_equal(text(system, system[7]), "web-1");
}

static void
test_processor(void **state)
{
	install(256 * MiB, 0, 8);
	assert_int_equal(find(4, 0)[0x23], 8);
	assert_int_equal(get16(find(4, 0) + 0x2a), 8);
	assert_int_equal(get16(find(4, 0) + 0x26), 4);
	assert_null(find(4, 1));
	install(256 * MiB, 0, 256);
	assert_int_equal(find(4, 0)[0x23], 0xff);
	install(256 * MiB, 0, 300);
	assert_int_equal(find(4, 0)[0x23], 0xff);
	assert_int_equal(get16(find(4, 0) + 0x2a), 300);
}

static void
test_memory(void **state)
{
	const u8 *map;

	install(256 * MiB, 0, 1);
	assert_int_equal(get64(find(16, 0) + 0x0f), 256 * MiB);
	assert_int_equal(get16(find(17, 0) + 0x0c), 0x7fff);
	assert_int_equal(get32(find(17, 0) + 0x1c), 256);
	assert_int_equal(get16(find(17, 0) + 4), get16(find(16, 0) + 2));
	map = find(19, 0);
	assert_int_equal(get32(map + 4), 0);
	assert_int_equal(get32(map + 8), 256 * 1024 - 1);
	assert_null(find(19, 1));
	install(3 * GiB, 5 * GiB, 1);
	map = find(19, 1);
	assert_int_equal(get32(map + 4), 4 * 1024 * 1024);
	assert_int_equal(get32(map + 8), 9 * 1024 * 1024 - 1);
	install(3 * GiB, 8192 * GiB, 1); /* beyond what 32 bits of KiB can say */
	map = find(19, 1);
	assert_int_equal(get32(map + 4), 0xffffffff);
	assert_int_equal(get32(map + 8), 0xffffffff);
	assert_int_equal(get64(map + 15), 4 * GiB);
	assert_int_equal(get64(map + 23), 8196 * GiB - 1);
}

static void
test_buffer_too_small(void **state)
{
	struct smbios_machine machine = {"a", 1, 1 * MiB, 1 * MiB, 0};
	bool fitted = false;

	for (size_t size = 0; size < 600; size++) {
		u8 *small = malloc(MAX(size, (size_t)1));
		struct blob blob;
		int err;

		blob_init(&blob, small, size);
		err = smbios_build(&blob, BASE, &machine);
		assert_true(err == 0 || (err == -ERR_FULL && !fitted));
		fitted = err == 0;
		free(small);
	}
	assert_true(fitted);
}

static void
test_memory_refuses(void **state)
{
	struct smbios_machine machine = {"a", 1, 1 * MiB, 1 * MiB, 0};

	memory.fail_at = BASE + 10;
	assert_int_equal(smbios_install(&memory, buffer, &machine), -ERR_RANGE);
	memory.fail_at = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entry_point),    cmocka_unit_test(test_all_structures),
		cmocka_unit_test(test_names),	       cmocka_unit_test(test_processor),
		cmocka_unit_test(test_memory),	       cmocka_unit_test(test_buffer_too_small),
		cmocka_unit_test(test_memory_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
