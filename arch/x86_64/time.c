/* SPDX-License-Identifier: MIT */
/* The clock, and waits with a deadline. */
#include "arch/x86_64/time.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/tsc.h"
#include "include/bits.h"

#define LEAP BIT(31) /* in counts; of the HPET's 100 million a second, 21 s */

static u64 first_tsc;		      /* at the hypervisor's first instruction */
static const struct refclock *source; /* NULL: the TSC */
static u64 source_ns_32;	      /* nanoseconds a count, with 32 binary places */
static u64 source_start_ns;	      /* the clock when the source took over */
static u64 extended;		      /* the source's counter, wider than the hardware's */
static u64 waited;

void
clock_init(u64 tsc_at_start)
{
	first_tsc = tsc_at_start;
}

/* How far the counter has gone on since it was at `last`. */
static u64
step_since(u64 last)
{
	u64 step = (source->read() - last) & source->mask;

	/*
	 * A read of 64 bits may be two of 32, with a carry between them (IA-PC HPET specification
	 * 1.0a, 2.4.7): then it is a whole 2^32 off, and the next one is not.
	 */
	if (step > LEAP)
		step = (source->read() - last) & source->mask;
	return step;
}

/*
 * The counter is extended in software: it must be read at least once in half a wrap. Whoever
 * reads moves `extended` forward; a reader that was overtaken sees a step of more than half.
 */
static u64
read_extended(void)
{
	u64 last = __atomic_load_n(&extended, __ATOMIC_ACQUIRE);

	for (;;) {
		u64 step = step_since(last);

		if (step == 0 || step > source->mask / 2)
			return last;
		if (__atomic_compare_exchange_n(&extended, &last, last + step, false,
						__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return last + step;
	}
}

static u64 extended_start;

u64
clock_ns(void)
{
	if (source == NULL)
		return tsc_to_ns(rdtsc() - first_tsc);
	return source_start_ns + scale_32(read_extended() - extended_start, source_ns_32);
}

/* Between two reads this CPU may be lost to somebody else: SMM, or the host of an emulator. */
static struct moment
closest_moment(void)
{
	struct moment best = {0};
	u64 shortest = ~0ul;

	for (unsigned n = 0; n < 8; n++) {
		u64 begin = rdtsc(), ns = clock_ns(), took = rdtsc() - begin;

		if (took >= shortest)
			continue;
		shortest = took;
		best = (struct moment){ns, begin + took / 2};
	}
	return best;
}

struct moment
clock_moment(void)
{
	u64 tsc;

	if (source != NULL)
		return closest_moment();
	tsc = rdtsc();
	return (struct moment){tsc_to_ns(tsc - first_tsc), tsc};
}

u64
clock_from_tsc(u64 tsc)
{
	return tsc_to_ns(tsc - first_tsc);
}

/* One that is near the next is not torn, as those of step_since() may be. */
static u64
read_whole(const struct refclock *ref)
{
	enum { TRIES = 4 };
	u64 last = ref->read(), step = ~0ul;

	for (unsigned n = 0; n < TRIES && step > LEAP; n++) {
		u64 next = ref->read();

		step = (next - last) & ref->mask;
		last = next;
	}
	return last;
}

void
clock_use(const struct refclock *ref)
{
	u64 now = clock_ns();

	if (ref == NULL)
		return;
	source_start_ns = now;
	source_ns_32 = ((u64)NS_PER_S << 32) / ref->hz;
	extended = extended_start = read_whole(ref);
	__atomic_store_n(&source, ref, __ATOMIC_RELEASE); /* last: other CPUs may be reading */
}

const char *
clock_source_name(void)
{
	return source == NULL ? "TSC" : source->name;
}

bool
clock_is_tsc(void)
{
	return source == NULL;
}

u64
clock_keepalive_ns(void)
{
	if (source == NULL || source->mask == ~0ul)
		return 0;
	return source->mask / 3 * NS_PER_S / source->hz;
}

void
delay_us(u64 us)
{
	(void)wait_until(us, false);
}

struct wait
wait_begin(u64 us)
{
	return (struct wait){rdtsc(), ns_to_tsc(us * NS_PER_US)};
}

bool
wait_goes_on(const struct wait *wait)
{
	return rdtsc() - wait->begin < wait->ticks;
}

void
wait_end(const struct wait *wait)
{
	if (cpu_index() == 0)
		__atomic_add_fetch(&waited, rdtsc() - wait->begin, __ATOMIC_RELAXED);
}

u64
wait_total_ticks(void)
{
	return READ_ONCE(waited);
}
