/* SPDX-License-Identifier: MIT */
/* The 16550A: see dev/uart.h. Sections are those of the PC16550D data sheet. */
#include "dev/uart.h"

#include "dev/bytewise.h"
#include "drivers/uart_regs.h"
#include "include/bits.h"

enum {
	IER_WRITABLE = 0x0f,
	MCR_WRITABLE = 0x1f,
	MSR_CONNECTED = MSR_CTS | MSR_DSR | MSR_DCD, /* the console is always there */
	DIVISOR_9600 = 12,
};

static bool
fifo_put(struct uart_fifo *f, unsigned capacity, u8 byte)
{
	if (f->count >= capacity)
		return false;
	f->at[(f->head + f->count) % UART_FIFO_SIZE] = byte;
	f->count++;
	return true;
}

/* 0 from an empty one. */
static u8
fifo_get(struct uart_fifo *f)
{
	u8 byte = f->at[f->head];

	if (f->count == 0)
		return 0;
	f->head = (u8)((f->head + 1) % UART_FIFO_SIZE);
	f->count--;
	return byte;
}

/* Without its FIFOs it has one register each way, as an 8250. */
static unsigned
capacity(const struct uart_model_state *s)
{
	return s->fcr & FCR_ENABLE ? UART_FIFO_SIZE : 1;
}

static unsigned
trigger_level(const struct uart_model_state *s)
{
	static const u8 levels[4] = {1, 4, 8, 14};

	return s->fcr & FCR_ENABLE ? levels[FIELD_GET(FCR_TRIGGER, s->fcr)] : 1;
}

/* What interrupts now, by priority ("Interrupt Identification Register"). */
static u8
interrupt_id(const struct uart_model_state *s)
{
	if (s->ier & IER_ELSI && s->overrun)
		return IIR_LINE_STATUS;
	if (s->ier & IER_ERBFI && s->rx.count >= trigger_level(s))
		return IIR_RECEIVED;
	if (s->ier & IER_ERBFI && s->rx.count > 0)
		return IIR_TIMEOUT;
	if (s->ier & IER_ETBEI && s->thre_pending)
		return IIR_THRE;
	if (s->ier & IER_EDSSI && s->msr_delta != 0)
		return IIR_MODEM_STATUS;
	return IIR_NONE;
}

