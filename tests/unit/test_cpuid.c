/* SPDX-License-Identifier: MIT */
// SOURCES: core/cpuid.c core/cpuid_decode.c core/cpuid_table.c arch/x86_64/features.c lib/text.c
/* What guests see of machines that have every feature there is, or nearly none. */
#include "tests/unit/test.h"

#include "core/cpuid.h"
#include "tests/unit/fake/flaws.h"
#include "tests/unit/fake/vcpu.h"

#define PKRU BIT(9)

/* All feature bits are set; the leaves that are more than bits say something sensible. */
struct machine {
	const char *vendor;
	u32 max_leaf, max_extended;
	bool bare; /* no feature bit is set */
};

static const struct machine intel = {"GenuineIntel", 0x20, 0x80000008, false};
static const struct machine amd = {"AuthenticAMD", 0x10, 0x80000023, false};
static const struct machine bare = {"GenuineIntel", 0x5, 0x80000004, true};

static const struct machine *machine;
static struct vcpu *v;

bool
tsc_is_reliable(void)
{
	return true;
}

static bool clock_by_tsc;

bool
clock_is_tsc(void)
{
	return clock_by_tsc;
}

u64
xsave_mask(void)
{
	return 0;
}

static struct cpuid_regs
words(u32 eax, const char text[13])
{
	struct cpuid_regs r = {.eax = eax};

	memcpy(&r.ebx, text, 4);
	memcpy(&r.edx, text + 4, 4);
	memcpy(&r.ecx, text + 8, 4);
	return r;
}

/* L1 data, L1 code, L2, L3, each shared by 16 of 32 (SDM vol. 2, CPUID, leaf 4). */
static struct cpuid_regs
caches(u32 subleaf)
{
	static const u32 kinds[] = {0x21, 0x22, 0x43, 0x63};
	struct cpuid_regs r = {0};

	if (subleaf < ARRAY_SIZE(kinds))
		r = (struct cpuid_regs){kinds[subleaf] | 15 << 14 | 31u << 26, 0x1c0003f, 63, 0};
	return r;
}

/* Sizes and offsets as on a machine with AVX-512 and PKRU; PKRU is not aligned when packed. */
static struct cpuid_regs
xsave(u32 subleaf)
{
	switch (subleaf) {
	case 0: return (struct cpuid_regs){0x2ff, 9999, 9999, 0};
	case 1: return (struct cpuid_regs){0xff, 9999, 0x1900, 0};
	case 2: return (struct cpuid_regs){256, 576, 0, 0};
	case 5: return (struct cpuid_regs){64, 1088, 0, 0};
	case 6: return (struct cpuid_regs){512, 1152, 0, 0};
	case 7: return (struct cpuid_regs){1024, 1664, 0, 0};
	case 8: return (struct cpuid_regs){128, 0, 1, 0};
	case 9: return (struct cpuid_regs){8, 2688, 2, 0};
	default: return (struct cpuid_regs){0, 0, 0, 0};
	}
}

static struct cpuid_regs
read_machine(u32 leaf, u32 subleaf)
{
	struct cpuid_regs every = {~0u, ~0u, ~0u, ~0u};

	switch (leaf) {
	case 0: return words(machine->max_leaf, machine->vendor);
	case 0x80000000: return words(machine->max_extended, machine->vendor);
	case 0x40000000: return words(0x40000001, "OtherOneHere");
	case 0x1:
		every.eax = 0x000306c3;
		every.ebx = 0x13200800;
		break;
	case 0x4:
	case 0x8000001d: return caches(subleaf);
	case 0xd: return xsave(subleaf);
	case 0x80000008: every.eax = 0x3028; break;
	default: break;
	}
	if (leaf > machine->max_extended || (leaf < 0x80000000 && leaf > machine->max_leaf))
		fail_msg("leaf %#x is above the maximum", leaf);
	if (machine->bare)
		every.ecx = every.edx = 0;
	return every;
}

static void
boot(const struct machine *on, u64 xcr0, bool invariant_tsc, u32 vcpus)
{
	static struct cpu_features f;

	machine = on;
	features_decode(&f, read_machine);
	cpuid_policy_decode(&f, read_machine, xcr0, invariant_tsc);
	v = fake_vcpu_reset(4096, 0);
	v->vm->vcpu_count = vcpus;
	cpuid_init_vcpu(v);
}

