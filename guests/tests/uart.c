/* SPDX-License-Identifier: MIT */
/* The 16550A of COM1 (PC16550D data sheet): FIFOs, interrupts by polling and by IRQ 4, loopback,
 * modem lines. */
#include "drivers/uart_regs.h"

#include "guests/lib/guest.h"
#include "guests/lib/pic.h"
#include "guests/lib/time.h"

enum { COM1 = 0x3f8, IRQ = 4, FIFO = 16, IIR_ID = 0x0f };

static volatile u32 interrupts;
static volatile u8 interrupt_id;

static u8
get(unsigned reg)
{
	return in8((u16)(COM1 + reg));
}

static void
set(unsigned reg, u8 value)
{
	out8((u16)(COM1 + reg), value);
}

/* A real one takes its time: a byte has ten bits. */
static void
wait_for_bit(unsigned reg, u8 mask, u8 value)
{
	u64 end = deadline_us(2000000);

	while ((get(reg) & mask) != value) {
		if ((s64)(end - rdtsc()) <= 0)
			guest_fail("register %u is 0x%x; expected 0x%x of 0x%x", reg, get(reg),
				   value, mask);
		cpu_relax();
	}
}

static void
loop(u8 byte)
{
	set(UART_THR, byte);
	wait_for_bit(UART_LSR, LSR_TEMT, LSR_TEMT);
}

static void
check_registers(void)
{
	u8 lcr = get(UART_LCR), low, high;

	set(UART_SCR, 0x5a);
	CHECK_EQ(get(UART_SCR), 0x5a);
	set(UART_IER, 0xff);
	CHECK_EQ(get(UART_IER), 0x0f);
	set(UART_IER, 0);
	set(UART_LCR, 0x1b);
	CHECK_EQ(get(UART_LCR), 0x1b);
	set(UART_LCR, 0x80 | 3);
	low = get(UART_DLL);
	high = get(UART_DLM);
	set(UART_DLL, 0x34);
	set(UART_DLM, 0x12);
	CHECK_EQ(get(UART_DLL), 0x34);
	CHECK_EQ(get(UART_DLM), 0x12);
	set(UART_DLL, low);
	set(UART_DLM, high);
	set(UART_LCR, 3);
	CHECK_EQ(get(UART_IER), 0); /* it was the divisor's upper half */
	set(UART_LCR, lcr);
	set(UART_FCR, 0);
	CHECK_EQ(get(UART_IIR), IIR_NONE);
	set(UART_FCR, FCR_ENABLE | FCR_CLEAR_RX | FCR_CLEAR_TX);
	CHECK_EQ(get(UART_IIR), IIR_FIFO | IIR_NONE);
}

/* What goes out comes in; the FIFO has 16 bytes, and the next is told as an overrun. */
static void
check_loopback(void)
{
	set(UART_MCR, MCR_LOOP);
	set(UART_FCR, FCR_ENABLE | FCR_CLEAR_RX | FCR_CLEAR_TX);
	CHECK((get(UART_LSR) & LSR_DR) == 0);
	for (u8 n = 0; n < FIFO; n++)
		loop((u8)(0x40 + n));
	CHECK_EQ(get(UART_LSR) & (LSR_DR | LSR_OE), LSR_DR);
	set(UART_THR, 0x77);
	delay_us(5000); /* reading LSR to see it go would clear the error */
	CHECK(get(UART_LSR) & LSR_OE);
	CHECK((get(UART_LSR) & LSR_OE) == 0); /* reading has cleared it */
	for (u8 n = 0; n < FIFO; n++)
		CHECK_EQ(get(UART_RBR), 0x40 + n);
	CHECK((get(UART_LSR) & LSR_DR) == 0);
	loop(1);
	set(UART_FCR, FCR_ENABLE | FCR_CLEAR_RX);
	CHECK((get(UART_LSR) & LSR_DR) == 0);
}

