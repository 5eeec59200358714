/* SPDX-License-Identifier: MIT */
/* Is there a UART, and setting it up. Every step is a bounded number of register accesses. */
#include "arch/x86_64/time.h"
#include "drivers/uart.h"
#include "drivers/uart_log.h"
#include "drivers/uart_regs.h"

enum {
	DRAIN_US = 200 * 1000, /* a full FIFO at 1200 baud takes 133 ms */
	RX_FIFO_MAX = 256,     /* the largest of any 16550's descendants is 128 bytes */
};

static u8
get(const struct uart *uart, enum uart_register reg)
{
	return uart->config.read(&uart->config, reg);
}

static void
put(const struct uart *uart, enum uart_register reg, u64 value)
{
	uart->config.write(&uart->config, reg, (u8)value);
}

/* A register that keeps two opposite patterns: neither a bus that floats, nor one that reads 0. */
static bool
scratch_works(const struct uart *uart)
{
	put(uart, UART_SCR, 0x55);
	if (get(uart, UART_SCR) != 0x55)
		return false;
	put(uart, UART_SCR, 0xaa);
	return get(uart, UART_SCR) == 0xaa;
}

/*
 * In loopback RTS shows as CTS and OUT2 as DCD, while the line itself is idle: plain memory or
 * another device at the address doesn't do that. No byte is sent, so nothing has to be waited for.
 */
static bool
loopback_works(const struct uart *uart)
{
	u8 mcr = get(uart, UART_MCR);
	unsigned inputs;

	put(uart, UART_MCR, MCR_LOOP | MCR_RTS | MCR_OUT2);
	inputs = get(uart, UART_MSR) & MSR_INPUTS;
	put(uart, UART_MCR, mcr);
	return inputs == (MSR_CTS | MSR_DCD);
}

static bool
is_there(const struct uart *uart)
{
	if (get(uart, UART_LSR) == LSR_NONE || !scratch_works(uart))
		return false;
	/* The boot loader's last words go out first: loopback would cut them, the FIFO's reset lose
	 * them. If they never do, uart_write() will find out. */
	(void)wait_until(DRAIN_US, get(uart, UART_LSR) & LSR_TEMT);
	return loopback_works(uart);
}

/* The divisor, with DLAB; an impossible one would stop the line, so it is kept within 16 bits. */
static void
set_speed(const struct uart *uart)
{
	const struct uart_config *c = &uart->config;
	u64 divisor;

	if (c->baud != 0 && c->clock_hz != 0) {
		divisor = (c->clock_hz / 16ul + c->baud / 2) / c->baud;
		divisor = MIN(MAX(divisor, 1ul), 0xfffful);
		put(uart, UART_LCR, LCR_DLAB | LCR_8N1);
		put(uart, UART_DLL, divisor & 0xff);
		put(uart, UART_DLM, divisor >> 8);
	}
	put(uart, UART_LCR, LCR_8N1);
}

static void
set_fifo(struct uart *uart)
{
	put(uart, UART_FCR, FCR_ENABLE | FCR_CLEAR_RX | FCR_CLEAR_TX | FCR_TRIGGER_8);
	uart->fifo = (get(uart, UART_IIR) & IIR_FIFO) == IIR_FIFO ? 16 : 1;
	if (uart->fifo == 1)
		put(uart, UART_FCR, 0); /* the 16550's own FIFO loses bytes */
	for (unsigned i = 0; i < RX_FIFO_MAX && (get(uart, UART_LSR) & LSR_DR); i++)
		(void)get(uart, UART_RBR);
}

/*
 * The automatic flow control of a 16750 or 16950 (MCR bit 5) stays off: it makes the transmitter
 * wait for CTS, which a cable of three wires leaves open, and then not a byte would ever be sent.
 */
static void
set_up(struct uart *uart)
{
	set_speed(uart); /* first: it leaves DLAB off, under which IER would be another register */
	put(uart, UART_IER, 0);
	set_fifo(uart);
	uart->mcr = MCR_DTR | MCR_RTS | MCR_OUT2;
	put(uart, UART_MCR, uart->mcr);
}

int
uart_probe(struct uart *uart, const struct uart_config *config)
{
	*uart = (struct uart){.config = *config, .log = {.write = uart_log_write}};
	spin_init(&uart->lock, RANK_CONSOLE, "uart");
	if (!is_there(uart))
		return fail(-ERR_NODEV);
	set_up(uart);
	return 0;
}
