/* SPDX-License-Identifier: MIT */
// SOURCES: dev/uart.c lib/lock.c
/* The 16550A's model against the PC16550D data sheet, and the probes of Linux's 8250 driver. */
#include "tests/unit/test.h"

#include "dev/uart.h"
#include "drivers/uart_regs.h"
#include "tests/unit/fake/bus.h"
#include "tests/unit/fake/irq_line.h"

enum { COM1 = 0x3f8 };

static struct fake_irq irq;
static struct uart_model uart;
static struct bus bus;
static u8 sent[1000];
static unsigned sent_count, readies;
static unsigned console_room; /* bytes that it still takes */
static const char *typed;     /* what the console gives at receive_ready() */

static bool
transmit(void *arg, u8 byte)
{
	assert_ptr_equal(arg, sent);
	assert_true(spin_held(&uart.lock));
	if (console_room == 0)
		return false;
	console_room--;
	sent[sent_count++] = byte;
	return true;
}

static void
receive_ready(void *arg)
{
	assert_false(spin_held(&uart.lock));
	readies++;
	while (*typed != '\0' && uart_model_receive(&uart, (u8)*typed))
		typed++;
}

static int
setup(void **state)
{
	const struct uart_console console = {transmit, receive_ready, sent};

	sent_count = readies = 0;
	console_room = 1000;
	typed = "";
	bus_init(&bus);
	uart_model_init(&uart, fake_irq_init(&irq), &console);
	assert_int_equal(uart_model_attach(&uart, &bus, COM1), 0);
	return 0;
}

static u8
in(unsigned reg)
{
	return in8(&bus, (u16)(COM1 + reg));
}

static void
out(unsigned reg, unsigned value)
{
	out8(&bus, (u16)(COM1 + reg), value);
}

static void
receive(const char *text)
{
	for (; *text != '\0'; text++)
		assert_true(uart_model_receive(&uart, (u8)*text));
}

static void
test_reset_state(void **state)
{
	assert_int_equal(in(UART_IER), 0);
	assert_int_equal(in(UART_IIR), 0x01);
	assert_int_equal(in(UART_LCR), 0);
	assert_int_equal(in(UART_MCR), 0);
	assert_int_equal(in(UART_LSR), 0x60);
	assert_int_equal(in(UART_MSR), 0xb0);
	assert_false(irq.level);
}

static void
test_registers_keep_what_they_have_bits_for(void **state)
{
	out(UART_IER, 0xff);
	assert_int_equal(in(UART_IER), 0x0f);
	out(UART_MCR, 0xff);
	assert_int_equal(in(UART_MCR), 0x1f);
	out(UART_SCR, 0xa5);
	assert_int_equal(in(UART_SCR), 0xa5);
	out(UART_LCR, 0x7f);
	assert_int_equal(in(UART_LCR), 0x7f);
	out(UART_LSR, 0);
	assert_int_equal(in(UART_LSR), 0x60);
}

static void
test_divisor_latch(void **state)
{
	out(UART_LCR, 0x83);
	out(UART_DLL, 0x34);
	out(UART_DLM, 0x12);
	assert_int_equal(in(UART_DLL), 0x34);
	assert_int_equal(in(UART_DLM), 0x12);
	out(UART_LCR, 0x03);
	assert_int_equal(in(UART_IER), 0);
	assert_int_equal(sent_count, 0);
	assert_int_equal(in(UART_RBR), 0);
}

static void
test_transmit(void **state)
{
	out(UART_THR, 'h');
	out(UART_THR, 'i');
	assert_int_equal(sent_count, 2);
	assert_memory_equal(sent, "hi", 2);
	assert_int_equal(in(UART_LSR), 0x60);
}

