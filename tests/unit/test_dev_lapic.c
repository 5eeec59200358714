/* SPDX-License-Identifier: MIT */
// SOURCES: dev/lapic.c dev/lapic_access.c dev/lapic_error.c dev/lapic_ipi.c dev/lapic_lvt.c
// SOURCES: dev/lapic_regs.c dev/lapic_timer.c lib/log.c lib/error.c lib/lock.c lib/format.c
/* An interrupt's way through a local APIC: registers, priorities, errors, pins, resets. */
#include "tests/unit/test.h"

#include "tests/unit/fake/lapic_cpu.h"

/* 11.4.7.1 */
static void
after_power_on(void **state)
{
	static const u32 lvts[] = {TIMER, THERMAL, PERF, LINT0, LINT1, ERROR};

	fake_lapics(4);
	assert_int_equal(rdmsr(bsp, APIC_BASE_MSR), 0xfee00900);
	assert_int_equal(rdmsr(ap(3), APIC_BASE_MSR), 0xfee00800);
	assert_int_equal(fake_read(ap(3), ID), 3 << 24);
	assert_int_equal(fake_read(bsp, VERSION), 0x00050014);
	assert_int_equal(fake_read(bsp, SVR), 0xff);
	assert_int_equal(fake_read(bsp, DFR), 0xffffffff);
	assert_int_equal(fake_read(bsp, LDR), 0);
	assert_int_equal(fake_read(bsp, TPR) | fake_read(bsp, PPR) | fake_read(bsp, ICR), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(lvts); i++) {
		assert_int_equal(fake_read(bsp, lvts[i]), MASKED);
		/* Masked for as long as the SVR has it off. */
		fake_write(bsp, lvts[i], 0x40);
		assert_int_equal(fake_read(bsp, lvts[i]), MASKED | 0x40);
	}
	for (u32 reg = ISR; reg < ESR; reg += 0x10)
		assert_int_equal(fake_read(bsp, reg), 0);
	assert_int_equal(lapic_pending(bsp), LAPIC_NOTHING);
	assert_false(lapic_post(bsp, 0x40, false));
}

static void
registers_keep_their_bits(void **state)
{
	static const struct {
		u32 offset, bits;
	} regs[] = {
		{ID,	     0	      },
		   {VERSION,  0x00050014},
		   {TPR,	 0xff	     },
		     {LDR,	   0xff000000},
		{DFR,      0xffffffff},
		   {SVR,	 0x3ff     },
		   {TIMER,	   0x700ff	  },
		     {THERMAL,  0x107ff   },
		{PERF,     0x107ff   },
		   {LINT0,	   0x1a7ff	  },
		   {LINT1,	   0x1a7ff	  },
		     {ERROR,    0x100ff   },
		{DIVIDE,	 0xb	    },
		   {ICR_DEST, 0xff000000},
		   {CURRENT,  0	      },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(regs); i++) {
		fake_write(bsp, regs[i].offset, 0xffffffff);
		assert_int_equal(fake_read(bsp, regs[i].offset), regs[i].bits);
	}
	fake_write(bsp, DFR, 0);
	assert_int_equal(fake_read(bsp, DFR), 0x0fffffff);
	assert_int_equal(errors(bsp), 0);
}

static void
odd_accesses(void **state)
{
	struct io byte = {.offset = VERSION + 2, .size = 1};
	struct io upper = {.offset = VERSION + 4, .size = 4, .value = 5};
	struct io far = {.offset = VERSION + 12, .size = 4, .value = 5};
	struct io wide = {.offset = VERSION, .size = 8};
	struct io small_write = {.offset = TPR, .size = 1, .write = true, .value = 0x20};
	struct io off_write = {.offset = TPR + 4, .size = 4, .write = true, .value = 0x20};

	lapic_mmio(bsp, &byte);
	assert_int_equal(byte.value & 0xff, 0x05);
	lapic_mmio(bsp, &upper);
	assert_int_equal(upper.value, 0);
	lapic_mmio(bsp, &far);
	assert_int_equal(far.value, 0);
	lapic_mmio(bsp, &wide);
	assert_int_equal(wide.value, 0x00050014);
	lapic_mmio(bsp, &small_write);
	lapic_mmio(bsp, &off_write);
	assert_int_equal(fake_read(bsp, TPR), 0);
	assert_int_equal(errors(bsp), 0);
}

