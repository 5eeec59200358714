/* SPDX-License-Identifier: MIT */
// SOURCES: arch/x86_64/features.c arch/x86_64/vmx/vmx_caps.c arch/x86_64/svm/svm_caps.c
// SOURCES: lib/text.c
#include "tests/unit/test.h"

#include <string.h>

#include "arch/x86_64/msr.h"
#include "arch/x86_64/probe.h"
#include "arch/x86_64/svm/svm_caps.h"
#include "arch/x86_64/vmx/vmx_caps.h"

/* A made-up CPU: its leaves, and the same garbage that emulators give for all others. */
static struct row {
	u32 leaf;
	struct cpuid_regs regs;
} cpu[16];
static unsigned rows;

static struct cpuid_regs
fake_cpuid(u32 leaf, u32 subleaf)
{
	for (unsigned i = 0; i < rows; i++) {
		if (cpu[i].leaf == leaf)
			return cpu[i].regs;
	}
	return (struct cpuid_regs){~0u, ~0u, ~0u, ~0u};
}

static struct cpuid_regs *
leaf(u32 number, u32 eax, u32 ebx, u32 ecx, u32 edx)
{
	cpu[rows] = (struct row){
		number, {eax, ebx, ecx, edx}
	    };
	return &cpu[rows++].regs;
}

static struct cpuid_regs
text(u32 eax, const char words[13])
{
	struct cpuid_regs r = {.eax = eax};

	memcpy(&r.ebx, words, 4);
	memcpy(&r.edx, words + 4, 4);
	memcpy(&r.ecx, words + 8, 4);
	return r;
}

static void
vendor(u32 max, const char words[13])
{
	rows = 0;
	*leaf(CPUID_VENDOR, 0, 0, 0, 0) = text(max, words);
}

/* Never reached: the tests give the registers. */
bool
probe_rdmsr(u32 msr, u64 *out)
{
	return false;
}

static struct cpu_features f;

/* Core i7-4770 (Haswell), as its leaves are printed in public dumps. */
static void
intel(void **state)
{
	vendor(0xd, "GenuineIntel");
	leaf(CPUID_VERSION, 0x000306c3, 0, BIT32(5) | BIT32(17) | BIT32(21) | BIT32(24), 0);
	leaf(CPUID_THERMAL_POWER, BIT32(2), 0, 0, 0);
	leaf(CPUID_STRUCTURED, 0, BIT32(0) | BIT32(7) | BIT32(10), 0, 0);
	leaf(CPUID_EXT_MAX, 0x80000008, 0, 0, 0);
	leaf(CPUID_EXT_FEATURES, 0, 0, 0, BIT32(20) | BIT32(26) | BIT32(27));
	leaf(CPUID_ADVANCED_POWER, 0, 0, 0, BIT32(8));
	leaf(CPUID_ADDRESS_SIZES, 0x3027, 0, 0, 0);
	features_decode(&f, fake_cpuid);
	assert_int_equal(f.vendor, CPU_VENDOR_INTEL);
	assert_string_equal(f.vendor_id, "GenuineIntel");
	assert_int_equal(f.family, 6);
	assert_int_equal(f.model, 0x3c);
	assert_int_equal(f.stepping, 3);
	assert_int_equal(f.phys_bits, 39);
	assert_int_equal(f.virt_bits, 48);
	assert_true(f.vmx && f.pcid && f.x2apic && f.tsc_deadline && f.arat && f.fsgsbase);
	assert_true(f.smep && f.invpcid && f.nx && f.huge_pages && f.rdtscp && f.invariant_tsc);
	assert_false(f.svm || f.smap || f.umip || f.hypervisor || f.rdrand || f.xsave);
}

/* EPYC-Milan: family 19h is 0fh and an extended family; its model takes the extended one too. */
static void
amd(void **state)
{
	vendor(0x16, "AuthenticAMD");
	leaf(CPUID_VERSION, 0x00a00f11, 0, BIT32(26) | BIT32(30), 0);
	leaf(CPUID_THERMAL_POWER, 0, 0, 0, 0);
	leaf(CPUID_STRUCTURED, 0, BIT32(18) | BIT32(20), BIT32(2), 0);
	leaf(CPUID_EXT_MAX, 0x8000001f, 0, 0, 0);
	leaf(CPUID_EXT_FEATURES, 0, 0, BIT32(2), 0);
	leaf(CPUID_ADVANCED_POWER, 0, 0, 0, 0);
	leaf(CPUID_ADDRESS_SIZES, 0x3030, 0, 0, 0);
	features_decode(&f, fake_cpuid);
	assert_int_equal(f.vendor, CPU_VENDOR_AMD);
	assert_int_equal(f.family, 0x19);
	assert_int_equal(f.model, 0x01);
	assert_true(f.svm && f.xsave && f.rdrand && f.rdseed && f.smap && f.umip);
	assert_int_equal(f.phys_bits, 48);
	/* The clock's leaves are Intel's. */
	assert_int_equal(f.tsc_denominator, 0);
	assert_int_equal(f.base_mhz, 0);
}

