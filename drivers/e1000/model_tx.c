/* SPDX-License-Identifier: MIT */
/*
 * The transmit ring (3.4). Descriptors are read in batches and packets are sent without the lock;
 * then, under it, TDH moves, DD is written back, and causes are set, once a batch. A packet whose
 * end the ring does not have yet stays in it, and is read again. So does what a stop (EN, or bus
 * mastering) leaves of a batch; what is out of it is committed by who stops, or by the sender,
 * whoever is first.
 *
 * No kick is lost. tx.busy and tx.kicked change under the lock only. Whoever writes TDT does so
 * under it and, right there, either finds one of them set or sets `kicked` and kicks. While `busy`,
 * the transmitter looks at TDT again, under the lock, before it ends: it ends with `kicked` false
 * only if nothing that it could send was there at that moment, and every later TDT sees it so. It
 * ends with `kicked` true only if it answers true: then its caller comes again. And `kicked` with
 * nobody in here means that the call that was asked for is still to come.
 */
#include "drivers/e1000/model_private.h"

#include "lib/string.h"
#include "net/switch.h"

static u32
ring_count(const struct e1000_registers *r)
{
	return READ_ONCE(r->tdlen) / (u32)sizeof(struct e1000_tx_desc);
}

/* Descriptors between head and tail; none while the ring makes no sense. */
static u32
ring_filled(const struct e1000_registers *r)
{
	u32 count = ring_count(r), head = READ_ONCE(r->tdh), tail = READ_ONCE(r->tdt);

	if (head >= count || tail >= count)
		return 0;
	return tail >= head ? tail - head : tail + count - head;
}

static bool
may_send(const struct e1000 *e)
{
	return (e->state.regs.tctl & E1000_TCTL_EN) != 0 && !e->state.asleep &&
	       pci_device_masters(&e->pci);
}

static bool
has_work(const struct e1000 *e)
{
	return may_send(e) && ring_filled(&e->state.regs) != 0;
}

static gpa_t
descriptor_at(const struct e1000_registers *r, u32 index)
{
	return GPA(((u64)r->tdbah << 32 | r->tdbal) + (u64)index * sizeof(struct e1000_tx_desc));
}

void
e1000_tx_void(struct e1000 *e)
{
	e->tx.epoch++;
	e->tx.anew = true;
	e->tx.stopped = false;
}

void
e1000_tx_reset(struct e1000 *e)
{
	e1000_tx_void(e);
	e->tx.forget = true;
}

void
e1000_tx_work(struct e1000 *e)
{
	if (!e->tx.busy && !e->tx.kicked && has_work(e))
		e->tx.kicked = e->tx.kick = true;
}

/* Up to `max` descriptors from TDH on; a ring that is not RAM counts as sent. */
static u32
fetch(struct e1000 *e, u32 max)
{
	struct e1000_registers *r = &e->state.regs;
	u32 n = MIN(ring_filled(r), max), first = MIN(n, ring_count(r) - r->tdh);
	size_t size = sizeof(struct e1000_tx_desc);

	if (n == 0 || !may_send(e))
		return 0;
	if (guest_read(e->config.memory, descriptor_at(r, r->tdh), e->tx.batch, first * size) ==
		    0 &&
	    (n == first || guest_read(e->config.memory, descriptor_at(r, 0), &e->tx.batch[first],
				      (n - first) * size) == 0))
		return n;
	r->tdh = r->tdt;
	return 0;
}

static bool
is_context(const struct e1000_tx_desc *d)
{
	return (d->command & (E1000_TXD_DEXT | E1000_TXD_TYPE)) == E1000_TXD_DEXT;
}

static void
load_context(struct e1000 *e, const struct e1000_tx_desc *d)
{
	memcpy(&e->tx.contexts[(d->command & E1000_TXD_TSE) != 0], d, sizeof(*d));
}

/* As whoever cuts it will find it, and drop it if it makes no sense. */
static bool
count_segmented(struct e1000 *e, struct frame *f)
{
	bool good = segment_check(f);

	e->counts[good ? E1000_TX_SEGMENTED : E1000_TX_UNCUT]++;
	return good;
}

