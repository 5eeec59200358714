/* SPDX-License-Identifier: MIT */
/*
 * What values have to be beside the rest of the file. Of a section that does not count, which has
 * no name here, only what they name is looked for: it is in nobody's way.
 */
#include "core/config_net.h"

#include "include/bits.h"
#include "lib/format.h"
#include "lib/string.h"

static const struct message good = {.len = 0};

static const struct vm_config *
find_vm(struct config_target to, struct slice name)
{
	for (u32 i = 0; i < to.vms; i++) {
		if (slice_is(name, to.config->vms[i].name))
			return &to.config->vms[i];
	}
	return NULL;
}

/* What is wrong with `value`: there is no VM `name`. */
static struct message
no_such_vm(struct config_target to, const struct config_key *key, struct slice value,
	   struct slice name)
{
	struct message m = found_value(key, value, "; expected a VM of this file");
	struct typed typed;
	struct near_miss near = near_begin(name, &typed);

	for (u32 i = 0; i < to.vms; i++)
		near_miss_try(&near, to.config->vms[i].name);
	add_near(&m, &near);
	return m;
}

struct message
check_vm(struct config_target to, const struct config_key *key, struct slice value)
{
	return find_vm(to, value) != NULL ? good : no_such_vm(to, key, value, value);
}

struct message
check_net(struct config_target to, const struct config_key *key, struct slice value)
{
	struct message m = found_value(key, value, "; expected %s", key->expected);
	struct typed typed;
	struct near_miss near = near_begin(value, &typed);

	for (u32 i = 0; i < to.nets; i++) {
		if (slice_is(value, to.config->nets[i].name))
			return good;
		near_miss_try(&near, to.config->nets[i].name);
	}
	add_near(&m, &near);
	return m;
}

static bool
counts(const struct net_config *net)
{
	return net->name[0] != '\0';
}

static bool
same_uplink(const struct uplink_spec *a, const struct uplink_spec *b)
{
	return a->kind == b->kind && a->index == b->index && a->segment == b->segment &&
	       a->bus == b->bus && a->device == b->device && a->function == b->function;
}

/* Of the networks before this one, which have been read to their ends. */
struct message
check_uplink(struct config_target to, const struct config_key *key, struct slice value)
{
	for (const struct net_config *net = to.config->nets; counts(to.net) && net != to.net;
	     net++) {
		if (same_uplink(&net->uplink, &to.net->uplink))
			return found_value(key, value,
					   ", which [net %s] in line %u has; expected one network "
					   "for each NIC",
					   net->name, net->line);
	}
	return good;
}

static bool
overlap(u32 a, u8 a_prefix, u32 b, u8 b_prefix)
{
	return ((a ^ b) & ipv4_mask(MIN(a_prefix, b_prefix))) == 0;
}

struct message
check_subnet(struct config_target to, const struct config_key *key, struct slice value)
{
	const struct net_config *own = to.net;

	for (const struct net_config *net = to.config->nets; counts(own) && net != own; net++) {
		if (net->subnet_given &&
		    overlap(net->subnet, net->prefix, own->subnet, own->prefix))
			return found_value(key, value,
					   ", which overlaps that of [net %s] in line %u; expected "
					   "another one",
					   net->name, net->line);
	}
	return good;
}

static bool
has_nic_in(const struct vm_config *vm, const char *net)
{
	for (u32 i = 0; i < vm->nic_count; i++) {
		if (strcmp(vm->nics[i].net, net) == 0)
			return true;
	}
	return false;
}

/* For its DHCP client and what it asks DNS servers (net/nat.h). */
static bool
is_gateways(const struct net_forward *forward)
{
	return forward->udp && (forward->outside_port == 68 || forward->outside_port > 61000);
}

/* The value is the last of the network's. */
struct message
check_forward(struct config_target to, const struct config_key *key, struct slice value)
{
	const struct net_config *net = to.net;
	const struct net_forward *last = &net->forwards[net->forward_count - 1];
	const struct vm_config *vm = find_vm(to, last->vm);

	if (vm == NULL)
		return no_such_vm(to, key, value, last->vm);
	if (counts(net) && !has_nic_in(vm, net->name))
		return found_value(key, value, "; expected a VM with a nic in this network");
	if (is_gateways(last))
		return found_value(key, value,
				   ", a port that the gateway needs; expected neither udp:68 nor "
				   "one above udp:61000");
	for (const struct net_forward *f = net->forwards; f < last; f++) {
		if (f->udp == last->udp && f->outside_port == last->outside_port)
			return found_value(key, value,
					   ", a port that line %u forwards; expected each once",
					   f->line);
	}
	return good;
}

/* The gateway is the first that a host could be. */
static bool
is_guest(const struct net_config *net, u32 address)
{
	return ipv4_is_host(address, net->subnet, net->prefix) && address != net->subnet + 1;
}

