/* SPDX-License-Identifier: MIT */
/*
 * A VM that has an 82545EM at 00:03.0, on the switch of fake/switch.h, whose port 0 is at the other
 * end: RAM in two pieces that don't lie together, a bus, PCI, a clock. The NIC's registers are at
 * FAKE_NIC, its ports at FAKE_NIC_PORTS. There may be a second VM with more RAM: all here is for
 * the one that fake_vm says. For one translation unit.
 */
#pragma once

#include "drivers/e1000/model.h"
#include "drivers/pci_regs.h"
#include "tests/unit/fake/irq_line.h"
#include "tests/unit/fake/switch.h"
#include "tests/unit/fake/vclock.h"

enum {
	FAKE_RAM = 0x400000,
	FAKE_RAM_OTHER = 0x800000, /* of the second VM */
	FAKE_SEAM = 0x200000,	   /* between the two pieces */
	FAKE_TX_RING = 0x10000,
	FAKE_RX_RING = 0x20000,
	FAKE_TX_BUFFERS = 0x100000,
	FAKE_RX_BUFFERS = 0x180000,
	FAKE_RX_STRIDE = 0x1000,
	FAKE_RING = 64, /* descriptors that fake_nic_up() gives each ring */
	FAKE_NIC_PORTS = 0xc000,
	FAKE_NIC_DEVFN = 3 << 3,
};

#define FAKE_NIC     0xc0100000ul

/* What drivers ask for most. */
#define FAKE_TX_LAST (E1000_TXD_EOP | E1000_TXD_IFCS | E1000_TXD_RS)

struct guest_memory {
	u8 *low, *high;
	u64 size;
};

struct fake_nic_vm {
	struct guest_memory memory;
	struct vclock time;
	struct bus bus;
	struct pci_host host;
	struct fake_irq pins[PCI_PINS];
	struct e1000 e;
	unsigned kicks;
	bool lazy; /* kicks are left to the test */
	u32 tdt;
};

static struct fake_nic_vm fake_nics[2];
static unsigned fake_vm;
#define fake_nic (fake_nics[fake_vm])

static inline u8 *
fake_at(const struct guest_memory *m, u64 at, u64 len)
{
	if (at >= m->size || len > m->size - at || len == 0)
		return NULL;
	if (at < GUEST_ROM_BASE && at + len > GUEST_LOW_END)
		return NULL;
	if (at < FAKE_SEAM && at + len > FAKE_SEAM)
		return NULL;
	return at < FAKE_SEAM ? m->low + at : m->high + (at - FAKE_SEAM);
}

/* The two pieces of an access over the seam: the first one's length. */
static inline u64
fake_first(u64 at, u64 len)
{
	return at < FAKE_SEAM && len > FAKE_SEAM - at ? FAKE_SEAM - at : len;
}

bool
guest_is_ram(const struct guest_memory *m, gpa_t gpa, u64 len)
{
	u64 first = fake_first(gpa.v, len);

	return len == 0 || (fake_at(m, gpa.v, first) != NULL &&
			    (first == len || fake_at(m, gpa.v + first, len - first) != NULL));
}

int
guest_span(const struct guest_memory *m, gpa_t gpa, size_t len, void **out)
{
	*out = fake_at(m, gpa.v, len);
	return *out != NULL ? 0 : -ERR_RANGE;
}

int
guest_read(const struct guest_memory *m, gpa_t gpa, void *out, size_t len)
{
	u64 first = fake_first(gpa.v, len);

	if (!guest_is_ram(m, gpa, len))
		return -ERR_RANGE;
	memcpy(out, fake_at(m, gpa.v, first), first);
	if (first < len)
		memcpy((u8 *)out + first, m->high, len - first);
	return 0;
}

int
guest_write(struct guest_memory *m, gpa_t gpa, const void *in, size_t len)
{
	u64 first = fake_first(gpa.v, len);

	if (!guest_is_ram(m, gpa, len))
		return -ERR_RANGE;
	memcpy(fake_at(m, gpa.v, first), in, first);
	if (first < len)
		memcpy(m->high, (const u8 *)in + first, len - first);
	return 0;
}

static inline u8 *
fake_ram(u64 at)
{
	return fake_at(&fake_nic.memory, at, 1);
}

static inline u64
fake_mmio(u64 at, u8 size)
{
	u64 value = 0;

	if (!bus_access(&fake_nic.bus, SPACE_MMIO, at, size, false, &value))
		abort();
	return size == 8 ? value : value & ((1ul << (8 * size)) - 1);
}

static inline void
fake_mmio_write(u64 at, u8 size, u64 value)
{
	if (!bus_access(&fake_nic.bus, SPACE_MMIO, at, size, true, &value))
		abort();
}

static inline u32
reg(u32 offset)
{
	return (u32)fake_mmio(FAKE_NIC + offset, 4);
}

static inline void
set_reg(u32 offset, u32 value)
{
	fake_mmio_write(FAKE_NIC + offset, 4, value);
}

static inline u32
config(u16 offset, u8 size)
{
	return (u32)fake_mmio(PCI_ECAM_BASE + (FAKE_NIC_DEVFN << 12) + offset, size);
}

static inline void
set_config(u16 offset, u8 size, u32 value)
{
	fake_mmio_write(PCI_ECAM_BASE + (FAKE_NIC_DEVFN << 12) + offset, size, value);
}

static inline bool
pin(void)
{
	return __atomic_load_n(&fake_nic.pins[3].level, __ATOMIC_ACQUIRE); /* of slot 3 */
}

