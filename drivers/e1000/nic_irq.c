/* SPDX-License-Identifier: MIT */
/*
 * A NIC's interrupts: MSI where there is one that works; else its pin. To which input of the I/O
 * APICs that leads stands in AML's _PRT, which nobody here reads, so it is found by trial: with a
 * candidate routed, the NIC is made to interrupt (ICS), and the handler looks whether it did.
 *
 * While interrupts are off (armed is false) none is the NIC's. So one that goes on interrupting,
 * masked or not, counts as nobody's, and is cut off: no storm lasts.
 */
#include "arch/x86_64/ioapic.h"
#include "arch/x86_64/irq.h"
#include "arch/x86_64/time.h"
#include "drivers/e1000/nic_parts.h"
#include "drivers/pci_regs.h"
#include "include/intrin.h"
#include "lib/log.h"

enum {
	/* A look in passing first; then, for an emulator that is busy elsewhere, a patient one. */
	TRIAL_US = 2000,
	TRIAL_PATIENT_US = 100000,
	FIRST_PIRQ = 16, /* ICH9, 5.9.3: PIRQA to PIRQH are at 16 to 23 */
	LAST_PIRQ = 23,
	UNCLAIMED_MAX = 500, /* of MSIs between two calls of nic_check() */
};

static struct nic *trying; /* one at a time */

void
nic_irq_init(struct nic *nic)
{
	spin_init(&nic->irq.lock, RANK_NIC, "nic irq");
}

/* Under irq.lock: whether it is ours; if so it is off from here. */
static bool
take(struct nic *nic)
{
	u32 causes;

	if (!nic->irq.armed)
		return false;
	causes = nic_read(nic, E1000_ICR); /* reading clears */
	if (causes == ~0u || (causes & NIC_CAUSES) == 0)
		return false;
	nic_write(nic, E1000_IMC, ~0u);
	nic->irq.armed = false;
	nic->counters.interrupts++;
	return true;
}

static bool
take_locked(struct nic *nic, u32 gsi)
{
	u64 flags = spin_lock(&nic->irq.lock);
	bool trial = nic->irq.trial, ours = take(nic);

	if (ours && trial) {
		nic->irq.heard_gsi = gsi;
		WRITE_ONCE(nic->irq.hit, true);
	}
	spin_unlock(&nic->irq.lock, flags);
	if (ours && !trial)
		nic->client.wake(nic->client.arg);
	return ours;
}

/*
 * Somebody of ours who has no say at this input: in a trial, or where a machine has an interrupt at
 * two inputs, it may have asked all the same.
 */
static bool
another_asked(const struct nic *nic)
{
	for (unsigned i = 0; i < nic_count(); i++) {
		struct nic *other = nic_at(i);

		if (other != nic &&
		    (other->irq.way == NIC_WAY_LINE || READ_ONCE(other->irq.trial)) &&
		    take_locked(other, nic->irq.gsi))
			return true;
	}
	return false;
}

static bool
interrupt(void *arg)
{
	struct nic *nic = arg;
	bool trial = READ_ONCE(nic->irq.trial);

	return take_locked(nic, nic->irq.trial_gsi) || (!trial && another_asked(nic));
}

static void
message(void *arg)
{
	struct nic *nic = arg;

	if (take_locked(nic, 0))
		return;
	if (++nic->irq.unclaimed == UNCLAIMED_MAX)
		pci_msi_off(nic->function);
}

void
nic_irq_arm(struct nic *nic)
{
	u64 flags;

	if (nic->irq.way == NIC_WAY_POLLED)
		return;
	flags = spin_lock(&nic->irq.lock);
	if (!nic->irq.armed) {
		nic->irq.armed = true;
		nic_write(nic, E1000_IMS, NIC_CAUSES);
	}
	spin_unlock(&nic->irq.lock, flags);
}

void
nic_irq_off(struct nic *nic)
{
	u64 flags = spin_lock(&nic->irq.lock);

	nic->irq.armed = false;
	nic_write(nic, E1000_IMC, ~0u);
	(void)nic_read(nic, E1000_ICR);
	spin_unlock(&nic->irq.lock, flags);
}

static bool
comes_once(struct nic *nic, u64 us)
{
	bool hit;

	nic->irq.hit = false;
	nic->irq.trial = true;
	nic_irq_arm(nic);
	nic_write(nic, E1000_ICS, E1000_INT_LSC);
	hit = wait_until(us, READ_ONCE(nic->irq.hit));
	nic_irq_off(nic);
	nic->irq.trial = false;
	return hit || READ_ONCE(nic->irq.hit);
}

/*
 * Whether an interrupt that the NIC is told to raise comes. One more has to, since the first may
 * have been that of an earlier trial: a CPU that was busy for longer than this waits, takes it
 * late.
 */
static bool
comes(struct nic *nic, u64 us)
{
	return comes_once(nic, us) && comes_once(nic, TRIAL_PATIENT_US);
}

/* A vector is taken once; the CPU may be another one the next time. */
static int
reserve_message(struct nic *nic)
{
	struct nic_irq *irq = &nic->irq;
	int err;

	if (irq->has_vector)
		return irq_move_msi(irq->cpu, &irq->message);
	err = irq_install_msi(irq->cpu, message, nic, nic->name, &irq->message);
	irq->has_vector = err == 0;
	return err;
}

