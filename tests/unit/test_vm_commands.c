/* SPDX-License-Identifier: MIT */
// SOURCES: shell/shell.c shell/command.c shell/complete.c shell/words.c shell/input.c shell/edit.c
// SOURCES: shell/keys.c shell/history.c shell/json.c shell/listing.c shell/cmd_vm.c
// SOURCES: shell/cmd_vm_cost.c shell/cmd_vm_life.c shell/cmd_vm_show.c shell/cmd_console.c
// SOURCES: core/vm_console.c lib/distance.c lib/format.c lib/text.c lib/ring.c lib/log.c lib/lock.c
// SOURCES: lib/error.c
#include "tests/unit/test.h"

#include <string.h>

#include "core/vcpu.h"
#include "core/vm_console.h"
#include "core/vms.h"
#include "lib/string.h"
#include "sched/thread.h"
#include "shell/cmd_console.h"
#include "shell/cmd_vm.h"
#include "shell/commands.h"
#include "shell/shell.h"
#include "tests/unit/fake/text_sink.h"

/* Two VMs, whose life is what the tests say. */
static struct vm_config configs[2];
static struct vm vms[2];
static struct vm_console consoles[2];
static int answer;
static const char *called;

struct vm *
vm_next(struct vm *vm)
{
	return vm == NULL ? &vms[0] : vm == &vms[0] ? &vms[1] : NULL;
}

struct vm *
vm_find(const char *name)
{
	return strcmp(name, "web") == 0 ? &vms[0] : strcmp(name, "db") == 0 ? &vms[1] : NULL;
}

struct vm_console *
vm_console(struct vm *vm)
{
	return &consoles[vm - vms];
}

const char *
vm_kernel_kind(struct vm *vm)
{
	return vm->state == VM_RUNNING ? "bzImage" : NULL;
}

const char *
vm_state_name(enum vm_state state)
{
	static const char *const names[] = {"stopped", "running", "paused", "stopping", "disabled"};

	return names[state];
}

const char *
exit_name(enum exit_kind kind)
{
	return kind == EXIT_HLT ? "HLT" : "port I/O";
}

u64
thread_run_ns(struct thread *thread)
{
	return thread->run_ns;
}

static int
say(const char *name, struct vm *vm)
{
	assert_ptr_equal(vm, &vms[0]);
	called = name;
	return answer;
}

int
vm_start(struct vm *vm)
{
	return say("start", vm);
}

int
vm_stop_force(struct vm *vm)
{
	return say("stop", vm);
}

int
vm_pause(struct vm *vm)
{
	return say("pause", vm);
}

int
vm_resume(struct vm *vm)
{
	return say("resume", vm);
}

int
vm_reset(struct vm *vm)
{
	return say("reset", vm);
}

void
guest_memory_pages(const struct guest_memory *m, u64 pages[3])
{
	pages[0] = 5;
	pages[1] = 31;
	pages[2] = 0;
}

static u64 now;

u64
clock_ns(void)
{
	return now;
}

void
thread_sleep_ns(u64 ns)
{
	now += ns;
}

const struct command *const command_table[] = {&cmd_vm, &cmd_console, NULL};

/* The terminal: what is sent, and what is typed piece by piece while a console waits. */
static struct text_sink sent;
static const char *const *pieces;
static unsigned wakes;
static bool stop_at_end;  /* the VM stops once all is typed */
static bool stop_at_once; /* it stops, and wakes the console, at the first read that waits */

static void
stop(struct vm *vm, const char *reason)
{
	vm->state = VM_STOPPED;
	copy_string(vm->reason, reason, sizeof(vm->reason));
}

static size_t
read_typed(struct terminal *terminal, u8 *bytes, size_t len, u64 timeout_ns)
{
	size_t n;

	if (stop_at_once && timeout_ns > 0) {
		stop_at_once = false;
		stop(&vms[0], "power off");
		vm_console_wake(&consoles[0]);
		return 0; /* for that wake-up: the next read waits for another one */
	}
	if (pieces == NULL || *pieces == NULL) {
		if (timeout_ns == TERMINAL_FOREVER && stop_at_end)
			stop(&vms[0], "power off");
		else if (timeout_ns == TERMINAL_FOREVER)
			fail_msg("waits for ever");
		return 0;
	}
	n = strlen(*pieces);
	assert_true(n <= len);
	memcpy(bytes, *pieces++, n);
	return n;
}

static void
write_sent(struct terminal *terminal, const char *bytes, size_t len)
{
	text_sink_put(&sent.sink, bytes, len);
}

static void
wake(struct terminal *terminal)
{
	wakes++;
}

static struct terminal terminal = {read_typed, write_sent, wake};
static struct shell shell;