/* Above the maximum leaf there is only garbage, which would set every bit. */
static void
nothing_above_the_maximum(void **state)
{
	bool present;

	vendor(0, "GenuineIntel");
	leaf(CPUID_EXT_MAX, 0, 0, 0, 0); /* no extended leaves */
	features_decode(&f, fake_cpuid);
	for (unsigned i = 0; cpu_feature_name(&f, i, &present) != NULL; i++)
		assert_false(present);
	assert_string_equal(f.brand, "");
	assert_int_equal(f.phys_bits, 36);
	assert_int_equal(f.virt_bits, 48);
	assert_int_equal(f.tsc_numerator, 0);
}

/* Without extended leaves some CPUs answer with the last basic one. */
static void
extended_garbage(void **state)
{
	vendor(1, "GenuineIntel");
	leaf(CPUID_VERSION, 0x6fb, 0, 0, 0);
	leaf(CPUID_EXT_MAX, 0x07280202, 0, 0, 0);
	features_decode(&f, fake_cpuid);
	assert_int_equal(f.max_extended, 0);
	assert_false(f.nx);
}

static void
brand_without_blanks(void **state)
{
	static const char words[49] = "      Intel(R) Xeon(R) CPU @ 3.60GHz            ";
	struct cpuid_regs r;

	vendor(0, "GenuineIntel");
	leaf(CPUID_EXT_MAX, 0x80000004, 0, 0, 0);
	for (u32 i = 0; i < 3; i++) {
		memcpy(&r, words + 16 * i, 16);
		leaf(CPUID_BRAND + i, r.eax, r.ebx, r.ecx, r.edx);
	}
	leaf(CPUID_EXT_FEATURES, 0, 0, 0, 0);
	features_decode(&f, fake_cpuid);
	assert_string_equal(f.brand, "Intel(R) Xeon(R) CPU @ 3.60GHz");
}

/* All 48 bytes used, without a NUL. */
static void
brand_at_full_length(void **state)
{
	vendor(0, "GenuineIntel");
	leaf(CPUID_EXT_MAX, 0x80000004, 0, 0, 0);
	leaf(CPUID_EXT_FEATURES, 0, 0, 0, 0);
	for (u32 i = 0; i < 3; i++)
		leaf(CPUID_BRAND + i, 0x41414141, 0x41414141, 0x41414141, 0x41414141);
	features_decode(&f, fake_cpuid);
	assert_int_equal(strlen(f.brand), 48);
}

static void
clock_leaves(void **state)
{
	vendor(0x16, "GenuineIntel");
	leaf(CPUID_VERSION, 0, 0, 0, 0);
	leaf(CPUID_EXT_MAX, 0, 0, 0, 0);
	leaf(CPUID_TSC_RATIO, 2, 216, 24000000, 0); /* 2592 MHz */
	leaf(CPUID_FREQUENCY, 2600, 3500, 100, 0);
	features_decode(&f, fake_cpuid);
	assert_int_equal(f.tsc_denominator, 2);
	assert_int_equal(f.tsc_numerator, 216);
	assert_int_equal(f.crystal_hz, 24000000);
	assert_int_equal(f.base_mhz, 2600);
}

static void
under_a_hypervisor(void **state)
{
	struct cpuid_regs kvm = {.eax = 0x40000001};

	memcpy(&kvm.ebx, "KVMKVMKVM\0\0\0", 12);
	vendor(1, "AuthenticAMD");
	leaf(CPUID_VERSION, 0, 0, BIT32(31), 0);
	leaf(CPUID_EXT_MAX, 0, 0, 0, 0);
	leaf(CPUID_HYPERVISOR, kvm.eax, kvm.ebx, kvm.ecx, kvm.edx);
	features_decode(&f, fake_cpuid);
	assert_true(f.hypervisor);
	assert_string_equal(f.hypervisor_id, "KVMKVMKVM");
	cpu[1].regs.ecx = 0; /* on the bare machine the leaf is garbage */
	features_decode(&f, fake_cpuid);
	assert_string_equal(f.hypervisor_id, "");
}

#define MAY_BE(bits) ((u64)(bits) << 32)

/* As Haswell has it (SDM vol. 3, app. A); the controls' low halves are the bits that must be 1. */
static const struct vmx_raw haswell = {
	.feature_control = 5,
	.basic = 0x00da040000000010,
	.pin = 0x0000007f00000016,
	.proc = 0xfff9fffe0401e172,
	.proc2 = MAY_BE(BIT32(1) | BIT32(5) | BIT32(7) | BIT32(8) | BIT32(9) | BIT32(10)),
	.ept_vpid = 0x00000f0106334141,
};

static struct virt_caps caps;

static void
vmx(void **state)
{
	vmx_caps_decode(&caps, &haswell);
	assert_int_equal(caps.kind, VIRT_VMX);
	assert_int_equal(caps.revision, 0x10);
	assert_int_equal(caps.guest_tags, 0xffff);
	assert_true(caps.nested_paging && caps.nested_2m && caps.nested_1g && caps.nested_ad);
	assert_true(caps.unrestricted && caps.flush_by_tag && caps.next_rip && caps.true_controls);
	assert_true(caps.preemption_timer && caps.apic_registers && caps.virtual_interrupts);
	assert_true(caps.pause_exits);
	assert_false(caps.firmware_off || caps.posted_interrupts || caps.tsc_scaling);
	assert_false(caps.virtual_gif || caps.clean_bits || caps.decode_assists);
}

