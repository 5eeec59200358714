/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/uart.c drivers/uart_probe.c drivers/uart_config.c drivers/uart_log.c
// SOURCES: lib/ring.c lib/log.c lib/lock.c lib/format.c lib/error.c
#include "tests/unit/test.h"

#include <string.h>

#include "tests/unit/fake/uart.h"

#include "include/intrin.h"
#include "lib/format.h"

static struct fake_uart fake;
static struct uart uart;
static unsigned received_calls;
static u64 log_seen;

static void
count_call(void *arg)
{
	assert_ptr_equal(arg, &fake);
	assert_false(spin_held(&uart.lock));
	received_calls++;
}

static void
config_fake(struct uart_config *config, enum fake_uart_kind kind)
{
	memset(&fake, 0, sizeof(fake));
	fake.kind = kind;
	fake_now_us = 0;
	received_calls = 0;
	log_seen = log_next_seq();
	uart_config_io(config, "com1", 0x3f8);
	config->mmio = &fake;
	config->read = fake_uart_read;
	config->write = fake_uart_write;
}

static u8 rx[UART_RX_SIZE];

static void
open_uart(enum fake_uart_kind kind)
{
	struct uart_config config;

	config_fake(&config, kind);
	assert_int_equal(uart_probe(&uart, &config), 0);
	uart_set_receiver(&uart, rx, count_call, &fake);
	fake.accesses = 0;
}

/* Interrupts are served as long as there are edges. */
static void
serve(void)
{
	while (fake.edge) {
		fake.edge = false;
		uart_interrupt(&uart);
	}
}

/* Whether the log has got a line since the test began that contains this. */
static bool
logged(const char *text)
{
	struct log_line line;
	u64 seq = log_seen;

	while (log_read(&seq, &line)) {
		if (strstr(line.text, text) != NULL)
			return true;
	}
	return false;
}

static void
absent(void **state)
{
	enum fake_uart_kind kinds[] = {FAKE_ALL_ONES, FAKE_ALL_ZEROS, FAKE_MEMORY};
	struct uart_config config;

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		config_fake(&config, kinds[i]);
		assert_int_equal(uart_probe(&uart, &config), -ERR_NODEV);
		assert_true(fake.accesses < 300000);
		/* An empty bus is found out without a wait, plain memory after one. */
		assert_true(fake_now_us <= (kinds[i] == FAKE_MEMORY ? 200 * 1000 + 1 : 0));
	}
}

static void
set_up(void **state)
{
	open_uart(FAKE_16550);
	assert_int_equal(fake.lcr, LCR_8N1);
	assert_int_equal(fake.dll, 1);
	assert_int_equal(fake.dlm, 0);
	assert_int_equal(fake.fcr, 0x87);
	assert_int_equal(fake.mcr, MCR_DTR | MCR_RTS | MCR_OUT2);
	assert_int_equal(fake.ier, 0);
	uart_use_interrupt(&uart);
	assert_int_equal(fake.ier, IER_ERBFI | IER_ELSI);
}

static unsigned
divisor(u32 clock_hz, u32 baud)
{
	struct uart_config config;

	config_fake(&config, FAKE_16550);
	fake.dll = 0x34;
	fake.dlm = 0x12;
	config.clock_hz = clock_hz;
	config.baud = baud;
	assert_int_equal(uart_probe(&uart, &config), 0);
	assert_int_equal(fake.lcr, LCR_8N1);
	return (unsigned)fake.dlm << 8 | fake.dll;
}

static void
speeds(void **state)
{
	assert_int_equal(divisor(UART_CLOCK_HZ, 115200), 1);
	assert_int_equal(divisor(UART_CLOCK_HZ, 9600), 12);
	assert_int_equal(divisor(UART_CLOCK_HZ, 300), 384);
	assert_int_equal(divisor(48000000, 115200), 26);
	assert_int_equal(divisor(UART_CLOCK_HZ, 0), 0x1234); /* as the firmware left it */
	assert_int_equal(divisor(0, 9600), 0x1234);
	assert_int_equal(divisor(UART_CLOCK_HZ, 1), 0xffff);
	assert_int_equal(divisor(UART_CLOCK_HZ, 0xffffffff), 1);
}

