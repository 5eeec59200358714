/* SPDX-License-Identifier: MIT */
/*
 * Threads of shares go from CPU to CPU by being pulled: by a CPU that has nothing to do, and by one
 * whose own threads have had more. A CPU where threads wait says so to one that should come.
 */
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/tsc.h"
#include "include/intrin.h"
#include "include/panic.h"
#include "sched/run_queue.h"

/* The newest virtual time of all CPUs; roughly, as those that are about to write it don't wait. */
static u64 newest_ns;

static void
note_time(u64 virtual_ns)
{
	if (is_before(READ_ONCE(newest_ns) + GRAIN_NS, virtual_ns))
		WRITE_ONCE(newest_ns, virtual_ns);
}

u64
balance_virtual_ns(const struct run_queue *q, u64 ns)
{
	u64 rate = READ_ONCE(q->runs_rate);

	return ns / 1024 * rate + ns % 1024 * rate / 1024;
}

/* Now may be before it began, where that was read on another CPU, or before a lock was free. */
void
balance_charge(struct run_queue *q, u64 now)
{
	struct thread *t = q->current;
	u64 ns = time_since(t->since_ns, now);

	if (ns == 0)
		return;
	t->run_ns += ns;
	t->since_ns = now;
	if (t->share == NULL || t->hurries)
		return;
	t->virtual_ns += balance_virtual_ns(q, ns);
	share_charge(t->share, ns, now);
}

void
balance_catch_up(struct run_queue *q, u64 now)
{
	const struct thread *runs = q->current->share != NULL ? q->current : NULL;
	u64 newest = READ_ONCE(newest_ns);

	turns_tick(&q->turns, runs, turns_first(&q->turns, q->cpu, now, NULL));
	if (runs == NULL && list_empty(&q->turns.waiting) && is_before(q->turns.clock, newest))
		q->turns.clock = newest;
}

void
balance_show_waiting(struct run_queue *q, u64 now)
{
	const struct thread *first = turns_first(&q->turns, q->cpu, now, NULL);

	turns_tick(&q->turns, q->current->share != NULL ? q->current : NULL, first);
	note_time(q->turns.clock);
	if (first != NULL)
		WRITE_ONCE(q->first_virtual_ns, first->virtual_ns);
	WRITE_ONCE(q->waits, first != NULL);
}

void
balance_show(struct run_queue *q, u64 now)
{
	const struct thread *t = q->current;
	enum runs runs = t == &q->idle ? RUNS_NOTHING : RUNS_OTHER;

	if (t->share != NULL) {
		runs = RUNS_SHARE;
		WRITE_ONCE(q->runs_virtual_ns, t->virtual_ns);
		WRITE_ONCE(q->runs_since_ns, now);
		WRITE_ONCE(q->runs_rate, share_virtual_ns(t->share, 1024));
	}
	WRITE_ONCE(q->runs, (u8)runs);
	balance_show_waiting(q, now);
}

static bool
is_worth(u64 virtual_ns, const struct thread *than)
{
	return than == NULL || is_before(virtual_ns + SLICE_NS, than->virtual_ns);
}

/* With both locks held. */
static struct thread *
move(struct run_queue *from, struct run_queue *to, const struct thread *than, u64 now)
{
	struct thread *t = turns_first(&from->turns, to->cpu, now, NULL);

	if (t == NULL || !is_worth(t->virtual_ns, than))
		return NULL;
	turns_take(t, now);
	balance_show_waiting(from, now);
	from->members--;
	to->members++;
	WRITE_ONCE(t->cpu, to->cpu);
	balance_catch_up(to, now);
	turns_adopt(&to->turns, t);
	return t;
}

/* A lock that somebody has just now is not waited for: the two might wait for each other. */
struct thread *
balance_pull(struct run_queue *q, const struct thread *than, u64 now)
{
	u32 cpus = cpu_count();

	if (cpus == 1 || !tsc_agree()) /* a guest's time would jump */
		return NULL;
	for (u32 n = 1; n < cpus; n++) {
		struct run_queue *from = run_queue_of((q->cpu + n) % cpus);
		struct thread *t;

		if (from == NULL || !READ_ONCE(from->waits) ||
		    READ_ONCE(from->runs) == RUNS_NOTHING || /* it is about to run it itself */
		    !is_worth(READ_ONCE(from->first_virtual_ns), than))
			continue;
		if (!spin_try_second_irqoff(&from->lock)) {
			if (than == NULL) {
				this_cpu()->need_resched = true; /* try again */
				cpu_relax(); /* an emulator may run the CPUs in turn */
			}
			continue;
		}
		t = move(from, q, than, now);
		spin_unlock_irqoff(&from->lock);
		if (t != NULL)
			return t;
	}
	return NULL;
}

static bool
is_ahead(const struct run_queue *q, const struct thread *waiting, u64 now)
{
	u64 ran = time_since(READ_ONCE(q->runs_since_ns), now);
	u64 virtual_ns = READ_ONCE(q->runs_virtual_ns) + balance_virtual_ns(q, ran);

	return READ_ONCE(q->runs) == RUNS_SHARE &&
	       is_before(waiting->virtual_ns + SLICE_NS, virtual_ns);
}

u32
balance_taker(const struct run_queue *q, const struct thread *waiting, u64 now)
{
	const struct cpu_set *may = &waiting->share->cpus;
	u32 taker = NO_CPU;

	if (cpu_count() == 1 || !tsc_agree())
		return NO_CPU;
	/* A CPU that finds nothing to do shows that first, and then looks again: one sees the
	 * other. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (u32 cpu = cpu_set_next(may, 0); cpu < cpu_count(); cpu = cpu_set_next(may, cpu + 1)) {
		const struct run_queue *other = run_queue_of(cpu);

		if (other == NULL || other == q)
			continue;
		if (READ_ONCE(other->runs) == RUNS_NOTHING)
			return cpu;
		if (is_ahead(other, waiting, now))
			taker = cpu;
	}
	return taker;
}

/* The boot CPU, which has the shell, is the last to be taken. */
u32
balance_place(const struct share *share)
{
	u32 best = NO_CPU, fewest = ~0u;

	for (u32 cpu = cpu_count(); cpu-- > 0;) {
		const struct run_queue *q = run_queue_of(cpu);

		if (q == NULL || !cpu_set_has(&share->cpus, cpu) || READ_ONCE(q->members) >= fewest)
			continue;
		best = cpu;
		fewest = READ_ONCE(q->members);
	}
	return best;
}
