/* SPDX-License-Identifier: MIT */
/* Leases and who may have them: see net/dhcp_lease.h. */
#include "net/dhcp_lease.h"

#include "lib/string.h"
#include "net/ipv4.h"

bool
dhcp_in_subnet(const struct dhcp_server *s, u32 address)
{
	u32 mask = ipv4_mask(s->config.prefix);

	return (address & mask) == (s->config.address & mask) && (address & ~mask) != 0 &&
	       (address & ~mask) != ~mask && address != s->config.address;
}

static bool
in_pool(const struct dhcp_server *s, u32 address)
{
	return dhcp_in_subnet(s, address) && address - s->first < s->size;
}

static struct dhcp_lease *
lease_at(struct dhcp_server *s, u32 address)
{
	if (in_pool(s, address)) {
		u16 index = s->by_offset[address - s->first];

		return index == 0 ? NULL : &s->leases[index - 1];
	}
	for (unsigned i = 0; i < DHCP_LEASES_MAX; i++) {
		if (s->leases[i].state != DHCP_FREE && s->leases[i].address == address)
			return &s->leases[i];
	}
	return NULL;
}

/* The static address of a MAC, or 0. */
static u32
static_address(const struct dhcp_server *s, const u8 *mac)
{
	for (unsigned i = 0; i < s->config.static_count; i++) {
		const struct dhcp_static *host = &s->config.statics[i];

		if (memcmp(host->mac, mac, ETH_ADDRESS) == 0 && dhcp_in_subnet(s, host->address))
			return host->address;
	}
	return 0;
}

static bool
is_static(const struct dhcp_server *s, u32 address)
{
	for (unsigned i = 0; i < s->config.static_count; i++) {
		if (s->config.statics[i].address == address)
			return true;
	}
	return false;
}

bool
dhcp_is_owners(const struct dhcp_lease *lease, const struct dhcp_asker *c)
{
	return strncmp(lease->owner_name, c->owner_name, DHCP_OWNER_NAME_MAX) == 0;
}

static bool
is_clients(const struct dhcp_lease *lease, const struct dhcp_message *m)
{
	if (lease->state == DHCP_FREE || lease->state == DHCP_DECLINED ||
	    memcmp(lease->mac, m->mac, ETH_ADDRESS) != 0)
		return false;
	/* A static address is the MAC's, whatever boots there. */
	return lease->is_static ||
	       (lease->id_len == m->id_len && memcmp(lease->id, m->id, m->id_len) == 0);
}

struct dhcp_lease *
dhcp_find_lease(struct dhcp_server *s, const struct dhcp_message *m)
{
	for (unsigned i = 0; i < DHCP_LEASES_MAX; i++) {
		if (is_clients(&s->leases[i], m))
			return &s->leases[i];
	}
	return NULL;
}

void
dhcp_set_state(struct dhcp_server *s, struct dhcp_lease *lease, u8 state, u64 expires_ns)
{
	u8 before = lease->state;

	lease->state = state;
	lease->expires_ns = expires_ns;
	if (before == DHCP_BOUND && state != DHCP_BOUND)
		s->config.unbound(s->config.arg, lease);
	if (state == DHCP_FREE && in_pool(s, lease->address))
		s->by_offset[lease->address - s->first] = 0;
	if (state == DHCP_BOUND)
		s->config.bound(s->config.arg, lease);
}

void
dhcp_remove_lease(struct dhcp_server *s, struct dhcp_lease *lease)
{
	dhcp_set_state(s, lease, DHCP_FREE, 0);
}

static bool
may_have(struct dhcp_server *s, const struct dhcp_asker *c, u32 address)
{
	return in_pool(s, address) && !is_static(s, address) &&
	       !s->config.in_use(s->config.arg, address, c->m->mac);
}

/* Where a client's addresses begin to be looked for: the same ones each time (FNV-1a). */
static u32
hash_of(const struct dhcp_message *m)
{
	u32 hash = 2166136261u;

	for (unsigned i = 0; i < ETH_ADDRESS; i++)
		hash = (hash ^ m->mac[i]) * 16777619u;
	return hash ^ hash >> 16;
}

/* An address that nobody had, or else one that ran out; 0 when there is none. */
static u32
choose_address(struct dhcp_server *s, const struct dhcp_asker *c)
{
	u32 start = hash_of(c->m), expired = 0;

	for (u32 i = 0; i < s->size; i++) {
		u32 address = s->first + (start + i) % s->size;
		const struct dhcp_lease *lease = lease_at(s, address);

		if (lease != NULL && (lease->state != DHCP_EXPIRED || expired != 0))
			continue;
		if (!may_have(s, c, address))
			continue;
		if (lease == NULL)
			return address;
		expired = address;
	}
	return expired;
}

static bool
is_older(const struct dhcp_lease *a, const struct dhcp_lease *b)
{
	return b == NULL || a->expires_ns < b->expires_ns;
}

