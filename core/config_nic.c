/* SPDX-License-Identifier: MIT */
/* What stands behind nic =, and the addresses of those that say none. */
#include "core/config_net.h"

#include "core/config_values.h"
#include "lib/format.h"
#include "lib/string.h"

const char *const nic_words[] = {[NIC_E1000] = "e1000", [NIC_KINDS] = NULL};
static const char *const no_words[] = {NULL};
static const char *const spoof_words[] = {"deny", "allow", NULL};
static const char *const isolate_words[] = {"yes", "no", NULL};

/* FNV-1a of 64 bits, which spreads a short name over its upper bytes. */
static u64
hash_byte(u64 hash, char c)
{
	return (hash ^ (u8)c) * 0x100000001b3;
}

void
config_default_mac(const char *name, u32 index, u8 mac[MAC_LEN])
{
	u64 hash = 0xcbf29ce484222325;

	for (; *name != '\0'; name++)
		hash = hash_byte(hash, *name);
	hash = hash_byte(hash, '\0'); /* or vm1's nic 1 might be that of another name */
	for (unsigned i = 0; i < 4; i++)
		hash = hash_byte(hash, (char)(index >> 8 * i));
	hash ^= hash >> 32;
	for (unsigned i = 0; i < MAC_LEN; i++)
		mac[i] = (u8)(hash >> 8 * i);
	mac[0] = (u8)((mac[0] & 0xfc) | 2); /* IEEE 802: local, of one station */
}

bool
nic_add(struct config_target to, struct slice value)
{
	struct vm_config *vm = to.vm;
	int word = value_word(nic_words, value);
	struct nic_config *nic = &vm->nics[vm->nic_count];

	if (word < 0 || vm->nic_count == CONFIG_NICS_MAX)
		return false;
	memset(nic, 0, sizeof(*nic));
	nic->kind = (enum nic_kind)word;
	config_default_mac(vm->name, vm->nic_count++, nic->mac);
	return true;
}

static bool
set_net(struct config_target to, struct slice value)
{
	if (!value_is_name(value))
		return false;
	format(to.nic->net, sizeof(to.nic->net), "%.*s", (int)value.len, value.at);
	return true;
}

static bool
set_mac(struct config_target to, struct slice value)
{
	return value_mac(value, to.nic->mac);
}

static bool
set_vlan(struct config_target to, struct slice value)
{
	u64 number;

	if (!value_number(value, 1, CONFIG_VLANS - 2, &number))
		return false;
	to.nic->vlan = (u16)number;
	return true;
}

static bool
set_trunk(struct config_target to, struct slice value)
{
	if (!value_vlans(value, NULL))
		return false;
	to.nic->trunk = value;
	return true;
}

/* Less lets a full frame pass only every dozen seconds. */
#define RATE_LEAST 1000ul
#define RATE_MOST  (100ul * 1000 * 1000 * 1000)

static bool
set_rate(struct config_target to, struct slice value)
{
	u64 bits;

	if (!value_rate(value, &bits) || bits < RATE_LEAST || bits > RATE_MOST)
		return false;
	to.nic->rate_bits = bits;
	return true;
}

static bool
set_spoof(struct config_target to, struct slice value)
{
	return value_bool(spoof_words, value, &to.nic->spoof_deny);
}

static bool
set_isolate(struct config_target to, struct slice value)
{
	return value_bool(isolate_words, value, &to.nic->isolate);
}

/* clang-format off */
const struct config_section config_nic_words = {
	.title = "nic",
	.needs = {{.key = "net", .expected = "net=NAME"}},
	.count = 7,
	.keys = {
		{
			.name = "net", .words = no_words, .set = set_net, .check = check_net,
			.expected = "the NAME of a [net NAME] of this file",
		}, {
			.name = "mac", .words = no_words, .set = set_mac,
			.expected = "an address of one station, as in 52:54:00:00:00:01",
		}, {
			.name = "vlan", .words = no_words, .set = set_vlan,
			.expected = "a number from 1 to 4094",
		}, {
			.name = "trunk", .words = no_words, .set = set_trunk,
			.expected = "numbers from 1 to 4094, as in 1+20-29",
		}, {
			.name = "rate", .words = no_words, .set = set_rate,
			.expected = "bits a second from 1K to 100G, as in 100M",
		}, {
			.name = "spoof", .words = spoof_words, .set = set_spoof,
			.expected = "allow or deny",
		}, {
			.name = "isolate", .words = isolate_words, .set = set_isolate,
			.expected = "yes or no",
		},
	},
};
/* clang-format on */
