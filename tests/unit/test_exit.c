/* SPDX-License-Identifier: MIT */
// SOURCES: core/exit.c core/event.c lib/log.c lib/format.c lib/lock.c lib/error.c
/* What is done when an exit's handler has answered, and what is delivered with the next run. */
#include "tests/unit/test.h"

#include "core/cpuid.h"
#include "core/cr.h"
#include "core/guest_tables.h"
#include "tests/unit/fake/vcpu.h"
#include "tests/unit/fake/virt_caps.h"

enum { DB = 1, BP = 3, DF = 8, NP = 11, GP = 13, PF = 14, AC = 17, LENGTH = 3, CODE = 0x1000 };

#define TF     BIT(8)
#define RF     BIT(16)
#define DR6    0xffff0ff0ul
#define BS     BIT(14)
#define DR7_GD BIT(13)

static struct vcpu *v;
static struct exit e;
static struct event injected;
static struct {
	bool interrupt, nmi;
} window;
static int msr_answer, interrupt;
static unsigned length_in_cr0; /* how long an instruction is while CR0.TS is clear */

static u64 executable;	  /* the page that a fetch makes so */
static unsigned accesses; /* that went to the devices */

struct guest_tables *
guest_memory_tables(struct guest_memory *m)
{
	return NULL;
}

int
guest_tables_allow_fetch(struct guest_tables *t, gpa_t gpa)
{
	return ALIGN_DOWN(gpa.v, PAGE_SIZE) == executable ? 0 : -ERR_NOENT;
}

static int
mmio(struct vcpu *vcpu, struct exit *exit)
{
	accesses++;
	return VERDICT_NEXT;
}

void
cpuid_execute(struct vcpu *vcpu)
{
	vcpu->hw.gpr[VREG_RAX]++;
}

void
pv_call(struct vcpu *vcpu)
{
	vcpu->hw.gpr[VREG_RAX] = 0x77;
}

int
msr_guest_read(struct vcpu *vcpu, u32 msr, u64 *value)
{
	*value = 0x1234567890;
	return msr_answer;
}

int
msr_guest_write(struct vcpu *vcpu, u32 msr, u64 value)
{
	return msr_answer;
}

enum verdict
cr_access(struct vcpu *vcpu, const struct exit_cr *cr)
{
	vcpu_set(vcpu, VREG_CR0, vcpu_get(vcpu, VREG_CR0) | CR0_TS);
	return VERDICT_NEXT;
}

static unsigned yields;

void
vcpu_yield(struct vcpu *vcpu)
{
	yields++;
}

enum verdict
cr_xsetbv(struct vcpu *vcpu, u32 index, u64 value)
{
	return VERDICT_NEXT;
}

static unsigned
length(struct vcpu *vcpu)
{
	return (vcpu_get(vcpu, VREG_CR0) & CR0_TS) != 0 ? 7 : length_in_cr0;
}

static bool
at_hlt(struct vcpu *vcpu)
{
	return vcpu_get(vcpu, VREG_RIP) == CODE;
}

static int
pending_interrupt(struct vcpu *vcpu)
{
	return interrupt >= 0 ? interrupt : PENDING_NOTHING;
}

static int
take_interrupt(struct vcpu *vcpu)
{
	int vector = interrupt;

	interrupt = -1;
	return vector;
}

static int
lend_apic(struct vcpu *vcpu)
{
	return PENDING_LATER;
}

static const struct vm_platform platform = {
	.lend_apic = lend_apic,
	.instruction_length = length,
	.at_hlt = at_hlt,
	.mmio = mmio,
	.pending_interrupt = pending_interrupt,
	.take_interrupt = take_interrupt,
};

static void
keep_injected(struct vcpu_hw *hw, const struct event *event)
{
	assert_int_equal(injected.kind, EVENT_NONE); /* one a run */
	injected = *event;
}