/* A boot loader may leave DLAB on, under which IER would be the divisor's high byte. */
static void
dlab_left_on(void **state)
{
	struct uart_config config;

	config_fake(&config, FAKE_16550);
	fake.lcr = LCR_DLAB;
	fake.ier = 0x0f;
	assert_int_equal(uart_probe(&uart, &config), 0);
	assert_int_equal(fake.ier, 0);
	assert_int_equal(fake.dlm, 0);
}

static void
without_fifo(void **state)
{
	open_uart(FAKE_8250);
	assert_int_equal(fake.fcr, 0);
	uart_write(&uart, "hello", 5);
	assert_int_equal(fake.overfilled, 0);
	assert_memory_equal(fake.sent, "hello", 5);
}

static void
sends(void **state)
{
	static u8 bytes[5000];

	open_uart(FAKE_16550);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)(i * 7);
	uart_write(&uart, bytes, sizeof(bytes));
	assert_int_equal(fake.overfilled, 0);
	assert_int_equal(fake.sent_count, sizeof(bytes));
	assert_memory_equal(fake.sent, bytes, sizeof(bytes));
	/* By the FIFO, not by the byte: a look at LSR or two each 16 bytes. */
	assert_true(fake.accesses < sizeof(bytes) * 3 / 2);
	assert_true(irqs_enabled());
}

/* A stuck transmitter costs one deadline, is said so once, and is used again when it can be. */
static void
stuck(void **state)
{
	u64 waited;

	open_uart(FAKE_16550);
	fake.stuck = true;
	uart_write(&uart, "0123456789", 10);
	waited = fake_now_us;
	assert_in_range(waited, 5000 * 1000, 5000 * 1000 + 1);
	assert_true(logged("com1: nothing can be sent"));
	log_seen = log_next_seq();
	for (unsigned i = 0; i < 100; i++)
		uart_write(&uart, "0123456789", 10);
	assert_in_range(fake_now_us, waited, waited + 200);
	assert_int_equal(log_seen, log_next_seq());
	assert_int_equal(fake.overfilled, 0);

	fake.stuck = false;
	uart_write(&uart, "back", 4);
	assert_int_equal(fake.sent_count, 4);
	assert_true(logged("com1: [1010 bytes lost]"));
	fake.stuck = true; /* and a second time */
	log_seen = log_next_seq();
	uart_write(&uart, "0123456789012345678", 19);
	assert_true(logged("nothing can be sent"));
}

static u64 slept_ns[32];
static unsigned sleeps;

static void
sleep_while_it_sends(u64 ns)
{
	assert_true(irqs_enabled());
	assert_false(spin_held(&uart.lock));
	if (sleeps < ARRAY_SIZE(slept_ns))
		slept_ns[sleeps] = ns;
	sleeps++;
	fake_now_us += ns / 1000;
	fake.busy = sleeps == 1; /* the first time was not quite enough */
}

/* At 115200 baud a byte takes 86.8 us. Nothing is lost, and nobody spins. */
static void
sleeps_while_the_line_works(void **state)
{
	u8 bytes[40] = {0};

	open_uart(FAKE_16550);
	sleeps = 0;
	uart_use_sleep(&uart, sleep_while_it_sends);
	uart_write(&uart, bytes, sizeof(bytes));
	assert_int_equal(fake.sent_count, sizeof(bytes));
	assert_int_equal(fake.overfilled, 0);
	assert_int_equal(sleeps, 3);
	assert_in_range(slept_ns[0], 17 * 86800, 17 * 86900);
	assert_in_range(slept_ns[1], 86800, 86900);
	assert_in_range(slept_ns[2], 17 * 86800, 17 * 86900);
}

/* The terminal has told it to stop, say: a look each time that as long again has passed, for some
 * seconds. Before it gives up there are many: idle time may be none for whoever reads the line. */
