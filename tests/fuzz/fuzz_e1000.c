/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/e1000/model.c drivers/e1000/model_regs.c drivers/e1000/model_eeprom.c
// SOURCES: drivers/e1000/model_phy.c drivers/e1000/model_stats.c drivers/e1000/model_irq.c
// SOURCES: drivers/e1000/model_tx.c drivers/e1000/model_tx_frame.c drivers/e1000/model_rx.c
// SOURCES: drivers/e1000/model_rx_filter.c dev/bus.c dev/pci.c dev/pci_device.c dev/pci_firmware.c
// SOURCES: net/switch.c net/switch_admit.c net/switch_look.c net/fdb.c net/segment.c net/frame.c
// SOURCES: net/checksum.c lib/lock.c lib/error.c lib/log.c lib/format.c lib/string.c
/*
 * Two 82545EMs of one VM on one switch, as a guest, frames from a third port and time may come to
 * them. The input is a run of records of eight bytes:
 *
 *    what       bits 3:0 what happens; bits 5:4 log2 of an access's size; bit 6 it writes; bit 7
 *               which of the two
 *    where      two bytes: a register by its number in a list of those that matter, plus 0 to 3
 *               bytes, a place in memory, or how many bytes
 *    value      four bytes
 *    more       one byte
 *
 * What must hold, beside what the sanitizers and the locks' ranks check: a call of e1000_transmit()
 * that may send n descriptors gives the switch no more frames than they can be, the pin is high
 * only if a cause is not masked, nobody is left in the transmitter, and no kick is forgotten.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fake/e1000.h"

enum { RECORD = 8, RECORDS_MAX = 400, BUDGET = 16 };

static const u16 registers[] = {
	E1000_CTRL,  E1000_STATUS, E1000_EECD,	E1000_EERD,  E1000_CTRL_EXT, E1000_MDIC,
	E1000_VET,   E1000_ICR,	   E1000_ITR,	E1000_ICS,   E1000_IMS,	     E1000_IMC,
	E1000_RCTL,  E1000_TCTL,   E1000_PBA,	E1000_RDBAL, E1000_RDBAH,    E1000_RDLEN,
	E1000_RDH,   E1000_RDT,	   E1000_RDTR,	E1000_RADV,  E1000_RSRPD,    E1000_TDBAL,
	E1000_TDBAH, E1000_TDLEN,  E1000_TDH,	E1000_TDT,   E1000_TIDV,     E1000_TXDCTL,
	E1000_TADV,  E1000_RXCSUM, E1000_MTA,	E1000_RA,    E1000_RA + 4,   E1000_VFTA,
	E1000_GPTC,  E1000_GOTCH,  E1000_GORCL, E1000_TORH,  0x0438,	     0x0040,
};

static struct e1000 second;
static bool kicked[2];
static u8 bytes[FRAME_SINGLE_MAX];
static u64 time_left;

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static struct e1000 *
nic(unsigned n)
{
	return n == 0 ? &fake_nic.e : &second;
}

static void
note_kick(void *arg)
{
	bool *flag = arg;

	check(!spin_held(&fake_nic.e.lock) && !spin_held(&second.lock) &&
	      !spin_held(&fake_nic.host.lock));
	*flag = true;
}

static void
set_up(void)
{
	struct e1000_config c;

	fake_nic_init();
	c = fake_nic.e.config;
	c.devfn = 4 << 3;
	c.mac[5] = 10;
	c.kick = note_kick;
	c.arg = &kicked[1];
	e1000_init(&second, &c);
	fake_nic.e.config.kick = note_kick;
	fake_nic.e.config.arg = &kicked[0];
	check(e1000_attach(&second, &fake_nic.host) == 0);
	check(switch_attach(&fake_switch, e1000_port(&second)) == 0);
	fake_mmio_write(PCI_ECAM_BASE + (4 << 15) + PCI_BAR0, 4, FAKE_NIC + E1000_REGS_LEN);
	fake_mmio_write(PCI_ECAM_BASE + (4 << 15) + PCI_COMMAND, 2, 7);
	kicked[0] = kicked[1] = false;
	time_left = 1000000000;
	fake_nic_up();
}

/* Of ring and buffer addresses only the lower bits matter, so that most are RAM. */
static void
access_register(unsigned n, const u8 *r)
{
	u32 where = (u32)(r[1] | r[2] << 8), value;
	u64 at = FAKE_NIC + n * E1000_REGS_LEN + registers[where / 4 % ARRAY_SIZE(registers)] +
		 (r[7] & 0x80 ? where % 4 : 0);
	u64 wide;
	u8 size = r[7] & 0x80 ? (u8)(1u << (r[0] >> 4 & 3)) : 4;

	memcpy(&value, r + 3, 4);
	wide = value | (u64)r[7] << 32;
	/* The BARs may have been moved: then nobody answers, or something else. */
	(void)bus_access(&fake_nic.bus, SPACE_MMIO, at, size, (r[0] & 0x40) != 0, &wide);
}

static void
access_anywhere(unsigned n, const u8 *r)
{
	u32 value;
	u64 wide;

	memcpy(&value, r + 3, 4);
	wide = value;
	if (r[7] & 1) {
		u64 at = FAKE_NIC_PORTS + r[1] % 64;

		(void)bus_access(&fake_nic.bus, SPACE_IO, at, (u8)(1u << (r[0] >> 4) % 3),
				 (r[0] & 0x40) != 0, &wide);
	} else {
		u64 at = FAKE_NIC + n * E1000_REGS_LEN + ((u64)r[1] | (u64)r[2] << 8) * 2;

		(void)bus_access(&fake_nic.bus, SPACE_MMIO, at, 4, (r[0] & 0x40) != 0, &wide);
	}
}

