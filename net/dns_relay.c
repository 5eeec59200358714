/* SPDX-License-Identifier: MIT */
/* A DNS relay: see net/dns_relay.h. */
#include "net/dns_relay.h"

#include "lib/string.h"

/* splitmix64: ids that an outsider who sees none of them doesn't guess (RFC 5452, section 9.2). */
static u64
draw(struct dns_relay *r)
{
	u64 z = r->random += 0x9e3779b97f4a7c15ul;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ul;
	z = (z ^ z >> 27) * 0x94d049bb133111ebul;
	return z ^ z >> 31;
}

void
dns_relay_init(struct dns_relay *r, u64 seed, void (*send)(void *, u32, u16, const u8 *, u32),
	       void (*answer)(void *, const struct dns_flow *, u8 *, u32), void *arg)
{
	memset(r, 0, sizeof(*r));
	r->random = seed;
	r->send = send;
	r->answer = answer;
	r->arg = arg;
}

void
dns_relay_set_servers(struct dns_relay *r, const u32 *servers, unsigned count)
{
	r->server_count = MIN(count, (unsigned)DNS_SERVERS_MAX);
	memcpy(r->servers, servers, r->server_count * sizeof(*servers));
}

static void
forget(struct dns_relay *r, struct dns_flow *flow)
{
	flow->used = false;
	r->used--;
	r->owner_flows[flow->owner]--;
}

/* An answer of our own to the client. */
static void
fail_flow(struct dns_relay *r, struct dns_flow *flow)
{
	u8 message[DNS_SHORT_MAX];
	u32 len = dns_put_code(message, flow->message, &flow->query, DNS_SERVER_FAILURE);

	be16_put(message + DNS_ID, flow->client_id);
	r->failed++;
	forget(r, flow);
	r->answer(r->arg, flow, message, len);
}

static void
send_flow(struct dns_relay *r, struct dns_flow *flow, u64 now)
{
	if (flow->tries >= r->server_count * DNS_ROUNDS) {
		fail_flow(r, flow);
		return;
	}
	flow->server = r->servers[flow->tries % r->server_count];
	flow->tries++;
	flow->sent_ns = now;
	r->send(r->arg, flow->server, flow->port, flow->message, flow->len);
}

static void
forget_oldest(struct dns_relay *r, unsigned owner)
{
	struct dns_flow *oldest = NULL;

	for (unsigned i = 0; i < DNS_FLOWS; i++) {
		struct dns_flow *flow = &r->flows[i];

		if (flow->used && flow->owner == owner &&
		    (oldest == NULL || flow->sent_ns < oldest->sent_ns))
			oldest = flow;
	}
	if (oldest != NULL)
		forget(r, oldest);
}

static unsigned
greediest_owner(const struct dns_relay *r)
{
	unsigned owner = 0;

	for (unsigned i = 1; i < DNS_OWNERS; i++) {
		if (r->owner_flows[i] > r->owner_flows[owner])
			owner = i;
	}
	return owner;
}

/* The client asks once more: how often it was tried, and that flow is free. */
static u8
take_repeated(struct dns_relay *r, const struct dns_query *q, u32 client, u16 client_port,
	      unsigned owner)
{
	for (unsigned i = 0; i < DNS_FLOWS && r->owner_flows[owner] > 0; i++) {
		struct dns_flow *flow = &r->flows[i];

		if (flow->used && flow->owner == owner && flow->client == client &&
		    flow->client_port == client_port && flow->client_id == q->id) {
			forget(r, flow);
			return flow->tries;
		}
	}
	return 0;
}

/* A free flow, anywhere, with a port that is its own alone. */
static struct dns_flow *
make_flow(struct dns_relay *r, unsigned owner)
{
	unsigned i;
	u64 random;

	if (r->owner_flows[owner] >= DNS_OWNER_FLOWS)
		forget_oldest(r, owner);
	else if (r->used == DNS_FLOWS)
		forget_oldest(r, greediest_owner(r));
	random = draw(r);
	i = (unsigned)(random % DNS_FLOWS);
	while (r->flows[i].used)
		i = (i + 1) % DNS_FLOWS;
	r->flows[i].used = true;
	r->flows[i].owner = (u16)owner;
	r->flows[i].port =
		(u16)(DNS_FIRST_PORT + i + DNS_FLOWS * (random / DNS_FLOWS % DNS_PORT_TURNS));
	r->used++;
	r->owner_flows[owner]++;
	return &r->flows[i];
}

void
dns_relay_ask(struct dns_relay *r, const u8 *at, u32 len, const struct dns_query *q, u32 client,
	      u16 client_port, unsigned owner, u64 now)
{
	struct dns_flow *flow;
	u8 tries;

	if (owner >= DNS_OWNERS || len > DNS_QUERY_MAX)
		return;
	r->asked++;
	r->random ^= now; /* when a guest asks is hard to guess too */
	tries = take_repeated(r, q, client, client_port, owner);
	flow = make_flow(r, owner);
	flow->client = client;
	flow->client_port = client_port;
	flow->client_id = q->id;
	flow->query = *q;
	flow->len = (u16)len;
	flow->tries = tries;
	memcpy(flow->message, at, len);
	be16_put(flow->message + DNS_ID, (u16)draw(r));
	/* What is longer than a packet would come in fragments, which belong to no flow. */
	if (q->size_at != 0 && be16_at(at + q->size_at) > DNS_ANSWER_MAX)
		be16_put(flow->message + q->size_at, DNS_ANSWER_MAX);
	send_flow(r, flow, now);
}

bool
dns_relay_receive(struct dns_relay *r, u32 server, u16 port, u8 *at, u32 len)
{
	struct dns_flow *flow;

	if (port < DNS_FIRST_PORT)
		return false;
	flow = &r->flows[(port - DNS_FIRST_PORT) % DNS_FLOWS];
	if (!flow->used || flow->port != port)
		return false;
	if (flow->server != server ||
	    !dns_check_answer(at, len, flow->message, flow->query.question_len)) {
		r->refused++;
		return true;
	}
	be16_put(at + DNS_ID, flow->client_id);
	if (len > DNS_ANSWER_MAX)
		len = dns_truncate(at, flow->query.question_len);
	r->answered++;
	forget(r, flow);
	r->answer(r->arg, flow, at, len);
	return true;
}

void
dns_relay_tick(struct dns_relay *r, u64 now)
{
	if (r->used == 0)
		return;
	for (unsigned i = 0; i < DNS_FLOWS; i++) {
		if (r->flows[i].used && now - r->flows[i].sent_ns >= DNS_TRY_NS)
			send_flow(r, &r->flows[i], now);
	}
}

void
dns_relay_forget_owner(struct dns_relay *r, unsigned owner)
{
	for (unsigned i = 0; i < DNS_FLOWS; i++) {
		if (r->flows[i].used && r->flows[i].owner == owner)
			forget(r, &r->flows[i]);
	}
}
