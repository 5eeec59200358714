/* SPDX-License-Identifier: MIT */
/* Addresses as people write them. */
#pragma once

#include "net/wire.h"

struct mac_text {
	char text[18];
};

struct ipv4_text {
	char text[20]; /* with a prefix length, or without */
};

struct mac_text mac_text(const u8 mac[ETH_ADDRESS]);
struct ipv4_text ipv4_text(u32 address);
struct ipv4_text ipv4_prefix_text(u32 address, unsigned prefix);
