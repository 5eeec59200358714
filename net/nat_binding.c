/* SPDX-License-Identifier: MIT */
/* What inside endpoints are outside: see net/nat_binding.h. */
#include "net/nat_binding.h"

#include "net/nat_table.h"

/*
 * A table full of flows takes a fifth of the ports: that none of so many random ones is free
 * happens once in 10^22.
 */
enum { PORTS = NAT_PORT_LAST - NAT_PORT_FIRST + 1, PORT_TRIES = 32 };

static u32
inside_bucket(const struct nat *n, u8 protocol, u32 inside, u16 port)
{
	return nat_bucket(n, (struct nat_key){inside, (u64)protocol << 16 | port});
}

static u32
outside_bucket(const struct nat *n, u8 protocol, u16 port)
{
	return nat_bucket(n, (struct nat_key){0, (u64)protocol << 16 | port});
}

static void
link_inside(struct nat *n, u16 index)
{
	const struct nat_binding *b = &n->bindings[index];

	nat_table_insert(&n->bindings_inside,
			 inside_bucket(n, b->protocol, b->inside, b->inside_port), index);
}

static void
link_outside(struct nat *n, u16 index)
{
	const struct nat_binding *b = &n->bindings[index];

	nat_table_insert(&n->bindings_outside, outside_bucket(n, b->protocol, b->outside_port),
			 index);
}

static void
unlink_inside(struct nat *n, u16 index)
{
	const struct nat_binding *b = &n->bindings[index];

	nat_table_remove(&n->bindings_inside,
			 inside_bucket(n, b->protocol, b->inside, b->inside_port), index);
}

/* The free ones are a chain in the inside table's links. */
static void
make_free(struct nat *n, u16 index)
{
	n->bindings_inside.next[index] = n->free_binding;
	n->free_binding = index;
}

void
nat_bindings_init(struct nat *n)
{
	n->free_binding = NAT_NONE;
	for (u32 i = NAT_BINDINGS; i-- > NAT_FORWARDS_MAX;)
		make_free(n, (u16)i);
	for (u32 i = 0; i < n->config.forward_count; i++) {
		const struct nat_forward *forward = &n->config.forwards[i];

		n->bindings[i] = (struct nat_binding){.inside_port = forward->inside_port,
						      .outside_port = forward->outside_port,
						      .protocol = forward->protocol};
		link_outside(n, (u16)i);
		nat_binding_set_forward(n, (u16)i, forward->inside);
	}
}

void
nat_binding_set_forward(struct nat *n, u16 index, u32 inside)
{
	struct nat_binding *b = &n->bindings[index];

	if (b->inside != 0)
		unlink_inside(n, index);
	b->inside = inside;
	if (inside != 0)
		link_inside(n, index);
}

u16
nat_binding_of_port(const struct nat *n, u8 protocol, u16 outside_port)
{
	const struct nat_table *t = &n->bindings_outside;
	u16 i = t->heads[outside_bucket(n, protocol, outside_port)];

	while (i != NAT_NONE &&
	       (n->bindings[i].outside_port != outside_port || n->bindings[i].protocol != protocol))
		i = t->next[i];
	return i;
}

static u16
binding_of_inside(const struct nat *n, u8 protocol, u32 inside, u16 port)
{
	const struct nat_table *t = &n->bindings_inside;
	u16 i = t->heads[inside_bucket(n, protocol, inside, port)];

	while (i != NAT_NONE &&
	       (n->bindings[i].inside != inside || n->bindings[i].inside_port != port ||
		n->bindings[i].protocol != protocol))
		i = t->next[i];
	return i;
}

static bool
port_is_free(const struct nat *n, u8 protocol, u32 port)
{
	return port >= NAT_PORT_FIRST && port <= NAT_PORT_LAST &&
	       nat_binding_of_port(n, protocol, (u16)port) == NAT_NONE;
}

/* The same number, else one at random of the same parity (RFC 4787, REQ-3 and 4); 0: none. */
static u16
choose_port(struct nat *n, u8 protocol, u16 inside_port)
{
	u32 port = inside_port;

	for (unsigned tries = 0; tries < PORT_TRIES; tries++) {
		if (port_is_free(n, protocol, port))
			return (u16)port;
		port = NAT_PORT_FIRST + nat_random(n) % PORTS;
		port ^= (port ^ inside_port) & 1;
	}
	return 0;
}

static u16
new_binding(struct nat *n, u8 protocol, u32 inside, u16 inside_port)
{
	u16 index = n->free_binding, port = choose_port(n, protocol, inside_port);

	if (index == NAT_NONE || port == 0 ||
	    !nat_table_has_room(&n->bindings_inside,
				inside_bucket(n, protocol, inside, inside_port)) ||
	    !nat_table_has_room(&n->bindings_outside, outside_bucket(n, protocol, port)))
		return NAT_NONE;
	n->free_binding = n->bindings_inside.next[index];
	n->bindings[index] = (struct nat_binding){.inside = inside,
						  .inside_port = inside_port,
						  .outside_port = port,
						  .protocol = protocol};
	link_inside(n, index);
	link_outside(n, index);
	return index;
}

u16
nat_binding_get(struct nat *n, u8 protocol, u32 inside, u16 inside_port)
{
	u16 index = binding_of_inside(n, protocol, inside, inside_port);

	if (index == NAT_NONE)
		index = new_binding(n, protocol, inside, inside_port);
	if (index != NAT_NONE)
		n->bindings[index].flows++;
	return index;
}

void
nat_binding_put(struct nat *n, u16 index)
{
	struct nat_binding *b = &n->bindings[index];

	b->flows--;
	if (b->flows != 0 || nat_binding_is_forward(index))
		return;
	unlink_inside(n, index);
	nat_table_remove(&n->bindings_outside, outside_bucket(n, b->protocol, b->outside_port),
			 index);
	make_free(n, index);
}
