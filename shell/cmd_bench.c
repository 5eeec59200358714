/* SPDX-License-Identifier: MIT */
/*
 * bench: what single steps cost, in ticks of the TSC: those are instructions where an emulator
 * counts them. Each is done in rounds, and the cheapest round counts: in the others this CPU may
 * have been busy otherwise.
 */
#include "shell/cmd_bench.h"

#include "arch/x86_64/time.h"
#include "include/intrin.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "net/switch.h"
#include "shell/json.h"

enum {
	ROUNDS = 50,
	FRAMES = 200, /* of a round */
	LEN = 64,
	PORTS = 64,
	ADDRESSES = 10000,
	UPLINK = 1, /* the port that all the addresses are learned of, where there are many */
};

struct bench_switch {
	struct net_switch sw;
	struct net_port ports[PORTS];
	struct frame frame;
	u8 payload[LEN], received[LEN];
	u32 next; /* address that is sent to */
};

struct bench {
	struct bench_switch *s;
	const struct command_call *call;
	struct json json;
};

static bool
deliver_nothing(__unused struct net_port *port, __unused const struct frame *f)
{
	return true;
}

/* One place for all: what is copied stays in the cache, as a receiver's ring would. */
static bool
deliver_copy(struct net_port *port, const struct frame *f)
{
	struct bench_switch *s = container_of(port - port->own.slot, struct bench_switch, ports[0]);

	frame_copy(f, 0, s->received, f->len);
	return true;
}

static void
put_address(u8 *at, u32 n)
{
	at[0] = 0x52;
	at[1] = 0x54;
	be32_put(at + 2, n);
}

static void
make_frame(struct bench_switch *s, u32 from, u32 to)
{
	struct frame *f = &s->frame;

	*f = (struct frame){.len = LEN, .header_len = ETH_HEADER};
	put_address(f->header + ETH_DESTINATION, to);
	put_address(f->header + ETH_SOURCE, from);
	be16_put(f->header + ETH_TYPE, ETH_TYPE_IPV4);
	(void)frame_add_span(f, s->payload, LEN - ETH_HEADER);
}

/* A switch with so many ports, each known by its index. */
static int
start(struct bench_switch *s, u32 ports)
{
	switch_init(&s->sw, "bench", clock_ns);
	memset(s->ports, 0, sizeof(s->ports));
	for (u32 i = 0; i < ports; i++) {
		s->ports[i].deliver = deliver_nothing;
		s->ports[i].trusted = true; /* broadcasts without a cap */
		if (switch_attach(&s->sw, &s->ports[i]) != 0)
			return fail(-ERR_FULL);
	}
	for (u32 i = 0; i < ports; i++) {
		make_frame(s, i, i);
		switch_send(&s->ports[i], &s->frame);
	}
	make_frame(s, 0, 1);
	return 0;
}

static void
send_same(struct bench_switch *s)
{
	switch_send(&s->ports[0], &s->frame);
}

static void
send_to_each(struct bench_switch *s)
{
	be32_put(s->frame.header + 2, PORTS + s->next);
	s->next = (s->next + 1) % ADDRESSES;
	switch_send(&s->ports[0], &s->frame);
}

/* Ticks of one frame. */
static u64
cheapest(struct bench_switch *s, void (*send)(struct bench_switch *s))
{
	u64 best = ~0ul;

	for (u32 round = 0; round < ROUNDS; round++) {
		u64 begin = rdtsc();

		for (u32 i = 0; i < FRAMES; i++)
			send(s);
		best = MIN(best, rdtsc() - begin);
	}
	return best / FRAMES;
}

static void
measure(struct bench *b, const char *what, void (*send)(struct bench_switch *s), u32 ports)
{
	u64 ticks = cheapest(b->s, send), copied;

	for (u32 i = 0; i < ports; i++)
		b->s->ports[i].deliver = deliver_copy;
	copied = cheapest(b->s, send);
	if (!b->call->json) {
		sink_printf(b->call->out, "%-54s %6lu ticks a frame, %lu with the copy\n", what,
			    ticks, copied);
		return;
	}
	json_object(&b->json, NULL);
	json_text(&b->json, "what", what);
	json_number(&b->json, "ticks", ticks);
	json_number(&b->json, "with_copy", copied);
	json_close(&b->json);
}

static int
measure_all(struct bench *b)
{
	struct bench_switch *s = b->s;
	int err = start(s, 2);

	if (err != 0)
		return err;
	measure(b, "switch: 64 bytes between two ports", send_same, 2);
	err = start(s, PORTS);
	if (err != 0)
		return err;
	for (u32 i = 0; i < ADDRESSES; i++) {
		make_frame(s, PORTS + i, UPLINK);
		switch_send(&s->ports[UPLINK], &s->frame);
	}
	make_frame(s, 0, UPLINK);
	measure(b, "switch: the same, 64 ports and 10,000 addresses", send_to_each, PORTS);
	for (u32 i = 0; i < PORTS; i++)
		s->ports[i].deliver = deliver_nothing;
	memset(s->frame.header, 0xff, ETH_ADDRESS);
	measure(b, "switch: a broadcast to the 63 others", send_same, PORTS);
	return 0;
}

static int
bench_switch(const struct command_call *call)
{
	struct bench b = {.call = call};
	int err;

	b.s = heap_alloc(sizeof(*b.s));
	if (b.s == NULL)
		return command_error(call, -ERR_NOMEM, "no memory; stop a VM first");
	json_init(&b.json, call->out);
	if (call->json)
		json_array(&b.json, NULL);
	err = measure_all(&b);
	if (call->json)
		json_close(&b.json);
	heap_free(b.s);
	return err;
}

static int
run(const struct command_call *call)
{
	if (call->argc > 1 && strcmp(call->argv[1], "switch") != 0)
		return command_error(call, -ERR_NOENT, "no bench \"%s\"; there is switch",
				     call->argv[1]);
	return bench_switch(call);
}

static const char *
completion(unsigned arg, unsigned n)
{
	return arg == 1 && n == 0 ? "switch" : NULL;
}

const struct command cmd_bench = {
	.name = "bench",
	.usage = "[switch]",
	.summary = "what single steps of the hypervisor cost, in ticks of the TSC",
	.details = "switch: frames of 64 bytes through a switch of its own, of the cheapest round\n"
		   "the mean. No VM notices.\n",
	.args_max = 1,
	.has_json = true,
	.run = run,
	.completion = completion,
};
