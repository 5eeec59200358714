/* SPDX-License-Identifier: MIT */
/* The MC146818A: see dev/rtc.h. Sections are those of its data sheet. */
#include "dev/rtc.h"

#include "dev/bytewise.h"
#include "dev/rtc_time.h"
#include "include/bits.h"

enum { RTC_PORT = 0x70, RTC_PORTS = 2, PORT_INDEX = 0 };

#define INDEX_NMI_MASK 0x80u

/* Register A: update in progress, the divider's control, the rate. */
#define A_UIP	       0x80u
#define A_RESET	       0x60u /* both: the divider is held at reset */
#define A_RATE	       0x0fu
#define A_POWER_ON     0x26u /* 32,768 Hz, 1,024 periods a second: as a PC's firmware leaves it */

/* Register B. */
#define B_SET	       0x80u
#define B_PERIODIC     0x40u /* these three are at the same place in register C */
#define B_ALARM	       0x20u
#define B_UPDATE       0x10u
#define B_MODE	       (RTC_B_BINARY | RTC_B_24_HOURS | 0x01u)
#define B_ENABLES      (B_PERIODIC | B_ALARM | B_UPDATE)

#define C_REQUEST      0x80u
#define D_VALID	       0x80u

#define SECOND_NS      1000000000ul

enum {
	CRYSTAL_HZ = 32768,
	UPDATE_NS = 244000 + 1984000, /* UIP is set so long before the time changes */
};

/* The CMOS RAM as a PC's firmware fills it. */
enum {
	CMOS_EQUIPMENT = 0x14, /* bit 1: an FPU */
	CMOS_BASE_KIB = 0x15,
	CMOS_EXTENDED_KIB = 0x17, /* above 1 MiB; once more at 30h */
	CMOS_EXTENDED_KIB_2 = 0x30,
	CMOS_ABOVE_16M = 0x34, /* in 64 KiB */
	CMOS_ABOVE_4G = 0x5b,  /* in 64 KiB, three bytes */
};

/* Nanoseconds since 1970 by which its seconds change. */
static u64
now_ns(const struct rtc_model *rtc)
{
	return rtc->config.wall_ns(rtc->config.arg) + rtc->state.phase_ns;
}

/* Its time, while it is not frozen. */
static u64
now_s(const struct rtc_model *rtc)
{
	return now_ns(rtc) / SECOND_NS + rtc->state.offset_s;
}

static bool
divider_held(const struct rtc_model *rtc)
{
	return (rtc->state.cmos[RTC_A] & A_RESET) == A_RESET;
}

/* Periods are powers of two of the crystal's; the two fastest rates are 256 and 128 Hz ("Table 5").
 * 0: there are none. */
static unsigned
period_shift(const struct rtc_model *rtc)
{
	unsigned rate = rtc->state.cmos[RTC_A] & A_RATE;

	if (rate == 0 || divider_held(rtc))
		return 0;
	return rate <= 2 ? rate + 6 : rate - 1;
}

static u64
periods_at(u64 ns, unsigned shift)
{
	return (ns / SECOND_NS * CRYSTAL_HZ + ns % SECOND_NS * CRYSTAL_HZ / SECOND_NS) >> shift;
}

/* When that many periods are over: a tick of the crystal has 1953125 / 64 ns. */
static u64
ns_of_periods(u64 periods, unsigned shift)
{
	u64 ticks = periods << shift;

	return ticks / CRYSTAL_HZ * SECOND_NS + (ticks % CRYSTAL_HZ * 1953125 + 63) / 64;
}

static u64
periods_now(const struct rtc_model *rtc)
{
	unsigned shift = period_shift(rtc);

	return shift == 0 ? 0 : periods_at(now_ns(rtc), shift);
}

static void
catch_up_periods(struct rtc_model *rtc)
{
	struct rtc_state *s = &rtc->state;
	u64 periods = periods_now(rtc);

	if (periods != s->seen_periods)
		s->flags |= B_PERIODIC;
	s->seen_periods = periods;
}

/* Register C's flags up to now, whatever is enabled; what happened often is one. */
static void
catch_up(struct rtc_model *rtc)
{
	struct rtc_state *s = &rtc->state;
	u64 now, alarm;

	catch_up_periods(rtc);
	if (s->frozen)
		return;
	now = now_s(rtc);
	if (now > s->seen_s) {
		s->flags |= B_UPDATE;
		if (rtc_time_next_alarm(s->seen_s, s->cmos, s->cmos[RTC_B], &alarm) && alarm <= now)
			s->flags |= B_ALARM;
	}
	s->seen_s = now;
}

