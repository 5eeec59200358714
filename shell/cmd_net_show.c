/* SPDX-License-Identifier: MIT */
/* net list and net ports: what networks are made of. */
#include "drivers/e1000/nic.h"
#include "lib/format.h"
#include "net/text.h"
#include "shell/cmd_net_parts.h"
#include "shell/listing.h"

static const struct column list_columns[] = {
	/* clang-format off */
	{"name", COLUMN_TEXT, 16, 0},
	{"mode", COLUMN_TEXT, 9, 0},
	{"uplink", COLUMN_TEXT, 12, 0},
	{"link", COLUMN_TEXT, 9, 0},
	{"speed", COLUMN_NUMBER, 5, 0},
	{"subnet", COLUMN_TEXT, 18, 0},
	{"address", COLUMN_TEXT, 15, 0},
	{"router", COLUMN_TEXT, 15, 0},
	{"ports", COLUMN_NUMBER, 5, 0},
	{"macs", COLUMN_NUMBER, 5, 0},
	/* clang-format on */
};

/* As the configuration has it, whether or not it is there; NULL: none. */
static const char *
uplink_text(const struct network *net, char *text, size_t size)
{
	const struct uplink_spec *u = &net->config->uplink;
	struct pci_addr addr = {u->segment, u->bus, u->device, u->function};
	char place[PCI_ADDR_TEXT];

	if (u->kind == UPLINK_NONE)
		return NULL;
	if (u->kind == UPLINK_INDEX) {
		format(text, size, "e1000:%u", u->index);
	} else {
		pci_addr_text(addr, place);
		format(text, size, "pci:%s", place);
	}
	return text;
}

/* up, down, or what is wrong with it; and its speed in Mb/s. Nothing where the mode has no uplink.
 */
static void
put_link(struct listing *l, const struct network *net)
{
	struct nic_info info = {.state = NIC_STOPPED};
	const char *link = NULL;

	if (net->nic != NULL)
		nic_info(net->nic, &info);
	if (net->nic == NULL)
		link = net->config->uplink.kind != UPLINK_NONE ? "absent" : NULL;
	else if (info.state != NIC_RUNNING)
		link = nic_state_name(info.state);
	else
		link = info.link_up ? "up" : "down";
	listing_text(l, link);
	if (info.state == NIC_RUNNING && info.link_up)
		listing_number(l, info.speed);
	else
		listing_text(l, NULL);
}

static void
put_addresses(struct listing *l, struct network *net)
{
	struct gateway_outside outside;
	u64 flags;

	if (net->gateway == NULL) {
		for (unsigned i = 0; i < 3; i++)
			listing_text(l, NULL);
		return;
	}
	flags = spin_lock(&net->lock);
	outside = net->gateway->outside;
	spin_unlock(&net->lock, flags);
	listing_text(l, ipv4_prefix_text(net->config->subnet, net->config->prefix).text);
	listing_text(l, outside.address != 0 ? ipv4_text(outside.address).text : NULL);
	listing_text(l, outside.router != 0 ? ipv4_text(outside.router).text : NULL);
}

static void
put_network(struct listing *l, struct network *net)
{
	char uplink[32];
	struct port_view view;
	unsigned ports = 0;

	while (network_port_at(net, ports, &view))
		ports++;
	listing_row(l);
	listing_text(l, net->config->name);
	listing_text(l, net_mode_text(net->config->mode));
	listing_text(l, uplink_text(net, uplink, sizeof(uplink)));
	put_link(l, net);
	put_addresses(l, net);
	listing_number(l, ports);
	listing_number(l, switch_address_count(&net->sw));
}

int
net_list(const struct command_call *call)
{
	struct listing l;

	listing_begin(&l, call->out, call->json, list_columns, ARRAY_SIZE(list_columns));
	for (struct network *net = network_next(NULL); net != NULL; net = network_next(net))
		put_network(&l, net);
	listing_end(&l);
	return 0;
}

/* The first ones are for the table too. */
static const struct column port_columns[] = {
	/* clang-format off */
	{"name", COLUMN_TEXT, 16, 0},
	{"mac", COLUMN_TEXT, 17, 0},
	{"vlan", COLUMN_NUMBER, 4, 0},
	{"macs", COLUMN_NUMBER, 5, 0},
	{"tx_frames", COLUMN_NUMBER, 10, 0},
	{"tx_bytes", COLUMN_NUMBER, 12, 0},
	{"rx_frames", COLUMN_NUMBER, 10, 0},
	{"rx_bytes", COLUMN_NUMBER, 12, 0},
	{"dropped", COLUMN_NUMBER, 8, 0},
	{"tx_multicast", COLUMN_NUMBER, 0, 0},
	{"rx_multicast", COLUMN_NUMBER, 0, 0},
	{"dropped_full", COLUMN_NUMBER, 0, 0},
	{"dropped_rate", COLUMN_NUMBER, 0, 0},
	{"dropped_spoof", COLUMN_NUMBER, 0, 0},
	{"dropped_vlan", COLUMN_NUMBER, 0, 0},
	{"dropped_storm", COLUMN_NUMBER, 0, 0},
	{"dropped_malformed", COLUMN_NUMBER, 0, 0},
	{"trunk", COLUMN_BOOL, 0, 0},
	{"rate", COLUMN_NUMBER, 0, 0},
	{"spoof", COLUMN_TEXT, 0, 0},
	{"isolate", COLUMN_BOOL, 0, 0},
	/* clang-format on */
};

enum { PORT_TABLE_COLUMNS = 9 };

static void
put_numbers(struct listing *l, const u64 *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		listing_number(l, numbers[i]);
}

static void
put_port(struct listing *l, const struct port_view *view)
{
	const struct port_settings *s = &view->settings;
	const struct port_counters *c = &view->counters;
	const u64 table[] = {
		s->vlan,
		view->addresses,
		c->tx_frames,
		c->tx_bytes,
		c->rx_frames,
		c->rx_bytes,
		c->dropped_full + c->dropped_rate + c->dropped_spoof + c->dropped_vlan +
			c->dropped_storm + c->dropped_malformed,
	};
	const u64 others[] = {
		c->tx_multicast,  c->rx_multicast, c->dropped_full,  c->dropped_rate,
		c->dropped_spoof, c->dropped_vlan, c->dropped_storm, c->dropped_malformed,
	};

	listing_row(l);
	listing_text(l, view->name);
	listing_text(l, mac_text(s->mac).text);
	put_numbers(l, table, ARRAY_SIZE(table));
	if (!l->as_json)
		return;
	put_numbers(l, others, ARRAY_SIZE(others));
	listing_bool(l, s->trunk != NULL);
	listing_number(l, s->rate_bits);
	listing_text(l, s->spoof_deny ? "deny" : "allow");
	listing_bool(l, s->isolate);
}

int
net_ports(const struct command_call *call)
{
	struct network *net = net_named(call, call->argv[2]);
	struct port_view view;
	struct listing l;

	if (net == NULL)
		return -ERR_NOENT;
	listing_begin(&l, call->out, call->json, port_columns,
		      call->json ? ARRAY_SIZE(port_columns) : PORT_TABLE_COLUMNS);
	for (unsigned at = 0; network_port_at(net, at, &view); at++)
		put_port(&l, &view);
	listing_end(&l);
	return 0;
}