/* 11.5.3: errors show in the ESR after a write to it, which also clears what it showed. */
static void
error_register(void **state)
{
	assert_int_equal(fake_read(bsp, 0x40), 0); /* reserved */
	assert_int_equal(fake_read(bsp, ESR), 0);
	fake_write(bsp, ESR, 0xff);
	assert_int_equal(fake_read(bsp, ESR), 0x80);
	assert_int_equal(fake_read(bsp, ESR), 0x80);
	assert_int_equal(errors(bsp), 0);
	fake_write(bsp, 0x3f0, 0x40); /* self IPI is x2APIC's */
	fake_read(bsp, 0xff0);
	assert_int_equal(errors(bsp), 0x80);
	assert_int_equal(lapic_pending(bsp), LAPIC_NOTHING);
}

/* One interrupt for the first error until the ESR is written. */
static void
error_interrupt(void **state)
{
	fake_write(bsp, ERROR, 0xfe);
	assert_false(lapic_post(bsp, 15, false));
	takes_and_ends(bsp, 0xfe);
	assert_false(lapic_post(bsp, 0, false));
	assert_int_equal(lapic_pending(bsp), LAPIC_NOTHING);
	assert_int_equal(errors(bsp), 0x40);
	assert_false(lapic_post(bsp, 3, true));
	takes_and_ends(bsp, 0xfe);
	/* Illegal itself: no endless chain. */
	errors(bsp);
	fake_write(bsp, ERROR, 0x05);
	fake_read(bsp, 0x40);
	assert_int_equal(lapic_pending(bsp), LAPIC_NOTHING);
	assert_int_equal(errors(bsp), 0xc0);
}

static void
request_service_eoi(void **state)
{
	assert_true(lapic_post(bsp, 0x41, false));
	assert_int_equal(fake_cpus[0].kicks, 1);
	assert_true(lapic_post(bsp, 0x41, false)); /* it has been asked for already */
	assert_int_equal(fake_cpus[0].kicks, 1);
	assert_int_equal(fake_read(bsp, IRR + 0x20), 2);
	takes(bsp, 0x41);
	assert_int_equal(fake_read(bsp, IRR + 0x20), 0);
	assert_int_equal(fake_read(bsp, ISR + 0x20), 2);
	assert_int_equal(fake_read(bsp, PPR), 0x40);
	assert_int_equal(lapic_pending(bsp), LAPIC_NOTHING);
	fake_write(bsp, EOI, 0);
	assert_int_equal(fake_read(bsp, ISR + 0x20), 0);
	assert_int_equal(fake_read(bsp, PPR), 0);
	fake_write(bsp, EOI, 0); /* nothing in service */
	/* Nothing pending any more: the spurious vector, not in service. */
	assert_int_equal(lapic_take(bsp), 0xff);
	assert_int_equal(fake_read(bsp, PPR), 0);
}

/* 11.8.3: by class; what is in service holds back its own class. */
static void
priorities(void **state)
{
	lapic_post(bsp, 0x45, false);
	lapic_post(bsp, 0xff, false);
	lapic_post(bsp, 0x10, false);
	takes(bsp, 0xff);
	assert_int_equal(lapic_pending(bsp), LAPIC_LATER);
	fake_write(bsp, EOI, 0);
	takes(bsp, 0x45);
	lapic_post(bsp, 0x4f, false);
	assert_int_equal(lapic_pending(bsp), LAPIC_LATER); /* the same class */
	lapic_post(bsp, 0x50, false);
	takes(bsp, 0x50);
	fake_write(bsp, EOI, 0);
	assert_int_equal(fake_read(bsp, PPR), 0x40);
	fake_write(bsp, EOI, 0);
	takes_and_ends(bsp, 0x4f);
	takes_and_ends(bsp, 0x10);
}

static void
task_priority(void **state)
{
	fake_write(bsp, TPR, 0x45);
	assert_int_equal(fake_read(bsp, PPR), 0x45);
	assert_int_equal(lapic_cr8(bsp), 4);
	lapic_post(bsp, 0x4f, false);
	assert_int_equal(lapic_pending(bsp), LAPIC_LATER);
	lapic_set_cr8(bsp, 3);
	assert_int_equal(fake_read(bsp, TPR), 0x30);
	takes(bsp, 0x4f);
	assert_int_equal(fake_read(bsp, PPR), 0x40);
	fake_write(bsp, TPR, 0xff);
	assert_int_equal(fake_read(bsp, PPR), 0xff);
	fake_write(bsp, EOI, 0);
	lapic_post(bsp, 0xfe, false);
	assert_int_equal(lapic_pending(bsp), LAPIC_LATER);
	lapic_set_cr8(bsp, 0);
	takes(bsp, 0xfe);
}