static void
looks_less_and_less_at_a_line_that_is_held_back(void **state)
{
	u8 bytes[40] = {0};

	open_uart(FAKE_16550);
	uart_use_sleep(&uart, sleep_while_it_sends);
	uart_write(&uart, bytes, sizeof(bytes));
	fake.stuck = true;
	fake_now_us = sleeps = 0;
	uart_write(&uart, bytes, 1);
	assert_in_range(fake_now_us, 5000 * 1000, 5000 * 1000 + 200);
	assert_in_range(slept_ns[0], 9 * 86800, 9 * 86900);
	for (unsigned n = 1; n <= 11; n++)
		assert_in_range(slept_ns[n], 86800ul << (n - 1), 86900ul << (n - 1));
	for (unsigned n = 12; n <= 30; n++)
		assert_int_equal(slept_ns[n], 100 * 1000 * 1000);
	assert_in_range(slept_ns[31], 86800, 86900);
	assert_in_range(sleeps, 25 * 1000, 40 * 1000);

	fake.stuck = false;
	sleeps = 0;
	uart_write(&uart, bytes, sizeof(bytes)); /* once it goes on, all is as before */
	assert_in_range(slept_ns[0], 17 * 86800, 17 * 86900);
	assert_in_range(slept_ns[1], 86800, 86900);
}

/* Where the caller holds interrupts off, and for the log and a panic. */
static void
spins_where_it_may_not_sleep(void **state)
{
	u8 bytes[40] = {0};
	u64 flags;

	open_uart(FAKE_16550);
	sleeps = 0;
	uart_use_sleep(&uart, sleep_while_it_sends);
	flags = irq_save();
	uart_write(&uart, bytes, sizeof(bytes));
	irq_restore(flags);
	uart_write_unreported(&uart, bytes, sizeof(bytes));
	uart_write_raw(&uart, bytes, sizeof(bytes));
	assert_int_equal(sleeps, 0);
	assert_int_equal(fake.sent_count, 3 * sizeof(bytes));
}

/* The log's lock may be held: nothing is logged from the log's output, but later. */
static void
log_output(void **state)
{
	struct log_line line = {.time_ns = 1234567000, .level = LOG_WARN, .text = "OEM ."};

	open_uart(FAKE_16550);
	uart.log.write(&uart.log, &line);
	assert_string_equal((char *)fake.sent, "[    1.234567] warn: OEM .\r\n");

	fake.stuck = true;
	log_add_output(&uart.log, false);
	log_info("not sent"); /* with interrupts off: the shorter deadline */
	assert_in_range(fake_now_us, 500 * 1000, 500 * 1000 + 50);
	assert_int_equal(log_next_seq(), log_seen + 1);
	assert_false(logged("nothing can be sent"));
	uart_write(&uart, "x", 1);
	assert_true(logged("nothing can be sent"));
	log_remove_output(&uart.log);
}

static void
longest_log_line(void **state)
{
	struct log_line line = {.time_ns = ~0ul, .level = LOG_ERROR};

	open_uart(FAKE_16550);
	memset(line.text, 'x', LOG_LINE_MAX);
	uart.log.write(&uart.log, &line);
	assert_memory_equal(fake.sent + fake.sent_count - 4, "xx\r\n", 4);
}

/* In a panic the lock may be held for good. */
static void
raw(void **state)
{
	u64 flags;

	open_uart(FAKE_16550);
	flags = spin_lock(&uart.lock);
	uart_write_raw(&uart, "panic: a long enough cause", 26);
	assert_memory_equal(fake.sent, "panic: a long enough cause", 26);
	fake.stuck = true;
	uart_write_raw(&uart, "more than a FIFO's worth", 24);
	spin_unlock(&uart.lock, flags);
	assert_int_equal(log_next_seq(), log_seen);
}

static void
receives(void **state)
{
	u8 bytes[8];

	open_uart(FAKE_16550);
	uart_use_interrupt(&uart);
	assert_false(uart_has_input(&uart));
	fake_line_in(&fake, 'a', false);
	fake_line_in(&fake, 0, false);
	fake_line_in(&fake, 0xff, false);
	serve();
	assert_int_equal(received_calls, 1);
	assert_true(uart_has_input(&uart));
	assert_int_equal(uart_read(&uart, bytes, 2), 2);
	assert_int_equal(uart_read(&uart, bytes + 2, 6), 1);
	assert_memory_equal(bytes, "a\0\xff", 3);
	assert_int_equal(uart_read(&uart, bytes, sizeof(bytes)), 0);
	uart_interrupt(&uart); /* for nothing */
	assert_int_equal(received_calls, 1);
	assert_int_equal(fake.ier, IER_ERBFI | IER_ELSI);
}