/* The frame, of `segments` each of headers and a part of the rest, as the wire would have it. */
static void
count(struct e1000 *e, struct frame *f, u32 segments)
{
	u32 extra = ETH_FCS + (f->tagged ? (u32)ETH_TAG : 0);
	u32 bytes = f->len + extra;

	if (f->segmentation != FRAME_WHOLE && !count_segmented(e, f))
		return;
	e->counts[E1000_TX_FRAMES] += segments;
	if (frame_is_multicast(f))
		e->counts[be32_at(f->header) == ~0u && be16_at(f->header + 4) == 0xffff
				  ? E1000_TX_BROADCAST
				  : E1000_TX_MULTICAST] += segments;
	if (segments > 1) {
		u32 whole = (u32)f->segment_header + f->segment_size + extra;

		e1000_count_size(e, E1000_TX_SIZE, whole, segments - 1);
		bytes += (segments - 1) * (f->segment_header + extra);
		e->counts[E1000_TX_BYTES] += bytes;
		bytes -= (segments - 1) * whole;
	} else {
		e->counts[E1000_TX_BYTES] += bytes;
	}
	e1000_count_size(e, E1000_TX_SIZE, bytes, 1);
}

/* To the own receiver: segments one by one, as from the line. */
static void
loop_back(struct e1000 *e)
{
	struct e1000_tx *tx = &e->tx;

	if (!segment_check(&tx->frame))
		return;
	if (tx->frame.segmentation == FRAME_WHOLE) {
		if (tx->frame.checksum_missing)
			frame_complete(&tx->frame);
		(void)e1000_receive(e, &tx->frame, true);
		return;
	}
	segment_begin(&tx->segmenter, &tx->frame, true);
	while (segment_next(&tx->segmenter, &tx->segment))
		(void)e1000_receive(e, &tx->segment, true);
}

static u32
segments_of(const struct frame *f)
{
	if (f->segmentation == FRAME_WHOLE)
		return 1;
	return (f->len - f->segment_header + f->segment_size - 1) / f->segment_size;
}

static bool
is_void(const struct e1000 *e)
{
	return READ_ONCE(e->tx.epoch) != e->tx.epoch_begun;
}

/* Answers what it cost, in descriptors' worth of work: a frame may become many. */
static u32
send(struct e1000 *e)
{
	struct frame *f = &e->tx.frame;
	u32 segments = e1000_tx_finish(e) ? segments_of(f) : 0;

	if (segments == 0 || segments > SEGMENTS_MAX) {
		e->counts[E1000_TX_UNCUT] += e->tx.packet.segment;
		return 0;
	}
	if (e1000_in_loopback(e)) {
		count(e, f, segments);
		loop_back(e);
	} else if (READ_ONCE(e->state.link)) {
		count(e, f, segments);
		switch_send(&e->port, f);
	}
	return segments / 16;
}

/* At a packet's end, before descriptor `next` of the batch; one that is dropped ends, too. */
static u32
end_packet(struct e1000 *e, u32 next)
{
	struct e1000_tx *tx = &e->tx;
	u64 flags = spin_lock(&e->sending);
	u32 cost = 0;

	if (!is_void(e)) {
		if (!tx->skipping)
			cost = send(e);
		tx->skipping = false;
		tx->sent = next;
	}
	spin_unlock(&e->sending, flags);
	tx->packet.begun = false;
	return cost;
}

/*
 * Sends the packets that end within n descriptors, until those and *cost, what more it was worth,
 * are `budget`; answers how many descriptors they were. What belongs to no packet any more
 * (tx.skipping) is passed over.
 */
static u32
send_batch(struct e1000 *e, u32 n, u32 budget, u32 *cost)
{
	struct e1000_tx *tx = &e->tx;
	u32 done = 0;

	tx->packet.begun = false;
	for (u32 i = 0; i < n && done + *cost < budget && !is_void(e); i++) {
		const struct e1000_tx_desc *d = &tx->batch[i];
		bool ends = (d->command & E1000_TXD_EOP) != 0 && !is_context(d);

		if (is_context(d)) {
			load_context(e, d);
		} else if (!tx->skipping) {
			if (!tx->packet.begun)
				e1000_tx_begin(e, d);
			e1000_tx_add(e, d);
		}
		if (ends)
			*cost += end_packet(e, i + 1);
		if (!tx->packet.begun)
			done = i + 1;
	}
	return done;
}

