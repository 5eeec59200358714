/* SPDX-License-Identifier: MIT */
/*
 * An Ethernet frame on its way: what a sender shows the switch and the switch a receiver, without
 * its FCS. Its first bytes are a private copy, on which everything is decided and in which fields
 * are changed; the rest stays where the sender has it, in spans of its memory, and is copied once,
 * by the receiver. A guest may change those bytes meanwhile: it gets what it asked for.
 *
 * All of it is valid during the call that hands it over, never longer. It is large: it lives in
 * the sender's structure, not on a stack.
 */
#pragma once

#include "include/types.h"
#include "net/wire.h"

struct net_port;

enum {
	FRAME_HEADER_MAX =
		320, /* what an e1000's TSO can have of headers, and its checksums' fields */
	FRAME_SPANS_MAX = 128,
	FRAME_LEN_MAX = 65535 + FRAME_HEADER_MAX, /* of one that is to be segmented */
	FRAME_SINGLE_MAX = 16384,		  /* of another one */
};

/* Bytes that lie together. */
struct frame_span {
	const u8 *at;
	u32 len;
};

/* Into what it is cut before it reaches who can't take it whole. */
enum frame_segmentation { FRAME_WHOLE, FRAME_TCP4, FRAME_TCP6 };

struct frame {
	const struct net_port *from; /* set by the switch */
	u32 len;		     /* of all bytes, headers too, tag not */
	u16 header_len;		     /* the first of them, in `header`; at least ETH_HEADER */
	u16 span_count;		     /* where the others are */
	/* An 802.1Q tag that the frame has, beside its bytes: its priority, and its VLAN. A sender
	 * may also leave a tag in the bytes: the switch takes the outermost one out. */
	bool tagged;
	u16 tag;
	/* The checksum over [checksum_start, len) is still to be put at checksum_at; there stands
	 * the sum of the pseudo header. Both are inside of `header`. */
	bool checksum_missing;
	u16 checksum_start, checksum_at;
	/* It was put in on the way, so it is right: nobody needs to look. A sender says false. */
	bool checksum_good;
	/* To be cut behind the first segment_header bytes, which are all headers and inside of
	 * `header`, into pieces of segment_size bytes, at least 1. Then checksum_missing is set.
	 * What headers say of lengths and checksums may be anything: the switch puts it right, for
	 * the frame as a whole, before a receiver sees it. */
	u8 segmentation; /* enum frame_segmentation */
	u16 segment_header, segment_size;
	u8 header[FRAME_HEADER_MAX];
	struct frame_span spans[FRAME_SPANS_MAX];
};

/* A place in a frame, from which its bytes are taken as they lie together. */
struct frame_cursor {
	const struct frame_span *next;
	const u8 *at;
	u32 left;
};

/* offset is at most frame->len. */
static inline struct frame_cursor
frame_seek(const struct frame *f, u32 offset)
{
	struct frame_cursor c = {f->spans, f->header, f->header_len};

	for (; offset > c.left; c.next++) {
		offset -= c.left;
		c.at = c.next->at;
		c.left = c.next->len;
	}
	c.at += offset;
	c.left -= offset;
	return c;
}

/* The next bytes, 1 to max of them: *len. The caller asks for none behind the frame's end. */
static inline const u8 *
frame_run(struct frame_cursor *c, u32 max, u32 *len)
{
	const u8 *at;

	for (; c->left == 0; c->next++) {
		c->at = c->next->at;
		c->left = c->next->len;
	}
	at = c->at;
	*len = MIN(max, c->left);
	c->at += *len;
	c->left -= *len;
	return at;
}

/* Copies len bytes from `offset` on; the caller keeps within frame->len. */
void frame_copy(const struct frame *f, u32 offset, void *to, u32 len);

/* The first bytes as they would be on the wire, the tag too, at most `max`; answers how many. */
u32 frame_copy_tagged(const struct frame *f, u8 *to, u32 max);

/*
 * The sum for a checksum (net/checksum.h) over len bytes from `offset` on, whatever the spans'
 * lengths; within frame->len. From an even place of what it is for.
 */
u64 frame_checksum(const struct frame *f, u32 offset, u32 len);

/* Puts in the checksum that is missing; its offsets have been checked (net/switch.h). */
void frame_complete(struct frame *f);

/* Moves bytes of the spans to the header until it has `want`. False when the frame has fewer. */
bool frame_pull(struct frame *f, u32 want);

/* A whole frame that lies together, untagged as far as is known here; at least ETH_HEADER bytes. */
void frame_of_bytes(struct frame *f, const u8 *bytes, u32 len);

/* One more span; joined to the last one where it lies behind it. False when there is no room. */
bool frame_add_span(struct frame *f, const void *at, u32 len);

static inline bool
frame_is_multicast(const struct frame *f)
{
	return (f->header[ETH_DESTINATION] & 1) != 0;
}
