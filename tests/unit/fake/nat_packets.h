/* SPDX-License-Identifier: MIT */
/*
 * A NAT under test with a clock that the test moves, and IPv4 packets for it, made and checked by
 * plain slow code of its own. For one translation unit, of a test or a fuzzer.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "net/ipv4.h"
#include "net/nat.h"

#define INSIDE	IPV4_ADDRESS(10, 8, 0, 10)
#define INSIDE2 IPV4_ADDRESS(10, 8, 0, 11)
#define OUTSIDE IPV4_ADDRESS(192, 0, 2, 5)
#define REMOTE	IPV4_ADDRESS(198, 51, 100, 7)
#define REMOTE2 IPV4_ADDRESS(203, 0, 113, 9)
#define ROUTER	IPV4_ADDRESS(198, 51, 100, 1)

enum { OWNER = 3, OWNER2 = 4, PACKET_MAX = 4096 };
enum { FORWARD_TCP, FORWARD_UDP, FORWARD_TCP2, FORWARD_COUNT };
enum { WEB_OUTSIDE = 8080, WEB_INSIDE = 80, DNS_OUTSIDE = 30053, DNS_INSIDE = 53 };

#define SECOND 1000000000ul

struct packet {
	u8 at[PACKET_MAX];
	u32 len;
};

static struct nat nat;
static u64 clock_ns;
static u16 nat_beginner; /* of the flow of what came in last */

static inline u64
read_clock(void)
{
	return clock_ns;
}

/* Forwards to INSIDE2, whose address is known; a second one to its web server. */
static inline void
nat_setup(u64 seed)
{
	const struct nat_forward forwards[FORWARD_COUNT] = {
		[FORWARD_TCP] = {IP_TCP, WEB_OUTSIDE,     WEB_INSIDE, INSIDE2},
		[FORWARD_UDP] = {IP_UDP, DNS_OUTSIDE,     DNS_INSIDE, INSIDE2},
		[FORWARD_TCP2] = {IP_TCP, WEB_OUTSIDE + 1, WEB_INSIDE, INSIDE2},
	};
	const struct nat_config config = {.inside = IPV4_ADDRESS(10, 8, 0, 0),
					  .prefix = 24,
					  .now_ns = read_clock,
					  .seed = seed,
					  .forwards = forwards,
					  .forward_count = FORWARD_COUNT};

	clock_ns = 5 * SECOND;
	nat_init(&nat, &config);
	nat_set_outside(&nat, OUTSIDE);
}

/* The sum of RFC 1071, word by word; the last word of an odd length has a zero behind it. */
static inline u32
slow_sum(u32 sum, const u8 *at, u32 len)
{
	for (u32 i = 0; i < len; i++) {
		sum += i % 2 == 0 ? (u32)at[i] << 8 : at[i];
		if (sum > 0xffff)
			sum -= 0xffff;
	}
	return sum;
}

static inline u32
header_len(const u8 *ip)
{
	return (ip[0] & 0xfu) * 4;
}

/* Over a packet's payload, with the pseudo header where there is one: 0xffff when it is right. */
static inline u32
payload_sum(const u8 *ip)
{
	u32 header = header_len(ip), len = be16_at(ip + IPV4_TOTAL_LEN) - header;
	u8 pseudo[12] = {0};

	if (ip[IPV4_PROTOCOL] == IP_ICMP)
		return slow_sum(0, ip + header, len);
	memcpy(pseudo, ip + IPV4_SOURCE, 8);
	pseudo[9] = ip[IPV4_PROTOCOL];
	be16_put(pseudo + 10, (u16)len);
	return slow_sum(slow_sum(0, pseudo, sizeof(pseudo)), ip + header, len);
}

static inline void
put_checksum(u8 *at, u32 sum)
{
	be16_put(at, (u16)~sum);
}

static inline unsigned
checksum_at(u8 protocol)
{
	if (protocol == IP_TCP)
		return TCP_CHECKSUM;
	return protocol == IP_UDP ? UDP_CHECKSUM : ICMP_CHECKSUM;
}

static inline void
finish_header(struct packet *p)
{
	be16_put(p->at + IPV4_CHECKSUM, 0);
	put_checksum(p->at + IPV4_CHECKSUM, slow_sum(0, p->at, header_len(p->at)));
}

/* Both checksums anew. */
static inline void
finish(struct packet *p)
{
	u8 protocol = p->at[IPV4_PROTOCOL];
	u8 *at = p->at + header_len(p->at) + checksum_at(protocol);

	finish_header(p);
	be16_put(at, 0);
	put_checksum(at, payload_sum(p->at));
	if (protocol == IP_UDP && be16_at(at) == 0)
		be16_put(at, 0xffff);
}

static inline bool
header_is_right(const u8 *ip)
{
	return slow_sum(0, ip, header_len(ip)) == 0xffff;
}

static inline bool
checksums_are_right(const u8 *ip)
{
	return header_is_right(ip) && payload_sum(ip) == 0xffff;
}

static inline u8 *
payload_of(struct packet *p)
{
	return p->at + header_len(p->at);
}

