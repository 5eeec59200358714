/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/acpi.c drivers/acpi_table.c drivers/acpi_rsdp.c drivers/acpi_fadt.c
// SOURCES: drivers/acpi_madt.c drivers/acpi_mcfg.c drivers/acpi_hpet.c drivers/acpi_spcr.c
// SOURCES: drivers/acpi_dmar.c drivers/acpi_ivrs.c drivers/acpi_s5.c
// SOURCES: lib/log.c lib/error.c lib/lock.c lib/format.c
/* Finding tables: from a made-up RSDP through made-up memory. */
#include "tests/unit/test.h"

#include "drivers/acpi_fadt.h"
#include "drivers/acpi_hpet.h"
#include "drivers/acpi_madt.h"
#include "drivers/acpi_s5.h"
#include "lib/log.h"
#include "tests/unit/fake/acpi_build.h"
#include "tests/unit/fake/acpi_memory.h"
#include "tests/unit/fake/heap.h"

static struct bytes b;
static struct acpi_rsdp_copy rsdp;
static u64 entries[ACPI_TABLES_MAX + 8];
static unsigned entry_count;
static u64 log_from;

static int
setup(void **state)
{
	fake_memory_clear();
	entry_count = 0;
	log_from = log_next_seq();
	return 0;
}

static int
teardown(void **state)
{
	fake_memory_clear();
	return 0;
}

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

/* The table that is in b, put into memory. */
static u64
place(void)
{
	table_end(&b);
	return fake_memory_put(b.at, b.length);
}

static void
add_entry(u64 address)
{
	entries[entry_count++] = address;
}

static u64
place_hpet(void)
{
	table_begin(&b, "HPET", 1);
	put32(&b, 0x8086a201);
	put_gas(&b, ACPI_SPACE_MEMORY, 64, 0xfed00000);
	put_zeros(&b, 4);
	return place();
}

static u64
place_madt(void)
{
	table_begin(&b, "APIC", 1);
	put32(&b, 0xfee00000), put32(&b, 1);
	put8(&b, 0), put8(&b, 8), put8(&b, 0), put8(&b, 0), put32(&b, 1);
	return place();
}

static u64
place_definition(const char *signature, const char *aml, size_t length)
{
	table_begin(&b, signature, 1);
	put_copy(&b, aml, length);
	return place();
}

static u64
place_fadt(u64 dsdt, u64 x_dsdt, u64 facs)
{
	table_begin(&b, "FACP", 3);
	put_zeros(&b, 148 - b.length);
	poke32(&b, 36, (u32)facs);
	poke32(&b, 40, (u32)dsdt);
	poke32(&b, 140, (u32)x_dsdt);
	return place();
}

static u64
place_facs(void)
{
	b.length = 0;
	put_copy(&b, "FACS", 4), put32(&b, 64), put_zeros(&b, 24), put8(&b, 2), put_zeros(&b, 31);
	return fake_memory_put(b.at, b.length);
}

static u64
place_root(const char *signature)
{
	table_begin(&b, signature, 1);
	for (unsigned i = 0; i < entry_count; i++) {
		put32(&b, (u32)entries[i]);
		if (signature[0] == 'X')
			put32(&b, (u32)(entries[i] >> 32));
	}
	return place();
}

static void
make_rsdp(u8 revision, u64 rsdt, u64 xsdt)
{
	u8 *at = rsdp.bytes;
	u32 rsdt32 = (u32)rsdt, length = ACPI_RSDP_SIZE;

	memset(&rsdp, 0, sizeof(rsdp));
	memcpy(at, "RSD PTR ", 8);
	at[15] = revision;
	memcpy(at + 16, &rsdt32, 4);
	rsdp.length = ACPI_RSDP_SIZE_V1;
	if (revision >= 2) {
		memcpy(at + 20, &length, 4);
		memcpy(at + 24, &xsdt, 8);
		rsdp.length = ACPI_RSDP_SIZE;
	}
	at[8] = (u8)(0u - acpi_sum((struct acpi_bytes){at, ACPI_RSDP_SIZE_V1}));
	if (revision >= 2)
		at[32] = (u8)(0u - acpi_sum((struct acpi_bytes){at, ACPI_RSDP_SIZE}));
}

