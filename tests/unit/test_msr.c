/* SPDX-License-Identifier: MIT */
// SOURCES: core/msr.c core/mtrr.c core/cr.c lib/log.c lib/error.c lib/lock.c lib/format.c
/* MSRs of guests: what they read, what they may write, and what is a #GP. */
#include "tests/unit/test.h"

#include "core/cpuid.h"
#include "core/cr.h"
#include "core/msr.h"
#include "include/intrin.h"
#include "lib/log.h"
#include "tests/unit/fake/flaws.h"
#include "tests/unit/fake/vcpu.h"

static struct vcpu *v;
static struct cpuid_offer offer;
static u64 apic_value;

const struct cpuid_offer *
cpuid_offered(void)
{
	return &offer;
}

const struct virt_caps *
virt_caps(void)
{
	static const struct virt_caps caps = {.kind = VIRT_VMX};

	return &caps;
}

/* KVM's MSRs: the last write; and that the TSC was set. */
static u64 pv_value;
static unsigned tsc_steps;

int
pv_msr_read(struct vcpu *vcpu, u32 msr, u64 *value)
{
	*value = pv_value;
	return msr == PV_MSR_SYSTEM_TIME ? 0 : -ERR_INVAL;
}

int
pv_msr_write(struct vcpu *vcpu, u32 msr, u64 value)
{
	pv_value = value;
	return msr == PV_MSR_SYSTEM_TIME ? 0 : -ERR_INVAL;
}

void
pv_clock_tsc_stepped(struct vcpu *vcpu)
{
	tsc_steps++;
}

static u64 commanded[2]; /* the last one, as MSR and value */

void
speculation_command(u32 msr, u64 value)
{
	commanded[0] = msr;
	commanded[1] = value;
}

/* The machine's microcode revision, and LFENCE serialising among other bits of DE_CFG. */
bool
probe_rdmsr(u32 msr, u64 *out)
{
	*out = msr == 0x8b ? 0x123400000000 : 0xff;
	return true;
}

/* The local APIC: as it is asked, but for a register that it does not have. */
static int
apic_msr(struct vcpu *vcpu, u32 msr, bool write, u64 *value)
{
	if (msr == 0x801)
		return -ERR_NOENT;
	if (write && msr == 0x802)
		return -ERR_INVAL;
	if (write)
		apic_value = *value;
	else
		*value = apic_value;
	return 0;
}

static const struct vm_platform platform = {.msr = apic_msr};

static int
begin_vendor(bool intel)
{
	offer = (struct cpuid_offer){
		.efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE,
		.phys_bits = 40,
		.virt_bits = 48,
		.rdtscp = true,
		.intel = intel,
	};
	v = fake_vcpu_reset(4096, 0);
	v->vm->platform = &platform;
	fake_tsc = 1000;
	fake_flaws = (struct flaws){0};
	commanded[0] = commanded[1] = 0;
	msr_policy_init();
	msr_reset(v);
	return 0;
}

static int
begin(void **state)
{
	return begin_vendor(true);
}

static int
begin_amd(void **state)
{
	return begin_vendor(false);
}

static u64
read_ok(u32 msr)
{
	u64 value = 0xdead;

	assert_int_equal(msr_guest_read(v, msr, &value), 0);
	return value;
}

static void
expect_kept(u32 msr, u64 value)
{
	assert_int_equal(msr_guest_write(v, msr, value), 0);
	assert_int_equal(read_ok(msr), value);
}

static void
expect_refused(u32 msr, u64 value)
{
	u64 before = 0, after = 0;
	int err = msr_guest_read(v, msr, &before);

	assert_int_equal(msr_guest_write(v, msr, value), -ERR_INVAL);
	assert_int_equal(msr_guest_read(v, msr, &after), err);
	assert_int_equal(before, after);
}

static void
expect_absent(u32 msr)
{
	u64 value;

	assert_int_equal(msr_guest_read(v, msr, &value), -ERR_INVAL);
	assert_int_equal(msr_guest_write(v, msr, 0), -ERR_INVAL);
}

