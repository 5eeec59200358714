/* SPDX-License-Identifier: MIT */
// SOURCES: arch/x86_64/flaws.c arch/x86_64/speculation.c
/* What real CPUs say of themselves, and what is to be done for them: CVE-2018-12207 (THREATS C5),
 * CVE-2018-3646, MDS, TAA, MMIO stale data, RFDS, TSA, Spectre. */
#include "tests/unit/test.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/probe.h"
#include "arch/x86_64/speculation.h"
#include "include/bits.h"

/* Never looked at: no MSR is tried here. */
struct cpu boot_cpu;

const struct cpu_features *
cpu_features(void)
{
	return NULL;
}

bool
probe_wrmsr(u32 msr, u64 value)
{
	return false;
}

enum { ALL_INTEL = SPEC_CTRL_IBRS | SPEC_CTRL_STIBP | SPEC_CTRL_SSBD };
enum { ALL_AMD = ALL_INTEL | SPEC_CTRL_PSFD };

/* Leaf 7 EDX of a CPU with the microcode of 2018 and 2019. */
#define EDX_2019 0x9c000400u /* IBRS and IBPB, STIBP, L1D_FLUSH, SSBD; MD_CLEAR */

static const struct cpu_case {
	const char *name;
	struct flaws_raw raw;
	bool exec_by_4k, l1d_flush, clear_buffers, barrier, type_barrier;
	u64 spec_ctrl, host_spec_ctrl;
} cases[] = {
	{"Haswell, as it was sold",
	 {CPU_VENDOR_INTEL, 6, 0x3c, .structured.ebx = BIT32(11)},
	 .exec_by_4k = true											   },
	{																  "Haswell with microcode",
	 {CPU_VENDOR_INTEL, 6, 0x3c, .structured = {.ebx = BIT32(11), .edx = EDX_2019}},
	 .exec_by_4k = true,
	 .l1d_flush = true,
	 .clear_buffers = true,
	 .barrier = true,
	 .spec_ctrl = ALL_INTEL},
	{																												  "Cascade Lake: TAA, and pages that change their size",
	 {CPU_VENDOR_INTEL, 6, 0x55, .structured = {.ebx = BIT32(11), .edx = EDX_2019 | BIT32(29)},
	  .arch_capabilities = 0xab},
	 .exec_by_4k = true,
	 .clear_buffers = true,
	 .barrier = true,
	 .spec_ctrl = ALL_INTEL,
	 .host_spec_ctrl = SPEC_CTRL_IBRS},
	{																											    "Cascade Lake with TSX off",
	 {CPU_VENDOR_INTEL, 6, 0x55, .structured.edx = EDX_2019 | BIT32(29),
	  .arch_capabilities = 0xab},
	 .exec_by_4k = true,
	 .barrier = true,
	 .spec_ctrl = ALL_INTEL,
	 .host_spec_ctrl = SPEC_CTRL_IBRS},
	{																										      "Ice Lake: MMIO stale data",
	 {CPU_VENDOR_INTEL, 6, 0x6a, .structured = {.ebx = BIT32(11), .edx = EDX_2019 | BIT32(29)},
	  .arch_capabilities = 0x2016b},
	 .clear_buffers = true,
	 .barrier = true,
	 .spec_ctrl = ALL_INTEL,
	 .host_spec_ctrl = SPEC_CTRL_IBRS},
	{"Sapphire Rapids",
	 {CPU_VENDOR_INTEL, 6, 0x8f,
	  .structured = {.eax = 2, .ebx = BIT32(11), .edx = EDX_2019 | BIT32(29)},
	  .structured_2.edx = 0x17, .arch_capabilities = 0x2e16b},
	 .barrier = true,
	 .spec_ctrl = ALL_INTEL | SPEC_CTRL_PSFD | SPEC_CTRL_IPRED_DIS | SPEC_CTRL_RRSBA_DIS |
		      SPEC_CTRL_BHI_DIS_S, .host_spec_ctrl = SPEC_CTRL_IBRS},
	{																									       "Goldmont Plus: RFDS",
	 {CPU_VENDOR_INTEL, 6, 0x7a, .structured.edx = EDX_2019 | BIT32(29),
	  .arch_capabilities = 0x1000006b},
	 .clear_buffers = true,
	 .barrier = true,
	 .spec_ctrl = ALL_INTEL,
	 .host_spec_ctrl = SPEC_CTRL_IBRS},
	{																					     "Silvermont: its store buffer alone",
	 {CPU_VENDOR_INTEL, 6, 0x37, .structured.edx = EDX_2019},
	 .clear_buffers = true,
	 .barrier = true,
	 .spec_ctrl = ALL_INTEL},
	{																										 "Naples",{CPU_VENDOR_AMD, 0x17, 1, .sizes.ebx = 0x1007},						   .barrier = true											      },
	{																											   "Milan with microcode: SRSO and TSA",
	 {CPU_VENDOR_AMD, 0x19, 1, .sizes.ebx = 0x111ef657, .extended_2.eax = 0x65,
	  .takes_sbpb = true},
	 .clear_buffers = true,
	 .barrier = true,
	 .type_barrier = true,
	 .spec_ctrl = ALL_AMD},
	{"Turin: no TSA",
	 {CPU_VENDOR_AMD, 0x1a, 2, .sizes.ebx = 0x791ef657,
	  .extended_2 = {.eax = 0x38000065, .ecx = 6}},
	 .barrier = true,
	 .type_barrier = true,
	 .spec_ctrl = ALL_AMD},
	{																											   "QEMU's EPYC-Milan",
	 {CPU_VENDOR_AMD, 0x19, 1, .sizes.ebx = 0x205, .takes_sbpb = true},
	 .spec_ctrl = 0											 },
	{																											   "Zhaoxin",
	 {CPU_VENDOR_OTHER, 7, 0x3b, .structured.edx = EDX_2019, .sizes.ebx = ~0u},
	 .clear_buffers = true,
	 .barrier = true,
	 .spec_ctrl = ALL_INTEL},
};

