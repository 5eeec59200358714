/* SPDX-License-Identifier: MIT */
/*
 * console: the terminal becomes a VM's serial console. What the guest sends goes to the terminal as
 * it is, what is typed goes to the guest, until Ctrl-] or the VM's end.
 */
#include "shell/cmd_console.h"

#include "arch/x86_64/time.h"
#include "core/vm_console.h"
#include "lib/string.h"
#include "sched/thread.h"
#include "shell/cmd_vm_parts.h"
#include "shell/shell.h"

enum {
	END = 0x1d, /* Ctrl-] */
	CHUNK = 512,
	LOOK_NS = 10 * 1000 * 1000, /* while the guest's queue is full */
};

/* A guest that takes nothing for so long loses what is typed: else Ctrl-] would wait behind it. */
#define PATIENCE_NS NS_PER_S

struct session {
	struct vm *vm;
	struct vm_console *console;
	struct terminal *terminal;
	bool at_line_start;
	bool waiting; /* `byte` found no room in the guest's queue, since then */
	bool patient; /* false: bytes that find none are dropped */
	u8 byte;
	u64 since_ns;
};

static void
write_raw(struct session *s, const char *bytes, size_t len)
{
	if (len == 0)
		return;
	s->terminal->write(s->terminal, bytes, len);
	s->at_line_start = bytes[len - 1] == '\n';
}

static void
begin_line(struct session *s)
{
	if (!s->at_line_start)
		write_raw(s, "\r\n", 2);
}

static void
say_lost(struct session *s, u64 lost)
{
	char text[48];

	if (lost == 0)
		return;
	begin_line(s);
	write_raw(s, text, format(text, sizeof(text), "[%lu bytes lost]\r\n", lost));
}

/* A piece of what the guest has sent; false when there is none. */
static bool
show_output(struct session *s)
{
	u8 bytes[CHUNK];
	u64 lost;
	size_t len = vm_console_read(s->console, bytes, sizeof(bytes), &lost);

	say_lost(s, lost);
	write_raw(s, (const char *)bytes, len);
	return len > 0;
}

/* Also after a first refusal, until a byte has found room or patience has ended. */
static void
send(struct session *s)
{
	if (vm_console_type(s->console, &s->byte, 1) == 1) {
		s->waiting = false;
		s->patient = true;
		return;
	}
	if (!s->waiting)
		s->since_ns = clock_ns();
	s->waiting = s->patient;
	if (s->waiting && clock_ns() - s->since_ns > PATIENCE_NS)
		s->waiting = s->patient = false;
	if (!s->waiting)
		s->terminal->write(s->terminal, "\a", 1);
}

/* What was typed, up to what the guest's queue takes; waits for it where `wait` says. True at
 * Ctrl-].
 */
static bool
take_input(struct session *s, bool wait)
{
	u64 ns = wait ? TERMINAL_FOREVER : 0;

	if (s->waiting) {
		if (wait)
			thread_sleep_ns(LOOK_NS);
		send(s);
	}
	while (!s->waiting && command_take_byte(&s->byte, ns)) {
		if (s->byte == END)
			return true;
		send(s);
		ns = 0;
	}
	return false;
}

static bool
has_stopped(const struct session *s)
{
	u8 state = READ_ONCE(s->vm->state);

	return state == VM_STOPPED || state == VM_DISABLED;
}

static void
say_why(struct session *s, const struct command_call *call)
{
	struct vm_look look;

	vm_look_at(s->vm, &look);
	begin_line(s);
	sink_printf(call->out, "[%s is %s%s%s]\n", s->vm->name, vm_state_name(look.state),
		    look.reason[0] != '\0' ? ": " : "", look.reason);
}

/* The state is read before the output: what the guest sent before its end is all shown. */
static void
talk(struct session *s, const struct command_call *call)
{
	for (;;) {
		bool stopped = has_stopped(s);
		bool more = show_output(s);

		if (stopped && !more) {
			say_why(s, call);
			return;
		}
		if (take_input(s, !more && !stopped)) {
			begin_line(s);
			return;
		}
	}
}

/* The ring, whoever was shown it. No more than it holds: a guest that goes on sending has no end.
 */
static void
show_log(struct session *s)
{
	size_t len, total = 0;
	u8 bytes[CHUNK];
	u64 from = 0, lost;

	(void)vm_console_look(s->console, &from, bytes, 0, &lost); /* what is gone for good */
	do {
		len = vm_console_look(s->console, &from, bytes, sizeof(bytes), &lost);
		say_lost(s, lost);
		write_raw(s, (const char *)bytes, len);
		total += len;
	} while (len > 0 && total < VM_CONSOLE_SIZE && !command_interrupted());
	begin_line(s);
}

static void
wake(void *terminal)
{
	struct terminal *t = terminal;

	t->wake(t);
}

static int
show_live(struct session *s, const struct command_call *call)
{
	int err = vm_console_attach(s->console, wake, s->terminal);

	if (err != 0)
		return command_error(call, err, "somebody else looks at %s's console already",
				     s->vm->name);
	talk(s, call);
	vm_console_detach(s->console);
	return 0;
}

static int
run(const struct command_call *call)
{
	struct session s = {.terminal = command_terminal(), .at_line_start = true, .patient = true};
	bool log = call->argc > 2 && strcmp(call->argv[2], "--log") == 0;

	if (call->argc < 2 || (call->argc > 2 && !log))
		return command_error(call, fail(-ERR_INVAL), "usage: console NAME [--log]");
	s.vm = vm_named(call, call->argv[1]);
	if (s.vm == NULL)
		return fail(-ERR_NOENT);
	s.console = vm_console(s.vm);
	if (!log)
		return show_live(&s, call);
	show_log(&s);
	return 0;
}

static const char *
completion(unsigned arg, unsigned n)
{
	return arg == 1 ? vm_name_at(n) : n == 0 ? "--log" : NULL;
}

const struct command cmd_console = {
	.name = "console",
	.usage = "NAME [--log]",
	.summary = "a VM's serial console, until Ctrl-]",
	.details =
		"First comes what the guest has sent and no console has shown yet. Every key goes\n"
		"to the guest, Ctrl-C too; Ctrl-] alone returns to this prompt.\n"
		"--log: the newest 64 KiB of what it has sent, shown or not, and no more.\n",
	.args_max = 2,
	.run = run,
	.completion = completion,
};
