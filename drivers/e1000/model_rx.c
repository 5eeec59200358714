/* SPDX-License-Identifier: MIT */
/*
 * The receive ring (3.2). A frame is written into the guest's buffers as the wire would have it:
 * its tag, unless that is stripped, padded to 60 bytes, and four bytes of zeros for the FCS, unless
 * SECRC strips it; lengths count them. First all of its buffers are found, then all is written,
 * then its descriptors are, the last one last: a frame is there whole or not at all.
 */
#include "drivers/e1000/model_private.h"

#include "lib/string.h"

enum {
	LONG = 1522, /* with its FCS; longer ones want LPE (13.4.22) */
	LONGEST = 16384,
};

/* As it goes into the buffers. */
struct wire {
	const struct frame *frame;
	u32 len;
	bool tag; /* in the bytes */
};

static u32
ring_count(const struct e1000_registers *r)
{
	return r->rdlen / (u32)sizeof(struct e1000_rx_desc);
}

/* Descriptors that the guest has given; none while the ring makes no sense. */
static u32
ring_free(const struct e1000_registers *r)
{
	u32 count = ring_count(r);

	if (r->rdh >= count || r->rdt >= count)
		return 0;
	return r->rdt >= r->rdh ? r->rdt - r->rdh : r->rdt + count - r->rdh;
}

static u32
buffer_len(u32 rctl)
{
	u32 size = (u32)FIELD_GET(E1000_RCTL_BSIZE, rctl);

	if (rctl & E1000_RCTL_BSEX && size != 0)
		return 32768u >> size;
	return 2048u >> size;
}

static struct e1000_rx_desc *
descriptor(const struct e1000 *e, u32 index)
{
	const struct e1000_registers *r = &e->state.regs;
	u64 at = ((u64)r->rdbah << 32 | r->rdbal) + (u64)index * sizeof(struct e1000_rx_desc);
	void *found;

	if (guest_span(e->config.memory, GPA(at), sizeof(struct e1000_rx_desc), &found) != 0)
		return NULL;
	return found;
}

/* One more piece of a buffer that is not in one; false when there are too many, or it is no RAM. */
static bool
add_piece(struct e1000 *e, u32 *count, u64 address, u32 len)
{
	void *to;

	if (*count == E1000_RX_PIECES || guest_span(e->config.memory, GPA(address), len, &to) != 0)
		return false;
	e->rx_pieces[(*count)++] = (struct e1000_rx_piece){to, len};
	return true;
}

static bool
find_buffer(struct e1000 *e, u32 *count, u64 address, u32 len)
{
	if (add_piece(e, count, address, len))
		return true;
	if (!guest_is_ram(e->config.memory, GPA(address), len))
		return false;
	while (len > 0) {
		u32 n = (u32)MIN((u64)len, PAGE_SIZE - address % PAGE_SIZE);

		if (!add_piece(e, count, address, n))
			return false;
		address += n;
		len -= n;
	}
	return true;
}

/*
 * Where the frame's bytes go: fills rx_pieces and rx_slots. Answers how many descriptors that
 * takes, 0 when there are too few. Those without an address are passed over (3.2.3).
 */
static u32
find_room(struct e1000 *e, u32 len)
{
	const struct e1000_registers *r = &e->state.regs;
	u32 size = buffer_len(r->rctl), free = MIN(ring_free(r), (u32)E1000_RX_PIECES);
	u32 pieces = 0, used = 0, index = r->rdh;

	while (len > 0) {
		struct e1000_rx_desc *d = used < free ? descriptor(e, index) : NULL;
		u64 address = d != NULL ? READ_ONCE(d->address) : 0;
		u32 n = address != 0 ? MIN(len, size) : 0;

		if (d == NULL || (n != 0 && !find_buffer(e, &pieces, address, n)))
			return 0;
		e->rx_slots[used++] = (struct e1000_rx_slot){d, n};
		len -= n;
		index = index + 1 == ring_count(r) ? 0 : index + 1;
	}
	return used;
}

static void
copy_tag(const struct frame *f, u32 offset, u8 *to, u32 len)
{
	u8 tag[ETH_TAG];

	be16_put(&tag[0], ETH_TYPE_VLAN);
	be16_put(&tag[2], f->tag);
	memcpy(to, &tag[offset], len);
}

/* The bytes from `offset` to the end of what lies together; answers how many, at most `max`. */
static u32
copy_run(const struct wire *w, u32 offset, u8 *to, u32 max)
{
	const struct frame *f = w->frame;
	u32 tag_len = w->tag ? ETH_TAG : 0, n;

	if (w->tag && offset < ETH_TYPE) {
		n = MIN(max, ETH_TYPE - offset);
		frame_copy(f, offset, to, n);
	} else if (w->tag && offset < ETH_TYPE + ETH_TAG) {
		n = MIN(max, (u32)(ETH_TYPE + ETH_TAG) - offset);
		copy_tag(f, offset - ETH_TYPE, to, n);
	} else if (offset < f->len + tag_len) {
		n = MIN(max, f->len + tag_len - offset);
		frame_copy(f, offset - tag_len, to, n);
	} else {
		n = max;
		memset(to, 0, n);
	}
	return n;
}

