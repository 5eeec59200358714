/* SPDX-License-Identifier: MIT */
/* The 8254: see dev/pit.h. Sections are those of the 82C54 data sheet. */
#include "dev/pit.h"

#include "dev/bytewise.h"
#include "dev/ticks.h"
#include "include/bits.h"

enum { PIT_PORT = 0x40, PIT_PORTS = 4, PIT_CONTROL = 3 };

/* The control word ("Control Word Format"), and the read-back command. */
#define CONTROL_BCD	     0x01u
#define CONTROL_MODE	     0x0eu
#define CONTROL_ACCESS	     0x30u
#define CONTROL_COUNTER	     0xc0u
#define READ_BACK	     3u	   /* as the counter */
#define READ_BACK_NO_COUNT   0x20u /* these two are active low */
#define READ_BACK_NO_STATUS  0x10u
#define READ_BACK_COUNTER(n) (2u << (n))
#define STATUS_OUT	     0x80u
#define STATUS_NULL_COUNT    0x40u

enum { ACCESS_LATCH, ACCESS_LOW, ACCESS_HIGH, ACCESS_BOTH };

enum {
	MODE_TERMINAL_COUNT,
	MODE_ONE_SHOT,
	MODE_RATE,
	MODE_SQUARE,
	MODE_SOFT_STROBE,
	MODE_HARD_STROBE,
};

static const struct tick_rate pit_rate = TICK_RATE(PIT_HZ);

/* Ticks are counted from before the VM's beginning, so that a count may be taken to have begun up
 * to half a period ago (load_later()). */
enum { TICK_BEGIN = 65536 };

static u64
now_tick(const struct pit_model *pit)
{
	return TICK_BEGIN + ns_to_ticks(&pit_rate, vclock_ns(pit->clock));
}

/* Bit 2 does not matter when bit 1 is set: modes 6 and 7 are 2 and 3. */
static unsigned
mode_of(const struct pit_channel *ch)
{
	unsigned mode = (unsigned)FIELD_GET(CONTROL_MODE, ch->control);

	return mode > MODE_HARD_STROBE ? mode - 4 : mode;
}

static bool
is_periodic(const struct pit_channel *ch)
{
	return mode_of(ch) == MODE_RATE || mode_of(ch) == MODE_SQUARE;
}

/* How many values a counter has; a count of 0 stands for this. */
static u32
count_range(const struct pit_channel *ch)
{
	return ch->control & CONTROL_BCD ? 10000 : 65536;
}

static u16
to_bcd(u32 value)
{
	return (u16)(value / 1000 % 10 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 |
		     value % 10);
}

static u32
from_bcd(u32 value)
{
	return (value >> 12) * 1000 + (value >> 8 & 15) * 100 + (value >> 4 & 15) * 10 +
	       (value & 15);
}

static u64
passed(const struct pit_channel *ch, u64 now)
{
	if (ch->paused)
		return ch->held;
	return now > ch->start ? now - ch->start : 0;
}

/* A square wave of an odd count is high for one tick more than low. */
static u32
high_ticks(u32 period)
{
	return (period + 1) / 2;
}

static bool
output(const struct pit_channel *ch, u64 now)
{
	u64 ticks = passed(ch, now);

	if (!ch->loaded)
		return mode_of(ch) != MODE_TERMINAL_COUNT;
	switch (mode_of(ch)) {
	case MODE_TERMINAL_COUNT:
	case MODE_ONE_SHOT: return ticks >= ch->period;
	case MODE_RATE: return ch->paused || ticks % ch->period != ch->period - 1;
	case MODE_SQUARE: return ch->paused || ticks % ch->period < high_ticks(ch->period);
	default: return ticks != ch->period;
	}
}

/* Counts go on below 0 from the range's end; a square wave counts down by two, twice a period. */
static u16
shown_count(const struct pit_channel *ch, u64 now)
{
	u32 range = count_range(ch), left;
	u64 ticks = passed(ch, now);

	if (!ch->loaded) {
		left = ch->count % range;
	} else if (mode_of(ch) == MODE_RATE) {
		left = (u32)(ch->period - ticks % ch->period) % range;
	} else if (mode_of(ch) == MODE_SQUARE) {
		u32 into = (u32)(ticks % ch->period), high = high_ticks(ch->period);

		left = ((ch->period & ~1u) - 2 * (into < high ? into : into - high)) % range;
	} else {
		left = (u32)(ch->period + range - ticks % range) % range;
	}
	return ch->control & CONTROL_BCD ? to_bcd(left) : (u16)left;
}

