/* SPDX-License-Identifier: MIT */
/* DNS messages (RFC 1035) as a relay needs them: checking of hostile ones, and short answers. Pure.
 */
#pragma once

#include "include/types.h"
#include "net/wire.h"

enum {
	DNS_PORT = 53,
	DNS_ID = 0,
	DNS_FLAGS = 2,
	DNS_COUNTS = 4, /* of questions, answers, authorities, additional records */
	DNS_HEADER = 12,
	DNS_RESPONSE = 0x8000,
	DNS_OPCODE = 0x7800,
	DNS_AUTHORITATIVE = 0x0400,
	DNS_TRUNCATED = 0x0200,
	DNS_RECURSION_DESIRED = 0x0100,
	DNS_RECURSION_AVAILABLE = 0x0080,
	DNS_OK = 0,
	DNS_SERVER_FAILURE = 2,
	DNS_NO_NAME = 3,
	DNS_REFUSED = 5,
	DNS_TYPE_A = 1,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_ANY = 255,
	DNS_CLASS_IN = 1,
	DNS_NAME_MAX = 255,    /* in a message; as text it is shorter */
	DNS_QUERY_MAX = 512,   /* what a relay keeps; no question comes near it */
	DNS_ANSWER_MAX = 1232, /* to be asked for: reaches everybody unfragmented (RFC 9715) */
	DNS_SHORT_MAX = 12 + DNS_NAME_MAX + 4 + 16, /* of what dns_put_*() write */
};

struct dns_query {
	u16 id, type, class;
	bool recursion_desired;
	u32 question_len; /* behind the header */
	u32 size_at; /* where it says what size of answers it takes (RFC 6891); 0: it doesn't */
	/* Lower-case, without a dot at the end; empty when it has anything else than letters,
	 * digits, '-' and '_' in it. */
	char name[DNS_NAME_MAX + 1];
};

/* A query of one question, without pointers in it: false when it is anything else. */
bool dns_check_query(const u8 *at, u32 len, struct dns_query *q);

/*
 * Whether this is a well-formed answer to a query that is kept: the same id and, but for case, the
 * same question; all records within it, all names of bounded length, their pointers only ever
 * leading to before where they are.
 */
bool dns_check_answer(const u8 *at, u32 len, const u8 *query, u32 question_len);

/* Answers of our own, to a checked query: its question, and what is said. At most DNS_SHORT_MAX
 * bytes; answer their length. */
u32 dns_put_code(u8 *out, const u8 *query, const struct dns_query *q, u16 code);
u32 dns_put_address(u8 *out, const u8 *query, const struct dns_query *q, u32 address, u32 ttl);

/* Cuts a checked answer behind its question, and says so in it; answers its new length. */
u32 dns_truncate(u8 *at, u32 question_len);
