/* SPDX-License-Identifier: MIT */
/* net stats: all that is counted of a network, by who counts. */
#include "drivers/e1000/nic.h"
#include "lib/format.h"
#include "net/text.h"
#include "shell/cmd_net_parts.h"
#include "shell/listing.h"

static const struct column columns[] = {
	/* clang-format off */
	{"of", COLUMN_TEXT, 16, 0},
	{"counter", COLUMN_TEXT, 46, 0},
	{"value", COLUMN_NUMBER, 14, 0},
	/* clang-format on */
};

/* Of one that counts. For a person, what is 0 is left out. */
struct counts {
	struct listing l;
	const char *of;
};

static void
put(struct counts *c, const char *counter, u64 value)
{
	if (value == 0 && !c->l.as_json)
		return;
	listing_row(&c->l);
	listing_text(&c->l, c->of);
	listing_text(&c->l, counter);
	listing_number(&c->l, value);
}

static void
put_dropped(struct counts *c, const char *reason, u64 value)
{
	char text[64];

	format(text, sizeof(text), "dropped: %s", reason);
	put(c, text, value);
}

static void
put_port(struct counts *c, const struct port_view *view)
{
	const struct port_counters *n = &view->counters;

	c->of = view->name;
	put(c, "frames sent", n->tx_frames);
	put(c, "bytes sent", n->tx_bytes);
	put(c, "broad- and multicasts sent", n->tx_multicast);
	put(c, "frames given", n->rx_frames);
	put(c, "bytes given", n->rx_bytes);
	put(c, "broad- and multicasts given", n->rx_multicast);
	put_dropped(c, "no room", n->dropped_full);
	put_dropped(c, "rate", n->dropped_rate);
	put_dropped(c, "spoof", n->dropped_spoof);
	put_dropped(c, "vlan", n->dropped_vlan);
	put_dropped(c, "storm", n->dropped_storm);
	put_dropped(c, "malformed", n->dropped_malformed);
}

static void
put_nic(struct counts *c, const struct nic *nic)
{
	struct nic_info info;
	const struct nic_counters *n = &info.counters;

	nic_info(nic, &info);
	c->of = info.name;
	put(c, "frames received", n->rx_frames);
	put(c, "bytes received", n->rx_bytes);
	put(c, "frames sent", n->tx_frames);
	put(c, "bytes sent", n->tx_bytes);
	put(c, "receive errors", n->rx_errors);
	put(c, "missed for want of room", n->rx_missed);
	put(c, "not sent: ring full", n->tx_full);
	put(c, "not sent: no link", n->tx_no_link);
	put(c, "not sent: bad length", n->tx_bad);
	put(c, "interrupts", n->interrupts);
	put(c, "link changes", n->link_changes);
	put(c, "resets", n->resets);
}

static void
put_gateway(struct counts *c, const struct gateway_counters *n)
{
	put(c, "received from inside", n->received[GATEWAY_INSIDE]);
	put(c, "sent to inside", n->sent[GATEWAY_INSIDE]);
	put(c, "received from outside", n->received[GATEWAY_OUTSIDE]);
	put(c, "sent to outside", n->sent[GATEWAY_OUTSIDE]);
	put(c, "routed out", n->routed_out);
	put(c, "routed in", n->routed_in);
	put(c, "ICMP errors sent", n->errors);
	put(c, "claims of its addresses", n->claims);
	for (unsigned i = 0; i < GATEWAY_DROPS; i++)
		put_dropped(c, gateway_drop_name((enum gateway_drop)i), n->dropped[i]);
}

static void
put_nat(struct counts *c, const struct nat_counters *n)
{
	put(c, "packets sent out", n->sent_out);
	put(c, "packets sent in", n->sent_in);
	put(c, "packets turned round", n->hairpinned);
	put(c, "flows begun", n->flows_begun);
	put(c, "flows ended to make room", n->flows_reused);
	for (unsigned i = 0; i < NAT_DROPS; i++)
		put_dropped(c, nat_drop_name((enum nat_drop)i), n->dropped[i]);
}

/* Copied under the network's lock, which isn't held while anything is printed. */
static void
put_gateway_parts(struct counts *c, struct network *net)
{
	struct gateway_counters gateway;
	struct nat_counters nat = {0};
	bool has_nat = net->config->mode == NET_NAT;
	u64 flags = spin_lock(&net->lock);

	gateway = net->gateway->counters;
	if (has_nat)
		nat = net->gateway->config.nat_memory->counters;
	spin_unlock(&net->lock, flags);
	c->of = "gateway";
	put_gateway(c, &gateway);
	c->of = "nat";
	if (has_nat)
		put_nat(c, &nat);
}

int
net_stats(const struct command_call *call)
{
	struct network *net = net_named(call, call->argv[2]);
	struct port_view view;
	struct counts c;

	if (net == NULL)
		return -ERR_NOENT;
	listing_begin(&c.l, call->out, call->json, columns, ARRAY_SIZE(columns));
	for (unsigned at = 0; !command_interrupted() && network_port_at(net, at, &view); at++)
		put_port(&c, &view);
	if (net->nic != NULL)
		put_nic(&c, net->nic);
	if (net->gateway != NULL)
		put_gateway_parts(&c, net);
	listing_end(&c.l);
	return 0;
}
