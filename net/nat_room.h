/* SPDX-License-Identifier: MIT */
/*
 * Who has room for another one of the NAT's flows. Who has its share gives one of its own; when all
 * entries are in use, who has most gives one, of any state, so that in the end all who want have as
 * many. Forwards have a share together, for what begins outside, and likewise among themselves.
 */
#pragma once

#include "net/nat.h"

struct nat_room {
	bool free;		 /* there is an entry */
	struct nat_flow *given;	 /* else one that may be forgotten for it; NULL: none */
	enum nat_drop otherwise; /* then why */
};

/* For a flow that begins in this state, on the account of owners[index]. */
struct nat_room nat_room_for(struct nat *n, u16 index, enum nat_state state);
