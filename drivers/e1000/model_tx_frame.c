/* SPDX-License-Identifier: MIT */
/*
 * From descriptors to a frame (3.3, 3.5, 3.6): headers and what is to be changed in the private
 * copy, the rest as spans of the guest's RAM. What a descriptor says that makes no sense is left
 * undone; what can't be sent at all is dropped.
 */
#include "drivers/e1000/model_private.h"

#include "lib/string.h"
#include "net/checksum.h"

enum {
	HEADER = 64,		  /* of a frame from which nothing more is needed */
	CHECKSUM_REACH = 255 + 2, /* what an offset of eight bits and its field reach */
};

_Static_assert(CHECKSUM_REACH + 4 <= (unsigned)FRAME_HEADER_MAX, "offsets reach into the header");

static bool
is_legacy(u32 command)
{
	return (command & E1000_TXD_DEXT) == 0;
}

/* Of a legacy packet only its last descriptor tells what is to be inserted (3.3.3.1). */
static u32
header_of_legacy(u32 command)
{
	bool plain = (command & (E1000_TXD_EOP | E1000_TXD_IC)) == E1000_TXD_EOP;

	return plain ? HEADER : CHECKSUM_REACH;
}

static u32
header_of_data(const struct e1000_tx_packet *p)
{
	const struct e1000_tx_context *c = &p->context;
	u32 want = HEADER;

	if (p->segment)
		want = MAX(want, c->header_len);
	if (p->segment || p->options != 0) {
		want = MAX(want, c->tucso + 2u);
		want = MAX(want, c->ipcso + 2u);
		want = MAX(want, c->tucss);
	}
	return want;
}

void
e1000_tx_begin(struct e1000 *e, const struct e1000_tx_desc *d)
{
	struct e1000_tx_packet *p = &e->tx.packet;
	struct frame *f = &e->tx.frame;

	p->begun = true;
	p->bad = p->tagged = p->segment = false;
	p->options = 0;
	f->len = 0;
	f->header_len = f->span_count = 0;
	f->tagged = f->checksum_missing = f->checksum_good = false;
	f->segmentation = FRAME_WHOLE;
	if (is_legacy(d->command)) {
		p->header_want = header_of_legacy(d->command);
		return;
	}
	p->segment = (d->command & E1000_TXD_TSE) != 0;
	p->options = (u8)(d->status >> 8);
	p->context = e->tx.contexts[p->segment];
	p->header_want = header_of_data(p);
}

/* Bytes that lie together: to the header what it still wants, the rest as they are. */
static bool
take(struct frame *f, u32 header_want, const u8 *at, u32 len)
{
	f->len += len;
	if (f->header_len < header_want) {
		u32 n = MIN(len, header_want - f->header_len);

		memcpy(&f->header[f->header_len], at, n);
		f->header_len = (u16)(f->header_len + n);
		at += n;
		len -= n;
	}
	return len == 0 || frame_add_span(f, at, len);
}

/* Page by page, where they don't lie together. */
static bool
add_pages(struct e1000 *e, u64 address, u32 len)
{
	while (len > 0) {
		u32 n = (u32)MIN((u64)len, PAGE_SIZE - address % PAGE_SIZE);
		void *at;

		if (guest_span(e->config.memory, GPA(address), n, &at) != 0 ||
		    !take(&e->tx.frame, e->tx.packet.header_want, at, n))
			return false;
		address += n;
		len -= n;
	}
	return true;
}

static bool
add_buffer(struct e1000 *e, u64 address, u32 len)
{
	void *at;

	if (len == 0)
		return true;
	if (len > FRAME_LEN_MAX - e->tx.frame.len)
		return false;
	if (guest_span(e->config.memory, GPA(address), len, &at) == 0)
		return take(&e->tx.frame, e->tx.packet.header_want, at, len);
	return guest_is_ram(e->config.memory, GPA(address), len) && add_pages(e, address, len);
}

void
e1000_tx_add(struct e1000 *e, const struct e1000_tx_desc *d)
{
	struct e1000_tx_packet *p = &e->tx.packet;
	u32 mask = is_legacy(d->command) ? (u32)E1000_TXD_LEGACY_LEN : (u32)E1000_TXD_LENGTH;

	/* Of the types that are not legacy there is but one other (3.3.7). */
	if (!is_legacy(d->command) && FIELD_GET(E1000_TXD_TYPE, d->command) != E1000_TXD_TYPE_DATA)
		p->bad = true;
	if (!p->bad && !add_buffer(e, d->address, d->command & mask))
		p->bad = true;
	if (d->command & E1000_TXD_VLE) {
		p->tagged = true;
		p->tag = (u16)FIELD_GET(E1000_TXD_SPECIAL, d->status);
	}
	p->last_command = d->command;
	p->last_status = d->status;
}

