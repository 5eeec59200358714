/* SPDX-License-Identifier: MIT */
// SOURCES: arch/x86_64/vmx/vmx_regs.c
#include "tests/unit/test.h"

#include "tests/unit/fake/vmx.h"

static int
fresh(void **state)
{
	fake_vmx_reset();
	return 0;
}

/* All but those that are more than a place, which have tests of their own. */
static bool
is_plain(unsigned r)
{
	return r != VREG_INTERRUPT_SHADOW && r != VREG_RFLAGS && r != VREG_CR0 && r != VREG_CR4;
}

/* Each register has a place of its own, and general ones are in memory. */
static void
every_register(void **state)
{
	for (unsigned r = 0; r < VREGS; r++) {
		if (is_plain(r))
			vmx_set(&fake_hw, r, 0x1000 + r);
	}
	for (unsigned r = 0; r < VREGS; r++) {
		if (is_plain(r))
			assert_int_equal(vmx_get(&fake_hw, r), 0x1000 + r);
	}
	assert_int_equal(fake_hw.gpr[VREG_R15], 0x100f);
	assert_int_equal(fake_vmcs[VMCS_GUEST_RSP], 0x1004);
	assert_int_equal(fake_vmcs[VMCS_GUEST_PDPTE0 + 6], 0x1000 + VREG_PDPTE3);
}

/* The guest sees its own NE, CD and NW; the register has NE on and caching on. */
static void
cr0(void **state)
{
	fake_vmcs[VMCS_CR0_MASK] = 0x60000020;
	vmx_set(&fake_hw, VREG_CR0, 0x60000010);
	assert_int_equal(fake_vmcs[VMCS_GUEST_CR0], 0x30);
	assert_int_equal(vmx_get(&fake_hw, VREG_CR0), 0x60000010);
	/* What the guest has changed by itself shows, what is ours does not. */
	fake_vmcs[VMCS_GUEST_CR0] |= 1u << 31 | 1;
	assert_int_equal(vmx_get(&fake_hw, VREG_CR0), 0xe0000011);
}

static void
cr4(void **state)
{
	fake_vmcs[VMCS_CR4_MASK] = ~0x7bful;
	vmx_set(&fake_hw, VREG_CR4, 0x20);
	assert_int_equal(fake_vmcs[VMCS_GUEST_CR4], 0x2060); /* VMXE, MCE */
	assert_int_equal(vmx_get(&fake_hw, VREG_CR4), 0x20);
	fake_vmcs[VMCS_GUEST_CR4] |= 0x80;
	assert_int_equal(vmx_get(&fake_hw, VREG_CR4), 0xa0);
}

static void
efer(void **state)
{
	fake_vmcs[VMCS_ENTRY_CONTROLS] = 0x11fb;
	vmx_set(&fake_hw, VREG_EFER, 0x500);
	assert_int_equal(fake_vmcs[VMCS_ENTRY_CONTROLS], 0x13fb);
	vmx_set(&fake_hw, VREG_EFER, 0x100);
	assert_int_equal(fake_vmcs[VMCS_ENTRY_CONTROLS], 0x11fb);
}

/* A change of paging needs other translations; the next run takes another tag. */
static void
paging_makes_stale(void **state)
{
	static const u8 paging[] = {VREG_CR0, VREG_CR3, VREG_CR4, VREG_EFER};

	vmx_set(&fake_hw, VREG_RIP, 5);
	assert_false(fake_vcpu.stale);
	assert_ptr_equal(fake_vmx_cpu.ready, &fake_hw);
	for (unsigned i = 0; i < ARRAY_SIZE(paging); i++) {
		fake_vcpu.stale = false;
		fake_vmx_cpu.ready = &fake_hw;
		vmx_set(&fake_hw, paging[i], 0);
		assert_true(fake_vcpu.stale);
		assert_null(fake_vmx_cpu.ready);
	}
}

