/* SPDX-License-Identifier: MIT */
/*
 * A gateway with a world on both sides: frames to it are built here, those from it are kept, and
 * each of them is checked for what must hold of every one. For unit tests and fuzzers.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/arp.h"
#include "net/checksum.h"
#include "net/gateway.h"
#include "net/icmp.h"
#include "net/ipv4.h"
#include "net/udp.h"

#define WORLD_SECOND 1000000000ul

enum {
	WORLD_SENT_MAX = 64,
	WORLD_FRAME_MAX = 16384,
	WORLD_GATEWAY = 0x0a080001, /* 10.8.0.1 */
	WORLD_ROUTER = 0xc0000201,  /* 192.0.2.1 */
	WORLD_OUTSIDE = 0xc0000202, /* 192.0.2.2 */
	WORLD_DNS = 0xc0000203,
	WORLD_DNS2 = 0xc0000204,
	WORLD_SERVER = 0xc6336405, /* 198.51.100.5, somewhere behind the router */
	WORLD_OTHER = 0x0a080100,  /* 10.8.1.0/24: another network of ours */
};

struct world_frame {
	enum gateway_side side;
	unsigned owner; /* for whom it was sent */
	u32 len;
	u8 at[WORLD_FRAME_MAX];
};

static const u8 world_mac[6] = {0x52, 0x54, 0, 0, 0, 1};	 /* the gateway's */
static const u8 world_outside_mac[6] = {0x52, 0x54, 0, 0, 0, 2}; /* and on the uplink */
static const u8 world_router_mac[6] = {0x52, 0x54, 0, 0, 0, 3};
static const u8 world_all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static struct gateway world;
static struct nat world_nat;
static u64 world_now;
static struct world_frame world_sent[WORLD_SENT_MAX]; /* the last ones */
static unsigned world_count;			      /* of all that were sent */
static u8 world_frame[WORLD_FRAME_MAX];

static inline u64
world_clock(void)
{
	return world_now;
}

static inline bool
world_is_ours(void *arg, u32 address)
{
	return (address & 0xffffff00) == WORLD_OTHER;
}

static inline void
world_check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "the gateway sent a frame with %s\n", what);
	abort();
}

/* What must hold of every IP packet that the gateway sends. */
static inline void
world_check_packet(enum gateway_side side, u8 *packet, u32 len)
{
	u32 mtu = side == GATEWAY_INSIDE ? world.config.mtu : world.outside.mtu;
	struct ipv4 ip;
	struct udp udp;

	world_check(ipv4_check(packet, len, &ip), "a malformed IP header");
	world_check(ip.len <= mtu, "more than the MTU");
	world_check(ip.ttl > 0, "a TTL of 0");
	if (side == GATEWAY_OUTSIDE)
		world_check(ip.source == world.outside.address || ip.source == 0,
			    "a source that is not the outside address");
	else
		world_check((ip.destination & world.mask) == (WORLD_GATEWAY & world.mask) ||
				    ip.destination == IPV4_BROADCAST,
			    "a destination that is not inside");
	if (ipv4_is_fragment(&ip))
		return;
	/* Of a flow's the checksum may be as wrong as it came; of a service's it is there. */
	if (ip.protocol == IP_UDP && ip.source == WORLD_GATEWAY) {
		world_check(be16_at(packet + ip.header_len + UDP_CHECKSUM) != 0, "no UDP checksum");
		world_check(udp_check(packet, &ip, &udp), "a malformed UDP header");
	}
	if (ip.protocol == IP_ICMP && ip.source == WORLD_GATEWAY)
		world_check(icmp_check(packet, &ip), "a wrong ICMP checksum");
}

