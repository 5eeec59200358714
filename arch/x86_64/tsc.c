/* SPDX-License-Identifier: MIT */
/* The TSC: rate and agreement. */
#include "arch/x86_64/tsc.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/time.h"
#include "include/bits.h"
#include "lib/log.h"

enum {
	KHZ_ASSUMED = 10000000,
	WINDOW_MS = 10,
	ROUNDS = 3,
	WINDOW_DEADLINE_US = 100 * 1000,
	AGREEMENT = 1000, /* a part in so many */
};

/* For ns <-> ticks: fixed point with 32 binary places. */
static u64 khz = KHZ_ASSUMED;
static u64 ticks_per_ns_32 = ((u64)KHZ_ASSUMED << 32) / NS_PER_MS;
static u64 ns_per_tick_32 = ((u64)NS_PER_MS << 32) / KHZ_ASSUMED;
static u64 spent;

u64
tsc_khz(void)
{
	return khz;
}

u64
ns_to_tsc(u64 ns)
{
	return scale_32(ns, ticks_per_ns_32);
}

u64
tsc_to_ns(u64 ticks)
{
	return scale_32(ticks, ns_per_tick_32);
}

static void
set_rate(u64 new_khz)
{
	khz = new_khz;
	ticks_per_ns_32 = (khz << 32) / NS_PER_MS;
	ns_per_tick_32 = ((u64)NS_PER_MS << 32) / khz;
}

/* The rate in kHz over one window of the reference; 0 when that stands still. */
static u64
measure_once(const struct refclock *ref)
{
	u64 want = ref->hz * WINDOW_MS / 1000;
	u64 deadline = ns_to_tsc((u64)WINDOW_DEADLINE_US * NS_PER_US);
	u64 ref_begin = ref->read(), begin = rdtsc(), passed, now;

	do {
		passed = (ref->read() - ref_begin) & ref->mask;
		now = rdtsc();
		if (now - begin > deadline)
			return 0;
		cpu_relax();
	} while (passed < want);
	return (now - begin) * ref->hz / passed / 1000;
}

static u64
median(const u64 v[ROUNDS])
{
	u64 low = MIN(v[0], v[1]), high = MAX(v[0], v[1]);

	return MAX(low, MIN(high, v[2]));
}

/* SDM vol. 2, CPUID leaf 15h: the exact rate, where the crystal's is given too. */
static u64
cpuid_khz(void)
{
	const struct cpu_features *f = cpu_features();

	if (f->tsc_denominator == 0 || f->tsc_numerator == 0 || f->crystal_hz == 0)
		return 0;
	return (u64)f->crystal_hz * f->tsc_numerator / f->tsc_denominator / 1000;
}

int
tsc_calibrate(const struct refclock *ref)
{
	u64 begin = rdtsc(), measured[ROUNDS], rate, exact = cpuid_khz();

	for (unsigned i = 0; i < ROUNDS; i++)
		measured[i] = measure_once(ref);
	rate = median(measured); /* one may be wrong: a stop of this CPU, a torn reading */
	if (rate == 0)
		return fail(-ERR_TIMEOUT);
	if (exact != 0) {
		u64 apart = MAX(exact, rate) - MIN(exact, rate);

		if (apart <= rate / AGREEMENT)
			rate = exact;
		else
			log_warn("TSC: CPUID leaf 15h says %lu kHz, the %s measures %lu: taking "
				 "the latter",
				 exact, ref->name, rate);
	}
	set_rate(rate);
	spent += rdtsc() - begin;
	return 0;
}

void
calibration_delay_us(u64 us)
{
	u64 begin = rdtsc(), ticks = ns_to_tsc(us * NS_PER_US);

	while (rdtsc() - begin < ticks)
		cpu_relax();
	spent += rdtsc() - begin;
}

u64
calibration_ticks(void)
{
	return spent;
}

/*
 * The comparison. First the offset: the boot CPU asks, the new one answers with its TSC,
 * ROUND_TRIPS times; the quickest round trip is the truest. Then both look again and again at one
 * shared latest value: seeing a smaller one on one's own TSC is a warp.
 */
enum { ROUND_TRIPS = 16, WARP_LOOKS = 1000, MEET_DEADLINE_US = 10000000 /* as smp.c */ };

static u32 turn; /* odd: the boot CPU has asked; even: the new one has answered */
static u64 answer;
static u64 latest; /* of both; guarded by latest_taken */
static bool latest_taken;
static u32 warps;
static bool unknown; /* a CPU's comparison was not finished */
static u32 arrived;  /* CPUs at the start of the warp test, over all tests */
static s64 largest_offset;

bool
tsc_warped(void)
{
	return READ_ONCE(warps) != 0;
}

s64
tsc_largest_offset(void)
{
	return largest_offset;
}

static void
look_for_warps(void)
{
	u32 all = __atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL);

	all += all & 1; /* an even number have arrived when the other side has too */
	if (!wait_until(MEET_DEADLINE_US, READ_ONCE(arrived) >= all)) {
		__atomic_store_n(&unknown, true, __ATOMIC_RELAXED);
		return;
	}
	for (unsigned i = 0; i < WARP_LOOKS; i++) {
		u64 now;

		while (__atomic_exchange_n(&latest_taken, true, __ATOMIC_ACQUIRE))
			cpu_relax();
		now = rdtsc();
		if (now < latest)
			__atomic_add_fetch(&warps, 1, __ATOMIC_RELAXED);
		else
			latest = now;
		__atomic_store_n(&latest_taken, false, __ATOMIC_RELEASE);
	}
}

static u64
magnitude(s64 v)
{
	return v < 0 ? 0 - (u64)v : (u64)v;
}

void
tsc_compare_boot_side(u32 cpu)
{
	u64 quickest = ~0ul;
	s64 offset = 0;

	for (u32 i = 0; i < ROUND_TRIPS; i++) {
		u64 begin = rdtsc(), trip;

		__atomic_store_n(&turn, 2 * i + 1, __ATOMIC_RELEASE);
		if (!wait_until(MEET_DEADLINE_US,
				__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == 2 * i + 2)) {
			log_warn("CPU %u did not answer the comparison of time-stamp counters",
				 cpu);
			__atomic_store_n(&unknown, true, __ATOMIC_RELAXED);
			break;
		}
		trip = rdtsc() - begin;
		if (trip < quickest) {
			quickest = trip;
			offset = (s64)(answer - (begin + trip / 2));
		}
	}
	__atomic_store_n(&turn, 0, __ATOMIC_RELEASE);
	if (magnitude(offset) <= quickest / 2) /* no more than the round trip hides */
		offset = 0;
	cpu_get(cpu)->tsc_offset = offset;
	if (magnitude(offset) > magnitude(largest_offset))
		largest_offset = offset;
	look_for_warps();
}

void
tsc_compare_new_side(u32 cpu __unused)
{
	for (u32 i = 0; i < ROUND_TRIPS; i++) {
		if (!wait_until(MEET_DEADLINE_US,
				__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == 2 * i + 1))
			break;
		answer = rdtsc();
		__atomic_store_n(&turn, 2 * i + 2, __ATOMIC_RELEASE);
	}
	look_for_warps();
}

bool
tsc_agree(void)
{
	return largest_offset == 0 && !tsc_warped() && !READ_ONCE(unknown);
}

bool
tsc_is_reliable(void)
{
	return cpu_features()->invariant_tsc && !tsc_warped() && !READ_ONCE(unknown);
}
