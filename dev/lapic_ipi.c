/* SPDX-License-Identifier: MIT */
/* Interrupt messages: who is meant, who takes them, and what an ICR sends (SDM vol. 3, 11.6). */
#include "dev/lapic_bus.h"

#include "dev/lapic_model.h"
#include "lib/string.h"

void
lapic_bus_init(struct lapic_bus *bus)
{
	memset(bus, 0, sizeof(*bus));
}

/* 11.6.2.2: by the models flat and cluster; any other is undefined, and meets nobody. */
static bool
logical_xapic(const struct lapic *l, u32 dest)
{
	u32 id = READ_ONCE(l->ldr) >> 24, model = READ_ONCE(l->dfr) >> 28;

	if (dest > 0xff)
		return false;
	if (model == 0xf)
		return (dest & id) != 0;
	return model == 0 && dest >> 4 == id >> 4 && (dest & id & 0xf) != 0;
}

/* 11.12.10.2 */
static bool
logical_x2apic(const struct lapic *l, u32 dest)
{
	u32 id = apic_logical_id(l);

	return dest >> 16 == id >> 16 && (dest & id & 0xffff) != 0;
}

static bool
is_broadcast(const struct apic_message *m)
{
	return m->dest == (m->wide ? 0xffffffff : 0xff);
}

static bool
is_meant(const struct lapic *l, const struct apic_message *m)
{
	if (is_broadcast(m))
		return true;
	if (!m->logical)
		return m->dest == l->config.id;
	return apic_is_x2apic(l) ? logical_x2apic(l, m->dest) : logical_xapic(l, m->dest);
}

static bool
receive_extint(struct lapic *l)
{
	if (!apic_is_on(l))
		return false;
	__atomic_fetch_or(&l->pins, PIN_EXTINT, __ATOMIC_SEQ_CST);
	l->config.ops->kick(l);
	return true;
}

/* One that the SVR turns off still hears NMI, INIT and start-up (11.4.7.2). */
bool
apic_receive(struct lapic *l, const struct apic_message *m)
{
	const struct lapic_ops *ops = l->config.ops;

	if (!apic_is_enabled(l))
		return false;
	switch (m->delivery) {
	case APIC_FIXED:
	case APIC_LOWEST: return lapic_post(l, m->vector, m->level);
	case APIC_NMI: ops->nmi(l); return true;
	case APIC_INIT: ops->init(l); return true;
	case APIC_STARTUP: ops->startup(l, m->vector); return true;
	case APIC_EXTINT: return receive_extint(l);
	default: return false; /* SMI: there is no SMM; 3 is reserved */
	}
}

/* It handles that vector now, or is about to: then it gets it, whatever its priority. */
static bool
is_focus(const struct lapic *l, u8 vector)
{
	u64 bits = READ_ONCE(l->irr[vector / 64]) | READ_ONCE(l->isr[vector / 64]);

	return (READ_ONCE(l->svr) & SVR_NO_FOCUS) == 0 && (bits & BIT(vector % 64)) != 0;
}

/* 11.6.2.4. Among equals they take turns. */
static bool
send_lowest(struct lapic_bus *bus, const struct apic_message *m, const struct lapic *except)
{
	u32 turn = __atomic_fetch_add(&bus->turn, 1, __ATOMIC_RELAXED);
	struct lapic *best = NULL;

	for (u32 i = 0; i < bus->count; i++) {
		struct lapic *l = bus->lapics[(turn + i) % bus->count];

		if (l == NULL || l == except || !is_meant(l, m) || !apic_is_on(l))
			continue;
		if (is_focus(l, m->vector))
			return apic_receive(l, m);
		if (best == NULL || READ_ONCE(l->ppr) < READ_ONCE(best->ppr))
			best = l;
	}
	return best != NULL && apic_receive(best, m);
}

static bool
send_each(struct lapic_bus *bus, const struct apic_message *m, const struct lapic *except)
{
	bool taken = false;

	for (u32 i = 0; i < bus->count; i++) {
		struct lapic *l = bus->lapics[i];

		if (l != NULL && l != except && is_meant(l, m) && apic_receive(l, m))
			taken = true;
	}
	return taken;
}

static bool
send_matching(struct lapic_bus *bus, const struct apic_message *m, const struct lapic *except)
{
	return m->delivery == APIC_LOWEST ? send_lowest(bus, m, except) : send_each(bus, m, except);
}

bool
lapic_bus_send(struct lapic_bus *bus, const struct apic_message *m)
{
	struct lapic *l;

	if (m->logical || is_broadcast(m))
		return send_matching(bus, m, NULL);
	l = m->dest < bus->count ? bus->lapics[m->dest] : NULL;
	return l != NULL && apic_receive(l, m);
}

/* Table 11-3: to itself by shorthand an APIC sends fixed interrupts alone. */
static void
send_by_shorthand(struct lapic *l, struct apic_message *m, enum apic_shorthand to)
{
	bool fixed = m->delivery == APIC_FIXED;

	m->dest = ~0u;
	m->wide = true;
	if (to == TO_OTHERS)
		send_matching(l->bus, m, l);
	else if (fixed && to == TO_ALL)
		send_matching(l->bus, m, NULL);
	else if (fixed)
		apic_receive(l, m);
}

static bool
can_be_sent(u8 delivery)
{
	return delivery != 3 && delivery != APIC_EXTINT;
}

/* INIT's level de-assert was for older APICs; to these it is nothing (11.6.1). */
static bool
is_deassert(u64 icr, u8 delivery)
{
	return delivery == APIC_INIT && (icr & (ICR_LEVEL | ICR_ASSERT)) == ICR_LEVEL;
}

static bool
vector_is_legal(struct lapic *l, const struct apic_message *m)
{
	if (m->vector >= 16 || (m->delivery != APIC_FIXED && m->delivery != APIC_LOWEST))
		return true;
	apic_error(l, ESR_SEND_ILLEGAL);
	return false;
}

/* An IPI is edge-triggered, whatever the trigger mode in the ICR. */
void
apic_send(struct lapic *l)
{
	bool wide = apic_is_x2apic(l);
	enum apic_shorthand to = (enum apic_shorthand)FIELD_GET(ICR_SHORTHAND, l->icr);
	struct apic_message m = {
		.dest = (u32)FIELD_GET(wide ? ICR_DEST_WIDE : ICR_DEST, l->icr),
		.vector = (u8)FIELD_GET(ICR_VECTOR, l->icr),
		.delivery = (u8)FIELD_GET(ICR_DELIVERY, l->icr),
		.logical = (l->icr & ICR_LOGICAL) != 0,
		.wide = wide,
	};

	if (!can_be_sent(m.delivery) || is_deassert(l->icr, m.delivery) || !vector_is_legal(l, &m))
		return;
	if (to == TO_DEST)
		lapic_bus_send(l->bus, &m);
	else
		send_by_shorthand(l, &m, to);
}

void
apic_send_self(struct lapic *l, u8 vector)
{
	struct apic_message m = {.vector = vector, .delivery = APIC_FIXED};

	if (vector_is_legal(l, &m))
		apic_receive(l, &m);
}
