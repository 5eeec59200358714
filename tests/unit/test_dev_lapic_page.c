/* SPDX-License-Identifier: MIT */
// SOURCES: dev/lapic.c dev/lapic_access.c dev/lapic_error.c dev/lapic_ipi.c dev/lapic_lvt.c
// SOURCES: dev/lapic_page.c dev/lapic_regs.c dev/lapic_timer.c lib/log.c lib/error.c lib/lock.c
// SOURCES: lib/format.c
/* A local APIC lent to a CPU that carries it out: SDM vol. 3, ch. 30. The test is that CPU. */
#include "tests/unit/test.h"

#include <string.h>

#include "dev/lapic_page.h"
#include "tests/unit/fake/lapic_cpu.h"

enum { PAGE_WORDS = 1024, VECTOR = 0x53, LOWER = 0x42 };

static u32 regs[PAGE_WORDS];
static struct lapic_page page;
static u8 broadcast[8];
static unsigned broadcasts;

static void
note_eoi(struct lapic_bus *bus, u8 vector)
{
	broadcast[broadcasts++ % ARRAY_SIZE(broadcast)] = vector;
}

static int
lent(void **state)
{
	setup(state);
	memset(regs, 0xa5, sizeof(regs)); /* whatever was there */
	page = (struct lapic_page){.regs = regs};
	broadcasts = 0;
	fake_bus.eoi = note_eoi;
	return 0;
}

static u32
bit_of(u32 base, u8 vector)
{
	return regs[(base + 0x10 * (vector / 32)) / 4] >> vector % 32 & 1;
}

/* 30.2.2: what the CPU does when it delivers the highest request. */
static void
cpu_delivers(u8 vector)
{
	assert_int_equal(page.requested, vector);
	regs[(0x200 + 0x10 * (vector / 32)) / 4] &= ~(1u << vector % 32);
	regs[(0x100 + 0x10 * (vector / 32)) / 4] |= 1u << vector % 32;
}

/* 30.1.4 */
static void
cpu_ends(u8 vector)
{
	regs[(0x100 + 0x10 * (vector / 32)) / 4] &= ~(1u << vector % 32);
	if ((page.eoi_exits[vector / 64] >> vector % 64 & 1) != 0)
		lapic_eoi_done(bsp, vector);
}

/* All that a CPU answers by itself is in the page, as the guest would read it (30.4.2). */
static void
registers_are_in_the_page(void **state)
{
	static const u16 offsets[] = {0x20,  0x30,  0x80,  0xa0,  0xb0,	 0xd0,	0xe0,  0xf0,  0x280,
				      0x300, 0x310, 0x320, 0x330, 0x340, 0x350, 0x360, 0x370, 0x380,
				      0x3e0, 0x100, 0x170, 0x180, 0x1f0, 0x200, 0x270};
	u32 before[ARRAY_SIZE(offsets)];

	fake_write(bsp, 0xd0, 0x5a000000);
	fake_write(bsp, 0x80, 0x35);
	fake_write(bsp, 0x310, 0x07000000);
	fake_write(bsp, 0x380, 12345678);
	lapic_post(bsp, 0xe5, false);
	takes(bsp, 0xe5);
	lapic_post(bsp, 0xe1, true);
	for (unsigned i = 0; i < ARRAY_SIZE(offsets); i++)
		before[i] = fake_read(bsp, offsets[i]);
	assert_true(lapic_lend(bsp, &page));
	for (unsigned i = 0; i < ARRAY_SIZE(offsets); i++)
		assert_int_equal(regs[offsets[i] / 4], before[i]);
	assert_int_equal(page.in_service, 0xe5);
	assert_int_equal(page.requested, 0xe1);
}

/* And back, with what the CPU has changed. */
static void
comes_back(void **state)
{
	lapic_post(bsp, VECTOR, false);
	assert_true(lapic_lend(bsp, &page));
	cpu_delivers(VECTOR);
	regs[0x80 / 4] = 0x20;	      /* TPR */
	regs[0x310 / 4] = 0x05000000; /* ICR, the half that is written without an exit */
	lapic_reclaim(bsp);
	assert_int_equal(fake_read(bsp, 0x80), 0x20);
	assert_int_equal(fake_read(bsp, 0x310), 0x05000000);
	assert_int_equal(fake_read(bsp, 0xa0), VECTOR & 0xf0);
	assert_int_equal(lapic_pending(bsp), -1);
	fake_write(bsp, 0xb0, 0);
	assert_int_equal(fake_read(bsp, 0xa0), 0x20);
}

/* A request that the CPU has not delivered is pending for the model, too. */
static void
requests_come_back(void **state)
{
	lapic_post(bsp, VECTOR, false);
	lapic_lend(bsp, &page);
	assert_int_equal(lapic_pending(bsp), -1); /* the CPU's business */
	lapic_post(bsp, LOWER, false);
	assert_int_equal(lapic_pending(bsp), -1);
	lapic_reclaim(bsp);
	takes(bsp, VECTOR);
	fake_write(bsp, 0xb0, 0);
	takes(bsp, LOWER);
}

/* While it is lent, what comes in is kept outside of the page, with a kick, until the next time. */
static void
posted_while_lent(void **state)
{
	unsigned kicks;

	lapic_lend(bsp, &page);
	assert_int_equal(page.requested, 0);
	assert_false(lapic_lend(bsp, &page)); /* nothing new */
	kicks = fake_cpus[0].kicks;
	lapic_post(bsp, LOWER, false);
	assert_int_equal(fake_cpus[0].kicks, kicks + 1);
	assert_int_equal(bit_of(0x200, LOWER), 0);
	assert_true(lapic_lend(bsp, &page));
	assert_int_equal(bit_of(0x200, LOWER), 1);
	assert_int_equal(page.requested, LOWER);
	lapic_post(bsp, VECTOR, false);
	assert_true(lapic_lend(bsp, &page));
	assert_int_equal(page.requested, VECTOR);
	cpu_delivers(VECTOR);
	lapic_post(bsp, VECTOR, false); /* once more, while it is in service */
	assert_true(lapic_lend(bsp, &page));
	assert_int_equal(page.requested, VECTOR);
	assert_int_equal(page.in_service, VECTOR);
}