static void
boot_rich(const struct machine *on)
{
	boot(on, XCR0_X87 | XCR0_SSE | XCR0_AVX | 7 << 5 | PKRU, true, 4);
}

static struct cpuid_regs
ask(u32 leaf, u32 subleaf)
{
	v->hw.gpr[VREG_RAX] = leaf;
	v->hw.gpr[VREG_RCX] = subleaf;
	cpuid_execute(v);
	return (struct cpuid_regs){(u32)v->hw.gpr[VREG_RAX], (u32)v->hw.gpr[VREG_RBX],
				   (u32)v->hw.gpr[VREG_RCX], (u32)v->hw.gpr[VREG_RDX]};
}

static void
expect(u32 leaf, u32 subleaf, u32 eax, u32 ebx, u32 ecx, u32 edx)
{
	struct cpuid_regs r = ask(leaf, subleaf);

	assert_int_equal(r.eax, eax);
	assert_int_equal(r.ebx, ebx);
	assert_int_equal(r.ecx, ecx);
	assert_int_equal(r.edx, edx);
}

static void
says_that_it_is_ashlar(void **state)
{
	struct cpuid_regs r;

	boot_rich(&amd);
	r = ask(0x40000000, 7);
	assert_int_equal(r.eax, 0x40000000);
	assert_memory_equal(&r.ebx, "AshlarAshlar", 12);
	assert_true(ask(1, 0).ecx >> 31);
	for (u32 base = 0x40000102; base < 0x40010000; base += 0xff)
		expect(base, 0, 0, 0, 0, 0);
}

/* Where Linux looks for it, in steps of 100h; and of its features what we have. */
static void
offers_what_kvm_does(void **state)
{
	enum { PV_EOI = 1 << 6, STABLE = 1 << 24 };
	struct cpuid_regs r;
	u32 features, page;

	boot_rich(&intel);
	r = ask(0x40000100, 0);
	assert_int_equal(r.eax, 0x40000101);
	assert_memory_equal(&r.ebx, "KVMK", 4);
	assert_memory_equal(&r.ecx, "VMKV", 4);
	assert_memory_equal(&r.edx, "M\0\0\0", 4);
	clock_by_tsc = false;
	features = ask(0x40000101, 0).eax;
	assert_int_equal(features & (1 << 1 | 1 << 3 | PV_EOI | 1 << 7),
			 1 << 1 | 1 << 3 | PV_EOI | 1 << 7);
	assert_int_equal(features & (1 | 1 << 4 | STABLE), 0); /* nor the old MSRs, async PF */
	clock_by_tsc = true;
	assert_int_equal(ask(0x40000101, 0).eax, features | STABLE);
	v->hw.apic.page = &page;
	assert_int_equal(ask(0x40000101, 0).eax, (features | STABLE) & ~(u32)PV_EOI);
	expect(0x40000102, 0, 0, 0, 0, 0);
}

static void
keeps_vendor_and_bounds_the_maximums(void **state)
{
	struct cpuid_regs r;

	boot_rich(&intel);
	r = ask(0, 0);
	assert_int_equal(r.eax, 0xd);
	assert_memory_equal(&r.ebx, "Genu", 4);
	assert_int_equal(ask(0x80000000, 0).eax, 0x80000008);
	boot_rich(&amd);
	assert_int_equal(ask(0, 0).eax, 0xd);
	assert_int_equal(ask(0x80000000, 0).eax, 0x80000021);
	boot(&bare, 0, false, 1);
	assert_int_equal(ask(0, 0).eax, 0xb);
	assert_int_equal(ask(0x80000000, 0).eax, 0x80000008);
}