#define IPV4	   "%u.%u.%u.%u"
#define IPV4_OF(a) (a) >> 24, (a) >> 16 & 0xff, (a) >> 8 & 0xff, (a)&0xff

struct message
check_host(struct config_target to, const struct config_key *key, struct slice value)
{
	const struct net_config *net = to.net;
	const struct net_host *last = &net->hosts[net->host_count - 1];

	if (net->prefix != 0 && !is_guest(net, last->address))
		return found_value(key, value,
				   "; expected an address in " IPV4 "/%u, but neither one of its "
				   "first two nor the last",
				   IPV4_OF(net->subnet), net->prefix);
	for (const struct net_host *host = net->hosts; host < last; host++) {
		if (host->address == last->address || memcmp(host->mac, last->mac, MAC_LEN) == 0)
			return found_value(key, value,
					   " beside line %u; expected each MAC and address once",
					   host->line);
	}
	return good;
}

/* Nothing passes between the outside and the subnet of another network either. */
struct message
check_address(struct config_target to, const struct config_key *key, struct slice value)
{
	const struct net_address *address = &to.net->address;

	for (u32 i = 0; address->fixed && i < to.nets; i++) {
		const struct net_config *net = &to.config->nets[i];

		if (net->prefix != 0 &&
		    overlap(address->address, address->prefix, net->subnet, net->prefix))
			return found_value(key, value,
					   ", which overlaps the subnet " IPV4
					   "/%u of [net %s]; expected one outside of it",
					   IPV4_OF(net->subnet), net->prefix, net->name);
	}
	return good;
}

/* The first in this network that has the address, of the VMs before and of this one's NICs. */
static const struct vm_config *
find_mac(struct config_target to, u32 *index)
{
	for (const struct vm_config *vm = to.config->vms; vm <= to.vm; vm++) {
		for (u32 i = 0; i < vm->nic_count; i++) {
			const struct nic_config *nic = &vm->nics[i];

			if (nic != to.nic && memcmp(nic->mac, to.nic->mac, MAC_LEN) == 0 &&
			    strcmp(nic->net, to.nic->net) == 0) {
				*index = i;
				return vm;
			}
		}
	}
	return NULL;
}

struct message
check_nic(struct config_target to, const struct config_key *key, struct slice value)
{
	const u8 *mac = to.nic->mac;
	u32 index = 0;
	const struct vm_config *other =
		to.vm->name[0] == '\0' || to.nic->net[0] == '\0' ? NULL : find_mac(to, &index);

	if (other == NULL)
		return good;
	return found_value(key, value,
			   " with mac=%02x:%02x:%02x:%02x:%02x:%02x, which nic %u of %s has; "
			   "expected each once in a network",
			   mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], index, other->name);
}

static bool
is_free(const struct config *config, u32 subnet, u8 prefix)
{
	for (u32 i = 0; i < config->net_count; i++) {
		const struct net_config *net = &config->nets[i];

		if (net->prefix != 0 && overlap(net->subnet, net->prefix, subnet, prefix))
			return false;
		if (net->address.fixed &&
		    overlap(net->address.address, net->address.prefix, subnet, prefix))
			return false;
	}
	return true;
}

bool
config_wants_subnet(const struct net_config *net)
{
	return (net->mode == NET_NAT || net->mode == NET_HOST_ONLY) &&
	       !config_has_key(&config_sections[SECTION_NET], net->keys, "subnet");
}

void
config_find_subnets(struct config *config)
{
	const u8 prefix = 24;

	for (u32 i = 0; i < config->net_count; i++) {
		struct net_config *net = &config->nets[i];

		if (net->mode == NET_BRIDGE) { /* the first look did not know that yet */
			net->prefix = 0;
			net->subnet_given = false;
		}
	}
	for (u32 i = 0; i < config->net_count; i++) {
		struct net_config *net = &config->nets[i];
		u32 subnet = 10u << 24 | 8u << 16, end = subnet + (1u << 16);

		if (!config_wants_subnet(net))
			continue;
		while (subnet != end && !is_free(config, subnet, prefix))
			subnet += 1u << 8;
		if (subnet == end)
			continue; /* the second look says so */
		net->subnet = subnet;
		net->prefix = prefix;
	}
}

void
config_disable_vms(struct config *config)
{
	for (u32 i = 0; i < config->vm_count; i++) {
		struct vm_config *vm = &config->vms[i];

		for (u32 n = 0; n < vm->nic_count && vm->error[0] == '\0'; n++) {
			const struct net_config *net = config_find_net(config, vm->nics[n].net);

			if (net != NULL && net->error[0] != '\0')
				format(vm->error, sizeof(vm->error), "network %s: line %s",
				       net->name, net->error + sizeof(CONFIG_PLACE) - 1);
		}
	}
}

const struct net_config *
config_find_net(const struct config *config, const char *name)
{
	for (u32 i = 0; i < config->net_count; i++) {
		if (strcmp(name, config->nets[i].name) == 0)
			return &config->nets[i];
	}
	return NULL;
}
