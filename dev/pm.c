/* SPDX-License-Identifier: MIT */
/* ACPI's fixed hardware: see dev/pm.h. Sections are those of ACPI 6.4. */
#include "dev/pm.h"

#include "dev/bytewise.h"
#include "dev/ticks.h"
#include "include/bits.h"

/* Offsets in the ports. */
enum {
	REG_STATUS = PM1_EVENT - PM_BASE,
	REG_ENABLE = REG_STATUS + 2,
	REG_CONTROL = PM1_CONTROL - PM_BASE,
	REG_TIMER = PM_TIMER - PM_BASE,
	REG_GPE_STATUS = PM_GPE0 - PM_BASE,
	REG_GPE_ENABLE = REG_GPE_STATUS + 2,
	REG_GPE_END = REG_GPE_STATUS + 4,
};

/* PM1_STS and PM1_EN (4.8.3.1). */
#define PM1_TIMER	 BIT32(0)
#define PM1_POWER_BUTTON BIT32(8)
#define PM1_ENABLE_BITS	 (PM1_TIMER | BIT32(5) | PM1_POWER_BUTTON | BIT32(9) | BIT32(10))

/* PM1_CNT (4.8.3.2). */
#define PM1_SCI_EN	 BIT32(0)
#define PM1_SLEEP_TYPE	 (7u << 10)
#define PM1_SLEEP_ENABLE BIT32(13)
#define PM1_CONTROL_BITS (BIT32(1) | PM1_SLEEP_TYPE) /* with BM_RLD: those that are kept */

static const struct tick_rate timer_rate = TICK_RATE(PM_TIMER_HZ);

static u64
timer_ticks(const struct pm_model *pm)
{
	return ns_to_ticks(&timer_rate, vclock_ns(pm->config.clock));
}

/* TMR_STS is set whenever the timer's highest bit changes (4.8.3.3). */
static u16
status_now(const struct pm_model *pm)
{
	bool changed = timer_ticks(pm) >> 31 != pm->state.timer_half;

	return (u16)(pm->state.status | (changed ? PM1_TIMER : 0));
}

/* The timer interrupts only where that is enabled, and only once until its status is cleared. */
static void
update_sci(struct pm_model *pm)
{
	u16 active = status_now(pm) & pm->state.enable;

	irq_set(pm->config.sci, active != 0);
	if (pm->state.enable & PM1_TIMER && !(active & PM1_TIMER))
		vtimer_set(&pm->timer, ticks_to_ns(&timer_rate, (pm->state.timer_half + 1) << 31));
	else
		vtimer_cancel(&pm->timer);
}

static void
timer_fired(struct vtimer *timer)
{
	struct pm_model *pm = container_of(timer, struct pm_model, timer);
	u64 flags = spin_lock(&pm->lock);

	update_sci(pm);
	spin_unlock(&pm->lock, flags);
}

/* The registers as one run of bytes. */
static u8
pm_read(struct device *dev, unsigned offset)
{
	struct pm_model *pm = container_of(dev, struct pm_model, dev);
	unsigned shift = 8 * (offset & 1);

	switch (offset & ~1u) {
	case REG_STATUS: return (u8)(status_now(pm) >> shift);
	case REG_ENABLE: return (u8)(pm->state.enable >> shift);
	case REG_CONTROL: return (u8)((pm->state.control | PM1_SCI_EN) >> shift);
	case REG_TIMER:
	case REG_TIMER + 2: return (u8)(timer_ticks(pm) >> (8 * (offset - REG_TIMER)));
	case REG_GPE_ENABLE: return (u8)(pm->state.gpe_enable >> shift);
	default: return 0; /* no general-purpose event has happened; the rest is reserved */
	}
}

/* Replaces one byte of a 16-bit register. */
static u16
with_byte(u16 reg, unsigned shift, u8 value, unsigned writable)
{
	return (u16)(((reg & ~(0xffu << shift)) | (unsigned)value << shift) & writable);
}

/* Status bits are cleared by writing ones. */
static void
pm_write(struct device *dev, unsigned offset, u8 value)
{
	struct pm_model *pm = container_of(dev, struct pm_model, dev);
	struct pm_state *s = &pm->state;
	unsigned shift = 8 * (offset & 1);

	switch (offset & ~1u) {
	case REG_STATUS:
		s->status &= (u16) ~((unsigned)value << shift);
		if (shift == 0 && value & PM1_TIMER)
			s->timer_half = timer_ticks(pm) >> 31;
		break;
	case REG_ENABLE: s->enable = with_byte(s->enable, shift, value, PM1_ENABLE_BITS); break;
	case REG_CONTROL: s->control = with_byte(s->control, shift, value, PM1_CONTROL_BITS); break;
	case REG_GPE_ENABLE: s->gpe_enable = with_byte(s->gpe_enable, shift, value, 0xffff); break;
	default: break; /* the timer is for reading */
	}
}

/* SLP_EN in the upper byte of the control register; other sleep states than S5 there are none. */
static bool
asks_for_s5(const struct pm_model *pm, const struct io *io)
{
	u64 upper = REG_CONTROL + 1 - io->offset;

	if (!io->write || io->offset > REG_CONTROL + 1 || upper >= io->size)
		return false;
	return (io->value >> (8 * upper) << 8 & PM1_SLEEP_ENABLE) != 0 &&
	       FIELD_GET(PM1_SLEEP_TYPE, pm->state.control) == PM_SLEEP_TYPE_S5;
}

/* The timer is read whole, whatever the byte: its carry must not fall between them. */
static void
pm_access(struct device *dev, struct io *io)
{
	struct pm_model *pm = container_of(dev, struct pm_model, dev);
	u64 flags;
	bool off;

	if (!io->write && io->offset == REG_TIMER && io->size == 4) {
		io->value = (u32)timer_ticks(pm);
		return;
	}
	flags = spin_lock(&pm->lock);
	io_bytewise(dev, io, pm_read, pm_write);
	off = asks_for_s5(pm, io);
	update_sci(pm);
	spin_unlock(&pm->lock, flags);
	if (off)
		pm->config.power_off(pm->config.arg);
}

static void
pm_reset(struct device *dev)
{
	struct pm_model *pm = container_of(dev, struct pm_model, dev);
	u64 flags = spin_lock(&pm->lock);

	pm->state = (struct pm_state){.timer_half = timer_ticks(pm) >> 31};
	update_sci(pm);
	spin_unlock(&pm->lock, flags);
}

void
pm_model_init(struct pm_model *pm, const struct pm_config *config)
{
	*pm = (struct pm_model){
		.dev = {.name = "pm", .reset = pm_reset},
		.config = *config,
	};
	spin_init(&pm->lock, RANK_VDEVICE, "pm");
	vtimer_init(&pm->timer, config->clock, timer_fired);
	pm_reset(&pm->dev);
}

int
pm_model_attach(struct pm_model *pm, struct bus *bus)
{
	bus_add_device(bus, &pm->dev);
	return bus_add_region(bus, &(struct region){
					   .space = SPACE_IO,
					   .base = PM_BASE,
					   .len = PM_PORTS,
					   .dev = &pm->dev,
					   .access = pm_access,
				   });
}

void
pm_model_press_power_button(struct pm_model *pm)
{
	u64 flags = spin_lock(&pm->lock);

	pm->state.status |= PM1_POWER_BUTTON;
	update_sci(pm);
	spin_unlock(&pm->lock, flags);
}
