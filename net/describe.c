/* SPDX-License-Identifier: MIT */
/*
 * Frames for a person: see net/describe.h. Each layer is shown what is left of the captured bytes,
 * and says "[|name]" where they end too early, as tcpdump does.
 */
#include "net/describe.h"

#include "net/wire.h"

enum {
	TAGS_MAX = 2,
	ETH_TYPE_SERVICE_VLAN = 0x88a8, /* 802.1ad */
	VLAN_PRIORITY_SHIFT = 13,
	PORT_DNS = 53,
	PORT_DHCP_SERVER = 67,
	PORT_DHCP_CLIENT = 68,
	PORT_MDNS = 5353,
	DHCP_MAC = 28, /* RFC 2131, figure 1 */
	DHCP_REQUEST = 1,
	DNS_HEADER = 12, /* RFC 1035, 4.1.1 */
	DNS_FLAGS = 2,
	DNS_RESPONSE = 0x8000,
	DNS_NAME_MAX = 80, /* that are shown */
};

struct view {
	const u8 *at;
	size_t left;	/* captured */
	size_t claimed; /* that headers say there are */
};

/* False, and says so, when the next n bytes were not captured. */
static bool
has(struct sink *out, const struct view *v, size_t n, const char *name)
{
	if (v->left >= n)
		return true;
	sink_printf(out, "[|%s]", name);
	return false;
}

static void
skip(struct view *v, size_t n)
{
	n = MIN(n, v->left);
	v->at += n;
	v->left -= n;
}

static void
put_mac(struct sink *out, const u8 *mac)
{
	sink_printf(out, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		    mac[5]);
}