static void
keep_window(struct vcpu_hw *hw, bool irq, bool nmi)
{
	window.interrupt = irq;
	window.nmi = nmi;
}

static int
fresh(void **state)
{
	v = fake_vcpu_reset(64 * 1024, 0x1000);
	v->vm->platform = &platform;
	v->state = VCPU_RUNNING;
	fake_virt_ops.inject = keep_injected;
	fake_virt_ops.window = keep_window;
	vcpu_set(v, VREG_RIP, CODE);
	vcpu_set(v, VREG_DR6, DR6);
	vcpu_set(v, VREG_DR7, 0x400);
	e = (struct exit){.kind = EXIT_CPUID, .insn_len = LENGTH};
	injected.kind = EVENT_NONE;
	window.interrupt = window.nmi = false;
	msr_answer = 0;
	interrupt = -1;
	length_in_cr0 = 5;
	fake_virt_caps = (struct virt_caps){0};
	return 0;
}

static void
deliver(void)
{
	injected.kind = EVENT_NONE;
	event_deliver(v);
}

static void
hypercall_goes_on_behind_it(void **state)
{
	e.kind = EXIT_HYPERCALL;
	assert_true(exit_handle(v, &e));
	assert_int_equal(vcpu_get(v, VREG_RAX), 0x77);
	assert_int_equal(vcpu_get(v, VREG_RIP), CODE + LENGTH);
	assert_int_equal(v->fault.kind, EVENT_NONE);
}

static void
goes_on_behind_the_instruction(void **state)
{
	vcpu_set(v, VREG_INTERRUPT_SHADOW, 1);
	e.shadow = true;
	vcpu_set(v, VREG_RFLAGS, 2 | RF);
	assert_true(exit_handle(v, &e));
	assert_int_equal(vcpu_get(v, VREG_RIP), CODE + LENGTH);
	assert_int_equal(vcpu_get(v, VREG_INTERRUPT_SHADOW), 0);
	assert_int_equal(vcpu_get(v, VREG_RFLAGS), 2);
	assert_int_equal(v->fault.kind, EVENT_NONE);
}

static void
pause_lets_another_run(void **state)
{
	yields = 0;
	e.kind = EXIT_PAUSE;
	assert_true(exit_handle(v, &e));
	assert_int_equal(yields, 1);
	assert_int_equal(vcpu_get(v, VREG_RIP), CODE + LENGTH);
}

/* SDM vol. 3, 18.3.1.4: a trap. */
static void
steps_over_what_is_emulated(void **state)
{
	vcpu_set(v, VREG_RFLAGS, 2 | TF);
	assert_true(exit_handle(v, &e));
	assert_int_equal(vcpu_get(v, VREG_RIP), CODE + LENGTH);
	deliver();
	assert_int_equal(injected.kind, EVENT_EXCEPTION);
	assert_int_equal(injected.vector, DB);
	assert_false(injected.has_error);
	assert_int_equal(injected.insn_len, 0);
	assert_int_equal(vcpu_get(v, VREG_DR6), DR6 | BS);
}

/* One that faults is not done, so nothing traps behind it; RF is pushed with it. */
static void
a_fault_is_no_step(void **state)
{
	vcpu_set(v, VREG_RFLAGS, 2 | TF);
	e.kind = EXIT_MSR;
	msr_answer = -ERR_INVAL;
	assert_true(exit_handle(v, &e));
	assert_int_equal(vcpu_get(v, VREG_RIP), CODE);
	assert_int_equal(vcpu_get(v, VREG_RFLAGS), 2 | TF | RF);
	deliver();
	assert_int_equal(injected.vector, GP);
	assert_int_equal(vcpu_get(v, VREG_DR6), DR6);
}

/* A length that is not told is of the mode that the instruction was run in. */
static void
takes_the_length_before_the_mode_changes(void **state)
{
	e = (struct exit){.kind = EXIT_CR, .cr = {.access = CR_WRITE}};
	assert_true(exit_handle(v, &e));
	assert_int_equal(vcpu_get(v, VREG_RIP), CODE + 5);
}

