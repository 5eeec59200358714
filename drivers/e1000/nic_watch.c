/* SPDX-License-Identifier: MIT */
/* Whether a NIC still works, looked at ten times a second; and what is done when it doesn't. */
#include "arch/x86_64/time.h"
#include "drivers/e1000/nic_parts.h"
#include "lib/log.h"

enum {
	HANG_NS = 2l * NS_PER_S,
	RETRY_NS = NS_PER_S,
	WELL_NS = 60l * NS_PER_S, /* so long without trouble, and what was is forgotten */
	ATTEMPTS_MAX = 5,
	MISSED_INTERRUPTS_MAX = 3,
};

static void
say_link(struct nic *nic)
{
	nic->counters.link_changes++;
	if (nic->link_up)
		log_info("%s: link up, %u Mb/s, %s duplex", nic->name, nic->speed,
			 nic->full_duplex ? "full" : "half");
	else
		log_warn("%s: link down: is the cable in?", nic->name);
}

/* The words of what is wrong with transmission; NULL when nothing is. */
static const char *
tx_trouble(struct nic *nic, u64 now)
{
	struct nic_watch *w = &nic->watch;
	u32 head = nic_read(nic, E1000_TDH), clean;
	bool idle;
	u64 flags;

	if (head >= NIC_TX_RING)
		return "its transmit ring's head is outside of the ring";
	flags = spin_lock(&nic->tx.lock);
	nic_tx_reclaim(nic);
	clean = nic->tx.clean;
	idle = clean == nic->tx.told;
	spin_unlock(&nic->tx.lock, flags);
	if (idle || !nic->link_up || clean != w->tx_clean || head != w->tdh)
		w->progress_ns = now;
	w->tx_clean = clean;
	w->tdh = head;
	return now - w->progress_ns >= HANG_NS ? "it has sent nothing for 2 s, with frames waiting"
					       : NULL;
}

static const char *
find_trouble(struct nic *nic, u64 now)
{
	u32 status = nic_read(nic, E1000_STATUS);

	if (status == ~0u)
		return "it no longer answers: it was pulled out, or has lost its power";
	if (nic_update_link(nic, status))
		say_link(nic);
	if (nic_read(nic, E1000_RDH) >= NIC_RX_RING)
		return "its receive ring's head is outside of the ring";
	return tx_trouble(nic, now);
}

/*
 * A frame that waits while the interrupt is on had none, or it is still on its way, and comes
 * before the next look. How long one waits says nothing: after each look it is received. So what
 * counts is how many looks in a row found one, without an interrupt in between.
 */
static void
check_interrupts(struct nic *nic)
{
	struct nic_watch *w = &nic->watch;
	bool waits = READ_ONCE(nic->irq.armed) && nic_rx_waits(nic);
	u64 interrupts = READ_ONCE(nic->counters.interrupts);

	if (interrupts != w->interrupts)
		w->rx_missed_interrupts = 0;
	w->interrupts = interrupts;
	if (waits)
		w->rx_missed_interrupts++;
	if (nic->irq.way == NIC_WAY_POLLED)
		return;
	if (!nic_irq_is_dead(nic) && w->rx_missed_interrupts < MISSED_INTERRUPTS_MAX)
		return;
	nic_irq_give_up(nic);
	log_warn("%s: its interrupts %s: it is polled each millisecond from here on", nic->name,
		 w->rx_missed_interrupts < MISSED_INTERRUPTS_MAX ? "come without end or reason"
								 : "no longer come");
}

/* All ones is what nobody answers: the NIC has gone since its status was read. */
static u32
losses(const struct nic *nic, u32 statistic)
{
	u32 count = nic_read(nic, statistic);

	return count != ~0u ? count : 0;
}

static void
count_losses(struct nic *nic)
{
	nic->counters.rx_missed += losses(nic, E1000_MPC);
	nic->counters.rx_errors += losses(nic, E1000_CRCERRS);
}

static void
give_up(struct nic *nic)
{
	nic_silence(nic);
	nic->state = NIC_FAILED;
	WRITE_ONCE(nic->link_up, false); /* so that its network doesn't count on it */
	log_error("%s: %u resets have not helped: its network goes on without it. Check the card "
		  "and its slot, and switch the machine off and on",
		  nic->name, ATTEMPTS_MAX);
}

static void
reset_again(struct nic *nic, u64 now)
{
	struct nic_watch *w = &nic->watch;
	int err;

	nic_silence(nic);
	nic->state = NIC_RESETTING;
	if (w->attempts == ATTEMPTS_MAX) {
		give_up(nic);
		return;
	}
	w->attempts++;
	w->reset_ns = now;
	nic->counters.resets++;
	err = nic_bring_up(nic);
	if (err != 0)
		log_error("%s: reset %u of %u failed: %s", nic->name, w->attempts, ATTEMPTS_MAX,
			  error_text(err));
}

static void
check_running(struct nic *nic, u64 now)
{
	const char *trouble = find_trouble(nic, now);

	if (trouble != NULL) {
		log_error("%s: %s; resetting it", nic->name, trouble);
		reset_again(nic, now);
		return;
	}
	count_losses(nic);
	check_interrupts(nic);
	if (now - nic->watch.reset_ns >= WELL_NS)
		nic->watch.attempts = 0;
}

void
nic_check(struct nic *nic)
{
	u64 now = clock_ns();

	if (nic->state == NIC_RUNNING)
		check_running(nic, now);
	else if (nic->state == NIC_RESETTING && now - nic->watch.reset_ns >= RETRY_NS)
		reset_again(nic, now);
}