/* From its level on the FIFO says "received"; below, after some time, "time-out". */
static void
check_trigger(void)
{
	set(UART_FCR, FCR_ENABLE | FCR_CLEAR_RX | 0x80); /* 8 bytes */
	set(UART_IER, IER_ERBFI);
	for (u8 n = 0; n < 7; n++)
		loop(n);
	wait_for_bit(UART_IIR, IIR_ID, IIR_TIMEOUT);
	loop(7);
	if (under_ashlar()) /* QEMU stays with the time-out */
		CHECK_EQ(get(UART_IIR) & IIR_ID, IIR_RECEIVED);
	for (u8 n = 0; n < 8; n++)
		CHECK_EQ(get(UART_RBR), n);
	CHECK_EQ(get(UART_IIR) & IIR_ID, IIR_NONE);
	set(UART_IER, 0);
}

/* The outputs are the inputs. */
static void
check_modem(void)
{
	set(UART_MCR, MCR_LOOP);
	CHECK_EQ(get(UART_MSR) & MSR_INPUTS, 0);
	set(UART_MCR, MCR_LOOP | MCR_RTS);
	CHECK_EQ(get(UART_MSR) & MSR_INPUTS, MSR_CTS);
	set(UART_MCR, MCR_LOOP | MCR_DTR | MCR_OUT1 | MCR_OUT2);
	CHECK_EQ(get(UART_MSR) & MSR_INPUTS, MSR_DSR | MSR_RI | MSR_DCD);
	set(UART_MCR, MCR_DTR | MCR_RTS);
}

/* A change is told once, and interrupts. */
static void
check_modem_changes(void)
{
	set(UART_MCR, MCR_LOOP | MCR_DTR | MCR_OUT1 | MCR_OUT2);
	get(UART_MSR);
	set(UART_IER, IER_EDSSI);
	CHECK_EQ(get(UART_IIR) & IIR_ID, IIR_NONE);
	set(UART_MCR, MCR_LOOP | MCR_DTR | MCR_RTS);
	CHECK_EQ(get(UART_IIR) & IIR_ID, IIR_MODEM_STATUS);
	CHECK_EQ(get(UART_MSR), MSR_CTS | MSR_DSR | MSR_DCTS | MSR_TERI | MSR_DDCD);
	CHECK_EQ(get(UART_IIR) & IIR_ID, IIR_NONE);
	CHECK_EQ(get(UART_MSR), MSR_CTS | MSR_DSR);
	set(UART_IER, 0);
	set(UART_MCR, MCR_DTR | MCR_RTS);
}

static void
interrupt(struct trap *trap)
{
	u8 id = get(UART_IIR) & IIR_ID;

	(void)trap;
	if (id != IIR_NONE) { /* as of an edge from before the PIC's mask went */
		interrupt_id = id;
		interrupts++;
	}
	pic_eoi(IRQ);
}

/* An empty transmitter interrupts when that is enabled, and each time it gets empty again. */
static void
check_transmitter(void)
{
	pic_init();
	trap_on(PIC_VECTOR + IRQ, interrupt);
	wait_for_bit(UART_LSR, LSR_TEMT, LSR_TEMT);
	set(UART_MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
	set(UART_IER, IER_ETBEI);
	CHECK_EQ(get(UART_IIR) & IIR_ID, IIR_THRE);
	CHECK_EQ(get(UART_IIR) & IIR_ID, IIR_NONE); /* reading has taken it back */
	set(UART_IER, 0);
	pic_unmask(IRQ);
	__asm__ volatile("sti");
	set(UART_IER, IER_ETBEI);
	CHECK(wait_for(&interrupts, 1, 1000000));
	for (u32 n = 2; n < 10; n++) {
		set(UART_THR, n == 9 ? '\n' : '.');
		CHECK(wait_for(&interrupts, n, 1000000));
		CHECK_EQ(interrupt_id, IIR_THRE);
	}
	__asm__ volatile("cli");
	CHECK_EQ(interrupts, 9);
	set(UART_IER, 0);
	pic_mask(IRQ);
}

GUEST("uart")
{
	tsc_hz();
	check_registers();
	check_loopback();
	check_trigger();
	check_modem();
	if (under_ashlar()) /* QEMU doesn't notice changes in loopback */
		check_modem_changes();
	check_transmitter();
}
