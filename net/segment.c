/* SPDX-License-Identifier: MIT */
/* Checks of offloads, and segmentation: see net/segment.h. */
#include "net/segment.h"

#include "lib/string.h"
#include "net/checksum.h"

enum { INNER_TAGS_MAX = 2, IP_LEN_MAX = 65535, SHIFT_DATA_OFFSET = 4 };

/* Where the IP header begins, behind tags that are not the switch's. */
static u32
ip_offset(const struct frame *f)
{
	u32 type = ETH_TYPE;

	for (unsigned n = 0; n < INNER_TAGS_MAX && type + ETH_TAG + 2 <= f->header_len; n++) {
		if (be16_at(f->header + type) != ETH_TYPE_VLAN)
			break;
		type += ETH_TAG;
	}
	return type + 2;
}

static u32
payload_len(const struct frame *f)
{
	return f->len - f->segment_header;
}

/* A field at an odd distance would be no word of the sum. */
static bool
checksum_is_inside(const struct frame *f)
{
	return f->checksum_start >= ETH_HEADER && f->checksum_start <= f->checksum_at &&
	       (f->checksum_at - f->checksum_start) % 2 == 0 &&
	       (u32)f->checksum_at + 2 <= f->header_len;
}

static bool
ipv4_fits(const struct frame *f, u32 at)
{
	const u8 *ip = f->header + at;

	return at + IPV4_HEADER <= f->checksum_start && be16_at(ip - 2) == ETH_TYPE_IPV4 &&
	       ip[IPV4_VERSION_IHL] >> 4 == 4 &&
	       at + (ip[IPV4_VERSION_IHL] & 0xfu) * 4 == f->checksum_start &&
	       ip[IPV4_PROTOCOL] == IP_TCP &&
	       (be16_at(ip + IPV4_FRAGMENT) & (IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET)) == 0;
}

/* Without extension headers: no sender of ours asks for segmentation of such packets. */
static bool
ipv6_fits(const struct frame *f, u32 at)
{
	const u8 *ip = f->header + at;

	return at + IPV6_HEADER == f->checksum_start && be16_at(ip - 2) == ETH_TYPE_IPV6 &&
	       ip[0] >> 4 == 6 && ip[IPV6_NEXT] == IP_TCP;
}

/* checksum_start is checked, and TCP's header inside of segment_header. */
static bool
tcp_fits(const struct frame *f)
{
	const u8 *tcp = f->header + f->checksum_start;
	u32 tcp_len;

	if (f->segment_header > f->header_len || f->checksum_start + TCP_HEADER > f->segment_header)
		return false;
	tcp_len = (u32)(tcp[TCP_DATA_OFFSET] >> SHIFT_DATA_OFFSET) * 4;
	return tcp_len >= TCP_HEADER && f->checksum_start + tcp_len == f->segment_header &&
	       f->checksum_at == f->checksum_start + TCP_CHECKSUM;
}

static bool
sizes_fit(const struct frame *f)
{
	return f->segment_size > 0 &&
	       (u32)f->segment_header + f->segment_size <= FRAME_SINGLE_MAX &&
	       payload_len(f) <= (u32)f->segment_size * SEGMENTS_MAX;
}

/* Of a packet whose TCP header and payload are tcp_len bytes; a length that the field can't hold
 * is 0, as it is for hosts that know packets of that size. */
static void
put_ip_len(u8 *ip, u8 segmentation, u32 ip_header, u32 tcp_len)
{
	u32 len = segmentation == FRAME_TCP4 ? ip_header + tcp_len : tcp_len;

	if (len > IP_LEN_MAX)
		len = 0;
	if (segmentation == FRAME_TCP6) {
		be16_put(ip + IPV6_PAYLOAD_LEN, (u16)len);
		return;
	}
	be16_put(ip + IPV4_TOTAL_LEN, (u16)len);
	be16_put(ip + IPV4_CHECKSUM, 0);
	be16_put(ip + IPV4_CHECKSUM, checksum_fold(checksum_add(0, ip, ip_header)));
}

static void
put_pseudo(struct frame *f, u8 segmentation, const u8 *ip, u32 tcp_len)
{
	u64 sum = segmentation == FRAME_TCP4 ? checksum_pseudo_ipv4(ip, IP_TCP, tcp_len)
					     : checksum_pseudo_ipv6(ip, IP_TCP, tcp_len);

	be16_put(f->header + f->checksum_at, (u16)~checksum_fold(sum));
}

