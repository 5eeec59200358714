/* SPDX-License-Identifier: MIT */
/* Who of those that wait goes first. */
#include "sched/turns.h"

static struct thread *
thread_at(struct list *link)
{
	return list_entry(link, struct thread, link);
}

void
turns_init(struct turns *t)
{
	list_init(&t->waiting);
	t->clock = 0;
}

void
turns_put(struct turns *t, struct thread *thread, u64 now)
{
	struct list *at;

	list_for_each (at, &t->waiting) {
		if (is_before(thread->virtual_ns, thread_at(at)->virtual_ns))
			break;
	}
	list_insert_before(at, &thread->link);
	thread->waits_since_ns = now;
}

void
turns_take(struct thread *thread, u64 now)
{
	list_remove(&thread->link);
	thread->wait_ns += time_since(thread->waits_since_ns, now);
}

static void
keep_above(struct thread *thread, u64 floor)
{
	if (is_before(thread->virtual_ns, floor))
		thread->virtual_ns = floor;
}

void
turns_admit(const struct turns *t, struct thread *thread)
{
	keep_above(thread, t->clock - SLEEPER_NS);
}

void
turns_adopt(const struct turns *t, struct thread *thread)
{
	u64 ceiling = t->clock + APART_NS;

	keep_above(thread, t->clock - APART_NS);
	if (is_before(ceiling, thread->virtual_ns))
		thread->virtual_ns = ceiling;
}

/* Giving way does not cost it its part: not if the other has had a slice more already. */
static bool
is_owed(const struct thread *last, const struct thread *other)
{
	return last != NULL && is_before(last->virtual_ns + SLICE_NS, other->virtual_ns);
}

struct thread *
turns_search(const struct turns *t, u32 cpu, u64 now, const struct thread *but)
{
	struct thread *last = NULL;
	struct list *at;

	list_for_each (at, &t->waiting) {
		struct thread *thread = thread_at(at);

		if (share_runs_from(thread->share) > now || !cpu_set_has(&thread->share->cpus, cpu))
			continue;
		if (thread != but)
			return is_owed(last, thread) ? last : thread;
		last = thread;
	}
	return last;
}

u64
turns_release_ns(const struct turns *t, u64 now)
{
	u64 first = ~0ul;
	struct list *at;

	list_for_each (at, &t->waiting) {
		u64 from = share_runs_from(thread_at(at)->share);

		if (from > now && from < first)
			first = from;
	}
	return first;
}

void
turns_tick(struct turns *t, const struct thread *running, const struct thread *first)
{
	const struct thread *least = running != NULL ? running : first;

	if (running != NULL && first != NULL && is_before(first->virtual_ns, running->virtual_ns))
		least = first;
	if (least != NULL && is_before(t->clock, least->virtual_ns))
		t->clock = least->virtual_ns;
}
