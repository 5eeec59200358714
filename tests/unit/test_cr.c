/* SPDX-License-Identifier: MIT */
// SOURCES: core/cr.c
/* Control registers by the rules of SDM vol. 3, 2.5, 4.1, 4.4.1, 4.10.1, and vol. 1, 13.3. */
#include "tests/unit/test.h"

#include "core/cpuid.h"
#include "core/cr.h"
#include "tests/unit/fake/memory.h"
#include "tests/unit/fake/vcpu.h"

enum { FAULT_UD = 6, FAULT_GP = 13 };

static struct vcpu *v;
static struct cpuid_offer offer;
static struct virt_caps caps;
static u8 tpr;

const struct virt_caps *
virt_caps(void)
{
	return &caps;
}

const struct cpuid_offer *
cpuid_offered(void)
{
	return &offer;
}

static u8
get_tpr(struct vcpu *vcpu)
{
	return tpr;
}

static void
set_tpr(struct vcpu *vcpu, u8 priority)
{
	tpr = priority;
}

static const struct vm_platform platform = {.get_tpr = get_tpr, .set_tpr = set_tpr};

static void
prepare(struct vcpu *vcpu)
{
	caps.kind = VIRT_VMX;
	offer = (struct cpuid_offer){
		.cr4 = CR4_PSE | CR4_PAE | CR4_PGE | CR4_OSXSAVE | CR4_PCIDE | CR4_SMEP | CR4_UMIP,
		.efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE,
		.xcr0 = XCR0_X87 | XCR0_SSE | XCR0_AVX | 7 << 5,
		.phys_bits = 40,
		.virt_bits = 48,
	};
	tpr = 0;
	v = vcpu;
	v->vm->platform = &platform;
}

/* 64-bit code with paging. */
static int
begin_long(void **state)
{
	prepare(fake_vcpu_reset(64 * 1024, 0x1000));
	return 0;
}

/* 32-bit code without paging. */
static int
begin_flat(void **state)
{
	prepare(fake_vcpu_reset_flat(64 * 1024, FAKE_CODE32));
	return 0;
}

/* What a refused write must not have changed. */
static void
expect_unchanged(int (*write)(struct vcpu *, u64), u64 value)
{
	struct fake_vcpu before = fake_vcpu;

	assert_int_equal(write(v, value), -ERR_INVAL);
	assert_memory_equal(before.regs, fake_vcpu.regs, sizeof(before.regs));
	assert_int_equal(before.v.hw.flush, v->hw.flush);
}

static void
cr0_refuses_impossible_combinations(void **state)
{
	expect_unchanged(cr0_write, CR0_PG);
	expect_unchanged(cr0_write, CR0_PE | CR0_NW);
	expect_unchanged(cr0_write, CR0_PE | 1ul << 32);
	expect_unchanged(cr0_write, CR0_PE | 1ul << 63);
	assert_int_equal(cr0_write(v, CR0_PE | CR0_CD | CR0_NW), 0);
	assert_int_equal(cr0_write(v, CR0_PE | CR0_CD), 0);
}

static void
cr0_keeps_reserved_bits_clear_and_et_set(void **state)
{
	assert_int_equal(cr0_write(v, 0x1ffaffc0 | CR0_PE), 0);
	assert_int_equal(vcpu_get(v, VREG_CR0), CR0_PE | CR0_ET | (0x1ffaffc0 & CR0_AM));
	assert_false(v->hw.flush);
}

/* SDM vol. 3, 10.8.5.1: PAE, LME, then PG; PG without PAE is a #GP. */
static void
long_mode_begins_with_paging(void **state)
{
	assert_int_equal(efer_write(v, EFER_LME), 0);
	expect_unchanged(cr0_write, CR0_PE | CR0_PG);
	assert_int_equal(cr4_write(v, CR4_PAE), 0);
	assert_int_equal(vcpu_get(v, VREG_EFER), EFER_LME);
	assert_int_equal(cr0_write(v, CR0_PE | CR0_PG), 0);
	assert_int_equal(vcpu_get(v, VREG_EFER), EFER_LME | EFER_LMA);
	assert_true(v->hw.flush);
	expect_unchanged(cr4_write, 0);
	expect_unchanged(efer_write, 0);
	assert_int_equal(cr0_write(v, CR0_PE), 0);
	assert_int_equal(vcpu_get(v, VREG_EFER), EFER_LME);
	assert_int_equal(efer_write(v, 0), 0);
}