/* A count of 1 is illegal where counts repeat ("Mode 2", "Mode 3"). */
static void
load(struct pit_channel *ch, u64 start)
{
	ch->period = is_periodic(ch) ? MAX(ch->count, 2u) : ch->count;
	ch->start = start;
	ch->loaded = true;
	ch->has_next = false;
	ch->paused = !ch->gate && mode_of(ch) != MODE_ONE_SHOT && mode_of(ch) != MODE_HARD_STROBE;
	ch->held = 0;
}

/* Where a new count takes over from the old one: see "Mode 2" and "Mode 3". */
static void
load_later(struct pit_channel *ch, u64 now)
{
	u64 ticks = passed(ch, now), into = ticks % ch->period, begin = ch->start + ticks - into;
	u32 high = high_ticks(ch->period);

	ch->has_next = true;
	if (mode_of(ch) == MODE_SQUARE && into < high) {
		ch->next_at = begin + high;
		ch->next_start = ch->next_at - high_ticks(MAX(ch->count, 2u));
	} else {
		ch->next_at = begin + ch->period;
		ch->next_start = ch->next_at;
	}
}

/* True when a new count has taken over. */
static bool
settle(struct pit_channel *ch, u64 now)
{
	if (!ch->has_next || now < ch->next_at)
		return false;
	load(ch, ch->next_start);
	return true;
}

/* Times that the output has risen since the count was loaded. */
static u64
rising_edges(const struct pit_channel *ch, u64 now)
{
	u64 ticks = passed(ch, now);

	if (!ch->loaded)
		return 0;
	switch (mode_of(ch)) {
	case MODE_TERMINAL_COUNT: return ticks >= ch->period;
	case MODE_RATE:
	case MODE_SQUARE: return ticks / ch->period;
	case MODE_SOFT_STROBE: return ticks > ch->period;
	default: return 0; /* they need a gate that rises */
	}
}

/* When something happens at counter 0 next; false when nothing will. */
static bool
next_event(const struct pit_channel *ch, u64 edges, u64 *tick)
{
	if (ch->has_next)
		*tick = ch->next_at;
	else if (ch->loaded && is_periodic(ch))
		*tick = ch->start + (edges + 1) * ch->period;
	else if (ch->loaded && mode_of(ch) == MODE_TERMINAL_COUNT && edges == 0)
		*tick = ch->start + ch->period;
	else if (ch->loaded && mode_of(ch) == MODE_SOFT_STROBE && edges == 0)
		*tick = ch->start + ch->period + 1;
	else
		return false;
	return true;
}

static void
set_timer(struct pit_model *pit)
{
	const struct pit_channel *ch = &pit->state.channels[0];
	u64 tick, when;

	if (!next_event(ch, pit->state.edges, &tick)) {
		vtimer_cancel(&pit->timer);
		return;
	}
	when = ticks_to_ns(&pit_rate, tick - TICK_BEGIN);
	if (is_periodic(ch))
		when = MAX(when, pit->state.edged_ns + PERIOD_MIN_NS);
	vtimer_set(&pit->timer, when);
}

/*
 * Brings IRQ 0 up to now. Ticks that were missed are one. Between two ticks the line stays high,
 * also in the low half of a square wave: only rising edges count, and an 8259 wants to see the
 * line high until it is acknowledged.
 */
static void
update_irq(struct pit_model *pit, u64 now)
{
	struct pit_channel *ch = &pit->state.channels[0];
	u64 *seen = &pit->state.edges;
	bool due = ch->has_next && rising_edges(ch, MIN(now, ch->next_at)) > *seen;
	u64 edges;

	if (settle(ch, now))
		*seen = 0;
	edges = rising_edges(ch, now);
	due = due || edges > *seen;
	*seen = MAX(*seen, edges);
	if (due)
		pit->state.edged_ns = vclock_ns(pit->clock);
	if (due || (mode_of(ch) == MODE_TERMINAL_COUNT && !output(ch, now)))
		irq_set(pit->irq, false);
	if (mode_of(ch) != MODE_TERMINAL_COUNT || output(ch, now))
		irq_set(pit->irq, true);
	set_timer(pit);
}

static void
timer_fired(struct vtimer *timer)
{
	struct pit_model *pit = container_of(timer, struct pit_model, timer);
	u64 flags = spin_lock(&pit->lock);

	update_irq(pit, now_tick(pit)); /* also right when the timer has just been cancelled */
	spin_unlock(&pit->lock, flags);
}

