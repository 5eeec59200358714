/* SPDX-License-Identifier: MIT */
// SOURCES: arch/x86_64/xsave.c arch/x86_64/features.c lib/text.c
#include "tests/unit/test.h"

#include "arch/x86_64/xsave.h"

static u64 components; /* of the made-up CPU */

/* Sizes and offsets as Intel's CPUs have them (SDM vol. 1, 13.5). */
static struct cpuid_regs
fake_cpuid(u32 leaf, u32 subleaf)
{
	assert_int_equal(leaf, CPUID_XSAVE);
	switch (subleaf) {
	case 0: return (struct cpuid_regs){(u32)components, 0, 0, (u32)(components >> 32)};
	case 2: return (struct cpuid_regs){256, 576, 0, 0};
	case 5: return (struct cpuid_regs){64, 1088, 0, 0};
	case 6: return (struct cpuid_regs){512, 1152, 0, 0};
	case 7: return (struct cpuid_regs){1024, 1664, 0, 0};
	case 9: return (struct cpuid_regs){8, 2688, 0, 0};
	default: fail_msg("asked for component %u", subleaf); return (struct cpuid_regs){0};
	}
}

static u64
mask_with(u64 has)
{
	struct cpu_features f = {.xsave = true, .max_leaf = 0xd};

	components = has;
	return xsave_mask_of(&f, fake_cpuid);
}

static void
masks(void **state)
{
	assert_int_equal(mask_with(0x3), 0x3);
	assert_int_equal(mask_with(0x7), 0x7);
	assert_int_equal(mask_with(0xe7), 0xe7);
	assert_int_equal(mask_with(0x2e7), 0x2e7);
	/* MPX and AMX are not ours to switch. */
	assert_int_equal(mask_with(0x602ff), 0x2e7);
	/* AVX-512 needs all of its three, and AVX. */
	assert_int_equal(mask_with(0x67), 0x7);
	assert_int_equal(mask_with(0xe3), 0x3);
}

static void
no_xsave(void **state)
{
	struct cpu_features f = {.xsave = false, .max_leaf = 0xd};

	assert_int_equal(xsave_mask_of(&f, fake_cpuid), 0);
	f = (struct cpu_features){.xsave = true, .max_leaf = 0xc};
	assert_int_equal(xsave_mask_of(&f, fake_cpuid), 0);
	assert_int_equal(xsave_size_of(0, fake_cpuid), 512);
}

static void
sizes(void **state)
{
	assert_int_equal(xsave_size_of(0x3, fake_cpuid), 576);
	assert_int_equal(xsave_size_of(0x7, fake_cpuid), 832);
	assert_int_equal(xsave_size_of(0xe7, fake_cpuid), 2688);
	assert_int_equal(xsave_size_of(0x2e7, fake_cpuid), 2696);
}

/* SDM vol. 3, table 10-1: FCW 0040h, FTW 5555h (all valid), MXCSR 1F80h. */
static void
reset_state(void **state)
{
	static u8 area[576] __aligned(64);

	xsave_init(area);
	assert_int_equal(area[0] | area[1] << 8, 0x40);
	assert_int_equal(area[4], 0xff);
	assert_int_equal(area[24] | area[25] << 8, 0x1f80);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks),
		cmocka_unit_test(no_xsave),
		cmocka_unit_test(sizes),
		cmocka_unit_test(reset_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
