/* SPDX-License-Identifier: MIT */
/*
 * What an inside endpoint is outside: one port for all of its flows, from the first one's beginning
 * to the last one's end; and the forwards, which stay. Pure; the lock is the NAT's.
 */
#pragma once

#include "net/nat.h"

/* All ports free, and those of the forwards taken. */
void nat_bindings_init(struct nat *n);

/* The forward's inside address is another one, or 0. No flow uses it any more. */
void nat_binding_set_forward(struct nat *n, u16 index, u32 inside);

static inline bool
nat_binding_is_forward(u16 index)
{
	return index < NAT_FORWARDS_MAX;
}

/* NAT_NONE (net/nat_table.h): there is none. */
u16 nat_binding_of_port(const struct nat *n, u8 protocol, u16 outside_port);

/*
 * For one more flow of an inside endpoint: its binding, or a new one. NAT_NONE: no port was found.
 * Given back with nat_binding_put().
 */
u16 nat_binding_get(struct nat *n, u8 protocol, u32 inside, u16 inside_port);
void nat_binding_put(struct nat *n, u16 index);