/* SDM vol. 4, table 2-2; APM vol. 2, 6.1.1. */
static void
system_calls(void **state)
{
	static const u32 addresses[] = {MSR_LSTAR,
					MSR_CSTAR,
					MSR_KERNEL_GS_BASE,
					MSR_IA32_SYSENTER_ESP,
					MSR_IA32_SYSENTER_EIP,
					MSR_FS_BASE,
					MSR_GS_BASE};

	for (unsigned i = 0; i < ARRAY_SIZE(addresses); i++) {
		expect_kept(addresses[i], 0x7fffffffffff - i);
		expect_kept(addresses[i], 0xffff800000000000 + i);
		expect_refused(addresses[i], 0x800000000000);
		expect_refused(addresses[i], 0xffff7fffffffffff);
		expect_refused(addresses[i], 1ul << 63);
	}
	expect_kept(MSR_STAR, 0x123456789abcdef0);
	expect_kept(MSR_SFMASK, 0xffffffff);
	expect_refused(MSR_SFMASK, 1ul << 32);
	expect_kept(MSR_IA32_SYSENTER_CS, 0x10);
	assert_int_equal(vcpu_get(v, VREG_LSTAR), 0xffff800000000000);
	assert_int_equal(fake_vcpu.segments[VSEG_FS].base, 0xffff800000000005);
	assert_int_equal(fake_vcpu.segments[VSEG_GS].base, 0xffff800000000006);
}

/* SDM vol. 3, 12.12.2: types 0, 1, 4, 5, 6, 7. */
static void
pat(void **state)
{
	expect_kept(MSR_IA32_PAT, 0x0007040600070406);
	expect_kept(MSR_IA32_PAT, 0x0007010600070405);
	expect_refused(MSR_IA32_PAT, 0x0207040600070406);
	expect_refused(MSR_IA32_PAT, 0x0007040600070403);
	expect_refused(MSR_IA32_PAT, 0x0007040800070406);
	expect_refused(MSR_IA32_PAT, 0x0007040600f70406);
}

static void
efer(void **state)
{
	expect_kept(MSR_EFER, EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE);
	assert_int_equal(msr_guest_write(v, MSR_EFER, EFER_LME), 0);
	assert_int_equal(read_ok(MSR_EFER), EFER_LME | EFER_LMA);
	expect_refused(MSR_EFER, EFER_LME | EFER_SVME);
	expect_refused(MSR_EFER, EFER_LME | 1ul << 1);
	expect_refused(MSR_EFER, 0);
	vcpu_set(v, VREG_CR0, CR0_PE);
	vcpu_set(v, VREG_EFER, 0);
	expect_kept(MSR_EFER, EFER_LME);
	assert_int_equal(msr_guest_write(v, MSR_EFER, EFER_LME | EFER_LMA), 0);
	assert_int_equal(read_ok(MSR_EFER), EFER_LME);
	offer.efer &= ~EFER_NXE;
	expect_refused(MSR_EFER, EFER_NXE);
}

/* SDM vol. 3, 18.17.3. */
static void
tsc_and_its_adjustment_move_together(void **state)
{
	assert_int_equal(read_ok(MSR_IA32_TSC_ADJUST), 0);
	assert_int_equal(msr_guest_write(v, MSR_IA32_TSC, 1ul << 40), 0);
	assert_in_range(read_ok(MSR_IA32_TSC), 1ul << 40, (1ul << 40) + 4);
	assert_int_equal(read_ok(MSR_IA32_TSC_ADJUST), v->hw.tsc_offset);
	assert_int_equal(msr_guest_write(v, MSR_IA32_TSC_ADJUST, 5000), 0);
	assert_int_equal(v->hw.tsc_offset, 5000);
	assert_int_equal(read_ok(MSR_IA32_TSC_ADJUST), 5000);
	assert_int_not_equal(tsc_steps, 0);
	tsc_steps = 0;
	assert_int_equal(msr_guest_write(v, MSR_IA32_TSC_ADJUST, 5000), 0);
	assert_int_equal(tsc_steps, 0);
	assert_int_equal(msr_guest_write(v, MSR_IA32_TSC_ADJUST, (u64)-20), 0);
	assert_int_equal(v->hw.tsc_offset, (u64)-20);
}

