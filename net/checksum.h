/* SPDX-License-Identifier: MIT */
/*
 * The Internet checksum (RFC 1071): the complement of the one's-complement sum of 16-bit words in
 * network order; a last odd byte counts as a word's upper half. Pure.
 *
 * A sum is unfolded: sums of pieces of even length may be added to each other, as may pseudo
 * headers' words. It overflows no u64 for any packet.
 */
#pragma once

#include "include/types.h"

/* The sum of len bytes at any address; begun with `sum`, 0 at first. */
u64 checksum_add(u64 sum, const void *data, size_t len);

/* To what stands in the packet, as be16_put() writes it. */
u16 checksum_fold(u64 sum);

/* The sum of TCP's or UDP's pseudo header; len is that of the TCP or UDP header and data. */
u64 checksum_pseudo_ipv4(const u8 *ip, u8 protocol, u32 len);
u64 checksum_pseudo_ipv6(const u8 *ip, u8 protocol, u32 len);

/* The checksum after a 16-bit word at an even offset went from `from` to `to` (RFC 1624, eqn. 3).
 */
u16 checksum_update(u16 checksum, u16 from, u16 to);
