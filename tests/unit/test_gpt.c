/* SPDX-License-Identifier: MIT */
// SOURCES: emul/gpt.c
/* Walks of a guest's page tables, by what SDM vol. 3, ch. 4 says of each mode. */
#include "tests/unit/test.h"

#include "emul/gpt.h"
#include "tests/unit/fake/vcpu.h"

enum { RAM = 1024 * 1024, ROOT = 0x1000, AC = 1 << 18 };

enum { P = 1, W = 2, U = 4, A = 0x20, D = 0x40, PS = 0x80 };
#define NX BIT(63)

static struct cpu_features features;

const struct cpu_features *
cpu_features(void)
{
	return &features;
}

static struct vcpu *v;
static gpa_t gpa;
static u32 error;

static void
begin(u64 cr3)
{
	features = (struct cpu_features){.phys_bits = 40, .huge_pages = true};
	v = fake_vcpu_reset(RAM, cr3);
	fake_virt_ops.get = fake_vcpu_get;
}

static u64 *
entry_64(u64 table, u64 index)
{
	return (u64 *)(void *)(fake_vcpu.memory.ram + table + index * 8);
}

static u32 *
entry_32(u64 table, u64 index)
{
	return (u32 *)(void *)(fake_vcpu.memory.ram + table + index * 4);
}

static int
translate(u64 gva, unsigned access, unsigned cpl)
{
	struct gpt g;

	error = 0x5555;
	gpt_begin(&g, v, cpl);
	return gpt_translate(&g, GVA(gva), access, &gpa, &error);
}

static void
expect_gpa(u64 gva, unsigned access, unsigned cpl, u64 expected)
{
	assert_int_equal(translate(gva, access, cpl), 0);
	assert_int_equal(gpa.v, expected);
}

static void
expect_fault(u64 gva, unsigned access, unsigned cpl, u32 expected)
{
	assert_int_equal(translate(gva, access, cpl), -ERR_DENIED);
	assert_int_equal(error, expected);
}

static void
without_paging(void **state)
{
	begin(ROOT);
	vcpu_set(v, VREG_EFER, 0);
	vcpu_set(v, VREG_CR0, CR0_PE);
	expect_gpa(0xfee00020, GPT_WRITE, 3, 0xfee00020);
	expect_gpa(0x1fee00020, GPT_WRITE, 3, 0xfee00020);
}

#define LINEAR 0xffff912345678abcul

static u64
index_of(unsigned level)
{
	return LINEAR >> (12 + 9 * (level - 1)) & 511;
}

/* Four levels that map LINEAR to page; rights are those of all levels. */
static void
map_4(u64 page, u64 rights)
{
	begin(ROOT);
	*entry_64(ROOT, index_of(4)) = 0x2000 | rights;
	*entry_64(0x2000, index_of(3)) = 0x3000 | rights;
	*entry_64(0x3000, index_of(2)) = 0x4000 | rights;
	*entry_64(0x4000, index_of(1)) = page | rights;
}

static void
four_levels(void **state)
{
	map_4(0xfee00000, P | W);
	expect_gpa(LINEAR, GPT_READ, 0, 0xfee00abc);
	assert_int_equal(*entry_64(ROOT, index_of(4)), 0x2000 | P | W | A);
	assert_int_equal(*entry_64(0x2000, index_of(3)), 0x3000 | P | W | A);
	assert_int_equal(*entry_64(0x3000, index_of(2)), 0x4000 | P | W | A);
	assert_int_equal(*entry_64(0x4000, index_of(1)), 0xfee00000 | P | W | A);
	expect_gpa(LINEAR, GPT_WRITE, 0, 0xfee00abc);
	assert_int_equal(*entry_64(0x3000, index_of(2)), 0x4000 | P | W | A);
	assert_int_equal(*entry_64(0x4000, index_of(1)), 0xfee00000 | P | W | A | D);
	/* PCID and what else CR3 has below the address do not matter. */
	vcpu_set(v, VREG_CR3, ROOT | 0xfff);
	expect_gpa(LINEAR, GPT_FETCH, 0, 0xfee00abc);
}

