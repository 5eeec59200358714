/* SPDX-License-Identifier: MIT */
/* The HPET: see dev/hpet.h. Sections are those of the IA-PC HPET specification 1.0a. */
#include "dev/hpet.h"

#include "dev/ticks.h"
#include "include/bits.h"

/* Offsets (2.3.3); a timer's three registers every 20h bytes from 100h. */
enum {
	REG_CAPABILITIES = 0x000,
	REG_CONFIG = 0x010,
	REG_STATUS = 0x020,
	REG_COUNTER = 0x0f0,
	REG_TIMERS = 0x100,
	TIMER_STRIDE = 0x20,
	TIMER_CONFIG = 0x00,
	TIMER_COMPARATOR = 0x08,
};

#define CONFIG_ENABLE	   BIT(0) /* 2.3.5 */
#define CONFIG_LEGACY	   BIT(1)

#define TIMER_LEVEL	   BIT(1) /* 2.3.8 */
#define TIMER_INTERRUPT	   BIT(2)
#define TIMER_PERIODIC	   BIT(3)
#define TIMER_CAN_PERIODIC BIT(4)
#define TIMER_CAN_64	   BIT(5)
#define TIMER_SET_VALUE	   BIT(6)
#define TIMER_32	   BIT(8)
#define TIMER_ROUTE	   BITS(13, 9)
#define TIMER_WRITABLE                                                                             \
	(TIMER_LEVEL | TIMER_INTERRUPT | TIMER_PERIODIC | TIMER_SET_VALUE | TIMER_32 | TIMER_ROUTE)

/* Farther away than this many ticks (365 years) is never. */
#define TICKS_NEVER BIT(60)

static u64
counter_now(const struct hpet_model *hpet)
{
	const struct hpet_state *s = &hpet->state;

	if (!(s->config & CONFIG_ENABLE))
		return s->counter;
	return s->counter + (vclock_ns(hpet->config.clock) - s->start_ns) / HPET_TICK_NS;
}

/* Ticks from `from` to the next match; a counter that is equal now matches when it has wrapped. */
static u64
ticks_to_match(const struct hpet_timer_state *t, u64 from)
{
	u64 distance = t->comparator - from;

	if (t->config & TIMER_32)
		distance &= 0xffffffff;
	if (distance != 0)
		return distance;
	return t->config & TIMER_32 ? BIT(32) : ~0ul;
}

/*
 * Moves a timer up to `now`; true when it has matched since. Matches that were missed are one, and
 * a period goes on in step (2.3.9.2.2).
 */
static bool
timer_matched(struct hpet_timer_state *t, u64 now)
{
	u64 elapsed = now - t->checked, distance = ticks_to_match(t, t->checked);

	t->checked = now;
	if (distance > elapsed)
		return false;
	if (t->config & TIMER_PERIODIC && t->period != 0) {
		t->comparator += ((elapsed - distance) / t->period + 1) * t->period;
		if (t->config & TIMER_32)
			t->comparator &= 0xffffffff;
	}
	return true;
}

/* Where it interrupts; NULL: nowhere. */
static struct irq_line *
line_of(const struct hpet_model *hpet, unsigned n)
{
	u64 route = FIELD_GET(TIMER_ROUTE, hpet->state.timers[n].config);

	if (n < ARRAY_SIZE(hpet->config.legacy) && hpet->state.config & CONFIG_LEGACY)
		return hpet->config.legacy[n];
	return (1ul << route) & HPET_ROUTES ? hpet->config.inputs[route] : NULL;
}

static bool
is_active(const struct hpet_model *hpet, unsigned n)
{
	const struct hpet_timer_state *t = &hpet->state.timers[n];

	return (t->config & (TIMER_LEVEL | TIMER_INTERRUPT)) == (TIMER_LEVEL | TIMER_INTERRUPT) &&
	       (hpet->state.status & BIT(n)) != 0;
}

/* Level-triggered timers may share an input. */
static void
update_levels(struct hpet_model *hpet)
{
	for (unsigned n = 0; n < HPET_TIMERS; n++) {
		struct irq_line *line = line_of(hpet, n);
		bool level = false;

		if (!(hpet->state.timers[n].config & TIMER_LEVEL))
			continue;
		for (unsigned i = 0; i < HPET_TIMERS; i++)
			level = level || (line_of(hpet, i) == line && is_active(hpet, i));
		irq_set(line, level);
	}
}

/* Only a level-triggered timer has a status (2.3.6). */
static void
raise(struct hpet_model *hpet, unsigned n)
{
	u64 config = hpet->state.timers[n].config;

	if (config & TIMER_LEVEL) {
		hpet->state.status |= BIT(n);
	} else if (config & TIMER_INTERRUPT) {
		irq_set(line_of(hpet, n), false);
		irq_set(line_of(hpet, n), true);
	}
}

