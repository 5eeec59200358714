/* SPDX-License-Identifier: MIT */
/* DNS messages: see net/dns.h. Sections are those of RFC 1035. */
#include "net/dns.h"

#include "lib/string.h"

enum {
	LABEL_POINTER = 0xc0, /* section 4.1.4 */
	POINTERS_MAX = 32,    /* that one name may follow; compressed names need a few */
	TYPE_NS = 2,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_PTR = 12,
	TYPE_MX = 15,
	TYPE_OPT = 41,
	SOA_NUMBERS = 20,
	RECORD_FIXED = 10, /* type, class, TTL, length: section 4.1.3 */
	QUESTION_FIXED = 4,
	SECTIONS = 3, /* of records, behind the question */
};

/*
 * Moves *at behind the name there. A pointer leads to before where the piece that it ends began, so
 * a name comes to its end, however it points at itself.
 */
static bool
skip_name(const u8 *message, u32 len, u32 *at)
{
	u32 i = *at, limit = *at, size = 0, pointers = 0;

	while (i < len && message[i] != 0) {
		u8 label = message[i];

		if ((label & LABEL_POINTER) == LABEL_POINTER) {
			if (len - i < 2 || ++pointers > POINTERS_MAX)
				return false;
			if (pointers == 1)
				*at = i + 2;
			i = be16_at(message + i) & 0x3fffu;
			if (i < DNS_HEADER || i >= limit)
				return false;
			limit = i;
			continue;
		}
		size += label + 1u;
		if (label > 63 || size >= DNS_NAME_MAX)
			return false;
		i += label + 1u;
	}
	if (i >= len)
		return false;
	if (pointers == 0)
		*at = i + 1;
	return true;
}

