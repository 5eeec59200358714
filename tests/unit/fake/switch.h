/* SPDX-License-Identifier: MIT */
/* A switch for tests, a clock that they set, and ports that keep what they were given last. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "include/intrin.h"
#include "net/switch.h"
#include "tests/unit/fake/frames.h"

enum { FAKE_PORTS = SWITCH_PORTS_MAX + 1 };

struct fake_port {
	struct net_port port;
	bool full; /* it has no room */
	u32 given; /* frames */
	u32 len;   /* of the last one, and its bytes */
	bool tagged, partial;
	u16 tag;
	u8 segmentation;
	u8 bytes[FRAME_LEN_MAX];
	void (*look)(struct fake_port *port); /* at each; or NULL */
};

static struct net_switch fake_switch;
static struct fake_port fake_ports[FAKE_PORTS];
static struct frame fake_sent; /* the frame that is sent next, or was last */
static u64 fake_now;

static inline u64
fake_now_ns(void)
{
	return fake_now;
}

static inline bool
fake_deliver(struct net_port *port, const struct frame *f)
{
	struct fake_port *p = container_of(port, struct fake_port, port);

	if (!spin_held(&fake_switch.lock) || f->len > sizeof(p->bytes) || f->from == port)
		abort();
	if (p->full)
		return false;
	p->given++;
	p->len = f->len;
	p->tagged = f->tagged;
	p->tag = f->tag;
	p->partial = f->checksum_missing;
	p->segmentation = f->segmentation;
	frame_copy(f, 0, p->bytes, f->len);
	if (p->look != NULL)
		p->look(p);
	return true;
}

/* Number n's own address. */
static inline void
fake_mac(u8 *mac, u32 n)
{
	memcpy(mac, (u8[]){0x52, 0x54, (u8)(n >> 24), (u8)(n >> 16), (u8)(n >> 8), (u8)n}, 6);
}

/* `count` ordinary ports, not attached, each with a MAC of its index. */
static inline void
fake_ports_init(u32 count)
{
	fake_now = 1000 * SWITCH_AGE_NS;
	for (u32 i = 0; i < count; i++) {
		struct net_port *p = &fake_ports[i].port;

		memset(&fake_ports[i], 0, offsetof(struct fake_port, bytes));
		fake_ports[i].look = NULL;
		p->deliver = fake_deliver;
		fake_mac(p->settings.mac, i);
	}
}

/* The same, and a switch. */
static inline void
fake_switch_init(u32 count)
{
	fake_ports_init(count);
	switch_init(&fake_switch, "test", fake_now_ns);
}

static inline void
fake_attach_all(u32 count)
{
	for (u32 i = 0; i < count; i++) {
		if (switch_attach(&fake_switch, &fake_ports[i].port) != 0)
			abort();
	}
}

static inline void
fake_forget_given(u32 count)
{
	for (u32 i = 0; i < count; i++)
		fake_ports[i].given = 0;
}

/* The clock is at fake_now, and the TSC has gone on enough to show it. */
static inline void
fake_clock_moves(void)
{
	fake_tsc += 1ul << 32;
}

/* Sends len bytes as they are from a port. */
static inline void
fake_send_bytes(u32 from, const u8 *bytes, u32 len)
{
	fake_frame(&fake_sent, bytes, len, 64, 1000);
	fake_clock_moves();
	switch_send(&fake_ports[from].port, &fake_sent);
}

/* The same, passed on for the port in a slot. */
static inline void
fake_send_bytes_for(u32 from, u32 slot, const u8 *bytes, u32 len)
{
	fake_frame(&fake_sent, bytes, len, 64, 1000);
	fake_clock_moves();
	switch_send_for(&fake_ports[from].port, slot, &fake_sent);
}

/* A frame of 60 bytes and some type, of MACs by number; to FAKE_ALL is a broadcast. */
enum { FAKE_ALL = -1 };

static inline u8 *
fake_ethernet(u8 *bytes, int to, u32 source)
{
	memset(bytes, 0, ETH_MIN);
	if (to == FAKE_ALL)
		memset(bytes, 0xff, ETH_ADDRESS);
	else
		fake_mac(bytes, (u32)to);
	fake_mac(bytes + ETH_SOURCE, source);
	be16_put(bytes + ETH_TYPE, 0x88b5); /* for experiments */
	return bytes;
}

static inline void
fake_send(u32 from, int to, u32 source)
{
	u8 bytes[ETH_MIN];

	fake_send_bytes(from, fake_ethernet(bytes, to, source), ETH_MIN);
}

/* The frame that was sent last, from another MAC: a flood is made of these. */
static inline void
fake_send_again(u32 from, u32 source)
{
	fake_mac(fake_sent.header + ETH_SOURCE, source);
	fake_clock_moves();
	switch_send(&fake_ports[from].port, &fake_sent);
}
