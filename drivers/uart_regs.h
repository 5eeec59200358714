/* SPDX-License-Identifier: MIT */
/*
 * Registers of the 16550 UART (National Semiconductor PC16550D data sheet, section 8), with the
 * data sheet's names.
 */
#pragma once

enum uart_register {
	UART_RBR = 0, /* read: receiver buffer */
	UART_THR = 0, /* write: transmitter holding */
	UART_DLL = 0, /* with LCR.DLAB: divisor latch, low byte */
	UART_IER = 1, /* interrupt enable */
	UART_DLM = 1, /* with LCR.DLAB: divisor latch, high byte */
	UART_IIR = 2, /* read: interrupt identification */
	UART_FCR = 2, /* write: FIFO control */
	UART_LCR = 3, /* line control */
	UART_MCR = 4, /* modem control */
	UART_LSR = 5, /* line status */
	UART_MSR = 6, /* modem status */
	UART_SCR = 7, /* scratch */
};

enum {
	IER_ERBFI = 0x01, /* received data, and the FIFO's time-out */
	IER_ETBEI = 0x02, /* the transmitter's FIFO is empty */
	IER_ELSI = 0x04,  /* line status: overrun, parity, framing, break */
	IER_EDSSI = 0x08, /* modem status */
};

/* Bits 3:0, by falling priority; then what the FIFO adds. */
enum {
	IIR_LINE_STATUS = 0x06,
	IIR_RECEIVED = 0x04,
	IIR_TIMEOUT = 0x0c, /* bytes below the trigger level that have waited */
	IIR_THRE = 0x02,
	IIR_MODEM_STATUS = 0x00,
	IIR_NONE = 0x01,
	IIR_FIFO = 0xc0, /* both: the FIFO is on and usable (16550A and later) */
};

enum {
	FCR_ENABLE = 0x01,
	FCR_CLEAR_RX = 0x02,
	FCR_CLEAR_TX = 0x04,
	FCR_TRIGGER = 0xc0,   /* the field: 1, 4, 8 or 14 bytes */
	FCR_TRIGGER_8 = 0x80, /* interrupt at 8 received bytes, or when fewer have waited */
};

enum {
	LCR_8N1 = 0x03,
	LCR_DLAB = 0x80,
};

enum {
	MCR_DTR = 0x01,
	MCR_RTS = 0x02,
	MCR_OUT1 = 0x04,
	MCR_OUT2 = 0x08, /* on a PC: connects the interrupt line */
	MCR_LOOP = 0x10,
};

enum {
	LSR_DR = 0x01,	 /* a received byte is there */
	LSR_OE = 0x02,	 /* overrun: bytes were lost; reading LSR clears it */
	LSR_BI = 0x10,	 /* the next received byte is a break's; reading LSR clears it */
	LSR_THRE = 0x20, /* the transmitter's FIFO is empty */
	LSR_TEMT = 0x40, /* and its shift register too */
	LSR_NONE = 0xff, /* what a bus without a device reads as; no UART has all errors at once */
};

enum {
	MSR_DCTS = 0x01, /* deltas since the last look; of RI its end */
	MSR_DDSR = 0x02,
	MSR_TERI = 0x04,
	MSR_DDCD = 0x08,
	MSR_INPUTS = 0xf0, /* CTS, DSR, RI, DCD */
	MSR_CTS = 0x10,
	MSR_DSR = 0x20,
	MSR_RI = 0x40,
	MSR_DCD = 0x80,
};
