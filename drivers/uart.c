/* SPDX-License-Identifier: MIT */
/*
 * Bytes in and out of a UART that uart_probe() has set up. All register accesses are under the
 * lock, since reading LSR clears its error bits: line_status() keeps what it sees of them.
 */
#include "drivers/uart.h"

#include "arch/x86_64/time.h"
#include "drivers/uart_regs.h"
#include "include/intrin.h"

enum {
	READY_US = 500 * 1000, /* a full FIFO at 1200 baud takes 133 ms */
	PATIENT_US = 5000 * 1000,
	DRAIN_MAX = 256, /* bytes in one go, so that a broken UART doesn't keep a CPU */
	RESUME_USED = UART_RX_SIZE / 2,
	DRAIN_DEADLINE_US = 100000, /* 1,000 bytes at 115,200 baud */
	PAUSE_MAX_NS = 100 * 1000 * 1000,
	PATIENT_LOOKS = 30, /* some 2 s */
};

static u8
get(const struct uart *uart, enum uart_register reg)
{
	return uart->config.read(&uart->config, reg);
}

static void
put(const struct uart *uart, enum uart_register reg, u8 value)
{
	uart->config.write(&uart->config, reg, value);
}

/* LSR; 0, neither input nor room, when the UART is no longer there. */
static u8
line_status(struct uart *uart)
{
	u8 lsr = get(uart, UART_LSR);

	if (lsr == LSR_NONE)
		return 0;
	if (lsr & LSR_OE)
		__atomic_fetch_add(&uart->rx_lost, 1, __ATOMIC_RELAXED);
	if (lsr & LSR_BI)
		uart->break_next = true;
	return lsr;
}

/* As many bytes as fit if the transmitter is ready, else 0. */
static size_t
send_some(struct uart *uart, const u8 *bytes, size_t len)
{
	size_t count = MIN(len, uart->fifo);

	if (!(line_status(uart) & LSR_THRE))
		return 0;
	for (size_t i = 0; i < count; i++)
		put(uart, UART_THR, bytes[i]);
	return count;
}

static size_t
send_some_locked(struct uart *uart, const u8 *bytes, size_t len)
{
	u64 flags = spin_lock(&uart->lock);
	size_t sent = send_some(uart, bytes, len);

	spin_unlock(&uart->lock, flags);
	return sent;
}

/*
 * What is in the FIFO, and the byte on the line before it, are left to themselves for as long as
 * they take; then a byte a time, and ever longer while somebody holds the line back: that shall
 * cost few interrupts, and delays what comes then by no more than it has taken already. In the end
 * there are many looks again: an emulator may skip the time that we sleep (QEMU's -icount with
 * sleep=off), and then it is by their number alone that whoever reads the line there gets any.
 */
static u64
pause_ns(const struct uart *uart)
{
	if (uart->looks == 0)
		return (uart->filled + 1) * uart->byte_ns;
	if (uart->looks > PATIENT_LOOKS)
		return uart->byte_ns;
	return MIN(uart->byte_ns << (uart->looks - 1), (u64)PAUSE_MAX_NS);
}

static size_t
send_some_patiently(struct uart *uart, const u8 *bytes, size_t len)
{
	size_t sent = send_some_locked(uart, bytes, len);

	if (sent > 0) {
		uart->filled = sent;
		uart->looks = 0;
	} else if (uart->sleep != NULL && !READ_ONCE(uart->stalled) && irqs_enabled()) {
		uart->sleep(pause_ns(uart));
		uart->looks++;
	}
	return sent;
}

/*
 * The transmitter of a real UART is ready in milliseconds or never. Under an emulator it waits for
 * whoever reads the line there, and may wait for us if that costs no one else anything.
 */
static u64
deadline_us(const struct uart *uart)
{
	if (READ_ONCE(uart->stalled))
		return 0;
	return irqs_enabled() ? PATIENT_US : READY_US;
}

/*
 * Sends by `some`, which holds the lock only while it fills the FIFO. After a deadline has passed
 * there is one look a call, and no wait, until the transmitter is ready again: someone who holds
 * back our output (or a dead line) costs the machine one deadline, not one a line.
 */
static void
transmit(struct uart *uart, const u8 *bytes, size_t len,
	 size_t (*some)(struct uart *uart, const u8 *bytes, size_t len))
{
	size_t sent = 0;

	for (; len > 0; bytes += sent, len -= sent) {
		if (!wait_until(deadline_us(uart), (sent = some(uart, bytes, len)) > 0)) {
			WRITE_ONCE(uart->stalled, true);
			__atomic_fetch_add(&uart->tx_lost, len, __ATOMIC_RELAXED);
			return;
		}
		WRITE_ONCE(uart->stalled, false);
	}
}

