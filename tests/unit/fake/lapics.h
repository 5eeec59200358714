/* SPDX-License-Identifier: MIT */
/*
 * Local APICs on a bus, each with a vCPU that only counts what reaches it. The TSC of all runs at
 * fake_tsc_hz on the fake clock. For one translation unit.
 */
#pragma once

#include "dev/lapic.h"
#include "tests/unit/fake/vclock.h"

#define FAKE_TSC_HZ 2000000000ul

enum { FAKE_LAPICS = 20 };

struct fake_cpu {
	struct lapic lapic;
	unsigned kicks, nmis, inits, startups;
	u8 page;
};

static struct vclock fake_clock;
static u64 fake_tsc_hz = FAKE_TSC_HZ;
static struct lapic_bus fake_bus;
static struct fake_cpu fake_cpus[FAKE_LAPICS];

static struct fake_cpu *
fake_cpu_of(struct lapic *l)
{
	return l->config.owner;
}

static void
fake_kick(struct lapic *l)
{
	__atomic_fetch_add(&fake_cpu_of(l)->kicks, 1, __ATOMIC_RELAXED);
}

static void
fake_nmi(struct lapic *l)
{
	fake_cpu_of(l)->nmis++;
}

static void
fake_init(struct lapic *l)
{
	fake_cpu_of(l)->inits++;
}

static void
fake_startup(struct lapic *l, u8 page)
{
	fake_cpu_of(l)->startups++;
	fake_cpu_of(l)->page = page;
}

static inline u64
fake_guest_tsc(struct lapic *l)
{
	return (u64)((unsigned __int128)vclock_ns(l->config.clock) * fake_tsc_hz / 1000000000);
}

/* How long ago the access was that a test makes. */
static u64 fake_ago;

static u64
fake_ago_ns(struct lapic *l)
{
	return fake_ago;
}

static const struct lapic_ops fake_lapic_ops = {
	.kick = fake_kick,
	.nmi = fake_nmi,
	.init = fake_init,
	.startup = fake_startup,
	.ago_ns = fake_ago_ns,
	.tsc = fake_guest_tsc,
};

/* count APICs with ids from 0, after power-on. */
static inline void
fake_lapics(unsigned count)
{
	fake_clock = (struct vclock){.now = 1000000};
	lapic_bus_init(&fake_bus);
	for (u32 id = 0; id < count; id++) {
		struct lapic_config config = {.id = id,
					      .ops = &fake_lapic_ops,
					      .owner = &fake_cpus[id],
					      .clock = &fake_clock,
					      .tsc_hz = fake_tsc_hz,
					      .phys_bits = 40};

		fake_cpus[id] = (struct fake_cpu){0};
		lapic_setup(&fake_cpus[id].lapic, &fake_bus, &config);
	}
}

static inline u32
fake_read(struct lapic *l, u32 offset)
{
	struct io io = {.offset = offset, .size = 4};

	lapic_mmio(l, &io);
	return (u32)io.value;
}

static inline void
fake_write(struct lapic *l, u32 offset, u32 value)
{
	struct io io = {.offset = offset, .size = 4, .write = true, .value = value};

	lapic_mmio(l, &io);
}