/* SDM vol. 2, CPUID: as the highest basic leaf. APM vol. 3, CPUID: zeros. */
static void
above_the_maximum_as_the_vendor_does(void **state)
{
	struct cpuid_regs r, top;

	boot_rich(&intel);
	top = ask(0xd, 2);
	r = ask(0x1000, 2);
	assert_memory_equal(&r, &top, sizeof(r));
	r = ask(0x80000009, 2);
	assert_memory_equal(&r, &top, sizeof(r));
	r = ask(0xffffffff, 2);
	assert_memory_equal(&r, &top, sizeof(r));
	boot_rich(&amd);
	expect(0xe, 0, 0, 0, 0, 0);
	expect(0x80000022, 0, 0, 0, 0, 0);
	expect(0xffffffff, ~0u, 0, 0, 0, 0);
}

/* By the manuals' numbers, what must never be seen though the machine has it. */
static void
shows_nothing_that_is_not_there(void **state)
{
	static const struct machine *const machines[] = {&intel, &amd};

	for (unsigned i = 0; i < 2; i++) {
		struct cpuid_regs r;

		boot_rich(machines[i]);
		r = ask(1, 0);
		/* DTES64, MONITOR, DS-CPL, VMX, SMX, EIST, TM2, CNXT-ID, SDBG, xTPR, PDCM, DCA */
		assert_int_equal(r.ecx & (0x1fcu | BIT(10) | BIT(11) | BIT(14) | BIT(15) | BIT(18)),
				 0);
		/* MCE, MCA, PSN, DS, ACPI, TM, PBE */
		assert_int_equal(r.edx & (BIT(7) | BIT(14) | BIT(18) | BIT(21) | BIT(22) | BIT(29) |
					  BIT(31)),
				 0);
		r = ask(7, 0);
		/* SGX, HLE, PQM, RTM, MPX, PQE, PT */
		assert_int_equal(r.ebx & (BIT(2) | BIT(4) | BIT(11) | BIT(12) | BIT(14) | BIT(15) |
					  BIT(22) | BIT(25)),
				 0);
		/* WAITPKG, CET, TME, LA57, BNDLDX, KL, bus lock, ENQCMD, SGX_LC, PKS */
		assert_int_equal(r.ecx & (BIT(5) | BIT(7) | BIT(13) | 0x3f0000u | BIT(23) |
					  BIT(24) | BIT(29) | BIT(30) | BIT(31)),
				 0);
		/* UINTR, TSXLDTRK, PCONFIG, LBR, CET, AMX, IA32_CORE_CAPABILITIES; and on AMD
		 * what says there by other leaves that SPEC_CTRL is there */
		assert_int_equal(r.edx & (BIT(5) | BIT(16) | BIT(18) | BIT(19) | BIT(20) | BIT(22) |
					  BIT(24) | BIT(25) | BIT(30)),
				 0);
		assert_int_equal(r.edx >> 26, i == 0 ? 0x2f : 0);
		/* MONITOR, PMU, SGX, PT, TSC and frequency */
		expect(5, 0, 0, 0, 0, 0);
		expect(0xa, 0, 0, 0, 0, 0);
		assert_int_equal(ask(6, 0).eax, BIT(2));
		assert_int_equal(ask(6, 0).ecx, 0);
		r = ask(0x80000001, 0);
		/* SVM, IBS, SKINIT, WDT, LWP, node id, perf counters, MWAITX */
		assert_int_equal(r.ecx & (BIT(2) | BIT(3) | BIT(10) | BIT(12) | BIT(13) | BIT(15) |
					  BIT(17) | BIT(19) | BIT(23) | BIT(24) | BIT(26) |
					  BIT(27) | BIT(28) | BIT(29)),
				 0);
		assert_int_equal(r.edx & (BIT(7) | BIT(14) | BIT(25)), 0);
	}
	/* SVM, encrypted memory, IBS */
	expect(0x8000000a, 0, 0, 0, 0, 0);
	expect(0x8000001b, 0, 0, 0, 0, 0);
	expect(0x8000001f, 0, 0, 0, 0, 0);
	expect(0x80000020, 0, 0, 0, 0, 0);
}

static void
shows_what_is_emulated_on_any_machine(void **state)
{
	boot(&bare, 0, false, 1);
	/* x2APIC, TSC-deadline, a hypervisor; APIC, MTRR, PAT; TSC_ADJUST; ARAT */
	assert_int_equal(ask(1, 0).ecx, BIT(21) | BIT(24) | BIT(31));
	assert_int_equal(ask(1, 0).edx, BIT(9) | BIT(12) | BIT(16));
	assert_int_equal(ask(7, 0).ebx, BIT(1));
	assert_int_equal(ask(6, 0).eax, BIT(2));
	assert_int_equal(cpuid_offered()->cr4, 0);
	assert_int_equal(cpuid_offered()->efer, 0);
}