static void
debug_exception_clears_general_detect(void **state)
{
	vcpu_set(v, VREG_DR7, 0x400 | DR7_GD);
	e = (struct exit){.kind = EXIT_EXCEPTION, .exception = {.vector = DB}};
	assert_true(exit_handle(v, &e));
	assert_int_equal(vcpu_get(v, VREG_DR7), 0x400);
	assert_int_equal(vcpu_get(v, VREG_RIP), CODE);
	assert_int_equal(vcpu_get(v, VREG_RFLAGS) & RF, 0);
	deliver();
	assert_int_equal(injected.vector, DB);
	assert_int_equal(injected.insn_len, 0);
}

/* Another vCPU has taken the page with the instruction away: it comes again, and then is as it was.
 */
static void
does_nothing_that_it_cant_step_over(void **state)
{
	static const u8 kinds[] = {EXIT_CPUID, EXIT_MSR, EXIT_HYPERCALL, EXIT_HLT};

	length_in_cr0 = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		vcpu_set(v, VREG_RAX, 5);
		e = (struct exit){.kind = (enum exit_kind)kinds[i]};
		assert_true(exit_handle(v, &e));
		assert_int_equal(vcpu_get(v, VREG_RAX), 5);
		assert_int_equal(vcpu_get(v, VREG_RIP), CODE);
		assert_int_equal(v->state, VCPU_RUNNING);
	}
}

/* ICEBP returns behind itself: for that the backend needs its length. */
static void
keeps_the_length_of_icebp(void **state)
{
	e = (struct exit){.kind = EXIT_EXCEPTION, .insn_len = 1, .exception = {.vector = DB}};
	assert_true(exit_handle(v, &e));
	deliver();
	assert_int_equal(injected.vector, DB);
	assert_int_equal(injected.insn_len, 1);
}

/* INT3 likewise; as it is a trap, RF is not set for it. */
static void
keeps_the_length_of_int3(void **state)
{
	e = (struct exit){.kind = EXIT_EXCEPTION, .insn_len = 1, .exception = {.vector = BP}};
	assert_true(exit_handle(v, &e));
	assert_int_equal(vcpu_get(v, VREG_RFLAGS) & RF, 0);
	deliver();
	assert_int_equal(injected.vector, BP);
	assert_int_equal(injected.insn_len, 1);
}

static void
gives_back_other_exceptions(void **state)
{
	static const struct {
		u8 vector;
		bool has_error;
	} rows[] = {
		{0,  false},
		    {6,	false},
		 {10, true },
		     {NP, true },
		 {12, true },
		{GP, true },
		    {16, false},
		 {AC, true },
		     {19, false}
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		e = (struct exit){
			.kind = EXIT_EXCEPTION,
			.exception = {.vector = rows[i].vector, .error = 0x18}
		      };
		assert_true(exit_handle(v, &e));
		deliver();
		assert_int_equal(injected.vector, rows[i].vector);
		assert_int_equal(injected.has_error, rows[i].has_error);
		assert_int_equal(injected.error, rows[i].has_error ? 0x18 : 0);
	}
	e.exception = (struct exit_exception){PF, 2, 0x12345000};
	assert_true(exit_handle(v, &e));
	deliver();
	assert_int_equal(injected.error, 2);
	assert_int_equal(vcpu_get(v, VREG_CR2), 0x12345000);
}

/* The reason that a person sees has the rule's words. */
static void
names_the_rule_that_was_refused(void **state)
{
	e = (struct exit){.kind = EXIT_INVALID, .invalid = {"EFER has reserved bits"}};
	assert_false(exit_handle(v, &e));
	assert_non_null(strstr(fake_vcpu.stopped, "EFER has reserved bits"));
	fake_vcpu.stopped[0] = '\0';
	e.invalid.rule = NULL;
	assert_false(exit_handle(v, &e));
	assert_non_null(strstr(fake_vcpu.stopped, "a rule that Ashlar does not know"));
}

