/* SPDX-License-Identifier: MIT */
// SOURCES: arch/x86_64/svm/svm_vcpu.c lib/format.c
/* SVM's half of a vCPU that needs no SVM: the VMCB's registers, segments, permissions, events. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/cr.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/svm/svm_vcpu.h"
#include "tests/unit/fake/flaws.h"

/* The registers that a VMCB does not have stay in memory here. */
void
svm_evict(struct vcpu_hw *evicted)
{
	evicted->cpu = SVM_NO_CPU;
}

void
svm_set_tsc_aux(struct vcpu_hw *of, u64 value)
{
	of->tsc_aux = value;
}

static struct vcpu_hw hw;
static struct virt_page maps[VIRT_VM_PAGES];

static int
setup(void **state)
{
	static u8 vmcb[4096], vm_memory[VIRT_VM_PAGES * 4096];

	memset(&hw, 0, sizeof(hw));
	memset(vmcb, 0, sizeof(vmcb));
	for (unsigned i = 0; i < VIRT_VM_PAGES; i++)
		maps[i] = (struct virt_page){vm_memory + i * 4096, HPA(0x100000 + i * 4096)};
	hw.pages[SVM_PAGE_VMCB].ptr = vmcb;
	hw.vm_pages = maps;
	hw.second_level = HPA(0x7000);
	svm_vm_init(maps);
	svm_vcpu_init(&hw);
	return 0;
}

/* SDM vol. 3, table 10-1. */
static void
begins_as_after_init(void **state)
{
	struct vsegment cs;

	assert_int_equal(svm_get(&hw, VREG_RIP), 0xfff0);
	assert_int_equal(svm_get(&hw, VREG_CR0), 0x60000010);
	assert_int_equal(svm_get(&hw, VREG_RFLAGS), 2);
	assert_int_equal(svm_get(&hw, VREG_EFER), 0);
	svm_get_segment(&hw, VSEG_CS, &cs);
	assert_int_equal(cs.selector, 0xf000);
	assert_int_equal(cs.base, 0xffff0000);
	assert_int_equal(cs.attr, 0x9b);
}

/* APM vol. 2, 15.5.1: VMRUN fails without SVME; the guest does not see the bit. */
static void
keeps_svme_from_the_guest(void **state)
{
	svm_set(&hw, VREG_EFER, EFER_LME);
	assert_int_equal(svm_get(&hw, VREG_EFER), EFER_LME);
	assert_int_equal(svm_vmcb(&hw)->efer, EFER_LME | EFER_SVME);
}

static void
never_turns_the_caches_off(void **state)
{
	assert_int_equal(svm_vmcb(&hw)->cr0 & (CR0_CD | CR0_NW), 0);
	assert_true(svm_vmcb(&hw)->intercept_cr_read & 1);
	svm_set(&hw, VREG_CR0, CR0_PE | CR0_ET);
	assert_false(svm_vmcb(&hw)->intercept_cr_read & 1);
	assert_int_equal(svm_get(&hw, VREG_CR0), CR0_PE | CR0_ET);
}

/* A 64-bit code segment: type Bh, S, P, L, G. APM vol. 2, 15.5.1 has AVL, L, D, G at 8 to 11. */
static void
moves_attributes(void **state)
{
	struct vsegment in = {0x10, 0xa09b, 0xffffffff, 0}, out;

	svm_set_segment(&hw, VSEG_CS, &in);
	assert_int_equal(svm_vmcb(&hw)->cs.attrib, 0xa9b);
	svm_get_segment(&hw, VSEG_CS, &out);
	assert_int_equal(out.attr, in.attr);
	assert_int_equal(out.selector, in.selector);
	assert_int_equal(out.limit, in.limit);
	in.attr = VSEG_UNUSABLE;
	svm_set_segment(&hw, VSEG_DS, &in);
	svm_get_segment(&hw, VSEG_DS, &out);
	assert_true(out.attr & VSEG_UNUSABLE);
}

static void
cpl_is_that_of_ss(void **state)
{
	struct vsegment ss = {0x23, 0xc0f3, 0xffffffff, 0};

	svm_set_segment(&hw, VSEG_SS, &ss);
	assert_int_equal(svm_vmcb(&hw)->cpl, 3);
}

/* APM vol. 2, 15.11: two bits an MSR; C0000000h begins at byte 800h. */
static void
lets_only_switched_msrs_through(void **state)
{
	const u8 *map = maps[SVM_VM_MSRPM].ptr;

	assert_int_equal(map[0x800 + (MSR_GS_BASE & 0x1fff) * 2 / 8] >> (MSR_GS_BASE * 2 % 8) & 3,
			 0);
	assert_int_equal(map[0x800 + (MSR_EFER & 0x1fff) * 2 / 8] >> (MSR_EFER * 2 % 8) & 3, 3);
	assert_int_equal(map[MSR_IA32_PAT * 2 / 8] >> (MSR_IA32_PAT * 2 % 8) & 3, 3);
	assert_int_equal(((const u8 *)maps[SVM_VM_IOPM].ptr)[0xcf8 / 8], 0xff);
}

/* APM vol. 2, 15.20. */
static void
injects_events(void **state)
{
	struct event fault = {EVENT_EXCEPTION, 14, 0, true, 0x12};
	struct event irq = {EVENT_INTERRUPT, 0x30, 0, false, 0};

	svm_inject(&hw, &fault);
	assert_int_equal(svm_vmcb(&hw)->eventinj, 0x80000000 | 3 << 8 | 14); /* real mode */
	svm_set(&hw, VREG_CR0, CR0_PE);
	svm_inject(&hw, &fault);
	assert_int_equal(svm_vmcb(&hw)->eventinj, 0x0000001280000b0eul);
	svm_inject(&hw, &irq);
	assert_int_equal(svm_vmcb(&hw)->eventinj, 0x80000030);
}

/* The event has no length, and ICEBP is a trap: what it pushes is the RIP behind it. */
static void
returns_behind_icebp(void **state)
{
	struct event icebp = {EVENT_EXCEPTION, 1, 1, false, 0};

	svm_set(&hw, VREG_RIP, 0x1000);
	svm_inject(&hw, &icebp);
	assert_int_equal(svm_vmcb(&hw)->eventinj, 0x80000000 | 3 << 8 | 1);
	assert_int_equal(svm_get(&hw, VREG_RIP), 0x1001);
}

static void
opens_windows(void **state)
{
	svm_window(&hw, true, false);
	assert_true(svm_vmcb(&hw)->intercept1 & INTERCEPT_VINTR);
	assert_int_equal(svm_vmcb(&hw)->v_intr, V_INTR_MASKING | V_IRQ | V_INTR_PRIO | V_IGN_TPR);
	svm_window(&hw, false, false);
	assert_false(svm_vmcb(&hw)->intercept1 & INTERCEPT_VINTR);
	assert_int_equal(svm_vmcb(&hw)->v_intr, V_INTR_MASKING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(begins_as_after_init, setup),
		cmocka_unit_test_setup(keeps_svme_from_the_guest, setup),
		cmocka_unit_test_setup(never_turns_the_caches_off, setup),
		cmocka_unit_test_setup(moves_attributes, setup),
		cmocka_unit_test_setup(cpl_is_that_of_ss, setup),
		cmocka_unit_test_setup(lets_only_switched_msrs_through, setup),
		cmocka_unit_test_setup(injects_events, setup),
		cmocka_unit_test_setup(returns_behind_icebp, setup),
		cmocka_unit_test_setup(opens_windows, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
