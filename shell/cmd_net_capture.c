/* SPDX-License-Identifier: MIT */
/* net capture: frames are copied as they pass, and printed by the shell's own thread. */
#include "arch/x86_64/time.h"
#include "lib/string.h"
#include "lib/text.h"
#include "mm/heap.h"
#include "net/describe.h"
#include "sched/thread.h"
#include "shell/cmd_net_parts.h"

#define PATIENCE_NS NS_PER_S

enum {
	FRAMES = 128,
	FRAME_BYTES = 2048, /* of each: of one to be segmented, the rest is not shown */
	LINE_BYTES = 16,
	LOOK_NS = 50 * 1000 * 1000,
};

struct capture {
	struct frame_queue queue;
	const struct command_call *call;
	bool hex;
	u64 shown;
};

static void
take(void *arg, const struct frame *f, bool sent)
{
	struct capture *c = arg;

	(void)frame_queue_put(&c->queue, f, sent, clock_ns());
}

static void
print_hex(const struct capture *c, const struct queued_frame *q)
{
	for (u32 at = 0; at < q->kept; at += LINE_BYTES) {
		sink_printf(c->call->out, "%06x ", at);
		for (u32 i = at; i < MIN(at + LINE_BYTES, q->kept); i++)
			sink_printf(c->call->out, " %02x", q->data[i]);
		sink_printf(c->call->out, "\n");
	}
	sink_printf(c->call->out, "\n");
}

static void
print(struct capture *c, const struct queued_frame *q)
{
	/* text2pcap takes a line that begins with # for a comment. */
	sink_printf(c->call->out, "%s%lu.%06lu %s ", c->hex ? "# " : "", q->when_ns / NS_PER_S,
		    q->when_ns % NS_PER_S / 1000, q->sent ? "tx" : "rx");
	net_describe(c->call->out, q->data, q->kept, q->len);
	sink_printf(c->call->out, "\n");
	if (c->hex)
		print_hex(c, q);
	c->shown++;
}

static void
print_all(struct capture *c)
{
	struct queued_frame *q;

	while ((q = frame_queue_next(&c->queue)) != NULL && !command_interrupted()) {
		print(c, q);
		frame_queue_release(&c->queue);
	}
}

/* What had passed by the Ctrl-C, as far as the line is quick enough with it. */
static void
print_rest(struct capture *c)
{
	u64 begin = clock_ns();
	struct queued_frame *q;

	while ((q = frame_queue_next(&c->queue)) != NULL) {
		if (clock_ns() - begin < PATIENCE_NS)
			print(c, q);
		else
			c->queue.lost++;
		frame_queue_release(&c->queue);
	}
}

/* From when on it takes frames is told: who sends some to see them waits for that. */
static int
begin(struct capture *c, const char *port)
{
	int err = network_tap(port, take, c);

	if (err == -ERR_NOENT)
		return command_error(c->call, err,
				     "there is no port \"%s\" now; net ports NET shows those of a "
				     "network (a VM's is there while it runs)",
				     port);
	if (err != 0)
		return command_error(c->call, err, "port %s is captured already", port);
	sink_printf(c->call->out, "%scapturing %s until Ctrl-C\n", c->hex ? "# " : "", port);
	return 0;
}

static void
watch(struct capture *c, const char *port)
{
	while (!command_interrupted()) {
		print_all(c);
		if (!network_is_tapped(port, c)) {
			sink_printf(c->call->out, "%sport %s has gone\n", c->hex ? "# " : "", port);
			return;
		}
		thread_sleep_ns(LOOK_NS);
	}
}

/* Without numbers at the end of a dump: text2pcap would take them for bytes without a last newline.
 */
static void
say_end(const struct capture *c)
{
	if (c->queue.lost != 0)
		sink_printf(c->call->out, "%s%lu more frames came faster than this line prints\n%s",
			    c->hex ? "# " : "", c->queue.lost, c->hex ? "\n" : "");
	if (!c->hex)
		sink_printf(c->call->out, "%lu frames\n", c->shown);
}

int
net_capture(const struct command_call *call)
{
	struct capture c = {.call = call, .hex = call->argc > 3};
	const char *port = call->argv[2];
	void *memory = heap_alloc(frame_queue_size(FRAMES, FRAME_BYTES));
	int err;

	if (memory == NULL)
		return command_error(call, fail(-ERR_NOMEM), "no memory for it; stop a VM");
	frame_queue_init(&c.queue, memory, FRAMES, FRAME_BYTES, FRAMES);
	err = begin(&c, port);
	if (err == 0) {
		watch(&c, port);
		network_untap(port);
		print_rest(&c);
		say_end(&c);
	}
	heap_free(memory);
	return err;
}
