/* SPDX-License-Identifier: MIT */
// SOURCES: arch/x86_64/svm/svm_vcpu.c arch/x86_64/svm/svm_nmi.c arch/x86_64/svm/svm_check.c
// SOURCES: lib/format.c
/* SVM's half of a vCPU that needs no SVM: the VMCB's registers, segments, permissions, events. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/cr.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/svm/svm_vcpu.h"
#include "tests/unit/fake/flaws.h"

static struct virt_caps caps = {.clean_bits = true};

const struct virt_caps *
virt_caps(void)
{

	return &caps;
}

static struct cpu_features features;

const struct cpu_features *
cpu_features(void)
{
	return &features;
}

/* The registers that a VMCB does not have stay in memory here. */
void
svm_evict(struct vcpu_hw *evicted)
{
	evicted->cpu = VIRT_NO_CPU;
}

void
svm_set_tsc_aux(struct vcpu_hw *of, u64 value)
{
	of->tsc_aux = value;
}

static bool kicked;

void
smp_reschedule(u32 index)
{
	kicked = true;
}

static struct vcpu_hw hw;
static struct virt_page maps[VIRT_VM_PAGES];

static int
setup(void **state)
{
	static u8 vmcb[4096], vcpu[4096], vm_memory[VIRT_VM_PAGES * 4096];

	memset(&hw, 0, sizeof(hw));
	memset(vmcb, 0, sizeof(vmcb));
	for (unsigned i = 0; i < VIRT_VM_PAGES; i++)
		maps[i] = (struct virt_page){vm_memory + i * 4096, HPA(0x100000 + i * 4096)};
	hw.pages[SVM_PAGE_VMCB].ptr = vmcb;
	hw.pages[SVM_PAGE_VCPU].ptr = vcpu;
	kicked = false;
	features.mce = true;
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

/* Off, a machine check in the guest would be a shutdown (APM vol. 2, 8.2.18), and not ours to see.
 */
static void
keeps_machine_checks_on(void **state)
{
	assert_int_equal(svm_vmcb(&hw)->cr4, CR4_MCE);
	assert_int_equal(svm_get(&hw, VREG_CR4), 0);
	assert_true(svm_vmcb(&hw)->intercept_cr_read & BIT32(4));
	svm_set(&hw, VREG_CR4, CR4_PAE);
	assert_int_equal(svm_vmcb(&hw)->cr4, CR4_PAE | CR4_MCE);
	assert_int_equal(svm_get(&hw, VREG_CR4), CR4_PAE);
	assert_int_equal(*hw.at[VREG_CR4], CR4_PAE);
	features.mce = false;
	svm_set(&hw, VREG_CR4, CR4_PAE);
	assert_int_equal(svm_vmcb(&hw)->cr4, CR4_PAE);
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

/* SYSRET leaves SS's level at the kernel's 0 (APM vol. 3), VMRUN takes the CPL, and so do we. */
static void
ss_has_the_cpl(void **state)
{
	const struct vsegment kernel = {0x18, 0xc093, 0xffffffff, 0};
	struct vsegment ss;

	svm_set_segment(&hw, VSEG_SS, &kernel);
	svm_vmcb(&hw)->cpl = 3;
	svm_get_segment(&hw, VSEG_SS, &ss);
	assert_int_equal(ss.attr, 0xc0f3);
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
lets_a_spinning_guest_exit(void **state)
{
	svm_spin(&hw, true);
	assert_int_equal(svm_vmcb(&hw)->intercept1 & BIT32(23),
			 BIT32(23)); /* APM vol. 2, table B-1 */
	assert_int_equal(svm_vmcb(&hw)->pause_filter_count, 0);
	svm_spin(&hw, false);
	assert_int_equal(svm_vmcb(&hw)->intercept1 & BIT32(23), 0);
	caps.pause_exits = true;
	svm_spin(&hw, true);
	assert_int_equal(svm_vmcb(&hw)->intercept1 & BIT32(23), BIT32(23));
	assert_true(svm_vmcb(&hw)->pause_filter_count > 1000);
	assert_true(svm_vmcb(&hw)->pause_filter_threshold > 40);
	caps.pause_exits = false;
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

/* APM vol. 2, 15.15.3: where the fields of each group are. The rest is loaded by each VMRUN. */
static const struct {
	u64 group;
	u16 from, to;
} groups[] = {
	{CLEAN_INTERCEPTS, 0x000, 0x014},
	  {CLEAN_INTERCEPTS, 0x03c, 0x040},
	{CLEAN_INTERCEPTS, 0x050, 0x058},
	  {CLEAN_MAPS,       0x040, 0x050},
	{CLEAN_ASID,	     0x058, 0x05c},
	  {CLEAN_TPR,	      0x060, 0x068},
	{CLEAN_NP,	   0x090, 0x098},
	  {CLEAN_NP,	     0x0b0, 0x0b8},
	{CLEAN_NP,	   0x668, 0x670},
	  {CLEAN_CRX,	      0x4d0, 0x4d8},
	{CLEAN_CRX,	    0x548, 0x560},
	  {CLEAN_DRX,	      0x560, 0x570},
	{CLEAN_TABLES,     0x460, 0x470},
	  {CLEAN_TABLES,	 0x480, 0x490},
	{CLEAN_SEGMENTS,	 0x400, 0x440},
	  {CLEAN_SEGMENTS,   0x4cb, 0x4cc},
	{CLEAN_CR2,	    0x640, 0x648},
};

static u8 before[4096];

static void
all_clean(void)
{
	svm_vmcb(&hw)->clean = CLEAN_ALL;
	memcpy(before, svm_vmcb(&hw), sizeof(before));
}

/* No field has changed whose group is still called clean. */
static void
check_clean(void)
{
	const u8 *now = (const u8 *)svm_vmcb(&hw);

	for (unsigned i = 0; i < ARRAY_SIZE(groups); i++) {
		size_t size = groups[i].to - groups[i].from;

		if (svm_vmcb(&hw)->clean & groups[i].group)
			assert_memory_equal(now + groups[i].from, before + groups[i].from, size);
	}
}

static void
dirties_what_it_changes(void **state)
{
	static const struct vsegment segment = {0x1238, 0xc0f3, 0x12345fff, 0x87654321};
	static const struct event nmi = {EVENT_NMI, 2, 0, false, 0};

	for (unsigned reg = 0; reg < VREGS; reg++) {
		for (unsigned bit = 0; bit < 32; bit++) {
			all_clean();
			svm_set(&hw, (enum vreg)reg, svm_get(&hw, (enum vreg)reg) ^ BIT(bit));
			check_clean();
		}
	}
	for (unsigned seg = 0; seg < VSEGS; seg++) {
		all_clean();
		svm_set_segment(&hw, (enum vseg)seg, &segment);
		check_clean();
	}
	for (unsigned i = 0; i < 8; i++) {
		all_clean();
		svm_window(&hw, (i & 1) != 0, (i & 2) != 0);
		check_clean();
		all_clean();
		svm_inject(&hw, &nmi);
		check_clean();
	}
}

/* And no more than that: else clean bits were of no use. */
static void
leaves_the_rest_clean(void **state)
{
	all_clean();
	svm_set(&hw, VREG_RIP, 0x1234);
	svm_set(&hw, VREG_RAX, 1);
	svm_set(&hw, VREG_RFLAGS, 0x202);
	svm_set(&hw, VREG_INTERRUPT_SHADOW, 1);
	assert_int_equal(svm_vmcb(&hw)->clean, CLEAN_ALL);
	svm_set(&hw, VREG_CR2, 1);
	assert_int_equal(svm_vmcb(&hw)->clean, CLEAN_ALL & ~CLEAN_CR2);
	svm_set_segment(&hw, VSEG_GDTR, &(struct vsegment){.limit = 7});
	assert_int_equal(svm_vmcb(&hw)->clean, CLEAN_ALL & ~(CLEAN_CR2 | CLEAN_TABLES));
	svm_set_segment(&hw, VSEG_TR, &(struct vsegment){.limit = 7});
	assert_int_equal(svm_vmcb(&hw)->clean, CLEAN_ALL & ~(CLEAN_CR2 | CLEAN_TABLES));
}

enum { TF = 0x100 };

static struct exit e;

/* A run that ends so. */
static void
run(u64 code, enum exit_kind kind)
{
	all_clean();
	svm_nmi_prepare(&hw);
	check_clean();
	e = (struct exit){.kind = kind};
	svm_vmcb(&hw)->exitcode = code;
}

static void
finish(void)
{
	all_clean();
	svm_vmcb(&hw)->eventinj = 0;
	svm_nmi_finish(&hw, &e);
	check_clean();
}

/* In an NMI's handler. */
static void
in_handler(void)
{
	svm_window(&hw, false, true);
	svm_inject(&hw, &(struct event){EVENT_NMI, 2, 0, false, 0});
	run(VMEXIT_INTR, EXIT_HOST_INTERRUPT);
	assert_true(svm_vmcb(&hw)->intercept1 & INTERCEPT_IRET);
	assert_int_equal(svm_get(&hw, VREG_RFLAGS) & TF, 0);
	finish();
	assert_int_equal(e.kind, EXIT_HOST_INTERRUPT);
}

static void
reach_iret(void)
{
	in_handler();
	run(VMEXIT_IRET, EXIT_NMI_WINDOW);
	finish();
	assert_int_equal(e.kind, EXIT_HOST_INTERRUPT); /* not yet */
}

/* IRET's exit comes before it: the window opens behind. */
static void
steps_over_iret(void **state)
{
	reach_iret();
	run(VMEXIT_EXCP0 + 1, EXIT_EXCEPTION);
	assert_false(svm_vmcb(&hw)->intercept1 & INTERCEPT_IRET);
	assert_int_equal(svm_get(&hw, VREG_RFLAGS) & TF, TF);
	assert_int_equal(svm_vmcb(&hw)->intercept_exceptions, ~BIT32(2));
	svm_vmcb(&hw)->rflags = 0x246; /* popped */
	svm_vmcb(&hw)->dr6 |= BIT(14);
	finish();
	assert_int_equal(e.kind, EXIT_NMI_WINDOW);
	assert_int_equal(e.cut.kind, EVENT_NONE);
	assert_int_equal(svm_get(&hw, VREG_RFLAGS), 0x246);
	assert_int_equal(svm_get(&hw, VREG_DR6), 0xffff0ff0);
	assert_int_equal(svm_vmcb(&hw)->intercept_exceptions, SVM_EXCEPTIONS);
}

/* TF of the guest's own, and a breakpoint that hits: it gets its #DB. */
static void
leaves_the_guest_its_own_trap(void **state)
{
	svm_set(&hw, VREG_DR6, 0xffff8ff0);
	reach_iret();
	svm_set(&hw, VREG_RFLAGS, 2 | TF);
	run(VMEXIT_EXCP0 + 1, EXIT_EXCEPTION);
	svm_vmcb(&hw)->rflags = 2;
	svm_vmcb(&hw)->dr6 |= BIT(14) | BIT(1);
	finish();
	assert_int_equal(e.kind, EXIT_NMI_WINDOW);
	assert_int_equal(e.cut.kind, EVENT_EXCEPTION);
	assert_int_equal(e.cut.vector, 1);
	assert_int_equal(svm_get(&hw, VREG_RFLAGS), 2);
	assert_int_equal(svm_get(&hw, VREG_DR6), 0xffffcff2);
}

/* An IRET that faults: the fault has the guest's RFLAGS, and the handler's own IRET counts. */
static void
iret_that_faults(void **state)
{
	reach_iret();
	run(VMEXIT_EXCP0 + 13, EXIT_EXCEPTION);
	finish();
	assert_int_equal(e.kind, EXIT_EXCEPTION);
	assert_int_equal(svm_get(&hw, VREG_RFLAGS) & TF, 0);
	assert_int_equal(svm_get(&hw, VREG_DR6), 0xffff0ff0);
	svm_inject(&hw, &(struct event){EVENT_EXCEPTION, 13, 0, true, 0});
	run(VMEXIT_INTR, EXIT_HOST_INTERRUPT);
	assert_true(svm_vmcb(&hw)->intercept1 & INTERCEPT_IRET);
	assert_int_equal(svm_get(&hw, VREG_RFLAGS) & TF, 0);
	finish();
}

/* What ends the run before the IRET is done leaves it to be stepped over. */
static void
interrupted_before_iret(void **state)
{
	reach_iret();
	run(VMEXIT_INTR, EXIT_HOST_INTERRUPT);
	finish();
	assert_int_equal(e.kind, EXIT_HOST_INTERRUPT);
	assert_int_equal(svm_get(&hw, VREG_RFLAGS) & TF, 0);
	run(VMEXIT_EXCP0 + 1, EXIT_EXCEPTION);
	assert_int_equal(svm_get(&hw, VREG_RFLAGS) & TF, TF);
	svm_vmcb(&hw)->rflags = 2;
	svm_vmcb(&hw)->dr6 |= BIT(14);
	finish();
	assert_int_equal(e.kind, EXIT_NMI_WINDOW);
}

/* An NMI that came in the shadow of STI or MOV SS. */
static void
steps_out_of_a_shadow(void **state)
{
	svm_window(&hw, false, true);
	svm_set(&hw, VREG_INTERRUPT_SHADOW, 1);
	run(VMEXIT_EXCP0 + 1, EXIT_EXCEPTION);
	assert_int_equal(svm_get(&hw, VREG_RFLAGS) & TF, TF);
	svm_vmcb(&hw)->int_state = 0;
	svm_vmcb(&hw)->dr6 |= BIT(14);
	finish();
	assert_int_equal(e.kind, EXIT_NMI_WINDOW);
	assert_int_equal(svm_get(&hw, VREG_RFLAGS) & TF, 0);

	/* one that would show the guest our TF is not run */
	svm_set(&hw, VREG_INTERRUPT_SHADOW, 1);
	run(VMEXIT_PUSHF, EXIT_NMI_WINDOW);
	assert_true(svm_vmcb(&hw)->intercept1 & INTERCEPT_PUSHF);
	finish();
	assert_int_equal(e.kind, EXIT_NMI_WINDOW);
	assert_int_equal(svm_get(&hw, VREG_INTERRUPT_SHADOW), 0);
	assert_int_equal(svm_get(&hw, VREG_RFLAGS) & TF, 0);
	assert_false(svm_vmcb(&hw)->intercept1 & INTERCEPT_PUSHF);
}

/* Open as soon as the event before it is in: nothing in the guest says so, but a kick. */
static void
kicks_behind_another_event(void **state)
{
	svm_window(&hw, false, true);
	svm_inject(&hw, &(struct event){EVENT_EXCEPTION, 13, 0, true, 0});
	run(VMEXIT_INTR, EXIT_HOST_INTERRUPT);
	assert_true(kicked);
	assert_int_equal(svm_get(&hw, VREG_RFLAGS) & TF, 0);
	finish();
}

static const char *
rule(void)
{
	return svm_broken_rule(svm_vmcb(&hw), 40);
}

/* APM vol. 2, 15.5.1: each of the illegal combinations, and nothing wrong with the state of INIT.
 */
static void
names_the_broken_rule(void **state)
{
	static const struct {
		u16 at; /* in the VMCB */
		u64 value;
		const char *words;
	} rows[] = {
		{offsetof(struct vmcb, efer),	      0,			 "SVME"			       },
		{offsetof(struct vmcb, cr0),	     CR0_NW,	     "CR0.NW"			     },
		{offsetof(struct vmcb, cr0),	     BIT(32),	      "CR0"				   },
		{offsetof(struct vmcb, cr3),	     BIT(40),	      "CR3"				   },
		{offsetof(struct vmcb, cr4),	     BIT(13),	      "CR4"				   },
		{offsetof(struct vmcb, cr4),	     BIT(23),	      "CR4.CET"			       },
		{offsetof(struct vmcb, dr6),	     BIT(32),	      "DR6"				   },
		{offsetof(struct vmcb, dr7),	     BIT(32),	      "DR7"				   },
		{offsetof(struct vmcb, efer),	      EFER_SVME | BIT(9), "EFER"				},
		{offsetof(struct vmcb, msrpm_base), BITS(39,	     12),				  "permission map"},
		{offsetof(struct vmcb,		       iopm_base),		   BIT(41), "permission map"		    },
		{offsetof(struct vmcb,		       n_cr3),	       BIT(40),	"nCR3"    },
		{offsetof(struct vmcb,		       g_pat),	       0x0007040600070402,	   "PAT"	},
		{offsetof(struct vmcb,		       eventinj),		  EVENT_VALID | 5 << 8,	"reserved type"},
		{offsetof(struct vmcb,		       eventinj),		  EVENT_VALID | 3 << 8 | 2,  "vector"  },
		{offsetof(struct vmcb,		       eventinj),		  EVENT_VALID | 3 << 8 | 32,  "vector"},
	};
	struct vmcb *vmcb = svm_vmcb(&hw);

	vmcb->asid = 1;
	assert_null(rule());
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 *field = (u64 *)(void *)((u8 *)vmcb + rows[i].at), old = *field;

		*field = rows[i].value;
		assert_non_null(rule());
		assert_non_null(strstr(rule(), rows[i].words));
		*field = old;
		assert_null(rule());
	}
	vmcb->asid = 0;
	assert_non_null(strstr(rule(), "ASID"));
	vmcb->asid = 1;
	vmcb->intercept2 &= ~INTERCEPT_VMRUN;
	assert_non_null(strstr(rule(), "VMRUN"));
}

static void
names_the_broken_rule_of_long_mode(void **state)
{
	struct vmcb *vmcb = svm_vmcb(&hw);

	vmcb->asid = 1;
	vmcb->efer = EFER_SVME | EFER_LME | EFER_LMA;
	vmcb->cr0 = CR0_PG | CR0_PE;
	vmcb->cr4 = CR4_PAE;
	vmcb->cs.attrib = 0xa9b;
	assert_null(rule());
	vmcb->cs.attrib |= 0x400;
	assert_non_null(strstr(rule(), "L and D"));
	vmcb->cr0 = CR0_PG;
	assert_non_null(strstr(rule(), "CR0.PE"));
	vmcb->cr4 = 0;
	assert_non_null(strstr(rule(), "CR4.PAE"));
}

/* What is injected now is offered, and what became of that. */
static void
offers_interrupts(void **state)
{
	struct event interrupt = {EVENT_INTERRUPT, 0x61, 0, false, 0};
	struct exit exit = {.kind = EXIT_CPUID};
	struct vmcb *vmcb = svm_vmcb(&hw);

	svm_inject(&hw, &interrupt);
	all_clean();
	assert_true(svm_offer_interrupt(vmcb));
	check_clean();
	assert_int_equal(vmcb->eventinj, 0);
	assert_int_equal(vmcb->v_intr, V_INTR_MASKING | 0x61001f0100);
	vmcb->v_intr &= ~V_IRQ; /* the guest has taken it */
	all_clean();
	svm_withdraw_interrupt(vmcb, &exit);
	check_clean();
	assert_int_equal(exit.kind, EXIT_CPUID);
	assert_int_equal(exit.cut.kind, EVENT_NONE);
	assert_int_equal(vmcb->v_intr, V_INTR_MASKING);

	svm_inject(&hw, &interrupt);
	assert_true(svm_offer_interrupt(vmcb));
	svm_withdraw_interrupt(vmcb, &exit); /* it has not run */
	assert_int_equal(exit.cut.kind, EVENT_INTERRUPT);
	assert_int_equal(exit.cut.vector, 0x61);
	assert_int_equal(vmcb->v_intr, V_INTR_MASKING);
}

static void
knows_a_cut_offer(void **state)
{
	struct event interrupt = {EVENT_INTERRUPT, 0x61, 0, false, 0};
	struct exit cut =
			    {
				    .kind = EXIT_MEMORY,
				    .cut = {EVENT_EXCEPTION, 0x61, 0, false, 0}
	       },
		    fault = {.kind = EXIT_MEMORY, .cut = {EVENT_EXCEPTION, 14, 0, true, 0}};
	struct vmcb *vmcb = svm_vmcb(&hw);

	svm_inject(&hw, &interrupt);
	assert_true(svm_offer_interrupt(vmcb));
	svm_withdraw_interrupt(vmcb, &cut);
	assert_int_equal(cut.cut.kind, EVENT_INTERRUPT);

	svm_inject(&hw, &interrupt);
	assert_true(svm_offer_interrupt(vmcb));
	vmcb->v_intr &= ~V_IRQ;
	svm_withdraw_interrupt(vmcb, &fault); /* cut off later: another event's */
	assert_int_equal(fault.cut.kind, EVENT_EXCEPTION);
	assert_int_equal(fault.cut.vector, 14);
}

/* Else it would be injected, and QEMU may deliver that twice: docs/testing.md. */
static void
offers_in_place_of_a_window(void **state)
{
	static const struct {
		u64 exitcode;
		bool taken;
		enum exit_kind kind, left;
	} runs[] = {
		{VMEXIT_CPUID, true,  EXIT_CPUID,		 EXIT_CPUID	   },
		{VMEXIT_INTR,  false, EXIT_HOST_INTERRUPT, EXIT_HOST_INTERRUPT},
		{VMEXIT_IRET,  true,  EXIT_NMI_WINDOW,     EXIT_HOST_INTERRUPT}, /* no NMI waits */
	};
	struct event interrupt = {EVENT_INTERRUPT, 0x61, 0, false, 0};
	struct vmcb *vmcb = svm_vmcb(&hw);
	u64 window;

	svm_window(&hw, true, false);
	window = vmcb->v_intr;
	for (unsigned n = 0; n < ARRAY_SIZE(runs); n++) {
		struct exit exit = {.kind = runs[n].kind};

		svm_inject(&hw, &interrupt);
		all_clean();
		assert_true(svm_offer_interrupt(vmcb));
		check_clean();
		assert_int_equal(vmcb->eventinj, 0);
		assert_int_equal(vmcb->v_intr, V_INTR_MASKING | 0x61001f0100);
		assert_int_equal(vmcb->intercept1 & (INTERCEPT_VINTR | INTERCEPT_IRET),
				 INTERCEPT_IRET);
		vmcb->v_intr &= runs[n].taken ? ~V_IRQ : ~0ul;
		vmcb->exitcode = runs[n].exitcode;
		all_clean();
		svm_withdraw_interrupt(vmcb, &exit);
		check_clean();
		assert_int_equal(exit.kind, runs[n].left);
		assert_int_equal(exit.cut.kind, runs[n].taken ? EVENT_NONE : EVENT_INTERRUPT);
		assert_int_equal(vmcb->v_intr, window);
		assert_int_equal(vmcb->intercept1 & (INTERCEPT_VINTR | INTERCEPT_IRET),
				 INTERCEPT_VINTR);
	}
}

/* Other events are always injected. */
static void
offers_nothing_else(void **state)
{
	struct event nmi = {EVENT_NMI, 2, 0, false, 0};
	struct vmcb *vmcb = svm_vmcb(&hw);

	/* What a run may leave there: the error code of the guest's last exception, and no event.
	 */
	vmcb->eventinj = FIELD_PREP(EVENT_ERROR, 2);
	assert_false(svm_offer_interrupt(vmcb));
	svm_inject(&hw, &nmi);
	assert_false(svm_offer_interrupt(vmcb));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(begins_as_after_init, setup),
		cmocka_unit_test_setup(keeps_svme_from_the_guest, setup),
		cmocka_unit_test_setup(never_turns_the_caches_off, setup),
		cmocka_unit_test_setup(keeps_machine_checks_on, setup),
		cmocka_unit_test_setup(moves_attributes, setup),
		cmocka_unit_test_setup(cpl_is_that_of_ss, setup),
		cmocka_unit_test_setup(ss_has_the_cpl, setup),
		cmocka_unit_test_setup(lets_only_switched_msrs_through, setup),
		cmocka_unit_test_setup(injects_events, setup),
		cmocka_unit_test_setup(returns_behind_icebp, setup),
		cmocka_unit_test_setup(lets_a_spinning_guest_exit, setup),
		cmocka_unit_test_setup(opens_windows, setup),
		cmocka_unit_test_setup(dirties_what_it_changes, setup),
		cmocka_unit_test_setup(leaves_the_rest_clean, setup),
		cmocka_unit_test_setup(steps_over_iret, setup),
		cmocka_unit_test_setup(leaves_the_guest_its_own_trap, setup),
		cmocka_unit_test_setup(iret_that_faults, setup),
		cmocka_unit_test_setup(interrupted_before_iret, setup),
		cmocka_unit_test_setup(steps_out_of_a_shadow, setup),
		cmocka_unit_test_setup(kicks_behind_another_event, setup),
		cmocka_unit_test_setup(names_the_broken_rule, setup),
		cmocka_unit_test_setup(names_the_broken_rule_of_long_mode, setup),
		cmocka_unit_test_setup(offers_interrupts, setup),
		cmocka_unit_test_setup(knows_a_cut_offer, setup),
		cmocka_unit_test_setup(offers_in_place_of_a_window, setup),
		cmocka_unit_test_setup(offers_nothing_else, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
