/* SPDX-License-Identifier: MIT */
/* net: its subcommands, and how they find a network. */
#include "shell/cmd_net.h"

#include "shell/cmd_net_parts.h"
#include "shell/group.h"

static const struct subcommand subcommands[] = {
	/* clang-format off */
	{"list", "[-j]", {NULL}, NULL, false, true, net_list},
	{"ports", "NET [-j]", {NULL}, net_name_at, false, true, net_ports},
	{"stats", "NET [-j]", {NULL}, net_name_at, false, true, net_stats},
	{"leases", "NET [-j]", {NULL}, net_name_at, false, true, net_leases},
	{"nat", "NET [-j]", {NULL}, net_name_at, false, true, net_nat},
	{"capture", "PORT [-x]", {"-x"}, net_port_name_at, false, false, net_capture},
	/* clang-format on */
};

static const struct group group = {subcommands, ARRAY_SIZE(subcommands)};

const char *
net_name_at(unsigned n)
{
	struct network *net = network_next(NULL);

	while (n-- > 0 && net != NULL)
		net = network_next(net);
	return net != NULL ? net->config->name : NULL;
}

const char *
net_port_name_at(unsigned n)
{
	static struct port_view view; /* the shell's alone */

	for (struct network *net = network_next(NULL); net != NULL; net = network_next(net)) {
		unsigned at = 0;

		while (network_port_at(net, at, &view)) {
			if (n-- == 0)
				return view.name;
			at++;
		}
	}
	return NULL;
}

struct network *
net_named(const struct command_call *call, const char *name)
{
	struct network *net = network_find(name);
	const char *near;

	if (net != NULL)
		return net;
	near = group_near_name(name, net_name_at);
	if (near != NULL)
		command_error(call, -ERR_NOENT, "there is no network \"%s\"; did you mean %s?",
			      name, near);
	else
		command_error(call, -ERR_NOENT, "there is no network \"%s\"; net list shows all",
			      name);
	return NULL;
}

struct network *
net_with_gateway(const struct command_call *call, const char *name)
{
	struct network *net = net_named(call, name);

	if (net == NULL || net->gateway != NULL)
		return net;
	command_error(call, -ERR_INVAL,
		      "network %s is a bridge: it has no gateway here, only its segment's own",
		      name);
	return NULL;
}

const struct command cmd_net = {
	.name = "net",
	.usage = "[list | ports NET | stats NET | ...]",
	.summary = "the networks: who is on them, and what passes",
	.details =
		"net list              all of them, with their uplinks\n"
		"net ports NET         who is on it: VM.N is a VM's Nth nic, NET.uplink the\n"
		"                      machine's own NIC, NET.gw the gateway\n"
		"net stats NET         what each port has sent (tx) and was given (rx), and what\n"
		"                      was dropped, by reason\n"
		"net leases NET        addresses that its DHCP server gave\n"
		"net nat NET           connections to the outside that are translated\n"
		"net capture PORT      a line for each frame of a port, until Ctrl-C\n"
		"net capture PORT -x   their bytes, as text2pcap reads them\n",
	.args_max = 3,
	.has_json = true,
	.group = &group,
	.run = group_run,
	.completion_after = group_completion,
};
