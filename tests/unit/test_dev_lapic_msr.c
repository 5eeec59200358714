/* SPDX-License-Identifier: MIT */
// SOURCES: dev/lapic.c dev/lapic_access.c dev/lapic_error.c dev/lapic_ipi.c dev/lapic_lvt.c
// SOURCES: dev/lapic_regs.c dev/lapic_timer.c lib/log.c lib/error.c lib/lock.c lib/format.c
/* IA32_APIC_BASE and x2APIC mode (SDM vol. 3, 11.4 and 11.12). */
#include "tests/unit/test.h"

#include "tests/unit/fake/lapic_cpu.h"

/* Figure 11-27. */
static void
base_transitions(void **state)
{
	const u64 off = 0xfee00100, xapic = off | 0x800, x2apic = off | 0xc00;

	assert_true(lapic_decodes(bsp, 0xfee00300));
	assert_false(lapic_decodes(bsp, 0xfee01000));
	no_wrmsr(bsp, APIC_BASE_MSR, off | 0x400); /* invalid */
	wrmsr(bsp, APIC_BASE_MSR, x2apic);
	assert_false(lapic_decodes(bsp, 0xfee00300));
	no_wrmsr(bsp, APIC_BASE_MSR, xapic); /* only through off */
	no_wrmsr(bsp, APIC_BASE_MSR, off | 0x400);
	wrmsr(bsp, APIC_BASE_MSR, x2apic);
	wrmsr(bsp, APIC_BASE_MSR, off);
	assert_false(lapic_decodes(bsp, 0xfee00300));
	no_wrmsr(bsp, APIC_BASE_MSR, x2apic); /* only through xAPIC */
	wrmsr(bsp, APIC_BASE_MSR, xapic);
	assert_true(lapic_decodes(bsp, 0xfee00300));
	assert_int_equal(rdmsr(bsp, APIC_BASE_MSR), xapic);
	no_wrmsr(bsp, APIC_BASE_MSR, xapic | 1);
	no_wrmsr(bsp, APIC_BASE_MSR, xapic | 0x200);
	no_wrmsr(bsp, APIC_BASE_MSR, xapic | 1ul << 40); /* beyond the physical addresses */
	wrmsr(bsp, APIC_BASE_MSR, 0xfed00900);
	assert_true(lapic_decodes(bsp, 0xfed00020));
	assert_false(lapic_decodes(bsp, 0xfee00020));
}

/* Off, it is as if it were not there: LINT0 is INTR, LINT1 is NMI (11.4.3); registers are reset. */
static void
base_off(void **state)
{
	fake_write(bsp, TIMER, 0x31);
	fake_write(bsp, INITIAL, 1000);
	lapic_post(bsp, 0x50, false);
	wrmsr(bsp, APIC_BASE_MSR, 0xfee00100);
	assert_int_equal(lapic_pending(bsp), -1);
	assert_false(lapic_post(bsp, 0x50, false));
	ipi(ap(1), 0, 0x4400);
	ipi(ap(1), 0, 0x4500);
	assert_int_equal(fake_cpus[0].nmis + fake_cpus[0].inits, 0);
	lapic_lint(bsp, 0, true);
	takes(bsp, LAPIC_EXTINT);
	lapic_lint(bsp, 1, true);
	assert_int_equal(fake_cpus[0].nmis, 1);
	lapic_lint(bsp, 0, false);
	fake_advance(&fake_clock, 1000000);
	assert_int_equal(lapic_pending(bsp), -1);
	wrmsr(bsp, APIC_BASE_MSR, 0xfee00900);
	assert_int_equal(fake_read(bsp, SVR), 0xff);
	assert_int_equal(fake_read(bsp, TIMER), MASKED);
}

static void
other_msrs(void **state)
{
	u64 value = 0;

	assert_int_equal(lapic_msr(bsp, 0x10, false, &value), -ERR_NOENT);
	assert_int_equal(lapic_msr(bsp, 0x7ff, true, &value), -ERR_NOENT);
	assert_int_equal(lapic_msr(bsp, 0x900, true, &value), -ERR_NOENT);
	no_rdmsr(bsp, 0x802); /* in xAPIC mode there are none */
	no_wrmsr(bsp, 0x80b, 0);
}

/* Table 11-6: which registers are there, and how. */
static void
x2apic_registers(void **state)
{
	static const struct {
		u16 first, last;
		bool read, write;
	} there[] = {
		{0x802, 0x803, true,  false},
		     {0x808, 0x808, true,  true },
		{0x80a, 0x80a, true,  false},
		     {0x80b, 0x80b, false, true },
		{0x80d, 0x80d, true,  false},
		     {0x80f, 0x80f, true,  true },
		{0x810, 0x827, true,  false},
		     {0x828, 0x828, true,  true },
		{0x830, 0x830, true,  true },
		     {0x832, 0x838, true,  true },
		{0x839, 0x839, true,  false},
		     {0x83e, 0x83e, true,  true },
		{0x83f, 0x83f, false, true },
	};

	to_x2apic(bsp);
	for (u32 msr = 0x800; msr < 0x900; msr++) {
		bool read = false, write = false;
		u64 value = 0;

		for (unsigned i = 0; i < ARRAY_SIZE(there); i++) {
			if (msr >= there[i].first && msr <= there[i].last) {
				read = there[i].read;
				write = there[i].write;
			}
		}
		assert_int_equal(lapic_msr(bsp, msr, false, &value), read ? 0 : -ERR_INVAL);
		value = 0;
		assert_int_equal(lapic_msr(bsp, msr, true, &value), write ? 0 : -ERR_INVAL);
	}
}

