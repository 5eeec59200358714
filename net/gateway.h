/* SPDX-License-Identifier: MIT */
/*
 * The gateway of a NAT or host-only network: the inside's router, DHCP server and DNS relay, with
 * an address on the inside and, for NAT, one on the outside that all of the inside is behind.
 *
 *   inside: the switch          the gateway                             outside: the uplink's NIC
 *     VMs' ports -------- ARP, ICMP, DHCP, DNS -- routing, NAT -- ARP, DHCP client -------- router
 *
 * What never passes: a packet from the inside whose source is not of its subnet, or is leased to
 * another MAC; one from the outside that belongs to no flow or forward; anything to or from the
 * subnet of another network of this machine (is_ours()). Hosts of one inside reach each other
 * through the switch only: what they send by way of the gateway is dropped, unless it goes to a
 * forward, and send() says of each frame who caused it: so a port that the switch isolates stays
 * so. IPv6 is ignored. Only whole packets reach the gateway itself, no fragments. DNS is relayed
 * over UDP; who asks over TCP is told that the port is closed.
 *
 * Each owner, a port of the switch, has its own share of every table, and its own rate of errors
 * and echoes.
 *
 * Pure. Memory is the caller's, some 1.3 MiB with the NAT's. Calls don't overlap, and send() is
 * called within them. Addresses are in host order.
 */
#pragma once

#include "include/errors.h"
#include "net/arp.h"
#include "net/dhcp_client.h"
#include "net/dhcp_server.h"
#include "net/dns_relay.h"
#include "net/nat.h"
#include "net/ping.h"

enum gateway_side { GATEWAY_INSIDE, GATEWAY_OUTSIDE, GATEWAY_SIDES };

enum {
	GATEWAY_OWNERS = NAT_OWNERS,
	GATEWAY_SELF = NAT_OWNERS, /* on whose account is what comes from the outside, or itself */
	GATEWAY_MTU_MIN = 576,
	GATEWAY_FRAME_MAX =
		2048,	   /* of what it sends on its own, or keeps until an address is known */
	GATEWAY_HELD = 32, /* frames that wait for an address ... */
	GATEWAY_OWNER_HELD = 4, /* ... of one owner */
};

/* A port of the outside address that leads to a VM, by its name, or to an address. */
struct gateway_forward {
	u8 protocol; /* IP_TCP, IP_UDP */
	u16 outside_port, inside_port;
	char vm[DHCP_OWNER_NAME_MAX +
		1];  /* may be empty; else its address is what it is seen with */
	u32 address; /* fixed, or 0 */
};

struct gateway_config {
	const char
		*name; /* of the network, for the log; stays the caller's, as all pointers here */
	bool nat;      /* else host-only: nothing of the outside counts */
	u8 mac[ETH_ADDRESS];
	u32 address;	 /* its own, inside */
	unsigned prefix; /* 8 to 30 */
	u16 mtu;	 /* of the inside; GATEWAY_MTU_MIN to 9000 or so */
	char domain[DHCP_DOMAIN_MAX + 1];
	u32 dns[DNS_SERVERS_MAX]; /* instead of the ones that the uplink's DHCP server names */
	unsigned dns_count;
	const struct dhcp_static *statics;
	unsigned static_count;
	const struct gateway_forward *forwards;
	unsigned forward_count; /* at most NAT_FORWARDS_MAX */
	u8 outside_mac[ETH_ADDRESS];
	u16 outside_mtu;
	bool outside_dhcp; /* else what follows is its address there */
	u32 outside_address, outside_router;
	unsigned outside_prefix;
	struct nat *nat_memory; /* initialised here */
	u64 seed;		/* nobody can guess it */
	u64 client_seed; /* independent of it: all on the uplink can find it from what is sent */
	u64 (*now_ns)(void);
	/*
	 * A frame of at least ETH_MIN bytes, checksums complete; it is valid during the call.
	 * owner: who caused it, or GATEWAY_SELF. What that port may not send to another one (it is
	 * isolated), it may not have sent by the gateway, and that is for the switch to see to.
	 */
	void (*send)(void *arg, enum gateway_side side, unsigned owner, const u8 *frame, u32 len);
	/* Whether an address is inside of another network of this machine. */
	bool (*is_ours)(void *arg, u32 address);
	void *arg;
};