static void
large_pages(void **state)
{
	map_4(0, P | W);
	*entry_64(0x3000, index_of(2)) = 0xfe600000 | P | W | PS | BIT(12);
	expect_gpa(LINEAR, GPT_WRITE, 0, 0xfe600000 | (LINEAR & 0x1fffff));
	assert_int_equal(*entry_64(0x3000, index_of(2)), 0xfe600000 | P | W | PS | BIT(12) | A | D);
	*entry_64(0x3000, index_of(2)) |= BIT(13);
	expect_fault(LINEAR, GPT_WRITE, 0, GPT_PRESENT | GPT_RESERVED | GPT_WRITE);
	*entry_64(0x2000, index_of(3)) = 0x4c0000000 | P | W | PS;
	expect_gpa(LINEAR, GPT_WRITE, 0, 0x4c0000000 | (LINEAR & 0x3fffffff));
	*entry_64(0x2000, index_of(3)) |= BIT(29);
	expect_fault(LINEAR, GPT_READ, 0, GPT_PRESENT | GPT_RESERVED);
	*entry_64(0x2000, index_of(3)) = 0x4c0000000 | P | W | PS | A | D;
	features.huge_pages = false;
	expect_fault(LINEAR, GPT_READ, 0, GPT_PRESENT | GPT_RESERVED);
}

static void
not_present(void **state)
{
	for (unsigned level = 4; level >= 1; level--) {
		map_4(0xfee00000, P | W | U);
		*entry_64(level == 4 ? ROOT : 0x2000 + (3 - level) * 0x1000ul, index_of(level)) &=
			~(u64)P;
		expect_fault(LINEAR, GPT_READ, 0, 0);
		expect_fault(LINEAR, GPT_WRITE, 0, GPT_WRITE);
		expect_fault(LINEAR, GPT_WRITE, 3, GPT_WRITE | GPT_USER);
		expect_fault(LINEAR, GPT_FETCH, 3, GPT_FETCH | GPT_USER);
	}
	/* Nothing is marked by an access that is not allowed. */
	assert_int_equal(*entry_64(ROOT, index_of(4)), 0x2000 | P | W | U);
}

/* Without NX and SMEP a fetch is reported as a read. */
static void
fetch_bit(void **state)
{
	map_4(0xfee00000, W);
	vcpu_set(v, VREG_EFER, EFER_LMA | EFER_LME);
	expect_fault(LINEAR, GPT_FETCH, 0, 0);
	vcpu_set(v, VREG_CR4, CR4_PAE | CR4_SMEP);
	expect_fault(LINEAR, GPT_FETCH, 0, GPT_FETCH);
}

static void
write_protection(void **state)
{
	for (unsigned level = 4; level >= 1; level--) {
		map_4(0xfee00000, P | W | U);
		*entry_64(level == 4 ? ROOT : 0x2000 + (3 - level) * 0x1000ul, index_of(level)) &=
			~(u64)W;
		expect_gpa(LINEAR, GPT_READ, 3, 0xfee00abc);
		expect_fault(LINEAR, GPT_WRITE, 3, GPT_PRESENT | GPT_WRITE | GPT_USER);
		expect_fault(LINEAR, GPT_WRITE, 0, GPT_PRESENT | GPT_WRITE);
		assert_int_equal(*entry_64(0x4000, index_of(1)) & D, 0);
		vcpu_set(v, VREG_CR0, CR0_PG | CR0_PE);
		expect_gpa(LINEAR, GPT_WRITE, 0, 0xfee00abc);
		expect_fault(LINEAR, GPT_WRITE, 3, GPT_PRESENT | GPT_WRITE | GPT_USER);
	}
}

static void
supervisor_pages(void **state)
{
	for (unsigned level = 4; level >= 1; level--) {
		map_4(0xfee00000, P | W | U);
		*entry_64(level == 4 ? ROOT : 0x2000 + (3 - level) * 0x1000ul, index_of(level)) &=
			~(u64)U;
		expect_gpa(LINEAR, GPT_WRITE, 0, 0xfee00abc);
		expect_gpa(LINEAR, GPT_WRITE, 2, 0xfee00abc);
		expect_fault(LINEAR, GPT_READ, 3, GPT_PRESENT | GPT_USER);
	}
}

static void
no_execute(void **state)
{
	for (unsigned level = 4; level >= 1; level--) {
		map_4(0xfee00000, P | W | U);
		*entry_64(level == 4 ? ROOT : 0x2000 + (3 - level) * 0x1000ul, index_of(level)) |=
			NX;
		expect_gpa(LINEAR, GPT_READ, 3, 0xfee00abc);
		expect_fault(LINEAR, GPT_FETCH, 3, GPT_PRESENT | GPT_USER | GPT_FETCH);
		expect_fault(LINEAR, GPT_FETCH, 0, GPT_PRESENT | GPT_FETCH);
		vcpu_set(v, VREG_EFER, EFER_LMA | EFER_LME);
		expect_fault(LINEAR, GPT_READ, 0, GPT_PRESENT | GPT_RESERVED);
	}
}

