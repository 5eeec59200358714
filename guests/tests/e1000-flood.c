/* SPDX-License-Identifier: MIT */
/*
 * A guest that sends its network what nobody should: N1 to N7 of the threat list (docs/attacks.md),
 * one of them by `case=N`; 8 is more of N5. What it sends is random within its kind, from `seed=`,
 * for `seconds=`, with a `pause=` in us behind every 64. It only has to end; the others on the
 * network must not notice.
 */
#include "guests/lib/e1000.h"
#include "guests/lib/guest.h"
#include "guests/lib/random.h"
#include "guests/lib/time.h"

enum {
	RING = 256,
	BATCH = 64,
	FRAMES = 7000, /* a second */
	SECONDS = 2,
	RCTL = E1000_RCTL_EN | E1000_RCTL_BAM
};
enum { SLOT = 2048, TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, TYPE_IPV6 = 0x86dd, TYPE_VLAN = 0x8100 };
enum { UDP = 17, TCP = 6, ICMP = 1, MAC_LEN = 6, ETH_LEN = 14, IP_LEN = 20, IPV6_LEN = 40 };
enum { DHCP_SIZE = 300, BOOTP_CLIENT = 68, BOOTP_SERVER = 67, DNS_PORT = 53 };

#define GATEWAY 0x0a080001u /* 10.8.0.1 */
#define MINE	0x0a080063u
#define WORLD	0xcb007109u /* 203.0.113.9 */