static void
long_mode_does_not_begin_in_64_bit_code(void **state)
{
	assert_int_equal(efer_write(v, EFER_LME), 0);
	assert_int_equal(cr4_write(v, CR4_PAE), 0);
	fake_vcpu_segments(FAKE_CODE64, FAKE_DATA32, ~0u);
	expect_unchanged(cr0_write, CR0_PE | CR0_PG);
}

static void
long_mode_does_not_end_in_64_bit_code(void **state)
{
	expect_unchanged(cr0_write, CR0_PE);
	fake_vcpu_segments(FAKE_CODE32, FAKE_DATA32, ~0u);
	vcpu_set(v, VREG_CR4, CR4_PAE | CR4_PCIDE);
	expect_unchanged(cr0_write, CR0_PE);
	vcpu_set(v, VREG_CR4, CR4_PAE);
	assert_int_equal(cr0_write(v, CR0_PE), 0);
}

static void
cr4_has_only_what_cpuid_offers(void **state)
{
	expect_unchanged(cr4_write, CR4_VMXE);
	expect_unchanged(cr4_write, CR4_SMXE);
	expect_unchanged(cr4_write, CR4_LA57);
	expect_unchanged(cr4_write, CR4_MCE);
	expect_unchanged(cr4_write, CR4_SMAP);
	expect_unchanged(cr4_write, 1ul << 15);
	expect_unchanged(cr4_write, 1ul << 63);
	assert_int_equal(cr4_write(v, CR4_PSE | CR4_UMIP), 0);
	assert_int_equal(vcpu_get(v, VREG_CR4), CR4_PSE | CR4_UMIP);
}

static void
pcids_begin_in_long_mode_with_pcid_0(void **state)
{
	vcpu_set(v, VREG_CR3, 0x1018);
	expect_unchanged(cr4_write, CR4_PAE | CR4_PCIDE);
	vcpu_set(v, VREG_CR3, 0x1000);
	assert_int_equal(cr4_write(v, CR4_PAE | CR4_PCIDE), 0);
	assert_false(v->hw.flush);
	vcpu_set(v, VREG_CR3, 0x1018);
	assert_int_equal(cr4_write(v, CR4_PAE | CR4_PCIDE | CR4_PGE), 0);
	assert_true(v->hw.flush);
	begin_flat(state);
	expect_unchanged(cr4_write, CR4_PAE | CR4_PCIDE);
}

/* SDM vol. 3, 4.10.4.1. */
static void
translations_are_dropped_as_on_a_cpu(void **state)
{
	static const struct {
		u64 from, to;
		bool flush;
	} cases[] = {
		{CR4_PAE,		  CR4_PAE | CR4_PGE,     true },
		      {CR4_PAE | CR4_PGE,	  CR4_PAE,		   true },
		{CR4_PAE,		  CR4_PAE | CR4_PSE,     true },
		      {CR4_PAE,		CR4_PAE | CR4_SMEP,    true },
		{CR4_PAE | CR4_SMEP,  CR4_PAE,		      false},
		      {CR4_PAE | CR4_PCIDE, CR4_PAE,		     true },
		{CR4_PAE,		  CR4_PAE | CR4_UMIP,    false},
		      {CR4_PAE,		CR4_PAE | CR4_OSXSAVE, false},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		vcpu_set(v, VREG_CR4, cases[i].from);
		v->hw.flush = false;
		assert_int_equal(cr4_write(v, cases[i].to), 0);
		assert_int_equal(v->hw.flush, cases[i].flush);
	}
	v->hw.flush = false;
	assert_int_equal(cr0_write(v, vcpu_get(v, VREG_CR0) ^ CR0_WP ^ CR0_TS), 0);
	assert_false(v->hw.flush);
	assert_int_equal(efer_write(v, EFER_LME), 0);
	assert_true(v->hw.flush);
}

static void
cr3_has_the_machine_s_address_bits(void **state)
{
	assert_int_equal(cr3_write(v, 0xfffffff000), 0);
	assert_int_equal(vcpu_get(v, VREG_CR3), 0xfffffff000);
	assert_true(v->hw.flush);
	expect_unchanged(cr3_write, 0x10000000000);
	expect_unchanged(cr3_write, 1ul << 63 | 0x1000);
	vcpu_set(v, VREG_CR4, CR4_PAE | CR4_PCIDE);
	assert_int_equal(cr3_write(v, 1ul << 63 | 0x1005), 0);
	assert_int_equal(vcpu_get(v, VREG_CR3), 0x1005);
}