/* Only an interrupt that is enabled and not yet requested needs a timer. */
static void
set_timer(struct rtc_model *rtc)
{
	const struct rtc_state *s = &rtc->state;
	u8 wanted = s->cmos[RTC_B] & B_ENABLES & (u8)~s->flags;
	u64 now = now_ns(rtc), when = ~0ul, alarm;
	unsigned shift = period_shift(rtc);

	if (wanted & B_PERIODIC && shift != 0)
		when = ns_of_periods(s->seen_periods + 1, shift);
	if (wanted & B_UPDATE && !s->frozen)
		when = MIN(when, (s->seen_s + 1 - s->offset_s) * SECOND_NS);
	/* Looked at each second: while the VM is paused its clock stands still, and this one goes
	 * on. */
	if (wanted & B_ALARM && !s->frozen &&
	    rtc_time_next_alarm(s->seen_s, s->cmos, s->cmos[RTC_B], &alarm))
		when = MIN(when, MIN((alarm - s->offset_s) * SECOND_NS, now + SECOND_NS));
	if (when == ~0ul)
		vtimer_cancel(&rtc->timer);
	else
		vtimer_set(&rtc->timer,
			   vclock_ns(rtc->config.clock) + (when > now ? when - now : 0));
}

static void
update_irq(struct rtc_model *rtc)
{
	irq_set(rtc->config.irq, (rtc->state.cmos[RTC_B] & rtc->state.flags & B_ENABLES) != 0);
	set_timer(rtc);
}

static void
timer_fired(struct vtimer *timer)
{
	struct rtc_model *rtc = container_of(timer, struct rtc_model, timer);
	u64 flags = spin_lock(&rtc->lock);

	catch_up(rtc);
	update_irq(rtc);
	spin_unlock(&rtc->lock, flags);
}

/* The time goes on from what the registers say; no flag is set by the jump. */
static void
take_time(struct rtc_model *rtc)
{
	struct rtc_state *s = &rtc->state;

	s->seen_s = rtc_time_decode(s->cmos, s->cmos[RTC_B], &s->weekday_shift);
	s->offset_s = s->seen_s - now_ns(rtc) / SECOND_NS;
}

static void
show_time(struct rtc_model *rtc)
{
	struct rtc_state *s = &rtc->state;

	if (!s->frozen)
		rtc_time_encode(now_s(rtc), s->weekday_shift, s->cmos[RTC_B], s->cmos);
}

static bool
is_time(u8 index)
{
	switch (index) {
	case RTC_SECONDS:
	case RTC_MINUTES:
	case RTC_HOURS:
	case RTC_WEEKDAY:
	case RTC_DAY:
	case RTC_MONTH:
	case RTC_YEAR:
	case RTC_CENTURY: return true;
	default: return false;
	}
}

/* When the divider is let go, the first second is half as long ("Divider Control"). */
static void
release_divider(struct rtc_model *rtc)
{
	struct rtc_state *s = &rtc->state;
	u64 wall = now_ns(rtc) - s->phase_ns;

	s->phase_ns = (SECOND_NS + SECOND_NS / 2 - wall % SECOND_NS) % SECOND_NS;
}

/* Registers A and B: what stops the time, how it is written, what interrupts. */
static void
write_control(struct rtc_model *rtc, u8 index, u8 value)
{
	struct rtc_state *s = &rtc->state;
	bool was_held = divider_held(rtc), freeze;
	unsigned shift = period_shift(rtc);

	show_time(rtc); /* in the old mode, should it be frozen now */
	if (index == RTC_A)
		value &= (u8)~A_UIP;
	else if (value & B_SET)
		value &= (u8)~B_UPDATE; /* "Register B", UIE: SET clears it */
	s->cmos[index] = value;
	if (was_held && !divider_held(rtc))
		release_divider(rtc);
	freeze = divider_held(rtc) || s->cmos[RTC_B] & B_SET;
	if (s->frozen && !freeze)
		take_time(rtc);
	s->frozen = freeze;
	if (period_shift(rtc) != shift || was_held)
		s->seen_periods = periods_now(rtc);
}

static void
write_register(struct rtc_model *rtc, u8 index, u8 value)
{
	struct rtc_state *s = &rtc->state;

	if (index == RTC_A || index == RTC_B) {
		write_control(rtc, index, value);
	} else if (is_time(index)) {
		show_time(rtc);
		s->cmos[index] = value;
		if (!s->frozen)
			take_time(rtc);
	} else if (index != RTC_C && index != RTC_D) {
		s->cmos[index] = value;
	}
}

static u8
read_a(const struct rtc_model *rtc)
{
	bool updating = !rtc->state.frozen && now_ns(rtc) % SECOND_NS >= SECOND_NS - UPDATE_NS;

	return (u8)(rtc->state.cmos[RTC_A] | (updating ? A_UIP : 0));
}

