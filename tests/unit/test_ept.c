/* SPDX-License-Identifier: MIT */
// SOURCES: mm/ept/ept.c mm/ept/npt.c mm/pt_x86.c
/* Entries of EPT and NPT, bit by bit as the manuals have them. */
#include "tests/unit/test.h"

#include "include/bits.h"
#include "mm/ept/ept.h"
#include "mm/ept/npt.h"

enum { RWX = PT_READ | PT_WRITE | PT_EXEC };

static const struct pt_format *const formats[] = {&pt_ept, &pt_npt};

/* SDM vol. 3, tables 29-3, 29-5 and 29-7: RWX in 2:0, the type in 5:3, a large page in 7. */
static void
ept_leaves_are_as_the_manual_says(void **state)
{
	assert_int_equal(pt_ept.leaf(HPA(0x123456000), 0, RWX | PT_WB), 0x123456037);
	assert_int_equal(pt_ept.leaf(HPA(0x40200000), 1, RWX | PT_WB), 0x402000b7);
	assert_int_equal(pt_ept.leaf(HPA(0x40000000), 2, PT_READ | PT_WB), 0x400000b1);
	assert_int_equal(pt_ept.leaf(HPA(0x5000), 0, PT_READ | PT_WRITE | PT_UC), 0x5043);
	assert_int_equal(pt_ept.leaf(HPA(0x5000), 0, PT_READ | PT_UC_MINUS), 0x5001);
	assert_int_equal(pt_ept.leaf(HPA(0x5000), 0, PT_READ | PT_WC), 0x5009);
}

/* Table 29-2: bits 7:3 of an entry that points to a table are reserved. */
static void
ept_tables_allow_everything(void **state)
{
	assert_int_equal(pt_ept.table(HPA(0x7000), 1), 0x7007);
	assert_int_equal(pt_ept.kind(0x7007, 1), PTE_TABLE);
	assert_int_equal(pt_ept.kind(0x7007, 0), PTE_LEAF);
	assert_int_equal(pt_ept.kind(0x70b7, 1), PTE_LEAF);
}

/* 29.3.2: present when any of bits 2:0 is set. */
static void
ept_entries_are_present_by_any_right(void **state)
{
	assert_int_equal(pt_ept.kind(0, 0), PTE_NONE);
	assert_int_equal(pt_ept.kind(0x7030, 0), PTE_NONE);
	assert_int_equal(pt_ept.kind(0x7034, 0), PTE_LEAF);
}

/* 29.3.3.1 */
static void
ept_refuses_a_misconfiguration(void **state)
{
	expect_panic(pt_ept.leaf(HPA(0x5000), 0, PT_WRITE));
}

/* APM vol. 2, 15.25.5: nested entries are walked as user accesses; NX is bit 63. */
static void
npt_entries_are_for_users(void **state)
{
	assert_int_equal(pt_npt.leaf(HPA(0x123456000), 0, RWX | PT_WB), 0x123456007);
	assert_int_equal(pt_npt.leaf(HPA(0x40200000), 1, RWX | PT_WB), 0x40200087);
	assert_int_equal(pt_npt.leaf(HPA(0x40000000), 2, RWX | PT_WB), 0x40000087);
	assert_int_equal(pt_npt.leaf(HPA(0x5000), 0, PT_READ | PT_WB), 0x5005 | BIT(63));
	assert_int_equal(pt_npt.leaf(HPA(0x5000), 0, RWX | PT_UC), 0x501f);
	assert_int_equal(pt_npt.table(HPA(0x7000), 2), 0x7007);
}

/* What leaf() is given comes back from address(), attr() and kind(). */
static void
leaves_say_what_they_were_given(void **state)
{
	static const unsigned rights[] = {PT_READ, PT_READ | PT_WRITE, PT_READ | PT_EXEC, RWX};
	static const unsigned types[] = {PT_WB, PT_WC, PT_UC_MINUS, PT_UC};

	for (unsigned i = 0; i < 2 * 3 * 4 * 4; i++) {
		const struct pt_format *f = formats[i % 2];
		unsigned level = i / 2 % 3, attr = rights[i / 6 % 4] | types[i / 24];
		u64 pa = 5 * pt_page_size(level), entry = f->leaf(HPA(pa), level, attr);

		assert_int_equal(f->kind(entry, level), PTE_LEAF);
		assert_int_equal(f->address(entry, level).v, pa);
		assert_int_equal(f->attr(entry, level), attr);
	}
}

/* Guest-physical addresses have no sign: 48 bits, from 0. */
static void
input_addresses_are_physical(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(formats); i++) {
		assert_int_equal(formats[i]->levels, 4);
		assert_false(formats[i]->canonical);
		assert_null(formats[i]->clean);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ept_leaves_are_as_the_manual_says),
		cmocka_unit_test(ept_tables_allow_everything),
		cmocka_unit_test(ept_entries_are_present_by_any_right),
		cmocka_unit_test(ept_refuses_a_misconfiguration),
		cmocka_unit_test(npt_entries_are_for_users),
		cmocka_unit_test(leaves_say_what_they_were_given),
		cmocka_unit_test(input_addresses_are_physical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