/* Logs what was recorded since the last time. No lock is held. */
static void
report(struct uart *uart)
{
	const char *name = uart->config.name;
	bool stalled = READ_ONCE(uart->stalled);
	u64 lost;

	if (stalled && !__atomic_exchange_n(&uart->stall_told, true, __ATOMIC_RELAXED))
		log_error("%s: nothing can be sent: output is dropped until the line goes on",
			  name);
	if (!stalled && READ_ONCE(uart->tx_lost) != 0) {
		WRITE_ONCE(uart->stall_told, false);
		lost = __atomic_exchange_n(&uart->tx_lost, 0, __ATOMIC_RELAXED);
		log_warn("%s: [%lu bytes lost] while nothing could be sent", name, lost);
	}
	lost = __atomic_exchange_n(&uart->rx_lost, 0, __ATOMIC_RELAXED);
	if (lost != 0)
		log_warn("%s: [%lu bytes lost] or more: input came faster than it was read; send "
			 "slower, or with RTS/CTS flow control",
			 name, lost);
}

void
uart_write_unreported(struct uart *uart, const void *bytes, size_t len)
{
	transmit(uart, bytes, len, send_some_locked);
}

void
uart_write(struct uart *uart, const void *bytes, size_t len)
{
	transmit(uart, bytes, len, send_some_patiently);
	report(uart);
}

static bool
has_drained(struct uart *uart)
{
	u64 flags = spin_lock(&uart->lock);
	bool empty = (line_status(uart) & LSR_TEMT) != 0;

	spin_unlock(&uart->lock, flags);
	return empty;
}

void
uart_drain(struct uart *uart)
{
	(void)wait_until(DRAIN_DEADLINE_US, has_drained(uart));
}

void
uart_write_raw(struct uart *uart, const void *bytes, size_t len)
{
	transmit(uart, bytes, len, send_some);
}

/* Stops reading: its interrupt off, so that the full FIFO is no storm, and RTS, so that the sender
 * stops too. */
static void
hold(struct uart *uart)
{
	uart->held = true;
	uart->mcr &= (u8)~MCR_RTS;
	put(uart, UART_MCR, uart->mcr);
	put(uart, UART_IER, 0);
}

static void
resume(struct uart *uart)
{
	uart->held = false;
	uart->mcr |= MCR_RTS;
	put(uart, UART_MCR, uart->mcr);
	put(uart, UART_IER, uart->ier);
}

/* From the FIFO into the ring. A byte is read only when there is room, so none is lost here. */
static void
receive(struct uart *uart)
{
	u8 byte;

	for (unsigned i = 0; i < DRAIN_MAX && (line_status(uart) & LSR_DR); i++) {
		if (ring_used(&uart->rx) == UART_RX_SIZE) {
			hold(uart);
			return;
		}
		byte = get(uart, UART_RBR);
		if (!uart->break_next)
			(void)!ring_put(&uart->rx, byte);
		uart->break_next = false;
	}
}

/*
 * The interrupt is an edge: if something is waiting already, the line is high and no edge comes any
 * more. Masked and unmasked, it falls and rises again.
 */
static void
rearm(struct uart *uart)
{
	if (uart->ier != 0 && !uart->held) {
		put(uart, UART_IER, 0);
		put(uart, UART_IER, uart->ier);
	}
}

void
uart_poll(struct uart *uart)
{
	u64 flags = spin_lock(&uart->lock);

	receive(uart);
	rearm(uart);
	spin_unlock(&uart->lock, flags);
	if (uart->receiver != NULL && uart_has_input(uart))
		uart->receiver(uart->receiver_arg);
}

void
uart_interrupt(void *uart)
{
	uart_poll(uart);
}

size_t
uart_read(struct uart *uart, void *bytes, size_t len)
{
	u64 flags = spin_lock(&uart->lock);
	size_t taken = ring_get(&uart->rx, bytes, len);

	if (uart->held && ring_used(&uart->rx) <= RESUME_USED) {
		resume(uart);
		receive(uart);
	}
	spin_unlock(&uart->lock, flags);
	report(uart);
	return taken;
}

bool
uart_has_input(const struct uart *uart)
{
	return ring_used(&uart->rx) != 0;
}

void
uart_set_receiver(struct uart *uart, u8 *rx, void (*receiver)(void *arg), void *arg)
{
	u64 flags = spin_lock(&uart->lock);

	ring_init(&uart->rx, rx, UART_RX_SIZE);
	uart->receiver_arg = arg;
	uart->receiver = receiver;
	spin_unlock(&uart->lock, flags);
}

/* A start bit, eight of data, a stop bit. */
void
uart_use_sleep(struct uart *uart, void (*sleep)(u64 ns))
{
	u32 baud = uart->config.baud != 0 ? uart->config.baud : UART_BAUD;

	uart->byte_ns = 10ul * NS_PER_S / baud;
	uart->sleep = sleep;
}

void
uart_use_interrupt(struct uart *uart)
{
	u64 flags = spin_lock(&uart->lock);

	uart->ier = IER_ERBFI | IER_ELSI;
	rearm(uart);
	spin_unlock(&uart->lock, flags);
}
