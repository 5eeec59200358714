/* SPDX-License-Identifier: MIT */
/* A DHCP server's messages: see net/dhcp_server.h. Sections are those of RFC 2131. */
#include "net/dhcp_server.h"

#include "lib/string.h"
#include "net/dhcp_lease.h"
#include "net/ipv4.h"

enum { POOL_SHARE = 8 }; /* an owner gets this part of a small pool */

void
dhcp_server_init(struct dhcp_server *s, const struct dhcp_server_config *config)
{
	u32 hosts = ~ipv4_mask(config->prefix); /* the broadcast's number; 0 is the network's */

	memset(s, 0, sizeof(*s));
	s->config = *config;
	s->first = (config->address & ipv4_mask(config->prefix)) + 1;
	s->size = hosts < 2 ? 0 : MIN(hosts - 1, (u32)DHCP_POOL_MAX);
	s->owner_quota = (u16)MIN(MAX(s->size / POOL_SHARE, 2u), (u32)DHCP_OWNER_LEASES);
}

/* What every answer but a NAK tells. */
static void
put_settings(const struct dhcp_server *s, struct dhcp_writer *w)
{
	u32 mask = ipv4_mask(s->config.prefix);

	dhcp_put32(w, DHCP_MASK, mask);
	dhcp_put32(w, DHCP_BROADCAST, s->config.address | ~mask);
	if (s->config.router)
		dhcp_put32(w, DHCP_ROUTER, s->config.address);
	dhcp_put32(w, DHCP_DNS, s->config.address);
	dhcp_put16(w, DHCP_MTU, s->config.mtu);
	if (s->config.domain[0] != '\0')
		dhcp_put(w, DHCP_DOMAIN, s->config.domain, (u32)strlen(s->config.domain));
}

/* Section 4.1: to the address that the client has, else to all if it wants that, else to the one
 * that it gets, by its MAC. */
static struct dhcp_answer
answer_to(const struct dhcp_message *m, u32 len, u32 has, u32 gets)
{
	struct dhcp_answer a = {.len = len, .destination = has != 0 ? has : gets};

	memcpy(a.mac, m->mac, ETH_ADDRESS);
	if (a.destination == 0 || (has == 0 && (m->flags & DHCP_FLAG_BROADCAST))) {
		a.destination = IPV4_BROADCAST;
		memset(a.mac, 0xff, ETH_ADDRESS);
	}
	return a;
}

static struct dhcp_writer
begin_answer(const struct dhcp_server *s, const struct dhcp_message *m, u8 type, u8 *out)
{
	struct dhcp_writer w = dhcp_begin(out, DHCP_BOOTREPLY, type, m->xid, m->mac);

	be16_put(out + DHCP_FLAGS, m->flags & DHCP_FLAG_BROADCAST);
	dhcp_put32(&w, DHCP_SERVER, s->config.address);
	return w;
}

static struct dhcp_answer
answer_lease(const struct dhcp_server *s, const struct dhcp_message *m, u8 type,
	     const struct dhcp_lease *lease, u8 *out)
{
	struct dhcp_writer w = begin_answer(s, m, type, out);
	u32 has = type == DHCP_ACK && m->ciaddr == lease->address ? m->ciaddr : 0;

	be32_put(out + DHCP_CIADDR, has);
	be32_put(out + DHCP_YIADDR, lease->address);
	dhcp_put32(&w, DHCP_LEASE_TIME, DHCP_LEASE_SECONDS);
	dhcp_put32(&w, DHCP_T1, DHCP_LEASE_SECONDS / 2);
	dhcp_put32(&w, DHCP_T2, DHCP_LEASE_SECONDS / 8 * 7);
	put_settings(s, &w);
	return answer_to(m, dhcp_end(&w), has, lease->address);
}

static struct dhcp_answer
answer_nak(struct dhcp_server *s, const struct dhcp_message *m, u8 *out)
{
	struct dhcp_writer w = begin_answer(s, m, DHCP_NAK, out);

	s->naks++;
	return answer_to(m, dhcp_end(&w), 0, 0); /* to all: section 4.3.2 */
}

static struct dhcp_answer
discover(struct dhcp_server *s, const struct dhcp_asker *c, u8 *out)
{
	bool denied;
	struct dhcp_lease *lease = dhcp_old_lease(s, c, &denied);

	if (lease == NULL && !denied)
		lease = dhcp_new_lease(s, c, c->m->requested, false);
	if (lease == NULL) {
		s->no_address++;
		return (struct dhcp_answer){0};
	}
	if (lease->state != DHCP_BOUND)
		dhcp_set_state(s, lease, DHCP_OFFERED,
			       c->now + DHCP_OFFER_SECONDS * DHCP_SECOND_NS);
	return answer_lease(s, c->m, DHCP_OFFER, lease, out);
}

/* It has chosen another server: what was offered here is free again. */
static void
take_back_offer(struct dhcp_server *s, const struct dhcp_asker *c)
{
	struct dhcp_lease *lease = dhcp_find_lease(s, c->m);

	if (lease != NULL && lease->state == DHCP_OFFERED && dhcp_is_owners(lease, c))
		dhcp_remove_lease(s, lease);
}