/* Why a frame went nowhere. */
enum gateway_drop {
	GATEWAY_MALFORMED,   /* lengths, checksums, options */
	GATEWAY_OTHER,	     /* neither ARP nor IPv4, or to another MAC */
	GATEWAY_SPOOFED,     /* not the sender's MAC or address; another network's source */
	GATEWAY_NOT_US,	     /* from the outside, to an address that is not the gateway's */
	GATEWAY_FOREIGN,     /* to another network of this machine */
	GATEWAY_UNROUTABLE,  /* multicast, loopback, link-local, inside to inside */
	GATEWAY_NO_ROUTE,    /* host-only, or no outside address or router */
	GATEWAY_TTL,	     /* it ran out */
	GATEWAY_TOO_BIG,     /* for the other side, and not to be cut */
	GATEWAY_NAT_DROPPED, /* why: nat_memory->counters */
	GATEWAY_UNRESOLVED,  /* nobody has the next hop's address, or too many wait for it */
	GATEWAY_CLOSED,	     /* to a port or protocol that the gateway doesn't serve */
	GATEWAY_RATE,	     /* echoes, ARP, DHCP, errors: more than one owner may have */
	GATEWAY_DROPS
};

struct gateway_counters {
	u64 received[GATEWAY_SIDES], sent[GATEWAY_SIDES]; /* frames */
	u64 routed_out, routed_in;			  /* packets */
	u64 errors;					  /* ICMP errors that were sent */
	u64 claims; /* of an own address by someone else, ARP */
	u64 dropped[GATEWAY_DROPS];
};

/* Its address on the outside; address 0: none. */
struct gateway_outside {
	bool link;
	u32 address, router, mask;
	u16 mtu;
	u32 dns[DNS_SERVERS_MAX]; /* that are asked */
	unsigned dns_count;
};

/* A frame that waits for the MAC of its next hop. */
struct gateway_held {
	bool used;
	bool to_route; /* from the inside, as it came; else it is ready but for its MACs */
	u8 side;       /* enum gateway_side, of the next hop */
	u16 owner;
	u32 next_hop, len;
	u8 frame[GATEWAY_FRAME_MAX];
};

/* All of it is net/gateway*.c's own; counters, outside, ping, dhcp and client may be read. */
struct gateway {
	struct gateway_config config;
	struct gateway_counters counters;
	struct gateway_outside outside;
	struct ping ping;
	u32 mask; /* of the inside */
	u16 ip_id;
	u64 second_ns;			 /* the last tick that did what is done each second */
	u64 announced_ns[GATEWAY_SIDES]; /* own address, after someone else's claim */
	u64 echo_ns[GATEWAY_OWNERS + 1]; /* for their rates: net/gateway.c */
	u64 error_ns[GATEWAY_OWNERS + 1];
	struct neighbours neighbours[GATEWAY_SIDES];
	struct dhcp_server dhcp;
	struct dhcp_client client;
	struct dns_relay dns;
	struct gateway_held held[GATEWAY_HELD];
	u8 scratch[GATEWAY_FRAME_MAX];
};

void gateway_init(struct gateway *g, const struct gateway_config *config);

/*
 * A frame, hostile, of any length, in a buffer of at least ETH_MIN bytes that the gateway may
 * change, headers and all, during the call. From the inside with the switch port that sent it:
 * `owner`, below GATEWAY_OWNERS, and its name, VM.N.
 */
void gateway_from_inside(struct gateway *g, u8 *frame, u32 len, unsigned owner,
			 const char *owner_name);
void gateway_from_outside(struct gateway *g, u8 *frame, u32 len);

/* Each 100 ms or so. */
void gateway_tick(struct gateway *g);

/* The uplink's link; down at first. */
void gateway_uplink_link(struct gateway *g, bool up);

/* The port of this name is off the switch; leases stay. */
void gateway_owner_gone(struct gateway *g, unsigned owner, const char *owner_name);

/*
 * Sends an echo with `size` bytes, at most PING_SIZE_MAX, and forgets the one before; what became
 * of it is in g->ping. -ERR_NODEV: there is no way there; -ERR_INVAL: size, or no host's address.
 */
__must_check int gateway_ping(struct gateway *g, u32 address, u16 sequence, u32 size);

/* The address of a VM, by its name, as leased; 0: none. */
u32 gateway_address_of(const struct gateway *g, const char *vm);

const char *gateway_drop_name(enum gateway_drop reason);
