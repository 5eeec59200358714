/* SPDX-License-Identifier: MIT */
/* MAC and IPv4 addresses to text. */
#include "net/text.h"

#include "lib/format.h"

struct mac_text
mac_text(const u8 mac[ETH_ADDRESS])
{
	struct mac_text t;

	format(t.text, sizeof(t.text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
	       mac[3], mac[4], mac[5]);
	return t;
}

struct ipv4_text
ipv4_text(u32 address)
{
	struct ipv4_text t;

	format(t.text, sizeof(t.text), "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
	       address >> 8 & 255, address & 255);
	return t;
}

struct ipv4_text
ipv4_prefix_text(u32 address, unsigned prefix)
{
	struct ipv4_text t;

	format(t.text, sizeof(t.text), "%s/%u", ipv4_text(address).text, prefix);
	return t;
}
