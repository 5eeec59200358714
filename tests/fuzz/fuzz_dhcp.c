/* SPDX-License-Identifier: MIT */
// SOURCES: net/dhcp.c net/dhcp_lease.c net/dhcp_server.c net/dhcp_client.c net/ipv4.c
// SOURCES: net/checksum.c
/*
 * DHCP's server and client, fed with messages. The input is records: a byte, whose bits 2:0 say
 * from which port, bit 3 that it is for the client and under its xid and MAC, bit 4 that only time
 * passes (bit 3 with it: somebody has the address that the client probes), bit 5 that its first
 * bytes are made right; two bytes of length; the message.
 *
 * Every answer must be readable, within the subnet, and no two clients may have one address.
 */
#include <stdlib.h>
#include <string.h>

#include "net/dhcp_client.h"
#include "net/dhcp_server.h"
#include "net/ipv4.h"

#define SECOND 1000000000ul

enum { ADDRESS = 0x0a080001, RECORDS_MAX = 300 };

static struct dhcp_server server;
static struct dhcp_client client;
static u64 now;
static u8 out[DHCP_MAX];
static unsigned sent;

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static bool
in_use(void *arg, u32 address, const u8 *mac)
{
	return address == ADDRESS + 3;
}

static void
bound(void *arg, const struct dhcp_lease *lease)
{
	check(lease->state == DHCP_BOUND && lease->address != ADDRESS);
}

static void
unbound(void *arg, const struct dhcp_lease *lease)
{
	check(lease->state != DHCP_BOUND);
}

static void
client_send(void *arg, u32 source, u32 destination, const u8 *message, u32 len)
{
	struct dhcp_message m;

	sent++;
	check(len >= DHCP_MIN && len <= DHCP_MAX && dhcp_check(message, len, &m));
	check(m.op == DHCP_BOOTREQUEST && m.xid == client.xid);
}

static void
probe(void *arg, u32 address)
{
	check(address == dhcp_client_probed(&client) && address >> 24 != 10);
}

static bool
acceptable(void *arg, const struct dhcp_client_lease *lease)
{
	return lease->address >> 24 != 10;
}

static void
changed(void *arg, const struct dhcp_client_lease *lease)
{
	if (lease == NULL)
		return;
	check(ipv4_is_unicast(lease->address) && lease->address >> 24 != 10);
	check(lease->prefix <= 32 && lease->dns_count <= DHCP_DNS_MAX);
	check(client.t1_ns <= client.t2_ns && client.t1_ns <= client.end_ns);
}

static void
check_answer(const struct dhcp_answer *a)
{
	struct dhcp_message m;

	if (a->len == 0)
		return;
	check(a->len >= DHCP_MIN && a->len <= DHCP_MAX && dhcp_check(out, a->len, &m));
	check(m.op == DHCP_BOOTREPLY && m.server == ADDRESS);
	check(a->destination == IPV4_BROADCAST || a->destination >> 8 == ADDRESS >> 8);
	check(m.yiaddr == 0 || m.yiaddr >> 8 == ADDRESS >> 8);
	check(m.type == DHCP_OFFER || m.type == DHCP_ACK || m.type == DHCP_NAK);
}

static void
check_leases(void)
{
	unsigned owned[8] = {0};

	for (unsigned i = 0; i < DHCP_LEASES_MAX; i++) {
		const struct dhcp_lease *lease = &server.leases[i];

		if (lease->state == DHCP_FREE)
			continue;
		check(lease->address - server.first < server.size);
		check(server.by_offset[lease->address - server.first] == i + 1);
		if (lease->state != DHCP_DECLINED && !lease->is_static)
			check(++owned[lease->owner] <= server.owner_quota);
	}
}

static void
one(u8 what, const u8 *data, u32 len)
{
	static const char *const names[8] = {"a.0", "b.0", "c.0", "d.0",
					     "e.0", "f.0", "g.0", "h.0"};
	u8 message[2000] = {0};
	struct dhcp_answer a;
	unsigned before = sent;

	memcpy(message, data, len);
	if (what & 32) {
		message[DHCP_HTYPE] = 1;
		message[DHCP_HLEN] = ETH_ADDRESS;
		be32_put(message + DHCP_MAGIC, DHCP_MAGIC_COOKIE);
		len = MAX(len, (u32)DHCP_OPTIONS);
	}
	if (what & 8) {
		message[DHCP_OP] = DHCP_BOOTREPLY;
		be32_put(message + DHCP_XID, client.xid);
		memcpy(message + DHCP_CHADDR, client.mac, ETH_ADDRESS);
		dhcp_client_receive(&client, message, len, now);
		check(sent - before <= 1);
		return;
	}
	message[DHCP_OP] = DHCP_BOOTREQUEST;
	be32_put(message + DHCP_GIADDR, 0);
	a = dhcp_server_receive(&server, message, len, message + DHCP_CHADDR, what & 7,
				names[what & 7], now, out);
	check_answer(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct dhcp_static host = {
		{2, 0, 0, 0, 0, 1},
		    ADDRESS + 20
	};
	const struct dhcp_server_config config = {.address = ADDRESS,
						  .prefix = 27,
						  .mtu = 1500,
						  .router = true,
						  .domain = "lan",
						  .statics = &host,
						  .static_count = 1,
						  .in_use = in_use,
						  .bound = bound,
						  .unbound = unbound};

	now = 1000 * SECOND;
	dhcp_server_init(&server, &config);
	memcpy(client.mac, "\x02\0\0\0\0\x77", ETH_ADDRESS);
	client.random = 1;
	client.send = client_send;
	client.probe = probe;
	client.acceptable = acceptable;
	client.changed = changed;
	dhcp_client_init(&client);
	dhcp_client_link(&client, true, now);
	for (unsigned i = 0; i < RECORDS_MAX && size >= 3; i++) {
		u8 what = data[0];
		u32 len = be16_at(data + 1);

		data += 3;
		size -= 3;
		if (what & 16) {
			now += len * SECOND;
			dhcp_server_tick(&server, now);
			if (what & 8)
				dhcp_client_conflict(&client, now);
			dhcp_client_tick(&client, now);
			continue;
		}
		len = MIN(len, (u32)MIN(size, (size_t)1500));
		one(what, data, len);
		data += len;
		size -= len;
	}
	check_leases();
	return 0;
}
