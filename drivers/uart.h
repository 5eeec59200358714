/* SPDX-License-Identifier: MIT */
/*
 * The serial line: a 16550 UART at I/O ports or in memory. This file has its configuration and its
 * life: uart_probe() at boot, then polled output; received bytes, once uart_use_interrupt() or a
 * timer with uart_poll() runs, wait in a ring for uart_read().
 *
 * Nothing received is lost while the sender obeys RTS: when the ring is full the UART is no longer
 * read and RTS drops, until uart_read() has made room. What the UART itself loses is counted, and
 * the log says so. A transmitter that does not get ready within its deadline is no longer waited
 * for: output is dropped, and counted, until it is ready again.
 *
 * Any CPU may call; uart->lock (RANK_CONSOLE) guards the registers and the ring. Reports go to the
 * log from uart_write() and uart_read(), which therefore must not be called under a lock of rank
 * RANK_LOG or above; the log's own output records and leaves the report to them.
 */
#pragma once

#include "include/errors.h"
#include "include/types.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/ring.h"

enum {
	UART_CLOCK_HZ = 1843200, /* the PC's; 115200 baud at divisor 1 */
	UART_BAUD = 115200,
	UART_RX_SIZE = 16384,
};

struct uart_config {
	const char *name; /* for the log, as in "com1"; kept, not copied */
	u16 port;	  /* of register 0 */
	void *mmio;	  /* of register 0, mapped; NULL: I/O ports, then the next two are 0 */
	u8 stride;	  /* bytes from one register to the next: 1, 2 or 4 */
	u8 width;	  /* bytes an access: 1, 2 or 4, at most stride */
	s8 isa_irq;	  /* -1: not known, then uart_poll() has to be called every few ms */
	u32 clock_hz;	  /* what the divisor divides, 16 times the highest speed; 0: not known */
	u32 baud;	  /* 0, or with an unknown clock, keeps the firmware's speed */

	u8 (*read)(const struct uart_config *config, unsigned reg);
	void (*write)(const struct uart_config *config, unsigned reg, u8 value);
};

struct uart {
	struct uart_config config;
	struct spinlock lock; /* guards the registers and all below */
	u8 ier, mcr;	      /* as last written */
	u8 fifo;	      /* bytes that may be sent when the transmitter is ready: 16, or 1 */
	bool held;	      /* the ring was full: reading stopped, RTS dropped */
	bool break_next;      /* the next byte to be read is the null of a break */
	bool stalled;	      /* a deadline passed: output is dropped until it is ready again */
	bool stall_told;
	u64 tx_lost, rx_lost;  /* not reported yet */
	void (*sleep)(u64 ns); /* how uart_write() waits; NULL: it spins */
	u64 byte_ns;
	size_t filled; /* bytes, when it last could be */
	u32 looks;     /* in vain, since then, each with a sleep behind it */
	void (*receiver)(void *arg);
	void *receiver_arg;
	struct ring rx;

	struct log_output log;
};

/* The port of com1 to com4 by its number, 1 to 4; 0 for any other. */
u16 uart_com_port(unsigned number);

/* A UART at I/O ports, at 115200 baud; its IRQ is known for the ports of com1 to com4. */
void uart_config_io(struct uart_config *config, const char *name, u16 port);

/*
 * A UART in memory, described by an ACPI generic address (ACPI 6.5, 5.2.3.2): the register's bit
 * width and the access size (0 undefined, 1 byte, 2 word, 3 dword). It keeps the firmware's speed,
 * since its clock can be any. -ERR_INVAL when a UART can't be like that.
 */
__must_check int uart_config_mmio(struct uart_config *config, const char *name, void *mmio,
				  u8 bit_width, u8 access_size);

/*
 * Finds out whether there is a UART, sets its speed, 8 data bits, no parity, 1 stop bit, and turns
 * its FIFO on. Bounded, whatever is there. -ERR_NODEV without a UART: then the struct may be used
 * for another. Afterwards uart_write() works
 * and &uart->log may be given to log_add_output().
 */
__must_check int uart_probe(struct uart *uart, const struct uart_config *config);

/*
 * Before anything can be received: gives the ring its memory of UART_RX_SIZE bytes, which stays the
 * UART's. The receiver is called when bytes have arrived, from uart_interrupt() or uart_poll(),
 * without a lock held.
 */
void uart_set_receiver(struct uart *uart, u8 *rx, void (*receiver)(void *arg), void *arg);

/* From here the UART raises its interrupt; the handler, uart_interrupt(uart), is installed before.
 */
void uart_use_interrupt(struct uart *uart);
void uart_interrupt(void *uart);

/* From here uart_write(), which then one thread at a time calls, leaves the CPU to others while the
 * transmitter works, where interrupts are on. */
void uart_use_sleep(struct uart *uart, void (*sleep)(u64 ns));

/* The same for a UART without an interrupt; more often than 16 bytes take: each 1 ms at 115200. */
void uart_poll(struct uart *uart);

/* Sends all bytes as they are, waiting with interrupts as they are, or drops them (see above). */
void uart_write(struct uart *uart, const void *bytes, size_t len);

/* For the log's output, under the log's lock: what goes wrong is left for uart_write() to report.
 */
void uart_write_unreported(struct uart *uart, const void *bytes, size_t len);

/* For a panic: takes no lock and reports nothing. */
void uart_write_raw(struct uart *uart, const void *bytes, size_t len);

/* Waits, within bounds, until the last byte has left the machine; before that goes off. */
void uart_drain(struct uart *uart);

/* Takes at most `len` received bytes without waiting; answers how many there were. */
size_t uart_read(struct uart *uart, void *bytes, size_t len);

/* Whether uart_read() would find something: the condition to wait for. */
bool uart_has_input(const struct uart *uart);