/*
 * Section 4.3.2. Nobody else serves this subnet, so a client that is not known, as after a restart,
 * gets what it had, or a NAK.
 */
static struct dhcp_answer
request(struct dhcp_server *s, const struct dhcp_asker *c, u8 *out)
{
	u32 wanted = c->m->requested != 0 ? c->m->requested : c->m->ciaddr;
	struct dhcp_lease *lease;
	bool denied;

	if (c->m->server != 0 && c->m->server != s->config.address) {
		take_back_offer(s, c);
		return (struct dhcp_answer){0};
	}
	lease = dhcp_old_lease(s, c, &denied);
	if (denied)
		return (struct dhcp_answer){0};
	if (lease == NULL)
		lease = dhcp_new_lease(s, c, wanted, true);
	if (lease == NULL || lease->address != wanted)
		return answer_nak(s, c->m, out);
	if (c->m->ciaddr == 0)
		lease->begun_ns = c->now;
	dhcp_set_state(s, lease, DHCP_BOUND, c->now + DHCP_LEASE_SECONDS * DHCP_SECOND_NS);
	return answer_lease(s, c->m, DHCP_ACK, lease, out);
}

static unsigned
count_declined(const struct dhcp_server *s, const struct dhcp_asker *c)
{
	unsigned count = 0;

	for (unsigned i = 0; i < DHCP_LEASES_MAX; i++)
		count += s->leases[i].state == DHCP_DECLINED && dhcp_is_owners(&s->leases[i], c);
	return count;
}

/* Section 4.3.3; what an owner declines beyond its measure is simply free again. */
static void
decline(struct dhcp_server *s, const struct dhcp_asker *c)
{
	struct dhcp_lease *lease = dhcp_find_lease(s, c->m);

	if (lease == NULL || lease->address != c->m->requested || !dhcp_is_owners(lease, c) ||
	    lease->state == DHCP_EXPIRED)
		return;
	if (lease->is_static || count_declined(s, c) >= DHCP_OWNER_DECLINED)
		dhcp_remove_lease(s, lease);
	else
		dhcp_set_state(s, lease, DHCP_DECLINED,
			       c->now + DHCP_DECLINE_SECONDS * DHCP_SECOND_NS);
}

/* Section 4.3.4: the client is remembered, for it to get the same address later. */
static void
release(struct dhcp_server *s, const struct dhcp_asker *c)
{
	struct dhcp_lease *lease = dhcp_find_lease(s, c->m);

	if (lease != NULL && lease->address == c->m->ciaddr && dhcp_is_owners(lease, c) &&
	    lease->state == DHCP_BOUND)
		dhcp_set_state(s, lease, DHCP_EXPIRED, c->now);
}

static struct dhcp_answer
inform(const struct dhcp_server *s, const struct dhcp_asker *c, u8 *out)
{
	struct dhcp_writer w;

	if (!dhcp_in_subnet(s, c->m->ciaddr))
		return (struct dhcp_answer){0};
	w = begin_answer(s, c->m, DHCP_ACK, out);
	be32_put(out + DHCP_CIADDR, c->m->ciaddr);
	put_settings(s, &w);
	return answer_to(c->m, dhcp_end(&w), c->m->ciaddr, 0);
}

struct dhcp_answer
dhcp_server_receive(struct dhcp_server *s, const u8 *at, u32 len, const u8 *source, unsigned owner,
		    const char *owner_name, u64 now, u8 *out)
{
	struct dhcp_message m;
	struct dhcp_asker c = {&m, owner, owner_name, now};

	if (!dhcp_check(at, len, &m) || m.op != DHCP_BOOTREQUEST || m.giaddr != 0) {
		s->malformed++;
		return (struct dhcp_answer){0};
	}
	if (memcmp(m.mac, source, ETH_ADDRESS) != 0) {
		s->spoofed++;
		return (struct dhcp_answer){0};
	}
	dhcp_server_tick(s, now);
	switch (m.type) {
	case DHCP_DISCOVER: return discover(s, &c, out);
	case DHCP_REQUEST: return request(s, &c, out);
	case DHCP_INFORM: return inform(s, &c, out);
	case DHCP_DECLINE: decline(s, &c); break;
	case DHCP_RELEASE: release(s, &c); break;
	default: s->malformed++; break;
	}
	return (struct dhcp_answer){0};
}

void
dhcp_server_tick(struct dhcp_server *s, u64 now)
{
	for (unsigned i = 0; i < DHCP_LEASES_MAX; i++) {
		struct dhcp_lease *lease = &s->leases[i];

		if (lease->expires_ns > now)
			continue;
		if (lease->state == DHCP_BOUND)
			dhcp_set_state(s, lease, DHCP_EXPIRED, now);
		else if (lease->state == DHCP_OFFERED || lease->state == DHCP_DECLINED)
			dhcp_remove_lease(s, lease);
	}
}

const struct dhcp_lease *
dhcp_server_lease(const struct dhcp_server *s, unsigned i)
{
	for (unsigned at = 0; at < DHCP_LEASES_MAX; at++) {
		if (s->leases[at].state != DHCP_FREE && i-- == 0)
			return &s->leases[at];
	}
	return NULL;
}