static void
access_config(unsigned n, const u8 *r)
{
	static const u8 places[] = {PCI_COMMAND, PCI_BAR0, PCI_BAR0 + 16, 0xe0, 0xe6};
	u64 at = PCI_ECAM_BASE + ((3 + n) << 15) + places[r[1] % ARRAY_SIZE(places)];

	fake_mmio_write(at, 2, (u64)(r[3] | r[4] << 8));
}

/* A descriptor in either ring; its address is mostly in RAM. */
static void
put_descriptor(const u8 *r, bool tx)
{
	u32 n = r[1] % FAKE_RING, value;
	struct e1000_tx_desc d = {0};

	memcpy(&value, r + 3, 4);
	d.address = FAKE_TX_BUFFERS + 64 * r[2];
	if (r[7] & 0x80)
		d.address = value;
	else if (r[7] & 0x40)
		d.address = FAKE_SEAM - r[2];
	d.command = value;
	d.status = (u32)r[7] << 8 | (u32)r[2] << 16;
	if (tx)
		*tx_desc(n) = d;
	else
		rx_desc(n)->address = d.address;
}

static void
put_context(const u8 *r)
{
	struct e1000_tx_context c = {.ipcss = 14,
				     .ipcso = 24,
				     .ipcse = 33,
				     .tucss = (u8)(34 + (r[7] & 0x7f)),
				     .tucso = (u8)(50 + (r[7] & 0x7f)),
				     .header_len = r[2],
				     .mss = (u16)(r[3] | r[4] << 8)};

	c.command = E1000_TXD_DEXT | (u32)r[5] << 24 | E1000_TXD_TSE;
	memcpy(tx_desc(r[1] % FAKE_RING), &c, sizeof(c));
}

static void
put_headers(const u8 *r)
{
	struct fake_packet p = {.ipv6 = r[3] & 1,
				.protocol = r[3] & 2 ? IP_UDP : IP_TCP,
				.tcp_options = r[3] & 4 ? 12 : 0,
				.payload = r[4],
				.partial = r[3] & 8};
	u64 at = FAKE_TX_BUFFERS + 64 * r[1];
	u32 len = fake_packet(bytes, &p);

	bytes[r[5] % len] ^= r[6];
	check(guest_write(&fake_nic.memory, GPA(at), bytes, len) == 0);
}

static void
send_frame(const u8 *r)
{
	u32 len = (u32)(r[1] | r[2] << 8) % (FRAME_SINGLE_MAX + 1);
	struct fake_packet p = {.ipv6 = r[3] & 1,
				.protocol = r[3] & 2 ? IP_UDP : IP_TCP,
				.payload = 100};

	memset(bytes, r[4], sizeof(bytes));
	if (r[3] & 4)
		len = fake_packet(bytes, &p);
	if (r[3] & 8)
		memset(bytes, 0xff, 6);
	else
		fake_mac(bytes, 9 + (r[3] >> 4 & 1));
	fake_mac(bytes + 6, 0);
	fake_frame(&fake_sent, bytes, MAX(len, 14u), 14 + r[5], 1 + 16 * (len / 100 + r[6]));
	fake_sent.tagged = r[3] & 0x20;
	fake_sent.tag = (u16)(r[4] | r[7] << 8);
	switch_send(&fake_ports[0].port, &fake_sent);
}

static void
transmit(unsigned n)
{
	u32 given = fake_ports[0].given;

	check(!nic(n)->tx.busy);
	kicked[n] = e1000_transmit(nic(n), BUDGET);
	check(!nic(n)->tx.busy && nic(n)->tx.kicked == kicked[n]);
	check(fake_ports[0].given - given <= (BUDGET + 1) * SEGMENTS_MAX);
}

static void
pass_time(const u8 *r)
{
	u64 ns = ((u64)r[1] | (u64)r[2] << 8) * 64;

	ns = MIN(ns, time_left);
	time_left -= ns;
	fake_advance(&fake_nic.time, ns);
}

static void
step(const u8 *r)
{
	unsigned n = r[0] >> 7;

	switch (r[0] & 15) {
	case 0:
	case 1:
	case 2: access_register(n, r); break;
	case 3: access_anywhere(n, r); break;
	case 4: access_config(n, r); break;
	case 5: put_descriptor(r, true); break;
	case 6: put_descriptor(r, false); break;
	case 7: put_context(r); break;
	case 8: put_headers(r); break;
	case 9: send_frame(r); break;
	case 10: pass_time(r); break;
	case 11: e1000_set_link(nic(n), r[1] & 1); break;
	case 12: nic(n)->pci.dev.reset(&nic(n)->pci.dev); break;
	default: transmit(n); break;
	}
}

static void
check_nic(unsigned n)
{
	const struct e1000 *e = nic(n);
	const struct e1000_registers *g = &e->state.regs;
	bool causes = (g->icr & g->ims) != 0 && !e->state.asleep;

	check(!spin_held(&e->lock) && !spin_held(&e->sending) && !e->tx.busy);
	check(!e->tx.kick && (!e->tx.kicked || kicked[n]));
	check(!e->state.irq.level || causes);
	/* What is held back has a timer. */
	check(!causes || e->state.irq.level || e->timer.set);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int
LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	set_up();
	for (size_t i = 0; i < RECORDS_MAX && (i + 1) * RECORD <= size; i++) {
		step(data + i * RECORD);
		check_nic(0);
		check_nic(1);
	}
	return 0;
}