static void
put_pdptes(u64 at, u64 a, u64 b, u64 c, u64 d)
{
	const u64 entries[4] = {a, b, c, d};

	assert_int_equal(guest_write(v->vm->memory, GPA(at), entries, sizeof(entries)), 0);
}

static void
expect_pdptes(u64 a, u64 b, u64 c, u64 d)
{
	assert_int_equal(vcpu_get(v, VREG_PDPTE0), a);
	assert_int_equal(vcpu_get(v, (enum vreg)(VREG_PDPTE0 + 1)), b);
	assert_int_equal(vcpu_get(v, (enum vreg)(VREG_PDPTE0 + 2)), c);
	assert_int_equal(vcpu_get(v, VREG_PDPTE3), d);
}

/* SDM vol. 3, 4.4.1: loaded when PAE paging begins, and by writes to CR3, CR4.PGE and others. */
static void
pae_paging_loads_pdptes(void **state)
{
	put_pdptes(0x2020, 0x5001, 0, 0x6e19, 0x7001);
	vcpu_set(v, VREG_CR3, 0x203f);
	assert_int_equal(cr4_write(v, CR4_PAE), 0);
	expect_pdptes(0, 0, 0, 0);
	assert_int_equal(cr0_write(v, CR0_PE | CR0_PG), 0);
	expect_pdptes(0x5001, 0, 0x6e19, 0x7001);
	put_pdptes(0x2020, 0x8001, 0, 0, 0);
	assert_int_equal(cr0_write(v, CR0_PE | CR0_PG | CR0_TS), 0);
	expect_pdptes(0x5001, 0, 0x6e19, 0x7001);
	assert_int_equal(cr4_write(v, CR4_PAE | CR4_PGE), 0);
	expect_pdptes(0x8001, 0, 0, 0);
	put_pdptes(0x3000, 0x9001, 0, 0, 0);
	assert_int_equal(cr3_write(v, 0x3000), 0);
	expect_pdptes(0x9001, 0, 0, 0);
}

/* Table 4-8: reserved bits are checked in entries that are present. */
static void
bad_pdptes_are_refused(void **state)
{
	static const u64 bad[] = {1 << 1, 1 << 2, 1 << 5, 1 << 8, 1ul << 40, 1ul << 63};

	vcpu_set(v, VREG_CR3, 0x2000);
	vcpu_set(v, VREG_CR4, CR4_PAE);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		put_pdptes(0x2000, 0x5001, 0, 0, 0x6001 | bad[i]);
		expect_unchanged(cr0_write, CR0_PE | CR0_PG);
		put_pdptes(0x2000, 0x5001, 0, 0, 0x6000 | bad[i]);
		assert_int_equal(cr0_write(v, CR0_PE | CR0_PG), 0);
		assert_int_equal(cr0_write(v, CR0_PE), 0);
	}
	vcpu_set(v, VREG_CR3, 0xfffff000);
	expect_unchanged(cr0_write, CR0_PE | CR0_PG);
	vcpu_set(v, VREG_CR3, 0x2000);
	assert_int_equal(cr0_write(v, CR0_PE | CR0_PG), 0);
	expect_unchanged(cr3_write, 0xfffff000);
}

/* There the CPU reads them when it needs them, and they may be anything until then. */
static void
svm_keeps_no_pdptes(void **state)
{
	caps.kind = VIRT_SVM;
	vcpu_set(v, VREG_CR3, 0xfffff000);
	vcpu_set(v, VREG_CR4, CR4_PAE);
	assert_int_equal(cr0_write(v, CR0_PE | CR0_PG), 0);
	put_pdptes(0x2000, 0x5021, 0, 0, 0x6002);
	assert_int_equal(cr3_write(v, 0x2000), 0);
	expect_pdptes(0, 0, 0, 0);
}

static void
long_mode_has_no_pdptes(void **state)
{
	vcpu_set(v, VREG_CR3, 0xfffff000);
	assert_int_equal(cr4_write(v, CR4_PAE | CR4_PGE), 0);
	assert_int_equal(cr3_write(v, 0xffffe000), 0);
	expect_pdptes(0, 0, 0, 0);
}

static enum verdict
access(enum cr_access kind, u8 cr, u8 reg)
{
	const struct exit_cr exit = {.access = (u8)kind, .cr = cr, .reg = reg};

	v->fault = (struct event){.kind = EVENT_NONE};
	return cr_access(v, &exit);
}

static void
expect_gp(void)
{
	assert_int_equal(v->fault.vector, FAULT_GP);
	assert_true(v->fault.has_error);
	assert_int_equal(v->fault.error, 0);
}