static void
smep_and_smap(void **state)
{
	map_4(0xfee00000, P | W | U);
	vcpu_set(v, VREG_CR4, CR4_PAE | CR4_SMEP | CR4_SMAP);
	expect_fault(LINEAR, GPT_FETCH, 0, GPT_PRESENT | GPT_FETCH);
	expect_fault(LINEAR, GPT_READ, 0, GPT_PRESENT);
	expect_fault(LINEAR, GPT_WRITE, 0, GPT_PRESENT | GPT_WRITE);
	expect_gpa(LINEAR, GPT_FETCH, 3, 0xfee00abc);
	expect_gpa(LINEAR, GPT_WRITE, 3, 0xfee00abc);
	vcpu_set(v, VREG_RFLAGS, AC | 2);
	expect_gpa(LINEAR, GPT_WRITE, 0, 0xfee00abc);
	expect_fault(LINEAR, GPT_FETCH, 0, GPT_PRESENT | GPT_FETCH);
	vcpu_set(v, VREG_RFLAGS, 2);
	*entry_64(0x4000, index_of(1)) &= ~(u64)U;
	expect_gpa(LINEAR, GPT_WRITE, 0, 0xfee00abc);
	expect_gpa(LINEAR, GPT_FETCH, 0, 0xfee00abc);
}

static void
reserved_bits(void **state)
{
	map_4(0xfee00000, P | W);
	*entry_64(0x4000, index_of(1)) |= BIT(39);
	expect_gpa(LINEAR, GPT_READ, 0, 0xfee00abc | BIT(39));
	*entry_64(0x4000, index_of(1)) |= BIT(40);
	expect_fault(LINEAR, GPT_READ, 0, GPT_PRESENT | GPT_RESERVED);
	map_4(0xfee00000, P | W);
	*entry_64(ROOT, index_of(4)) |= PS;
	expect_fault(LINEAR, GPT_READ, 3, GPT_PRESENT | GPT_RESERVED | GPT_USER);
	map_4(0xfee00000, P | W | BITS(62, 52) | BITS(11, 9)); /* for software */
	expect_gpa(LINEAR, GPT_READ, 0, 0xfee00abc);
}

/* What lies outside of RAM reads all ones. */
static void
tables_outside_of_ram(void **state)
{
	map_4(0xfee00000, P | W);
	*entry_64(0x2000, index_of(3)) = RAM | P | W;
	expect_fault(LINEAR, GPT_READ, 0, GPT_PRESENT | GPT_RESERVED);
	vcpu_set(v, VREG_CR3, 0xfffffff000);
	expect_fault(LINEAR, GPT_READ, 0, GPT_PRESENT | GPT_RESERVED);
	vcpu_set(v, VREG_EFER, 0);
	vcpu_set(v, VREG_CR4, 0);
	vcpu_set(v, VREG_CR3, 0xfffff000);
	expect_gpa(0x1234567, GPT_WRITE, 0, 0xfffff567);
}

static void
begin_32(u64 cr4)
{
	begin(ROOT);
	vcpu_set(v, VREG_EFER, EFER_NXE); /* without PAE of no use */
	vcpu_set(v, VREG_CR4, cr4);
}

static void
tables_of_32_bits(void **state)
{
	begin_32(0);
	*entry_32(ROOT, 0x345) = 0x2000 | P | W | U;
	*entry_32(0x2000, 0x278) = 0xfee00000 | P | W | U;
	expect_gpa(0xd1678abc, GPT_READ, 3, 0xfee00abc);
	assert_int_equal(*entry_32(ROOT, 0x345), 0x2000 | P | W | U | A);
	assert_int_equal(*entry_32(0x2000, 0x278), 0xfee00000 | P | W | U | A);
	expect_gpa(0xd1678abc, GPT_WRITE, 3, 0xfee00abc);
	assert_int_equal(*entry_32(0x2000, 0x278), 0xfee00000 | P | W | U | A | D);
	assert_int_equal(*entry_32(0x2000, 0x279), 0);
	*entry_32(ROOT, 0x345) &= ~(u32)W;
	expect_fault(0xd1678abc, GPT_WRITE, 3, GPT_PRESENT | GPT_WRITE | GPT_USER);
	/* Without PSE its bit is ignored. */
	*entry_32(ROOT, 0x345) |= PS | W;
	expect_gpa(0xd1678abc, GPT_WRITE, 3, 0xfee00abc);
}

