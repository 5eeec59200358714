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
	unsigned resets;

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
	memset(fake.regs, 0, sizeof(fake.regs));
	*fake_reg(E1000_STATUS) = E1000_STATUS_LU | E1000_STATUS_FD | 0x80; /* 1000 Mb/s */
	*fake_reg(E1000_EECD) = E1000_EECD_74_AUTO_READ;
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

void
nic_io_write(volatile u8 *regs, u32 reg, u32 value)
{
	if (fake.all_ones)
		return;
	switch (reg) {
	case E1000_CTRL: fake_control(value); break;
	case E1000_EERD: *fake_reg(reg) = fake_eerd(value); break;
	case E1000_MDIC: *fake_reg(reg) = fake.dead_phy ? value : value | E1000_MDIC_READY; break;
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

/* A descriptor as the NIC would fill it: what it claims need not be so. */
static void
fake_fill(u16 length, u8 status, u8 errors, u8 byte)
{
	struct e1000_rx_desc *ring = hpa_to_ptr(HPA(*fake_reg(E1000_RDBAL)));
	u32 *head = fake_reg(E1000_RDH);
	struct e1000_rx_desc *d = &ring[*head];

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