/* What arrived before the interrupt was turned on is not left behind. */
static void
early_input(void **state)
{
	u8 byte;

	open_uart(FAKE_16550);
	fake_line_in(&fake, 'x', false);
	assert_false(fake.edge);
	uart_use_interrupt(&uart);
	serve();
	assert_int_equal(uart_read(&uart, &byte, 1), 1);
	assert_int_equal(byte, 'x');
}

/* The null byte of a break is dropped, also when the writer saw LSR's flag; its neighbours stay. */
static void
breaks(void **state)
{
	u8 bytes[8];

	open_uart(FAKE_16550);
	fake_line_in(&fake, 'a', false);
	fake_line_in(&fake, 0, true);
	fake_line_in(&fake, 'b', false);
	uart_poll(&uart);
	assert_int_equal(uart_read(&uart, bytes, sizeof(bytes)), 2);
	assert_memory_equal(bytes, "ab", 2);

	fake_line_in(&fake, 0, true);
	fake_line_in(&fake, 'c', false);
	uart_write(&uart, "out", 3);
	uart_poll(&uart);
	assert_int_equal(uart_read(&uart, bytes, sizeof(bytes)), 1);
	assert_int_equal(bytes[0], 'c');
}

static u8
pasted(size_t at)
{
	return (u8)(at * 2654435761u >> 11);
}

/* A sender that obeys RTS loses nothing, however slow the reader is. */
static void
back_pressure(bool interrupt)
{
	size_t sent = 0, got = 0, total = 70000, quiet = 0;
	u8 bytes[1000];

	open_uart(FAKE_16550);
	if (interrupt)
		uart_use_interrupt(&uart);
	while (got < total) {
		bool progress = sent < total && fake_line_in_if_rts(&fake, pasted(sent));

		sent += progress;
		if (interrupt)
			serve();
		else
			uart_poll(&uart);
		quiet = progress ? 0 : quiet + 1;
		if (quiet < 20)
			continue;
		/* The line has come to rest: everything is sent, or RTS holds the sender back. */
		assert_true(sent == total || !(fake.mcr & MCR_RTS));
		assert_true(sent == total || fake.ier == 0);
		for (size_t n = uart_read(&uart, bytes, sizeof(bytes)), i = 0; i < n; i++)
			assert_int_equal(bytes[i], pasted(got++));
		assert_true(quiet < 100);
	}
	assert_int_equal(sent, total);
	assert_false(logged("lost"));
	assert_int_equal(fake.mcr, MCR_DTR | MCR_RTS | MCR_OUT2);
	assert_int_equal(fake.ier, interrupt ? IER_ERBFI | IER_ELSI : 0);
}

static void
back_pressure_by_interrupt(void **state)
{
	back_pressure(true);
}

static void
back_pressure_by_polling(void **state)
{
	back_pressure(false);
}

/* A sender that does not: what the UART loses is counted and said. */
static void
overruns(void **state)
{
	u8 byte;

	open_uart(FAKE_16550);
	uart_use_interrupt(&uart);
	for (unsigned i = 0; i < FAKE_FIFO + 1; i++)
		fake_line_in(&fake, 'x', false);
	serve();
	assert_false(logged("lost"));
	assert_int_equal(uart_read(&uart, &byte, 1), 1);
	assert_true(logged("com1: [1 bytes lost] or more: input"));
	log_seen = log_next_seq();
	assert_int_equal(uart_read(&uart, &byte, 1), 1);
	assert_false(logged("lost"));
}