static u8 eois[8];
static unsigned eoi_count;

static void
note_eoi(struct lapic_bus *bus, u8 vector)
{
	eois[eoi_count++ % 8] = vector;
}

/* Only a level-triggered interrupt's EOI is broadcast. */
static void
trigger_mode(void **state)
{
	eoi_count = 0;
	fake_bus.eoi = note_eoi;
	lapic_post(bsp, 0x61, true);
	assert_int_equal(fake_read(bsp, TMR + 0x30), 2);
	takes_and_ends(bsp, 0x61);
	assert_int_equal(eoi_count, 1);
	assert_int_equal(eois[0], 0x61);
	lapic_post(bsp, 0x61, false);
	assert_int_equal(fake_read(bsp, TMR + 0x30), 0);
	takes_and_ends(bsp, 0x61);
	assert_int_equal(eoi_count, 1);
}

/* What may be ended without a word: nobody waits for it, here or elsewhere. */
static void
eoi_that_nobody_waits_for(void **state)
{
	eoi_count = 0;
	fake_bus.eoi = note_eoi;
	lapic_post(bsp, 0x61, true);
	takes(bsp, 0x61);
	assert_false(lapic_eoi_is_private(bsp, 0x61));
	lapic_end_interrupt(bsp);
	assert_int_equal(eoi_count, 1);
	lapic_post(bsp, 0x61, false);
	takes(bsp, 0x61);
	assert_true(lapic_eoi_is_private(bsp, 0x61));
	assert_false(lapic_eoi_is_private(bsp, 0x62)); /* not in service */
	assert_false(lapic_eoi_is_private(bsp, LAPIC_EXTINT));
	assert_false(lapic_eoi_is_private(bsp, LAPIC_NOTHING));
	lapic_post(bsp, 0x33, false);
	assert_false(lapic_eoi_is_private(bsp, 0x61));
	lapic_end_interrupt(bsp);
	takes_and_ends(bsp, 0x33);
	assert_int_equal(eoi_count, 1);
}

static void
turned_off_by_software(void **state)
{
	lapic_post(bsp, 0x50, false);
	fake_write(bsp, ERROR, 0x33);
	fake_write(bsp, SVR, 0x0e0);
	assert_int_equal(fake_read(bsp, ERROR), MASKED | 0x33);
	assert_false(lapic_post(bsp, 0x60, false));
	takes_and_ends(bsp, 0x50); /* what is held can be handled, 11.4.7.2 */
	assert_int_equal(lapic_take(bsp), 0xe0);
	fake_write(bsp, SVR, ON);
	assert_int_equal(fake_read(bsp, ERROR), MASKED | 0x33); /* stays masked */
	assert_true(lapic_post(bsp, 0x60, false));
}

static void
lint_extint(void **state)
{
	lapic_lint(bsp, 0, true);
	assert_int_equal(lapic_pending(bsp), LAPIC_NOTHING);
	fake_cpus[0].kicks = 0;
	fake_write(bsp, LINT0, 0x700);
	assert_int_equal(fake_cpus[0].kicks, 1); /* it waits already */
	assert_int_equal(lapic_pending(bsp), LAPIC_EXTINT);
	fake_write(bsp, TPR, 0xff); /* no priority holds it back */
	takes(bsp, LAPIC_EXTINT);
	assert_int_equal(fake_read(bsp, PPR), 0xff);
	assert_int_equal(lapic_pending(bsp), LAPIC_EXTINT); /* its level is the 8259's */
	lapic_lint(bsp, 0, false);
	assert_int_equal(lapic_pending(bsp), LAPIC_NOTHING);
	assert_int_equal(lapic_take(bsp), LAPIC_EXTINT); /* the 8259 then gives a spurious one */
	fake_cpus[0].kicks = 0;
	lapic_lint(bsp, 0, true);
	assert_int_equal(fake_cpus[0].kicks, 1);
	fake_write(bsp, LINT0, MASKED | 0x700);
	assert_int_equal(lapic_pending(bsp), LAPIC_NOTHING);
	assert_int_equal(fake_cpus[0].kicks, 1);
	wrmsr(bsp, APIC_BASE_MSR,
	      rdmsr(bsp, APIC_BASE_MSR) & ~0x800ul); /* no APIC: the pin is INTR */
	assert_int_equal(fake_cpus[0].kicks, 2);
	assert_int_equal(lapic_pending(bsp), LAPIC_EXTINT);
}