/* SDM vol. 3, table 6-5, with the classes of table 6-4. */
static void
merges_faults(void **state)
{
	static const struct {
		u8 first, second, become; /* 0xff: triple fault */
	} rows[] = {
		{0,  GP, DF  },
		      {GP, 0,  DF	},
		    {NP, NP, DF  },
		  {GP, PF, PF  },
		  {PF, GP, DF  },
		{PF, PF, DF  },
		      {DB, GP, GP	 },
		    {DB, PF, PF  },
		  {AC, AC, AC  },
		  {GP, AC, AC  },
		{PF, AC, AC  },
		      {6,  GP, GP	},
		    {GP, 6,  6   },
		  {DF, GP, 0xff},
		  {DF, PF, 0xff},
		{DF, AC, AC  },
		      {12, 10, DF	 },
		    {21, GP, DF  },
		  {PF, 20, DF  },
		  {20, GP, DF  },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		fresh(state);
		v->cut = (struct event){EVENT_EXCEPTION, rows[i].first, 0, false, 0};
		vcpu_fault(v, rows[i].second);
		event_merge(v);
		assert_int_equal(v->cut.kind, EVENT_NONE);
		if (rows[i].become == 0xff) {
			assert_int_equal(v->fault.kind, EVENT_NONE);
			assert_memory_equal(fake_vcpu.stopped, "triple fault", 12);
			continue;
		}
		assert_int_equal(v->fault.vector, rows[i].become);
		assert_int_equal(v->fault.has_error, rows[i].become == DF);
		assert_int_equal(v->fault.error, 0);
		assert_int_equal(fake_vcpu.stopped[0], '\0');
	}
}

static void
delivers_again_what_was_cut(void **state)
{
	static const struct event cut[] = {
		{EVENT_INTERRUPT, 0x31, 0, false, 0},
		{EVENT_NMI,	    2,    0, false, 0},
		{EVENT_EXCEPTION, PF,   0, true,  7},
		{EVENT_EXCEPTION, DB,   1, false, 0},
	};
	static const struct event by_instruction[] = {
		{EVENT_SOFT_INTERRUPT, 0x80, 2, false, 0},
		{EVENT_EXCEPTION,	  3,    1, false, 0},
		{EVENT_EXCEPTION,	  4,    1, false, 0},
	};

	vcpu_set(v, VREG_RFLAGS, 2 | RFLAGS_IF);
	for (unsigned i = 0; i < ARRAY_SIZE(cut); i++) {
		e = (struct exit){.kind = EXIT_HOST_INTERRUPT, .cut = cut[i]};
		assert_true(exit_handle(v, &e));
		deliver();
		assert_memory_equal(&injected, &cut[i], sizeof(injected));
		deliver(); /* once */
		assert_int_equal(injected.kind, EVENT_NONE);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(by_instruction); i++) {
		e = (struct exit){.kind = EXIT_HOST_INTERRUPT, .cut = by_instruction[i]};
		assert_true(exit_handle(v, &e));
		deliver();
		assert_int_equal(injected.kind, EVENT_NONE);
	}
}

/* In the order of SDM vol. 3, table 6-2, one a run; the rest is waited for. */
static void
delivers_in_turn(void **state)
{
	vcpu_set(v, VREG_RFLAGS, 2 | RFLAGS_IF);
	vcpu_fault(v, GP);
	v->requests = BIT32(REQUEST_NMI);
	interrupt = 0x30;
	deliver();
	assert_int_equal(injected.vector, GP);
	assert_true(window.interrupt && window.nmi);
	deliver();
	assert_int_equal(injected.kind, EVENT_NMI);
	assert_true(window.interrupt && window.nmi); /* until its IRET */
	deliver();
	assert_int_equal(injected.kind, EVENT_INTERRUPT);
	assert_int_equal(injected.vector, 0x30);
	assert_true(!window.interrupt && window.nmi);
}

