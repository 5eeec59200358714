/* SPDX-License-Identifier: MIT */
// SOURCES: core/load_apply.c
#include "tests/unit/test.h"

#include <string.h>

#include "core/load.h"
#include "core/vcpu.h"

static u64 regs[VREGS];
static struct vsegment segments[VSEGS];

static void
set(struct vcpu_hw *hw, enum vreg reg, u64 value)
{
	regs[reg] = value;
}

static void
set_segment(struct vcpu_hw *hw, enum vseg seg, const struct vsegment *in)
{
	segments[seg] = *in;
}

const struct virt_ops *
virt_ops(void)
{
	static const struct virt_ops ops = {.set = set, .set_segment = set_segment};

	return &ops;
}

static void
apply(struct load_entry entry)
{
	static struct vcpu vcpu;

	memset(regs, 0xaa, sizeof(regs));
	memset(segments, 0xaa, sizeof(segments));
	load_apply(&vcpu, &entry);
}

static void
assert_segment(enum vseg seg, u16 selector, u32 attr, u32 limit, u64 base)
{
	assert_int_equal(segments[seg].selector, selector);
	assert_int_equal(segments[seg].attr, attr);
	assert_int_equal(segments[seg].limit, limit);
	assert_int_equal(segments[seg].base, base);
}

static void
assert_flat(u32 code)
{
	assert_segment(VSEG_CS, 0x10, code, ~0u, 0);
	for (enum vseg seg = VSEG_ES; seg <= VSEG_GS; seg++) {
		if (seg != VSEG_CS)
			assert_segment(seg, 0x18, 0xc093, ~0u, 0);
	}
	assert_int_equal(segments[VSEG_TR].attr, 0x8b); /* busy: all that VM entry takes */
	assert_int_equal(segments[VSEG_TR].limit, 0x67);
	assert_int_equal(segments[VSEG_TR].base, 0);
	assert_int_equal(segments[VSEG_LDTR].attr, 0x10000);
	assert_int_equal(segments[VSEG_GDTR].base, 0x1000);
	assert_int_equal(segments[VSEG_GDTR].limit, LOAD_GDT_SIZE - 1);
	assert_int_equal(regs[VREG_RFLAGS], 2);
}

static void
assert_zero_but(enum vreg a, enum vreg b, enum vreg c)
{
	for (enum vreg reg = VREG_RAX; reg <= VREG_R15; reg++) {
		if (reg != a && reg != b && reg != c)
			assert_int_equal(regs[reg], 0);
	}
}

/* Linux' 64-bit boot protocol. */
static void
long64(void **state)
{
	apply((struct load_entry){.mode = LOAD_LONG64,
				  .rip = 0x1000200,
				  .rsi = 0x7000,
				  .gdt = GPA(0x1000),
				  .cr3 = GPA(0x8000)});
	assert_flat(0xa09b);
	assert_int_equal(regs[VREG_CR0], 0x80000011);
	assert_int_equal(regs[VREG_CR3], 0x8000);
	assert_int_equal(regs[VREG_CR4], 0x20);
	assert_int_equal(regs[VREG_EFER], 0x500);
	assert_int_equal(regs[VREG_RIP], 0x1000200);
	assert_int_equal(regs[VREG_RSI], 0x7000);
	assert_zero_but(VREG_RSI, VREG_RSI, VREG_RSI);
}

/* PVH and multiboot. */
static void
protected32(void **state)
{
	apply((struct load_entry){.mode = LOAD_PROTECTED32,
				  .rip = 0x100000,
				  .rax = 0x2badb002,
				  .rbx = 0x9000,
				  .gdt = GPA(0x1000)});
	assert_flat(0xc09b);
	assert_int_equal(regs[VREG_CR0], 0x11);
	assert_int_equal(regs[VREG_RIP], 0x100000);
	assert_int_equal(regs[VREG_RAX], 0x2badb002);
	assert_int_equal(regs[VREG_RBX], 0x9000);
	assert_zero_but(VREG_RAX, VREG_RBX, VREG_RSI);
}

/* SDM vol. 3, table 10-1. */
static void
real(void **state)
{
	apply((struct load_entry){.mode = LOAD_REAL});
	assert_segment(VSEG_CS, 0xf000, 0x9b, 0xffff, 0xffff0000);
	assert_segment(VSEG_DS, 0, 0x93, 0xffff, 0);
	assert_int_equal(regs[VREG_RIP], 0xfff0);
	assert_int_equal(regs[VREG_CR0], 0x60000010);
	assert_int_equal(regs[VREG_RFLAGS], 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long64),
		cmocka_unit_test(protected32),
		cmocka_unit_test(real),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