static bool
is_name_character(u8 c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static u8
lower(u8 c)
{
	return c >= 'A' && c <= 'Z' ? (u8)(c - 'A' + 'a') : c;
}

/* A checked name without pointers, as text. */
static void
name_text(const u8 *at, char *text)
{
	u32 len = 0;

	text[0] = '\0';
	while (*at != 0) {
		u8 label = *at++;

		if (len != 0)
			text[len++] = '.';
		for (u8 i = 0; i < label; i++, at++) {
			text[len++] = (char)lower(*at);
			if (!is_name_character(lower(*at))) {
				text[0] = '\0';
				return;
			}
		}
	}
	text[len] = '\0';
}

static bool
has_pointer(const u8 *message, u32 at)
{
	while (message[at] != 0 && (message[at] & LABEL_POINTER) == 0)
		at += message[at] + 1u;
	return message[at] != 0;
}

/* A record from *at on, which moves behind it; its data begins at *data. */
static bool
skip_record(const u8 *message, u32 len, u32 *at, u32 *data)
{
	u32 size;

	if (!skip_name(message, len, at) || len - *at < RECORD_FIXED)
		return false;
	*data = *at + RECORD_FIXED;
	size = be16_at(message + *at + RECORD_FIXED - 2);
	if (size > len - *data)
		return false;
	*at = *data + size;
	return true;
}

bool
dns_check_query(const u8 *at, u32 len, struct dns_query *q)
{
	u32 end = DNS_HEADER, data;
	u16 flags;

	if (len < DNS_HEADER || len > DNS_QUERY_MAX)
		return false;
	flags = be16_at(at + DNS_FLAGS);
	if ((flags & (DNS_RESPONSE | DNS_OPCODE | DNS_TRUNCATED)) ||
	    be16_at(at + DNS_COUNTS) != 1 || be32_at(at + DNS_COUNTS + 2) != 0 ||
	    be16_at(at + DNS_COUNTS + 6) > 1)
		return false;
	if (!skip_name(at, len, &end) || has_pointer(at, DNS_HEADER) || len - end < QUESTION_FIXED)
		return false;
	q->id = be16_at(at + DNS_ID);
	q->recursion_desired = (flags & DNS_RECURSION_DESIRED) != 0;
	q->type = be16_at(at + end);
	q->class = be16_at(at + end + 2);
	q->question_len = end + QUESTION_FIXED - DNS_HEADER;
	q->size_at = 0;
	name_text(at + DNS_HEADER, q->name);
	end += QUESTION_FIXED;
	if (be16_at(at + DNS_COUNTS + 6) == 0)
		return true;
	if (!skip_record(at, len, &end, &data))
		return false;
	if (be16_at(at + data - RECORD_FIXED) == TYPE_OPT)
		q->size_at = data - RECORD_FIXED + 2;
	return true;
}

/* What of a record's data is names that may be compressed (section 3.3). */
static bool
data_fine(const u8 *message, u16 type, u32 data, u32 end)
{
	switch (type) {
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_PTR: return skip_name(message, end, &data) && data == end;
	case TYPE_MX: data += 2; return data < end && skip_name(message, end, &data) && data == end;
	case TYPE_SOA:
		return skip_name(message, end, &data) && skip_name(message, end, &data) &&
		       end - data == SOA_NUMBERS;
	default: return true;
	}
}

static bool
same_question(const u8 *a, const u8 *b, u32 len)
{
	/* A label's length is below 64: lower() leaves it. So it does type and class mostly, and
	 * these are compared as they are. */
	for (u32 i = 0; i < len - QUESTION_FIXED; i++) {
		if (lower(a[i]) != lower(b[i]))
			return false;
	}
	return memcmp(a + len - QUESTION_FIXED, b + len - QUESTION_FIXED, QUESTION_FIXED) == 0;
}

bool
dns_check_answer(const u8 *at, u32 len, const u8 *query, u32 question_len)
{
	u32 end = DNS_HEADER + question_len, records = 0, data;
	u16 flags;

	if (len < end)
		return false;
	flags = be16_at(at + DNS_FLAGS);
	if ((flags & (DNS_RESPONSE | DNS_OPCODE)) != DNS_RESPONSE ||
	    be16_at(at + DNS_ID) != be16_at(query + DNS_ID) || be16_at(at + DNS_COUNTS) != 1 ||
	    !same_question(at + DNS_HEADER, query + DNS_HEADER, question_len))
		return false;
	for (u32 i = 1; i <= SECTIONS; i++)
		records += be16_at(at + DNS_COUNTS + 2 * i);
	/* Each takes some of what is left of the message. */
	for (; records > 0; records--) {
		if (!skip_record(at, len, &end, &data) ||
		    !data_fine(at, be16_at(at + data - RECORD_FIXED), data, end))
			return false;
	}
	return true;
}

u32
dns_put_code(u8 *out, const u8 *query, const struct dns_query *q, u16 code)
{
	u16 flags = (u16)(DNS_RESPONSE | DNS_RECURSION_AVAILABLE | code);

	memset(out, 0, DNS_HEADER);
	be16_put(out + DNS_ID, q->id);
	be16_put(out + DNS_FLAGS, flags | (q->recursion_desired ? DNS_RECURSION_DESIRED : 0));
	be16_put(out + DNS_COUNTS, 1);
	memcpy(out + DNS_HEADER, query + DNS_HEADER, q->question_len);
	return DNS_HEADER + q->question_len;
}

u32
dns_put_address(u8 *out, const u8 *query, const struct dns_query *q, u32 address, u32 ttl)
{
	u32 len = dns_put_code(out, query, q, DNS_OK | DNS_AUTHORITATIVE);
	u8 *record = out + len;

	be16_put(out + DNS_COUNTS + 2, 1);
	be16_put(record, LABEL_POINTER << 8 | DNS_HEADER);
	be16_put(record + 2, DNS_TYPE_A);
	be16_put(record + 4, DNS_CLASS_IN);
	be32_put(record + 6, ttl);
	be16_put(record + 10, 4);
	be32_put(record + 12, address);
	return len + 16;
}

u32
dns_truncate(u8 *at, u32 question_len)
{
	be16_put(at + DNS_FLAGS, be16_at(at + DNS_FLAGS) | DNS_TRUNCATED);
	memset(at + DNS_COUNTS + 2, 0, 6);
	return DNS_HEADER + question_len;
}
