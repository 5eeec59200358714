/* SPDX-License-Identifier: MIT */
/* A DHCP client: see net/dhcp_client.h. Sections are those of RFC 2131. */
#include "net/dhcp_client.h"

#include "lib/string.h"
#include "net/ipv4.h"

#define SECOND_NS (1000ul * 1000 * 1000)
#define NEVER	  (~0ul)

enum {
	FIRST_RETRY_SECONDS = 4, /* doubled each time: section 4.1 */
	RETRY_DOUBLINGS = 4,	 /* to 64 s */
	REQUEST_TRIES = 4,
	REBOOT_TRIES = 2,
	RENEW_SECONDS_MIN = 60, /* section 4.4.5: half of what remains, but not less */
	LEASE_SECONDS_MIN = 60, /* a shorter one would have us ask without end */
	PROBES = 3,
	DECLINED_SECONDS = 10, /* section 3.1, item 5 */
};

/* RFC 5227 has some 5 s for all of them; who is on a cable with us answers in a few ms. */
#define PROBE_NS (300ul * 1000 * 1000)

static u32
draw(struct dhcp_client *c)
{
	c->random = c->random * 6364136223846793005ul + 1442695040888963407ul;
	return (u32)(c->random >> 32);
}

void
dhcp_client_init(struct dhcp_client *c)
{
	c->state = DHCP_CLIENT_OFF;
	c->tries = 0;
	c->xid = 0;
	c->refused = c->declined = 0;
	memset(&c->lease, 0, sizeof(c->lease));
	c->end_ns = 0;
}

static u8
type_of_message(const struct dhcp_client *c)
{
	switch (c->state) {
	case DHCP_CLIENT_SELECTING: return DHCP_DISCOVER;
	case DHCP_CLIENT_PROBING: return DHCP_DECLINE;
	default: return DHCP_REQUEST;
	}
}

/* A message of this state: table 5. */
static void
send_message(struct dhcp_client *c, u64 now)
{
	static const u8 wanted[] = {DHCP_MASK, DHCP_ROUTER, DHCP_DNS,	    DHCP_MTU,
				    DHCP_T1,   DHCP_T2,	    DHCP_LEASE_TIME};
	bool has = dhcp_client_has_address(c), declines = c->state == DHCP_CLIENT_PROBING;
	u8 message[DHCP_MAX];
	struct dhcp_writer w =
		dhcp_begin(message, DHCP_BOOTREQUEST, type_of_message(c), c->xid, c->mac);
	u64 seconds = declines ? 0 : (now - c->began_ns) / SECOND_NS;

	be16_put(message + DHCP_SECS, (u16)MIN(seconds, 0xffffu));
	if (has)
		be32_put(message + DHCP_CIADDR, c->lease.address);
	if (c->state == DHCP_CLIENT_REQUESTING || declines)
		dhcp_put32(&w, DHCP_SERVER, c->lease.server);
	if (!has && c->lease.address != 0)
		dhcp_put32(&w, DHCP_REQUESTED, c->lease.address);
	if (!declines)
		dhcp_put(&w, DHCP_PARAMETERS, wanted, sizeof(wanted));
	c->send(c->arg, has ? c->lease.address : 0,
		c->state == DHCP_CLIENT_RENEWING ? c->lease.server : IPV4_BROADCAST, message,
		dhcp_end(&w));
}

/* 4, 8, 16, 32, 64 seconds, and one more or less of each. */
static u64
retry_ns(struct dhcp_client *c)
{
	u64 seconds = (u64)FIRST_RETRY_SECONDS << MIN(c->tries, RETRY_DOUBLINGS);

	return (seconds - 1) * SECOND_NS + draw(c) % (2 * SECOND_NS);
}

static void
try_once(struct dhcp_client *c, u64 now)
{
	c->next_ns = now + retry_ns(c);
	c->tries++;
	send_message(c, now);
}

static void
enter(struct dhcp_client *c, u8 state, u64 now)
{
	/* An offer is requested under its own transaction (section 4.4.1). */
	if (state != DHCP_CLIENT_REQUESTING)
		c->xid = draw(c);
	c->state = state;
	c->tries = 0;
	c->began_ns = now;
	try_once(c, now);
}