static void
moves(void **state)
{
	vcpu_set(v, VREG_RBX, 0x5000);
	assert_int_equal(access(CR_WRITE, 3, VREG_RBX), VERDICT_NEXT);
	assert_int_equal(vcpu_get(v, VREG_CR3), 0x5000);
	assert_int_equal(access(CR_READ, 3, VREG_RSP), VERDICT_NEXT);
	assert_int_equal(vcpu_get(v, VREG_RSP), 0x5000);
	vcpu_set(v, VREG_R8, 0x123456789a);
	assert_int_equal(access(CR_WRITE, 2, VREG_R8), VERDICT_NEXT);
	assert_int_equal(vcpu_get(v, VREG_CR2), 0x123456789a);
	vcpu_set(v, VREG_RBX, CR4_VMXE | CR4_PAE);
	assert_int_equal(access(CR_WRITE, 4, VREG_RBX), VERDICT_FAULT);
	expect_gp();
}

static void
registers_have_32_bits_outside_of_64_bit_code(void **state)
{
	vcpu_set(v, VREG_RBX, 0xdead000000005000);
	assert_int_equal(access(CR_WRITE, 3, VREG_RBX), VERDICT_NEXT);
	assert_int_equal(vcpu_get(v, VREG_CR3), 0x5000);
}

static void
registers_that_do_not_exist(void **state)
{
	static const u8 absent[] = {1, 5, 6, 7, 9, 15};

	for (unsigned i = 0; i < ARRAY_SIZE(absent); i++) {
		assert_int_equal(access(CR_WRITE, absent[i], VREG_RAX), VERDICT_FAULT);
		assert_int_equal(v->fault.vector, FAULT_UD);
		assert_false(v->fault.has_error);
		assert_int_equal(access(CR_READ, absent[i], VREG_RAX), VERDICT_FAULT);
		assert_int_equal(v->fault.vector, FAULT_UD);
	}
}

static void
cr8_is_the_local_apic_s(void **state)
{
	vcpu_set(v, VREG_RCX, 15);
	assert_int_equal(access(CR_WRITE, 8, VREG_RCX), VERDICT_NEXT);
	assert_int_equal(tpr, 15);
	assert_int_equal(access(CR_READ, 8, VREG_RDX), VERDICT_NEXT);
	assert_int_equal(vcpu_get(v, VREG_RDX), 15);
	vcpu_set(v, VREG_RCX, 16);
	assert_int_equal(access(CR_WRITE, 8, VREG_RCX), VERDICT_FAULT);
	expect_gp();
	assert_int_equal(tpr, 15);
}

/* SDM vol. 2, LMSW: four bits, and PE can't be cleared. */
static void
clts_and_lmsw(void **state)
{
	struct exit_cr exit = {.access = CR_LMSW, .lmsw = 0xfff8, .reg = 0xff};

	assert_int_equal(cr0_write(v, CR0_PE | CR0_TS | CR0_MP | CR0_WP), 0);
	assert_int_equal(access(CR_CLTS, 0, 0xff), VERDICT_NEXT);
	assert_int_equal(vcpu_get(v, VREG_CR0), CR0_PE | CR0_MP | CR0_WP | CR0_ET);
	assert_int_equal(cr_access(v, &exit), VERDICT_NEXT);
	assert_int_equal(vcpu_get(v, VREG_CR0), CR0_PE | CR0_TS | CR0_WP | CR0_ET);
	vcpu_set(v, VREG_CR0, CR0_ET);
	exit.lmsw = 1;
	assert_int_equal(cr_access(v, &exit), VERDICT_NEXT);
	assert_int_equal(vcpu_get(v, VREG_CR0), CR0_PE | CR0_ET);
}

static void
expect_xcr0(u64 value, bool allowed)
{
	u64 before = v->hw.xcr0;

	assert_int_equal(cr_xsetbv(v, 0, value), allowed ? VERDICT_NEXT : VERDICT_FAULT);
	assert_int_equal(v->hw.xcr0, allowed ? value : before);
	if (!allowed)
		expect_gp();
}