/* A broken UART keeps a CPU for a bounded time, and a vanished one is silent. */
static void
misbehaving(void **state)
{
	open_uart(FAKE_16550);
	uart_use_interrupt(&uart);
	fake.kind = FAKE_BABBLING;
	uart_interrupt(&uart);
	assert_true(fake.accesses < 1000);
	for (unsigned i = 0; i < 1000; i++)
		uart_interrupt(&uart);
	assert_int_equal(fake.ier, 0); /* held: no storm */

	open_uart(FAKE_16550);
	fake.kind = FAKE_ALL_ONES;
	uart_poll(&uart);
	assert_false(uart_has_input(&uart));
	uart_write(&uart, "x", 1);
	assert_true(logged("nothing can be sent"));
	assert_false(logged("lost"));
}

static void
ports(void **state)
{
	struct uart_config config;

	assert_int_equal(uart_com_port(0), 0);
	assert_int_equal(uart_com_port(1), 0x3f8);
	assert_int_equal(uart_com_port(2), 0x2f8);
	assert_int_equal(uart_com_port(3), 0x3e8);
	assert_int_equal(uart_com_port(4), 0x2e8);
	assert_int_equal(uart_com_port(5), 0);
	uart_config_io(&config, "com2", 0x2f8);
	assert_int_equal(config.isa_irq, 3);
	assert_int_equal(config.baud, 115200);
	uart_config_io(&config, "io:0x3e0", 0x3e0);
	assert_int_equal(config.isa_irq, -1);
}

static void
assert_layout(u8 bit_width, u8 access_size, unsigned stride, unsigned width)
{
	u8 memory[32];
	struct uart_config config;

	memset(memory, 0xee, sizeof(memory));
	assert_int_equal(uart_config_mmio(&config, "acpi", memory, bit_width, access_size), 0);
	assert_int_equal(config.stride, stride);
	assert_int_equal(config.width, width);
	config.write(&config, 5, 0x60);
	for (unsigned i = 0; i < sizeof(memory); i++) {
		bool inside = i >= 5 * stride && i < 5 * stride + width;

		assert_int_equal(memory[i], i == 5 * stride ? 0x60 : inside ? 0 : 0xee);
	}
	assert_int_equal(config.read(&config, 5), 0x60);
}

/* ACPI generic address: bit width and access size give the distance and width of registers. */
static void
memory_layouts(void **state)
{
	struct uart_config config;
	u8 memory[64];

	assert_layout(8, 1, 1, 1);
	assert_layout(8, 0, 1, 1);
	assert_layout(0, 0, 1, 1);
	assert_layout(32, 3, 4, 4);
	assert_layout(32, 0, 4, 4);
	assert_layout(32, 1, 4, 1);
	assert_layout(8, 3, 4, 4);
	assert_layout(16, 2, 2, 2);
	assert_int_equal(uart_config_mmio(&config, "x", memory, 64, 0), -ERR_INVAL);
	assert_int_equal(uart_config_mmio(&config, "x", memory, 24, 0), -ERR_INVAL);
	assert_int_equal(uart_config_mmio(&config, "x", memory, 7, 1), -ERR_INVAL);
	assert_int_equal(uart_config_mmio(&config, "x", memory, 8, 4), -ERR_INVAL);
	assert_int_equal(uart_config_mmio(&config, "x", memory, 8, 255), -ERR_INVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absent),
		cmocka_unit_test(set_up),
		cmocka_unit_test(speeds),
		cmocka_unit_test(dlab_left_on),
		cmocka_unit_test(without_fifo),
		cmocka_unit_test(sends),
		cmocka_unit_test(stuck),
		cmocka_unit_test(sleeps_while_the_line_works),
		cmocka_unit_test(looks_less_and_less_at_a_line_that_is_held_back),
		cmocka_unit_test(spins_where_it_may_not_sleep),
		cmocka_unit_test(log_output),
		cmocka_unit_test(longest_log_line),
		cmocka_unit_test(raw),
		cmocka_unit_test(receives),
		cmocka_unit_test(early_input),
		cmocka_unit_test(breaks),
		cmocka_unit_test(back_pressure_by_interrupt),
		cmocka_unit_test(back_pressure_by_polling),
		cmocka_unit_test(overruns),
		cmocka_unit_test(misbehaving),
		cmocka_unit_test(ports),
		cmocka_unit_test(memory_layouts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
