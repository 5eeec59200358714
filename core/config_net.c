/* SPDX-License-Identifier: MIT */
/* How the values of [net NAME] are read. */
#include "core/config_net.h"

#include "core/config_values.h"
#include "include/limits.h"
#include "lib/string.h"

const char *const net_mode_words[NET_MODES] = {
	[NET_BRIDGE - 1] = "bridge",
	[NET_NAT - 1] = "nat",
	[NET_HOST_ONLY - 1] = "host-only",
	NULL,
};
const char *const net_address_words[] = {"dhcp", NULL};
const char *const net_worker_words[] = {"auto", "off", NULL};

const char *
net_mode_text(enum net_mode mode)
{
	return mode > NET_MODE_NONE && mode < NET_MODES ? net_mode_words[mode - 1] : "none";
}

bool
net_set_mode(struct config_target to, struct slice value)
{
	int word = value_word(net_mode_words, value);

	if (word >= 0)
		to.net->mode = (enum net_mode)(word + 1);
	return word >= 0;
}

static bool
read_hex(struct slice value, u64 most, u64 *out)
{
	return parse_hex(value.at, value.len, out) && *out <= most;
}

/* SEGMENT:BUS:DEVICE.FUNCTION, as `pci` shows them; the segment may be left out. */
static bool
read_pci(struct slice value, struct uplink_spec *out)
{
	struct slice function = value, place = slice_cut(&function, '.');
	struct slice rest = place, first = slice_cut(&rest, ':');
	struct slice second = slice_cut(&rest, ':');
	u64 segment = 0, bus, device, number;

	if (place.len > 0 && place.at[place.len - 1] == ':')
		return false;
	if (rest.len > 0 && !read_hex(first, 0xffff, &segment))
		return false;
	if (!read_hex(rest.len > 0 ? second : first, 0xff, &bus) ||
	    !read_hex(rest.len > 0 ? rest : second, 0x1f, &device) ||
	    !read_hex(function, 7, &number))
		return false;
	*out = (struct uplink_spec){
		.kind = UPLINK_PCI,
		.segment = (u16)segment,
		.bus = (u8)bus,
		.device = (u8)device,
		.function = (u8)number,
	};
	return true;
}

enum { UPLINK_INDEX_MAX = 255 };

bool
net_set_uplink(struct config_target to, struct slice value)
{
	struct uplink_spec spec = {.kind = UPLINK_INDEX};
	struct slice rest = value, kind = slice_cut(&rest, ':');
	u64 index = 0;

	if (slice_is(kind, "e1000") && value_number(rest, 0, UPLINK_INDEX_MAX, &index))
		spec.index = (u32)index;
	else if (!slice_is(kind, "pci") || !read_pci(rest, &spec))
		return false;
	to.net->uplink = spec;
	return true;
}

/* One that a host may have (RFC 1122, 3.2.1.3): not "this network", loopback, multicast. */
static bool
read_host(struct slice value, u32 *out)
{
	u32 address;

	if (!parse_ipv4(value.at, value.len, &address) || address >> 24 == 0 ||
	    address >> 24 == 127 || address >> 28 >= 0xe)
		return false;
	*out = address;
	return true;
}

static bool
read_network(struct slice value, u64 least, u64 most, u32 *address, u8 *prefix)
{
	struct slice rest = value, first = slice_cut(&rest, '/');
	u64 number;

	if (!read_host(first, address) || !value_number(rest, least, most, &number))
		return false;
	*prefix = (u8)number;
	return true;
}

enum { SUBNET_LEAST = 8, SUBNET_MOST = 29 };

bool
net_set_subnet(struct config_target to, struct slice value)
{
	u32 address;
	u8 prefix;

	if (!read_network(value, SUBNET_LEAST, SUBNET_MOST, &address, &prefix) ||
	    (address & ~ipv4_mask(prefix)) != 0)
		return false;
	to.net->subnet = address;
	to.net->prefix = prefix;
	to.net->subnet_given = true;
	return true;
}

static bool
read_port(struct slice value, u16 *port)
{
	u64 number;

	if (!value_number(value, 1, 0xffff, &number))
		return false;
	*port = (u16)number;
	return true;
}