/*
 * The 8254x have MSI, too, but take its data from where frames pass: memory gets broken, and the
 * NIC hangs (82540EM, 82545EM and 82541PI specification updates, "Message Signaled Interrupt
 * Feature May Corrupt Write Transactions").
 */
static bool
try_message(struct nic *nic, u64 us)
{
	if (!nic->model->is_82574 || pci_cap_offset(nic->function, PCI_CAP_MSI) == 0 ||
	    reserve_message(nic) != 0)
		return false;
	nic->irq.unclaimed = 0;
	if (pci_msi_on(nic->function, nic->irq.message.address, nic->irq.message.data) != 0)
		return false;
	if (comes(nic, us)) {
		nic->irq.way = NIC_WAY_MSI;
		return true;
	}
	pci_msi_off(nic->function);
	return false;
}

static bool
try_input(struct nic *nic, u32 gsi, bool active_low, u64 us)
{
	if (irq_line_join(gsi, active_low, nic->irq.cpu, interrupt, nic, nic->name) != 0)
		return false;
	nic->irq.trial_gsi = gsi;
	if (comes(nic, us) && !irq_line_is_dead(gsi) && nic->irq.heard_gsi == gsi) {
		nic->irq.way = NIC_WAY_LINE;
		nic->irq.gsi = gsi;
		nic->irq.active_low = active_low;
		return true;
	}
	irq_line_leave(gsi, nic);
	return false;
}

/*
 * Where firmware has routed it for the 8259s: on old machines the I/O APIC's input is the same. It
 * comes last: some have the interrupt at both, and one that is not wanted stays masked.
 */
static bool
try_firmware_line(struct nic *nic, u64 us)
{
	struct isa_route route;

	if (nic->function->interrupt_line == 0 || nic->function->interrupt_line > 15)
		return false;
	route = ioapic_isa_route(nic->function->interrupt_line);
	return try_input(nic, route.gsi, true, us) || try_input(nic, route.gsi, false, us);
}

/* PCI's lines are low when active (PCI Local Bus 3.0, 2.2.6); an emulator may have it otherwise. */
static bool
try_lines(struct nic *nic, u64 us)
{
	if (nic->function->interrupt_pin == 0)
		return false;
	for (u32 gsi = FIRST_PIRQ; gsi <= LAST_PIRQ; gsi++) {
		if (try_input(nic, gsi, true, us))
			return true;
	}
	for (u32 gsi = FIRST_PIRQ; gsi <= LAST_PIRQ; gsi++) {
		if (try_input(nic, gsi, false, us))
			return true;
	}
	return try_firmware_line(nic, us);
}

void
nic_irq_release(struct nic *nic)
{
	nic_irq_off(nic);
	pci_msi_off(nic->function);
	if (nic->irq.way == NIC_WAY_LINE)
		irq_line_leave(nic->irq.gsi, nic);
}

/* What worked the last time. */
static bool
still_works(struct nic *nic)
{
	const struct nic_irq *irq = &nic->irq;

	switch (irq->way) {
	case NIC_WAY_MSI: return try_message(nic, TRIAL_PATIENT_US);
	case NIC_WAY_LINE: return try_input(nic, irq->gsi, irq->active_low, TRIAL_PATIENT_US);
	default: return false;
	}
}

static void
find_way(struct nic *nic)
{
	static const u64 patience[] = {TRIAL_US, TRIAL_PATIENT_US};

	pci_change_command(nic->function->addr, 0, PCI_COMMAND_NO_INTX);
	nic_irq_release(nic);
	if (still_works(nic))
		return;
	nic->irq.way = NIC_WAY_NONE;
	for (unsigned i = 0; i < ARRAY_SIZE(patience); i++) {
		if (try_message(nic, patience[i]) || try_lines(nic, patience[i]))
			return;
	}
	nic->irq.way = NIC_WAY_POLLED;
	log_warn("%s: none of its interrupts arrives: it is polled each millisecond", nic->name);
}

/* Networks may start at the same time. Nobody has a trial for longer than this. */
void
nic_irq_find(struct nic *nic)
{
	enum { OTHERS_US = 5000000 };
	struct nic *none = NULL;

	if (!wait_until(OTHERS_US,
			(none = NULL,
			 __atomic_compare_exchange_n(&trying, &none, nic, false, __ATOMIC_ACQ_REL,
						     __ATOMIC_RELAXED)))) {
		nic->irq.way = NIC_WAY_POLLED;
		return;
	}
	/* This one: whatever the others do, it takes an interrupt while it waits for it. */
	nic->irq.cpu = cpu_index();
	find_way(nic);
	__atomic_store_n(&trying, NULL, __ATOMIC_RELEASE);
}

void
nic_irq_give_up(struct nic *nic)
{
	nic_irq_release(nic);
	nic->irq.way = NIC_WAY_POLLED;
}

bool
nic_irq_is_dead(struct nic *nic)
{
	u32 unclaimed = __atomic_exchange_n(&nic->irq.unclaimed, 0, __ATOMIC_RELAXED);

	return (nic->irq.way == NIC_WAY_MSI && unclaimed >= UNCLAIMED_MAX) ||
	       (nic->irq.way == NIC_WAY_LINE && irq_line_is_dead(nic->irq.gsi));
}

bool
nic_polls(const struct nic *nic)
{
	return nic->irq.way == NIC_WAY_POLLED;
}
