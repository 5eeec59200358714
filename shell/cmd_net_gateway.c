/* SPDX-License-Identifier: MIT */
/* net leases and net nat: what a network's gateway knows. */
#include "arch/x86_64/time.h"
#include "lib/format.h"
#include "net/text.h"
#include "shell/cmd_net_parts.h"
#include "shell/listing.h"

static const struct column lease_columns[] = {
	/* clang-format off */
	{"address", COLUMN_TEXT, 15, 0},
	{"mac", COLUMN_TEXT, 17, 0},
	{"host", COLUMN_TEXT, 16, 0},
	{"port", COLUMN_TEXT, 16, 0},
	{"state", COLUMN_TEXT, 8, 0},
	{"static", COLUMN_BOOL, 6, 0},
	{"expires_s", COLUMN_NUMBER, 9, 0},
	/* clang-format on */
};

static const char *const lease_states[] = {
	[DHCP_FREE] = "free",	    [DHCP_OFFERED] = "offered",	  [DHCP_BOUND] = "bound",
	[DHCP_EXPIRED] = "expired", [DHCP_DECLINED] = "declined",
};

/* The i-th lease at one moment. */
static bool
lease_at(struct network *net, unsigned i, struct dhcp_lease *out)
{
	u64 flags = spin_lock(&net->lock);
	const struct dhcp_lease *lease = dhcp_server_lease(&net->gateway->dhcp, i);

	if (lease != NULL)
		*out = *lease;
	spin_unlock(&net->lock, flags);
	return lease != NULL;
}

static void
put_lease(struct listing *l, const struct dhcp_lease *lease)
{
	u64 now = clock_ns();

	listing_row(l);
	listing_text(l, ipv4_text(lease->address).text);
	listing_text(l, mac_text(lease->mac).text);
	listing_text(l, lease->host_name[0] != '\0' ? lease->host_name : NULL);
	listing_text(l, lease->owner_name);
	listing_text(l, lease_states[lease->state]);
	listing_bool(l, lease->is_static);
	listing_number(l, lease->expires_ns > now ? (lease->expires_ns - now) / NS_PER_S : 0);
}

int
net_leases(const struct command_call *call)
{
	struct network *net = net_with_gateway(call, call->argv[2]);
	struct dhcp_lease lease;
	struct listing l;

	if (net == NULL)
		return -ERR_NOENT;
	listing_begin(&l, call->out, call->json, lease_columns, ARRAY_SIZE(lease_columns));
	for (unsigned i = 0; !command_interrupted() && lease_at(net, i, &lease); i++)
		put_lease(&l, &lease);
	listing_end(&l);
	return 0;
}

static const struct column nat_columns[] = {
	/* clang-format off */
	{"protocol", COLUMN_TEXT, 8, 0},
	{"inside", COLUMN_TEXT, 21, 0},
	{"outside_port", COLUMN_NUMBER, 12, 0},
	{"remote", COLUMN_TEXT, 21, 0},
	{"state", COLUMN_TEXT, 11, 0},
	{"expires_s", COLUMN_NUMBER, 9, 0},
	{"packets", COLUMN_NUMBER, 9, 0},
	{"bytes", COLUMN_NUMBER, 11, 0},
	/* clang-format on */
};

struct endpoint_text {
	char text[24];
};

static struct endpoint_text
endpoint_text(u32 address, u16 port)
{
	struct endpoint_text t;

	format(t.text, sizeof(t.text), "%s:%u", ipv4_text(address).text, port);
	return t;
}

static const char *
protocol_text(u8 protocol)
{
	return protocol == IP_TCP ? "tcp" : protocol == IP_UDP ? "udp" : "icmp";
}

static void
put_flow(struct listing *l, const struct nat_flow_info *flow)
{
	listing_row(l);
	listing_text(l, protocol_text(flow->protocol));
	listing_text(l, endpoint_text(flow->inside, flow->inside_port).text);
	listing_number(l, flow->outside_port);
	listing_text(l, endpoint_text(flow->remote, flow->remote_port).text);
	listing_text(l, flow->state);
	listing_number(l, flow->expires_ms / 1000);
	listing_number(l, flow->packets);
	listing_number(l, flow->bytes);
}

static bool
flow_next(struct network *net, u32 *cursor, struct nat_flow_info *out)
{
	u64 flags = spin_lock(&net->lock);
	bool more = nat_flow_next(net->gateway->config.nat_memory, cursor, out);

	spin_unlock(&net->lock, flags);
	return more;
}

int
net_nat(const struct command_call *call)
{
	struct network *net = net_with_gateway(call, call->argv[2]);
	struct nat_flow_info flow;
	struct listing l;
	u32 cursor = 0;

	if (net == NULL)
		return -ERR_NOENT;
	if (net->config->mode != NET_NAT)
		return command_error(call, fail(-ERR_INVAL),
				     "network %s is host-only: nothing of it is translated",
				     net->config->name);
	listing_begin(&l, call->out, call->json, nat_columns, ARRAY_SIZE(nat_columns));
	while (!command_interrupted() && flow_next(net, &cursor, &flow))
		put_flow(&l, &flow);
	listing_end(&l);
	return 0;
}
