/* SPDX-License-Identifier: MIT */
/* The function: configuration space, the ways to its registers, resets. */
#include "drivers/e1000/model_private.h"

#include "drivers/pci_regs.h"
#include "lib/string.h"

enum {
	FLASH_LEN = 64 * 1024,
	ROM_LEN = 64 * 1024,
	CAP_POWER = 0xdc, /* PCI Power Management 1.1, 3.2 */
	CAP_POWER_CONTROL = CAP_POWER + 4,
	CAP_PCIX = 0xe4, /* PCI-X 1.0a, 7.2 */
};

static const struct pci_identity identity = {.vendor = PCI_VENDOR_INTEL,
					     .device = 0x100f,
					     .class_code = 0x020000,
					     .revision = 1};

/* PME from D0, D3hot and D3cold, DSI, version 2. */
#define POWER_CAPABILITIES   0xc822u
#define POWER_CONTROL	     0x2000u /* the scale of the data that there is not */
#define POWER_CONTROL_STATE  0x0003u
#define POWER_CONTROL_WRITE  0x1f03u
#define POWER_CONTROL_PME    0x8000u

#define PCIX_COMMAND	     0x0002u /* relaxed ordering; reads of 512 bytes, one at a time */
#define PCIX_COMMAND_WRITE   0x007fu
/* Never told its bus number: it is on conventional PCI. 64 bits, 133 MHz, reads of 2 KiB. */
#define PCIX_STATUS	     0x0443fff8u

#define STATUS_66MHZ	     0x0020u
#define STATUS_DEVSEL_MEDIUM 0x0200u

/*
 * A frame may be on its way, by another thread, that has been made void, or is the last: a reset
 * has ended, and no DMA comes after it (13.4.1), when that is through; nor after a stop, when what
 * went out is written back, too. One frame at most, by who has interrupts off. Without the lock.
 */
static void
await_sender(struct e1000 *e)
{
	u64 flags = spin_lock(&e->sending);

	spin_unlock(&e->sending, flags);
	flags = spin_lock(&e->lock);
	e1000_tx_settle(e);
	spin_unlock(&e->lock, flags);
}

/* Nothing is as it was for what is under way, and the guest's memory is left alone from here. */
void
e1000_reset_device(struct e1000 *e)
{
	e1000_tx_reset(e);
	e1000_irq_reset(e);
	e1000_regs_reset(e);
	e1000_statistics_clear(e);
}

static void
power_on(struct e1000 *e)
{
	e1000_reset_device(e);
	e->state.asleep = false;
	e->state.link = false;
	e1000_phy_reset(e);
	e->state.phy.link_was_down = !e->cable;
	e->state.regs.icr = 0;
	e->tx.kicked = e->tx.kick = false;
}

static void
device_reset(struct device *dev)
{
	struct e1000 *e = container_of(dev, struct e1000, pci.dev);
	u64 flags = spin_lock(&e->lock);

	power_on(e);
	spin_unlock(&e->lock, flags);
	await_sender(e);
}

/* In D3hot it has no interrupts, and it returns as from a reset (No_Soft_Reset is 0). */
static void
power_changed(struct e1000 *e, u32 state)
{
	bool asleep = state == POWER_CONTROL_STATE;

	if (asleep == e->state.asleep)
		return;
	if (asleep)
		e1000_tx_void(e);
	else
		e1000_reset_device(e);
	e->state.asleep = asleep;
	e1000_irq_update(e);
}

/* What waits in the ring stays, and goes on; the kick comes by config_written(), as host->lock is
 * held here. */
static void
mastering_changed(struct e1000 *e, bool on)
{
	if (on)
		e1000_tx_work(e);
	else
		e1000_tx_stop(e);
}