/* The EOI of a level-triggered vector reaches the I/O APIC, that of another does not exit. */
static void
level_triggered(void **state)
{
	lapic_post(bsp, VECTOR, true);
	lapic_lend(bsp, &page);
	assert_int_equal(page.eoi_exits[1], 1ul << (VECTOR - 64));
	assert_int_equal(bit_of(0x180, VECTOR), 1);
	cpu_delivers(VECTOR);
	cpu_ends(VECTOR);
	assert_int_equal(broadcasts, 1);
	assert_int_equal(broadcast[0], VECTOR);
	lapic_post(bsp, VECTOR, false);
	lapic_lend(bsp, &page);
	assert_int_equal(page.eoi_exits[1], 0);
	cpu_delivers(VECTOR);
	cpu_ends(VECTOR);
	assert_int_equal(broadcasts, 1);
}

/* An APIC-write exit: the value is in the page (30.4.3.3). */
static void
written_registers(void **state)
{
	lapic_lend(bsp, &page);
	regs[0x380 / 4] = 1000000;
	lapic_written(bsp, 0x380);
	assert_int_equal(fake_read(bsp, 0x380), 1000000);
	assert_true(fake_read(bsp, 0x390) > 900000);

	lapic_lend(bsp, &page);
	regs[0x300 / 4] = 0x4000 | LOWER; /* to APIC 1, whose id is in the page alone */
	regs[0x310 / 4] = 0x01000000;
	lapic_written(bsp, 0x300);
	takes(ap(1), LOWER);

	lapic_lend(bsp, &page);
	regs[0x20 / 4] =
		0x77000000; /* the id can't be written: the guest reads the right one again */
	lapic_written(bsp, 0x20);
	lapic_lend(bsp, &page);
	assert_int_equal(regs[0x20 / 4], 0);
	lapic_written(bsp, 0xffc); /* nothing is there */
	lapic_written(bsp, 0x10000);
}

/* ExtINT is none of the APIC's requests: the CPU can't deliver it. */
static void
extint_stays_ours(void **state)
{
	fake_write(bsp, 0x350, 0x700);
	lapic_lend(bsp, &page);
	lapic_post(bsp, VECTOR, false);
	lapic_lint(bsp, 0, true);
	assert_int_equal(lapic_pending(bsp), LAPIC_EXTINT);
	lapic_lend(bsp, &page);
	assert_int_equal(lapic_pending(bsp), LAPIC_EXTINT);
	lapic_reclaim(bsp);
	takes(bsp, LAPIC_EXTINT);
	lapic_lint(bsp, 0, false);
	takes(bsp, VECTOR);
}

static void
modes(void **state)
{
	assert_int_equal(lapic_mode(bsp), LAPIC_XAPIC);
	wrmsr(bsp, APIC_BASE_MSR, 0xfee00d00);
	assert_int_equal(lapic_mode(bsp), LAPIC_X2APIC);
	lapic_lend(bsp, &page);
	assert_int_equal(regs[0xd0 / 4], 1); /* the logical id follows from the id (11.12.10.2) */
	lapic_reclaim(bsp);
	wrmsr(bsp, APIC_BASE_MSR, 0xfee00100);
	assert_int_equal(lapic_mode(bsp), LAPIC_ELSEWHERE);
	wrmsr(bsp, APIC_BASE_MSR, 0xfed00900);
	assert_int_equal(lapic_mode(bsp), LAPIC_ELSEWHERE);
}

/* The ICR is one register of 64 bits (11.12.9), and what the page has at 310h is nothing. */
static void
x2apic_icr(void **state)
{
	wrmsr(bsp, APIC_BASE_MSR, 0xfee00d00);
	wrmsr(bsp, 0x830, 5ul << 32 | 0x4000 | LOWER);
	lapic_lend(bsp, &page);
	assert_int_equal(regs[0x300 / 4], 0x4000 | LOWER);
	assert_int_equal(regs[0x304 / 4], 5);
	lapic_reclaim(bsp);
	assert_int_equal(rdmsr(bsp, 0x830), 5ul << 32 | 0x4000 | LOWER);
}

/* INIT takes it from the CPU, whatever the page says. */
static void
init_takes_it_back(void **state)
{
	lapic_post(bsp, VECTOR, false);
	lapic_lend(bsp, &page);
	lapic_init_reset(bsp);
	assert_int_equal(lapic_pending(bsp), -1);
	assert_int_equal(fake_read(bsp, 0x80), 0);
	lapic_lend(bsp, &page);
	assert_int_equal(page.requested, 0);
	assert_int_equal(bit_of(0x200, VECTOR), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(registers_are_in_the_page, lent),
		cmocka_unit_test_setup(comes_back, lent),
		cmocka_unit_test_setup(requests_come_back, lent),
		cmocka_unit_test_setup(posted_while_lent, lent),
		cmocka_unit_test_setup(level_triggered, lent),
		cmocka_unit_test_setup(written_registers, lent),
		cmocka_unit_test_setup(extint_stays_ours, lent),
		cmocka_unit_test_setup(modes, lent),
		cmocka_unit_test_setup(x2apic_icr, lent),
		cmocka_unit_test_setup(init_takes_it_back, lent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