static void
pages_of_4_mib(void **state)
{
	begin_32(CR4_PSE);
	*entry_32(ROOT, 0x345) = 0xfec00000 | P | W | PS;
	expect_gpa(0xd1678abc, GPT_WRITE, 0, 0xfec00000 | 0x278abc);
	assert_int_equal(*entry_32(ROOT, 0x345), 0xfec00000 | P | W | PS | A | D);
	*entry_32(ROOT, 0x345) = 0xfec00000 | P | W | PS | 0xab << 13;
	expect_gpa(0xd1678abc, GPT_WRITE, 0, 0xabfec00000 | 0x278abc);
	features.phys_bits = 36;
	expect_fault(0xd1678abc, GPT_READ, 0, GPT_PRESENT | GPT_RESERVED);
	*entry_32(ROOT, 0x345) = 0xfec00000 | P | W | PS | 0xf << 13;
	expect_gpa(0xd1678abc, GPT_WRITE, 0, 0xffec00000 | 0x278abc);
	*entry_32(ROOT, 0x345) |= 1 << 21;
	expect_fault(0xd1678abc, GPT_READ, 0, GPT_PRESENT | GPT_RESERVED);
}

static void
pae(void **state)
{
	begin_32(CR4_PAE);
	vcpu_set(v, VREG_CR3, ROOT + 0x20);
	*entry_64(ROOT + 0x20, 3) = 0x2000 | P;
	*entry_64(0x2000, 0x8b) = 0x3000 | P | W | U;
	*entry_64(0x3000, 0x78) = 0x1fee00000 | P | W | U;
	expect_gpa(0xd1678abc, GPT_WRITE, 3, 0x1fee00abc);
	assert_int_equal(*entry_64(ROOT + 0x20, 3), 0x2000 | P); /* has no accessed flag */
	assert_int_equal(*entry_64(0x2000, 0x8b), 0x3000 | P | W | U | A);
	assert_int_equal(*entry_64(0x3000, 0x78), 0x1fee00000 | P | W | U | A | D);
	*entry_64(0x3000, 0x78) |= NX;
	expect_fault(0xd1678abc, GPT_FETCH, 3, GPT_PRESENT | GPT_USER | GPT_FETCH);
	*entry_64(0x3000, 0x78) = 0x1fee00000 | P | BIT(52); /* not for software here */
	expect_fault(0xd1678abc, GPT_READ, 0, GPT_PRESENT | GPT_RESERVED);
	*entry_64(0x2000, 0x8b) = 0x1fee00000 | P | W | PS;
	expect_gpa(0xd1678abc, GPT_WRITE, 0, 0x1fee78abc);
	*entry_64(ROOT + 0x20, 3) |= W;
	expect_fault(0xd1678abc, GPT_READ, 0, GPT_PRESENT | GPT_RESERVED);
}

/* Another vCPU changes the last entry between our look at it and our mark. */
static unsigned changes;

static u64
get_and_change(struct vcpu_hw *hw, enum vreg reg)
{
	if (reg == VREG_CR4 && changes > 0) {
		*entry_64(0x4000, index_of(1)) ^= BIT(9);
		changes--;
	}
	return fake_vcpu_get(hw, reg);
}

static void
changes_meanwhile(void **state)
{
	map_4(0xfee00000, P | W | U);
	fake_virt_ops.get = get_and_change;
	changes = 3;
	expect_gpa(LINEAR, GPT_WRITE, 0, 0xfee00abc);
	assert_int_equal(changes, 0);
	assert_int_equal(*entry_64(0x4000, index_of(1)), 0xfee00000 | P | W | U | A | D | BIT(9));
	*entry_64(0x4000, index_of(1)) &= ~(u64)D;
	changes = 1000000;
	assert_int_equal(translate(LINEAR, GPT_WRITE, 0), -ERR_BUSY);
	assert_true(changes > 999900);
	assert_int_equal(*entry_64(0x4000, index_of(1)) & D, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_paging),
		cmocka_unit_test(four_levels),
		cmocka_unit_test(large_pages),
		cmocka_unit_test(not_present),
		cmocka_unit_test(fetch_bit),
		cmocka_unit_test(write_protection),
		cmocka_unit_test(supervisor_pages),
		cmocka_unit_test(no_execute),
		cmocka_unit_test(smep_and_smap),
		cmocka_unit_test(reserved_bits),
		cmocka_unit_test(tables_outside_of_ram),
		cmocka_unit_test(tables_of_32_bits),
		cmocka_unit_test(pages_of_4_mib),
		cmocka_unit_test(pae),
		cmocka_unit_test(changes_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