/* A count is complete. Where it is loaded depends on the mode, and on whether one runs already. */
static void
take_count(struct pit_channel *ch, u64 now, u16 written)
{
	u32 range = count_range(ch);
	u32 count = ch->control & CONTROL_BCD ? MIN(from_bcd(written), range) : written;

	ch->count = count == 0 ? range : count;
	ch->has_count = true;
	switch (mode_of(ch)) {
	case MODE_TERMINAL_COUNT:
	case MODE_SOFT_STROBE: load(ch, now + 1); break;
	case MODE_RATE:
	case MODE_SQUARE:
		if (ch->loaded && !ch->paused)
			load_later(ch, now);
		else if (ch->gate)
			load(ch, now + 1);
		break;
	default: break; /* waits for its gate */
	}
}

static void
write_counter(struct pit_channel *ch, u64 now, u8 value)
{
	switch (FIELD_GET(CONTROL_ACCESS, ch->control)) {
	case ACCESS_LOW: take_count(ch, now, value); break;
	case ACCESS_HIGH: take_count(ch, now, (u16)(value << 8)); break;
	case ACCESS_BOTH:
		if (ch->write_high)
			take_count(ch, now, (u16)(value << 8 | ch->write_low));
		else if (mode_of(ch) == MODE_TERMINAL_COUNT)
			ch->loaded = false; /* the first byte stops it ("Mode 0") */
		ch->write_low = value;
		ch->write_high = !ch->write_high;
		break;
	default: break; /* no control word yet */
	}
}

static u8
read_counter(struct pit_channel *ch, u64 now)
{
	u16 count = ch->latched ? ch->latch : shown_count(ch, now);
	u64 access = FIELD_GET(CONTROL_ACCESS, ch->control);
	bool high = access == ACCESS_HIGH || (access == ACCESS_BOTH && ch->read_high);

	if (ch->status_latched) {
		ch->status_latched = false;
		return ch->status;
	}
	if (access == ACCESS_BOTH)
		ch->read_high = !ch->read_high;
	if (access != ACCESS_BOTH || high)
		ch->latched = false;
	return (u8)(high ? count >> 8 : count);
}

/* What is latched already stays until it is read ("Counter Latch Command"). */
static void
latch_count(struct pit_channel *ch, u64 now)
{
	if (!ch->latched)
		ch->latch = shown_count(ch, now);
	ch->latched = true;
}

static void
latch_status(struct pit_channel *ch, u64 now)
{
	bool null_count = !ch->loaded || ch->has_next || now < ch->start;

	if (!ch->status_latched)
		ch->status = (u8)((output(ch, now) ? STATUS_OUT : 0) |
				  (null_count ? STATUS_NULL_COUNT : 0) | ch->control);
	ch->status_latched = true;
}

static void
read_back(struct pit_model *pit, u64 now, u8 command)
{
	for (unsigned i = 0; i < PIT_CHANNELS; i++) {
		struct pit_channel *ch = &pit->state.channels[i];

		if (!(command & READ_BACK_COUNTER(i)))
			continue;
		if (!(command & READ_BACK_NO_COUNT))
			latch_count(ch, now);
		if (!(command & READ_BACK_NO_STATUS))
			latch_status(ch, now);
	}
}

static void
write_control(struct pit_model *pit, u64 now, u8 value)
{
	unsigned index = (unsigned)FIELD_GET(CONTROL_COUNTER, value);
	struct pit_channel *ch = &pit->state.channels[index % PIT_CHANNELS];

	if (index == READ_BACK) {
		read_back(pit, now, value);
	} else if (FIELD_GET(CONTROL_ACCESS, value) == ACCESS_LATCH) {
		latch_count(ch, now);
	} else {
		*ch = (struct pit_channel){
			.control = value & (CONTROL_ACCESS | CONTROL_MODE | CONTROL_BCD),
			.gate = ch->gate,
			.count = ch->count,
		};
	}
}

/* Counter 0 also moves its interrupt along. */
static void
settle_channel(struct pit_model *pit, unsigned index, u64 now)
{
	struct pit_channel *ch = &pit->state.channels[index];

	if (index != 0)
		(void)settle(ch, now);
	else if (ch->has_next && now >= ch->next_at)
		update_irq(pit, now);
}

static u8
pit_read(struct device *dev, unsigned offset)
{
	struct pit_model *pit = container_of(dev, struct pit_model, dev);
	u64 now = now_tick(pit);

	if (offset == PIT_CONTROL)
		return 0xff; /* the data bus floats ("Read Operations") */
	settle_channel(pit, offset, now);
	return read_counter(&pit->state.channels[offset], now);
}

