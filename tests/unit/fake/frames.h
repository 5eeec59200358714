/* SPDX-License-Identifier: MIT */
/*
 * Frames for tests of the network: made of bytes, cut into spans of any lengths, each in memory of
 * just its size; and packets of TCP and UDP. What one frame has of memory lasts until the next is
 * made.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "net/checksum.h"
#include "net/frame.h"

static inline void
fake_fill(u8 *data, size_t len, u32 seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245u + 12345u;
		data[i] = (u8)(seed >> 16);
	}
}

static u8 *fake_blocks[FRAME_SPANS_MAX];

/* The first header_len bytes in the header, the others in spans of span_len bytes, the last span
 * less. */
static inline void
fake_frame(struct frame *f, const u8 *bytes, u32 len, u32 header_len, u32 span_len)
{
	for (u32 i = 0; i < FRAME_SPANS_MAX; i++) {
		free(fake_blocks[i]);
		fake_blocks[i] = NULL;
	}
	memset(f, 0, sizeof(*f));
	f->len = len;
	f->header_len = (u16)MIN(header_len, len);
	memcpy(f->header, bytes, f->header_len);
	for (u32 at = f->header_len; at < len; at += span_len) {
		u32 n = MIN(span_len, len - at);

		fake_blocks[f->span_count] = malloc(n);
		memcpy(fake_blocks[f->span_count], bytes + at, n);
		f->spans[f->span_count] = (struct frame_span){fake_blocks[f->span_count], n};
		f->span_count++;
	}
}

/* How a packet is made: its headers are right but for what `partial` leaves to others. */
struct fake_packet {
	bool ipv6;
	u8 protocol; /* IP_TCP, IP_UDP */
	u8 tcp_flags;
	u8 ip_options, tcp_options; /* bytes, multiples of 4 */
	u32 payload;
	u32 seed; /* of the payload's bytes */
	bool partial;
};

enum { FAKE_SEQUENCE = 0xfffffff0, FAKE_IP_ID = 0xfffe };

static inline u32
fake_l4_offset(const struct fake_packet *p)
{
	return ETH_HEADER + (p->ipv6 ? (u32)IPV6_HEADER : IPV4_HEADER + (u32)p->ip_options);
}

static inline u32
fake_headers(const struct fake_packet *p)
{
	return fake_l4_offset(p) +
	       (p->protocol == IP_TCP ? TCP_HEADER + (u32)p->tcp_options : (u32)UDP_HEADER);
}

/* The sum of the pseudo header; of a packet that stands at `ip`. */
static inline u64
fake_pseudo(const u8 *ip, u8 protocol, u32 len)
{
	return ip[0] >> 4 == 6 ? checksum_pseudo_ipv6(ip, protocol, len)
			       : checksum_pseudo_ipv4(ip, protocol, len);
}

/* Writes Ethernet, IP and TCP or UDP headers and a payload; answers the whole length. */
static inline u32
fake_packet(u8 *bytes, const struct fake_packet *p)
{
	u32 l4 = fake_l4_offset(p), headers = fake_headers(p), len = headers + p->payload;
	u8 *ip = bytes + ETH_HEADER, *h = bytes + l4;
	u32 field = p->protocol == IP_TCP ? TCP_CHECKSUM : UDP_CHECKSUM;
	u64 pseudo;

	memset(bytes, 0, headers);
	memcpy(bytes, (u8[]){0x52, 0x54, 0, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 1}, 12);
	be16_put(bytes + ETH_TYPE, p->ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4);
	if (p->ipv6) {
		ip[0] = 0x60;
		be16_put(ip + IPV6_PAYLOAD_LEN, (u16)(len - l4));
		ip[IPV6_NEXT] = p->protocol;
		ip[IPV6_HOP_LIMIT] = 64;
		fake_fill(ip + IPV6_SOURCE, 32, 99);
	} else {
		ip[IPV4_VERSION_IHL] = (u8)(0x40 + (l4 - ETH_HEADER) / 4);
		be16_put(ip + IPV4_TOTAL_LEN, (u16)(len - ETH_HEADER));
		be16_put(ip + IPV4_ID, FAKE_IP_ID);
		ip[IPV4_TTL] = 64;
		ip[IPV4_PROTOCOL] = p->protocol;
		fake_fill(ip + IPV4_SOURCE, 8, 99);
		be16_put(ip + IPV4_CHECKSUM, checksum_fold(checksum_add(0, ip, l4 - ETH_HEADER)));
	}
	if (p->protocol == IP_TCP) {
		be32_put(h + TCP_SEQUENCE, FAKE_SEQUENCE);
		h[TCP_DATA_OFFSET] = (u8)((headers - l4) / 4 << 4);
		h[TCP_FLAGS] = p->tcp_flags;
	} else {
		be16_put(h + UDP_LEN, (u16)(len - l4));
	}
	fake_fill(bytes + headers, p->payload, p->seed);
	pseudo = fake_pseudo(ip, p->protocol, len - l4);
	be16_put(h + field, p->partial ? (u16)~checksum_fold(pseudo)
				       : checksum_fold(checksum_add(pseudo, h, len - l4)));
	return len;
}

/* Whether a whole frame with TCP or UDP has all its lengths and checksums right. */
static inline bool
fake_packet_is_right(const u8 *bytes, u32 len)
{
	const u8 *ip = bytes + ETH_HEADER;
	bool ipv6 = be16_at(bytes + ETH_TYPE) == ETH_TYPE_IPV6;
	u32 header = ipv6 ? (u32)IPV6_HEADER : (ip[0] & 0xfu) * 4,
	    l4_len = len - ETH_HEADER - header;
	u8 protocol = ipv6 ? ip[IPV6_NEXT] : ip[IPV4_PROTOCOL];

	if (ipv6 ? be16_at(ip + IPV6_PAYLOAD_LEN) != l4_len
		 : be16_at(ip + IPV4_TOTAL_LEN) != l4_len + header)
		return false;
	if (!ipv6 && checksum_fold(checksum_add(0, ip, header)) != 0)
		return false;
	return checksum_fold(
		       checksum_add(fake_pseudo(ip, protocol, l4_len), ip + header, l4_len)) == 0;
}
