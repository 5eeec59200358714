/* SPDX-License-Identifier: MIT */
/* ping: whether an address answers a network's gateway. */
#include "arch/x86_64/time.h"
#include "drivers/e1000/nic.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/text.h"
#include "net/text.h"
#include "sched/thread.h"
#include "shell/cmd_net.h"
#include "shell/cmd_net_parts.h"

enum {
	ECHOES = 4,
	SIZE = 56, /* bytes of data, as other pings send */
	ARG_ADDRESS = 1,
	ARG_NET = 2,
	LOOK_NS = 1000 * 1000,
};

#define PATIENCE_NS (4ul * NS_PER_S) /* ARP gives up before */

/* Without a name the only one that has a gateway. */
static struct network *
choose(const struct command_call *call)
{
	struct network *only = NULL;

	if (call->argc > ARG_NET)
		return net_with_gateway(call, call->argv[ARG_NET]);
	for (struct network *n = network_next(NULL); n != NULL; n = network_next(n)) {
		if (n->gateway == NULL)
			continue;
		if (only != NULL) {
			command_error(call, -ERR_INVAL,
				      "there are several networks: ping ADDR NET; net list shows "
				      "them");
			return NULL;
		}
		only = n;
	}
	if (only == NULL)
		command_error(call, -ERR_NOENT,
			      "no network has a gateway here that could send it (nat, host-only)");
	return only;
}

static int
send(struct network *net, u32 address, u16 sequence)
{
	u64 flags = spin_lock(&net->lock);
	int err = gateway_ping(net->gateway, address, sequence, SIZE);

	spin_unlock(&net->lock, flags);
	if (net->nic != NULL)
		nic_flush(net->nic); /* the network's worker would, with what it sends next */
	return err;
}

/* As it is now; PING_WAITING after all the patience: no answer. */
static struct ping
wait(struct network *net)
{
	u64 begin = clock_ns();

	for (;;) {
		u64 flags = spin_lock(&net->lock);
		struct ping p = net->gateway->ping;

		spin_unlock(&net->lock, flags);
		if (p.state != PING_WAITING || clock_ns() - begin > PATIENCE_NS ||
		    command_interrupted())
			return p;
		thread_sleep_ns(LOOK_NS);
	}
}

/* True: it was answered. */
static bool
echo(const struct command_call *call, struct network *net, u32 address, u16 sequence)
{
	struct ping p = wait(net);
	struct ipv4_text from = ipv4_text(address);

	if (p.state == PING_ANSWERED)
		sink_printf(call->out, "%u bytes from %s: seq %u, ttl %u, %lu.%03lu ms\n", SIZE,
			    from.text, sequence, p.ttl, p.took_ns / 1000000,
			    p.took_ns / 1000 % 1000);
	else
		sink_printf(call->out, "%s: seq %u, %s\n", from.text, sequence,
			    p.state == PING_UNREACHABLE ? "unreachable" : "no answer");
	return p.state == PING_ANSWERED;
}

/* A second between two, unless the person has had enough. */
static bool
pause(void)
{
	for (unsigned i = 0; i < 10; i++) {
		if (command_interrupted())
			return false;
		thread_sleep_ns(NS_PER_S / 10);
	}
	return !command_interrupted();
}

static int
ping(const struct command_call *call, struct network *net, u32 address)
{
	unsigned sent = 0, answered = 0;

	do {
		int err = send(net, address, (u16)++sent);

		if (err != 0)
			return command_error(call, err,
					     "no way to %s from network %s: net list shows its "
					     "uplink, address and router",
					     ipv4_text(address).text, net->config->name);
		answered += echo(call, net, address, (u16)sent);
	} while (sent < ECHOES && pause());
	sink_printf(call->out, "%u sent, %u answered, %u%% loss\n", sent, answered,
		    (sent - answered) * 100 / sent);
	return 0;
}

static int
run(const struct command_call *call)
{
	struct network *net;
	u32 address;

	if (call->argc <= ARG_ADDRESS)
		return command_error(call, fail(-ERR_INVAL), "usage: ping ADDR [NET]");
	if (!parse_ipv4(call->argv[ARG_ADDRESS], strlen(call->argv[ARG_ADDRESS]), &address))
		return command_error(call, fail(-ERR_INVAL),
				     "\"%s\" is no IPv4 address, as in 10.8.0.10",
				     call->argv[ARG_ADDRESS]);
	net = choose(call);
	return net == NULL ? -ERR_NOENT : ping(call, net, address);
}

static const char *
completion(unsigned arg, unsigned n)
{
	return arg == ARG_NET ? net_name_at(n) : NULL;
}

const struct command cmd_ping = {
	.name = "ping",
	.usage = "ADDR [NET]",
	.summary = "whether an address answers",
	.details =
		"Sends four echo requests from the gateway of a NAT or host-only network, to one\n"
		"of its VMs or, with NAT, to the world; Ctrl-C ends it. NET may be left out where\n"
		"there is one such network.\n",
	.args_max = 2,
	.run = run,
	.completion = completion,
};