static void
test_console_holds_back(void **state)
{
	console_room = 1;
	out(UART_FCR, 0x07);
	out(UART_MCR, 0x0b);
	for (unsigned i = 0; i < 16; i++)
		out(UART_THR, 'a' + i);
	assert_int_equal(sent_count, 1);
	assert_int_equal(in(UART_LSR), 0x00);
	out(UART_IER, IER_ETBEI);
	assert_false(irq.level);
	console_room = 10;
	uart_model_tx_ready(&uart);
	assert_int_equal(in(UART_LSR), 0x00);
	assert_false(irq.level);
	console_room = 10;
	uart_model_tx_ready(&uart);
	assert_int_equal(sent_count, 16);
	assert_memory_equal(sent, "abcdefghijklmnop", 16);
	assert_true(irq.level);
	assert_int_equal(in(UART_LSR), 0x60);
	assert_int_equal(in(UART_IIR), 0xc2);
}

/* A full FIFO loses the byte; without FIFO there is room for one. */
static void
test_transmitter_overfilled(void **state)
{
	console_room = 0;
	out(UART_FCR, 0x01);
	for (unsigned i = 0; i < 20; i++)
		out(UART_THR, 'a' + i);
	console_room = 100;
	uart_model_tx_ready(&uart);
	assert_int_equal(sent_count, 16);
	out(UART_FCR, 0x00);
	console_room = 0;
	out(UART_THR, 'A');
	out(UART_THR, 'B');
	console_room = 100;
	uart_model_tx_ready(&uart);
	assert_int_equal(sent_count, 17);
	uart_model_tx_ready(&uart); /* with nothing to send */
	assert_int_equal(sent_count, 17);
}

static void
test_thre_interrupt(void **state)
{
	out(UART_MCR, MCR_OUT2);
	assert_int_equal(in(UART_IIR), 0x01);
	out(UART_IER, IER_ETBEI); /* empty already: at once */
	assert_true(irq.level);
	assert_int_equal(in(UART_IIR), 0x02);
	assert_false(irq.level); /* looking at it takes it back */
	assert_int_equal(in(UART_IIR), 0x01);
	out(UART_THR, 'x');
	assert_true(irq.level);
	assert_int_equal(irq.edges, 2);
	out(UART_THR, 'x'); /* an edge each time */
	assert_int_equal(irq.edges, 3);
	out(UART_IER, 0);
	assert_false(irq.level);
}

/* serial8250_do_startup() and its tests for chips that don't raise THRE again. */
static void
test_linux_thre_probes(void **state)
{
	out(UART_FCR, 0x07);
	out(UART_FCR, 0x00);
	out(UART_IER, IER_ETBEI);
	assert_int_equal(in(UART_LSR)&0x40, 0x40);
	assert_int_equal(in(UART_IIR)&0x01, 0); /* else UART_BUG_TXEN */
	out(UART_IER, 0);
	out(UART_IER, IER_ETBEI);
	assert_int_equal(in(UART_IIR)&0x01, 0); /* else UART_BUG_THRE */
	out(UART_IER, 0);
}

/* What autoconfig() does to find out that it is a 16550A and nothing better. */
static void
test_linux_autoconfig(void **state)
{
	out(UART_IER, 0x00);
	assert_int_equal(in(UART_IER)&0x0f, 0x00);
	out(UART_IER, 0x0f);
	assert_int_equal(in(UART_IER)&0x0f, 0x0f);
	out(UART_IER, 0x00);
	out(UART_MCR, MCR_LOOP | 0x0a);
	assert_int_equal(in(UART_MSR)&0xf0, 0x90);
	out(UART_MCR, 0);
	out(UART_LCR, 0xbf);
	out(UART_FCR, 0);
	out(UART_LCR, 0);
	out(UART_FCR, FCR_ENABLE);
	assert_int_equal(in(UART_IIR) >> 6, 3);
	out(UART_LCR, 0x80); /* EFR of a 16650 would read 0 here */
	assert_int_not_equal(in(2), 0);
	out(UART_LCR, 0xbf);
	assert_int_not_equal(in(2), 0);
	out(UART_LCR, 0);
	out(UART_FCR, FCR_ENABLE | 0x20); /* a 16750 */
	assert_int_equal(in(UART_IIR)&0xe0, 0xc0);
	out(UART_LCR, 0x80);
	out(UART_FCR, FCR_ENABLE | 0x20);
	assert_int_equal(in(UART_IIR)&0xe0, 0xc0);
	out(UART_LCR, 0);
	out(UART_IER, 0x40); /* UUE of an XScale */
	assert_int_equal(in(UART_IER), 0);
}