static void
shows_what_the_guest_turned_on(void **state)
{
	boot_rich(&intel);
	assert_int_equal(ask(1, 0).ecx & BIT(27), 0);
	assert_int_equal(ask(7, 0).ecx & BIT(4), 0);
	vcpu_set(v, VREG_CR4, CR4_PAE | CR4_OSXSAVE | CR4_PKE);
	assert_true(ask(1, 0).ecx & BIT(27));
	assert_true(ask(7, 0).ecx & BIT(4));
	assert_int_equal(ask(7, 1).ecx, 0);
	assert_true(ask(1, 0).edx & BIT(9));
	v->msr.apic_off = true;
	assert_int_equal(ask(1, 0).edx & BIT(9), 0);
	boot_rich(&amd);
	assert_true(ask(0x80000001, 0).edx & BIT(9));
	v->msr.apic_off = true;
	assert_int_equal(ask(0x80000001, 0).edx & BIT(9), 0);
}

/* SDM vol. 1, 13.2 and 13.4.3; AVX at 576, ZMM_Hi256 at 1152, Hi16_ZMM at 1664, PKRU at 2688. */
static void
tells_sizes_of_extended_state(void **state)
{
	boot_rich(&intel);
	expect(0xd, 0, 0x2e7, 576, 2696, 0);
	v->hw.xcr0 = XCR0_X87 | XCR0_SSE | XCR0_AVX;
	expect(0xd, 0, 0x2e7, 832, 2696, 0);
	/* XSAVEOPT, XSAVEC, XGETBV with ECX 1; neither XSAVES nor XFD */
	expect(0xd, 1, 7, 832, 0, 0);
	v->hw.xcr0 |= PKRU;
	assert_int_equal(ask(0xd, 0).ebx, 2696);
	assert_int_equal(ask(0xd, 1).ebx, 832 + 8); /* behind AVX when packed */
	expect(0xd, 2, 256, 576, 0, 0);
	expect(0xd, 8, 0, 0, 0, 0); /* processor trace */
	expect(0xd, 9, 8, 2688, 2, 0);
	expect(0xd, 63, 0, 0, 0, 0);
	expect(0xd, ~0u, 0, 0, 0, 0);
}

static void
has_no_extended_state_without_xsave(void **state)
{
	boot(&intel, 0, true, 1);
	assert_int_equal(ask(1, 0).ecx & BIT(26), 0);
	expect(0xd, 0, 0, 0, 0, 0);
	expect(0xd, 1, 0, 0, 0, 0);
	assert_int_equal(cpuid_offered()->cr4 & CR4_OSXSAVE, 0);
}

static void
is_one_package_of_cores(void **state)
{
	boot(&intel, 1, true, 6);
	v->index = 5;
	cpuid_init_vcpu(v);
	/* leaf 1: 8 ids, this one; HTT */
	assert_int_equal(ask(1, 0).ebx, 0x05080800);
	assert_true(ask(1, 0).edx & BIT(28));
	expect(0xb, 0, 0, 1, 0x100, 5);
	expect(0xb, 1, 3, 6, 0x201, 5);
	expect(0xb, 2, 0, 0, 2, 5);
	expect(0xb, 0x102, 0, 0, 2, 5);
	/* L1 and L2 for itself, L3 for all 8 ids; 8 cores */
	assert_int_equal(ask(4, 0).eax, 0x21 | 7u << 26);
	assert_int_equal(ask(4, 2).eax, 0x43 | 7u << 26);
	assert_int_equal(ask(4, 3).eax, 0x63 | 7 << 14 | 7u << 26);
	assert_int_equal(ask(4, 3).ebx, 0x1c0003f);
	expect(4, 4, 0, 0, 0, 0);
	boot(&intel, 1, true, 1);
	assert_int_equal(ask(1, 0).ebx, 0x00010800);
	assert_int_equal(ask(1, 0).edx & BIT(28), 0);
	expect(0xb, 1, 0, 1, 0x201, 0);
	assert_int_equal(ask(4, 3).eax, 0x63);
}