static inline void
world_send(void *arg, enum gateway_side side, unsigned owner, const u8 *frame, u32 len)
{
	struct world_frame *f = &world_sent[world_count++ % WORLD_SENT_MAX];
	const u8 *own = side == GATEWAY_INSIDE ? world_mac : world_outside_mac;
	struct arp arp;

	world_check(len >= ETH_MIN && len <= WORLD_FRAME_MAX, "a wrong length");
	world_check(memcmp(frame + ETH_SOURCE, own, 6) == 0, "another source MAC");
	world_check(memcmp(frame + ETH_DESTINATION, own, 6) != 0, "its own MAC as destination");
	f->side = side;
	f->owner = owner;
	f->len = len;
	memcpy(f->at, frame, len);
	if (be16_at(frame + ETH_TYPE) == ETH_TYPE_ARP)
		world_check(arp_check(frame, len, &arp), "malformed ARP");
	else
		world_check_packet(side, f->at + ETH_HEADER, len - ETH_HEADER);
}

/* NAT with a fixed outside address; a test changes what it wants before world_begin(). */
static inline struct gateway_config
world_config(void)
{
	struct gateway_config c = {
		.name = "lan",
		.nat = true,
		.address = WORLD_GATEWAY,
		.prefix = 24,
		.mtu = 1500,
		.domain = "lan",
		.dns = {WORLD_DNS, WORLD_DNS2},
		.dns_count = 2,
		.outside_mtu = 1500,
		.outside_address = WORLD_OUTSIDE,
		.outside_router = WORLD_ROUTER,
		.outside_prefix = 24,
		.nat_memory = &world_nat,
		.seed = 12345,
		.now_ns = world_clock,
		.send = world_send,
		.is_ours = world_is_ours
	};

	memcpy(c.mac, world_mac, 6);
	memcpy(c.outside_mac, world_outside_mac, 6);
	return c;
}

static inline void
world_begin(const struct gateway_config *config)
{
	world_now = 1000 * WORLD_SECOND;
	world_count = 0;
	gateway_init(&world, config);
	gateway_uplink_link(&world, true);
}

/* The n'th last frame that was sent; 0 is the last. */
static inline const struct world_frame *
world_last(unsigned n)
{
	return &world_sent[(world_count - 1 - n) % WORLD_SENT_MAX];
}

static inline const u8 *
world_last_ip(unsigned n)
{
	return world_last(n)->at + ETH_HEADER;
}

static inline void
world_pass(u64 ns)
{
	for (u64 step; ns > 0; ns -= step) {
		step = MIN(ns, WORLD_SECOND / 10);
		world_now += step;
		gateway_tick(&world);
	}
}

/* A MAC of the VM with this number, which is its owner too. */
static inline const u8 *
world_vm_mac(unsigned vm)
{
	static u8 macs[8][6];
	static unsigned turn;
	u8 *mac = macs[turn++ % 8];

	memcpy(mac, (const u8[6]){0x02, 0, 0, 0, (u8)(vm >> 8), (u8)vm}, 6);
	return mac;
}

static inline const char *
world_vm_name(unsigned vm)
{
	static char names[8][48];
	static unsigned turn;
	char *name = names[turn++ % 8];

	snprintf(name, 48, "vm%u.0", vm);
	return name;
}

static inline void
world_put_eth(u8 *frame, const u8 *to, const u8 *from, u16 type)
{
	memcpy(frame + ETH_DESTINATION, to, 6);
	memcpy(frame + ETH_SOURCE, from, 6);
	be16_put(frame + ETH_TYPE, type);
}

static inline void
world_deliver(enum gateway_side side, unsigned vm, u32 len)
{
	if (side == GATEWAY_INSIDE)
		gateway_from_inside(&world, world_frame, len, vm, world_vm_name(vm));
	else
		gateway_from_outside(&world, world_frame, len);
}

/* Builds a UDP frame in world_frame with `len` bytes of data; answers its length. */
static inline u32
world_put_udp(const u8 *to_mac, const u8 *from_mac, u32 from, u16 from_port, u32 to, u16 to_port,
	      const void *data, u32 len)
{
	memset(world_frame, 0, 64);
	world_put_eth(world_frame, to_mac, from_mac, ETH_TYPE_IPV4);
	if (len > 0)
		memcpy(world_frame + ETH_HEADER + UDP_IPV4_HEADERS, data, len);
	return ETH_HEADER + udp_put(world_frame + ETH_HEADER, from, from_port, to, to_port, 7, len);
}