/* Bit 1 of RFLAGS is always 1; the high half of DR7 never. */
static void
fixed_bits(void **state)
{
	vmx_set(&fake_hw, VREG_RFLAGS, 0x200);
	assert_int_equal(vmx_get(&fake_hw, VREG_RFLAGS), 0x202);
	vmx_set(&fake_hw, VREG_DR7, 0xffffffff00000400);
	assert_int_equal(vmx_get(&fake_hw, VREG_DR7), 0x400);
}

/* STI's shadow needs IF on, MOV SS's does not; NMI blocking is another matter. */
static void
interrupt_shadow(void **state)
{
	fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY] = 8 | 2;
	assert_int_equal(vmx_get(&fake_hw, VREG_INTERRUPT_SHADOW), 1);
	vmx_set(&fake_hw, VREG_INTERRUPT_SHADOW, 0);
	assert_int_equal(fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY], 8);
	vmx_set(&fake_hw, VREG_INTERRUPT_SHADOW, 1);
	assert_int_equal(fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY], 8 | 2);
	fake_vmcs[VMCS_GUEST_RFLAGS] = 0x202;
	vmx_set(&fake_hw, VREG_INTERRUPT_SHADOW, 1);
	assert_int_equal(fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY], 8 | 1);
}

static void
segments(void **state)
{
	struct vsegment s;

	for (unsigned i = 0; i < VSEGS; i++) {
		const struct vsegment in = {(u16)(8 * i), 0x8093, 0x1000 * i + 0xfff, i << 20};

		vmx_set_segment(&fake_hw, i, &in);
	}
	for (unsigned i = 0; i < VSEGS; i++) {
		vmx_get_segment(&fake_hw, i, &s);
		assert_int_equal(s.base, i << 20);
		assert_int_equal(s.limit, 0x1000 * i + 0xfff);
		assert_int_equal(s.selector, i <= VSEG_TR ? 8 * i : 0);
	}
	/* App. B: TR's fields, and IDTR's. */
	assert_int_equal(fake_vmcs[0x080e], 8 * VSEG_TR);
	assert_int_equal(fake_vmcs[0x6814], VSEG_TR << 20);
	assert_int_equal(fake_vmcs[0x4812], 0x1000 * VSEG_IDTR + 0xfff);
	assert_int_equal(fake_vmcs[0x6818], VSEG_IDTR << 20);
}

static void
rights(void **state)
{
	/* G follows from the limit where the limit leaves no choice. */
	const struct vsegment flat = {8, 0x209b, 0xffffffff, 0};
	const struct vsegment odd = {8, 0xa09b, 0x12345, 0};
	const struct vsegment either = {8, 0x8093, 0xffff, 0};
	const struct vsegment junk = {8, 0xfffe0f93, 0xffff, 0};
	const struct vsegment null = {0, 0x10000, 0, 0};
	const struct vsegment task = {8, 0x89, 0x67, 0};

	assert_int_equal(vmx_segment_rights(VSEG_CS, &flat), 0xa09b);
	assert_int_equal(vmx_segment_rights(VSEG_CS, &odd), 0x209b);
	assert_int_equal(vmx_segment_rights(VSEG_DS, &either), 0x8093);
	assert_int_equal(vmx_segment_rights(VSEG_DS, &junk), 0x0093);
	assert_int_equal(vmx_segment_rights(VSEG_DS, &null), 0x10000);
	assert_int_equal(vmx_segment_rights(VSEG_TR, &task), 0x8b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_register, fresh),
		cmocka_unit_test_setup(cr0, fresh),
		cmocka_unit_test_setup(cr4, fresh),
		cmocka_unit_test_setup(efer, fresh),
		cmocka_unit_test_setup(paging_makes_stale, fresh),
		cmocka_unit_test_setup(fixed_bits, fresh),
		cmocka_unit_test_setup(interrupt_shadow, fresh),
		cmocka_unit_test_setup(segments, fresh),
		cmocka_unit_test_setup(rights, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