bool
segment_check(struct frame *f)
{
	u32 at, tcp_len;

	if (!f->checksum_missing)
		return f->segmentation == FRAME_WHOLE;
	if (!checksum_is_inside(f))
		return false;
	if (f->segmentation == FRAME_WHOLE)
		return true;
	at = ip_offset(f);
	if (!tcp_fits(f) || !sizes_fit(f))
		return false;
	if (f->segmentation == FRAME_TCP4 ? !ipv4_fits(f, at)
					  : f->segmentation != FRAME_TCP6 || !ipv6_fits(f, at))
		return false;
	tcp_len = f->len - f->checksum_start;
	put_ip_len(f->header + at, f->segmentation, f->checksum_start - at, tcp_len);
	put_pseudo(f, f->segmentation, f->header + at, tcp_len);
	return true;
}

u32
segment_count(const struct frame *f)
{
	return MAX((payload_len(f) + f->segment_size - 1) / f->segment_size, 1u);
}

bool
segment_whole_fits(const struct frame *f)
{
	return f->len - ip_offset(f) <= IP_LEN_MAX;
}

void
segment_begin(struct segmenter *s, const struct frame *whole, bool complete)
{
	*s = (struct segmenter){
		.whole = whole,
		.cursor = frame_seek(whole, whole->segment_header),
		.offset = whole->segment_header,
		.complete = complete,
	};
}

/*
 * Bytes that the whole frame has in its header are copied behind the segment's: both structures
 * have the same room. No segment has more spans than the whole.
 */
static void
add_payload(struct segmenter *s, struct frame *out, u32 len)
{
	const struct frame *whole = s->whole;
	u32 n;

	for (; len > 0; len -= n, s->offset += n) {
		const u8 *at = frame_run(&s->cursor, len, &n);

		if (s->offset < whole->header_len) {
			memcpy(out->header + out->header_len, at, n);
			out->header_len = (u16)(out->header_len + n);
		} else {
			(void)frame_add_span(out, at, n);
		}
	}
}

/* What headers of a segment other than the first, or than the last, don't have. */
static u8
flags_of(const struct segmenter *s, u8 flags)
{
	if (s->index > 0)
		flags &= (u8)~TCP_CWR;
	if (s->offset < s->whole->len)
		flags &= (u8) ~(TCP_FIN | TCP_PSH);
	return flags;
}

/* Of the segment that begins at payload byte `sent`; s is behind it. */
static void
put_headers(const struct segmenter *s, struct frame *out, u32 sent)
{
	u32 at = ip_offset(s->whole), tcp_len = out->len - out->checksum_start;
	u8 *ip = out->header + at, *tcp = out->header + out->checksum_start;

	be32_put(tcp + TCP_SEQUENCE, be32_at(tcp + TCP_SEQUENCE) + sent);
	tcp[TCP_FLAGS] = flags_of(s, tcp[TCP_FLAGS]);
	if (s->whole->segmentation == FRAME_TCP4)
		be16_put(ip + IPV4_ID, (u16)(be16_at(ip + IPV4_ID) + s->index));
	put_ip_len(ip, s->whole->segmentation, out->checksum_start - at, tcp_len);
	put_pseudo(out, s->whole->segmentation, ip, tcp_len);
}

bool
segment_next(struct segmenter *s, struct frame *out)
{
	const struct frame *whole = s->whole;
	u32 begin = s->offset, len = MIN(whole->len - begin, (u32)whole->segment_size);

	if (len == 0 && s->index > 0)
		return false;
	out->from = whole->from;
	out->len = whole->segment_header + len;
	out->header_len = whole->segment_header;
	out->span_count = 0;
	out->tagged = whole->tagged;
	out->tag = whole->tag;
	out->checksum_missing = true;
	out->checksum_good = false;
	out->checksum_start = whole->checksum_start;
	out->checksum_at = whole->checksum_at;
	out->segmentation = FRAME_WHOLE;
	memcpy(out->header, whole->header, whole->segment_header);
	add_payload(s, out, len);
	put_headers(s, out, begin - whole->segment_header);
	if (s->complete)
		frame_complete(out);
	s->index++;
	return true;
}