static void
set_timer(struct hpet_model *hpet, unsigned n)
{
	const struct hpet_state *s = &hpet->state;
	const struct hpet_timer_state *t = &s->timers[n];
	struct vtimer *timer = &hpet->timers[n].timer;
	u64 distance = ticks_to_match(t, t->checked), when;

	if (!(s->config & CONFIG_ENABLE) || !(t->config & TIMER_INTERRUPT) || is_active(hpet, n) ||
	    distance > TICKS_NEVER) {
		vtimer_cancel(timer);
		return;
	}
	when = s->start_ns + (t->checked + distance - s->counter) * HPET_TICK_NS;
	if (t->config & TIMER_PERIODIC)
		when = MAX(when, t->matched_ns + PERIOD_MIN_NS);
	vtimer_set(timer, when);
}

static void
catch_up(struct hpet_model *hpet)
{
	u64 now = counter_now(hpet);

	for (unsigned n = 0; n < HPET_TIMERS; n++) {
		struct hpet_timer_state *t = &hpet->state.timers[n];

		if (!timer_matched(t, now))
			continue;
		t->matched_ns = vclock_ns(hpet->config.clock);
		raise(hpet, n);
	}
}

static void
update(struct hpet_model *hpet)
{
	update_levels(hpet);
	for (unsigned n = 0; n < HPET_TIMERS; n++)
		set_timer(hpet, n);
}

static void
timer_fired(struct vtimer *timer)
{
	struct hpet_model *hpet = container_of(timer, struct hpet_timer, timer)->hpet;
	u64 flags = spin_lock(&hpet->lock);

	catch_up(hpet);
	update(hpet);
	spin_unlock(&hpet->lock, flags);
}

static u64
read_timer(const struct hpet_timer_state *t, u64 offset)
{
	switch (offset) {
	case TIMER_CONFIG:
		return (u64)HPET_ROUTES << 32 | TIMER_CAN_PERIODIC | TIMER_CAN_64 | t->config;
	case TIMER_COMPARATOR: return t->comparator;
	default: return 0; /* no interrupts by messages */
	}
}

/* reg: a multiple of 8. */
static u64
read_register(const struct hpet_model *hpet, u64 reg)
{
	const struct hpet_state *s = &hpet->state;

	switch (reg) {
	case REG_CAPABILITIES: return (u64)HPET_PERIOD_FS << 32 | HPET_BLOCK_ID;
	case REG_CONFIG: return s->config;
	case REG_STATUS: return s->status;
	case REG_COUNTER: return counter_now(hpet);
	default: break;
	}
	if (reg < REG_TIMERS || reg >= REG_TIMERS + HPET_TIMERS * TIMER_STRIDE)
		return 0;
	return read_timer(&s->timers[(reg - REG_TIMERS) / TIMER_STRIDE], reg % TIMER_STRIDE);
}

/* The counter goes on from `counter` now. */
static void
restart_counter(struct hpet_model *hpet, u64 counter)
{
	hpet->state.counter = counter;
	hpet->state.start_ns = vclock_ns(hpet->config.clock);
	for (unsigned n = 0; n < HPET_TIMERS; n++)
		hpet->state.timers[n].checked = counter;
}

/* While the timers hold IRQ 0 and 8, the 8254 and the RTC don't reach them (2.3.5). */
static void
write_config(struct hpet_model *hpet, u64 value)
{
	u64 changed = (hpet->state.config ^ value) & CONFIG_LEGACY;

	restart_counter(hpet, counter_now(hpet));
	WRITE_ONCE(hpet->state.config, value & (CONFIG_ENABLE | CONFIG_LEGACY));
	for (unsigned i = 0; changed != 0 && i < ARRAY_SIZE(hpet->config.legacy); i++)
		irq_set(hpet->config.legacy[i],
			!(value & CONFIG_LEGACY) && READ_ONCE(hpet->through[i].level));
}

/* A route that there is not is not taken: software sees that when it reads back (2.3.8). */
static void
write_timer_config(struct hpet_model *hpet, unsigned n, u64 value)
{
	struct hpet_timer_state *t = &hpet->state.timers[n];

	value &= TIMER_WRITABLE;
	if (!((1ul << FIELD_GET(TIMER_ROUTE, value)) & HPET_ROUTES))
		value = (value & ~TIMER_ROUTE) | (t->config & TIMER_ROUTE);
	if ((value ^ t->config) & (TIMER_ROUTE | TIMER_LEVEL | TIMER_INTERRUPT))
		irq_set(line_of(hpet, n), false);
	if (!(value & TIMER_LEVEL))
		hpet->state.status &= ~BIT(n);
	t->config = value;
	if (value & TIMER_32) {
		t->comparator &= 0xffffffff;
		t->period &= 0xffffffff;
	}
}