/* FEATURE_CONTROL, SDM vol. 3, 24.7: unlocked is ours to set; locked without bit 2 is final. */
static void
vmx_feature_control(void **state)
{
	static const struct {
		u64 value;
		bool off;
	} rows_[] = {
		{0, false},
		    {1, true },
		       {3, true },
		  {4, false},
		      {5, false},
		  {7, false}
	    };

	for (unsigned i = 0; i < ARRAY_SIZE(rows_); i++) {
		struct vmx_raw raw = haswell;

		raw.feature_control = rows_[i].value;
		vmx_caps_decode(&caps, &raw);
		assert_int_equal(caps.firmware_off, rows_[i].off);
	}
}

/* Bits that must be 1 are in the low half: they say nothing of what may be. */
static void
vmx_low_halves(void **state)
{
	struct vmx_raw raw = {.pin = 0xffffffff, .proc = 0xffffffff, .proc2 = 0xffffffff};

	vmx_caps_decode(&caps, &raw);
	assert_false(caps.nested_paging || caps.unrestricted || caps.preemption_timer);
	assert_int_equal(caps.guest_tags, 0);
}

/* Penryn: VMX without EPT or VPID. */
static void
vmx_without_ept(void **state)
{
	struct vmx_raw raw = {.feature_control = 5, .proc2 = MAY_BE(BIT32(0))};

	vmx_caps_decode(&caps, &raw);
	assert_false(caps.nested_paging || caps.unrestricted || caps.nested_2m);
	/* EPT is there, but cannot be flushed. */
	raw = haswell;
	raw.ept_vpid &= ~BIT(20);
	vmx_caps_decode(&caps, &raw);
	assert_false(caps.nested_paging || caps.unrestricted);
	raw = haswell;
	raw.ept_vpid &= ~BIT(32); /* no INVVPID */
	vmx_caps_decode(&caps, &raw);
	assert_int_equal(caps.guest_tags, 0);
	assert_false(caps.flush_by_tag);
}

static void
svm(void **state)
{
	struct svm_raw raw = {
		.leaf = {1, 16, 0, BIT32(0) | BIT32(28)},
		  .huge_pages = true
	    };

	/* QEMU's EPYC-Milan: 16 ASIDs, NPT and the check of SVM's addresses. */
	svm_caps_decode(&caps, &raw);
	assert_int_equal(caps.kind, VIRT_SVM);
	assert_int_equal(caps.revision, 1);
	assert_int_equal(caps.guest_tags, 15);
	assert_true(caps.nested_paging && caps.nested_2m && caps.nested_1g && caps.unrestricted);
	assert_false(caps.next_rip || caps.flush_by_tag || caps.decode_assists || caps.clean_bits);
	/* Bochs' ryzen: 8000000Ah EDX is 44fh. */
	raw.leaf.edx = 0x44f;
	raw.huge_pages = false;
	svm_caps_decode(&caps, &raw);
	assert_true(caps.next_rip && caps.flush_by_tag && caps.pause_exits);
	assert_false(caps.decode_assists || caps.tsc_scaling || caps.nested_1g || caps.virtual_gif);
	raw.leaf.edx = BIT32(4) | BIT32(5) | BIT32(7) | BIT32(13) | BIT32(16);
	svm_caps_decode(&caps, &raw);
	assert_true(caps.tsc_scaling && caps.clean_bits && caps.decode_assists);
	assert_true(caps.virtual_gif && caps.posted_interrupts && caps.apic_registers);
	assert_false(caps.nested_paging || caps.unrestricted || caps.nested_ad);
}

/* VM_CR, APM vol. 2, 15.30.1: SVMDIS is final only with LOCK. */
static void
svm_vm_cr(void **state)
{
	static const struct {
		u64 value;
		bool off;
	} rows_[] = {
		{0,    false},
		    {0x08, false},
		   {0x10, false},
		  {0x18, true }
	      };

	for (unsigned i = 0; i < ARRAY_SIZE(rows_); i++) {
		struct svm_raw raw = {.vm_cr = rows_[i].value};

		svm_caps_decode(&caps, &raw);
		assert_int_equal(caps.firmware_off, rows_[i].off);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intel),
		cmocka_unit_test(amd),
		cmocka_unit_test(nothing_above_the_maximum),
		cmocka_unit_test(extended_garbage),
		cmocka_unit_test(brand_without_blanks),
		cmocka_unit_test(brand_at_full_length),
		cmocka_unit_test(clock_leaves),
		cmocka_unit_test(under_a_hypervisor),
		cmocka_unit_test(vmx),
		cmocka_unit_test(vmx_feature_control),
		cmocka_unit_test(vmx_low_halves),
		cmocka_unit_test(vmx_without_ept),
		cmocka_unit_test(svm),
		cmocka_unit_test(svm_vm_cr),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
