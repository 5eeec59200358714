/* SPDX-License-Identifier: MIT */
/*
 * Fragments through the NAT. Nothing is reassembled: the first fragment, which has the ports, is
 * translated as a whole packet is, and says how those that follow go. A fragment that comes before
 * its first one is dropped; senders send it first.
 *
 * That is safe although fragments may overlap: ports stand only in a fragment at offset 0, and each
 * of those is looked up by itself; TCP's flags are in there too, whole (net/nat_packet.c), and none
 * at offset 8 passes. So what overlaps can only change data that is its receiver's to judge, in
 * packets that its sender was free to send it anyway.
 *
 * Towards the outside, where all packets come from one address, each fragmented packet gets an
 * identification of the NAT's, or two VMs' fragments could be put together to one packet.
 *
 * Pure; the lock is the NAT's, and n->now_ns is as of this call.
 */
#pragma once

#include "net/ipv4.h"
#include "net/nat.h"

struct nat_fragment_ring *nat_fragment_ring_out(struct nat *n, u16 owner);
struct nat_fragment_ring *nat_fragment_ring_in(struct nat *n, u16 id);

/*
 * A first fragment, as it came, has passed: those that follow get the address. Answers the note,
 * with new_id to be set; the ring's oldest one makes room.
 */
struct nat_fragmented *nat_fragment_note(struct nat *n, struct nat_fragment_ring *ring,
					 const struct ipv4 *ip, u32 address);

/* Of one that follows; NULL: its first fragment has not passed, or long ago. */
const struct nat_fragmented *
nat_fragment_find(const struct nat *n, const struct nat_fragment_ring *ring, const struct ipv4 *ip);

/* None has passed; or none to this inside address. */
void nat_fragments_forget(struct nat *n);
void nat_fragments_forget_inside(struct nat *n, u32 inside);