/*
 * Whether the owner may have one more lease; at its quota it gives up the oldest one that has run
 * out, or an offer that it never took.
 */
static bool
within_quota(struct dhcp_server *s, const struct dhcp_asker *c)
{
	struct dhcp_lease *expired = NULL, *offered = NULL;
	unsigned count = 0;

	for (unsigned i = 0; i < DHCP_LEASES_MAX; i++) {
		struct dhcp_lease *lease = &s->leases[i];

		if (lease->state == DHCP_FREE || lease->state == DHCP_DECLINED ||
		    lease->is_static || !dhcp_is_owners(lease, c))
			continue;
		count++;
		if (lease->state == DHCP_EXPIRED && is_older(lease, expired))
			expired = lease;
		if (lease->state == DHCP_OFFERED && is_older(lease, offered))
			offered = lease;
	}
	if (count < s->owner_quota)
		return true;
	if (expired == NULL)
		expired = offered;
	if (expired == NULL)
		return false;
	dhcp_remove_lease(s, expired);
	return true;
}

static struct dhcp_lease *
free_lease(struct dhcp_server *s)
{
	struct dhcp_lease *oldest = NULL;

	for (unsigned i = 0; i < DHCP_LEASES_MAX; i++) {
		struct dhcp_lease *lease = &s->leases[i];

		if (lease->state == DHCP_FREE)
			return lease;
		if (lease->state == DHCP_EXPIRED && is_older(lease, oldest))
			oldest = lease;
	}
	if (oldest != NULL)
		dhcp_remove_lease(s, oldest);
	return oldest;
}

static void
copy_name(char *to, const char *from, size_t size)
{
	size_t len = strnlen(from, size - 1);

	memcpy(to, from, len);
	to[len] = '\0';
}

/* The client may come from another port than before. */
static void
adopt(struct dhcp_lease *lease, const struct dhcp_asker *c)
{
	lease->owner = (u16)c->owner;
	copy_name(lease->owner_name, c->owner_name, sizeof(lease->owner_name));
	if (c->m->host_name[0] != '\0')
		copy_name(lease->host_name, c->m->host_name, sizeof(lease->host_name));
}

static struct dhcp_lease *
make_lease(struct dhcp_server *s, const struct dhcp_asker *c, u32 address, bool static_one)
{
	struct dhcp_lease *lease = lease_at(s, address);

	if (lease != NULL)
		dhcp_remove_lease(s, lease);
	lease = free_lease(s);
	if (lease == NULL)
		return NULL;
	memset(lease, 0, sizeof(*lease));
	lease->address = address;
	lease->is_static = static_one;
	memcpy(lease->mac, c->m->mac, ETH_ADDRESS);
	lease->id_len = c->m->id_len;
	memcpy(lease->id, c->m->id, c->m->id_len);
	lease->state = DHCP_OFFERED;
	lease->expires_ns = c->now + DHCP_OFFER_SECONDS * DHCP_SECOND_NS;
	if (in_pool(s, address))
		s->by_offset[address - s->first] = (u16)(lease - s->leases + 1);
	adopt(lease, c);
	return lease;
}

struct dhcp_lease *
dhcp_new_lease(struct dhcp_server *s, const struct dhcp_asker *c, u32 wanted, bool exactly)
{
	const struct dhcp_lease *other = lease_at(s, wanted);
	u32 address = static_address(s, c->m->mac);

	if (address != 0)
		return exactly && address != wanted ? NULL : make_lease(s, c, address, true);
	if (exactly && (other != NULL || !may_have(s, c, wanted)))
		return NULL;
	if (!within_quota(s, c))
		return NULL;
	address = other == NULL && may_have(s, c, wanted) ? wanted : choose_address(s, c);
	return address == 0 ? NULL : make_lease(s, c, address, false);
}

struct dhcp_lease *
dhcp_old_lease(struct dhcp_server *s, const struct dhcp_asker *c, bool *denied)
{
	struct dhcp_lease *lease = dhcp_find_lease(s, c->m);
	u32 fixed = static_address(s, c->m->mac);

	*denied = lease != NULL && lease->state == DHCP_BOUND && !dhcp_is_owners(lease, c);
	if (*denied) {
		s->spoofed++;
		return NULL;
	}
	if (lease == NULL)
		return NULL;
	if (lease->is_static != (fixed != 0) || (fixed != 0 && lease->address != fixed) ||
	    (lease->state != DHCP_BOUND && !lease->is_static && !may_have(s, c, lease->address)) ||
	    (!dhcp_is_owners(lease, c) && !lease->is_static && !within_quota(s, c))) {
		dhcp_remove_lease(s, lease);
		return NULL;
	}
	if (lease->state == DHCP_FREE) /* within_quota() took just this one */
		return NULL;
	adopt(lease, c);
	return lease;
}
