/* SPDX-License-Identifier: MIT */
/*
 * [host] console-mirror: what a VM's console is sent, on the screen too, among the log's lines. A
 * thread looks on with a mark of its own; the VM waits for nothing, and of what comes faster than
 * the screen can show, the newest is shown.
 */
#include "boot/boot.h"
#include "core/vm_console.h"
#include "core/vms.h"
#include "include/bits.h"
#include "include/intrin.h"
#include "lib/plain.h"
#include "sched/thread.h"

enum { CHUNK = 1024, BEHIND_MAX = 32 * 1024 };

#define PAUSE_NS (5 * NS_PER_MS)   /* between two pieces, for whoever else wants the CPU */
#define QUIET_NS (500 * NS_PER_MS) /* then a line without an end, as a prompt, is shown, too */

static struct mirror {
	struct vm_console *console;
	struct wait_queue news;
	struct plain plain;
	u64 from; /* the mark */
} mirror;

static void
has_output(void *unused __unused)
{
	wait_wake_all(&mirror.news);
}

static bool
is_behind(void)
{
	return READ_ONCE(mirror.console->written) != mirror.from;
}

static void
show_lost(u64 lost)
{
	char text[48];

	if (lost == 0)
		return;
	format(text, sizeof(text), "[%lu bytes lost]", lost);
	console_show(text);
}

/* Too far behind: on with the newest. */
static u64
skip(void)
{
	u64 behind = READ_ONCE(mirror.console->written) - mirror.from;

	if (behind <= BEHIND_MAX)
		return 0;
	mirror.from += behind - CHUNK;
	return behind - CHUNK;
}

static void
show_piece(void)
{
	u64 skipped = skip(), lost;
	u8 bytes[CHUNK];
	size_t len = vm_console_look(mirror.console, &mirror.from, bytes, sizeof(bytes), &lost);

	show_lost(skipped + lost);
	for (size_t i = 0; i < len; i++) {
		if (plain_feed(&mirror.plain, bytes[i]))
			console_show(mirror.plain.line);
	}
}

static void
show_rest(void)
{
	if (mirror.plain.len == 0 || mirror.plain.over)
		return;
	console_show(mirror.plain.line);
	mirror.plain.over = true;
}

static void
mirror_thread(void *unused __unused)
{
	for (;;) {
		bool rest = mirror.plain.len > 0 && !mirror.plain.over;

		if (!wait_event_timeout(&mirror.news, is_behind(), rest ? QUIET_NS : ~0ul)) {
			show_rest();
			continue;
		}
		show_piece();
		thread_sleep_ns(PAUSE_NS);
	}
}

void
mirror_start(const char *name)
{
	struct vm *vm = vm_find(name);

	if (vm == NULL) /* it was told with the configuration's errors */
		return;
	mirror.console = vm_console(vm);
	wait_queue_init(&mirror.news);
	if (thread_create("mirror", mirror_thread, NULL, PRIORITY_NORMAL, 0, NULL) != 0)
		log_error("console-mirror: no memory for a thread: VM %s is not on the screen",
			  name);
	else
		vm_console_set_mirror(mirror.console, has_output, NULL);
}
