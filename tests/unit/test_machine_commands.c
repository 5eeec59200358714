/* SPDX-License-Identifier: MIT */
// SOURCES: shell/cmd_irq.c shell/cmd_trace.c shell/cmd_panic.c shell/cmd_power.c shell/command.c
// SOURCES: shell/words.c shell/listing.c shell/json.c lib/trace.c lib/distance.c lib/format.c
// SOURCES: lib/text.c lib/log.c lib/lock.c lib/error.c
#include "tests/unit/test.h"

#include <string.h>

#include "arch/x86_64/irq.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/time.h"
#include "core/power.h"
#include "include/intrin.h"
#include "lib/trace.h"
#include "shell/cmd_irq.h"
#include "shell/cmd_panic.h"
#include "shell/cmd_power.h"
#include "shell/cmd_trace.h"
#include "shell/commands.h"
#include "tests/unit/fake/heap.h"
#include "tests/unit/fake/text_sink.h"

const struct command *const command_table[] = {&cmd_irq,      &cmd_trace,  &cmd_panic,
					       &cmd_poweroff, &cmd_reboot, NULL};

/* A machine with two CPUs; the second one's TSC is 1000 ticks ahead, a tick is a nanosecond. */
static struct cpu cpus[2] = {
	{.index = 0	   },
	      { .index = 1, .tsc_offset = 1000}
};
static u32 called_cpu;

u32
cpu_count(void)
{
	return ARRAY_SIZE(cpus);
}

struct cpu *
cpu_get(u32 index)
{
	return &cpus[index];
}

u64
clock_from_tsc(u64 tsc)
{
	return tsc;
}

bool
irq_info(u8 vector, struct irq_info *out)
{
	if (vector == 0x40)
		*out = (struct irq_info){vector, "com1", "I/O APIC", 4};
	else if (vector == 0xf0)
		*out = (struct irq_info){vector, "timer", "local APIC", 0};
	else
		return false;
	return true;
}

u64
irq_count(u8 vector, u32 cpu)
{
	return vector * 10u + cpu;
}

int
cpu_call(u32 cpu, void (*fn)(void *), void *arg)
{
	called_cpu = cpu;
	if (cpu == 0)
		return -ERR_NODEV;
	fn(arg);
	return 0;
}

int
power_off(void)
{
	return -ERR_NODEV;
}

int
power_reboot(void)
{
	return -ERR_TIMEOUT;
}

static struct text_sink answer;

static int
run(const char *line)
{
	char copy[128];

	strcpy(copy, line);
	text_sink_clear(&answer);
	return command_run(copy, &answer.sink);
}

#define assert_answer(line, result, want)                                                          \
	do {                                                                                       \
		assert_int_equal(run(line), result);                                               \
		assert_string_equal(answer.buf, want);                                             \
	} while (0)

static void
irq(void **state)
{
	static const char table[] =
		"VECTOR  NAME            SOURCE      GSI       TOTAL  PER_CPU\n"
		"0x40    com1            I/O APIC      4        1281  640 641\n"
		"0xf0    timer           local APIC    -        4801  2400 2401\n";

	assert_answer("irq", 0, table);
	assert_answer("irq list", 0, table);
	assert_answer("irq -j", 0,
		      "[{\"vector\": \"0x40\", \"name\": \"com1\", \"source\": \"I/O APIC\", "
		      "\"gsi\": 4, \"total\": 1281, \"per_cpu\": [640, 641]}, "
		      "{\"vector\": \"0xf0\", \"name\": \"timer\", \"source\": \"local APIC\", "
		      "\"gsi\": null, \"total\": 4801, \"per_cpu\": [2400, 2401]}]\n");
	assert_answer("irq lst", -ERR_INVAL, "error: irq knows no \"lst\"; try irq list\n");
}

static void
record(u32 cpu, u64 time, enum trace_event_id event, u64 a, u64 b)
{
	fake_cpu = cpu;
	fake_tsc = time + (u64)cpus[cpu].tsc_offset;
	trace_event(event, a, b);
	fake_cpu = 0;
	fake_tsc = 1000000;
}

/* Records of two CPUs in the order of their time, whatever their counters show. */
static void
trace(void **state)
{
	static struct trace_ring rings[2];
	static struct trace_slot slots[2][256];

	trace_attach(0, &rings[0], slots[0], 256);
	trace_attach(1, &rings[1], slots[1], 256);
	assert_answer("trace", 0, "");
	assert_answer("trace -j", 0, "[]\n");
	record(0, 100, TRACE_IRQ, 0x40, 0xabc);
	record(0, 300, TRACE_SWITCH, 1, 2);
	record(1, 200, TRACE_IRQ, 0xf0, 0xdef);
	assert_answer("trace", 0,
		      "[    0.000000100] CPU 0   irq      vector 0x40, rip 0xabc\n"
		      "[    0.000000200] CPU 1   irq      vector 0xf0, rip 0xdef\n"
		      "[    0.000000300] CPU 0   switch   from 0x1, to 0x2\n");
	assert_answer("trace switch -j", 0,
		      "[{\"time_ns\": 300, \"cpu\": 0, \"event\": \"switch\", "
		      "\"a\": 1, \"a_is\": \"from\", \"b\": 2, \"b_is\": \"to\"}]\n");
	assert_answer("trace nosuch", -ERR_NOENT,
		      "error: no event \"nosuch\"; there are irq, timer, switch and ipi\n");
	record(1, 2000000, TRACE_IRQ, 1, 1); /* after the command began */
	assert_int_equal(run("trace irq"), 0);
	assert_null(strstr(answer.buf, "0x1,"));
}

/* Of more than 200 the oldest are left out. */
static void
trace_the_newest(void **state)
{
	size_t lines = 0;

	for (u64 i = 0; i < 256; i++) {
		record(0, 1000 + 2 * i, TRACE_IPI, i, 0);
		record(1, 1001 + 2 * i, TRACE_TIMER, i, 0);
	}
	assert_int_equal(run("trace"), 0);
	for (const char *c = answer.buf; *c != '\0'; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 200);
	assert_non_null(strstr(answer.buf, "ipi      vector 0x9c, "));
	assert_null(strstr(answer.buf, "ipi      vector 0x9b, "));
	assert_non_null(strstr(answer.buf,
			       "[    0.000001511] CPU 1   timer    late-ns 0xff, expired 0x0\n"));
}

static void
panics(void **state)
{
	expect_panic(run("panic"));
	assert_string_equal(panic_text, "asked for by the command panic");
	expect_panic(run("panic 1"));
	assert_int_equal(called_cpu, 1);
	assert_answer("panic 2", -ERR_RANGE, "error: no CPU \"2\"; give a number from 0 to 1\n");
	assert_answer("panic -1", -ERR_RANGE, "error: no CPU \"-1\"; give a number from 0 to 1\n");
	assert_answer("panic 4294967296", -ERR_RANGE,
		      "error: no CPU \"4294967296\"; give a number from 0 to 1\n");
	assert_answer("panic 0", -ERR_NODEV,
		      "error: CPU 0 can't be called: no such device; try panic alone\n");
}

static void
power(void **state)
{
	assert_answer("poweroff", -ERR_NODEV,
		      "powering off\nerror: the machine did not power off (no such device); "
		      "switch it off by hand\n");
	assert_answer("reboot", -ERR_TIMEOUT,
		      "rebooting\nerror: the machine did not reboot (no answer in time); "
		      "reset it by hand\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(irq),
		cmocka_unit_test(trace),
		cmocka_unit_test(trace_the_newest),
		cmocka_unit_test(panics),
		cmocka_unit_test(power),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