static int
init(void)
{
	return acpi_init(&rsdp, &fake_ops);
}

/* With the entries that there are, by an XSDT. */
static int
init_by_xsdt(void)
{
	make_rsdp(2, 0, place_root("XSDT"));
	return init();
}

static const struct acpi_table *
find(const char *signature)
{
	const struct acpi_table *table;

	for (unsigned i = 0; (table = acpi_table(i)) != NULL; i++) {
		if (strcmp(table->signature, signature) == 0)
			return table;
	}
	return NULL;
}

static unsigned
count_tables(void)
{
	unsigned n = 0;

	while (acpi_table(n) != NULL)
		n++;
	return n;
}

#define AML_S5(a) "\x08_S5_\x12\x04\x02" a "\x00"

static void
add_usual_tables(void)
{
	u64 dsdt = place_definition("DSDT", AML_S5("\x01"), sizeof(AML_S5("\x01")) - 1);

	add_entry(place_fadt(dsdt, 0, place_facs()));
	add_entry(place_madt());
	add_entry(place_hpet());
}

static void
check_usual_tables(void)
{
	assert_int_equal(count_tables(), 6);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(acpi_table(i)->state, ACPI_OK);
	assert_non_null(acpi_fadt());
	assert_int_equal(acpi_madt()->cpu_count, 1);
	assert_int_equal(acpi_hpet()->address.v, 0xfed00000);
	assert_int_equal(acpi_s5()->type_a, 1);
	assert_null(acpi_mcfg());
	assert_null(acpi_dmar());
}

static void
by_xsdt(void **state)
{
	const struct acpi_table *hpet;

	add_usual_tables();
	assert_int_equal(init_by_xsdt(), 0);
	check_usual_tables();
	assert_string_equal(acpi_table(0)->signature, "XSDT");
	assert_string_equal(acpi_table(1)->signature, "FACP");
	hpet = find("HPET");
	assert_int_equal(hpet->length, 56);
	assert_int_equal(hpet->revision, 1);
	assert_string_equal(hpet->oem, "ASHLAR");
	assert_string_equal(hpet->id, "TESTTABL");
	assert_int_equal(find("FACS")->revision, 2);
	assert_string_equal(find("FACS")->oem, "");
}

static void
by_rsdt(void **state)
{
	add_usual_tables();
	make_rsdp(0, place_root("RSDT"), 0);
	assert_int_equal(init(), 0);
	check_usual_tables();
	assert_string_equal(acpi_table(0)->signature, "RSDT");
}

/* 5.2.5.3: the first 20 bytes have one checksum, the 36 another. */
static void
broken_rsdp(void **state)
{
	add_usual_tables();
	assert_int_equal(init_by_xsdt(), 0);

	for (unsigned i = 0; i < ACPI_RSDP_SIZE; i++) {
		rsdp.bytes[i] ^= 0x10;
		if (i < 8)
			assert_int_equal(init(), -ERR_FORMAT);
		else if (i < 20)
			assert_int_equal(init(), -ERR_CHECKSUM);
		else
			assert_int_equal(init(), -ERR_NODEV); /* and there is no RSDT */
		assert_int_equal(count_tables(), 0);
		assert_null(acpi_madt());
		rsdp.bytes[i] ^= 0x10;
	}
	for (rsdp.length = 1; rsdp.length < ACPI_RSDP_SIZE_V1; rsdp.length++)
		assert_int_equal(init(), -ERR_FORMAT);
	for (; rsdp.length < ACPI_RSDP_SIZE; rsdp.length++)
		assert_int_equal(init(), -ERR_NODEV);
	rsdp.length = 0;
	assert_int_equal(init(), -ERR_NOENT);
}