static u8 gateway_mac[MAC_LEN], broadcast[MAC_LEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static u8 own_mac[MAC_LEN] = {0x52, 0x54, 0, 0x66, 0x66, 0x66};
static u32 tail;
static u64 pause_us; /* behind each batch */

static void
put16(u8 *at, u32 value)
{
	at[0] = (u8)(value >> 8);
	at[1] = (u8)value;
}

static void
put32(u8 *at, u32 value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static u16
sum_of(const u8 *at, u32 len)
{
	u32 sum = 0;

	for (u32 n = 0; n < len; n += 2)
		sum += (u32)at[n] << 8 | (n + 1 < len ? at[n + 1] : 0);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

static u8 *
slot(void)
{
	return (u8 *)NIC_TX_BUFFER + (u64)SLOT * (tail % RING);
}

static void
fill_random(u8 *at, u32 len)
{
	for (u32 n = 0; n < len; n++)
		at[n] = (u8)random_64();
}

static u8 *
ethernet(const u8 *to, const u8 *from, u32 type)
{
	u8 *frame = slot();

	memset(frame, 0, SLOT);
	memcpy(frame, to, MAC_LEN);
	memcpy(frame + MAC_LEN, from, MAC_LEN);
	put16(frame + 12, type);
	return frame + ETH_LEN;
}

/* total: what the header says; its checksum is right. */
static u8 *
ipv4(u8 *ip, u32 from, u32 to, u8 protocol, u32 words, u32 total)
{
	ip[0] = (u8)(0x40 | words);
	put16(ip + 2, total);
	put16(ip + 4, (u32)random_below(65536));
	ip[8] = 64;
	ip[9] = protocol;
	put32(ip + 12, from);
	put32(ip + 16, to);
	put16(ip + 10, sum_of(ip, words * 4));
	return ip + words * 4;
}

/* The frame of the slot, told of in batches; a full ring is waited for. */
static void
send(const struct nic *nic, u32 size)
{
	nic_put(tail % RING, (u64)slot(), size, NIC_SEND);
	tail++;
	if (tail % BATCH == 0) {
		nic_write(nic, E1000_TDT, tail % RING);
		nic_wait_sent(nic);
		delay_us(pause_us);
	}
}

static void
random_mac(u8 *mac)
{
	fill_random(mac, MAC_LEN);
	mac[0] = (u8)((mac[0] & 0xfe) | 2);
}

static void
mac_flood(const struct nic *nic)
{
	u8 from[MAC_LEN];

	random_mac(from);
	ethernet(gateway_mac, from, 0x88b5);
	send(nic, NIC_FRAME);
}

/* As if the gateway had sent it; and ARP, as much as there can be, asking for everybody. */
static void
spoofed(const struct nic *nic)
{
	bool arp = random_below(2) != 0;
	u8 *at = ethernet(broadcast, arp ? own_mac : gateway_mac, arp ? TYPE_ARP : 0x88b5);

	put16(at, 1);
	put16(at + 2, TYPE_IPV4);
	at[4] = (u8)(random_below(16) == 0 ? random_64() : MAC_LEN);
	at[5] = (u8)(random_below(16) == 0 ? random_64() : 4);
	put16(at + 6, (u32)random_below(4));
	memcpy(at + 8, own_mac, MAC_LEN);
	put32(at + 14, MINE);
	put32(at + 24, (GATEWAY & ~0xffu) | (u32)random_below(256));
	send(nic, NIC_FRAME);
}

/* IPv6 whose extension headers are of any kinds in any order, one in another, ends anywhere. */
static void
broken_ipv6(const struct nic *nic)
{
	static const u8 kinds[] = {0, 43, 44, 51, 59, 60, TCP, UDP, 58, 135, 253};
	u32 size = IPV6_LEN + 8 + (u32)random_below(1400);
	u8 *ip = ethernet(random_below(2) != 0 ? gateway_mac : broadcast, own_mac, TYPE_IPV6);

	fill_random(ip, size);
	ip[0] = 0x60;
	put16(ip + 4, random_below(4) != 0 ? size - IPV6_LEN : (u32)random_below(65536));
	ip[6] = kinds[random_below(ARRAY_SIZE(kinds))];
	for (u32 at = IPV6_LEN; at + 8 <= size; at += 8 * (u32)(1 + ip[at + 1] % 8)) {
		ip[at] = kinds[random_below(random_below(2) != 0 ? ARRAY_SIZE(kinds) : 6)];
		ip[at + 1] = random_below(8) == 0 ? 255 : (u8)random_below(3);
	}
	send(nic, MAX(ETH_LEN + size, (u32)NIC_FRAME));
}

/* IPv4 with options, lengths, fragments and inner headers that are wrong. */
static void
broken_ip(const struct nic *nic)
{
	static const u8 protocols[] = {UDP, TCP, ICMP, 0, 44, 255};
	u32 size = 20 + (u32)random_below(1400), words = 5 + (u32)random_below(11), to;
	u8 *ip, *body;

	if (random_below(4) == 0) {
		broken_ipv6(nic);
		return;
	}
	ip = ethernet(gateway_mac, own_mac, random_below(32) == 0 ? TYPE_IPV6 : TYPE_IPV4);
	fill_random(ip, size);
	if (random_below(2) != 0)
		words = 5;
	if (random_below(16) == 0)
		words = (u32)random_below(16);
	to = random_below(2) != 0 ? GATEWAY : WORLD;
	body = ipv4(ip, MINE, to, protocols[random_below(ARRAY_SIZE(protocols))], words,
		    random_below(2) != 0 ? size : (u32)random_below(65536));
	/* Fragments of few datagrams, so that they meet and overlap. */
	put16(ip + 4, (u32)random_below(4));
	put16(ip + 6, random_below(3) != 0 ? (u32)random_64() & 0x3fff : 0);
	put16(ip + 10, 0);
	put16(ip + 10, sum_of(ip, words * 4));
	if (random_below(4) == 0)
		put16(body + 4, (u32)random_below(9)); /* UDP's length */
	if (random_below(4) == 0)
		body[12] = (u8)(random_below(5) << 4); /* TCP's data offset */
	if (random_below(4) == 0) {		       /* an ICMP error that quotes itself */
		body[0] = 3;
		body[1] = 4;
		memcpy(body + 8, ip, 64);
	}
	send(nic, MAX(ETH_LEN + size, (u32)NIC_FRAME));
}

/* A flow each: more of them than a translation has ports for. */
static void
many_flows(const struct nic *nic)
{
	bool tcp = random_below(2) != 0;
	u32 size = IP_LEN + (tcp ? 20 : 8), from = MINE + (u32)random_below(64);
	u8 *ip = ethernet(gateway_mac, own_mac, TYPE_IPV4);
	u8 *body = ipv4(ip, from, WORLD + ((u32)random_below(16) << 16), tcp ? TCP : UDP, 5, size);

	put32(body, (u32)random_64());
	if (tcp) {
		put32(body + 4, (u32)random_64());
		body[12] = 5 << 4;
		body[13] = 2; /* SYN */
	} else {
		put16(body + 4, 8);
	}
	send(nic, NIC_FRAME);
}

/* A DHCP request of this type from a MAC that nobody has: its options begin where this answers. */
static u8 *
dhcp_request(u8 type)
{
	u8 mac[MAC_LEN], *udp, *at;

	random_mac(mac);
	udp = ipv4(ethernet(broadcast, mac, TYPE_IPV4), 0, ~0u, UDP, 5, IP_LEN + 8 + DHCP_SIZE);
	put16(udp, BOOTP_CLIENT);
	put16(udp + 2, BOOTP_SERVER);
	put16(udp + 4, 8 + DHCP_SIZE);
	at = udp + 8;
	at[0] = 1;
	at[1] = 1;
	at[2] = MAC_LEN;
	put32(at + 4, (u32)random_64());
	memcpy(at + 28, mac, MAC_LEN);
	put32(at + 236, 0x63825363); /* RFC 2131, 3 */
	at[240] = 53;
	at[241] = 1;
	at[242] = type;
	at[243] = 255;
	return at + 243;
}

/* All addresses, one by one, asked for and taken at once as if they had been had before. */
static void
dhcp_pool(const struct nic *nic)
{
	bool discover = random_below(4) == 0;
	u8 *options = dhcp_request(discover ? 1 : 3);

	if (!discover) {
		options[0] = 50; /* the requested address (RFC 2132, 9.1) */
		options[1] = 4;
		put32(options + 2, (GATEWAY & ~0xffu) | (u32)random_below(256));
		options[6] = 255;
	}
	send(nic, ETH_LEN + IP_LEN + 8 + DHCP_SIZE);
}

/* Messages whose options are none, of any type; and DNS likewise. */
static void
servers(const struct nic *nic)
{
	u32 size = IP_LEN + 8 + DHCP_SIZE;
	u8 mac[MAC_LEN], *udp, *options;

	if (random_below(4) != 0) {
		options = dhcp_request((u8)(1 + random_below(8)));
		if (random_below(8) == 0)
			options[2 - 243] = 255;
		if (random_below(2) != 0)
			fill_random(options, DHCP_SIZE - 243);
		send(nic, ETH_LEN + size);
		return;
	}
	random_mac(mac);
	udp = ipv4(ethernet(gateway_mac, mac, TYPE_IPV4), MINE, GATEWAY, UDP, 5, size);
	put16(udp, (u32)random_below(65536));
	put16(udp + 2, DNS_PORT);
	put16(udp + 4, 8 + DHCP_SIZE);
	fill_random(udp + 8, 64);
	put16(udp + 8 + 12, 0xc00c); /* a name that points at itself */
	send(nic, ETH_LEN + size);
}

static void
tags(const struct nic *nic)
{
	u8 *at = ethernet(random_below(2) != 0 ? broadcast : gateway_mac, own_mac, TYPE_VLAN);
	u32 size = ETH_LEN + 4 + (u32)random_below(1500);

	put16(at, (u32)random_64()); /* a priority alone, 4095, any */
	put16(at + 2, random_below(2) != 0 ? TYPE_VLAN : TYPE_IPV4);
	fill_random(at + 4, 60);
	send(nic,
	     random_below(8) == 0 ? (u32)random_below(NIC_FRAME) + 1 : MAX(size, (u32)NIC_FRAME));
}

/* Frames that are to be cut up and completed on their way, each of the largest size there is. */
static void
large(const struct nic *nic)
{
	struct e1000_tx_context context = {.ipcss = ETH_LEN,
					   .ipcso = ETH_LEN + 10,
					   .ipcse = ETH_LEN + IP_LEN - 1,
					   .tucss = ETH_LEN + IP_LEN,
					   .tucso = ETH_LEN + IP_LEN + 16,
					   .header_len = 54,
					   .mss = (u16)(1 + random_below(9000))};
	u32 size = 1000 + (u32)random_below(64000);
	u8 *ip;

	tail = 0;
	ip = ethernet(random_below(2) != 0 ? gateway_mac : broadcast, own_mac, TYPE_IPV4);
	ipv4(ip, MINE, GATEWAY, TCP, 5, 0)[12] = 5 << 4;
	context.command = E1000_TXD_DEXT | E1000_TXD_TSE | E1000_TXD_TUCMD_TCP |
			  E1000_TXD_TUCMD_IP | (size - 54);
	nic_write(nic, E1000_TDH, 0);
	nic_write(nic, E1000_TDT, 0);
	memcpy(nic_tx(0), &context, sizeof(context));
	nic_put(1, NIC_TX_BUFFER, size,
		NIC_SEND | E1000_TXD_DEXT | E1000_TXD_TSE |
			(u32)FIELD_PREP(E1000_TXD_TYPE, (u32)E1000_TXD_TYPE_DATA));
	nic_tx(1)->status = E1000_TXD_IXSM | E1000_TXD_TXSM;
	nic_write(nic, E1000_TDT, 2);
	nic_wait_sent(nic);
}

/* Asks for the gateway's address, and takes it from the answer; without one it is nobody's. */
static void
find_gateway(const struct nic *nic)
{
	u64 end = deadline_us(1000000);
	u8 *at = ethernet(broadcast, own_mac, TYPE_ARP);

	put16(at, 1);
	put16(at + 2, TYPE_IPV4);
	put32(at + 4, 0x06040001);
	memcpy(at + 8, own_mac, MAC_LEN);
	put32(at + 14, MINE);
	put32(at + 24, GATEWAY);
	nic_put(0, (u64)slot(), NIC_FRAME, NIC_SEND);
	nic_write(nic, E1000_TDT, ++tail);
	while (rdtsc() < end) {
		for (u32 n = 0; n < RING; n++) {
			const u8 *frame = (const u8 *)nic_rx(n)->address;

			if (*(volatile u8 *)&nic_rx(n)->status == 0 || frame[12] != 8 ||
			    frame[13] != 6 || frame[31] != 1)
				continue;
			memcpy(gateway_mac, frame + MAC_LEN, MAC_LEN);
			return;
		}
		cpu_relax();
	}
	print("no gateway answers\n");
	memset(gateway_mac, 2, MAC_LEN);
}

GUEST("e1000-flood")
{
	static void (*const kinds[])(const struct nic *nic) = {mac_flood,  spoofed,  broken_ip,
							       many_flows, servers,  tags,
							       large,	   dhcp_pool};
	u64 kind = option("case", 1) - 1, seconds = option("seconds", SECONDS), end;
	struct nic nic;

	CHECK(kind < ARRAY_SIZE(kinds));
	pause_us = option("pause", 0);
	random_seed(option("seed", 1));
	tsc_hz();
	CHECK(nic_find(&nic, 0));
	nic_reset(&nic);
	nic_start(&nic, RING, RING, RCTL | (u32)E1000_RCTL_UPE);
	find_gateway(&nic);
	end = deadline_us(seconds * 1000000);
	for (u64 n = 0; n < FRAMES * seconds && rdtsc() < end; n++)
		kinds[kind](&nic);
	nic_settle(&nic);
	print("%u frames\n", nic_read(&nic, E1000_TPT));
	nic_check_alive(&nic);
}
