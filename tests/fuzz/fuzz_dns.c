/* SPDX-License-Identifier: MIT */
// SOURCES: net/dns.c net/dns_relay.c
/*
 * DNS: the input is two bytes of length, a query, then an answer. What passes as a query must be
 * answerable: our own answers to it must pass as answers. Relayed, the answer (with the id made
 * right) goes back or doesn't, and nothing stays in the tables when the time is over.
 */
#include <stdlib.h>
#include <string.h>

#include "net/dns_relay.h"

enum { CLIENT = 0x0a080002, SERVER = 0x08080808 };

static struct dns_relay relay;
static u8 question[DNS_QUERY_MAX];
static u32 question_len;
static u16 port;
static unsigned answered;

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static void
send(void *arg, u32 server, u16 from, const u8 *message, u32 len)
{
	check(server == SERVER && from >= DNS_FIRST_PORT && len <= DNS_QUERY_MAX);
	memcpy(question, message, len);
	question_len = len;
	port = from;
}

static void
answer(void *arg, const struct dns_flow *flow, u8 *message, u32 len)
{
	check(flow->client == CLIENT && len <= DNS_ANSWER_MAX && len >= DNS_HEADER);
	check(be16_at(message + DNS_FLAGS) & DNS_RESPONSE);
	check(be16_at(message + DNS_ID) == flow->client_id);
	answered++;
}

static void
check_own_answers(const u8 *query, const struct dns_query *q)
{
	u8 out[DNS_SHORT_MAX];
	u32 len = dns_put_code(out, query, q, DNS_NO_NAME);

	check(len <= sizeof(out) && dns_check_answer(out, len, query, q->question_len));
	len = dns_put_address(out, query, q, 0x01020304, 60);
	check(len <= sizeof(out) && dns_check_answer(out, len, query, q->question_len));
	check(!dns_check_answer(out, len - 1, query, q->question_len));
	check(strlen(q->name) < DNS_NAME_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const u32 server = SERVER;
	static u8 message[70000];
	struct dns_query q;
	u32 len;

	if (size < 2)
		return 0;
	len = MIN(be16_at(data), (u32)(size - 2));
	data += 2;
	size -= 2;
	if (size - len > sizeof(message) || !dns_check_query(data, len, &q))
		return 0;
	check_own_answers(data, &q);
	answered = 0;
	dns_relay_init(&relay, 1, send, answer, NULL);
	dns_relay_set_servers(&relay, &server, 1);
	dns_relay_ask(&relay, data, len, &q, CLIENT, 99, 1, 1);
	memcpy(message, data + len, size - len);
	len = (u32)size - len;
	if (len >= 2)
		memcpy(message, question, 2);
	check(dns_relay_receive(&relay, SERVER, port, message, len));
	for (u64 i = 1; i <= DNS_ROUNDS; i++)
		dns_relay_tick(&relay, 1 + i * DNS_TRY_NS);
	check(answered == 1 && relay.used == 0 && relay.owner_flows[1] == 0);
	return 0;
}