/* The guest's port, which takes so many bytes. */
static char guest_got[8192];
static size_t guest_len, guest_room;

static bool
guest_receive(void *arg, u8 byte)
{
	if (guest_len >= guest_room)
		return false;
	guest_got[guest_len++] = (char)byte;
	return true;
}

static void
guest_ready(void *arg)
{
}

static const struct vm_console_port port = {guest_receive, guest_ready, NULL};

static int
begin(void **state)
{
	static const char *const names[] = {"web", "db"};

	memset(vms, 0, sizeof(vms));
	memset(configs, 0, sizeof(configs));
	for (unsigned i = 0; i < 2; i++) {
		copy_string(vms[i].name, names[i], sizeof(vms[i].name));
		copy_string(configs[i].name, names[i], sizeof(configs[i].name));
		vms[i].config = &configs[i];
		spin_init(&vms[i].lock, RANK_VM, "vm");
		configs[i].memory = (i + 1) * 256 * MiB;
		configs[i].vcpus = i + 1;
		configs[i].kernel = SLICE("my kernel");
		vm_console_init(&consoles[i]);
		vm_console_connect(&consoles[i], &port);
	}
	configs[1].memory = 2 * GiB;
	configs[0].initrd = SLICE("initrd.img");
	configs[0].cmdline = SLICE("console=ttyS0");
	configs[0].autostart = true;
	answer = 0;
	called = NULL;
	pieces = NULL;
	stop_at_end = stop_at_once = false;
	wakes = 0;
	now = 0;
	guest_len = 0;
	guest_room = sizeof(guest_got) - 1;
	memset(guest_got, 0, sizeof(guest_got));
	shell_begin(&shell, &terminal);
	return 0;
}

/* Types a line; what the shell sent between its echo and the next prompt. */
static const char *
run_line(const char *line)
{
	static char out[sizeof(sent.buf)];
	size_t echo = strlen(line) + 2;

	text_sink_clear(&sent);
	shell_feed(&shell, (const u8 *)line, strlen(line));
	shell_feed(&shell, (const u8 *)"\r", 1);
	assert_true(sent.len >= echo + strlen(SHELL_PROMPT));
	memcpy(out, sent.buf + echo, sent.len - echo - strlen(SHELL_PROMPT));
	out[sent.len - echo - strlen(SHELL_PROMPT)] = '\0';
	assert_string_equal(sent.buf + sent.len - strlen(SHELL_PROMPT), SHELL_PROMPT);
	return out;
}

static void
list(void **state)
{
	vms[0].state = VM_RUNNING;
	stop(&vms[1], "triple fault");
	assert_string_equal(run_line("vm"),
			    "NAME              STATE     VCPUS  MEMORY  REASON\r\n"
			    "web               running       1  256M    -\r\n"
			    "db                stopped       2  2G      triple fault\r\n");
	assert_string_equal(
		run_line("vm list -j"),
		"[{\"name\": \"web\", \"state\": \"running\", \"vcpus\": 1, \"memory\": "
		"268435456, \"reason\": \"\"}, {\"name\": \"db\", \"state\": \"stopped\", "
		"\"vcpus\": 2, \"memory\": 2147483648, \"reason\": \"triple fault\"}]\r\n");
}

static void
info(void **state)
{
	vms[0].state = VM_RUNNING;
	assert_string_equal(run_line("vm info web"),
			    "name            web\r\n"
			    "state           running\r\n"
			    "loaded as       bzImage\r\n"
			    "vcpus           1\r\n"
			    "memory          256M, by 0 x 1 GiB, 31 x 2 MiB, "
			    "5 x 4 KiB\r\n"
			    "kernel          my kernel\r\n"
			    "initrd          initrd.img\r\n"
			    "cmdline         console=ttyS0\r\n"
			    "autostart       yes\r\n"
			    "on-exit         stop\r\n"
			    "debug-exit      off\r\n");
	stop(&vms[0], "power off");
	vms[0].start_ticks = 4500000;
	vms[0].start_tsc = 4700000;
	assert_string_equal(
		run_line("vm info web -j"),
		"{\"name\": \"web\", \"state\": \"stopped\", \"reason\": \"power off\", \"vcpus\": "
		"1, "
		"\"memory\": 268435456, \"pages\": {\"4K\": 0, \"2M\": 0, \"1G\": 0}, "
		"\"loaded_as\": null, "
		"\"kernel\": \"my kernel\", \"firmware\": null, \"initrd\": \"initrd.img\", "
		"\"modules\": "
		"[], \"cmdline\": \"console=ttyS0\", \"autostart\": true, \"on_exit\": \"stop\", "
		"\"debug_exit\": false, \"start_ticks\": 4500000, \"start_tsc\": 4700000, "
		"\"now_ns\": 0, \"cpus\": []}\r\n");
}