static void
tsc_aux(void **state)
{
	expect_kept(MSR_TSC_AUX, 0xffffffff);
	expect_refused(MSR_TSC_AUX, 1ul << 32);
	offer.rdtscp = false;
	expect_absent(MSR_TSC_AUX);
}

static void
the_local_apic_answers_for_itself(void **state)
{
	expect_kept(MSR_IA32_APIC_BASE, 0xfee00900);
	assert_false(v->msr.apic_off);
	expect_kept(MSR_IA32_APIC_BASE, 0xfee00100);
	assert_true(v->msr.apic_off);
	expect_kept(MSR_IA32_APIC_BASE, 0xfee00d00);
	assert_false(v->msr.apic_off);
	expect_kept(MSR_IA32_TSC_DEADLINE, 77);
	expect_kept(0x830, 0x100000000);
	expect_kept(0x8ff, 1);
	expect_absent(0x801);
	expect_refused(0x802, 1);
}

/* SDM vol. 3, 12.11. */
static void
kvms_msrs_answer_for_themselves(void **state)
{
	expect_kept(PV_MSR_SYSTEM_TIME, 0x1001);
	expect_refused(PV_MSR_EOI, 0x1001);
	expect_refused(PV_MSR_EOI + 1, 1);
	assert_int_equal(pv_value, 0x1001); /* not asked */
}

static void
mtrrs_are_kept_and_checked(void **state)
{
	static const u32 fixed[] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
				    0x26b, 0x26c, 0x26d, 0x26e, 0x26f};

	assert_int_equal(read_ok(MSR_IA32_MTRRCAP), 0x508);
	expect_refused(MSR_IA32_MTRRCAP, 0x508);
	assert_int_equal(read_ok(MSR_IA32_MTRR_DEFTYPE), 0);
	expect_kept(MSR_IA32_MTRR_DEFTYPE, 0xc06);
	expect_refused(MSR_IA32_MTRR_DEFTYPE, 0xc02);
	expect_refused(MSR_IA32_MTRR_DEFTYPE, 0x1c06);
	expect_refused(MSR_IA32_MTRR_DEFTYPE, 0xe06);
	for (u32 i = 0; i < ARRAY_SIZE(fixed); i++) {
		expect_kept(fixed[i], 0x0606060505040100 | i / 11);
		expect_refused(fixed[i], 0x0606060706060606);
		expect_refused(fixed[i], 0x0206060606060606);
	}
	for (u32 n = 0x200; n < 0x210; n += 2) {
		expect_kept(n, 0xffc0000000 | 6);
		expect_refused(n, 0x10000000000 | 6);
		expect_refused(n, 0x100000 | 0x106);
		expect_refused(n, 0x100000 | 3);
		expect_kept(n + 1, 0xffc0000800 + n * 4096ul);
		expect_refused(n + 1, 0xffc0000801);
		expect_refused(n + 1, 0x1ffc0000800);
	}
	assert_int_equal(read_ok(0x201), 0xffc0000800 + 0x200 * 4096ul);
	expect_absent(0x210);
	expect_absent(0x251);
	expect_absent(0x25a);
	expect_absent(0x267);
	expect_absent(0x270);
}

static void
mtrrs_as_firmware_leaves_them(void **state)
{
	mtrr_set_as_firmware(&v->msr.mtrr);
	assert_int_equal(read_ok(MSR_IA32_MTRR_DEFTYPE), 0xc06);
	assert_int_equal(read_ok(0x250), 0x0606060606060606);
	assert_int_equal(read_ok(0x259), 0);
	assert_int_equal(read_ok(0x26f), 0x0606060606060606);
	assert_int_equal(read_ok(0x200), 0xc0000000);
	assert_int_equal(read_ok(0x201), 0xffc0000800);
	assert_int_equal(read_ok(0x203), 0);
	/* A guest can write back all that it reads. */
	for (u32 msr = 0x200; msr < 0x300; msr++) {
		u64 value;

		if (msr_guest_read(v, msr, &value) == 0)
			assert_int_equal(msr_guest_write(v, msr, value), 0);
	}
}

