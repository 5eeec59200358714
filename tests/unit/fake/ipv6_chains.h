/* SPDX-License-Identifier: MIT */
/* Chains of IPv6 extension headers (RFC 8200, 4) as nobody sane sends them. */
#pragma once

#include <string.h>

#include "net/wire.h"

enum {
	CHAIN_HOP = 0,
	CHAIN_ROUTING = 43,
	CHAIN_FRAGMENT = 44,
	CHAIN_AH = 51,
	CHAIN_NONE = 59,
	CHAIN_OPTIONS = 60,
	CHAIN_TCP = 6,
	CHAIN_LEN = 1200, /* of the payload behind the IPv6 header */
};

/* The types, each the next one of that before; -1 ends it, and what is behind is the last one's. */
struct fake_chain {
	const char *what;
	u8 len; /* that each header says: in 8 bytes, without the first 8 */
	short types[32];
};

static const struct fake_chain fake_chains[] = {
	{"each once",		      0,	 {0, 60, 43, 44, 51, 60, 6, -1}    },
	{"one kind again and again",    0,	{[0 ... 30] = 60, -1}	     },
	{"hop by hop everywhere",	  0,   {[0 ... 30] = 0, -1}		 },
	{"fragments of fragments",	   0,   {[0 ... 30] = 44, -1}		   },
	{"routing for ever",	     0,	{[0 ... 30] = 43, -1}	     },
	{"each ends behind the packet", 255, {0, 43, 60, 6, -1}		       },
	{"authentication of nothing",   255, {51, 51, 51, 6, -1}		      },
	{"none, and then some",		0,   {59, 60, 43, 6, -1}		      },
	{"TCP behind large options",    15,	 {0, 60, 60, 6, -1}		   },
	{"kinds that nobody knows",	    3,   {253, 254, 255, 135, 139, 140, -1}},
};

/* The IPv6 header and the chain, zeros behind; addresses are the caller's. */
static inline void
fake_chain_put(u8 *ip, const struct fake_chain *c)
{
	u8 *next = ip + IPV6_NEXT, *at = ip + IPV6_HEADER;

	memset(ip, 0, IPV6_HEADER + CHAIN_LEN);
	ip[0] = 0x60;
	be16_put(ip + IPV6_PAYLOAD_LEN, CHAIN_LEN);
	ip[IPV6_HOP_LIMIT] = 64;
	for (unsigned i = 0; c->types[i] >= 0; i++) {
		u32 step = c->types[i] == CHAIN_FRAGMENT ? 8 : 8 * (c->len + 1u);

		*next = (u8)c->types[i];
		if (at + step > ip + IPV6_HEADER + CHAIN_LEN - 8)
			step = 8;
		at[1] = c->types[i] == CHAIN_FRAGMENT ? 0 : c->len;
		next = at;
		at += step;
	}
	*next = CHAIN_TCP;
}
