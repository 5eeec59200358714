/* SPDX-License-Identifier: MIT */
/* One echo on its way at a time, for a person who asks whether an address answers. Pure. */
#pragma once

#include "net/ipv4.h"

enum {
	PING_ID = 0xff01, /* of the gateway's own, beyond those of NAT */
	PING_SIZE_MAX = 1400,
};

enum ping_state { PING_NONE, PING_WAITING, PING_ANSWERED, PING_UNREACHABLE };

struct ping {
	u32 address, next_hop;
	u32 size;
	u16 sequence;
	u8 state; /* enum ping_state */
	u8 ttl;	  /* of the answer */
	u64 sent_ns;
	u64 took_ns; /* once it is answered */
};

/* The request to `address`, written to packet; answers its length. */
u32 ping_begin(struct ping *p, u8 *packet, u32 source, u32 address, u16 sequence, u32 size,
	       u64 now);

/* A checked ICMP packet: true when it is the answer that is waited for, bytes and all. */
bool ping_answered(struct ping *p, const u8 *packet, const struct ipv4 *ip, u64 now);
