/* SPDX-License-Identifier: MIT */
/*
 * A DNS relay: questions of the inside go to the uplink's servers with an id and a port of the
 * relay's own, and answers that match id, port, server and question go back. A question that is not
 * answered goes to the next server. Each owner (a switch port) has a bounded share. Pure.
 */
#pragma once

#include "net/dns.h"

enum {
	DNS_FLOWS = 256,
	DNS_OWNERS = 73,
	DNS_OWNER_FLOWS = 32, /* then its oldest question is forgotten */
	DNS_SERVERS_MAX = 3,
	DNS_FIRST_PORT = 61001,
	DNS_PORT_TURNS = 17, /* ports that a flow may have: 256 apart */
	DNS_ROUNDS = 2,	     /* how often each server is asked */
};

#define DNS_TRY_NS (2000ul * 1000 * 1000)

struct dns_flow {
	bool used;
	u8 tries;
	u16 owner, client_port, client_id, port;
	u16 len;
	u32 client, server;
	u64 sent_ns;
	struct dns_query query;
	u8 message[DNS_QUERY_MAX]; /* as it is sent */
};

struct dns_relay {
	struct dns_flow flows[DNS_FLOWS];
	u16 owner_flows[DNS_OWNERS];
	u16 used;
	u32 servers[DNS_SERVERS_MAX];
	unsigned server_count;
	u64 random;
	u64 asked, answered, failed, refused; /* refused: answers that match nothing or are bad */
	void (*send)(void *arg, u32 server, u16 port, const u8 *message, u32 len);
	void (*answer)(void *arg, const struct dns_flow *flow, u8 *message, u32 len);
	void *arg;
};

/* send and answer are called within the calls below, with messages that they may change. */
void dns_relay_init(struct dns_relay *r, u64 seed, void (*send)(void *, u32, u16, const u8 *, u32),
		    void (*answer)(void *, const struct dns_flow *, u8 *, u32), void *arg);

/* Questions on their way fail at their next timeout when their server is no longer there. */
void dns_relay_set_servers(struct dns_relay *r, const u32 *servers, unsigned count);

/* A checked query of len bytes; without servers it fails at once. */
void dns_relay_ask(struct dns_relay *r, const u8 *at, u32 len, const struct dns_query *q,
		   u32 client, u16 client_port, unsigned owner, u64 now);

/* A datagram from a server's port 53 to a port of ours: false when that has no flow. */
bool dns_relay_receive(struct dns_relay *r, u32 server, u16 port, u8 *at, u32 len);

void dns_relay_tick(struct dns_relay *r, u64 now);
void dns_relay_forget_owner(struct dns_relay *r, unsigned owner);