static void
info_of_costs(void **state)
{
	static struct thread threads[2];
	static struct vcpu vcpus[2];
	const char *json;

	vms[0].state = VM_RUNNING;
	vms[0].vcpu_count = 2;
	for (unsigned i = 0; i < 2; i++) {
		vms[0].vcpus[i] = &vcpus[i];
		vcpus[i].thread = &threads[i];
		threads[i].run_ns = (i + 1) * 1204000000ul;
		vcpus[i].exits[EXIT_HLT] = 3 + i;
	}
	vcpus[1].exits[EXIT_IO] = 11;
	vcpus[1].exit_ticks[EXIT_IO] = 5000;
	assert_non_null(strstr(run_line("vm info web"), "CPU time        3.612 s\r\n"
							"exits           7 HLT, 11 port I/O\r\n"));
	json = run_line("vm info web -j");
	assert_non_null(strstr(
		json,
		"\"cpus\": [{\"cpu_ns\": 1204000000, \"exits\": [{\"kind\": \"HLT\", \"count\": 3, "
		"\"ticks\": 0}]}, {\"cpu_ns\": 2408000000, \"exits\": [{\"kind\": \"HLT\", "
		"\"count\": 4, \"ticks\": 0}, {\"kind\": \"port I/O\", \"count\": 11, "
		"\"ticks\": 5000}]}]}"));
}