static void
what_linux_reads_unasked_on_intel(void **state)
{
	assert_int_equal(msr_guest_write(v, 0x8b, 0), 0);
	assert_int_equal(read_ok(0x8b), 0x123400000000);
	assert_int_equal(read_ok(0x17), 0);
	/* Fast strings; no branch trace store, no PEBS; XD and CPUID not limited */
	assert_int_equal(read_ok(MSR_IA32_MISC_ENABLE), 0x1801);
	assert_int_equal(msr_guest_write(v, MSR_IA32_MISC_ENABLE, 1ul << 22), 0);
	assert_int_equal(read_ok(MSR_IA32_MISC_ENABLE), 0x1801);
	assert_int_equal(msr_guest_write(v, 0x1d9, 2), 0);
	assert_int_equal(read_ok(0x1d9), 0);
	expect_refused(0x1d9, 1ul << 6);
	expect_absent(0xc0010015);
}

static void
what_linux_reads_unasked_on_amd(void **state)
{
	/* HWCR.TscFreqSel: without it Linux reports a firmware bug when the TSC is invariant. */
	assert_int_equal(read_ok(0xc0010015), 1 << 24);
	assert_int_equal(msr_guest_write(v, 0xc0010015, 1 << 3), 0);
	assert_int_equal(read_ok(0xc0010010), 0);
	assert_int_equal(read_ok(0xc001001f), 0);
	assert_int_equal(msr_guest_write(v, 0xc001001f, 1ul << 46), 0);
	assert_int_equal(read_ok(0xc0010055), 0);
	assert_int_equal(read_ok(0xc0011029), 2);
	expect_absent(MSR_IA32_MISC_ENABLE);
	expect_absent(0x17);
	assert_int_equal(read_ok(0x8b), 0x123400000000);
}

/* THREATS C4: all of these ranges, with any value; what is refused changes nothing. */
static void
c4_every_number_and_value_is_answered(void **state)
{
	static const u32 bases[] = {0, 0x40000000, 0xc0000000, 0xc0010000, 0xfffff000};
	u64 seed = 5, value;

	for (unsigned b = 0; b < ARRAY_SIZE(bases); b++) {
		for (u32 n = 0; n < 0x2000; n++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			(void)msr_guest_read(v, bases[b] + n, &value);
			(void)msr_guest_write(v, bases[b] + n, seed >> (seed & 63));
		}
	}
}

/* VMX, SVM, performance counters, machine checks, SMM, debug stores: as CPUID says, none. */
static void
what_cpuid_does_not_offer_is_not_there(void **state)
{
	static const u32 absent[] = {
		0x3a,	    0x48,	0x49,	    0xc1,	0xe7,	    0x10a,
		0x122,	    0x140,	0x179,	    0x17a,	0x186,	    0x38f,
		0x400,	    0x480,	0x491,	    0x560,	0x600,	    0x700,
		0xda0,	    0x900,	0x40000000, 0x4b564d00, 0xc0000104, 0xc0010000,
		0xc0010114, 0xc0010117, 0xc001011f, 0xc0010131, 0xc0010200, 0xffffffff,
	};

	for (unsigned i = 0; i < ARRAY_SIZE(absent); i++)
		expect_absent(absent[i]);
}

static void
unknown_ones_are_logged_once_and_not_for_ever(void **state)
{
	u64 value, first = log_next_seq();

	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(msr_guest_read(v, 0x3a, &value), -ERR_INVAL);
	assert_int_equal(log_next_seq(), first + 1);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(msr_guest_write(v, 0x3a, 5), -ERR_INVAL);
	assert_int_equal(log_next_seq(), first + 2);
	for (u32 i = 0; i < 1000; i++)
		assert_int_equal(msr_guest_read(v, 0x10000 + i, &value), -ERR_INVAL);
	assert_int_equal(log_next_seq(), first + MSR_LOG_MAX + 1);
	/* A value that is refused is no unknown MSR. */
	assert_int_equal(msr_guest_write(v, MSR_IA32_PAT, 2), -ERR_INVAL);
	assert_int_equal(log_next_seq(), first + MSR_LOG_MAX + 1);
}