static void
config_changed(struct pci_device *pci, u16 offset, u32 old, u32 now)
{
	struct e1000 *e = container_of(pci, struct e1000, pci);
	u64 flags = spin_lock(&e->lock);
	u32 epoch = e->tx.epoch;
	bool voided;

	if (offset == CAP_POWER_CONTROL)
		power_changed(e, now & POWER_CONTROL_STATE);
	else if (offset == PCI_COMMAND && (old ^ now) & PCI_COMMAND_MASTER)
		mastering_changed(e, (now & PCI_COMMAND_MASTER) != 0);
	voided = e->tx.epoch != epoch;
	spin_unlock(&e->lock, flags);
	if (voided)
		await_sender(e);
}

static bool
take_kick(struct e1000 *e)
{
	bool kick = e->tx.kick;

	e->tx.kick = false;
	return kick;
}

static void
config_written(struct pci_device *pci)
{
	struct e1000 *e = container_of(pci, struct e1000, pci);
	u64 flags = spin_lock(&e->lock);
	bool kick = take_kick(e);

	spin_unlock(&e->lock, flags);
	if (kick)
		e->config.kick(e->config.arg);
}

/* A dword at a multiple of 4. */
static u32
read_dword(struct e1000 *e, u64 offset)
{
	if (e->state.asleep || offset >= E1000_REGS_LEN)
		return ~0u;
	return e1000_reg_read(e, (u32)offset);
}

static void
write_dword(struct e1000 *e, u64 offset, u32 value)
{
	if (!e->state.asleep && offset < E1000_REGS_LEN)
		e1000_reg_write(e, (u32)offset, value);
}

/*
 * Registers are dwords (13.2): a narrower read shows its part of one, a narrower or unaligned write
 * does nothing. Eight bytes are two of them.
 */
static void
registers_access(struct e1000 *e, struct io *io)
{
	u64 at = ALIGN_DOWN(io->offset, 4), value;

	if (!io->write) {
		value = read_dword(e, at);
		if (io->size == 8)
			value |= (u64)read_dword(e, at + 4) << 32;
		io->value = value >> 8 * (io->offset % 4);
		return;
	}
	if (io->size < 4 || io->offset % 4 != 0)
		return;
	write_dword(e, at, (u32)io->value);
	if (io->size == 8)
		write_dword(e, at + 4, (u32)(io->value >> 32));
}

static void
ports_access(struct e1000 *e, struct io *io)
{
	struct io data = {.offset = e->state.regs.ioaddr, .size = io->size, .write = io->write};

	if (io->offset == E1000_IODATA && io->size == 4) {
		data.value = io->value;
		registers_access(e, &data);
		io->value = data.value;
	} else if (io->offset == E1000_IOADDR && io->size == 4 && io->write) {
		e->state.regs.ioaddr = (u32)io->value & ~3u;
	} else if (!io->write) {
		io->value = io->offset == E1000_IOADDR ? e->state.regs.ioaddr : 0;
	}
}

static void
locked_access(struct device *dev, struct io *io, void (*access)(struct e1000 *, struct io *))
{
	struct e1000 *e = container_of(dev, struct e1000, pci.dev);
	u64 flags = spin_lock(&e->lock);
	u32 epoch = e->tx.epoch;
	bool kick, voided;

	access(e, io);
	kick = take_kick(e);
	voided = e->tx.epoch != epoch;
	spin_unlock(&e->lock, flags);
	if (voided)
		await_sender(e);
	if (kick)
		e->config.kick(e->config.arg);
}

static void
bar_registers(struct device *dev, struct io *io)
{
	locked_access(dev, io, registers_access);
}

static void
bar_ports(struct device *dev, struct io *io)
{
	locked_access(dev, io, ports_access);
}

/* Flash and expansion ROM: none is fitted. */
static void
bar_empty(struct device *dev __unused, struct io *io)
{
	if (!io->write)
		io->value = ~0ul;
}