/* From a VM to anywhere, by way of the gateway. */
static inline void
world_udp_out(unsigned vm, u32 from, u16 from_port, u32 to, u16 to_port, const void *data, u32 len)
{
	world_deliver(GATEWAY_INSIDE, vm,
		      world_put_udp(world_mac, world_vm_mac(vm), from, from_port, to, to_port, data,
				    len));
}

/* From the world to the outside address, by way of the router. */
static inline void
world_udp_in(u32 from, u16 from_port, u32 to, u16 to_port, const void *data, u32 len)
{
	world_deliver(GATEWAY_OUTSIDE, 0,
		      world_put_udp(world_outside_mac, world_router_mac, from, from_port, to,
				    to_port, data, len));
}

static inline void
world_arp(enum gateway_side side, unsigned vm, u16 operation, const u8 *mac, u32 sender,
	  const u8 *target_mac, u32 target)
{
	arp_put(world_frame, operation, mac, sender, target_mac, target);
	world_deliver(side, vm, ARP_FRAME);
}

/* The router says where it is. */
static inline void
world_answer_router(void)
{
	world_arp(GATEWAY_OUTSIDE, 0, ARP_REPLY, world_router_mac, WORLD_ROUTER, world_outside_mac,
		  WORLD_OUTSIDE);
}

/* A VM asks for the gateway, by which the gateway knows it. */
static inline void
world_meet(unsigned vm, u32 address)
{
	world_arp(GATEWAY_INSIDE, vm, ARP_REQUEST, world_vm_mac(vm), address, NULL, WORLD_GATEWAY);
}

/* A DHCP message that is being written; its data is then sent by world_dhcp(). */
static inline struct dhcp_writer
world_dhcp_begin(u8 *message, u8 type, unsigned vm)
{
	return dhcp_begin(message, DHCP_BOOTREQUEST, type, 0x1234, world_vm_mac(vm));
}

/* A client takes its time: no more than a gateway answers. */
static inline void
world_dhcp(unsigned vm, u32 from, const u8 *message, u32 len)
{
	world_now += WORLD_SECOND / 1000;
	world_deliver(GATEWAY_INSIDE, vm,
		      world_put_udp(world_all, world_vm_mac(vm), from, DHCP_CLIENT_PORT,
				    IPV4_BROADCAST, DHCP_SERVER_PORT, message, len));
}

/* The last frame as a DHCP message; false when it is none. */
static inline bool
world_last_dhcp(struct dhcp_message *m)
{
	static u8 packet[WORLD_FRAME_MAX];
	struct ipv4 ip;
	struct udp udp;

	if (world_count == 0 || be16_at(world_last(0)->at + ETH_TYPE) != ETH_TYPE_IPV4)
		return false;
	memcpy(packet, world_last_ip(0), world_last(0)->len - ETH_HEADER);
	return ipv4_check(packet, world_last(0)->len - ETH_HEADER, &ip) && ip.protocol == IP_UDP &&
	       udp_check(packet, &ip, &udp) && udp.destination == DHCP_CLIENT_PORT &&
	       dhcp_check(udp.data, udp.len, m);
}

/* Discovers and requests for a VM; answers its address, or 0. */
static inline u32
world_lease(unsigned vm)
{
	u8 message[DHCP_MAX];
	struct dhcp_message m;
	struct dhcp_writer w = world_dhcp_begin(message, DHCP_DISCOVER, vm);
	unsigned before = world_count;

	world_dhcp(vm, 0, message, dhcp_end(&w));
	if (world_count == before || !world_last_dhcp(&m) || m.type != DHCP_OFFER)
		return 0;
	w = world_dhcp_begin(message, DHCP_REQUEST, vm);
	dhcp_put32(&w, DHCP_SERVER, m.server);
	dhcp_put32(&w, DHCP_REQUESTED, m.yiaddr);
	world_dhcp(vm, 0, message, dhcp_end(&w));
	return world_last_dhcp(&m) && m.type == DHCP_ACK ? m.yiaddr : 0;
}
