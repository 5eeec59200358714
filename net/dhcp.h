/* SPDX-License-Identifier: MIT */
/* DHCP's messages (RFC 2131, options of RFC 2132): reading hostile ones and writing ours. Pure. */
#pragma once

#include "include/types.h"
#include "net/wire.h"

/* RFC 2131, section 2, figure 1 */
enum {
	DHCP_OP = 0,
	DHCP_HTYPE = 1,
	DHCP_HLEN = 2,
	DHCP_XID = 4,
	DHCP_SECS = 8,
	DHCP_FLAGS = 10,
	DHCP_CIADDR = 12,
	DHCP_YIADDR = 16,
	DHCP_SIADDR = 20,
	DHCP_GIADDR = 24,
	DHCP_CHADDR = 28,
	DHCP_SNAME = 44,
	DHCP_SNAME_LEN = 64,
	DHCP_FILE = 108,
	DHCP_FILE_LEN = 128,
	DHCP_MAGIC = 236,
	DHCP_OPTIONS = 240,
	DHCP_MIN = 300, /* BOOTP's length (RFC 1542, section 2.1): some clients want no less */
	DHCP_MAX = 548, /* what a client takes at least (RFC 2132, section 9.10) */
	DHCP_SERVER_PORT = 67,
	DHCP_CLIENT_PORT = 68,
	DHCP_BOOTREQUEST = 1,
	DHCP_BOOTREPLY = 2,
	DHCP_FLAG_BROADCAST = 0x8000,
};

#define DHCP_MAGIC_COOKIE   0x63825363u
#define DHCP_LEASE_INFINITE 0xffffffffu

/* RFC 2132 */
enum dhcp_option {
	DHCP_PAD = 0,
	DHCP_MASK = 1,
	DHCP_ROUTER = 3,
	DHCP_DNS = 6,
	DHCP_HOST_NAME = 12,
	DHCP_DOMAIN = 15,
	DHCP_MTU = 26,
	DHCP_BROADCAST = 28,
	DHCP_REQUESTED = 50,
	DHCP_LEASE_TIME = 51,
	DHCP_OVERLOAD = 52,
	DHCP_TYPE = 53,
	DHCP_SERVER = 54,
	DHCP_PARAMETERS = 55,
	DHCP_T1 = 58,
	DHCP_T2 = 59,
	DHCP_CLIENT_ID = 61,
	DHCP_END = 255,
};

enum dhcp_type {
	DHCP_DISCOVER = 1,
	DHCP_OFFER,
	DHCP_REQUEST,
	DHCP_DECLINE,
	DHCP_ACK,
	DHCP_NAK,
	DHCP_RELEASE,
	DHCP_INFORM,
};

enum { DHCP_DNS_MAX = 3, DHCP_ID_MAX = 32, DHCP_NAME_MAX = 63 };

/* What of a message anyone here asks for; an option that was not there, or had a wrong length, is
 * 0. Addresses are in host order, times in seconds. */
struct dhcp_message {
	u8 op, type; /* type: enum dhcp_type */
	u32 xid;
	u16 flags;
	u32 ciaddr, yiaddr, giaddr;
	u8 mac[ETH_ADDRESS];
	u32 requested, server, mask, router, lease_time, t1, t2;
	u32 dns[DHCP_DNS_MAX];
	u16 mtu;
	u8 dns_count;
	u8 id_len; /* of the client identifier, which is cut to DHCP_ID_MAX */
	u8 id[DHCP_ID_MAX];
	char host_name[DHCP_NAME_MAX + 1]; /* letters, digits, '-' and '.'; else it is empty */
};

/*
 * False for what is too short, has another hardware than Ethernet, a group's address, no cookie or
 * no type, or an option that ends behind its field. Options in `file` and `sname` are read when the
 * first ones say so (option 52); the first of several with one number counts.
 */
bool dhcp_check(const u8 *at, u32 len, struct dhcp_message *m);

/* A message that is being written. */
struct dhcp_writer {
	u8 *at;
	u32 len; /* so far */
};

/* Begins one in DHCP_MAX bytes; the caller fills in what of the fixed fields isn't 0. */
struct dhcp_writer dhcp_begin(u8 *at, u8 op, u8 type, u32 xid, const u8 *mac);
/* An option that has no more room is left out. */
void dhcp_put(struct dhcp_writer *w, u8 option, const void *value, u32 len);
void dhcp_put8(struct dhcp_writer *w, u8 option, u8 value);
void dhcp_put16(struct dhcp_writer *w, u8 option, u16 value);
void dhcp_put32(struct dhcp_writer *w, u8 option, u32 value);
/* Closes it and answers its length. */
u32 dhcp_end(struct dhcp_writer *w);