/* APM vol. 3, E.4.7, E.4.16, E.4.17. */
static void
is_one_package_of_cores_on_amd(void **state)
{
	boot(&amd, 1, true, 6);
	v->index = 5;
	cpuid_init_vcpu(v);
	assert_int_equal(ask(1, 0).ebx, 0x05060800);
	assert_true(ask(0x80000001, 0).ecx & BIT(1));
	assert_true(ask(0x80000001, 0).ecx & BIT(22));
	assert_int_equal(ask(0x80000008, 0).ecx, 3 << 12 | 5);
	expect(0x8000001e, 0, 5, 5, 0, 0);
	assert_int_equal(ask(0x8000001d, 0).eax, 0x21); /* bits 31:26 are reserved */
	assert_int_equal(ask(0x8000001d, 3).eax, 0x63 | 7 << 14);
	expect(4, 0, 0, 0, 0, 0);
	expect(0xb, 1, 3, 6, 0x201, 5);
	boot(&amd, 1, true, 1);
	assert_int_equal(ask(0x80000001, 0).ecx & BIT(1), 0);
	assert_int_equal(ask(0x80000008, 0).ecx, 0);
	assert_int_equal(ask(0x8000001d, 3).eax, 0x63);
}

static void
the_invariant_tsc_is_shown_when_it_is(void **state)
{
	boot(&amd, 1, true, 1);
	expect(0x80000007, 0, 0, 0, 0, BIT(8));
	boot(&amd, 1, false, 1);
	expect(0x80000007, 0, 0, 0, 0, 0);
}

static void
addresses_are_as_wide_as_the_machine_s(void **state)
{
	boot(&intel, 1, true, 1);
	assert_int_equal(ask(0x80000008, 0).eax, 0x3028);
	assert_int_equal(cpuid_offered()->phys_bits, 40);
	assert_int_equal(cpuid_offered()->virt_bits, 48);
}

static void
offers_control_bits_with_their_features(void **state)
{
	boot_rich(&intel);
	assert_int_equal(cpuid_offered()->cr4,
			 CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_PGE |
				 CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_UMIP | CR4_FSGSBASE |
				 CR4_PCIDE | CR4_OSXSAVE | CR4_SMEP | CR4_SMAP | CR4_PKE);
	assert_int_equal(cpuid_offered()->efer, EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE);
	assert_true(cpuid_offered()->rdtscp);
}

/* Every leaf and subleaf answers, and no more than the machine has where it only passes on. */
static void
all_leaves_answer(void **state)
{
	static const struct machine *const machines[] = {&intel, &amd, &bare};
	u64 seed = 3;

	for (unsigned i = 0; i < 3; i++) {
		boot_rich(machines[i]);
		for (unsigned n = 0; n < 100000; n++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			(void)ask((u32)seed, (u32)(seed >> 32));
			(void)ask((u32)(seed % 0x40) | (seed >> 40 & 1 ? 0x80000000 : 0),
				  (u32)(seed >> 48) % 70);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_that_it_is_ashlar),
		cmocka_unit_test(offers_what_kvm_does),
		cmocka_unit_test(keeps_vendor_and_bounds_the_maximums),
		cmocka_unit_test(above_the_maximum_as_the_vendor_does),
		cmocka_unit_test(shows_nothing_that_is_not_there),
		cmocka_unit_test(shows_what_is_emulated_on_any_machine),
		cmocka_unit_test(shows_what_the_guest_turned_on),
		cmocka_unit_test(tells_sizes_of_extended_state),
		cmocka_unit_test(has_no_extended_state_without_xsave),
		cmocka_unit_test(is_one_package_of_cores),
		cmocka_unit_test(is_one_package_of_cores_on_amd),
		cmocka_unit_test(the_invariant_tsc_is_shown_when_it_is),
		cmocka_unit_test(addresses_are_as_wide_as_the_machine_s),
		cmocka_unit_test(offers_control_bits_with_their_features),
		cmocka_unit_test(all_leaves_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
