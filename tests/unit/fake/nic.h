/* SPDX-License-Identifier: MIT */
/* A NIC's registers in software, as much as the driver needs, with what can go wrong with one. */
#pragma once

#include "drivers/e1000/nic_regs.h"
#include "tests/unit/fake/nic_machine.h"

enum { FAKE_SENT_MAX = 1024 };

static struct fake_nic {
	u32 regs[E1000_REGS_LEN / 4];
	bool is_82574;
	int pin;
	bool message; /* an MSI that is still to be sent */

	bool all_ones;	  /* pulled out */
	bool stuck_reset; /* it never ends */
	bool stuck_tx;	  /* nothing is sent any more */
	bool dead_phy;
	bool no_mac;
	bool storms;	    /* its pin stays asserted, whatever is written to IMC */
	bool message_storm; /* likewise by MSI */
	bool stubborn;	    /* it has a cause at any time, and IMC does nothing */
	bool deaf;	    /* interrupts no longer leave it */
	bool dead_port;	    /* its ports do nothing */
	bool never_loaded;  /* its EEPROM stays unread */
	bool dead_eeprom;   /* it answers nobody */
	unsigned resets, port_resets, owned_resets;
	u32 port_address;
	u32 last_write;	   /* the register, if nothing was read since */
	u64 reset_ns;	   /* when the last reset was */
	u64 first_mdic_ns; /* when the PHY was first touched after it; 0: not yet */

	struct {
		u32 len;
		u8 bytes[2048];
	} sent[FAKE_SENT_MAX];
	unsigned sent_count, tdt_writes, icr_reads;
} fake;

static const u8 fake_mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

static u32 *
fake_reg(u32 reg)
{
	assert_true(reg < E1000_REGS_LEN && reg % 4 == 0);
	return &fake.regs[reg / 4];
}

static int
fake_pin(void)
{
	return fake.pin;
}

static bool
fake_asserted(void)
{
	return !fake.deaf && (*fake_reg(E1000_ICR) & *fake_reg(E1000_IMS)) != 0;
}

static bool
fake_pin_asserted(void)
{
	return fake.storms || fake_asserted();
}

static bool
fake_take_message(void)
{
	bool message = fake.message;

	fake.message = false;
	return message || fake.message_storm;
}

/* A message goes out when what is wanted comes to be (82574, 7.4.1). */
static void
fake_cause(u32 cause, u32 unmask)
{
	bool before = fake_asserted();

	*fake_reg(E1000_ICR) |= cause;
	*fake_reg(E1000_IMS) |= unmask;
	if (!before && fake_asserted())
		fake.message = true;
}

static void
fake_set_mac(void)
{
	u8 mac[8] = {0};
	u32 halves[2];

	memcpy(mac, fake_mac, 6);
	memcpy(halves, mac, 8);
	*fake_reg(E1000_RA) = fake.no_mac ? 0 : halves[0];
	*fake_reg(E1000_RA + 4) = fake.no_mac ? 0 : halves[1] | E1000_RAH_AV;
}

static void
fake_reset(void)
{
	fake.resets++;
	fake.owned_resets += (*fake_reg(E1000_EXTCNF_CTRL) & E1000_EXTCNF_MDIO_SOFTWARE) != 0;
	fake.reset_ns = fake_now_ns;
	fake.first_mdic_ns = 0;
	memset(fake.regs, 0, sizeof(fake.regs));
	*fake_reg(E1000_STATUS) = E1000_STATUS_LU | E1000_STATUS_FD | 0x80; /* 1000 Mb/s */
	*fake_reg(E1000_EECD) = fake.never_loaded ? 0 : E1000_EECD_74_AUTO_READ;
	fake_set_mac();
}

static u32
fake_eerd(u32 request)
{
	u32 done = fake.is_82574 ? E1000_EERD_74_DONE : E1000_EERD_DONE;
	u64 word = FIELD_GET(fake.is_82574 ? E1000_EERD_74_ADDRESS : E1000_EERD_ADDRESS, request);
	u16 data = word < 3 ? (u16)(fake_mac[2 * word] | fake_mac[2 * word + 1] << 8) : 0;

	return done | (u32)data << 16;
}

