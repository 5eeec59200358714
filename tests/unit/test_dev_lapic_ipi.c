/* SPDX-License-Identifier: MIT */
// SOURCES: dev/lapic.c dev/lapic_access.c dev/lapic_error.c dev/lapic_ipi.c dev/lapic_lvt.c
// SOURCES: dev/lapic_regs.c dev/lapic_timer.c lib/log.c lib/error.c lib/lock.c lib/format.c
/* Interrupts from one local APIC to others (SDM vol. 3, 11.6), also from several threads. */
#include "tests/unit/test.h"

#include <pthread.h>
#include <sched.h>

#include "tests/unit/fake/lapic_cpu.h"

static void
ipi_physical(void **state)
{
	ipi(bsp, 2, 0x4041);
	assert_int_equal(fake_read(bsp, ICR), 0x4041); /* idle */
	assert_int_equal(fake_cpus[1].kicks, 0);
	takes_and_ends(ap(2), 0x41);
	ipi(bsp, 0, 0x4042);
	takes_and_ends(bsp, 0x42);
	ipi(bsp, 77, 0x4043); /* nobody */
	ipi(bsp, 0xff, 0x4044);
	for (unsigned n = 0; n < 4; n++)
		takes_and_ends(ap(n), 0x44);
	/* The trigger mode means nothing: IPIs are edges. */
	ipi(bsp, 1, 0xc045);
	assert_int_equal(fake_read(ap(1), TMR + 0x20), 0);
	takes_and_ends(ap(1), 0x45);
	assert_int_equal(errors(bsp), 0);
}

static void
ipi_shorthands(void **state)
{
	fake_write(bsp, ICR, 0x44051);
	takes_and_ends(bsp, 0x51);
	fake_write(ap(1), ICR, 0x84052);
	for (unsigned n = 0; n < 4; n++)
		takes_and_ends(ap(n), 0x52);
	fake_write(ap(1), ICR, 0xc4053);
	assert_int_equal(lapic_pending(ap(1)), -1);
	takes_and_ends(bsp, 0x53);
	takes_and_ends(ap(2), 0x53);
	takes_and_ends(ap(3), 0x53);
	/* Table 11-3: these are invalid. */
	fake_write(bsp, ICR, 0x44400);
	fake_write(bsp, ICR, 0x84400);
	fake_write(bsp, ICR, 0x84500);
	assert_int_equal(fake_cpus[0].nmis + fake_cpus[1].nmis + fake_cpus[1].inits, 0);
	fake_write(bsp, ICR, 0xc4400);
	assert_int_equal(fake_cpus[0].nmis, 0);
	assert_int_equal(fake_cpus[1].nmis + fake_cpus[2].nmis + fake_cpus[3].nmis, 3);
	/* Lowest priority among the others. */
	lapic_set_cr8(ap(1), 5);
	lapic_set_cr8(ap(3), 6);
	fake_write(bsp, ICR, 0xc4154);
	takes_and_ends(ap(2), 0x54);
	assert_int_equal(lapic_pending(bsp), -1);
}

static void
ipi_special_modes(void **state)
{
	fake_write(ap(1), SVR, 0xff);
	ipi(bsp, 1, 0x4400);
	assert_int_equal(fake_cpus[1].nmis, 1); /* off by software, it still hears these */
	ipi(bsp, 1, 0xc500);
	assert_int_equal(fake_cpus[1].inits, 1);
	ipi(bsp, 1, 0x8500); /* level de-assert: nothing */
	assert_int_equal(fake_cpus[1].inits, 1);
	ipi(bsp, 1, 0x4690);
	assert_int_equal(fake_cpus[1].startups, 1);
	assert_int_equal(fake_cpus[1].page, 0x90);
	ipi(bsp, 1, 0x4600); /* page 0 is no illegal vector */
	assert_int_equal(fake_cpus[1].startups, 2);
	ipi(bsp, 1, 0x4200); /* SMI */
	ipi(bsp, 1, 0x4341); /* reserved */
	ipi(bsp, 1, 0x4741); /* ExtINT is not for IPIs */
	ipi(bsp, 0, 0x4741);
	ipi(bsp, 1, 0x4041); /* fixed: it is off */
	assert_int_equal(lapic_pending(ap(1)), -1);
	assert_int_equal(lapic_pending(bsp), -1);
	ipi(bsp, 0xff, 0x4400); /* NMI for all, itself too */
	assert_int_equal(fake_cpus[0].nmis, 1);
	assert_int_equal(fake_cpus[1].nmis, 2);
	assert_int_equal(errors(bsp), 0);
}

static void
ipi_illegal_vector(void **state)
{
	ipi(bsp, 1, 0x400f);
	ipi(bsp, 1, 0x4100);
	assert_int_equal(errors(bsp), 0x20);
	assert_int_equal(errors(ap(1)), 0);
	assert_int_equal(fake_cpus[1].kicks, 0);
}

static void
ipi_logical_flat(void **state)
{
	for (unsigned n = 0; n < 4; n++)
		fake_write(ap(n), LDR, 1u << (24 + n));
	ipi(bsp, 0x0a, 0x4841);
	takes_and_ends(ap(1), 0x41);
	takes_and_ends(ap(3), 0x41);
	assert_int_equal(fake_cpus[0].kicks + fake_cpus[2].kicks, 0);
	ipi(bsp, 0xf0, 0x4842);
	ipi(bsp, 0, 0x4842);
	ipi(bsp, 0xff, 0x4843);
	for (unsigned n = 0; n < 4; n++)
		takes_and_ends(ap(n), 0x43);
	assert_int_equal(lapic_pending(bsp), -1);
}

