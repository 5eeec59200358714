/* SPDX-License-Identifier: MIT */
// SOURCES: emul/peek.c emul/gpt.c
/* What is found by a guest's frame pointers, which may be anything. */
#include "tests/unit/test.h"

#include "emul/peek.h"
#include "tests/unit/fake/vcpu.h"

enum { RAM = 1024 * 1024 };

static struct cpu_features features;

const struct cpu_features *
cpu_features(void)
{
	return &features;
}

static int
begin(void **state)
{
	features = (struct cpu_features){.phys_bits = 40};
	fake_vcpu_reset_flat(RAM, FAKE_CODE32);
	return 0;
}

static void
put_frame(u32 at, u32 next, u32 to)
{
	memcpy(fake_vcpu.memory.ram + at, &next, 4);
	memcpy(fake_vcpu.memory.ram + at + 4, &to, 4);
}

static unsigned
stack_from(u32 frame, u64 *returns)
{
	fake_vcpu.v.hw.gpr[VREG_RBP] = frame;
	return peek_stack(&fake_vcpu.v, returns, 4);
}

static void
callers(void **state)
{
	u64 returns[4];

	put_frame(0x8000, 0x8020, 0x1111);
	put_frame(0x8020, 0x9000, 0x2222);
	put_frame(0x9000, 0, 0x3333);
	assert_int_equal(stack_from(0x8000, returns), 3);
	assert_int_equal(returns[0], 0x1111);
	assert_int_equal(returns[2], 0x3333);
	fake_vcpu.segments[VSEG_CS].attr = FAKE_CODE16;
	assert_int_equal(stack_from(0x8000, returns), 0);
}

static void
nonsense(void **state)
{
	u64 returns[4];

	put_frame(0x8000, 0x8000, 0x1111); /* its own caller */
	assert_int_equal(stack_from(0x8000, returns), 1);
	put_frame(0x8000, 0x7000, 0x1111); /* downwards */
	assert_int_equal(stack_from(0x8000, returns), 1);
	put_frame(0x8000, RAM, 0x1111);
	assert_int_equal(stack_from(0x8000, returns), 1);
	put_frame(0x8000, 0x8001, 0x1111);
	assert_int_equal(stack_from(0x8000, returns), 1);
	assert_int_equal(stack_from(RAM - 4, returns), 0);
	assert_int_equal(stack_from(0xfffffffc, returns), 0);
	for (u32 at = 0x8000; at < 0x9000; at += 8)
		put_frame(at, at + 8, at);
	assert_int_equal(stack_from(0x8000, returns), 4); /* as many as were asked for */
}

/* Up to where memory ends, and in 16-bit code none. */
static void
the_stack(void **state)
{
	u64 words[4];

	put_frame(RAM - 8, 0x1111, 0x2222);
	fake_vcpu.segments[VSEG_SS].base = 0x1000;
	vcpu_set(&fake_vcpu.v, VREG_RSP, RAM - 0x1000 - 12);
	assert_int_equal(peek_words(&fake_vcpu.v, words, 4), 3);
	assert_int_equal(words[0], 0);
	assert_int_equal(words[2], 0x2222);
	assert_int_equal(peek_words(&fake_vcpu.v, words, 2), 2);
	vcpu_set(&fake_vcpu.v, VREG_RSP, RAM);
	assert_int_equal(peek_words(&fake_vcpu.v, words, 4), 0);
	vcpu_set(&fake_vcpu.v, VREG_RSP, 0);
	fake_vcpu.segments[VSEG_CS].attr = FAKE_CODE16;
	assert_int_equal(peek_words(&fake_vcpu.v, words, 4), 0);
}

/* SMAP keeps level 0 from what level 3 has (SDM vol. 3, 4.6.1). */
static void
user_mode(void **state)
{
	enum { FLAGS = 7, TABLES = 0x1000 };
	u64 words[4], entries[] = {TABLES | 0x1000 | FLAGS};
	struct vcpu *v = fake_vcpu_reset(RAM, TABLES);

	features.smap = true;
	for (u64 at = TABLES; at < 5 * PAGE_SIZE; at += PAGE_SIZE) {
		entries[0] = (at + PAGE_SIZE) | FLAGS;
		memcpy(fake_vcpu.memory.ram + at, entries, sizeof(entries));
	}
	vcpu_set(v, VREG_CR4, CR4_PAE | CR4_SMAP);
	assert_int_equal(peek_words(v, words, 4), 0);
	fake_vcpu_segments(FAKE_CODE64 | FAKE_DPL3, FAKE_DATA32 | FAKE_DPL3, ~0u);
	assert_int_equal(peek_words(v, words, 4), 4);
}

static void
code(void **state)
{
	u8 bytes[16];

	memcpy(fake_vcpu.memory.ram + RAM - 4, "\1\2\3\4", 4);
	fake_vcpu.segments[VSEG_CS].base = 0x1000;
	fake_vcpu.regs[VREG_RIP] = RAM - 0x1000 - 4 - 0x1000;
	assert_int_equal(peek_code(&fake_vcpu.v, bytes, 16), 16);
	fake_vcpu.regs[VREG_RIP] = RAM - 0x1000 - 16;
	assert_int_equal(peek_code(&fake_vcpu.v, bytes, 16), 16);
	assert_memory_equal(bytes + 12, "\1\2\3\4", 4);
	fake_vcpu.regs[VREG_RIP] = RAM;
	assert_int_equal(peek_code(&fake_vcpu.v, bytes, 16), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(callers, begin),	  cmocka_unit_test_setup(nonsense, begin),
		cmocka_unit_test_setup(the_stack, begin), cmocka_unit_test_setup(user_mode, begin),
		cmocka_unit_test_setup(code, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