/* As its flaws have it, which is as CPUID has it; without them none of these is there. */
static void
what_speculation_needs(void **state)
{
	static const u32 msrs[] = {MSR_IA32_SPEC_CTRL, MSR_IA32_PRED_CMD,
				   MSR_IA32_ARCH_CAPABILITIES, MSR_IA32_FLUSH_CMD};
	u64 value;

	for (unsigned i = 0; i < ARRAY_SIZE(msrs); i++)
		expect_absent(msrs[i]);
	fake_flaws = (struct flaws){.spec_ctrl = SPEC_CTRL_IBRS | SPEC_CTRL_SSBD,
				    .predictor_commands = PRED_CMD_IBPB,
				    .flush_commands = FLUSH_CMD_L1D,
				    .arch_capabilities = ARCH_CAP_RDCL_NO};
	assert_int_equal(read_ok(MSR_IA32_SPEC_CTRL), 0);
	expect_kept(MSR_IA32_SPEC_CTRL, 5);
	assert_int_equal(v->hw.spec_ctrl, 5);
	for (unsigned bit = 0; bit < 64; bit++) {
		if (bit != 0 && bit != 2)
			expect_refused(MSR_IA32_SPEC_CTRL, BIT(bit));
		if (bit != 0)
			expect_refused(MSR_IA32_PRED_CMD, BIT(bit));
		if (bit != 0)
			expect_refused(MSR_IA32_FLUSH_CMD, BIT(bit));
	}
	/* Commands: nothing is read, and 0 does nothing. */
	assert_int_equal(msr_guest_read(v, MSR_IA32_PRED_CMD, &value), -ERR_INVAL);
	assert_int_equal(msr_guest_read(v, MSR_IA32_FLUSH_CMD, &value), -ERR_INVAL);
	assert_int_equal(msr_guest_write(v, MSR_IA32_PRED_CMD, 0), 0);
	assert_int_equal(commanded[0], 0);
	assert_int_equal(msr_guest_write(v, MSR_IA32_PRED_CMD, 1), 0);
	assert_int_equal(commanded[0], MSR_IA32_PRED_CMD);
	assert_int_equal(msr_guest_write(v, MSR_IA32_FLUSH_CMD, 1), 0);
	assert_int_equal(commanded[0], MSR_IA32_FLUSH_CMD);
	assert_int_equal(read_ok(MSR_IA32_ARCH_CAPABILITIES), 1);
	expect_refused(MSR_IA32_ARCH_CAPABILITIES, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(system_calls, begin),
		cmocka_unit_test_setup(pat, begin),
		cmocka_unit_test_setup(efer, begin),
		cmocka_unit_test_setup(tsc_and_its_adjustment_move_together, begin),
		cmocka_unit_test_setup(tsc_aux, begin),
		cmocka_unit_test_setup(the_local_apic_answers_for_itself, begin),
		cmocka_unit_test_setup(kvms_msrs_answer_for_themselves, begin),
		cmocka_unit_test_setup(mtrrs_are_kept_and_checked, begin),
		cmocka_unit_test_setup(mtrrs_as_firmware_leaves_them, begin),
		cmocka_unit_test_setup(what_linux_reads_unasked_on_intel, begin),
		cmocka_unit_test_setup(what_linux_reads_unasked_on_amd, begin_amd),
		cmocka_unit_test_setup(c4_every_number_and_value_is_answered, begin),
		cmocka_unit_test_setup(what_cpuid_does_not_offer_is_not_there, begin_amd),
		cmocka_unit_test_setup(what_speculation_needs, begin),
		cmocka_unit_test_setup(unknown_ones_are_logged_once_and_not_for_ever, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
