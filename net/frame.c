/* SPDX-License-Identifier: MIT */
/* Frames: see net/frame.h. */
#include "net/frame.h"

#include "lib/string.h"

enum { LOOKED_AT = 64 }; /* bytes of a frame that somebody on its way may want to see */
#include "net/checksum.h"

/* By hand, not by a cursor: every frame comes through here. */
void
frame_copy(const struct frame *f, u32 offset, void *to, u32 len)
{
	const struct frame_span *span = f->spans;
	u8 *out = to;
	u32 n;

	if (offset < f->header_len) {
		n = MIN(len, f->header_len - offset);
		memcpy(out, f->header + offset, n);
		out += n;
		len -= n;
		offset = f->header_len;
	}
	for (offset -= f->header_len; len > 0; span++) {
		if (offset >= span->len) {
			offset -= span->len;
			continue;
		}
		n = MIN(len, span->len - offset);
		memmove(out, span->at + offset, n); /* a guest may send to where it sends from */
		out += n;
		len -= n;
		offset = 0;
	}
}

u32
frame_copy_tagged(const struct frame *f, u8 *to, u32 max)
{
	const u32 behind = ETH_TYPE + ETH_TAG;
	u8 tag[ETH_TAG];

	if (!f->tagged || max <= ETH_TYPE) {
		max = MIN(max, f->len);
		frame_copy(f, 0, to, max);
		return max;
	}
	max = MIN(max, f->len + ETH_TAG);
	be16_put(tag, ETH_TYPE_VLAN);
	be16_put(tag + 2, f->tag);
	frame_copy(f, 0, to, ETH_TYPE);
	memcpy(to + ETH_TYPE, tag, MIN(max, behind) - ETH_TYPE);
	if (max > behind)
		frame_copy(f, ETH_TYPE, to + behind, max - behind);
	return max;
}

bool
frame_add_span(struct frame *f, const void *at, u32 len)
{
	struct frame_span *last = &f->spans[f->span_count];

	if (len == 0)
		return true;
	if (f->span_count > 0 && last[-1].at + last[-1].len == (const u8 *)at) {
		last[-1].len += len;
		return true;
	}
	if (f->span_count >= FRAME_SPANS_MAX)
		return false;
	*last = (struct frame_span){at, len};
	f->span_count++;
	return true;
}

/* A piece at an odd place has its bytes in the other halves of the words (RFC 1071, section 2 B).
 */
u64
frame_checksum(const struct frame *f, u32 offset, u32 len)
{
	struct frame_cursor c = frame_seek(f, offset);
	bool odd = false;
	u64 sum = 0;
	u32 n;

	for (; len > 0; len -= n, odd ^= (n & 1) != 0) {
		const u8 *at = frame_run(&c, len, &n);
		u64 piece = checksum_add(0, at, n);

		sum += odd ? __builtin_bswap16((u16)~checksum_fold(piece)) : piece;
	}
	return sum;
}

/* A result of 0 is sent as ffffh, which for UDP (RFC 768) is the only way to say it, and for the
 * others the same number. */
void
frame_complete(struct frame *f)
{
	u32 start = f->checksum_start;
	u16 checksum = checksum_fold(frame_checksum(f, start, f->len - start));

	be16_put(f->header + f->checksum_at, checksum == 0 ? 0xffff : checksum);
	f->checksum_good = true;
	f->checksum_missing = false;
}

bool
frame_pull(struct frame *f, u32 want)
{
	u32 missing, taken = 0;

	if (f->header_len >= want)
		return true;
	if (want > f->len || want > FRAME_HEADER_MAX)
		return false;
	missing = want - f->header_len;
	frame_copy(f, f->header_len, f->header + f->header_len, missing);
	f->header_len = (u16)want;
	for (struct frame_span *s = f->spans; taken < missing; s++) {
		u32 n = MIN(s->len, missing - taken);

		s->at += n;
		s->len -= n;
		taken += n;
	}
	return true;
}

void
frame_of_bytes(struct frame *f, const u8 *bytes, u32 len)
{
	u16 header = (u16)MIN(len, LOOKED_AT);

	f->from = NULL;
	f->len = len;
	f->header_len = header;
	f->span_count = 0;
	f->tagged = f->checksum_missing = f->checksum_good = false;
	f->segmentation = FRAME_WHOLE;
	memcpy(f->header, bytes, header);
	if (len > header)
		(void)frame_add_span(f, bytes + header, len - header);
}
