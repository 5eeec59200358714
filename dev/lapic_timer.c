/* SPDX-License-Identifier: MIT */
/*
 * The APIC timer (SDM vol. 3, 11.5.4) on a timer of the VM's clock. Its input clock is
 * LAPIC_TIMER_HZ, one tick a nanosecond: a count is nanoseconds >> divider. Times that have been
 * missed, because the vCPU was kept off its CPU, come as one interrupt.
 */
#include "dev/lapic_model.h"

/* However short a period is, its expiry comes no more often: the host's work is bounded. */
#define PERIOD_MIN_NS 50000ul

/* Further than this the timer is set in steps: some days, which fit into 64 bits of ns at any rate.
 */
#define TICKS_MAX     BIT(50)

/* Figure 11-10: bits 3, 1, 0; 0 divides by 2, 6 by 128, 7 by 1. */
static unsigned
shift_of(u32 divide)
{
	return (((divide >> 1 & 4) | (divide & 3)) + 1) & 7;
}

static u64
period_ns(const struct lapic_timer *t)
{
	return (u64)t->initial << shift_of(t->divide);
}

static void
stop(struct lapic_timer *t)
{
	t->running = false;
	t->tsc_deadline = 0;
	vtimer_cancel(&t->vtimer);
}

static void
run_until(struct lapic_timer *t, u64 deadline)
{
	t->running = true;
	t->deadline = deadline;
	vtimer_set(&t->vtimer, deadline);
}

/* One more nanosecond: rounded down it would come before the TSC is there. */
static void
set_for_ticks(struct lapic_timer *t, u64 ticks)
{
	u64 ns = scale_32(MIN(ticks, TICKS_MAX), t->ns_per_tick);

	vtimer_set(&t->vtimer, vclock_ns(t->vtimer.clock) + ns + 1);
}

/* Whether the TSC has reached the deadline; else waits on. */
static bool
expire_deadline(struct lapic *l)
{
	struct lapic_timer *t = &l->timer;
	u64 tsc = l->config.ops->tsc(l);

	if (tsc < t->tsc_deadline) {
		set_for_ticks(t, t->tsc_deadline - tsc);
		return false;
	}
	t->running = false;
	t->tsc_deadline = 0;
	return true;
}

/* The next time that is still to come; it keeps the rhythm whatever was missed. */
static void
next_period(struct lapic_timer *t, u64 now)
{
	u64 period = period_ns(t), missed = (now - t->deadline) / period;

	t->deadline += (missed + 1) * period;
	vtimer_set(&t->vtimer, MAX(t->deadline, now + PERIOD_MIN_NS));
}

/* An expiry may be late for a setting that is no longer: look whether it is time. */
static bool
expire_count(struct lapic_timer *t)
{
	u64 now = vclock_ns(t->vtimer.clock);

	if (now < t->deadline) {
		vtimer_set(&t->vtimer, t->deadline);
		return false;
	}
	if (t->mode == TIMER_PERIODIC)
		next_period(t, now);
	else
		t->running = false;
	return true;
}

static void
expired(struct vtimer *vtimer)
{
	struct lapic *l = container_of(vtimer, struct lapic, timer.vtimer);
	struct lapic_timer *t = &l->timer;
	u64 flags = spin_lock(&t->lock);
	bool fires = false;

	if (t->running)
		fires = t->mode == TIMER_DEADLINE ? expire_deadline(l) : expire_count(t);
	spin_unlock(&t->lock, flags);
	if (fires)
		apic_fire_lvt(l, LVT_TIMER);
}

void
apic_timer_setup(struct lapic *l)
{
	struct lapic_timer *t = &l->timer;

	spin_init(&t->lock, RANK_VIRQ, "lapic timer");
	vtimer_init(&t->vtimer, l->config.clock, expired);
	if (l->config.tsc_hz != 0)
		t->ns_per_tick = (1000000000ul << 32) / l->config.tsc_hz;
}

void
apic_timer_reset(struct lapic *l)
{
	struct lapic_timer *t = &l->timer;
	u64 flags = spin_lock(&t->lock);

	stop(t);
	t->mode = TIMER_ONE_SHOT;
	t->initial = 0;
	t->divide = 0;
	spin_unlock(&t->lock, flags);
}

/* 11.5.4.1: going to TSC-deadline mode, or leaving it, disarms; the counting modes only differ at
 * the end of the count. */
void
apic_timer_set_mode(struct lapic *l, enum apic_timer_mode mode)
{
	struct lapic_timer *t = &l->timer;
	u64 flags = spin_lock(&t->lock);

	if (t->mode != mode && (t->mode >= TIMER_DEADLINE || mode >= TIMER_DEADLINE))
		stop(t);
	t->mode = (u8)mode;
	spin_unlock(&t->lock, flags);
}

/* In TSC-deadline mode it is ignored (11.5.4.1); 0 stops the count. */
void
apic_timer_set_initial(struct lapic *l, u32 count)
{
	struct lapic_timer *t = &l->timer;
	u64 flags = spin_lock(&t->lock);

	if (t->mode < TIMER_DEADLINE) {
		t->initial = count;
		if (count == 0)
			stop(t);
		else
			run_until(t, vclock_ns(t->vtimer.clock) - l->config.ops->ago_ns(l) +
					     period_ns(t));
	}
	spin_unlock(&t->lock, flags);
}

/* Nanoseconds to the count's end, also where its expiry is late. */
static u64
left_ns(const struct lapic_timer *t)
{
	u64 now = vclock_ns(t->vtimer.clock);

	if (!t->running || t->mode >= TIMER_DEADLINE)
		return 0;
	if (now < t->deadline)
		return t->deadline - now;
	return t->mode == TIMER_PERIODIC ? period_ns(t) - (now - t->deadline) % period_ns(t) : 0;
}

static u64
current_count(const struct lapic_timer *t)
{
	unsigned shift = shift_of(t->divide);

	return (left_ns(t) + BIT(shift) - 1) >> shift;
}

/* A running count goes on from where it is, at the new rate. */
void
apic_timer_set_divide(struct lapic *l, u32 divide)
{
	struct lapic_timer *t = &l->timer;
	u64 flags = spin_lock(&t->lock), count = current_count(t);

	t->divide = divide;
	if (count != 0)
		run_until(t, vclock_ns(t->vtimer.clock) + (count << shift_of(divide)));
	spin_unlock(&t->lock, flags);
}

u32
apic_timer_current(struct lapic *l)
{
	u64 flags = spin_lock(&l->timer.lock), count = current_count(&l->timer);

	spin_unlock(&l->timer.lock, flags);
	return (u32)count;
}

u64
apic_timer_deadline(struct lapic *l)
{
	u64 flags = spin_lock(&l->timer.lock), deadline = l->timer.tsc_deadline;

	spin_unlock(&l->timer.lock, flags);
	return deadline;
}

/* Answers whether it has passed already. */
static bool
arm_deadline(struct lapic *l, u64 tsc)
{
	struct lapic_timer *t = &l->timer;

	stop(t);
	if (tsc == 0)
		return false;
	t->running = true;
	t->tsc_deadline = tsc;
	return expire_deadline(l);
}

/* In other modes the MSR reads 0 and writes are ignored (11.5.4.1). */
void
apic_timer_set_deadline(struct lapic *l, u64 tsc)
{
	u64 flags = spin_lock(&l->timer.lock);
	bool fires = l->timer.mode == TIMER_DEADLINE && arm_deadline(l, tsc);

	spin_unlock(&l->timer.lock, flags);
	if (fires)
		apic_fire_lvt(l, LVT_TIMER);
}