static void
fill_buffers(struct e1000 *e, const struct wire *w)
{
	const struct e1000_rx_piece *piece = e->rx_pieces;
	const struct frame *f = w->frame;

	if (piece->len == w->len && !w->tag) {
		frame_copy(f, 0, piece->to, f->len);
		for (u32 i = f->len; i < w->len; i++)
			piece->to[i] = 0;
		return;
	}
	for (u32 offset = 0; offset < w->len; piece++) {
		for (u32 done = 0, n; done < piece->len; done += n, offset += n)
			n = copy_run(w, offset, piece->to + done, piece->len - done);
	}
}

/* Length, checksum, status, errors and special are eight bytes, written at once (3.2.3). */
static void
write_descriptor(struct e1000_rx_desc *d, u32 len, u32 status, u16 special)
{
	u64 word = len | (u64)status << 32 | (u64)special << 48;

	__atomic_store_n((u64 *)(void *)&d->length, word, __ATOMIC_RELEASE);
}

_Static_assert(offsetof(struct e1000_rx_desc, length) == 8, "the second half");

static void
write_descriptors(struct e1000 *e, const struct wire *w, u32 used)
{
	const struct frame *f = w->frame;
	bool stripped = f->tagged && !w->tag;
	u32 status = E1000_RXD_DD | e1000_rx_checksum(e, f) | (stripped ? E1000_RXD_VP : 0);

	for (u32 i = 0; i < used; i++) {
		const struct e1000_rx_slot *slot = &e->rx_slots[i];
		u32 end = i + 1 == used ? E1000_RXD_EOP : 0;

		write_descriptor(slot->desc, slot->len, status | end, stripped ? f->tag : 0);
	}
}

static void
count_good(struct e1000 *e, const struct frame *f, u32 bytes)
{
	e->counts[E1000_RX_GOOD_FRAMES]++;
	e->counts[E1000_RX_GOOD_BYTES] += bytes;
	e1000_count_size(e, E1000_RX_SIZE, bytes, 1);
	if (frame_is_multicast(f))
		e->counts[be32_at(f->header) == ~0u && be16_at(f->header + 4) == 0xffff
				  ? E1000_RX_BROADCAST
				  : E1000_RX_MULTICAST]++;
}

/* RXDMT0 comes when the ring falls to a half, a quarter or an eighth (13.4.22). */
static void
use_descriptors(struct e1000 *e, u32 used)
{
	struct e1000_registers *r = &e->state.regs;
	u32 before = ring_free(r);
	u32 least = ring_count(r) >> (1 + MIN(FIELD_GET(E1000_RCTL_RDMTS, r->rctl), 2ul));

	r->rdh += used;
	if (r->rdh >= ring_count(r))
		r->rdh -= ring_count(r);
	if (before > least && before - used <= least)
		r->icr |= E1000_INT_RXDMT0;
}

static bool
missed(struct e1000 *e)
{
	e->counts[E1000_RX_MISSED]++;
	e1000_irq_raise(e, E1000_INT_RXO);
	return false;
}

static bool
receive(struct e1000 *e, const struct frame *f)
{
	const struct e1000_registers *r = &e->state.regs;
	struct wire w = {.frame = f};
	u32 bytes, used;

	w.tag = f->tagged && (!(r->ctrl & E1000_CTRL_VME) || r->vet != ETH_TYPE_VLAN);
	w.len = MAX(f->len + (w.tag ? (u32)ETH_TAG : 0), (u32)ETH_MIN);
	bytes = MAX(f->len, (u32)ETH_MIN) + (f->tagged ? (u32)ETH_TAG : 0) + ETH_FCS;
	e->counts[E1000_RX_FRAMES]++;
	e->counts[E1000_RX_BYTES] += bytes;
	if (!e1000_rx_wants(e, f))
		return true;
	if (bytes > (r->rctl & E1000_RCTL_LPE ? (u32)LONGEST : (u32)LONG)) {
		e->counts[E1000_RX_LONG]++;
		return true;
	}
	if (!(r->rctl & E1000_RCTL_SECRC))
		w.len += ETH_FCS;
	used = find_room(e, w.len);
	if (used == 0)
		return missed(e);
	fill_buffers(e, &w);
	write_descriptors(e, &w, used);
	use_descriptors(e, used);
	count_good(e, f, bytes);
	e1000_irq_received(e, bytes);
	return true;
}

bool
e1000_receive(struct e1000 *e, const struct frame *f, bool looped)
{
	u64 flags = spin_lock(&e->lock);
	bool listens = (e->state.regs.rctl & E1000_RCTL_EN) != 0 && e->state.link &&
		       !e->state.asleep && e1000_in_loopback(e) == looped &&
		       pci_device_masters(&e->pci);
	bool taken = !listens || receive(e, f);

	spin_unlock(&e->lock, flags);
	return taken;
}