/* Off the end: an FCS that the guest has made. */
static void
trim(struct frame *f, u32 len)
{
	len = MIN(len, f->len);
	f->len -= len;
	while (len > 0 && f->span_count > 0) {
		struct frame_span *last = &f->spans[f->span_count - 1];
		u32 n = MIN(len, last->len);

		last->len -= n;
		len -= n;
		if (last->len == 0)
			f->span_count--;
	}
	f->header_len = (u16)(f->header_len - len);
}

/* The sum over [start, end], both included, 0 for all the rest, to where `at` is (3.5). */
static void
insert(struct frame *f, u32 start, u32 end, u32 at)
{
	if (end == 0 || end >= f->len)
		end = f->len - 1;
	if (start > end || at + 2 > f->header_len)
		return;
	be16_put(&f->header[at], checksum_fold(frame_checksum(f, start, end - start + 1)));
}

/* A sum to the frame's end, for a field like those of TCP and UDP, may be left to who needs it. */
static void
insert_or_leave(struct frame *f, u32 start, u32 end, u32 at)
{
	if ((end != 0 && end + 1 < f->len) || start < ETH_HEADER || start > at ||
	    (at - start) % 2 != 0 || at + 2 > f->header_len) {
		insert(f, start, end, at);
		return;
	}
	f->checksum_missing = true;
	f->checksum_start = (u16)start;
	f->checksum_at = (u16)at;
}

/* Lengths and checksums are put right by the switch, whatever stands there (net/frame.h). */
static bool
leave_segmentation(struct frame *f, const struct e1000_tx_context *c)
{
	if (!(c->command & E1000_TXD_TUCMD_TCP) || c->mss == 0 || c->header_len >= f->len ||
	    c->header_len > f->header_len)
		return false;
	f->segmentation = c->command & E1000_TXD_TUCMD_IP ? FRAME_TCP4 : FRAME_TCP6;
	f->segment_header = c->header_len;
	f->segment_size = c->mss;
	f->checksum_missing = true;
	f->checksum_start = c->tucss;
	f->checksum_at = c->tucso;
	return true;
}

static bool
offload(struct e1000 *e)
{
	const struct e1000_tx_packet *p = &e->tx.packet;
	const struct e1000_tx_context *c = &p->context;
	struct frame *f = &e->tx.frame;

	if (p->segment)
		return leave_segmentation(f, c);
	if (f->len > FRAME_SINGLE_MAX)
		return false;
	if (is_legacy(p->last_command)) {
		if (p->last_command & E1000_TXD_IC)
			insert_or_leave(f, (u32)FIELD_GET(E1000_TXD_CSS, p->last_status), 0,
					(u32)FIELD_GET(E1000_TXD_CSO, p->last_command));
		return true;
	}
	if (p->options & E1000_TXD_IXSM >> 8)
		insert(f, c->ipcss, c->ipcse, c->ipcso);
	if (p->options & E1000_TXD_TXSM >> 8)
		insert_or_leave(f, c->tucss, c->tucse, c->tucso);
	return true;
}

static void
put_tag_in_bytes(struct frame *f, u16 type, u16 tag)
{
	if (f->checksum_missing)
		insert(f, f->checksum_start, 0, f->checksum_at);
	f->checksum_missing = false;
	memmove(&f->header[ETH_TYPE + ETH_TAG], &f->header[ETH_TYPE],
		(size_t)(f->header_len - ETH_TYPE));
	be16_put(&f->header[ETH_TYPE], type);
	be16_put(&f->header[ETH_TYPE + 2], tag);
	f->header_len = (u16)(f->header_len + ETH_TAG);
	f->len += ETH_TAG;
}

/* With CTRL.VME (3.6.1). A type of the guest's own goes into the bytes, so not into segments. */
static bool
put_tag(struct e1000 *e)
{
	struct frame *f = &e->tx.frame;
	u32 type = READ_ONCE(e->state.regs.vet);

	if (!e->tx.packet.tagged || !(READ_ONCE(e->state.regs.ctrl) & E1000_CTRL_VME))
		return true;
	if (type != ETH_TYPE_VLAN) {
		if (f->segmentation != FRAME_WHOLE)
			return false;
		put_tag_in_bytes(f, (u16)type, e->tx.packet.tag);
		return true;
	}
	f->tagged = true;
	f->tag = e->tx.packet.tag;
	return true;
}

bool
e1000_tx_finish(struct e1000 *e)
{
	struct frame *f = &e->tx.frame;

	if (e->tx.packet.bad)
		return false;
	if (!(e->tx.packet.last_command & E1000_TXD_IFCS))
		trim(f, ETH_FCS);
	if (f->len < ETH_HEADER || !offload(e))
		return false;
	if (f->len < ETH_MIN && READ_ONCE(e->state.regs.tctl) & E1000_TCTL_PSP) {
		memset(&f->header[f->header_len], 0, (size_t)(ETH_MIN - f->len));
		f->header_len = ETH_MIN;
		f->len = ETH_MIN;
	}
	return put_tag(e);
}