static inline struct packet
make_ip(u8 protocol, u32 source, u32 destination, u32 payload_len)
{
	struct packet p = {.len = IPV4_HEADER + payload_len};

	p.at[IPV4_VERSION_IHL] = 0x45;
	be16_put(p.at + IPV4_TOTAL_LEN, (u16)p.len);
	be16_put(p.at + IPV4_ID, 0x1234);
	p.at[IPV4_TTL] = 64;
	p.at[IPV4_PROTOCOL] = protocol;
	be32_put(p.at + IPV4_SOURCE, source);
	be32_put(p.at + IPV4_DESTINATION, destination);
	for (u32 i = 0; i < payload_len; i++)
		p.at[IPV4_HEADER + i] = (u8)(i * 7 + 1);
	return p;
}

static inline struct packet
make_udp(u32 source, u16 source_port, u32 destination, u16 destination_port, u32 data)
{
	struct packet p = make_ip(IP_UDP, source, destination, UDP_HEADER + data);
	u8 *udp = payload_of(&p);

	be16_put(udp + UDP_SOURCE, source_port);
	be16_put(udp + UDP_DESTINATION, destination_port);
	be16_put(udp + UDP_LEN, (u16)(UDP_HEADER + data));
	finish(&p);
	return p;
}

static inline struct packet
make_tcp(u32 source, u16 source_port, u32 destination, u16 destination_port, u8 flags)
{
	struct packet p = make_ip(IP_TCP, source, destination, TCP_HEADER + 11);
	u8 *tcp = payload_of(&p);

	be16_put(tcp + TCP_SOURCE, source_port);
	be16_put(tcp + TCP_DESTINATION, destination_port);
	tcp[TCP_DATA_OFFSET] = 0x50;
	tcp[TCP_FLAGS] = flags;
	finish(&p);
	return p;
}

static inline struct packet
make_echo(u8 type, u32 source, u32 destination, u16 id)
{
	struct packet p = make_ip(IP_ICMP, source, destination, ICMP_HEADER + 56);
	u8 *icmp = payload_of(&p);

	icmp[ICMP_TYPE] = type;
	icmp[ICMP_CODE] = 0;
	be16_put(icmp + ICMP_ID, id);
	finish(&p);
	return p;
}

/* Quotes the first quoted_len bytes. */
static inline struct packet
make_error(u8 type, u8 code, u32 source, u32 destination, const struct packet *quoted,
	   u32 quoted_len)
{
	struct packet p = make_ip(IP_ICMP, source, destination, ICMP_HEADER + quoted_len);
	u8 *icmp = payload_of(&p);

	icmp[ICMP_TYPE] = type;
	icmp[ICMP_CODE] = code;
	memset(icmp + ICMP_ID, 0, 4);
	memcpy(icmp + ICMP_HEADER, quoted->at, quoted_len);
	finish(&p);
	return p;
}

static inline u32
source_of(const struct packet *p)
{
	return be32_at(p->at + IPV4_SOURCE);
}

static inline u32
destination_of(const struct packet *p)
{
	return be32_at(p->at + IPV4_DESTINATION);
}

static inline u16
source_port_of(struct packet *p)
{
	return be16_at(payload_of(p) + UDP_SOURCE);
}

static inline u16
destination_port_of(struct packet *p)
{
	return be16_at(payload_of(p) + UDP_DESTINATION);
}

static inline u16
echo_id_of(struct packet *p)
{
	return be16_at(payload_of(p) + ICMP_ID);
}

/* Back to whom it came from: ends swapped, which leaves all checksums right; an echo answered. */
static inline struct packet
reply_to(const struct packet *p)
{
	struct packet r = *p;
	u8 *to = payload_of(&r);
	const u8 *from = p->at + header_len(p->at);

	memcpy(r.at + IPV4_SOURCE, p->at + IPV4_DESTINATION, 4);
	memcpy(r.at + IPV4_DESTINATION, p->at + IPV4_SOURCE, 4);
	if (r.at[IPV4_PROTOCOL] == IP_ICMP) {
		to[ICMP_TYPE] = to[ICMP_TYPE] == ICMP_ECHO ? ICMP_ECHO_REPLY : ICMP_ECHO;
		finish(&r);
	} else {
		memcpy(to + UDP_SOURCE, from + UDP_DESTINATION, 2);
		memcpy(to + UDP_DESTINATION, from + UDP_SOURCE, 2);
	}
	return r;
}

/* Through the NAT, in memory that ends with it, at an odd address. */
static inline enum nat_verdict
pass(struct packet *p, bool out, u16 owner)
{
	u8 *memory = malloc(1 + p->len), *exact = memory + 1;
	enum nat_verdict verdict;

	memcpy(exact, p->at, p->len);
	verdict = out ? nat_out(&nat, exact, p->len, owner)
		      : nat_in(&nat, exact, p->len, &nat_beginner);
	memcpy(p->at, exact, p->len);
	free(memory);
	return verdict;
}

static inline enum nat_verdict
out(struct packet *p)
{
	return pass(p, true, OWNER);
}

static inline enum nat_verdict
in(struct packet *p)
{
	return pass(p, false, 0);
}