static void
fake_send(void)
{
	struct e1000_tx_desc *ring = hpa_to_ptr(HPA(*fake_reg(E1000_TDBAL)));
	u32 *head = fake_reg(E1000_TDH);

	while (*head != *fake_reg(E1000_TDT)) {
		struct e1000_tx_desc *d = &ring[*head];
		u32 len = (u32)FIELD_GET(E1000_TXD_LEGACY_LEN, d->command);

		assert_true(fake_config[PCI_COMMAND / 4] & PCI_COMMAND_MASTER);
		assert_true(fake.sent_count < FAKE_SENT_MAX && len <= 2048);
		fake.sent[fake.sent_count].len = len;
		memcpy(fake.sent[fake.sent_count++].bytes, hpa_to_ptr(HPA(d->address)), len);
		d->status |= E1000_TXD_DD;
		*head = (*head + 1) % (*fake_reg(E1000_TDLEN) / 16);
	}
}

u32
nic_io_read(const volatile u8 *regs, u32 reg)
{
	u32 value = *fake_reg(reg);

	assert_ptr_equal(regs, fake_nic_regs);
	fake.last_write = ~0u;
	if (fake.all_ones)
		return ~0u;
	if ((reg == E1000_ICR && !fake.stubborn) || reg == E1000_MPC || reg == E1000_CRCERRS)
		*fake_reg(reg) = 0;
	fake.icr_reads += reg == E1000_ICR;
	return value;
}

static void
fake_control(u32 value)
{
	if ((value & E1000_CTRL_RST) == 0)
		*fake_reg(E1000_CTRL) = value;
	else if (fake.stuck_reset)
		*fake_reg(E1000_CTRL) = E1000_CTRL_RST;
	else
		fake_reset();
}

static u32
fake_mdic(u32 value)
{
	if (fake.first_mdic_ns == 0)
		fake.first_mdic_ns = fake_now_ns;
	return fake.dead_phy ? value : value | E1000_MDIC_READY;
}

void
nic_io_write(volatile u8 *regs, u32 reg, u32 value)
{
	assert_true(fake.is_82574 || reg != fake.last_write + 4); /* a bridge might merge them */
	fake.last_write = reg;
	if (fake.all_ones)
		return;
	switch (reg) {
	case E1000_CTRL: fake_control(value); break;
	case E1000_EERD: *fake_reg(reg) = fake.dead_eeprom ? value : fake_eerd(value); break;
	case E1000_MDIC: *fake_reg(reg) = fake_mdic(value); break;
	case E1000_ICS: fake_cause(value, 0); break;
	case E1000_IMS: fake_cause(0, value); break;
	case E1000_IMC:
		if (!fake.stubborn)
			*fake_reg(E1000_IMS) &= ~value;
		break;
	case E1000_TDT:
		fake.tdt_writes++;
		*fake_reg(reg) = value;
		if (!fake.stuck_tx)
			fake_send();
		break;
	default: *fake_reg(reg) = value;
	}
}

u32
nic_port_read(u16 port)
{
	assert_int_equal(port, FAKE_PORT + E1000_IODATA);
	assert_true(fake_config[PCI_COMMAND / 4] & PCI_COMMAND_IO);
	return fake.dead_port ? 0 : nic_io_read(fake_nic_regs, fake.port_address);
}

void
nic_port_write(u16 port, u32 value)
{
	unsigned before = fake.resets;

	assert_true(fake_config[PCI_COMMAND / 4] & PCI_COMMAND_IO);
	if (port == FAKE_PORT + E1000_IOADDR) {
		fake.port_address = value;
		return;
	}
	assert_int_equal(port, FAKE_PORT + E1000_IODATA);
	if (!fake.dead_port)
		nic_io_write(fake_nic_regs, fake.port_address, value);
	fake.port_resets += fake.resets - before;
}

/* A descriptor as the NIC would fill it: what it claims need not be so. */
static void
fake_fill(u16 length, u8 status, u8 errors, u8 byte)
{
	struct e1000_rx_desc *ring = hpa_to_ptr(HPA(*fake_reg(E1000_RDBAL)));
	u32 *head = fake_reg(E1000_RDH);
	struct e1000_rx_desc *d = &ring[*head];

	/* Without LPE 1522 bytes with the FCS are the most (8254x, 13.4.22). */
	if (length + 4 > 1522 && (*fake_reg(E1000_RCTL) & E1000_RCTL_LPE) == 0)
		return;
	assert_true(*head != *fake_reg(E1000_RDT));
	assert_int_equal(d->status, 0);
	memset(hpa_to_ptr(HPA(d->address)), byte, MIN(length, 2048));
	d->length = length;
	d->errors = errors;
	d->address = 0xdead0000; /* not to be relied on */
	d->status = status;
	*head = (*head + 1) % (*fake_reg(E1000_RDLEN) / 16);
	fake_cause(E1000_INT_RXT0, 0);
}

static void
fake_receive(u16 length, u8 byte)
{
	fake_fill(length, E1000_RXD_DD | E1000_RXD_EOP, 0, byte);
}