static void
nothing_in_an_interrupt_shadow(void **state)
{
	vcpu_set(v, VREG_RFLAGS, 2 | RFLAGS_IF);
	vcpu_set(v, VREG_INTERRUPT_SHADOW, 1);
	v->requests = BIT32(REQUEST_NMI);
	interrupt = 0x30;
	deliver();
	assert_int_equal(injected.kind, EVENT_NONE);
	assert_true(window.interrupt && !window.nmi); /* not open yet to some, in STI's shadow */
	interrupt = -1;
	deliver();
	assert_true(window.interrupt && !window.nmi);
	vcpu_set(v, VREG_RFLAGS, 2); /* MOV SS's, then */
	deliver();
	assert_true(!window.interrupt && window.nmi);
	assert_false(v->nothing_due);
	vcpu_set(v, VREG_INTERRUPT_SHADOW, 0);
	deliver();
	assert_int_equal(injected.kind, EVENT_NMI);
}

/* Whoever forgets the shadow that the run began in exits before the HLT, not behind it. */
static void
halts_before_the_window(void **state)
{
	vcpu_set(v, VREG_RFLAGS, 2 | RFLAGS_IF);
	interrupt = 0x40;
	vcpu_set(v, VREG_INTERRUPT_SHADOW, 1);
	deliver();
	assert_true(window.interrupt);
	vcpu_set(v, VREG_INTERRUPT_SHADOW, 0);
	e = (struct exit){.kind = EXIT_IRQ_WINDOW};
	assert_true(exit_handle(v, &e));
	assert_int_equal(v->state, VCPU_HALTED);
	assert_int_equal(vcpu_get(v, VREG_RIP), CODE + 1);
	assert_true(event_wakes(v));
}

/* A HLT that is not in the shadow is not reached before the interrupt. */
static void
window_without_a_shadow(void **state)
{
	vcpu_set(v, VREG_RFLAGS, 2);
	interrupt = 0x40;
	deliver();
	assert_true(window.interrupt);
	e = (struct exit){.kind = EXIT_IRQ_WINDOW};
	assert_true(exit_handle(v, &e));
	assert_int_equal(v->state, VCPU_RUNNING);
	assert_int_equal(vcpu_get(v, VREG_RIP), CODE);
}

/* It is in service already: no controller will ask for it again. */
static void
cut_interrupt_waits(void **state)
{
	static const struct event cut = {EVENT_INTERRUPT, 0x31, 0, false, 0};

	vcpu_set(v, VREG_RFLAGS, 2);
	e = (struct exit){.kind = EXIT_HOST_INTERRUPT, .cut = cut};
	assert_true(exit_handle(v, &e));
	deliver();
	assert_int_equal(injected.kind, EVENT_NONE);
	assert_true(window.interrupt);
	assert_false(v->nothing_due);
	assert_false(event_wakes(v));

	vcpu_set(v, VREG_RFLAGS, 2 | RFLAGS_IF);
	assert_true(event_wakes(v));
	deliver();
	assert_memory_equal(&injected, &cut, sizeof(injected));
	deliver();
	assert_false(window.interrupt);
	assert_true(v->nothing_due);
}

static void
second_nmi_waits_for_the_window(void **state)
{
	v->requests = BIT32(REQUEST_NMI);
	deliver();
	assert_int_equal(injected.kind, EVENT_NMI);
	v->requests = BIT32(REQUEST_NMI);
	deliver();
	assert_int_equal(injected.kind, EVENT_NONE);
	assert_true(window.nmi);
	assert_false(event_wakes(v));
	e.kind = EXIT_NMI_WINDOW;
	assert_true(exit_handle(v, &e));
	assert_true(event_wakes(v));
	deliver();
	assert_int_equal(injected.kind, EVENT_NMI);
}