bool
net_add_forward(struct config_target to, struct slice value)
{
	struct net_config *net = to.net;
	struct slice rest = value, protocol = slice_cut(&rest, ':');
	struct slice outside = slice_cut(&rest, ':');
	struct net_forward forward = {.line = to.line, .vm = slice_cut(&rest, ':')};

	forward.udp = slice_is(protocol, "udp");
	if ((!forward.udp && !slice_is(protocol, "tcp")) ||
	    !read_port(outside, &forward.outside_port) || !value_is_name(forward.vm) ||
	    !read_port(rest, &forward.guest_port) || net->forward_count == CONFIG_FORWARDS_MAX)
		return false;
	net->forwards[net->forward_count++] = forward;
	return true;
}

bool
net_add_host(struct config_target to, struct slice value)
{
	struct net_config *net = to.net;
	struct net_host host = {.line = to.line};
	struct slice rest = value, mac = slice_word(&rest);

	if (!value_mac(mac, host.mac) || !read_host(slice_trim(rest), &host.address) ||
	    net->host_count == CONFIG_HOSTS_MAX)
		return false;
	net->hosts[net->host_count++] = host;
	return true;
}

enum { ADDRESS_LEAST = 8, ADDRESS_MOST = 30 };

bool
net_set_address(struct config_target to, struct slice value)
{
	struct net_address address = {.fixed = true};
	struct slice rest = value, first = slice_trim(slice_cut(&rest, ','));

	if (slice_is(value, "dhcp")) {
		to.net->address = (struct net_address){.fixed = false};
		return true;
	}
	if (!read_network(first, ADDRESS_LEAST, ADDRESS_MOST, &address.address, &address.prefix) ||
	    !read_host(slice_trim(rest), &address.router) || address.router == address.address ||
	    !ipv4_is_host(address.address, address.address, address.prefix) ||
	    !ipv4_is_host(address.router, address.address, address.prefix))
		return false;
	to.net->address = address;
	return true;
}

bool
net_set_dns(struct config_target to, struct slice value)
{
	u32 servers[CONFIG_DNS_MAX], count = 0;
	bool more;

	do {
		struct slice part = value_part(&value, ',', &more);

		if (count == CONFIG_DNS_MAX || !read_host(part, &servers[count]))
			return false;
		count++;
	} while (more);
	memcpy(to.net->dns, servers, count * sizeof(servers[0]));
	to.net->dns_count = count;
	return true;
}

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 1123, 2.1: letters, digits and hyphens, but none at an end; *letter says if one is there. */
static bool
is_label(struct slice label, bool *letter)
{
	*letter = false;
	for (size_t i = 0; i < label.len; i++) {
		char c = label.at[i];

		*letter |= is_alpha(c);
		if (!is_alpha(c) && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return label.len > 0 && label.at[0] != '-' && label.at[label.len - 1] != '-';
}

/* No blanks, at the dots neither. The last label is no number, or it would look like an address. */
bool
net_set_domain(struct config_target to, struct slice value)
{
	struct slice rest = value, label;
	bool letter;

	if (value.len > CONFIG_DOMAIN_MAX)
		return false;
	do {
		label = slice_cut(&rest, '.');
		if (!is_label(label, &letter))
			return false;
	} while (label.at + label.len != rest.at);
	if (letter)
		to.net->domain = value;
	return letter;
}

bool
net_set_mtu(struct config_target to, struct slice value)
{
	u64 number;

	if (!value_number(value, CONFIG_MTU_MIN, CONFIG_MTU_MAX, &number))
		return false;
	to.net->mtu = (u16)number;
	return true;
}

bool
net_set_worker(struct config_target to, struct slice value)
{
	int word = value_word(net_worker_words, value);
	u64 cpu = 0;

	if (word < 0 && !value_number(value, 0, MAX_CPUS - 1, &cpu))
		return false;
	to.net->worker = (struct worker_spec){
		.kind = word < 0 ? WORKER_CPU : (enum worker_kind)word,
		.cpu = (u32)cpu,
	};
	return true;
}