static void
set_up_capabilities(struct pci_device *pci)
{
	pci_device_capability(pci, CAP_PCIX, 0x07);
	pci_device_put(pci, CAP_PCIX + 2, 2, PCIX_COMMAND);
	pci_device_put(pci, CAP_PCIX + 4, 4, PCIX_STATUS);
	pci->writable[CAP_PCIX + 2] = PCIX_COMMAND_WRITE;
	pci_device_capability(pci, CAP_POWER, PCI_CAP_POWER);
	pci_device_put(pci, CAP_POWER + 2, 2, POWER_CAPABILITIES);
	pci_device_put(pci, CAP_POWER_CONTROL, 2, POWER_CONTROL);
	pci->writable[CAP_POWER_CONTROL] = (u8)POWER_CONTROL_WRITE;
	pci->writable[CAP_POWER_CONTROL + 1] = POWER_CONTROL_WRITE >> 8;
	pci->clearable[CAP_POWER_CONTROL + 1] = POWER_CONTROL_PME >> 8;
}

static void
set_up_config(struct e1000 *e)
{
	struct pci_device *pci = &e->pci;

	pci_device_setup(pci, e->config.devfn, &identity);
	pci_device_put(pci, PCI_STATUS, 2, STATUS_66MHZ | STATUS_DEVSEL_MEDIUM);
	pci_device_put(pci, PCI_SUBSYSTEM, 4, 0x10008086);
	pci_device_put(pci, PCI_INTERRUPT + 2, 2, 0x00ff); /* Min_Gnt, Max_Lat */
	pci->writable[PCI_COMMAND] |= PCI_COMMAND_MASTER;
	pci->writable[PCI_HEADER] = 0xff; /* cache line size, and latency timer */
	pci->writable[PCI_HEADER + 1] = 0xff;
	pci->bars[0] = (struct pci_device_bar){.size = E1000_REGS_LEN,
					       .space = SPACE_MMIO,
					       .wide = true,
					       .access = bar_registers};
	pci->bars[2] = (struct pci_device_bar){.size = FLASH_LEN,
					       .space = SPACE_MMIO,
					       .wide = true,
					       .access = bar_empty};
	pci->bars[4] = (struct pci_device_bar){.size = E1000_IO_LEN,
					       .space = SPACE_IO,
					       .access = bar_ports};
	pci->bars[PCI_ROM_BAR] =
		(struct pci_device_bar){.size = ROM_LEN, .space = SPACE_MMIO, .access = bar_empty};
	pci_device_bar_setup(pci, 0);
	pci_device_bar_setup(pci, 2);
	pci_device_bar_setup(pci, 4);
	pci_device_bar_setup(pci, PCI_ROM_BAR);
	set_up_capabilities(pci);
	pci_device_pin_setup(pci, 1);
}

static bool
deliver(struct net_port *port, const struct frame *frame)
{
	return e1000_receive(container_of(port, struct e1000, port), frame, false);
}

void
e1000_init(struct e1000 *e, const struct e1000_config *config)
{
	memset(e, 0, sizeof(*e));
	e->config = *config;
	e->cable = true;
	e->port.deliver = deliver;
	e->pci.dev = (struct device){.name = "e1000", .reset = device_reset};
	e->pci.size = sizeof(e->config_space);
	e->pci.config = e->config_space;
	e->pci.writable = e->config_writable;
	e->pci.config_changed = config_changed;
	e->pci.config_written = config_written;
	spin_init(&e->lock, RANK_VDEVICE, "e1000");
	spin_init(&e->sending, RANK_SENDER, "e1000 sending");
	vtimer_init(&e->timer, config->clock, e1000_irq_timer);
	e1000_eeprom_init(&e->eeprom, config->mac);
	set_up_config(e);
	power_on(e);
}

int
e1000_attach(struct e1000 *e, struct pci_host *host)
{
	return pci_host_add(host, &e->pci);
}

struct net_port *
e1000_port(struct e1000 *e)
{
	return &e->port;
}

void
e1000_set_link(struct e1000 *e, bool up)
{
	u64 flags = spin_lock(&e->lock);

	e->cable = up;
	e1000_link_update(e);
	spin_unlock(&e->lock, flags);
}
