/* SPDX-License-Identifier: MIT */
/*
 * A 16550A UART (National Semiconductor PC16550D data sheet), at COM1's ports. The line has no
 * speed: a byte takes no time, so the transmitter is empty at once unless the console holds it
 * back, and the receiver's time-out is over as soon as bytes are fewer than its trigger level.
 *
 * Its other end is a console of the caller's. uart_model_receive() and uart_model_tx_ready() may be
 * called from any context that holds no lock of RANK_VDEVICE or above. model->lock guards the
 * state.
 */
#pragma once

#include "dev/bus.h"
#include "lib/lock.h"

enum { UART_MODEL_PORTS = 8, UART_FIFO_SIZE = 16 };

/* The console, as the UART sees it. */
struct uart_console {
	/*
	 * Takes a byte that the guest sends; false when it can't now: it then calls
	 * uart_model_tx_ready() when it can. Called under the UART's lock, so it may take locks
	 * above RANK_VDEVICE only, and must not call back.
	 */
	bool (*transmit)(void *arg, u8 byte);
	/* There is room again after uart_model_receive() had said no. Called without a lock, on
	 * the vCPU's thread: it may call back. */
	void (*receive_ready)(void *arg);
	void *arg;
};

struct uart_fifo {
	u8 at[UART_FIFO_SIZE];
	u8 head, count;
};

struct uart_model_state {
	u8 ier, fcr, lcr, mcr, scr, dll, dlm;
	u8 msr_delta; /* MSR bits 3:0 */
	bool overrun; /* LSR.OE */
	bool thre_pending;
	bool refused; /* the console had bytes that did not fit */
	struct uart_fifo rx, tx;
};

struct uart_model {
	struct device dev;
	struct irq_line *irq;
	struct uart_console console;
	struct spinlock lock; /* RANK_VDEVICE */
	struct uart_model_state state;
};

void uart_model_init(struct uart_model *uart, struct irq_line *irq,
		     const struct uart_console *console);
__must_check int uart_model_attach(struct uart_model *uart, struct bus *bus, u16 port);

/* A byte for the guest; false when its FIFO is full: offer it again at receive_ready(). */
__must_check bool uart_model_receive(struct uart_model *uart, u8 byte);

/* The console can take bytes again. */
void uart_model_tx_ready(struct uart_model *uart);