/* Whether it changes what counter 0 does. */
static bool
is_for_irq(unsigned offset, u8 value)
{
	return offset == 0 || (offset == PIT_CONTROL && FIELD_GET(CONTROL_COUNTER, value) == 0 &&
			       FIELD_GET(CONTROL_ACCESS, value) != ACCESS_LATCH);
}

static void
pit_write(struct device *dev, unsigned offset, u8 value)
{
	struct pit_model *pit = container_of(dev, struct pit_model, dev);
	struct pit_state *state = &pit->state;
	u64 now = now_tick(pit);

	for (unsigned i = 0; i < PIT_CHANNELS; i++)
		settle_channel(pit, i, now);
	if (is_for_irq(offset, value))
		update_irq(pit, now); /* what is due by the old count */
	if (offset == PIT_CONTROL)
		write_control(pit, now, value);
	else
		write_counter(&state->channels[offset], now, value);
	if (is_for_irq(offset, value)) {
		if (!state->channels[0].has_next)
			state->edges = rising_edges(&state->channels[0], now);
		update_irq(pit, now);
	}
}

static void
pit_access(struct device *dev, struct io *io)
{
	struct pit_model *pit = container_of(dev, struct pit_model, dev);
	u64 flags = spin_lock(&pit->lock);

	io_bytewise(dev, io, pit_read, pit_write);
	spin_unlock(&pit->lock, flags);
}

/* At power-on nothing is programmed, and nothing counts ("Programming the 82C54"). */
static void
pit_reset(struct device *dev)
{
	struct pit_model *pit = container_of(dev, struct pit_model, dev);
	u64 flags = spin_lock(&pit->lock);

	pit->state = (struct pit_state){0};
	pit->state.channels[0].gate = pit->state.channels[1].gate = true;
	vtimer_cancel(&pit->timer);
	irq_set(pit->irq, false);
	spin_unlock(&pit->lock, flags);
}

void
pit_model_init(struct pit_model *pit, struct vclock *clock, struct irq_line *irq)
{
	*pit = (struct pit_model){
		.dev = {.name = "pit", .reset = pit_reset},
		.clock = clock,
		.irq = irq,
	};
	spin_init(&pit->lock, RANK_VDEVICE, "pit");
	vtimer_init(&pit->timer, clock, timer_fired);
	pit_reset(&pit->dev);
}

int
pit_model_attach(struct pit_model *pit, struct bus *bus)
{
	bus_add_device(bus, &pit->dev);
	return bus_add_region(bus, &(struct region){
					   .space = SPACE_IO,
					   .base = PIT_PORT,
					   .len = PIT_PORTS,
					   .dev = &pit->dev,
					   .access = pit_access,
				   });
}

/* "Gate" of the modes: a level that lets it count in modes 0, 2, 3 and 4, and an edge that starts
 * it in 1, 2, 3 and 5. */
static void
move_gate(struct pit_channel *ch, u64 now, bool gate)
{
	bool counts_by_level =
		mode_of(ch) == MODE_TERMINAL_COUNT || mode_of(ch) == MODE_SOFT_STROBE;

	ch->gate = gate;
	if (gate && !counts_by_level && ch->has_count) {
		load(ch, now + 1);
	} else if (gate && ch->loaded && ch->paused) {
		ch->start = now - MIN(ch->held, now);
		ch->paused = false;
	} else if (!gate && ch->loaded && !ch->paused && mode_of(ch) != MODE_ONE_SHOT &&
		   mode_of(ch) != MODE_HARD_STROBE) {
		ch->held = passed(ch, now);
		ch->paused = true;
	}
}

void
pit_model_set_gate2(struct pit_model *pit, bool gate)
{
	u64 flags = spin_lock(&pit->lock);
	struct pit_channel *ch = &pit->state.channels[2];
	u64 now = now_tick(pit);

	(void)settle(ch, now);
	if (ch->gate != gate)
		move_gate(ch, now, gate);
	spin_unlock(&pit->lock, flags);
}

bool
pit_model_out2(struct pit_model *pit)
{
	u64 flags = spin_lock(&pit->lock);
	struct pit_channel *ch = &pit->state.channels[2];
	u64 now = now_tick(pit);
	bool out;

	(void)settle(ch, now);
	out = output(ch, now);
	spin_unlock(&pit->lock, flags);
	return out;
}