/* SDM vol. 1, 13.3. */
static void
xcr0_has_its_rules(void **state)
{
	vcpu_set(v, VREG_CR4, CR4_PAE | CR4_OSXSAVE);
	expect_xcr0(1, true);
	expect_xcr0(3, true);
	expect_xcr0(7, true);
	expect_xcr0(0xe7, true);
	expect_xcr0(0, false);
	expect_xcr0(6, false);
	expect_xcr0(5, false);
	expect_xcr0(0xe3, false);
	expect_xcr0(0x67, false);
	expect_xcr0(0x207, false);
	expect_xcr0(1ul << 63 | 7, false);
	assert_int_equal(cr_xsetbv(v, 1, 7), VERDICT_FAULT);
	expect_gp();
	fake_vcpu_segments(FAKE_CODE64, FAKE_DATA32 | FAKE_DPL3, ~0u);
	expect_xcr0(3, false);
}

static void
xsetbv_wants_osxsave(void **state)
{
	assert_int_equal(cr_xsetbv(v, 0, 7), VERDICT_FAULT);
	assert_int_equal(v->fault.vector, FAULT_UD);
	assert_int_equal(v->hw.xcr0, 1);
}

/* THREATS C2: whatever a guest writes, what stays is a combination that a CPU accepts. */
static void
c2_random_writes_leave_a_valid_state(void **state)
{
	u64 seed = 7;

	for (unsigned i = 0; i < 200000; i++) {
		u64 cr0, cr4, bits;

		fake_random(&seed);
		bits = 1ul << (seed & 63) | 1ul << (seed >> 8 & 31);
		switch (seed >> 16 & 3) {
		case 0: (void)!cr0_write(v, vcpu_get(v, VREG_CR0) ^ bits); break;
		case 1: (void)!cr4_write(v, vcpu_get(v, VREG_CR4) ^ bits); break;
		case 2: (void)!efer_write(v, vcpu_get(v, VREG_EFER) ^ bits); break;
		default: (void)!cr3_write(v, seed >> 20); break;
		}
		fake_vcpu_segments(seed >> 20 & 1 ? FAKE_CODE64 : FAKE_CODE32, FAKE_DATA32, ~0u);
		cr0 = vcpu_get(v, VREG_CR0);
		cr4 = vcpu_get(v, VREG_CR4);
		assert_true((cr0 & CR0_PG) == 0 || (cr0 & CR0_PE) != 0);
		assert_true((cr0 & CR0_NW) == 0 || (cr0 & CR0_CD) != 0);
		assert_int_equal((vcpu_get(v, VREG_EFER) & EFER_LMA) != 0,
				 (cr0 & CR0_PG) != 0 && (vcpu_get(v, VREG_EFER) & EFER_LME) != 0);
		if (vcpu_get(v, VREG_EFER) & EFER_LMA)
			assert_true(cr4 & CR4_PAE);
		else
			assert_false(cr4 & CR4_PCIDE);
		assert_int_equal(cr4 & ~offer.cr4, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(cr0_refuses_impossible_combinations, begin_flat),
		cmocka_unit_test_setup(cr0_keeps_reserved_bits_clear_and_et_set, begin_flat),
		cmocka_unit_test_setup(long_mode_begins_with_paging, begin_flat),
		cmocka_unit_test_setup(long_mode_does_not_begin_in_64_bit_code, begin_flat),
		cmocka_unit_test_setup(long_mode_does_not_end_in_64_bit_code, begin_long),
		cmocka_unit_test_setup(cr4_has_only_what_cpuid_offers, begin_flat),
		cmocka_unit_test_setup(pcids_begin_in_long_mode_with_pcid_0, begin_long),
		cmocka_unit_test_setup(translations_are_dropped_as_on_a_cpu, begin_long),
		cmocka_unit_test_setup(cr3_has_the_machine_s_address_bits, begin_long),
		cmocka_unit_test_setup(pae_paging_loads_pdptes, begin_flat),
		cmocka_unit_test_setup(bad_pdptes_are_refused, begin_flat),
		cmocka_unit_test_setup(svm_keeps_no_pdptes, begin_flat),
		cmocka_unit_test_setup(long_mode_has_no_pdptes, begin_long),
		cmocka_unit_test_setup(moves, begin_long),
		cmocka_unit_test_setup(registers_have_32_bits_outside_of_64_bit_code, begin_flat),
		cmocka_unit_test_setup(registers_that_do_not_exist, begin_long),
		cmocka_unit_test_setup(cr8_is_the_local_apic_s, begin_long),
		cmocka_unit_test_setup(clts_and_lmsw, begin_flat),
		cmocka_unit_test_setup(xcr0_has_its_rules, begin_long),
		cmocka_unit_test_setup(xsetbv_wants_osxsave, begin_long),
		cmocka_unit_test_setup(c2_random_writes_leave_a_valid_state, begin_flat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
