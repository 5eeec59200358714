/* SPDX-License-Identifier: MIT */
/*
 * The states of the NAT's flows: see net/nat_state.h. TCP's sequence numbers are not followed: who
 * can send a packet of a flow, by its addresses and ports, can change its state.
 */
#include "net/nat_state.h"

/* RFC 5382, REQ-5; RFC 7857, section 2.2 (reset); RFC 4787, REQ-5; RFC 5508, REQ-1. */
const struct nat_state_info nat_states[] = {
	[NAT_TCP_OPENING] = {"opening",	30,		    NAT_GIVEN_FIRST},
	[NAT_TCP_ESTABLISHED] = {"established", 2 * 3600 + 4 * 60, NAT_GIVEN_LAST },
	[NAT_TCP_CLOSING] = {"closing",	4 * 60,		NAT_GIVEN_FIRST},
	[NAT_TCP_RESET] = {"reset",	    4 * 60,	    NAT_GIVEN_FIRST},
	[NAT_UDP_ONE_WAY] = {"one-way",	30,		    NAT_GIVEN_FIRST},
	[NAT_UDP_BOTH_WAYS] = {"both-ways",   5 * 60,	    NAT_GIVEN_NEXT },
	[NAT_ECHO] = {"echo",	      60,		  NAT_GIVEN_FIRST},
};

enum nat_state
nat_state_first(u8 protocol)
{
	switch (protocol) {
	case IP_TCP: return NAT_TCP_OPENING;
	case IP_UDP: return NAT_UDP_ONE_WAY;
	default: return NAT_ECHO;
	}
}

/* RFC 6146, section 3.5.2.2: half-closed it is as good as before. */
static enum nat_state
tcp_established(const struct nat_flow *flow)
{
	return flow->fin[0] && flow->fin[1] ? NAT_TCP_CLOSING : NAT_TCP_ESTABLISHED;
}

/*
 * After a reset, which may be forged, data shows that the connection lives (RFC 7857, section 2.2):
 * back to where it was.
 */
static enum nat_state
tcp_after_reset(const struct nat_flow *flow)
{
	if (!flow->established)
		return NAT_TCP_RESET;
	return tcp_established(flow);
}

/* Established once the other side has sent its SYN and who began has acknowledged something. */
static enum nat_state
tcp_while_opening(struct nat_flow *flow, u8 flags, bool by_beginner)
{
	if (!by_beginner && flags & TCP_SYN)
		flow->answered = true;
	if (!by_beginner || !flow->answered || !(flags & TCP_ACK))
		return NAT_TCP_OPENING;
	flow->established = true;
	return NAT_TCP_ESTABLISHED;
}

static enum nat_state
tcp_advance(struct nat_flow *flow, u8 flags, bool from_inside)
{
	bool by_beginner = from_inside != flow->begun_outside;
	enum nat_state state = flow->state;

	if (flags & TCP_RST)
		return NAT_TCP_RESET;
	/* Of the same ports, a new connection: behind a FIN of either side, or a reset, the old
	 * one has no SYN. */
	if ((flags & (TCP_SYN | TCP_ACK)) == TCP_SYN && by_beginner &&
	    (state == NAT_TCP_RESET || flow->fin[0] || flow->fin[1])) {
		flow->answered = flow->established = flow->fin[0] = flow->fin[1] = false;
		return NAT_TCP_OPENING;
	}
	if (state == NAT_TCP_OPENING)
		state = tcp_while_opening(flow, flags, by_beginner);
	else if (state == NAT_TCP_RESET)
		state = tcp_after_reset(flow);
	if (flags & TCP_FIN && flow->established) {
		flow->fin[from_inside] = true;
		state = tcp_established(flow);
	}
	return state;
}

enum nat_state
nat_state_next(struct nat_flow *flow, u8 tcp_flags, bool from_inside)
{
	switch (flow->ends.protocol) {
	case IP_TCP: return tcp_advance(flow, tcp_flags, from_inside);
	case IP_UDP: return from_inside == flow->begun_outside ? NAT_UDP_BOTH_WAYS : flow->state;
	default: return NAT_ECHO;
	}
}
