/* SPDX-License-Identifier: MIT */
/*
 * What core/config_keys.c's table of [net NAME] and of nic is made of: how the values are read
 * (config_net.c, config_nic.c), and how they are checked against the rest of the file
 * (config_check.c). For core/config*.c alone.
 */
#pragma once

#include "core/config_words.h"

extern const char *const net_mode_words[NET_MODES]; /* without NET_MODE_NONE */
extern const char *const net_address_words[];
extern const char *const net_worker_words[];
extern const char *const nic_words[];

/* prefix: 1 to 31 */
static inline u32
ipv4_mask(u8 prefix)
{
	return ~0u << (32 - prefix);
}

/* Is it in this network, and neither the network's own address nor its broadcast address? */
static inline bool
ipv4_is_host(u32 address, u32 network, u8 prefix)
{
	u32 host = address & ~ipv4_mask(prefix);

	return ((address ^ network) & ipv4_mask(prefix)) == 0 && host != 0 &&
	       host != ~ipv4_mask(prefix);
}

bool net_set_mode(struct config_target to, struct slice value);
bool net_set_uplink(struct config_target to, struct slice value);
bool net_set_subnet(struct config_target to, struct slice value);
bool net_add_forward(struct config_target to, struct slice value);
bool net_add_host(struct config_target to, struct slice value);
bool net_set_address(struct config_target to, struct slice value);
bool net_set_dns(struct config_target to, struct slice value);
bool net_set_domain(struct config_target to, struct slice value);
bool net_set_mtu(struct config_target to, struct slice value);
bool net_set_worker(struct config_target to, struct slice value);

/* The word in front of a nic's keys. */
bool nic_add(struct config_target to, struct slice value);

struct message check_vm(struct config_target to, const struct config_key *key, struct slice value);
struct message check_net(struct config_target to, const struct config_key *key, struct slice value);
struct message check_uplink(struct config_target to, const struct config_key *key,
			    struct slice value);
struct message check_subnet(struct config_target to, const struct config_key *key,
			    struct slice value);
struct message check_forward(struct config_target to, const struct config_key *key,
			     struct slice value);
struct message check_host(struct config_target to, const struct config_key *key,
			  struct slice value);
struct message check_address(struct config_target to, const struct config_key *key,
			     struct slice value);
/* Of a nic, whose keys have all been read: its address. */
struct message check_nic(struct config_target to, const struct config_key *key, struct slice value);

/* Does it have one, but not by its section? */
bool config_wants_subnet(const struct net_config *net);
/* Gives each NAT and host-only network that says nothing of it a subnet that is nobody else's. */
void config_find_subnets(struct config *config);

/* Puts the errors of networks into the VMs that have NICs in them, and no error yet. */
void config_disable_vms(struct config *config);
