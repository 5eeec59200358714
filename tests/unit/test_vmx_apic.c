/* SPDX-License-Identifier: MIT */
// SOURCES: arch/x86_64/vmx/vmx_apic.c arch/x86_64/vmx/vmx_maps.c
/* How a local APIC that the CPU carries out gets into the VMCS: SDM vol. 3, 25.6.8 and ch. 30. */
#include "tests/unit/test.h"

#include "tests/unit/fake/flaws.h"
#include "tests/unit/fake/virt_caps.h"
#include "tests/unit/fake/vmx.h"

enum { APIC_ALL = 1 | 1 << 4 | 1 << 8 | 1 << 9, PROC2 = 0x10ea, CR8_EXITS = 3 << 19 };

static u8 memory[VIRT_VM_PAGES][PAGE_SIZE], apic_page[PAGE_SIZE];
static struct virt_page pages[VIRT_VM_PAGES];

static int
ready(void **state)
{
	fake_vmx_reset();
	fake_virt_caps = (struct virt_caps){0};
	memset(memory, 0, sizeof(memory));
	memset(apic_page, 0x5a, sizeof(apic_page));
	for (u64 i = 0; i < VIRT_VM_PAGES; i++)
		pages[i] = (struct virt_page){memory[i], HPA(0x10000 + i * PAGE_SIZE)};
	fake_hw.vm_pages = pages;
	fake_hw.pages[PAGE_APIC] = (struct virt_page){apic_page, HPA(0x77000)};
	vmx_controls.word[VMX_PROC2] = PROC2;
	vmx_controls.apic_proc2 = APIC_ALL;
	fake_vcpu.proc = 0xb5186dfa; /* CR8 exits among them, and an interrupt window */
	return 0;
}

static void
run_with(enum virt_apic_mode mode)
{
	fake_hw.apic.mode = (u8)mode;
	fake_hw.apic.changed = true;
	vmx_apic_apply(&fake_hw);
	assert_false(fake_hw.apic.changed);
}

static void
without(void **state)
{
	vmx_controls.apic_proc2 = 0;
	assert_int_equal(vmx_vm_init(pages).v, 0);
	vmx_apic_init(&fake_hw);
	assert_null(fake_hw.apic.page);
	assert_int_equal(fake_vmcs[VMCS_PROC2_CONTROLS], 0);
}

/* Until the APIC is lent, each access to its page exits. */
static void
at_first(void **state)
{
	assert_int_equal(vmx_vm_init(pages).v, pages[VM_PAGE_APIC_ACCESS].pa.v);
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(memory[VM_PAGE_APIC_ACCESS][i], 0xff);
	vmx_apic_init(&fake_hw);
	assert_ptr_equal(fake_hw.apic.page, apic_page);
	assert_int_equal(apic_page[0x80], 0);
	assert_true(fake_hw.apic.x2apic);
	assert_int_equal(fake_vmcs[VMCS_VIRTUAL_APIC], 0x77000);
	assert_int_equal(fake_vmcs[VMCS_APIC_ACCESS], pages[VM_PAGE_APIC_ACCESS].pa.v);
	assert_int_equal(fake_vmcs[VMCS_PROC2_CONTROLS], PROC2 | 1);
}

/* 27.2.1.1: x2APIC mode and accesses to the page exclude each other; all else needs TPR shadow. */
static void
modes(void **state)
{
	const u64 window = 1 << 2, shadow = 1 << 21;
	u32 base = fake_vcpu.proc & ~(u32)(CR8_EXITS | shadow);

	vmx_apic_init(&fake_hw);
	run_with(VIRT_APIC_XAPIC);
	assert_int_equal(fake_vmcs[VMCS_PROC2_CONTROLS], PROC2 | 1 | 1 << 8 | 1 << 9);
	assert_int_equal(fake_vmcs[VMCS_PROC_CONTROLS], base | shadow);
	assert_int_equal(fake_vmcs[VMCS_PROC_CONTROLS] & window, fake_vcpu.proc & window);
	assert_int_equal(fake_vmcs[VMCS_MSR_BITMAP], pages[VM_PAGE_MSR_BITMAP].pa.v);
	/* What was cached for another mode must go (30.4.6.2). */
	assert_true(fake_hw.flush && fake_vcpu.stale);
	assert_null(fake_vmx_cpu.ready);

	fake_hw.flush = false;
	run_with(VIRT_APIC_XAPIC);
	assert_false(fake_hw.flush);

	run_with(VIRT_APIC_X2APIC);
	assert_int_equal(fake_vmcs[VMCS_PROC2_CONTROLS], PROC2 | 1 << 4 | 1 << 8 | 1 << 9);
	assert_int_equal(fake_vmcs[VMCS_MSR_BITMAP], pages[VM_PAGE_X2APIC_BITMAP].pa.v);
	assert_true(fake_hw.flush);

	run_with(VIRT_APIC_NONE);
	assert_int_equal(fake_vmcs[VMCS_PROC2_CONTROLS], PROC2 | 1);
	assert_int_equal(fake_vmcs[VMCS_PROC_CONTROLS], base | CR8_EXITS);
	assert_int_equal(fake_vmcs[VMCS_MSR_BITMAP], pages[VM_PAGE_MSR_BITMAP].pa.v);
}