/* Reading takes all flags back. */
static u8
read_c(struct rtc_model *rtc)
{
	struct rtc_state *s = &rtc->state;
	u8 value = (u8)(s->flags | (s->flags & s->cmos[RTC_B] & B_ENABLES ? C_REQUEST : 0));

	s->flags = 0;
	return value;
}

static u8
read_register(struct rtc_model *rtc, u8 index)
{
	switch (index) {
	case RTC_A: return read_a(rtc);
	case RTC_C: return read_c(rtc);
	case RTC_D: return D_VALID;
	default: break;
	}
	if (is_time(index))
		show_time(rtc);
	return rtc->state.cmos[index];
}

static u8
rtc_read(struct device *dev, unsigned offset)
{
	struct rtc_model *rtc = container_of(dev, struct rtc_model, dev);

	if (offset == PORT_INDEX)
		return 0xff; /* for writing only */
	return read_register(rtc, rtc->state.index);
}

static void
rtc_write(struct device *dev, unsigned offset, u8 value)
{
	struct rtc_model *rtc = container_of(dev, struct rtc_model, dev);

	if (offset == PORT_INDEX) {
		rtc->state.index = value & (u8)~INDEX_NMI_MASK;
		rtc->state.nmi_masked = (value & INDEX_NMI_MASK) != 0;
	} else {
		write_register(rtc, rtc->state.index, value);
	}
}

static void
rtc_access(struct device *dev, struct io *io)
{
	struct rtc_model *rtc = container_of(dev, struct rtc_model, dev);
	u64 flags = spin_lock(&rtc->lock);

	catch_up(rtc);
	io_bytewise(dev, io, rtc_read, rtc_write);
	update_irq(rtc);
	spin_unlock(&rtc->lock, flags);
}

/*
 * The battery keeps the time and the RAM; RESET clears the interrupts ("Reset"). What firmware sets
 * right on its way is right here: the time runs.
 */
static void
rtc_reset(struct device *dev)
{
	struct rtc_model *rtc = container_of(dev, struct rtc_model, dev);
	struct rtc_state *s = &rtc->state;
	u64 flags = spin_lock(&rtc->lock);

	write_control(rtc, RTC_A, A_POWER_ON);
	write_control(rtc, RTC_B, s->cmos[RTC_B] & B_MODE);
	s->index = 0;
	s->nmi_masked = false;
	catch_up(rtc);
	s->flags = 0;
	update_irq(rtc);
	spin_unlock(&rtc->lock, flags);
}

static void
put_le(u8 *cmos, u64 value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		cmos[i] = (u8)(value >> (8 * i));
}

static void
fill_memory_size(struct rtc_model *rtc)
{
	u8 *cmos = rtc->state.cmos;
	u64 end = rtc->config.low_end;
	u64 extended = end > MiB ? MIN((end - MiB) / KiB, 0xfffful) : 0;
	u64 above_16m = end > 16 * MiB ? MIN((end - 16 * MiB) / (64 * KiB), 0xfffful) : 0;

	put_le(cmos + CMOS_BASE_KIB, MIN(end / KiB, 640ul), 2);
	put_le(cmos + CMOS_EXTENDED_KIB, extended, 2);
	put_le(cmos + CMOS_EXTENDED_KIB_2, extended, 2);
	put_le(cmos + CMOS_ABOVE_16M, above_16m, 2);
	put_le(cmos + CMOS_ABOVE_4G, MIN(rtc->config.high_size / (64 * KiB), 0xfffffful), 3);
}

void
rtc_model_init(struct rtc_model *rtc, const struct rtc_config *config)
{
	*rtc = (struct rtc_model){
		.dev = {.name = "rtc", .reset = rtc_reset},
		.config = *config,
	};
	rtc->state.offset_s = RTC_1970;
	rtc->state.cmos[RTC_A] = A_POWER_ON;
	rtc->state.cmos[RTC_B] = RTC_B_24_HOURS;
	rtc->state.cmos[CMOS_EQUIPMENT] = 0x02;
	fill_memory_size(rtc);
	spin_init(&rtc->lock, RANK_VDEVICE, "rtc");
	vtimer_init(&rtc->timer, config->clock, timer_fired);
	rtc_reset(&rtc->dev);
}

int
rtc_model_attach(struct rtc_model *rtc, struct bus *bus)
{
	bus_add_device(bus, &rtc->dev);
	return bus_add_region(bus, &(struct region){
					   .space = SPACE_IO,
					   .base = RTC_PORT,
					   .len = RTC_PORTS,
					   .dev = &rtc->dev,
					   .access = rtc_access,
				   });
}

bool
rtc_model_nmi_masked(struct rtc_model *rtc)
{
	return READ_ONCE(rtc->state.nmi_masked);
}