static void
put_ipv4(struct sink *out, const u8 *ip)
{
	sink_printf(out, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
}

static u32
zeros_from(const u8 *ip, u32 group)
{
	u32 n = 0;

	while (group + n < 8 && be16_at(ip + 2 * (group + n)) == 0)
		n++;
	return n;
}

/* As RFC 5952, section 4: the first longest run of two groups of zeros or more is "::". */
static void
put_ipv6(struct sink *out, const u8 *ip)
{
	u32 begin = 8, len = 1, group;

	for (group = 0; group < 8; group++) {
		if (zeros_from(ip, group) > len) {
			begin = group;
			len = zeros_from(ip, group);
		}
	}
	for (group = 0; group < 8; group++) {
		if (group == begin) {
			sink_printf(out, "::");
			group += len - 1;
			continue;
		}
		sink_printf(out, group > 0 && group != begin + len ? ":%x" : "%x",
			    be16_at(ip + 2 * (size_t)group));
	}
}

static void
put_address(struct sink *out, const u8 *ip, bool ipv6)
{
	if (ipv6)
		put_ipv6(out, ip);
	else
		put_ipv4(out, ip);
}

/* Source, destination, and ports unless there are none (-1). */
static void
put_ends(struct sink *out, const u8 *ip, bool ipv6, int from, int to)
{
	put_address(out, ip + (ipv6 ? (u32)IPV6_SOURCE : IPV4_SOURCE), ipv6);
	if (from >= 0)
		sink_printf(out, ".%d", from);
	sink_printf(out, " > ");
	put_address(out, ip + (ipv6 ? (u32)IPV6_DESTINATION : IPV4_DESTINATION), ipv6);
	if (to >= 0)
		sink_printf(out, ".%d", to);
	sink_printf(out, ": ");
}

static void
put_tcp_flags(struct sink *out, u8 flags)
{
	static const char letters[] = "FSRP.UEW"; /* from bit 0 */

	sink_printf(out, "Flags [");
	for (u32 bit = 0; bit < 8; bit++) {
		if (flags & 1u << bit)
			sink_printf(out, "%c", letters[bit]);
	}
	sink_printf(out, flags == 0 ? "none]" : "]");
}

static void
tcp(struct sink *out, const struct view *v)
{
	const u8 *h = v->at;
	size_t header, data;
	u32 sequence;

	if (!has(out, v, TCP_HEADER, "tcp"))
		return;
	header = (size_t)(h[TCP_DATA_OFFSET] >> 4) * 4;
	if (header < TCP_HEADER || header > v->claimed) {
		sink_printf(out, "TCP, bad header length %zu", header);
		return;
	}
	data = v->claimed - header;
	sequence = be32_at(h + TCP_SEQUENCE);
	put_tcp_flags(out, h[TCP_FLAGS]);
	if (data > 0 || (h[TCP_FLAGS] & (TCP_SYN | TCP_FIN | TCP_RST)) != 0)
		sink_printf(out, ", seq %u", sequence);
	if (data > 0)
		sink_printf(out, ":%u", sequence + (u32)data);
	if (h[TCP_FLAGS] & TCP_ACK)
		sink_printf(out, ", ack %u", be32_at(h + TCP_ACKNOWLEDGEMENT));
	sink_printf(out, ", win %u, length %zu", be16_at(h + TCP_WINDOW), data);
}

static void
dhcp(struct sink *out, const struct view *v)
{
	sink_printf(out, "BOOTP/DHCP, ");
	if (!has(out, v, DHCP_MAC + ETH_ADDRESS, "bootp"))
		return;
	if (v->at[0] == DHCP_REQUEST) {
		sink_printf(out, "Request from ");
		put_mac(out, v->at + DHCP_MAC);
	} else {
		sink_printf(out, "Reply");
	}
	sink_printf(out, ", length %zu", v->claimed);
}

/* The first question's name (RFC 1035, 3.1): labels up to an empty one; pointers are not followed.
 */
static void
dns_name(struct sink *out, struct view v)
{
	u32 shown = 0;

	skip(&v, DNS_HEADER);
	while (v.left > 0 && v.at[0] != 0 && v.at[0] < 0x40) {
		size_t len = MIN((size_t)v.at[0], v.left - 1);

		for (size_t i = 1; i <= len && shown < DNS_NAME_MAX; i++, shown++) {
			u8 c = v.at[i];

			sink_printf(out, "%c", c > ' ' && c < 0x7f ? c : '?');
		}
		sink_printf(out, shown < DNS_NAME_MAX ? "." : "...");
		if (shown++ >= DNS_NAME_MAX)
			return;
		skip(&v, 1 + len);
	}
}

static void
dns(struct sink *out, const struct view *v)
{
	sink_printf(out, "DNS, ");
	if (!has(out, v, DNS_HEADER, "domain"))
		return;
	sink_printf(out, be16_at(v->at + DNS_FLAGS) & DNS_RESPONSE ? "answer %u " : "query %u ",
		    be16_at(v->at));
	dns_name(out, *v);
	sink_printf(out, ", length %zu", v->claimed);
}

static bool
is_port(u16 from, u16 to, u16 port)
{
	return from == port || to == port;
}

static void
udp(struct sink *out, const struct view *v)
{
	struct view data = *v;
	u16 from, to;

	if (!has(out, v, UDP_HEADER, "udp"))
		return;
	from = be16_at(v->at + UDP_SOURCE);
	to = be16_at(v->at + UDP_DESTINATION);
	if (be16_at(v->at + UDP_LEN) < UDP_HEADER || be16_at(v->at + UDP_LEN) > v->claimed) {
		sink_printf(out, "UDP, bad length %u", be16_at(v->at + UDP_LEN));
		return;
	}
	data.claimed = (size_t)be16_at(v->at + UDP_LEN) - UDP_HEADER;
	skip(&data, UDP_HEADER);
	data.left = MIN(data.left, data.claimed);
	if (is_port(from, to, PORT_DHCP_SERVER) || is_port(from, to, PORT_DHCP_CLIENT))
		dhcp(out, &data);
	else if (is_port(from, to, PORT_DNS) || is_port(from, to, PORT_MDNS))
		dns(out, &data);
	else
		sink_printf(out, "UDP, length %zu", data.claimed);
}

struct type_name {
	u8 type;
	const char *name;
};

static const struct type_name icmp_names[] = {
	{ICMP_ECHO_REPLY,	  "echo reply"	      },
	{ICMP_UNREACHABLE,	   "unreachable"	},
	{5,		      "redirect"	      },
	{ICMP_ECHO,		    "echo request"	  },
	{ICMP_TIME_EXCEEDED,     "time exceeded"    },
	{ICMP_PARAMETER_PROBLEM, "parameter problem"},
	{0,		      NULL		},
};

/* RFC 4443, 4861, 3810 */
static const struct type_name icmpv6_names[] = {
	{1,   "unreachable"		 },
	{2,   "packet too big"		    },
	{3,   "time exceeded"		   },
	{4,   "parameter problem"	       },
	{128, "echo request"		    },
	{129, "echo reply"		  },
	{133, "router solicitation"	   },
	{134, "router advertisement"	    },
	{135, "neighbor solicitation"	     },
	{136, "neighbor advertisement"      },
	{143, "multicast listener report v2"},
	{0,   NULL			  },
};

static void
icmp(struct sink *out, const struct view *v, bool ipv6)
{
	const struct type_name *n = ipv6 ? icmpv6_names : icmp_names;

	if (!has(out, v, ICMP_HEADER, ipv6 ? "icmp6" : "icmp"))
		return;
	while (n->name != NULL && n->type != v->at[ICMP_TYPE])
		n++;
	sink_printf(out, ipv6 ? "ICMP6, " : "ICMP ");
	if (n->name == NULL)
		sink_printf(out, "type %u", v->at[ICMP_TYPE]);
	else
		sink_printf(out, "%s", n->name);
	if (n->name != NULL && n->name[0] == 'e')
		sink_printf(out, ", id %u, seq %u", be16_at(v->at + ICMP_ID),
			    be16_at(v->at + ICMP_SEQUENCE));
	else
		sink_printf(out, ", code %u", v->at[ICMP_CODE]);
	sink_printf(out, ", length %zu", v->claimed);
}

/* v is behind the IP header at `ip`. */
static void
transport(struct sink *out, const u8 *ip, const struct view *v, u8 protocol, bool ipv6)
{
	bool ports = (protocol == IP_TCP || protocol == IP_UDP) && v->left >= 4;

	put_ends(out, ip, ipv6, ports ? be16_at(v->at) : -1, ports ? be16_at(v->at + 2) : -1);
	switch (protocol) {
	case IP_TCP: tcp(out, v); break;
	case IP_UDP: udp(out, v); break;
	case IP_ICMP: icmp(out, v, false); break;
	case IP_ICMPV6: icmp(out, v, true); break;
	default: sink_printf(out, "ip-proto-%u, length %zu", protocol, v->claimed); break;
	}
}

static void
ipv4(struct sink *out, struct view *v)
{
	const u8 *ip = v->at;
	size_t header, total;
	u16 fragment;

	if (!has(out, v, IPV4_HEADER, "ip"))
		return;
	header = (ip[IPV4_VERSION_IHL] & 0xfu) * 4;
	total = be16_at(ip + IPV4_TOTAL_LEN);
	if (total == 0) /* a frame that is still to be segmented, of a guest that leaves it so */
		total = v->claimed;
	if (ip[IPV4_VERSION_IHL] >> 4 != 4 || header < IPV4_HEADER || total < header ||
	    total > v->claimed) {
		sink_printf(out, "bad lengths: header %zu, packet %zu", header, total);
		return;
	}
	fragment = be16_at(ip + IPV4_FRAGMENT);
	skip(v, header);
	v->claimed = total - header;
	v->left = MIN(v->left, v->claimed);
	if ((fragment & IPV4_FRAGMENT_OFFSET) == 0) {
		transport(out, ip, v, ip[IPV4_PROTOCOL], false);
		return;
	}
	put_ends(out, ip, false, -1, -1);
	sink_printf(out, "ip-proto-%u, fragment at %u, length %zu", ip[IPV4_PROTOCOL],
		    (fragment & IPV4_FRAGMENT_OFFSET) * 8u, v->claimed);
}

static void
ipv6(struct sink *out, struct view *v)
{
	const u8 *ip = v->at;
	size_t len;

	if (!has(out, v, IPV6_HEADER, "ip6"))
		return;
	len = be16_at(ip + IPV6_PAYLOAD_LEN);
	if (len == 0)
		len = v->claimed - MIN(v->claimed, (size_t)IPV6_HEADER);
	if (ip[0] >> 4 != 6 || len + IPV6_HEADER > v->claimed) {
		sink_printf(out, "bad length %zu", len);
		return;
	}
	skip(v, IPV6_HEADER);
	v->claimed = len;
	v->left = MIN(v->left, len);
	transport(out, ip, v, ip[IPV6_NEXT], true);
}

static void
arp(struct sink *out, const struct view *v)
{
	const u8 *h = v->at;

	if (!has(out, v, ARP_LEN, "arp"))
		return;
	sink_printf(out, "ARP, ");
	if (h[ARP_HARDWARE_LEN] != ETH_ADDRESS || h[ARP_PROTOCOL_LEN] != 4) {
		sink_printf(out, "addresses of %u and %u bytes", h[ARP_HARDWARE_LEN],
			    h[ARP_PROTOCOL_LEN]);
	} else if (be16_at(h + ARP_OPERATION) == ARP_REQUEST) {
		sink_printf(out, "Request who-has ");
		put_ipv4(out, h + ARP_TARGET_IP);
		sink_printf(out, " tell ");
		put_ipv4(out, h + ARP_SENDER_IP);
	} else if (be16_at(h + ARP_OPERATION) == ARP_REPLY) {
		sink_printf(out, "Reply ");
		put_ipv4(out, h + ARP_SENDER_IP);
		sink_printf(out, " is-at ");
		put_mac(out, h + ARP_SENDER_MAC);
	} else {
		sink_printf(out, "operation %u", be16_at(h + ARP_OPERATION));
	}
	sink_printf(out, ", length %zu", v->claimed);
}

/* v is behind the type; its tags are shown and gone. False when there is no more. */
static bool
tags(struct sink *out, struct view *v, u16 *type)
{
	for (u32 n = 0; n < TAGS_MAX; n++) {
		if (*type != ETH_TYPE_VLAN && *type != ETH_TYPE_SERVICE_VLAN)
			break;
		if (!has(out, v, ETH_TAG, "vlan"))
			return false;
		sink_printf(out, "vlan %u, p %u, ", be16_at(v->at) & VLAN_ID,
			    be16_at(v->at) >> VLAN_PRIORITY_SHIFT);
		*type = be16_at(v->at + 2);
		skip(v, ETH_TAG);
		v->claimed -= MIN(v->claimed, (size_t)ETH_TAG);
	}
	return true;
}

void
net_describe(struct sink *out, const u8 *bytes, size_t captured, size_t len)
{
	struct view v = {bytes, MIN(captured, len), len};
	u16 type;

	if (!has(out, &v, ETH_HEADER, "ether"))
		return;
	type = be16_at(bytes + ETH_TYPE);
	skip(&v, ETH_HEADER);
	v.claimed -= ETH_HEADER;
	if (!tags(out, &v, &type))
		return;
	switch (type) {
	case ETH_TYPE_IPV4:
		sink_printf(out, "IP ");
		ipv4(out, &v);
		return;
	case ETH_TYPE_IPV6:
		sink_printf(out, "IP6 ");
		ipv6(out, &v);
		return;
	case ETH_TYPE_ARP: arp(out, &v); return;
	default: break;
	}
	put_mac(out, bytes + ETH_SOURCE);
	sink_printf(out, " > ");
	put_mac(out, bytes + ETH_DESTINATION);
	sink_printf(out, ", ethertype 0x%04x, length %zu", type, len);
}