/* Descriptors that asked for it tell that they are done (3.4.3.1); RPS is taken as RS. */
static void
write_back(struct e1000 *e, u32 done)
{
	const struct e1000_registers *r = &e->state.regs;
	bool reported = false, delayed = true;

	for (u32 i = 0, index = r->tdh; i < done; i++, index++) {
		const struct e1000_tx_desc *d = &e->tx.batch[i];
		u32 status = d->status | E1000_TXD_DD;
		gpa_t at;

		if (index == ring_count(r))
			index = 0;
		if (!(d->command & (E1000_TXD_RS | E1000_TXD_RPS)))
			continue;
		at = descriptor_at(r, index);
		at.v += offsetof(struct e1000_tx_desc, status);
		if (guest_write(e->config.memory, at, &status, sizeof(status)) != 0)
			continue;
		reported = true;
		delayed = delayed && (d->command & E1000_TXD_IDE) != 0;
	}
	if (reported)
		e1000_irq_sent(e, delayed);
}

static void
commit(struct e1000 *e, u32 done)
{
	struct e1000_registers *r = &e->state.regs;
	u32 low = (u32)FIELD_GET(E1000_TXDCTL_LWTHRESH, r->txdctl) * 8, before = ring_filled(r);

	write_back(e, done);
	r->tdh = (r->tdh + done) % ring_count(r);
	if (low != 0 && before > low && before - done <= low)
		e1000_irq_raise(e, E1000_INT_TXD_LOW);
	if (r->tdh == r->tdt)
		e1000_irq_raise(e, E1000_INT_TXQE);
}

/* EN or bus mastering is off (13.4.33; PCI 3.0, 6.2.2). */
void
e1000_tx_stop(struct e1000 *e)
{
	struct e1000_tx *tx = &e->tx;

	if (tx->busy && tx->epoch == tx->epoch_begun)
		tx->stopped = true;
	tx->epoch++;
}

/* Contexts behind `sent` that have been loaded will be once more: that changes nothing. */
void
e1000_tx_settle(struct e1000 *e)
{
	if (e->tx.stopped && e->tx.sent != 0)
		commit(e, e->tx.sent);
	e->tx.stopped = false;
}

/* After a stop it goes on where it was, after a reset or with another ring anew, but for contexts,
 * which hold until others are loaded (3.3.6) or a reset comes. */
static void
begin_epoch(struct e1000 *e)
{
	struct e1000_tx *tx = &e->tx;

	if (tx->epoch == tx->epoch_begun)
		return;
	tx->epoch_begun = tx->epoch;
	if (tx->anew)
		tx->skipping = false;
	if (tx->forget)
		memset(tx->contexts, 0, sizeof(tx->contexts));
	tx->anew = tx->forget = false;
}

/* One batch, by a caller who holds the lock, which is released on the way. False: no more now. */
static bool
one_batch(struct e1000 *e, u32 *budget, u32 *max, u64 *flags)
{
	u32 tail = e->state.regs.tdt, cost = 0, done, n;
	u32 asked = *max == E1000_TX_BATCH ? MIN(*max, *budget) : *max;

	begin_epoch(e);
	n = fetch(e, asked);
	if (n == 0)
		return false;
	e->tx.sent = 0;
	spin_unlock(&e->lock, *flags);
	done = send_batch(e, n, *budget, &cost);
	*flags = spin_lock(&e->lock);
	*budget -= MIN(*budget, MAX(done, 1u) + cost);
	*max = E1000_TX_BATCH;
	if (e->tx.epoch != e->tx.epoch_begun) {
		e1000_tx_settle(e);
		return true;
	}
	if (done == 0 && n < asked)
		return e->state.regs.tdt != tail; /* a packet whose end is still to come */
	if (done == 0 && n < E1000_TX_PACKET_MAX) {
		*budget =
			MAX(*budget, 1u); /* it goes whole, or the next call would be as this one */
		*max = E1000_TX_PACKET_MAX;
		return true;
	}
	if (done == 0) {
		e->tx.skipping = true;
		done = n;
	}
	commit(e, done);
	return true;
}

u32
e1000_waiting(const struct e1000 *e)
{
	return ring_filled(&e->state.regs);
}

bool
e1000_transmit(struct e1000 *e, unsigned budget)
{
	u64 flags = spin_lock(&e->lock);
	u32 max = E1000_TX_BATCH;
	bool more = !e->tx.busy;

	if (more) {
		e->tx.busy = true;
		while (more && budget > 0)
			more = has_work(e) && one_batch(e, &budget, &max, &flags);
		more = more && has_work(e);
		e->tx.busy = false;
		e->tx.kicked = more;
		e->tx.kick = false;
	}
	spin_unlock(&e->lock, flags);
	return more;
}