/* size_fifo() counts what comes back in loopback. */
static void
test_linux_size_fifo(void **state)
{
	unsigned count;

	out(UART_FCR, 0x07);
	out(UART_MCR, MCR_LOOP);
	for (count = 0; count < 256; count++)
		out(UART_THR, count);
	for (count = 0; in(UART_LSR)&LSR_DR && count < 256; count++)
		assert_int_equal(in(UART_RBR), count);
	assert_int_equal(count, 16);
	assert_int_equal(sent_count, 0);
}

static void
test_loopback(void **state)
{
	out(UART_FCR, 0x01);
	out(UART_MCR, 0x1f);
	assert_int_equal(in(UART_MSR)&0xf0, 0xf0);
	(void)in(UART_MSR);
	out(UART_MCR, 0x10);
	assert_int_equal(in(UART_MSR), 0x0f); /* all four have changed, RI has ended */
	assert_int_equal(in(UART_MSR), 0x00);
	out(UART_MCR, 0x14);
	assert_int_equal(in(UART_MSR), 0x40);	      /* RI's beginning is no delta */
	assert_false(uart_model_receive(&uart, 'x')); /* the line is disconnected */
	out(UART_IER, IER_ERBFI);
	out(UART_MCR, 0x18);
	out(UART_THR, 'y');
	assert_int_equal(in(UART_IIR), 0xc4);
	assert_false(irq.level); /* OUT2 is inactive */
	out(UART_MCR, 0x08);
	assert_true(irq.level);
	assert_int_equal(readies, 1);
	assert_int_equal(in(UART_RBR), 'y');
}

static void
test_loopback_overrun(void **state)
{
	out(UART_MCR, MCR_LOOP);
	out(UART_IER, IER_ELSI);
	out(UART_THR, 'a');
	assert_int_equal(in(UART_IIR), 0x01);
	out(UART_THR, 'b');
	assert_int_equal(in(UART_IIR), 0x06);
	assert_int_equal(in(UART_LSR), 0x63);
	assert_int_equal(in(UART_LSR), 0x61); /* looking takes it back */
	assert_int_equal(in(UART_IIR), 0x01);
}

static void
test_receive(void **state)
{
	out(UART_MCR, MCR_OUT2);
	out(UART_IER, IER_ERBFI);
	receive("a");
	assert_true(irq.level);
	assert_int_equal(in(UART_IIR), 0x04);
	assert_int_equal(in(UART_LSR), 0x61);
	assert_int_equal(in(UART_RBR), 'a');
	assert_false(irq.level);
	assert_int_equal(in(UART_LSR), 0x60);
}

static void
test_trigger_levels(void **state)
{
	static const u8 levels[4] = {1, 4, 8, 14};

	for (unsigned i = 0; i < 4; i++) {
		out(UART_FCR, 0x07 | i << 6);
		out(UART_IER, IER_ERBFI);
		for (unsigned n = 1; n <= 16; n++) {
			receive("z");
			assert_int_equal(in(UART_IIR), n >= levels[i] ? 0xc4 : 0xcc);
		}
	}
}

static void
test_full_fifo_refuses_until_read(void **state)
{
	out(UART_FCR, 0x07);
	receive("0123456789abcdef");
	assert_false(uart_model_receive(&uart, 'g'));
	typed = "ghi";
	assert_int_equal(readies, 0);
	assert_int_equal(in(UART_RBR), '0');
	assert_int_equal(readies, 1); /* takes g, and refuses h again */
	assert_int_equal(in(UART_RBR), '1');
	for (const char *expected = "23456789abcdefghi"; *expected != '\0'; expected++)
		assert_int_equal(in(UART_RBR), *expected);
	assert_int_equal(in(UART_LSR), 0x60); /* nothing lost, nothing overrun */
}

