/* SPDX-License-Identifier: MIT */
/*
 * Inputs of the I/O APICs that devices share. A line keeps its vector and its handler for good, so
 * that an interrupt which is still on its way when the last device has left finds one.
 */
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/interrupt.h"
#include "arch/x86_64/ioapic.h"
#include "arch/x86_64/time.h"
#include "lib/lock.h"

enum {
	LINES = 16,
	SHARERS = 8,
	/* A line that nobody drives interrupts again as soon as it is acknowledged: within
	 * milliseconds there are more of them than of any device that is someone's. */
	UNCLAIMED_MAX = 500,
	UNCLAIMED_WINDOW_NS = 100 * NS_PER_MS,
};

struct line {
	u8 vector; /* 0: none yet */
	bool active_low, dead;
	u32 gsi, users;
	u32 unclaimed; /* interrupts since `since_ns`; of the handler alone, as that is */
	u64 since_ns;
	struct {
		irq_line_handler handler; /* NULL: free; the last one to be set */
		void *arg;
	} sharers[SHARERS];
};

static struct spinlock lock =
	SPINLOCK_INIT(RANK_NIC, "irq lines"); /* guards changes of the lines */
static struct line lines[LINES];

static void
nobody_asked(struct line *line)
{
	u64 now = clock_ns();

	if (now - line->since_ns > UNCLAIMED_WINDOW_NS) {
		line->since_ns = now;
		line->unclaimed = 0;
	}
	if (++line->unclaimed < UNCLAIMED_MAX)
		return;
	ioapic_mask(line->gsi);
	WRITE_ONCE(line->dead, true);
}

static void
line_interrupt(void *arg)
{
	struct line *line = arg;
	bool claimed = false;

	for (unsigned i = 0; i < SHARERS; i++) {
		irq_line_handler handler =
			__atomic_load_n(&line->sharers[i].handler, __ATOMIC_ACQUIRE);

		if (handler != NULL && handler(line->sharers[i].arg))
			claimed = true;
	}
	if (!claimed)
		nobody_asked(line);
}

static struct line *
find(u32 gsi)
{
	for (unsigned i = 0; i < LINES; i++) {
		if (lines[i].users > 0 && lines[i].gsi == gsi)
			return &lines[i];
	}
	return NULL;
}

/* One that has a vector already, if there is. */
static struct line *
find_free(void)
{
	struct line *without = NULL;

	for (unsigned i = 0; i < LINES; i++) {
		if (lines[i].users > 0)
			continue;
		if (lines[i].vector != 0)
			return &lines[i];
		without = &lines[i];
	}
	return without;
}

static int
open_line(struct line *line, u32 gsi, bool active_low, const char *name)
{
	int err = 0;

	if (line->vector == 0)
		err = interrupt_allocate(line_interrupt, line, name, interrupt_source_ioapic, gsi,
					 &line->vector);
	else
		interrupt_relabel(line->vector, name, gsi);
	if (err != 0)
		return err;
	line->gsi = gsi;
	line->active_low = active_low;
	line->dead = false;
	line->unclaimed = 0;
	return 0;
}

static int
add_sharer(struct line *line, irq_line_handler handler, void *arg)
{
	for (unsigned i = 0; i < SHARERS; i++) {
		if (line->sharers[i].handler != NULL)
			continue;
		line->sharers[i].arg = arg;
		__atomic_store_n(&line->sharers[i].handler, handler, __ATOMIC_RELEASE);
		line->users++;
		return 0;
	}
	return fail(-ERR_FULL);
}

static void
leave(struct line *line, const void *arg)
{
	for (unsigned i = 0; i < SHARERS; i++) {
		if (line->sharers[i].handler == NULL || line->sharers[i].arg != arg)
			continue;
		__atomic_store_n(&line->sharers[i].handler, NULL, __ATOMIC_RELEASE);
		line->users--;
	}
	if (line->users > 0)
		return;
	ioapic_mask(line->gsi);
	interrupt_relabel(line->vector, NULL, 0);
}

static int
open_and_add(u32 gsi, bool active_low, u32 cpu, irq_line_handler handler, void *arg,
	     const char *name)
{
	struct line *line = find_free();
	int err;

	if (interrupt_has_gsi(gsi))
		return fail(-ERR_BUSY);
	if (line == NULL)
		return fail(-ERR_FULL);
	err = open_line(line, gsi, active_low, name);
	if (err == 0)
		err = add_sharer(line, handler, arg);
	if (err != 0)
		return err;
	err = ioapic_route(gsi, true, active_low, line->vector, cpu_get(cpu)->apic_id);
	if (err != 0)
		leave(line, arg);
	return err;
}

int
irq_line_join(u32 gsi, bool active_low, u32 cpu, irq_line_handler handler, void *arg,
	      const char *name)
{
	u64 flags = spin_lock(&lock);
	struct line *line = find(gsi);
	int err;

	if (line == NULL)
		err = open_and_add(gsi, active_low, cpu, handler, arg, name);
	else if (line->dead || line->active_low != active_low)
		err = fail(-ERR_BUSY);
	else
		err = add_sharer(line, handler, arg);
	spin_unlock(&lock, flags);
	return err;
}

void
irq_line_leave(u32 gsi, void *arg)
{
	u64 flags = spin_lock(&lock);
	struct line *line = find(gsi);

	if (line != NULL)
		leave(line, arg);
	spin_unlock(&lock, flags);
}

bool
irq_line_is_dead(u32 gsi)
{
	const struct line *line = find(gsi);

	return line != NULL && READ_ONCE(line->dead);
}