static void
broken_xsdt(void **state)
{
	u64 rsdt, xsdt;

	add_usual_tables();
	rsdt = place_root("RSDT");
	xsdt = place_root("XSDT");
	make_rsdp(2, rsdt, xsdt);
	fake_memory.at[xsdt - FAKE_MEMORY_BASE + 20] ^= 1;
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_table(0)->state, ACPI_WRONG_CHECKSUM);
	assert_null(acpi_table(0)->data);
	assert_string_equal(acpi_table(1)->signature, "RSDT");
	assert_non_null(acpi_madt());
	assert_true(logged("XSDT"));

	make_rsdp(2, rsdt, entries[0]); /* where there is another table */
	assert_int_equal(init(), 0);
	assert_non_null(acpi_madt());
	make_rsdp(2, 0, 0x1000); /* where there is nothing */
	assert_int_equal(init(), -ERR_NODEV);
	assert_int_equal(acpi_table(0)->state, ACPI_NOT_READABLE);
}

/* Each byte of a table, wrong by itself, makes this table unusable and no other. */
static void
wrong_checksum(void **state)
{
	u64 madt;

	add_usual_tables();
	madt = entries[1] - FAKE_MEMORY_BASE;
	for (unsigned i = 8; i < 52; i++) {
		fake_memory.at[madt + i] ^= 4;
		assert_int_equal(init_by_xsdt(), 0);
		assert_int_equal(find("APIC")->state, ACPI_WRONG_CHECKSUM);
		assert_null(acpi_madt());
		assert_non_null(acpi_hpet());
		assert_non_null(acpi_s5());
		fake_memory.at[madt + i] ^= 4;
	}
	assert_true(logged("APIC"));
	assert_true(logged("wrong checksum"));
}

static void
wrong_length(void **state)
{
	static const u32 lengths[] = {0, 1, 35, 16 * MiB + 1, 0x80000000, 0xffffffff};
	u64 madt;

	add_usual_tables();
	madt = entries[1] - FAKE_MEMORY_BASE;
	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		poke32(&fake_memory, madt + 4, lengths[i]);
		assert_int_equal(init_by_xsdt(), 0);
		assert_int_equal(find("APIC")->state, ACPI_WRONG_LENGTH);
		assert_int_equal(find("APIC")->length, lengths[i]);
		assert_null(acpi_madt());
	}
	assert_true(logged("wrong length"));
	poke32(&fake_memory, madt + 4, 15 * MiB); /* past the memory's end */
	assert_int_equal(init_by_xsdt(), 0);
	assert_int_equal(find("APIC")->state, ACPI_NOT_READABLE);
}

/* Whether the FADT, the MADT or the HPET of add_usual_tables() can be used. */
static bool
can_be_used(unsigned kind)
{
	return (kind == 0 && acpi_fadt() != NULL) || (kind == 1 && acpi_madt() != NULL) ||
	       (kind == 2 && acpi_hpet() != NULL);
}

/* Cut to every length, with the checksum of what is left. */
static void
truncated(void **state)
{
	static const u32 least[] = {116, 44, 56};
	static const char *const names[] = {"FACP", "APIC", "HPET"};
	u64 root;

	add_usual_tables();
	root = place_root("XSDT");
	make_rsdp(2, 0, root);
	for (unsigned kind = 0; kind < ARRAY_SIZE(least); kind++) {
		u8 *at = fake_memory.at + (entries[kind] - FAKE_MEMORY_BASE);
		u32 whole = load32(at + 4);

		for (u32 n = ACPI_HEADER_SIZE; n < whole; n++) {
			memcpy(at + 4, &n, sizeof(n));
			fix_checksum(at, n);
			assert_int_equal(init(), 0);
			/* The MADT also where its one structure is cut. */
			assert_int_equal(can_be_used(kind),
					 n >= least[kind] && (kind != 1 || n == least[kind]));
			if (n < least[kind])
				assert_true(logged(names[kind]) && logged("truncated"));
			fake_unmap_all();
		}
		memcpy(at + 4, &whole, sizeof(whole));
		fix_checksum(at, whole);
	}
}