static void
test_without_fifo_one_byte(void **state)
{
	receive("a");
	assert_false(uart_model_receive(&uart, 'b'));
	assert_int_equal(in(UART_RBR), 'a');
	assert_int_equal(readies, 1);
}

static void
test_fcr_clears(void **state)
{
	out(UART_FCR, 0x01);
	receive("abc");
	console_room = 0;
	out(UART_THR, 'x');
	out(UART_FCR, 0x03);
	assert_int_equal(in(UART_LSR), 0x00); /* received bytes alone */
	receive("abc");
	out(UART_FCR, 0x05);
	assert_int_equal(in(UART_LSR), 0x61);
	out(UART_THR, 'x');
	out(UART_FCR, 0x00); /* off: both are cleared */
	assert_int_equal(in(UART_LSR), 0x60);
	assert_int_equal(in(UART_IIR), 0x01);
	console_room = 9;
	uart_model_tx_ready(&uart);
	assert_int_equal(sent_count, 0);
}

static void
test_priorities(void **state)
{
	out(UART_MCR, MCR_LOOP);
	out(UART_IER, 0x0f);
	(void)in(UART_IIR);
	(void)in(UART_MSR);
	out(UART_MCR, MCR_LOOP | MCR_RTS);
	out(UART_THR, 'a');
	out(UART_THR, 'b');
	assert_int_equal(in(UART_IIR), 0x06);
	(void)in(UART_LSR);
	assert_int_equal(in(UART_IIR), 0x04);
	(void)in(UART_RBR);
	assert_int_equal(in(UART_IIR), 0x02);
	assert_int_equal(in(UART_IIR), 0x00);
	(void)in(UART_MSR);
	assert_int_equal(in(UART_IIR), 0x01);
}

static void
test_out2_connects_the_interrupt(void **state)
{
	out(UART_IER, IER_ETBEI);
	assert_false(irq.level);
	out(UART_MCR, MCR_OUT2);
	assert_true(irq.level);
}

static void
test_reset_lets_the_console_go_on(void **state)
{
	out(UART_MCR, MCR_OUT2);
	out(UART_IER, IER_ERBFI);
	receive("a");
	assert_false(uart_model_receive(&uart, 'b'));
	assert_true(irq.level);
	bus_reset(&bus);
	assert_false(irq.level);
	assert_int_equal(readies, 1);
	assert_int_equal(in(UART_LSR), 0x60);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_reset_state, setup),
		cmocka_unit_test_setup(test_registers_keep_what_they_have_bits_for, setup),
		cmocka_unit_test_setup(test_divisor_latch, setup),
		cmocka_unit_test_setup(test_transmit, setup),
		cmocka_unit_test_setup(test_console_holds_back, setup),
		cmocka_unit_test_setup(test_transmitter_overfilled, setup),
		cmocka_unit_test_setup(test_thre_interrupt, setup),
		cmocka_unit_test_setup(test_linux_thre_probes, setup),
		cmocka_unit_test_setup(test_linux_autoconfig, setup),
		cmocka_unit_test_setup(test_linux_size_fifo, setup),
		cmocka_unit_test_setup(test_loopback, setup),
		cmocka_unit_test_setup(test_loopback_overrun, setup),
		cmocka_unit_test_setup(test_receive, setup),
		cmocka_unit_test_setup(test_trigger_levels, setup),
		cmocka_unit_test_setup(test_full_fifo_refuses_until_read, setup),
		cmocka_unit_test_setup(test_without_fifo_one_byte, setup),
		cmocka_unit_test_setup(test_fcr_clears, setup),
		cmocka_unit_test_setup(test_priorities, setup),
		cmocka_unit_test_setup(test_out2_connects_the_interrupt, setup),
		cmocka_unit_test_setup(test_reset_lets_the_console_go_on, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
