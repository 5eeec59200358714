/* SPDX-License-Identifier: MIT */
/*
 * What senders leave to others: the checks of it, and the segmentation of TCP over IPv4 and IPv6
 * for who can't take a frame whole. Each segment is a frame of its own headers, whose payload is
 * still where the sender has it. Pure.
 */
#pragma once

#include "net/frame.h"

/* So many pieces may one frame become: work per frame is bounded whatever a guest has for its
 * segment size. 64 KiB at TCP's smallest usual segments, 536 bytes (RFC 9293, 3.7.1), are 123. */
enum { SEGMENTS_MAX = 1024 };

/*
 * Whether a frame's checksum_missing and segmentation make sense: all offsets inside, headers that
 * agree with them, segments neither too many nor too long. Puts lengths and checksums of the
 * headers of a frame to be segmented right. Its length, header_len and spans are already checked.
 */
bool segment_check(struct frame *f);

/* Of a frame that segment_check() has passed: 1 and more, to SEGMENTS_MAX. */
u32 segment_count(const struct frame *f);

/* Whether the frame could be taken whole: its IP header can say how long it is. */
bool segment_whole_fits(const struct frame *f);

struct segmenter {
	const struct frame *whole;
	struct frame_cursor cursor;
	u32 offset; /* of the next segment's payload */
	u16 index;  /* of the next segment */
	bool complete;
};

/* complete: checksums are put in; else only the pseudo headers' sums, and checksum_missing is set.
 */
void segment_begin(struct segmenter *s, const struct frame *whole, bool complete);

/* The next one, valid as long as the whole frame; false after the last. */
bool segment_next(struct segmenter *s, struct frame *out);
