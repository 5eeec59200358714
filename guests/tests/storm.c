/* SPDX-License-Identifier: MIT */
/*
 * Wake-ups are never lost: each CPU sends IPIs to itself and to others, or sets its timer, at
 * random, and halts until what it has asked for is there. A CPU that is asked answers by an IPI,
 * whatever it is just waiting for. Options: vcpus=; rounds=, over all CPUs; seed=.
 *
 * A CPU that gets nowhere is found by another, or by the first one's own watchdog.
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/ioapic.h"
#include "guests/lib/smp.h"
#include "guests/lib/time.h"

enum { SELF = 0x31, ANSWER = 0x42, ASK = 0x53, TIMER = 0x64, WATCHDOG = 0xe0 };
enum { ICR_SELF = 1 << 18, ICR_LOGICAL = 1 << 11, PIT_INPUT = 2, KINDS = 4 };
enum { STUCK_S = 20, SPINS_MAX = 64, TIMER_MAX = 4096, PIT_RATE = 2 };

/* A cache line each. `asked` is all that others write. */
static struct cpu_state {
	volatile u32 self, answers, timers; /* taken */
	volatile u32 asked;		    /* a bit for each CPU that asks */
	volatile u64 rounds, last_tsc;	    /* done; when the last one was */
	const char *volatile waits_for;
	u64 random;
} __attribute__((aligned(64))) cpus[CPUS_MAX];

static u32 cpu_total;
static u64 rounds_each;
static volatile u32 ready, finished;

static u64
next_random(struct cpu_state *c)
{
	c->random ^= c->random << 13;
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	return c->random;
}

/* Without a wait for its delivery: the next ICR write is another round's. */
static void
send(u32 to, u32 command)
{
	apic_write(LAPIC_ICR_HIGH, to << 24);
	apic_write(LAPIC_ICR_LOW, command | ICR_ASSERT);
}

static void
take(struct trap *trap)
{
	struct cpu_state *c = &cpus[smp_index()];

	switch (trap->vector) {
	case SELF: c->self++; break;
	case ANSWER: c->answers++; break;
	default: c->timers++; break;
	}
	apic_eoi();
}

/* Before the EOI nobody else's ask gets in, so its bit is either seen here or raises the next. */
static void
take_ask(struct trap *trap)
{
	struct cpu_state *c = &cpus[smp_index()];
	u32 asked = __atomic_exchange_n(&c->asked, 0, __ATOMIC_SEQ_CST);

	(void)trap;
	for (u32 i = 0; i < cpu_total; i++) {
		if (asked & BIT32(i))
			send(i, ANSWER);
	}
	apic_eoi();
}

static void
check_stuck(void)
{
	u64 now = rdtsc();

	for (u32 i = 0; i < cpu_total; i++) {
		const struct cpu_state *c = &cpus[i];
		u64 last = c->last_tsc;

		if (c->rounds < rounds_each && now > last && now - last > STUCK_S * tsc_hz())
			guest_fail("CPU %u waits for its %s since %lu s, after %lu rounds", i,
				   c->waits_for, (now - last) / tsc_hz(), c->rounds);
	}
}

/* Some times a second to the first CPU; it has work only when a long time has passed. */
static void
watchdog(struct trap *trap)
{
	static u32 n;

	(void)trap;
	if (n++ % 64 == 0)
		check_stuck();
	apic_eoi();
}

/* IF is 0 from the look at the count to HLT, which STI's shadow covers. */
static void
halt_until(const volatile u32 *count, u32 value)
{
	while ((s32)(*count - value) < 0)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
}

static void
ipi_to_self(struct cpu_state *c, u32 id)
{
	u32 then = c->self + 1;

	c->waits_for = "IPI to itself";
	if (next_random(c) % 2 != 0)
		send(id, ICR_SELF | SELF);
	else
		send(id, SELF);
	halt_until(&c->self, then);
}

static void
ask_another(struct cpu_state *c, u32 id)
{
	u32 then = c->answers + 1, to = (u32)(next_random(c) % (cpu_total - 1));

	to += to >= id;
	c->waits_for = "answer";
	__atomic_or_fetch(&cpus[to].asked, BIT32(id), __ATOMIC_SEQ_CST);
	if (next_random(c) % 4 == 0)
		send(1u << to, ICR_LOGICAL | ASK);
	else
		send(to, ASK);
	halt_until(&c->answers, then);
}

static void
set_timer(struct cpu_state *c)
{
	u32 then = c->timers + 1;

	c->waits_for = "timer";
	apic_write(LAPIC_TIMER_INITIAL, (u32)(next_random(c) % TIMER_MAX) + 1);
	halt_until(&c->timers, then);
}

static void
spin(struct cpu_state *c)
{
	for (u64 n = next_random(c) % SPINS_MAX; n > 0; n--)
		cpu_relax();
}

static void
one_round(struct cpu_state *c, u32 id)
{
	switch (next_random(c) % KINDS) {
	case 0: ipi_to_self(c, id); break;
	case 1: set_timer(c); break;
	default: ask_another(c, id); break;
	}
	/* Now and then nothing is let in for a while, so that several come at once. */
	spin(c);
	if (next_random(c) % 4 == 0)
		__asm__ volatile("sti; nop; cli" : : : "memory");
}

/* An IPI by a logical id is for nobody before that CPU has it. */
static void
prepare(u32 id)
{
	apic_write(APIC_DFR, ~0u);
	apic_write(APIC_LDR, 1u << id << 24);
	apic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_16);
	apic_write(LAPIC_LVT_TIMER, TIMER);
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	while (ready < cpu_total)
		cpu_relax();
}

static void
storm(u32 id)
{
	struct cpu_state *c = &cpus[id];

	prepare(id);
	for (u64 n = 0; n < rounds_each; n++) {
		c->last_tsc = rdtsc();
		one_round(c, id);
		c->rounds = n + 1;
	}
	__atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
	while (finished < cpu_total || id != 0)
		__asm__ volatile("sti; hlt; cli" : : : "memory"); /* and answers the others */
}

GUEST("storm")
{
	u64 seed = option("seed", 1);

	cpu_total = (u32)option("vcpus", 2);
	rounds_each = option("rounds", 4000) / cpu_total;
	CHECK(cpu_total >= 2 && cpu_total <= 8); /* flat logical ids */
	print("%lu rounds on each of %u CPUs, seed %lu\n", rounds_each, cpu_total, seed);
	tsc_hz();
	apic_enable();
	trap_on(SELF, take);
	trap_on(ANSWER, take);
	trap_on(TIMER, take);
	trap_on(ASK, take_ask);
	trap_on(WATCHDOG, watchdog);
	for (u32 i = 0; i < cpu_total; i++) {
		cpus[i].random = (seed + 1) * (i + 1) * 0x9e3779b97f4a7c15ul;
		cpus[i].last_tsc = rdtsc();
		if (i > 0)
			CHECK(smp_start(i, i, storm));
	}
	pit_start(PIT_RATE, 0); /* 18 times a second */
	ioapic_route(PIT_INPUT, 0, WATCHDOG);
	storm(0);
}
