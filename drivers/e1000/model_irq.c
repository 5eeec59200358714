/* SPDX-License-Identifier: MIT */
/*
 * Causes, the pin, and what holds interrupts back (3.2.7, 3.4.3, 13.4.17 ff.): delays after frames
 * were received or sent, and ITR, the least time between two interrupts. After a quiet time the
 * first one comes at once.
 *
 * There is one timer, for the earliest of all that can make an interrupt; what ITR holds back
 * anyway waits for both. A delay that is over counts when somebody looks: ICR shows it then.
 */
#include "drivers/e1000/model_private.h"

static void
set_timer(struct e1000 *e, u64 when)
{
	struct e1000_moderation *m = &e->state.irq;

	if (m->timer_ns != 0 && m->timer_ns <= when)
		return;
	m->timer_ns = when;
	vtimer_set(&e->timer, when);
}

/* Of two times of which 0 is none. */
static u64
earlier(u64 a, u64 b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static void
set_delay_timer(struct e1000 *e)
{
	const struct e1000_moderation *m = &e->state.irq;
	u32 ims = e->state.regs.ims;
	u64 rx = ims & E1000_INT_RXT0 ? earlier(m->rx_ns, m->rx_absolute_ns) : 0;
	u64 tx = ims & E1000_INT_TXDW ? earlier(m->tx_ns, m->tx_absolute_ns) : 0;
	u64 when = earlier(rx, tx);

	if (when != 0)
		set_timer(e, MAX(when, m->next_ns));
}

static bool
has_delays(const struct e1000_moderation *m)
{
	return (m->rx_ns | m->tx_ns) != 0;
}

static void
end_delay(struct e1000 *e, u64 *ns, u64 *absolute_ns, u32 cause)
{
	*ns = *absolute_ns = 0;
	e->state.regs.icr |= cause;
}

static void
catch_up(struct e1000 *e, u64 now)
{
	struct e1000_moderation *m = &e->state.irq;

	if (m->rx_ns != 0 && earlier(m->rx_ns, m->rx_absolute_ns) <= now)
		end_delay(e, &m->rx_ns, &m->rx_absolute_ns, E1000_INT_RXT0);
	if (m->tx_ns != 0 && earlier(m->tx_ns, m->tx_absolute_ns) <= now)
		end_delay(e, &m->tx_ns, &m->tx_absolute_ns, E1000_INT_TXDW);
}

static void
set_level(struct e1000 *e, bool level)
{
	e->state.irq.level = level;
	pci_device_intx(&e->pci, level);
}

void
e1000_irq_update(struct e1000 *e)
{
	struct e1000_moderation *m = &e->state.irq;
	const struct e1000_registers *r = &e->state.regs;
	bool level = (r->icr & r->ims) != 0 && !e->state.asleep;

	if (level == m->level)
		return;
	if (level && r->itr != 0) {
		u64 now = vclock_ns(e->config.clock);

		if (now < m->next_ns) {
			set_timer(e, m->next_ns);
			return;
		}
		m->next_ns = now + (u64)r->itr * E1000_ITR_NS;
	}
	set_level(e, level);
}

/* Delays of causes that were masked went on without a timer. */
void
e1000_irq_unmask(struct e1000 *e, u32 causes)
{
	e->state.regs.ims |= causes;
	if (has_delays(&e->state.irq)) {
		catch_up(e, vclock_ns(e->config.clock));
		set_delay_timer(e);
	}
	e1000_irq_update(e);
}

void
e1000_irq_raise(struct e1000 *e, u32 causes)
{
	e->state.regs.icr |= causes;
	e1000_irq_update(e);
}

/* Starts a delay, or starts it again; the absolute one runs from the first time on. */
static void
delay(struct e1000 *e, u32 units, u32 absolute_units, u64 *ns, u64 *absolute_ns)
{
	u64 now = vclock_ns(e->config.clock);

	catch_up(e, now);
	*ns = now + (u64)units * E1000_DELAY_NS;
	if (absolute_units != 0 && *absolute_ns == 0)
		*absolute_ns = now + (u64)absolute_units * E1000_DELAY_NS;
	set_delay_timer(e);
	e1000_irq_update(e);
}

void
e1000_irq_received(struct e1000 *e, u32 bytes)
{
	struct e1000_moderation *m = &e->state.irq;
	struct e1000_registers *r = &e->state.regs;

	if (bytes <= r->rsrpd)
		e1000_irq_raise(e, E1000_INT_SRPD);
	if (r->rdtr == 0)
		e1000_irq_raise(e, E1000_INT_RXT0);
	else
		delay(e, r->rdtr, r->radv, &m->rx_ns, &m->rx_absolute_ns);
}

void
e1000_irq_sent(struct e1000 *e, bool delayed)
{
	struct e1000_moderation *m = &e->state.irq;
	struct e1000_registers *r = &e->state.regs;

	if (delayed && r->tidv != 0) {
		delay(e, r->tidv, r->tadv, &m->tx_ns, &m->tx_absolute_ns);
		return;
	}
	m->tx_ns = m->tx_absolute_ns = 0;
	e1000_irq_raise(e, E1000_INT_TXDW);
}

void
e1000_irq_flush(struct e1000 *e, bool rx)
{
	struct e1000_moderation *m = &e->state.irq;

	if (rx && m->rx_ns != 0)
		end_delay(e, &m->rx_ns, &m->rx_absolute_ns, E1000_INT_RXT0);
	else if (!rx && m->tx_ns != 0)
		end_delay(e, &m->tx_ns, &m->tx_absolute_ns, E1000_INT_TXDW);
	e1000_irq_update(e);
}

u32
e1000_irq_read(struct e1000 *e)
{
	u32 icr;

	if (has_delays(&e->state.irq))
		catch_up(e, vclock_ns(e->config.clock));
	icr = e->state.regs.icr;
	e->state.regs.icr = 0;
	e1000_irq_update(e);
	return icr;
}

void
e1000_irq_reset(struct e1000 *e)
{
	bool level = e->state.irq.level;

	vtimer_cancel(&e->timer);
	e->state.irq = (struct e1000_moderation){0};
	if (level)
		set_level(e, false);
}

/* It may have been for what is no more. */
void
e1000_irq_timer(struct vtimer *timer)
{
	struct e1000 *e = container_of(timer, struct e1000, timer);
	u64 flags = spin_lock(&e->lock);

	e->state.irq.timer_ns = 0;
	catch_up(e, vclock_ns(e->config.clock));
	e1000_irq_update(e);
	set_delay_timer(e);
	spin_unlock(&e->lock, flags);
}