static void
status_and_eoi_exits(void **state)
{
	vmx_apic_init(&fake_hw);
	fake_hw.apic.requested = 0x53;
	fake_hw.apic.in_service = 0x41;
	fake_hw.apic.eoi_exits[1] = 0x80000;
	fake_hw.apic.eoi_exits[3] = 1;
	run_with(VIRT_APIC_XAPIC);
	assert_int_equal(fake_vmcs[0x810], 0x4153); /* 25.4.2: SVI, RVI */
	assert_int_equal(fake_vmcs[0x201c], 0);
	assert_int_equal(fake_vmcs[0x201e], 0x80000);
	assert_int_equal(fake_vmcs[0x2022], 1);
	fake_hw.apic.eoi_exits[1] = 0;
	run_with(VIRT_APIC_XAPIC);
	assert_int_equal(fake_vmcs[0x201e], 0);
}

/* Whether an access exits, 25.6.9. */
static bool
exits(unsigned page, u32 msr, bool write)
{
	return (memory[page][(write ? 2048 : 0) + msr / 8] >> msr % 8 & 1) != 0;
}

/* Table 11-6, less what the page can't answer and what raises #GP. */
static void
x2apic_msrs(void **state)
{
	vmx_vm_init(pages);
	for (u32 msr = 0; msr < 0x2000; msr++) {
		bool reads = msr == 0x802 || msr == 0x803 || msr == 0x808 || msr == 0x80a ||
			     msr == 0x80d || msr == 0x80f || (msr >= 0x810 && msr <= 0x828) ||
			     msr == 0x830 || (msr >= 0x832 && msr <= 0x838) || msr == 0x83e;
		bool writes = msr == 0x808 || msr == 0x80b || msr == 0x83f;
		bool always = !exits(VM_PAGE_MSR_BITMAP, msr, false);

		assert_int_equal(always, msr >= 0x174 && msr <= 0x176); /* SYSENTER */
		assert_int_equal(exits(VM_PAGE_MSR_BITMAP, msr, true), !always);
		assert_int_equal(exits(VM_PAGE_X2APIC_BITMAP, msr, false), !always && !reads);
		assert_int_equal(exits(VM_PAGE_X2APIC_BITMAP, msr, true), !always && !writes);
	}
}

/* What could leave a request with the CPU exits; what is read does not. */
static void
writes_to_a_hasty_cpu(void **state)
{
	fake_virt_caps.apic_hasty = true;
	vmx_vm_init(pages);
	for (u32 msr = 0x800; msr < 0x900; msr++)
		assert_true(exits(VM_PAGE_X2APIC_BITMAP, msr, true));
	assert_false(exits(VM_PAGE_X2APIC_BITMAP, 0x808, false));
	vmx_apic_init(&fake_hw);
	run_with(VIRT_APIC_XAPIC);
	assert_int_equal(fake_vmcs[VMCS_PROC_CONTROLS] & CR8_EXITS, 1 << 19);
	run_with(VIRT_APIC_X2APIC);
	assert_int_equal(fake_vmcs[VMCS_PROC_CONTROLS] & CR8_EXITS, 1 << 19);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(without, ready),
		cmocka_unit_test_setup(at_first, ready),
		cmocka_unit_test_setup(modes, ready),
		cmocka_unit_test_setup(status_and_eoi_exits, ready),
		cmocka_unit_test_setup(x2apic_msrs, ready),
		cmocka_unit_test_setup(writes_to_a_hasty_cpu, ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
