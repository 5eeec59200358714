/* SPDX-License-Identifier: MIT */
// SOURCES: shell/shell.c shell/command.c shell/complete.c shell/words.c shell/input.c shell/edit.c
// SOURCES: shell/keys.c shell/history.c shell/json.c shell/listing.c shell/cmd_vm.c shell/group.c
// SOURCES: net/text.c shell/cmd_vm_cost.c shell/cmd_vm_life.c shell/cmd_vm_parts.c
// SOURCES: shell/cmd_vm_show.c shell/cmd_vm_stats.c shell/cmd_vm_dump.c shell/cmd_vm_top.c
// SOURCES: shell/cmd_console.c core/vm_console.c lib/distance.c lib/format.c lib/text.c lib/ring.c
// SOURCES: lib/log.c lib/lock.c lib/error.c
#include "tests/unit/test.h"

#include <string.h>

#include "core/vcpu.h"
#include "core/vm_console.h"
#include "core/vms.h"
#include "emul/peek.h"
#include "lib/string.h"
#include "sched/thread.h"
#include "shell/cmd_console.h"
#include "shell/cmd_vm.h"
#include "shell/cmd_vm_parts.h"
#include "shell/commands.h"
#include "shell/shell.h"
#include "tests/unit/fake/heap.h"
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

/* The VM would stop now, if it could take its lock. */
static bool wants_to_stop;

