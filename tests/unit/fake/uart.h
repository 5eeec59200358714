/* SPDX-License-Identifier: MIT */
/*
 * A 16550 in software, after its data sheet, with what can go wrong with one; and the line's other
 * end. config->mmio points to it. The waits of arch/x86_64/time.h count microseconds here.
 */
#pragma once

#include "arch/x86_64/time.h"
#include "drivers/uart.h"
#include "drivers/uart_regs.h"

enum fake_uart_kind {
	FAKE_16550,
	FAKE_8250,     /* no FIFO */
	FAKE_ALL_ONES, /* nothing there: a bus that floats */
	FAKE_ALL_ZEROS,
	FAKE_MEMORY,   /* plain memory instead of a UART */
	FAKE_BABBLING, /* a broken one that always has a byte */
};

enum { FAKE_FIFO = 16 };

struct fake_uart {
	enum fake_uart_kind kind;
	u8 memory[8];
	u8 ier, fcr, lcr, mcr, scr, dll, dlm;
	u8 fifo[FAKE_FIFO];
	bool is_break[FAKE_FIFO];
	unsigned count, depth;
	bool overrun;

	bool stuck;	 /* the transmitter never gets ready */
	unsigned in_thr; /* bytes since it was ready; busy until `busy` looks at LSR have passed */
	unsigned busy;
	unsigned overfilled; /* bytes written that had no room */
	u8 sent[65536];
	size_t sent_count;

	bool line, edge; /* the interrupt */
	u64 accesses;
};

u64 fake_now_us;

struct wait
wait_begin(u64 us)
{
	return (struct wait){.begin = fake_now_us, .ticks = us};
}

bool
wait_goes_on(const struct wait *wait)
{
	return fake_now_us++ - wait->begin < wait->ticks;
}

void
wait_end(const struct wait *wait)
{
}

static void
fake_update_line(struct fake_uart *f)
{
	bool line = (f->ier & IER_ERBFI) && f->count > 0 && (f->mcr & MCR_OUT2);

	if (line && !f->line)
		f->edge = true;
	f->line = line;
}

static u8
fake_lsr(struct fake_uart *f)
{
	u8 lsr = 0;

	if (f->count > 0)
		lsr |= LSR_DR;
	if (f->count > 0 && f->is_break[0]) {
		lsr |= LSR_BI;
		f->is_break[0] = false;
	}
	if (f->overrun)
		lsr |= LSR_OE;
	f->overrun = false;
	if (f->busy > 0)
		f->busy--;
	else if (!f->stuck)
		f->in_thr = 0;
	if (f->in_thr == 0 && !f->stuck)
		lsr |= LSR_THRE | LSR_TEMT;
	return lsr;
}

static u8
fake_rbr(struct fake_uart *f)
{
	u8 byte = f->fifo[0];

	if (f->count == 0)
		return 0;
	f->count--;
	memmove(f->fifo, f->fifo + 1, f->count);
	memmove(f->is_break, f->is_break + 1, f->count * sizeof(bool));
	return byte;
}

static u8
fake_msr(const struct fake_uart *f)
{
	if (!(f->mcr & MCR_LOOP))
		return 0;
	return (u8)((f->mcr & MCR_RTS ? MSR_CTS : 0) | (f->mcr & MCR_DTR ? 0x20 : 0) |
		    (f->mcr & MCR_OUT2 ? MSR_DCD : 0));
}

static u8
fake_uart_read(const struct uart_config *config, unsigned reg)
{
	struct fake_uart *f = config->mmio;
	bool dlab = f->lcr & LCR_DLAB;
	u8 value = 0;

	f->accesses++;
	if (f->kind == FAKE_ALL_ONES)
		return 0xff;
	if (f->kind == FAKE_ALL_ZEROS)
		return 0;
	if (f->kind == FAKE_MEMORY)
		return f->memory[reg];
	if (f->kind == FAKE_BABBLING && reg == UART_LSR)
		return LSR_DR | LSR_THRE | LSR_TEMT;
	switch (reg) {
	case UART_RBR: value = dlab ? f->dll : fake_rbr(f); break;
	case UART_IER: value = dlab ? f->dlm : f->ier; break;
	case UART_IIR:
		value = f->kind != FAKE_8250 && f->fcr & FCR_ENABLE ? IIR_FIFO | 1 : 1;
		break;
	case UART_LCR: value = f->lcr; break;
	case UART_MCR: value = f->mcr; break;
	case UART_LSR: value = fake_lsr(f); break;
	case UART_MSR: value = fake_msr(f); break;
	case UART_SCR: value = f->scr; break;
	}
	fake_update_line(f);
	return value;
}

static void
fake_thr(struct fake_uart *f, u8 byte)
{
	unsigned room = f->kind == FAKE_8250 ? 1 : FAKE_FIFO;

	if (f->stuck || f->in_thr == room) {
		f->overfilled++;
		return;
	}
	f->in_thr++;
	f->busy = 3;
	if (f->sent_count < sizeof(f->sent))
		f->sent[f->sent_count++] = byte;
}

static void
fake_uart_write(const struct uart_config *config, unsigned reg, u8 value)
{
	struct fake_uart *f = config->mmio;
	bool dlab = f->lcr & LCR_DLAB;

	f->accesses++;
	f->memory[reg] = value;
	switch (reg) {
	case UART_THR:
		if (dlab)
			f->dll = value;
		else
			fake_thr(f, value);
		break;
	case UART_IER: *(dlab ? &f->dlm : &f->ier) = value; break;
	case UART_FCR:
		f->fcr = value;
		f->depth = value & FCR_ENABLE ? FAKE_FIFO : 1;
		if (value & FCR_CLEAR_RX)
			f->count = 0;
		break;
	case UART_LCR: f->lcr = value; break;
	case UART_MCR: f->mcr = value; break;
	case UART_SCR: f->scr = value; break;
	}
	fake_update_line(f);
}

/* The other end sends a byte, or a break; it does not care for RTS. */
static void
fake_line_in(struct fake_uart *f, u8 byte, bool is_break)
{
	if (f->count == MAX(f->depth, 1u)) {
		f->overrun = true;
		return;
	}
	f->is_break[f->count] = is_break;
	f->fifo[f->count++] = byte;
	fake_update_line(f);
}

/* One that does: false when it has to wait. */
static bool
fake_line_in_if_rts(struct fake_uart *f, u8 byte)
{
	if (!(f->mcr & MCR_RTS) || f->count == MAX(f->depth, 1u))
		return false;
	fake_line_in(f, byte, false);
	return true;
}
