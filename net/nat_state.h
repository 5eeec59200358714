/* SPDX-License-Identifier: MIT */
/* The states of the NAT's flows: how long each lasts, and how packets lead from one to the next. */
#pragma once

#include "net/nat.h"

/* How willingly a flow is given up for a new one. */
enum nat_given { NAT_GIVEN_FIRST, NAT_GIVEN_NEXT, NAT_GIVEN_LAST };

struct nat_state_info {
	const char *name; /* a word for a person */
	u16 timeout_s;	  /* after the last packet */
	u8 given;	  /* enum nat_given */
};

extern const struct nat_state_info nat_states[NAT_STATES];

/* Of a new flow. */
enum nat_state nat_state_first(u8 protocol);

/* Once a packet with these flags of TCP's has passed; notes in the flow what it must remember. */
enum nat_state nat_state_next(struct nat_flow *flow, u8 tcp_flags, bool from_inside);