/* On a PC OUT2 connects the interrupt to the bus; in loopback that output is inactive. */
static void
update_irq(struct uart_model *uart)
{
	const struct uart_model_state *s = &uart->state;
	bool connected = (s->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;

	irq_set(uart->irq, connected && interrupt_id(s) != IIR_NONE);
}

/* Bits 7:4; in loopback they are the modem control outputs ("Modem Control Register", bit 4). */
static u8
modem_inputs(const struct uart_model_state *s)
{
	if (!(s->mcr & MCR_LOOP))
		return MSR_CONNECTED;
	return (u8)((s->mcr & MCR_RTS ? MSR_CTS : 0) | (s->mcr & MCR_DTR ? MSR_DSR : 0) |
		    (s->mcr & MCR_OUT1 ? MSR_RI : 0) | (s->mcr & MCR_OUT2 ? MSR_DCD : 0));
}

static void
write_mcr(struct uart_model_state *s, u8 value)
{
	u8 before = modem_inputs(s), changed;

	s->mcr = value & MCR_WRITABLE;
	changed = before ^ modem_inputs(s);
	if (changed & MSR_CTS)
		s->msr_delta |= MSR_DCTS;
	if (changed & MSR_DSR)
		s->msr_delta |= MSR_DDSR;
	if (changed & before & MSR_RI)
		s->msr_delta |= MSR_TERI;
	if (changed & MSR_DCD)
		s->msr_delta |= MSR_DDCD;
}

/* Hands to the console what it takes. */
static void
drain(struct uart_model *uart)
{
	struct uart_model_state *s = &uart->state;

	if (s->tx.count == 0)
		return;
	while (s->tx.count > 0 && uart->console.transmit(uart->console.arg, s->tx.at[s->tx.head]))
		(void)fifo_get(&s->tx);
	if (s->tx.count == 0)
		s->thre_pending = true;
}

/*
 * The write takes back the interrupt, and being empty again raises it: an edge, although no time
 * passes between them. A byte that finds no room is lost.
 */
static void
write_thr(struct uart_model *uart, u8 byte)
{
	struct uart_model_state *s = &uart->state;

	s->thre_pending = false;
	if (s->mcr & MCR_LOOP) {
		if (!fifo_put(&s->rx, capacity(s), byte))
			s->overrun = true;
		s->thre_pending = true;
		return;
	}
	update_irq(uart);
	(void)fifo_put(&s->tx, capacity(s), byte);
	drain(uart);
}

/* Turning the FIFOs on or off clears both; other bits count only together with bit 0. */
static void
write_fcr(struct uart_model_state *s, u8 value)
{
	bool toggled = ((s->fcr ^ value) & FCR_ENABLE) != 0;

	if (toggled || value & FCR_CLEAR_RX)
		s->rx = (struct uart_fifo){0};
	if ((toggled || value & FCR_CLEAR_TX) && s->tx.count > 0) {
		s->tx = (struct uart_fifo){0};
		s->thre_pending = true;
	}
	s->fcr = value & FCR_ENABLE ? value & (FCR_ENABLE | FCR_TRIGGER) : 0;
}

/* An empty transmitter interrupts as soon as that is enabled. */
static void
write_ier(struct uart_model_state *s, u8 value)
{
	if (value & ~s->ier & IER_ETBEI && s->tx.count == 0)
		s->thre_pending = true;
	s->ier = value & IER_WRITABLE;
}

static u8
read_iir(struct uart_model_state *s)
{
	u8 id = interrupt_id(s);

	if (id == IIR_THRE)
		s->thre_pending = false;
	return (u8)(id | (s->fcr & FCR_ENABLE ? IIR_FIFO : 0));
}

static u8
read_lsr(struct uart_model_state *s)
{
	u8 lsr = (u8)((s->rx.count > 0 ? LSR_DR : 0) | (s->overrun ? LSR_OE : 0) |
		      (s->tx.count == 0 ? LSR_THRE | LSR_TEMT : 0));

	s->overrun = false;
	return lsr;
}

static u8
read_msr(struct uart_model_state *s)
{
	u8 msr = modem_inputs(s) | s->msr_delta;

	s->msr_delta = 0;
	return msr;
}

static u8
uart_model_read(struct device *dev, unsigned offset)
{
	struct uart_model *uart = container_of(dev, struct uart_model, dev);
	struct uart_model_state *s = &uart->state;
	bool dlab = (s->lcr & LCR_DLAB) != 0;
	u8 value;

	switch (offset) {
	case UART_RBR: value = dlab ? s->dll : fifo_get(&s->rx); break;
	case UART_IER: value = dlab ? s->dlm : s->ier; break;
	case UART_IIR: value = read_iir(s); break;
	case UART_LCR: value = s->lcr; break;
	case UART_MCR: value = s->mcr; break;
	case UART_LSR: value = read_lsr(s); break;
	case UART_MSR: value = read_msr(s); break;
	default: value = s->scr; break;
	}
	update_irq(uart);
	return value;
}

static void
uart_model_write(struct device *dev, unsigned offset, u8 value)
{
	struct uart_model *uart = container_of(dev, struct uart_model, dev);
	struct uart_model_state *s = &uart->state;
	bool dlab = (s->lcr & LCR_DLAB) != 0;

	if (dlab && offset == UART_DLL) {
		s->dll = value;
	} else if (dlab && offset == UART_DLM) {
		s->dlm = value;
	} else {
		switch (offset) {
		case UART_THR: write_thr(uart, value); break;
		case UART_IER: write_ier(s, value); break;
		case UART_FCR: write_fcr(s, value); break;
		case UART_LCR: s->lcr = value; break;
		case UART_MCR: write_mcr(s, value); break;
		case UART_SCR: s->scr = value; break;
		default: break; /* LSR and MSR are for reading */
		}
	}
	update_irq(uart);
}

/* In loopback the line's input is disconnected. */
static bool
can_receive(const struct uart_model_state *s)
{
	return !(s->mcr & MCR_LOOP) && s->rx.count < capacity(s);
}

static void
uart_model_access(struct device *dev, struct io *io)
{
	struct uart_model *uart = container_of(dev, struct uart_model, dev);
	u64 flags = spin_lock(&uart->lock);
	bool ready;

	io_bytewise(dev, io, uart_model_read, uart_model_write);
	ready = uart->state.refused && can_receive(&uart->state);
	if (ready)
		uart->state.refused = false;
	spin_unlock(&uart->lock, flags);
	if (ready)
		uart->console.receive_ready(uart->console.arg);
}

/* "Master Reset": the divisor and the scratch register are undefined then. */
static void
uart_model_reset(struct device *dev)
{
	struct uart_model *uart = container_of(dev, struct uart_model, dev);
	u64 flags = spin_lock(&uart->lock);
	bool ready = uart->state.refused;

	uart->state = (struct uart_model_state){.dll = DIVISOR_9600};
	irq_set(uart->irq, false);
	spin_unlock(&uart->lock, flags);
	if (ready)
		uart->console.receive_ready(uart->console.arg);
}

void
uart_model_init(struct uart_model *uart, struct irq_line *irq, const struct uart_console *console)
{
	*uart = (struct uart_model){
		.dev = {.name = "uart", .reset = uart_model_reset},
		.irq = irq,
		.console = *console,
	};
	spin_init(&uart->lock, RANK_VDEVICE, "uart model");
	uart_model_reset(&uart->dev);
}

int
uart_model_attach(struct uart_model *uart, struct bus *bus, u16 port)
{
	bus_add_device(bus, &uart->dev);
	return bus_add_region(bus, &(struct region){
					   .space = SPACE_IO,
					   .base = port,
					   .len = UART_MODEL_PORTS,
					   .dev = &uart->dev,
					   .access = uart_model_access,
				   });
}

bool
uart_model_receive(struct uart_model *uart, u8 byte)
{
	struct uart_model_state *s = &uart->state;
	u64 flags = spin_lock(&uart->lock);
	bool taken = can_receive(s) && fifo_put(&s->rx, capacity(s), byte);

	if (taken)
		update_irq(uart);
	else
		s->refused = true;
	spin_unlock(&uart->lock, flags);
	return taken;
}

void
uart_model_tx_ready(struct uart_model *uart)
{
	u64 flags = spin_lock(&uart->lock);

	drain(uart);
	update_irq(uart);
	spin_unlock(&uart->lock, flags);
}