static void
life(void **state)
{
	static const char *const lines[][2] = {
		{"vm start web",	 "start" },
		   {"vm stop web --force", "stop"	 },
		{"vm pause web",	 "pause" },
		   {"vm resume web",	     "resume"},
		{"vm reset web",	 "reset" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		called = NULL;
		assert_string_equal(run_line(lines[i][0]), "");
		assert_string_equal(called, lines[i][1]);
	}
}

static void
life_errors(void **state)
{
	vms[0].state = VM_RUNNING;
	answer = -ERR_BUSY;
	assert_string_equal(run_line("vm start web"), "error: web is already running\r\n");
	answer = -ERR_EXISTS;
	assert_string_equal(run_line("vm resume web"),
			    "error: web is not paused, it is running\r\n");
	vms[0].state = VM_STOPPED;
	answer = -ERR_NOENT;
	assert_string_equal(run_line("vm stop web --force"),
			    "error: web is not running, it is stopped\r\n");
	answer = -ERR_NODEV;
	assert_string_equal(run_line("vm start web"),
			    "error: this machine can't run VMs; type log warn to see what it "
			    "lacks\r\n");
	stop(&vms[0], "it needs 256 MiB, and 3 MiB are free");
	answer = -ERR_NOMEM;
	assert_string_equal(run_line("vm start web"), "error: web did not start: it needs 256 MiB, "
						      "and 3 MiB are free\r\n");
	stop(&vms[0], "kernel vmlinuz: truncated");
	answer = -ERR_FORMAT;
	assert_string_equal(run_line("vm start web"),
			    "error: web did not start: kernel vmlinuz: truncated\r\n");
	vms[0].state = VM_DISABLED;
	answer = -ERR_DENIED;
	assert_string_equal(run_line("vm start web"),
			    "error: web is disabled: kernel vmlinuz: truncated\r\n");
}

static void
wrong_words(void **state)
{
	assert_string_equal(run_line("vm strat web"),
			    "error: vm knows no \"strat\"; did you mean vm start?\r\n");
	assert_string_equal(run_line("vm foo"), "error: vm knows no \"foo\"; try help vm\r\n");
	assert_string_equal(run_line("vm start"), "error: usage: vm start NAME\r\n");
	assert_string_equal(run_line("vm start web db"), "error: usage: vm start NAME\r\n");
	assert_string_equal(run_line("vm start web -j"), "error: usage: vm start NAME\r\n");
	assert_string_equal(run_line("vm list web"), "error: usage: vm list [-j]\r\n");
	assert_string_equal(run_line("vm stop web --froce"),
			    "error: usage: vm stop NAME --force\r\n");
	assert_string_equal(run_line("vm start wbe"),
			    "error: there is no VM \"wbe\"; did you mean web?\r\n");
	assert_string_equal(run_line("vm info x"),
			    "error: there is no VM \"x\"; vm list shows all\r\n");
	assert_string_equal(run_line("console"), "error: usage: console NAME\r\n");
	assert_string_equal(run_line("console wbe"),
			    "error: there is no VM \"wbe\"; did you mean web?\r\n");
	assert_null(called);
	run_line("vm stop web");
	assert_null(called);
	assert_non_null(strstr(sent.buf, "type vm stop web --force"));
}

static void
assert_completes(const char *typed, const char *want)
{
	text_sink_clear(&sent);
	shell_feed(&shell, (const u8 *)typed, strlen(typed));
	shell_feed(&shell, (const u8 *)"\t", 1);
	assert_string_equal(sent.buf, want);
	shell_feed(&shell, (const u8 *)"\3", 1);
}

static void
completes(void **state)
{
	assert_completes("vm sta", "vm start ");
	assert_completes("vm start w", "vm start web ");
	assert_completes("vm start web ", "vm start web \a");
	assert_completes("vm stop db --", "vm stop db --force ");
	assert_completes("vm list ", "vm list \a");
	assert_completes("console d", "console db ");
}

static void
guest_sends(const char *text)
{
	for (; *text != '\0'; text++)
		assert_true(vm_console_put(&consoles[0], (u8)*text));
}

static void
type_at_console(const char *const *what)
{
	pieces = what;
	vms[0].state = VM_RUNNING;
}

/* Every byte passes, Ctrl-C and NUL's neighbours too; what follows Ctrl-] is the shell's. */
static void
both_ways(void **state)
{
	type_at_console((const char *const[]){"ls\r\3\x1b[A", "\xff\x1dvm info x\r", NULL});
	guest_sends("login: \x1b[1m");
	assert_string_equal(run_line("console web"),
			    "login: \x1b[1m\r\nashlar> vm info x\r\n"
			    "error: there is no VM \"x\"; vm list shows all\r\n");
	assert_string_equal(guest_got, "ls\r\3\x1b[A\xff");
	/* shown once; and somebody else may look */
	type_at_console((const char *const[]){"\x1d", NULL});
	assert_string_equal(run_line("console web"), "");
	assert_false(consoles[0].attached);
}

/* The LF of the CR LF that ran the command is not the guest's. */
static void
after_cr_lf(void **state)
{
	type_at_console((const char *const[]){"\n", "a\n", "\x1d", NULL});
	run_line("console web");
	assert_string_equal(guest_got, "a\n");
}

static void
vm_stops(void **state)
{
	type_at_console((const char *const[]){"x", NULL});
	stop_at_end = true;
	guest_sends("bye");
	assert_string_equal(run_line("console web"), "bye\r\n[web is stopped: power off]\r\n");
	guest_sends("late\n");
	assert_string_equal(run_line("console web"), "late\n[web is stopped: power off]\r\n");
	vms[0].reason[0] = '\0';
	assert_string_equal(run_line("console web"), "[web is stopped]\r\n");
}

/* The only wake-up may come while the LF of the command's own CR LF is waited for. */
static void
vm_stops_as_the_console_attaches(void **state)
{
	type_at_console(NULL);
	stop_at_once = true;
	assert_string_equal(run_line("console web"), "[web is stopped: power off]\r\n");
	assert_int_equal(wakes, 1);
}

static void
lost_bytes(void **state)
{
	static char out[VM_CONSOLE_SIZE + 8];

	memset(out, 'x', VM_CONSOLE_SIZE + 7);
	guest_sends(out);
	vms[0].state = VM_STOPPED;
	run_line("console web");
	assert_non_null(strstr(sent.buf, "console web\r\n[7 bytes lost]\r\nxxx"));
}

/* A guest that reads nothing: what it has no room for waits, and then is dropped; Ctrl-] is seen.
 */
static void
stuck_guest(void **state)
{
	static char many[5][1025];
	static const char *all[8];

	for (unsigned i = 0; i < 5; i++) {
		memset(many[i], 'y', 1024);
		all[i] = many[i];
	}
	all[5] = "\x1d";
	all[6] = NULL;
	guest_room = 0;
	type_at_console(all);
	run_line("console web");
	assert_non_null(strchr(sent.buf, '\a'));
	assert_true(now >= 1000000000 && now < 2000000000);
	assert_string_equal(sent.buf + sent.len - 8, SHELL_PROMPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(list, begin),
		cmocka_unit_test_setup(info, begin),
		cmocka_unit_test_setup(info_of_costs, begin),
		cmocka_unit_test_setup(life, begin),
		cmocka_unit_test_setup(life_errors, begin),
		cmocka_unit_test_setup(wrong_words, begin),
		cmocka_unit_test_setup(completes, begin),
		cmocka_unit_test_setup(both_ways, begin),
		cmocka_unit_test_setup(after_cr_lf, begin),
		cmocka_unit_test_setup(vm_stops, begin),
		cmocka_unit_test_setup(vm_stops_as_the_console_attaches, begin),
		cmocka_unit_test_setup(lost_bytes, begin),
		cmocka_unit_test_setup(stuck_guest, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