/* Without an address from here on; the next tick discovers. */
static void
restart_quietly(struct dhcp_client *c)
{
	bool had = dhcp_client_has_address(c);

	memset(&c->lease, 0, sizeof(c->lease));
	c->end_ns = 0;
	c->state = DHCP_CLIENT_SELECTING;
	c->tries = 0;
	c->xid = draw(c);
	if (had)
		c->changed(c->arg, NULL);
}

static void
restart(struct dhcp_client *c, u64 now)
{
	restart_quietly(c);
	enter(c, DHCP_CLIENT_SELECTING, now);
}

void
dhcp_client_link(struct dhcp_client *c, bool up, u64 now)
{
	bool had = dhcp_client_has_address(c);

	if (!up) {
		c->state = DHCP_CLIENT_OFF;
		if (had)
			c->changed(c->arg, NULL);
		return;
	}
	if (c->state != DHCP_CLIENT_OFF)
		return;
	if (c->lease.address != 0 && now < c->end_ns)
		enter(c, DHCP_CLIENT_REBOOTING, now);
	else
		restart(c, now);
}

/* From a mask without holes; 24 for what is none. */
static unsigned
prefix_of(u32 mask)
{
	unsigned prefix = 0;

	while (prefix < 32 && (mask & 1u << (31 - prefix)))
		prefix++;
	return mask != 0 && ipv4_mask(prefix) == mask ? prefix : 24;
}

/* What a server offers or acknowledges; false when it is of no use. */
static bool
take_lease(struct dhcp_client *c, const struct dhcp_message *m, struct dhcp_client_lease *lease)
{
	memset(lease, 0, sizeof(*lease));
	lease->address = m->yiaddr;
	lease->prefix = prefix_of(m->mask);
	lease->server = m->server;
	lease->mtu = m->mtu;
	if (ipv4_is_unicast(m->router) && m->router != m->yiaddr)
		lease->router = m->router;
	for (unsigned i = 0; i < m->dns_count; i++) {
		if (ipv4_is_unicast(m->dns[i]) && m->dns[i] != m->yiaddr)
			lease->dns[lease->dns_count++] = m->dns[i];
	}
	return ipv4_is_unicast(lease->address) && ipv4_is_unicast(lease->server) &&
	       lease->server != lease->address && c->acceptable(c->arg, lease);
}

/* Section 4.4.5; times that are out of order become the usual parts of the lease. */
static void
set_times(struct dhcp_client *c, const struct dhcp_message *m)
{
	u64 lease = MAX(m->lease_time, (u32)LEASE_SECONDS_MIN), t1 = m->t1, t2 = m->t2;

	if (m->lease_time == DHCP_LEASE_INFINITE) {
		c->t1_ns = c->t2_ns = c->end_ns = NEVER;
		return;
	}
	if (t2 == 0 || t2 >= lease)
		t2 = lease / 8 * 7;
	if (t1 == 0 || t1 >= t2)
		t1 = MIN(lease / 2, t2 - 1);
	/* As of when it was asked for: what was lost on the way is the client's loss. */
	c->t1_ns = c->began_ns + MAX(t1, RENEW_SECONDS_MIN / 2) * SECOND_NS;
	c->t2_ns = c->began_ns + MAX(t2, RENEW_SECONDS_MIN / 2) * SECOND_NS;
	c->end_ns = c->began_ns + lease * SECOND_NS;
}

static void
take_offer(struct dhcp_client *c, const struct dhcp_message *m, u64 now)
{
	struct dhcp_client_lease lease;

	if (!take_lease(c, m, &lease)) {
		c->refused++;
		return;
	}
	c->lease = lease;
	enter(c, DHCP_CLIENT_REQUESTING, now);
}

static void
bind(struct dhcp_client *c)
{
	c->state = DHCP_CLIENT_BOUND;
	c->changed(c->arg, &c->lease);
}

/* Each time PROBE_NS for an answer, also to the last one. */
static void
probe(struct dhcp_client *c, u64 now)
{
	if (c->tries++ == PROBES) {
		bind(c);
		return;
	}
	c->next_ns = now + PROBE_NS;
	c->probe(c->arg, c->lease.address);
}