/* 11.12.1.3: a reserved bit is #GP; the register keeps its value then. */
static void
x2apic_reserved_bits(void **state)
{
	static const struct {
		u32 msr;
		u64 valid;
	} regs[] = {
		{0x808, 0xff		    },
		  {0x80b, 0		   },
		{0x80f, 0x3ff	     },
		  {0x828, 0		   },
		{0x832, 0x710ff	       },
		  {0x833, 0x117ff		 },
		{0x834, 0x117ff	       },
		  {0x835, 0x1f7ff		 },
		{0x836, 0x1f7ff	       },
		  {0x837, 0x110ff		 },
		{0x83e, 0xb		   },
		  {0x838, 0xffffffff	    },
		{0x83f, 0xff		    },
		  {0x830, 0xffffffff000ccfff},
	};

	to_x2apic(bsp);
	for (unsigned i = 0; i < ARRAY_SIZE(regs); i++) {
		for (unsigned bit = 0; bit < 64; bit++) {
			u64 value = 1ul << bit;
			int expected = (regs[i].valid & value) != 0 ? 0 : -ERR_INVAL;

			assert_int_equal(lapic_msr(bsp, regs[i].msr, true, &value), expected);
		}
	}
	wrmsr(bsp, 0x808, 0x42);
	no_wrmsr(bsp, 0x808, 0x143);
	assert_int_equal(rdmsr(bsp, 0x808), 0x42);
	assert_int_equal(lapic_cr8(bsp), 4);
}

/* What the change keeps, and the ids that follow from the number (11.12.5, 11.12.10.2). */
static void
x2apic_state(void **state)
{
	fake_lapics(FAKE_LAPICS);
	fake_write(ap(18), SVR, ON);
	fake_write(ap(18), TPR, 0x20);
	fake_write(ap(18), ICR_DEST, 0x05000000);
	lapic_post(ap(18), 0x31, false);
	to_x2apic(ap(18));
	assert_int_equal(rdmsr(ap(18), 0x802), 18);
	assert_int_equal(rdmsr(ap(18), 0x80d), 0x00010004);
	assert_int_equal(rdmsr(ap(18), 0x808), 0x20);
	assert_int_equal(rdmsr(ap(18), 0x830), 0);
	assert_int_equal(rdmsr(ap(18), 0x821), 0x00020000);
	takes(ap(18), 0x31);
	assert_int_equal(rdmsr(ap(18), 0x811), 0x00020000);
	wrmsr(ap(18), 0x80b, 0);
	assert_int_equal(rdmsr(ap(18), 0x811), 0);
	/* INIT leaves the mode. */
	lapic_init_reset(ap(18));
	assert_int_equal(rdmsr(ap(18), APIC_BASE_MSR), 0xfee00c00);
	assert_int_equal(rdmsr(ap(18), 0x802), 18);
	assert_int_equal(rdmsr(ap(18), 0x80f), 0xff);
}

static void
x2apic_ipis(void **state)
{
	fake_lapics(FAKE_LAPICS);
	for (unsigned n = 0; n < FAKE_LAPICS; n++) {
		to_x2apic(ap(n));
		wrmsr(ap(n), 0x80f, ON);
	}
	wrmsr(bsp, 0x830, 19ul << 32 | 0x4041);
	assert_int_equal(rdmsr(bsp, 0x830), 19ul << 32 | 0x4041);
	takes(ap(19), 0x41);
	wrmsr(ap(19), 0x80b, 0);
	wrmsr(bsp, 0x830, 0xfful << 32 | 0x4042); /* id 255, no broadcast */
	assert_int_equal(fake_cpus[5].kicks, 0);
	/* Logical: cluster 1, members 0 and 3. */
	wrmsr(bsp, 0x830, 0x00010009ul << 32 | 0x4843);
	takes(ap(16), 0x43);
	takes(ap(19), 0x43);
	assert_int_equal(fake_cpus[17].kicks + fake_cpus[0].kicks + fake_cpus[3].kicks, 0);
	wrmsr(bsp, 0x830, 0xfffffffful << 32 | 0x4051);
	for (unsigned n = 0; n < FAKE_LAPICS; n++)
		assert_int_equal(fake_read(ap(n), IRR + 0x20), 0x20000);
	wrmsr(bsp, 0x83f, 0x61);
	takes(bsp, 0x61);
	wrmsr(bsp, 0x83f, 0x0f);
	wrmsr(bsp, 0x828, 0);
	assert_int_equal(rdmsr(bsp, 0x828), 0x20);
}

#define test(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(base_transitions),	    test(base_off),
		test(other_msrs),	    test(x2apic_registers),
		test(x2apic_reserved_bits), test(x2apic_state),
		test(x2apic_ipis),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
