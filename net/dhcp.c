/* SPDX-License-Identifier: MIT */
/* DHCP's messages: see net/dhcp.h. */
#include "net/dhcp.h"

#include "lib/string.h"

enum {
	HARDWARE_ETHERNET = 1,
	OVERLOAD_FILE = 1,
	OVERLOAD_SNAME = 2,
};

static void
take32(u32 *to, const u8 *value, u32 len)
{
	if (*to == 0 && len == 4)
		*to = be32_at(value);
}

static void
take_addresses(struct dhcp_message *m, const u8 *value, u32 len)
{
	if (m->dns_count != 0 || len % 4 != 0)
		return;
	for (u32 i = 0; i < len && m->dns_count < DHCP_DNS_MAX; i += 4)
		m->dns[m->dns_count++] = be32_at(value + i);
}

static bool
is_name_character(u8 c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.';
}

static void
take_name(struct dhcp_message *m, const u8 *value, u32 len)
{
	while (len > 0 && value[len - 1] == 0) /* some clients close it */
		len--;
	if (m->host_name[0] != '\0' || len > DHCP_NAME_MAX)
		return;
	for (u32 i = 0; i < len; i++) {
		if (!is_name_character(value[i]))
			return;
	}
	memcpy(m->host_name, value, len);
	m->host_name[len] = '\0';
}

static void
take_id(struct dhcp_message *m, const u8 *value, u32 len)
{
	if (m->id_len != 0)
		return;
	m->id_len = (u8)MIN(len, (u32)DHCP_ID_MAX);
	memcpy(m->id, value, m->id_len);
}

static void
take_option(struct dhcp_message *m, u8 option, const u8 *value, u32 len)
{
	switch (option) {
	case DHCP_TYPE:
		if (m->type == 0 && len == 1)
			m->type = value[0];
		break;
	case DHCP_MTU:
		if (m->mtu == 0 && len == 2)
			m->mtu = be16_at(value);
		break;
	case DHCP_ROUTER:
		if (len >= 4 && len % 4 == 0)
			take32(&m->router, value, 4);
		break;
	case DHCP_MASK: take32(&m->mask, value, len); break;
	case DHCP_REQUESTED: take32(&m->requested, value, len); break;
	case DHCP_LEASE_TIME: take32(&m->lease_time, value, len); break;
	case DHCP_SERVER: take32(&m->server, value, len); break;
	case DHCP_T1: take32(&m->t1, value, len); break;
	case DHCP_T2: take32(&m->t2, value, len); break;
	case DHCP_DNS: take_addresses(m, value, len); break;
	case DHCP_HOST_NAME: take_name(m, value, len); break;
	case DHCP_CLIENT_ID: take_id(m, value, len); break;
	default: break;
	}
}

/* One field of options; *overload is what option 52 says, if it is there. */
static bool
take_options(struct dhcp_message *m, const u8 *at, u32 len, u8 *overload)
{
	u32 i = 0;

	while (i < len && at[i] != DHCP_END) {
		u8 option = at[i], value_len;

		i++;
		if (option == DHCP_PAD)
			continue;
		if (i == len || at[i] > len - i - 1)
			return false;
		value_len = at[i++];
		if (option == DHCP_OVERLOAD && value_len == 1)
			*overload = at[i];
		take_option(m, option, at + i, value_len);
		i += value_len;
	}
	return true;
}

bool
dhcp_check(const u8 *at, u32 len, struct dhcp_message *m)
{
	u8 overload = 0, nested = 0; /* an overload within the overloaded fields says nothing */

	memset(m, 0, sizeof(*m));
	if (len < DHCP_OPTIONS || be32_at(at + DHCP_MAGIC) != DHCP_MAGIC_COOKIE)
		return false;
	if (at[DHCP_HTYPE] != HARDWARE_ETHERNET || at[DHCP_HLEN] != ETH_ADDRESS)
		return false;
	m->op = at[DHCP_OP];
	m->xid = be32_at(at + DHCP_XID);
	m->flags = be16_at(at + DHCP_FLAGS);
	m->ciaddr = be32_at(at + DHCP_CIADDR);
	m->yiaddr = be32_at(at + DHCP_YIADDR);
	m->giaddr = be32_at(at + DHCP_GIADDR);
	memcpy(m->mac, at + DHCP_CHADDR, ETH_ADDRESS);
	if (!take_options(m, at + DHCP_OPTIONS, len - DHCP_OPTIONS, &overload))
		return false;
	/* In this order: RFC 2131, section 4.1. */
	if ((overload & OVERLOAD_FILE) && !take_options(m, at + DHCP_FILE, DHCP_FILE_LEN, &nested))
		return false;
	if ((overload & OVERLOAD_SNAME) &&
	    !take_options(m, at + DHCP_SNAME, DHCP_SNAME_LEN, &nested))
		return false;
	return m->type != 0 && (m->mac[0] & 1) == 0;
}

struct dhcp_writer
dhcp_begin(u8 *at, u8 op, u8 type, u32 xid, const u8 *mac)
{
	struct dhcp_writer w = {at, DHCP_OPTIONS};

	memset(at, 0, DHCP_MAX);
	at[DHCP_OP] = op;
	at[DHCP_HTYPE] = HARDWARE_ETHERNET;
	at[DHCP_HLEN] = ETH_ADDRESS;
	be32_put(at + DHCP_XID, xid);
	memcpy(at + DHCP_CHADDR, mac, ETH_ADDRESS);
	be32_put(at + DHCP_MAGIC, DHCP_MAGIC_COOKIE);
	dhcp_put8(&w, DHCP_TYPE, type);
	return w;
}

void
dhcp_put(struct dhcp_writer *w, u8 option, const void *value, u32 len)
{
	if (len > 255 || w->len + 2 + len > DHCP_MAX - 1) /* the end's byte stays free */
		return;
	w->at[w->len] = option;
	w->at[w->len + 1] = (u8)len;
	memcpy(w->at + w->len + 2, value, len);
	w->len += 2 + len;
}

void
dhcp_put8(struct dhcp_writer *w, u8 option, u8 value)
{
	dhcp_put(w, option, &value, 1);
}

void
dhcp_put16(struct dhcp_writer *w, u8 option, u16 value)
{
	u8 bytes[2];

	be16_put(bytes, value);
	dhcp_put(w, option, bytes, sizeof(bytes));
}

void
dhcp_put32(struct dhcp_writer *w, u8 option, u32 value)
{
	u8 bytes[4];

	be32_put(bytes, value);
	dhcp_put(w, option, bytes, sizeof(bytes));
}

u32
dhcp_end(struct dhcp_writer *w)
{
	w->at[w->len++] = DHCP_END;
	return MAX(w->len, (u32)DHCP_MIN);
}