/* A root table that points to itself, to nothing, and several times to one table. */
static void
odd_pointers(void **state)
{
	u64 hpet = place_hpet();

	add_entry(hpet);
	add_entry(0);
	add_entry(hpet);
	add_entry(0xfff0000000000000);
	add_entry(4096);
	/* where the root itself will be */
	add_entry(FAKE_MEMORY_BASE + fake_memory.length + (1 - fake_memory.length % 2));
	assert_int_equal(init_by_xsdt(), 0);
	assert_int_equal(count_tables(), 4);
	assert_int_equal(acpi_table(2)->state, ACPI_NOT_READABLE);
	assert_int_equal(acpi_table(3)->state, ACPI_NOT_READABLE);
	assert_non_null(acpi_hpet());
}

static void
too_many_tables(void **state)
{
	for (unsigned i = 0; i < ACPI_TABLES_MAX + 5; i++) {
		table_begin(&b, "OEM1", 1);
		add_entry(place());
	}
	assert_int_equal(init_by_xsdt(), 0);
	assert_int_equal(count_tables(), ACPI_TABLES_MAX);
	assert_true(logged("only the first 128 tables"));
}

/* The address since ACPI 2.0 counts, unless what is there is broken. */
static void
two_dsdts(void **state)
{
	u64 older = place_definition("DSDT", AML_S5("\x01"), sizeof(AML_S5("\x01")) - 1);
	u64 newer = place_definition("DSDT", AML_S5("\x00"), sizeof(AML_S5("\x00")) - 1);

	add_entry(place_fadt(older, newer, 0));
	assert_int_equal(init_by_xsdt(), 0);
	assert_int_equal(acpi_s5()->type_a, 0);
	fake_memory.at[newer - FAKE_MEMORY_BASE + 40] ^= 1;
	assert_int_equal(init_by_xsdt(), 0);
	assert_int_equal(acpi_s5()->type_a, 1);
}

static void
s5_in_an_ssdt(void **state)
{
	add_entry(place_fadt(place_definition("DSDT", "", 0), 0, 0));
	assert_int_equal(init_by_xsdt(), 0);
	assert_null(acpi_s5());
	add_entry(place_definition("SSDT", "", 0));
	add_entry(place_definition("SSDT", AML_S5("\x01"), sizeof(AML_S5("\x01")) - 1));
	assert_int_equal(init_by_xsdt(), 0);
	assert_int_equal(acpi_s5()->type_a, 1);
}

/* The second of a kind is used when the first is broken. */
static void
two_of_a_kind(void **state)
{
	add_entry(place_madt());
	add_entry(place_madt());
	assert_int_equal(init_by_xsdt(), 0);
	fake_memory.at[entries[0] - FAKE_MEMORY_BASE + 45] = 0; /* a structure of length 0 ... */
	fix_checksum(fake_memory.at + (entries[0] - FAKE_MEMORY_BASE), 52); /* and no accident */
	assert_int_equal(init_by_xsdt(), 0);
	assert_int_equal(find("APIC")->state, ACPI_MALFORMED);
	assert_int_equal(acpi_madt()->cpu_count, 1);
}

/* Firmware's text reaches a terminal. */
static void
unprintable_text(void **state)
{
	table_begin(&b, "\x1b[2J", 1);
	memcpy(b.at + 10, "A\0B\xff  ", 6);
	add_entry(place());
	assert_int_equal(init_by_xsdt(), 0);
	assert_string_equal(acpi_table(1)->signature, "?[2J");
	assert_string_equal(acpi_table(1)->oem, "A B?");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(by_xsdt),		TEST(by_rsdt),	      TEST(broken_rsdp),
		TEST(broken_xsdt),	TEST(wrong_checksum), TEST(wrong_length),
		TEST(truncated),	TEST(odd_pointers),   TEST(too_many_tables),
		TEST(two_dsdts),	TEST(s5_in_an_ssdt),  TEST(two_of_a_kind),
		TEST(unprintable_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