static void
ipi_logical_cluster(void **state)
{
	static const u8 ids[4] = {0x11, 0x12, 0x21, 0x31};

	for (unsigned n = 0; n < 4; n++) {
		fake_write(ap(n), DFR, 0);
		fake_write(ap(n), LDR, (u32)ids[n] << 24);
	}
	ipi(bsp, 0x13, 0x4841);
	takes_and_ends(bsp, 0x41);
	takes_and_ends(ap(1), 0x41);
	ipi(bsp, 0x2f, 0x4842);
	takes_and_ends(ap(2), 0x42);
	ipi(bsp, 0x32, 0x4843);
	ipi(bsp, 0x41, 0x4843);
	assert_int_equal(fake_cpus[3].kicks, 0);
	ipi(bsp, 0xff, 0x4844);
	for (unsigned n = 0; n < 4; n++)
		takes_and_ends(ap(n), 0x44);
	fake_write(bsp, DFR, 0x50000000); /* no model at all */
	ipi(bsp, 0x11, 0x4845);
	assert_int_equal(lapic_pending(bsp), -1);
}

static void
lowest_priority(void **state)
{
	for (unsigned n = 0; n < 4; n++)
		fake_write(ap(n), LDR, 1u << (24 + n));
	lapic_set_cr8(ap(0), 4);
	lapic_set_cr8(ap(1), 2);
	lapic_set_cr8(ap(2), 3);
	fake_write(ap(3), SVR, 0xff); /* lowest of all, but off */
	ipi(bsp, 0x0f, 0x4961);
	takes(ap(1), 0x61);
	/* In service now, priority 6 ... */
	ipi(bsp, 0x0f, 0x4962);
	takes(ap(2), 0x62);
	/* ... but it is the focus of its own vector. */
	ipi(bsp, 0x0f, 0x4961);
	assert_int_equal(fake_read(ap(1), IRR + 0x30), 2);
	fake_write(ap(1), EOI, 0);
	takes_and_ends(ap(1), 0x61);
	/* Focus checking can be turned off. */
	fake_write(ap(2), EOI, 0);
	lapic_post(ap(0), 0x63, false);
	fake_write(ap(0), SVR, 0x3ff);
	ipi(bsp, 0x0f, 0x4963);
	takes_and_ends(ap(1), 0x63);
}

/* Equals take turns. */
static void
lowest_priority_spreads(void **state)
{
	for (unsigned i = 0; i < 8; i++) {
		ipi(bsp, 0xff, 0x4170);
		for (unsigned n = 0; n < 4; n++) {
			if (lapic_pending(ap(n)) == 0x70)
				takes_and_ends(ap(n), 0x70);
		}
	}
	for (unsigned n = 0; n < 4; n++)
		assert_int_equal(fake_cpus[n].kicks, 2);
}

/* One with eight bits of destination, as an I/O APIC has, at APICs in x2APIC mode. */
static void
narrow_messages(void **state)
{
	struct apic_message m = {.dest = 0xff, .vector = 0x41, .delivery = APIC_FIXED};

	to_x2apic(ap(1));
	assert_true(lapic_bus_send(&fake_bus, &m));
	takes(bsp, 0x41);
	takes(ap(1), 0x41);
	m = (struct apic_message){.dest = 2, .vector = 0x52, .logical = true};
	fake_write(ap(2), LDR, 0x02000000);
	assert_true(lapic_bus_send(&fake_bus, &m));
	takes(ap(1), 0x52); /* bit 1 of cluster 0 */
	takes(ap(2), 0x52);
	takes(ap(3), 0x41);
	assert_int_equal(lapic_pending(ap(3)), -1);
	fake_write(ap(2), LDR, 0x04000000);
	m.dest = 0x104; /* of an x2APIC: an xAPIC has no such bits */
	m.wide = true;
	assert_false(lapic_bus_send(&fake_bus, &m));
	m = (struct apic_message){.dest = 9, .vector = 0x52};
	assert_false(lapic_bus_send(&fake_bus, &m));
}

enum { ROUNDS = 20000, SENDERS = 3 };

static u32 served[SENDERS]; /* atomic: interrupts of each sender */

/* Asks for the next one when the last has been served: none may be lost, none come twice. */
static void *
sender(void *arg)
{
	unsigned which = (unsigned)(uintptr_t)arg;

	for (u32 round = 0; round < ROUNDS; round++) {
		lapic_post(bsp, (u8)(0x80 + which), which == 1);
		while (__atomic_load_n(&served[which], __ATOMIC_SEQ_CST) == round)
			sched_yield();
	}
	return NULL;
}

static void
senders_beside_the_cpu(void **state)
{
	pthread_t threads[SENDERS];
	u32 total = 0;

	for (uintptr_t i = 0; i < SENDERS; i++) {
		served[i] = 0;
		assert_int_equal(pthread_create(&threads[i], NULL, sender, (void *)i), 0);
	}
	while (total < SENDERS * ROUNDS) {
		int vector;

		if (lapic_pending(bsp) < 0) {
			sched_yield();
			continue;
		}
		vector = lapic_take(bsp); /* by now it may be a higher one */
		assert_in_range(vector, 0x80, 0x80 + SENDERS - 1);
		fake_write(bsp, EOI, 0);
		total++;
		__atomic_fetch_add(&served[vector - 0x80], 1, __ATOMIC_SEQ_CST);
	}
	for (unsigned i = 0; i < SENDERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(lapic_pending(bsp), -1);
	assert_int_equal(fake_cpus[0].kicks, SENDERS * ROUNDS);
}

#define test(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(ipi_physical),	 test(ipi_shorthands),
		test(ipi_special_modes), test(ipi_illegal_vector),
		test(ipi_logical_flat),	 test(ipi_logical_cluster),
		test(lowest_priority),	 test(lowest_priority_spreads),
		test(narrow_messages),	 test(senders_beside_the_cpu),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