static void
decided_by_what_cpus_say(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct cpu_case *c = &cases[i];
		struct flaws f;

		flaws_decode(&f, &c->raw);
		if (f.exec_by_4k != c->exec_by_4k || f.l1d_flush != c->l1d_flush ||
		    f.clear_buffers != c->clear_buffers || f.barrier != c->barrier ||
		    f.type_barrier != c->type_barrier || f.spec_ctrl != c->spec_ctrl ||
		    f.host_spec_ctrl != c->host_spec_ctrl)
			fail_msg("%s: 4K %d L1D %d VERW %d IBPB %d %d SPEC_CTRL %#lx %#lx", c->name,
				 f.exec_by_4k, f.l1d_flush, f.clear_buffers, f.barrier,
				 f.type_barrier, f.spec_ctrl, f.host_spec_ctrl);
		assert_int_equal(f.any, f.barrier || f.l1d_flush || f.clear_buffers);
		assert_int_equal(f.predictor_commands,
				 (f.barrier ? 1 : 0) |
					 (f.type_barrier || c->raw.takes_sbpb ? 0x80 : 0));
	}
}

/* No bit of another MSR that guests haven't got; and what holds whatever the machine says. */
static void
guests_see_what_concerns_them(void **state)
{
	struct flaws_raw raw = {CPU_VENDOR_INTEL, 6, 0x8f, .structured.edx = EDX_2019 | BIT32(29),
				.arch_capabilities = ~0ul};
	struct flaws f;

	flaws_decode(&f, &raw);
	assert_int_equal(f.arch_capabilities, 0x400000001d1ae17ful);
	raw.arch_capabilities = 0;
	flaws_decode(&f, &raw);
	assert_int_equal(f.arch_capabilities, 0x48);
	assert_int_equal(f.flush_commands, 1);
	raw.structured.edx = 0;
	flaws_decode(&f, &raw);
	assert_int_equal(f.arch_capabilities, 0);
	assert_int_equal(f.flush_commands, 0);
}

static void
steps_of_an_entry(void **state)
{
	const struct flaws none = {0}, barrier = {.barrier = true},
			   all = {.barrier = true,
				  .l1d_flush = true,
				  .clear_buffers = true,
				  .host_spec_ctrl = SPEC_CTRL_IBRS};

	assert_int_equal(speculation_steps(&none, true, 0), 0);
	/* A vCPU that comes back, or another one of the same VM. */
	assert_int_equal(speculation_steps(&barrier, false, 0), 0);
	assert_int_equal(speculation_steps(&barrier, true, 0), STEP_BARRIER);
	assert_int_equal(speculation_steps(&barrier, false, SPEC_CTRL_SSBD), STEP_SPEC_CTRL);
	assert_int_equal(speculation_steps(&all, false, SPEC_CTRL_IBRS),
			 STEP_L1D_FLUSH | STEP_CLEAR_BUFFERS);
	assert_int_equal(speculation_steps(&all, true, 0),
			 STEP_BARRIER | STEP_SPEC_CTRL | STEP_L1D_FLUSH | STEP_CLEAR_BUFFERS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decided_by_what_cpus_say),
		cmocka_unit_test(guests_see_what_concerns_them),
		cmocka_unit_test(steps_of_an_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