static void
lint_others(void **state)
{
	fake_write(bsp, LINT1, 0x400);
	lapic_lint(bsp, 1, true);
	lapic_lint(bsp, 1, true);
	assert_int_equal(fake_cpus[0].nmis, 1);
	lapic_lint(bsp, 1, false);
	fake_write(bsp, LINT1, 0x500);
	lapic_lint(bsp, 1, true);
	assert_int_equal(fake_cpus[0].inits, 1);
	lapic_lint(bsp, 1, false);
	fake_write(bsp, LINT1, 0x033); /* fixed, edge */
	lapic_lint(bsp, 1, true);
	takes_and_ends(bsp, 0x33);
	assert_int_equal(lapic_pending(bsp), LAPIC_NOTHING);
	lapic_lint(bsp, 1, false);
	fake_write(bsp, LINT1, 0x200); /* SMI: there is no SMM */
	lapic_lint(bsp, 1, true);
	assert_int_equal(lapic_pending(bsp), LAPIC_NOTHING);
}

/* A level-triggered pin: remote IRR until the EOI, then again while it is high. */
static void
lint_level(void **state)
{
	lapic_lint(bsp, 0, true);
	fake_write(bsp, LINT0, 0x8035);
	assert_int_equal(fake_read(bsp, LINT0), 0xc035);
	takes(bsp, 0x35);
	assert_int_equal(lapic_pending(bsp), LAPIC_NOTHING);
	fake_write(bsp, EOI, 0);
	takes(bsp, 0x35);
	lapic_lint(bsp, 0, false);
	fake_write(bsp, EOI, 0);
	assert_int_equal(lapic_pending(bsp), LAPIC_NOTHING);
	assert_int_equal(fake_read(bsp, LINT0), 0x8035);
}

static void
virtual_wire(void **state)
{
	fake_lapics(1);
	lapic_lint(bsp, 0, true);
	lapic_virtual_wire(bsp);
	assert_int_equal(fake_read(bsp, LINT0), 0x700);
	assert_int_equal(fake_read(bsp, LINT1), 0x400);
	assert_int_equal(lapic_pending(bsp), LAPIC_EXTINT);
}

/* INIT keeps id, base and mode; all else is as after power-on (11.4.7.3). */
static void
init_reset(void **state)
{
	fake_write(ap(2), TIMER, PERIODIC | 0x31);
	fake_write(ap(2), INITIAL, 10);
	fake_write(ap(2), TPR, 0x10);
	fake_write(ap(2), LDR, 0x04000000);
	fake_write(ap(2), LINT0, 0x8035);
	lapic_lint(ap(2), 0, true);
	lapic_post(ap(2), 0x61, true);
	takes(ap(2), 0x61);
	lapic_post(ap(2), 0x71, true);
	wrmsr(ap(2), APIC_BASE_MSR, 0xfed00800);
	lapic_init_reset(ap(2));
	assert_int_equal(rdmsr(ap(2), APIC_BASE_MSR), 0xfed00800);
	assert_int_equal(fake_read(ap(2), ID), 2 << 24);
	assert_int_equal(fake_read(ap(2), SVR), 0xff);
	assert_int_equal(fake_read(ap(2), TIMER), MASKED);
	assert_int_equal(fake_read(ap(2), LINT0), MASKED);
	assert_int_equal(fake_read(ap(2), LDR) | fake_read(ap(2), PPR), 0);
	for (u32 reg = ISR; reg < ESR; reg += 0x10)
		assert_int_equal(fake_read(ap(2), reg), 0);
	fake_advance(&fake_clock, 1000);
	assert_int_equal(lapic_pending(ap(2)), LAPIC_NOTHING);
	assert_int_equal(fake_clock.runs, 0);
}

#define test(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(after_power_on),
		test(registers_keep_their_bits),
		test(odd_accesses),
		test(error_register),
		test(error_interrupt),
		test(request_service_eoi),
		test(eoi_that_nobody_waits_for),
		test(priorities),
		test(task_priority),
		test(trigger_mode),
		test(turned_off_by_software),
		test(lint_extint),
		test(lint_others),
		test(lint_level),
		test(virtual_wire),
		test(init_reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