static void
take_ack(struct dhcp_client *c, const struct dhcp_message *m, u64 now)
{
	struct dhcp_client_lease lease;
	bool had = dhcp_client_has_address(c);

	/* Another server may answer what was asked of all, but about this address. */
	if (!take_lease(c, m, &lease) || lease.address != c->lease.address ||
	    ((c->state == DHCP_CLIENT_REQUESTING || c->state == DHCP_CLIENT_RENEWING) &&
	     lease.server != c->lease.server)) {
		c->refused++;
		return;
	}
	c->lease = lease;
	set_times(c, m);
	if (had) {
		bind(c);
		return;
	}
	c->state = DHCP_CLIENT_PROBING;
	c->tries = 0;
	probe(c, now);
}

void
dhcp_client_conflict(struct dhcp_client *c, u64 now)
{
	if (c->state != DHCP_CLIENT_PROBING)
		return;
	c->declined++;
	send_message(c, now);
	restart_quietly(c);
	c->next_ns = now + DECLINED_SECONDS * SECOND_NS;
}

void
dhcp_client_receive(struct dhcp_client *c, const u8 *at, u32 len, u64 now)
{
	struct dhcp_message m;
	bool asked = c->state != DHCP_CLIENT_OFF && c->state != DHCP_CLIENT_PROBING &&
		     c->state != DHCP_CLIENT_BOUND;

	if (!dhcp_check(at, len, &m) || !asked || m.op != DHCP_BOOTREPLY || m.xid != c->xid ||
	    memcmp(m.mac, c->mac, ETH_ADDRESS) != 0) {
		c->refused++;
		return;
	}
	if (c->state == DHCP_CLIENT_SELECTING) {
		if (m.type == DHCP_OFFER)
			take_offer(c, &m, now);
	} else if (m.type == DHCP_ACK) {
		take_ack(c, &m, now);
	} else if (m.type == DHCP_NAK &&
		   (m.server == c->lease.server || c->state != DHCP_CLIENT_REQUESTING)) {
		/* Not at once: a server that refuses what it offered would have us turn in
		 * circles. */
		restart_quietly(c);
		c->next_ns = now + SECOND_NS;
	}
}

/* Half of what remains until the next state, but at least a minute: section 4.4.5. */
static void
renew(struct dhcp_client *c, u8 state, u64 until, u64 now)
{
	if (c->state != state) {
		c->state = state;
		c->xid = draw(c);
		c->began_ns = now;
	} else if (now < c->next_ns) {
		return;
	}
	c->next_ns = now + MAX((until - now) / 2, RENEW_SECONDS_MIN * SECOND_NS);
	send_message(c, now);
}

static void
tick_bound(struct dhcp_client *c, u64 now)
{
	if (now >= c->end_ns)
		restart(c, now);
	else if (now >= c->t2_ns)
		renew(c, DHCP_CLIENT_REBINDING, c->end_ns, now);
	else if (now >= c->t1_ns)
		renew(c, DHCP_CLIENT_RENEWING, c->t2_ns, now);
}

void
dhcp_client_tick(struct dhcp_client *c, u64 now)
{
	bool over;

	if (c->state == DHCP_CLIENT_OFF)
		return;
	if (dhcp_client_has_address(c)) {
		tick_bound(c, now);
		return;
	}
	if (now < c->next_ns)
		return;
	if (c->state == DHCP_CLIENT_PROBING) {
		probe(c, now);
		return;
	}
	over = (c->state == DHCP_CLIENT_REQUESTING && c->tries >= REQUEST_TRIES) ||
	       (c->state == DHCP_CLIENT_REBOOTING && c->tries >= REBOOT_TRIES);
	if (over)
		restart(c, now);
	else
		try_once(c, now);
}

const char *
dhcp_client_state_name(const struct dhcp_client *c)
{
	static const char *const names[DHCP_CLIENT_STATES] = {"off",	    "discovering",
							      "requesting", "rebooting",
							      "probing",    "bound",
							      "renewing",   "rebinding"};

	return names[c->state];
}