struct thread_times
thread_times(struct thread *thread)
{
	if (wants_to_stop && !spin_held(&vms[0].lock))
		vms[0].state = VM_STOPPED;
	return (struct thread_times){thread->run_ns, thread->wait_ns};
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

/* The guest acts on its power button after so long. */
static u64 stops_after;
static u64 now;

int
vm_stop(struct vm *vm)
{
	return say("power, for good", vm);
}

int
vm_press_power(struct vm *vm)
{
	return say("power", vm);
}

int
vm_send_nmi(struct vm *vm)
{
	return say("nmi", vm);
}

bool
vm_wait_stopped(struct vm *vm, u64 ns)
{
	bool stops = now + ns >= stops_after;

	assert_true(ns > 0 && ns <= 1000000000);
	now = stops ? MAX(now, stops_after) : now + ns;
	return stops;
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

u64
clock_ns(void)
{
	return now;
}

/* Whose thread has a quarter of the time that passes while the shell waits. */
static struct thread *tick;

void
thread_sleep_ns(u64 ns)
{
	now += ns;
	if (tick != NULL)
		tick->run_ns += ns / 4;
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
	if (tick != NULL && timeout_ns != TERMINAL_FOREVER)
		tick->run_ns += timeout_ns / 4;
	if (pieces == NULL || *pieces == NULL) {
		if (timeout_ns == TERMINAL_FOREVER && stop_at_end)
			stop(&vms[0], "power off");
		else if (timeout_ns == TERMINAL_FOREVER)
			fail_msg("waits for ever");
		else
			now += timeout_ns;
		return 0;
	}
	n = strlen(*pieces);
	if (n == 0)
		now += timeout_ns;
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

static u32 cpus; /* of the machine */

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
		configs[i].stop_timeout_ms = 1500;
		configs[i].weight = 256;
		configs[i].cpus.bits[0] = ~(u64)0;
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
	now = stops_after = 0;
	cpus = 8;
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
type_at_console(const char *const *what)
{
	pieces = what;
	vms[0].state = VM_RUNNING;
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

u32
cpu_count(void)
{
	return cpus;
}

static void
info(void **state)
{
	configs[0].nic_count = 1;
	configs[0].nics[0] = (struct nic_config){
		.net = "lan", .mac = {0x52, 0x54, 0x00, 0x00, 0x00, 0x01}
	 };
	vms[0].state = VM_RUNNING;
	assert_string_equal(
		run_line("vm info web"),
		"name            web\r\n"
		"state           running\r\n"
		"loaded as       bzImage\r\n"
		"vcpus           1\r\n"
		"CPUs            0-7, weight 256\r\n"
		"memory          256M, by 0 x 1 GiB, 31 x 2 MiB, "
		"5 x 4 KiB\r\n"
		"kernel          my kernel\r\n"
		"initrd          initrd.img\r\n"
		"cmdline         console=ttyS0\r\n"
		"autostart       yes\r\n"
		"on-exit         stop\r\n"
		"debug-exit      off\r\n"
		"stop-timeout    1.500 s\r\n"
		"nic             web.0, an e1000, 52:54:00:00:00:01, on network lan\r\n");
	stop(&vms[0], "power off");
	vms[0].start_ticks = 4500000;
	vms[0].start_tsc = 4700000;
	assert_string_equal(
		run_line("vm info web -j"),
		"{\"name\": \"web\", \"state\": \"stopped\", \"reason\": \"power off\", \"vcpus\": "
		"1, \"affinity\": \"0-7\", \"weight\": 256, \"cap_percent\": 0, "
		"\"memory\": 268435456, \"pages\": {\"4K\": 0, \"2M\": 0, \"1G\": 0}, "
		"\"loaded_as\": null, "
		"\"kernel\": \"my kernel\", \"firmware\": null, \"initrd\": \"initrd.img\", "
		"\"modules\": "
		"[], \"cmdline\": \"console=ttyS0\", \"autostart\": true, \"on_exit\": \"stop\", "
		"\"debug_exit\": false, \"stop_timeout_ms\": 1500, \"start_ticks\": 4500000, "
		"\"start_tsc\": 4700000, "
		"\"nics\": [{\"port\": \"web.0\", \"kind\": \"e1000\", "
		"\"mac\": \"52:54:00:00:00:01\", \"net\": \"lan\"}], "
		"\"now_ns\": 0, \"cpus\": [], \"devices\": []}\r\n");
}

/* Of the CPUs that the machine has. */
static void
info_of_cpus(void **state)
{
	static const struct {
		u64 cpus;
		const char *text;
	} sets[] = {
		{0x01,  "0"	  },
		       {0x80,  "7"	 },
		  {0xf0a, "1,3"    },
		   {0x4e,  "1-3,6"	 },
		{0xff,  "0-7"    },
		       {0x55,  "0,2,4,6"},
		  {0xf00, "none"	},
	};

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		char want[64];

		configs[0].cpus.bits[0] = sets[i].cpus;
		configs[0].cap = 50;
		configs[0].weight = 100;
		format(want, sizeof(want), "CPUs            %s, weight 100, cap 50%%\r\n",
		       sets[i].text);
		assert_non_null(strstr(run_line("vm info web"), want));
	}
}

/* The longest text that there can be is whole. */
static void
info_of_many_cpus(void **state)
{
	char want[MAX_CPUS * 8] = "";
	size_t len = 0;

	cpus = MAX_CPUS;
	memset(&configs[0].cpus, 0, sizeof(configs[0].cpus));
	for (u32 cpu = 0; cpu + 1 < MAX_CPUS; cpu += 3) {
		configs[0].cpus.bits[cpu / 64] |= 1ul << cpu % 64;
		configs[0].cpus.bits[(cpu + 1) / 64] |= 1ul << (cpu + 1) % 64;
		len += format(want + len, sizeof(want) - len, "%s%u-%u", cpu > 0 ? "," : "", cpu,
			      cpu + 1);
	}
	format(want + len, sizeof(want) - len, ", weight ");
	assert_non_null(strstr(run_line("vm info web"), want));
}

static struct vsegment code_segment = {0x10, 0xa09b, 0xffffffff, 0};
static int look_answer;

static void
get_segment(struct vcpu_hw *hw, enum vseg seg, struct vsegment *out)
{
	*out = seg == VSEG_CS ? code_segment : (struct vsegment){0};
}

static u64
get(struct vcpu_hw *hw, enum vreg reg)
{
	return 0x1000 + reg;
}

static void
dump_hw(struct vcpu_hw *hw, struct sink *out)
{
	sink_printf(out, "VMCB exitcode 0x78\n");
}

static const struct virt_ops ops = {.get = get, .get_segment = get_segment, .dump = dump_hw};

const struct virt_ops *
virt_ops(void)
{
	return &ops;
}

size_t
peek_code(struct vcpu *v, u8 *bytes, size_t len)
{
	memcpy(bytes, "\xfa\xf4", 2);
	return v->index == 0 ? 2 : 0;
}

unsigned
peek_words(struct vcpu *v, u64 *words, unsigned max)
{
	for (unsigned i = 0; i < 6; i++)
		words[i] = 0xa0 + i;
	return v->index == 0 ? 6 : 0;
}

unsigned
peek_stack(struct vcpu *v, u64 *returns, unsigned max)
{
	returns[0] = 0xffffffff81000000;
	return v->index == 0 ? 1 : 0;
}

int
vm_look(struct vm *vm, u32 vcpu, void (*fn)(struct vcpu *v, void *arg), void *arg, u64 ns)
{
	if (look_answer == 0)
		fn(vm->vcpus[vcpu], arg);
	return look_answer;
}

static void
dump(void **state)
{
	static struct vcpu vcpus[2] = {{.state = VCPU_HALTED}, {.index = 1}};
	const char *said;

	configs[0].vcpus = 2;
	vms[0].vcpus[0] = &vcpus[0];
	vms[0].vcpus[1] = &vcpus[1];
	look_answer = 0;
	said = run_line("vm dump web");
	assert_int_equal(strncmp(said, "vCPU 0 halted\r\nRAX    0000000000001000  RCX ", 44), 0);
	assert_non_null(strstr(said, "RIP    0000000000001010  RFLAGS "));
	assert_non_null(strstr(said, "\r\nCS     0010  base 0000000000000000  limit ffffffff  "
				     "attributes 0a09b\r\n"));
	assert_non_null(strstr(said, "\r\ncode   fa f4\r\nstack  ffffffff81000000\r\n"
				     "words  a0 a1 a2 a3\r\n       a4 a5\r\n"
				     "VMCB exitcode 0x78\r\nvCPU 1 waits for startup\r\n"));
	assert_non_null(strstr(said, "\r\ncode   can't be read\r\nstack  has no frames\r\n"
				     "words  can't be read\r\n"));
	look_answer = -ERR_NOENT;
	assert_string_equal(run_line("vm dump web"),
			    "error: web is not running: it has no registers\r\n");
	look_answer = -ERR_TIMEOUT;
	assert_string_equal(run_line("vm dump web"),
			    "error: vCPU 0 did not answer within 5 s: try again\r\n");
}

static void
top(void **state)
{
	static struct thread thread;
	static struct vcpu vcpu = {.thread = &thread};

	vms[1].state = VM_RUNNING;
	vms[1].vcpu_count = 1;
	vms[1].vcpus[0] = &vcpu;
	thread.run_ns = 5000000000;
	vcpu.exits[EXIT_HLT] = 77;
	type_at_console((const char *const[]){"", "q", NULL});
	vms[0].state = VM_STOPPED;
	stop(&vms[0], "");
	tick = &thread;
	assert_string_equal(
		run_line("vm top"),
		"\x1b[2J\x1b[HVM                              STATE       %CPU %STOLEN   EXITS/S  "
		"MEMORY\x1b[K\r\n"
		"db                              running     25.0     0.0         0  2G\x1b[K\r\n"
		"web                             stopped      0.0     0.0         0  256M\x1b[K\r\n"
		"q or Ctrl-C ends\x1b[J\r\n");
	assert_string_equal(
		run_line("vm top -j"),
		"[{\"name\": \"web\", \"state\": \"stopped\", \"cpu_permille\": 0, "
		"\"stolen_permille\": 0, \"exits_per_s\": 0, \"memory\": 268435456}, "
		"{\"name\": \"db\", \"state\": \"running\", \"cpu_permille\": 250, "
		"\"stolen_permille\": 0, \"exits_per_s\": 0, \"memory\": 2147483648}]\r\n");
	tick = NULL;
	/* It asks for no key: what is typed meanwhile is the next line. */
	type_at_console((const char *const[]){"vm q\r", NULL});
	run_line("vm top -j");
	assert_non_null(strstr(sent.buf, "2147483648}]\r\nashlar> vm q\r\nerror: "));
}

static bool
region_at(const struct vm *vm, unsigned n, struct vm_region *out)
{
	static const struct vm_region regions[] = {
		{"pic",	true,  0x20,	    2,     0	},
		{"hpet", false, 0xfed00000, 0x400, 0x101},
	};

	assert_true(spin_held((struct spinlock *)(uintptr_t)&vm->lock));
	if (n < ARRAY_SIZE(regions))
		*out = regions[n];
	return n < ARRAY_SIZE(regions);
}

static struct vm_unclaimed
unclaimed(const struct vm *vm)
{
	return (struct vm_unclaimed){7, 1};
}

static const struct vm_platform platform = {.region = region_at, .unclaimed = unclaimed};

u64
tsc_to_ns(u64 ticks)
{
	return ticks;
}

static void
info_of_costs(void **state)
{
	static struct thread threads[2];
	static struct vcpu vcpus[2];
	const char *json;

	vms[0].state = VM_RUNNING;
	vms[0].vcpu_count = 2;
	vms[0].platform = &platform;
	for (unsigned i = 0; i < 2; i++) {
		vms[0].vcpus[i] = &vcpus[i];
		vcpus[i].thread = &threads[i];
		threads[i].run_ns = (i + 1) * 1204000000ul;
		vcpus[i].exits[EXIT_HLT] = 3 + i;
	}
	vcpus[1].exits[EXIT_IO] = 11;
	vcpus[1].exit_ticks[EXIT_IO] = 5000;
	vcpus[0].state = VCPU_HALTED;
	vcpus[1].state = VCPU_WAIT_FOR_STARTUP;
	threads[1].cpu = 3;
	assert_non_null(strstr(run_line("vm info web"),
			       "vCPU 0          on CPU 0, halted; 1.204 s\r\n"
			       "vCPU 1          on CPU 3, waits for startup; 2.408 s\r\n"
			       "pic             ports 0x20-0x21\r\n"
			       "hpet            memory 0xfed00000-0xfed003ff, IRQ 0 and 8\r\n"
			       "CPU time        3.612 s\r\n"
			       "exits           7 HLT, 11 port I/O\r\n"));
	json = run_line("vm info web -j");
	assert_non_null(strstr(
		json, "\"cpus\": [{\"cpu\": 0, \"state\": \"halted\", \"cpu_ns\": "
		      "1204000000, \"stolen_ns\": 0, \"exits\": [{\"kind\": \"HLT\", \"count\": 3, "
		      "\"ticks\": 0}]}, {\"cpu\": 3, \"state\": \"waits for startup\", "
		      "\"cpu_ns\": 2408000000, \"stolen_ns\": 0, \"exits\": [{\"kind\": \"HLT\", "
		      "\"count\": 4, \"ticks\": 0}, {\"kind\": \"port I/O\", \"count\": 11, "
		      "\"ticks\": 5000}]}], \"devices\": [{\"name\": \"pic\", \"space\": "
		      "\"ports\", \"base\": 32, "
		      "\"length\": 2, \"irqs\": []}, {\"name\": \"hpet\", \"space\": "
		      "\"memory\", \"base\": 4275044352, "
		      "\"length\": 1024, \"irqs\": [0, 8]}]}"));
	vcpus[0].interrupts = 40;
	vcpus[1].interrupts = 2;
	vcpus[0].exit_ticks[EXIT_HLT] = 361200000;
	vcpus[1].exit_ticks[EXIT_IO] = 0;
	threads[0].wait_ns = threads[1].wait_ns = 750000000;
	assert_string_equal(
		run_line("vm stats web"),
		"CPU time        3.612 s\r\n"
		"of it for exits 0.361 s   10.0%\r\n"
		"stolen          1.500 s\r\n"
		"interrupts      42\r\n"
		"unclaimed       7, and 1 in part\r\n"
		"EXIT                           COUNT  OF_EXITS       TICKS  OF_TIME\r\n"
		"HLT                                7   38.8%      51600000   10.0%\r\n"
		"port I/O                          11   61.1%             0    0.0%\r\n");
	assert_string_equal(
		run_line("vm stats web -j"),
		"{\"name\": \"web\", \"now_ns\": 0, \"cpu_ns\": 3612000000, \"stolen_ns\": "
		"1500000000, \"exits_ns\": "
		"361200000, "
		"\"interrupts\": 42, \"unclaimed\": 7, \"unclaimed_in_part\": 1, \"exit_count\": "
		"18, \"exits\": "
		"[{\"kind\": \"HLT\", \"count\": 7, \"count_permille\": 388, \"ticks\": 361200000, "
		"\"mean_ticks\": 51600000, \"time_permille\": 100}, {\"kind\": \"port I/O\", "
		"\"count\": 11, "
		"\"count_permille\": 611, \"ticks\": 0, \"mean_ticks\": 0, \"time_permille\": "
		"0}]}\r\n");
	vms[0].state = VM_STOPPED;
	assert_string_equal(run_line("vm stats web"),
			    "error: web is not running: there are no figures\r\n");
}

/* It can't end while its vCPUs are summed up. */
static void
costs_are_of_all(void **state)
{
	static struct thread threads[2] = {{.run_ns = 1}, {.run_ns = 2}};
	static struct vcpu vcpus[2] = {{.thread = &threads[0]}, {.thread = &threads[1]}};
	struct vm_cost cost;

	vms[0].state = VM_RUNNING;
	vms[0].vcpu_count = 2;
	for (unsigned i = 0; i < 2; i++)
		vms[0].vcpus[i] = &vcpus[i];
	wants_to_stop = true;
	assert_true(vm_cost(&vms[0], &cost));
	wants_to_stop = false;
	assert_int_equal(cost.cpu_ns, 3);
	vms[0].state = VM_STOPPED;
	assert_false(vm_cost(&vms[0], &cost));
}

static void
bytes_of_the_configuration(void **state)
{
	configs[0].cmdline = SLICE("a\x1b[2Jb \xc3\xbc");
	configs[0].module_count = 1;
	configs[0].modules[0].file = SLICE("m\7");
	configs[0].modules[0].args = SLICE("\x9bK");
	assert_non_null(strstr(run_line("vm info web"), "module          m? ?K\r\n"));
	assert_non_null(strstr(run_line("vm info web"), "cmdline         a?[2Jb ??\r\n"));
	assert_non_null(
		strstr(run_line("vm info web -j"), "\"cmdline\": \"a\\u001b[2Jb \xc3\xbc\""));
}

static void
life(void **state)
{
	static const char *const lines[][2] = {
		{"vm start web",	 "start"		},
		{"vm stop web --force", "stop"	      },
		{"vm pause web",	 "pause"		},
		{"vm resume web",	  "resume"	  },
		{"vm reset web",	 "reset"		},
		{"vm stop web",		"power, for good"},
		{"vm send web power",   "power"	     },
		{"vm send web nmi",	    "nmi"		 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		called = NULL;
		assert_string_equal(run_line(lines[i][0]), "");
		assert_string_equal(called, lines[i][1]);
	}
}

static void
waits_for_the_end(void **state)
{
	stops_after = 1499000000;
	assert_string_equal(run_line("vm stop web"), "");
	assert_int_equal(now, stops_after);
	stops_after = 9000000000;
	assert_string_equal(run_line("vm stop web"),
			    "error: web still runs 1.5 s after its power button was pressed; vm "
			    "stop web --force ends it at once\r\n");
	assert_int_equal(now, 2999000000);
	configs[0].stop_timeout_ms = 30000; /* as it is without the key */
	assert_string_equal(run_line("vm stop web"), "");
	assert_int_equal(now, 9000000000);
	stops_after = 99000000000;
	assert_string_equal(run_line("vm stop web"),
			    "error: web still runs 30.0 s after its power button was pressed; vm "
			    "stop web --force ends it at once\r\n");
	assert_int_equal(now, 39000000000);
	type_at_console((const char *const[]){"\3", NULL});
	assert_string_equal(run_line("vm stop web"),
			    "error: web still runs, its power button was pressed; vm stop web "
			    "--force ends it at once\r\n");
	answer = -ERR_BUSY;
	assert_string_equal(run_line("vm stop web"),
			    "error: web is paused and sees no power button; type vm resume web "
			    "first, or vm stop web --force\r\n");
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
			    "error: usage: vm stop NAME [--force]\r\n");
	assert_string_equal(run_line("vm send web"), "error: usage: vm send NAME nmi|power\r\n");
	assert_string_equal(run_line("vm send web smi"),
			    "error: usage: vm send NAME nmi|power\r\n");
	assert_string_equal(run_line("vm send nmi web"),
			    "error: usage: vm send NAME nmi|power\r\n");
	assert_string_equal(run_line("vm start wbe"),
			    "error: there is no VM \"wbe\"; did you mean web?\r\n");
	assert_string_equal(run_line("vm info x"),
			    "error: there is no VM \"x\"; vm list shows all\r\n");
	assert_string_equal(run_line("console"), "error: usage: console NAME [--log]\r\n");
	assert_string_equal(run_line("console wbe"),
			    "error: there is no VM \"wbe\"; did you mean web?\r\n");
	assert_null(called);
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
	assert_completes("vm star", "vm start ");
	assert_completes("vm start w", "vm start web ");
	assert_completes("vm start web ", "vm start web \a");
	assert_completes("vm stop db --", "vm stop db --force ");
	assert_completes("vm stat", "vm stats ");
	assert_completes("vm send web n", "vm send web nmi ");
	assert_completes("vm list ", "vm list \a");
	assert_completes("console d", "console db ");
	assert_completes("console db ", "console db --log ");
}

static void
guest_sends(const char *text)
{
	for (; *text != '\0'; text++)
		assert_true(vm_console_put(&consoles[0], (u8)*text));
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
log_of_the_console(void **state)
{
	static char out[VM_CONSOLE_SIZE + 8];

	stop(&vms[0], "power off");
	assert_string_equal(run_line("console web --log"), "");
	guest_sends("one\ntwo");
	assert_string_equal(run_line("console web --log"), "one\ntwo\r\n");
	assert_string_equal(run_line("console web --log"), "one\ntwo\r\n");
	assert_string_equal(run_line("console web"), "one\ntwo\r\n[web is stopped: power off]\r\n");
	assert_string_equal(run_line("console web --log"), "one\ntwo\r\n");
	assert_int_equal(vm_console_attach(&consoles[0], NULL, NULL), 0);
	assert_string_equal(run_line("console web --log"), "one\ntwo\r\n");
	vm_console_detach(&consoles[0]);
	memset(out, 'x', VM_CONSOLE_SIZE);
	guest_sends(out);
	guest_sends("end\n");
	run_line("console web --log");
	assert_null(strstr(sent.buf, "lost"));
	assert_null(strstr(sent.buf, "two"));
	assert_non_null(strstr(sent.buf, "xend\nashlar> "));
	assert_string_equal(run_line("console web --lgo"),
			    "error: usage: console NAME [--log]\r\n");
}

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
		cmocka_unit_test_setup(info_of_cpus, begin),
		cmocka_unit_test_setup(info_of_many_cpus, begin),
		cmocka_unit_test_setup(info_of_costs, begin),
		cmocka_unit_test_setup(costs_are_of_all, begin),
		cmocka_unit_test_setup(bytes_of_the_configuration, begin),
		cmocka_unit_test_setup(dump, begin),
		cmocka_unit_test_setup(top, begin),
		cmocka_unit_test_setup(life, begin),
		cmocka_unit_test_setup(waits_for_the_end, begin),
		cmocka_unit_test_setup(life_errors, begin),
		cmocka_unit_test_setup(wrong_words, begin),
		cmocka_unit_test_setup(completes, begin),
		cmocka_unit_test_setup(both_ways, begin),
		cmocka_unit_test_setup(after_cr_lf, begin),
		cmocka_unit_test_setup(vm_stops, begin),
		cmocka_unit_test_setup(vm_stops_as_the_console_attaches, begin),
		cmocka_unit_test_setup(lost_bytes, begin),
		cmocka_unit_test_setup(log_of_the_console, begin),
		cmocka_unit_test_setup(stuck_guest, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