/* A fetch from RAM that is to be split is made again (THREATS C5); all else is the devices'. */
static void
c5_fetches_again_what_was_split(void **state)
{
	executable = 0x200000;
	accesses = 0;
	e = (struct exit){.kind = EXIT_MEMORY, .insn_len = LENGTH};
	e.memory.gpa = GPA(executable + 0x10);
	e.memory.fetch = true;
	assert_true(exit_handle(v, &e));
	assert_int_equal(vcpu_get(v, VREG_RIP), CODE);
	assert_int_equal(accesses, 0);
	e.memory.fetch = false;
	e.memory.write = true;
	assert_true(exit_handle(v, &e));
	assert_int_equal(accesses, 1);
	e.memory.fetch = true;
	e.memory.gpa = GPA(0xfed00000);
	assert_true(exit_handle(v, &e));
	assert_int_equal(accesses, 2);
}

/*
 * A CPU may be left with a request that the guest masks (SDM vol. 3, 30.2.1), unless it is known
 * to deliver it too early: then it waits behind a window, in which virtual interrupts do too.
 */
static void
requests_left_with_the_cpu(void **state)
{
	static u32 page[PAGE_SIZE / 4];

	v->hw.apic = (struct virt_apic){.page = page, .mode = VIRT_APIC_XAPIC};
	page[0x230 / 4] = 1;
	vcpu_set(v, VREG_RFLAGS, 2);
	deliver();
	assert_false(window.interrupt);
	fake_virt_caps.apic_hasty = true;
	deliver();
	assert_true(window.interrupt);
	vcpu_set(v, VREG_RFLAGS, 2 | RFLAGS_IF);
	deliver();
	assert_false(window.interrupt);
	vcpu_set(v, VREG_INTERRUPT_SHADOW, 1); /* CLI may be next */
	deliver();
	assert_true(window.interrupt);
	vcpu_set(v, VREG_INTERRUPT_SHADOW, 0);
	v->fault = (struct event){.kind = EVENT_EXCEPTION, .vector = PF}; /* may clear IF */
	deliver();
	assert_true(window.interrupt);
	page[0x230 / 4] = 0;
	deliver();
	assert_false(window.interrupt);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(goes_on_behind_the_instruction, fresh),
		cmocka_unit_test_setup(pause_lets_another_run, fresh),
		cmocka_unit_test_setup(hypercall_goes_on_behind_it, fresh),
		cmocka_unit_test_setup(steps_over_what_is_emulated, fresh),
		cmocka_unit_test_setup(a_fault_is_no_step, fresh),
		cmocka_unit_test_setup(takes_the_length_before_the_mode_changes, fresh),
		cmocka_unit_test_setup(debug_exception_clears_general_detect, fresh),
		cmocka_unit_test_setup(does_nothing_that_it_cant_step_over, fresh),
		cmocka_unit_test_setup(keeps_the_length_of_icebp, fresh),
		cmocka_unit_test_setup(keeps_the_length_of_int3, fresh),
		cmocka_unit_test_setup(gives_back_other_exceptions, fresh),
		cmocka_unit_test_setup(names_the_rule_that_was_refused, fresh),
		cmocka_unit_test_setup(merges_faults, fresh),
		cmocka_unit_test_setup(delivers_again_what_was_cut, fresh),
		cmocka_unit_test_setup(cut_interrupt_waits, fresh),
		cmocka_unit_test_setup(requests_left_with_the_cpu, fresh),
		cmocka_unit_test_setup(delivers_in_turn, fresh),
		cmocka_unit_test_setup(nothing_in_an_interrupt_shadow, fresh),
		cmocka_unit_test_setup(c5_fetches_again_what_was_split, fresh),
		cmocka_unit_test_setup(second_nmi_waits_for_the_window, fresh),
		cmocka_unit_test_setup(halts_before_the_window, fresh),
		cmocka_unit_test_setup(window_without_a_shadow, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