/*
 * Of a periodic timer what is written is the period; the first match as well only with
 * Tn_VAL_SET_CNF, which the write takes back (2.3.9.2.2). mask: which bytes are written.
 */
static void
write_comparator(struct hpet_timer_state *t, u64 value, u64 mask)
{
	bool periodic = (t->config & TIMER_PERIODIC) != 0;

	if (t->config & TIMER_32)
		mask &= 0xffffffff;
	if (!periodic || t->config & TIMER_SET_VALUE)
		t->comparator = (t->comparator & ~mask) | (value & mask);
	if (periodic)
		t->period = (t->period & ~mask) | (value & mask);
	t->config &= ~TIMER_SET_VALUE;
}

static void
write_register(struct hpet_model *hpet, u64 reg, u64 value, u64 mask)
{
	u64 whole = (read_register(hpet, reg) & ~mask) | (value & mask);
	unsigned n = (unsigned)((reg - REG_TIMERS) / TIMER_STRIDE);

	switch (reg) {
	case REG_CONFIG: write_config(hpet, whole); return;
	case REG_STATUS: hpet->state.status &= ~(value & mask); return;
	case REG_COUNTER: restart_counter(hpet, whole); return;
	default: break;
	}
	if (reg < REG_TIMERS || n >= HPET_TIMERS)
		return;
	if (reg % TIMER_STRIDE == TIMER_CONFIG)
		write_timer_config(hpet, n, whole);
	else if (reg % TIMER_STRIDE == TIMER_COMPARATOR)
		write_comparator(&hpet->state.timers[n], value, mask);
}

/* Aligned accesses of 32 and 64 bits are all that software may make (2.3.1); other reads show the
 * bytes that they ask for, other writes do nothing. */
static void
access_locked(struct hpet_model *hpet, struct io *io)
{
	u64 reg = ALIGN_DOWN(io->offset, 8);
	unsigned shift = 8 * (unsigned)(io->offset % 8);
	u64 mask = (io->size == 8 ? ~0ul : BIT(8 * io->size) - 1) << shift;

	if (!io->write && reg == REG_COUNTER) {
		io->value = counter_now(hpet) >> shift;
		return;
	}
	catch_up(hpet);
	if (!io->write)
		io->value = read_register(hpet, reg) >> shift;
	else if (io->size >= 4 && io->offset % io->size == 0)
		write_register(hpet, reg, io->value << shift, mask);
	update(hpet);
}

static void
hpet_access(struct device *dev, struct io *io)
{
	struct hpet_model *hpet = container_of(dev, struct hpet_model, dev);
	u64 flags = spin_lock(&hpet->lock);

	access_locked(hpet, io);
	spin_unlock(&hpet->lock, flags);
}

/* Called under the lock of the 8254 or the RTC, which is of the same rank: takes none. */
static void
through_set(struct irq_line *line, bool level)
{
	struct hpet_through *through = container_of(line, struct hpet_through, line);

	WRITE_ONCE(through->level, level);
	if (!(READ_ONCE(through->hpet->state.config) & CONFIG_LEGACY))
		irq_set(through->out, level);
}

/* Comparators are all ones at reset (2.3.9). */
static void
hpet_reset(struct device *dev)
{
	struct hpet_model *hpet = container_of(dev, struct hpet_model, dev);
	u64 flags = spin_lock(&hpet->lock);

	for (unsigned n = 0; n < HPET_TIMERS; n++)
		irq_set(line_of(hpet, n), false);
	hpet->state = (struct hpet_state){0};
	for (unsigned n = 0; n < HPET_TIMERS; n++)
		hpet->state.timers[n].comparator = ~0ul;
	update(hpet);
	spin_unlock(&hpet->lock, flags);
}

void
hpet_model_init(struct hpet_model *hpet, const struct hpet_config *config)
{
	*hpet = (struct hpet_model){
		.dev = {.name = "hpet", .reset = hpet_reset},
		.config = *config,
	};
	spin_init(&hpet->lock, RANK_VDEVICE, "hpet");
	for (unsigned i = 0; i < ARRAY_SIZE(hpet->through); i++) {
		hpet->through[i] = (struct hpet_through){
			.line = {.set = through_set},
			.out = config->legacy[i],
			.hpet = hpet,
		};
	}
	for (unsigned n = 0; n < HPET_TIMERS; n++) {
		hpet->timers[n].hpet = hpet;
		vtimer_init(&hpet->timers[n].timer, config->clock, timer_fired);
	}
	hpet_reset(&hpet->dev);
}

int
hpet_model_attach(struct hpet_model *hpet, struct bus *bus)
{
	bus_add_device(bus, &hpet->dev);
	return bus_add_region(bus, &(struct region){
					   .space = SPACE_MMIO,
					   .base = HPET_BASE,
					   .len = HPET_SIZE,
					   .dev = &hpet->dev,
					   .access = hpet_access,
				   });
}