static inline void
fake_kick(void *arg)
{
	struct fake_nic_vm *n = arg;

	if (spin_held(&n->e.lock) || spin_held(&n->host.lock))
		abort();
	n->kicks++;
	while (!n->lazy && e1000_transmit(&n->e, 64))
		continue;
}

static inline void
fake_decode(void)
{
	set_config(PCI_BAR0, 4, FAKE_NIC);
	set_config(PCI_BAR0 + 4, 4, 0);
	set_config(PCI_BAR0 + 8, 4, 0xc0200000);
	set_config(PCI_BAR0 + 12, 4, 0);
	set_config(PCI_BAR0 + 16, 4, FAKE_NIC_PORTS);
	set_config(PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static inline void
fake_memory_clear(void)
{
	struct guest_memory *m = &fake_nic.memory;

	if (m->low == NULL) {
		m->size = fake_vm == 0 ? FAKE_RAM : FAKE_RAM_OTHER;
		m->low = malloc(FAKE_SEAM);
		m->high = malloc(m->size - FAKE_SEAM);
	}
	memset(m->low, 0, FAKE_SEAM);
	memset(m->high, 0, m->size - FAKE_SEAM);
}

/* The VM that fake_vm says, its NIC, somebody's, as after power-on, its BARs decoded. */
static inline void
fake_vm_make(struct e1000 *e, void (*kick)(void *), void *arg)
{
	struct fake_nic_vm *n = &fake_nic;
	struct irq_line *links[PCI_PINS];
	struct e1000_config c = {.memory = &n->memory,
				 .clock = &n->time,
				 .devfn = FAKE_NIC_DEVFN,
				 .kick = kick,
				 .arg = arg};

	fake_memory_clear();
	n->time = (struct vclock){.now = 1000000000};
	n->kicks = n->tdt = 0;
	n->lazy = false;
	fake_mac(c.mac, 9 + fake_vm);
	bus_init(&n->bus);
	pci_host_setup(&n->host, NULL);
	for (unsigned i = 0; i < PCI_PINS; i++)
		links[i] = fake_irq_init(&n->pins[i]);
	pci_host_wire(&n->host, links);
	e1000_init(e, &c);
	if (pci_host_attach(&n->host, &n->bus) != 0 || e1000_attach(e, &n->host) != 0 ||
	    switch_attach(&fake_switch, e1000_port(e)) != 0)
		abort();
	fake_decode();
}

static inline void
fake_vm_init(void)
{
	fake_vm_make(&fake_nic.e, fake_kick, &fake_nic);
}

/* The first VM, on a switch that only port 0 is on beside it. */
static inline int
fake_nic_init(void)
{
	fake_vm = 0;
	fake_switch_init(2);
	if (switch_attach(&fake_switch, &fake_ports[0].port) != 0)
		abort();
	fake_vm_init();
	return 0;
}

static inline u64
fake_rx_buffer(u32 n)
{
	return FAKE_RX_BUFFERS + (u64)n * FAKE_RX_STRIDE;
}

static inline struct e1000_rx_desc *
rx_desc(u32 n)
{
	return (struct e1000_rx_desc *)(void *)fake_ram(FAKE_RX_RING + 16 * n);
}

static inline struct e1000_tx_desc *
tx_desc(u32 n)
{
	return (struct e1000_tx_desc *)(void *)fake_ram(FAKE_TX_RING + 16 * n);
}

/* Both rings of FAKE_RING descriptors, buffers of 2048 bytes, both directions on. */
static inline void
fake_nic_up(void)
{
	for (u32 i = 0; i < FAKE_RING; i++)
		*rx_desc(i) = (struct e1000_rx_desc){.address = fake_rx_buffer(i)};
	set_reg(E1000_TDBAL, FAKE_TX_RING);
	set_reg(E1000_TDLEN, FAKE_RING * 16);
	set_reg(E1000_RDBAL, FAKE_RX_RING);
	set_reg(E1000_RDLEN, FAKE_RING * 16);
	set_reg(E1000_RDT, FAKE_RING - 1);
	set_reg(E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
	set_reg(E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM);
	fake_nic.tdt = 0;
}

/* One more descriptor, not told to the NIC yet; answers its number. */
static inline u32
put_desc(u64 address, u32 command, u32 status)
{
	u32 n = fake_nic.tdt;

	*tx_desc(n) = (struct e1000_tx_desc){address, command, status};
	fake_nic.tdt = (n + 1) % FAKE_RING;
	return n;
}

static inline void
ring_doorbell(void)
{
	set_reg(E1000_TDT, fake_nic.tdt);
}

/* A legacy packet in one buffer. */
static inline u32
put_packet(const u8 *bytes, u32 len)
{
	memcpy(fake_ram(FAKE_TX_BUFFERS), bytes, len);
	return put_desc(FAKE_TX_BUFFERS, len | FAKE_TX_LAST, 0);
}

/* A frame of len bytes from port 0 to the NIC's own address, or `to`. */
static inline void
give(const u8 *to, u8 *bytes, u32 len)
{
	fake_fill(bytes, len, len);
	fake_ethernet(bytes, 9, 0);
	if (len > ETH_MIN)
		fake_fill(bytes + ETH_MIN, len - ETH_MIN, len);
	if (to != NULL)
		memcpy(bytes, to, ETH_ADDRESS);
	fake_send_bytes(0, bytes, len);
}
