/* SPDX-License-Identifier: MIT */
/* From whatever state to a NIC that is off, with defaults, its address, and a link coming up. */
#include "arch/x86_64/time.h"
#include "drivers/e1000/nic_parts.h"
#include "drivers/pci_regs.h"
#include "lib/log.h"
#include "lib/string.h"

enum {
	RESET_SETTLE_US = 10,  /* 8254x, 13.4.1: 1 us before a register is touched */
	RESET_US = 20000,      /* it takes some microseconds */
	EEPROM_LOAD_US = 5000, /* 8254x, 14.3 */
	EEPROM_LOAD_74_US = 20000,
	PHY_SETUP_US = 25000,  /* 82574: its PHY is configured after the EEPROM is read */
	EEPROM_READ_US = 2000, /* a word takes some 50 us */
	MASTER_OFF_US = 10000, /* 82574, 5.2.3.1: until the last request is answered */
	FRAMES_END_US = 1000,  /* a frame of 1522 bytes takes 1.2 ms at 10 Mb/s, 12 us at 1000 */
};

/* Nothing new begins: interrupts off, no frames in or out. */
static void
quiet(const struct nic *nic)
{
	nic_write(nic, E1000_IMC, ~0u);
	nic_write(nic, E1000_RCTL, 0);
	nic_write(nic, E1000_TCTL, E1000_TCTL_PSP);
	(void)nic_read(nic, E1000_STATUS);
	delay_us(FRAMES_END_US);
}

/* A reset must not cut a PCIe request off (82574, 5.2.3.1). */
static void
end_requests(const struct nic *nic)
{
	if (!nic->model->is_82574)
		return;
	nic_write(nic, E1000_CTRL, nic_read(nic, E1000_CTRL) | E1000_CTRL_GIO_MASTER_OFF);
	if (!wait_until(MASTER_OFF_US,
			(nic_read(nic, E1000_STATUS) & E1000_STATUS_GIO_MASTER) == 0))
		log_warn("%s: requests are still under way; resetting it all the same", nic->name);
}

/* What the EEPROM has for registers and PHY comes by itself; before that neither is to be touched,
 * or it comes on top of what we have written. */
static bool
await_eeprom(const struct nic *nic)
{
	if (!nic->model->is_82574) {
		delay_us(EEPROM_LOAD_US);
		return true;
	}
	if (!wait_until(EEPROM_LOAD_74_US,
			(nic_read(nic, E1000_EECD) & E1000_EECD_74_AUTO_READ) != 0))
		return false;
	delay_us(PHY_SETUP_US);
	return true;
}

static bool
read_eeprom(const struct nic *nic, u8 word, u16 *out)
{
	bool is_82574 = nic->model->is_82574;
	u64 address = is_82574 ? FIELD_PREP(E1000_EERD_74_ADDRESS, word)
			       : FIELD_PREP(E1000_EERD_ADDRESS, word);
	u32 done = is_82574 ? E1000_EERD_74_DONE : E1000_EERD_DONE, value;

	nic_write(nic, E1000_EERD, (u32)address | E1000_EERD_START);
	if (!wait_until(EEPROM_READ_US, ((value = nic_read(nic, E1000_EERD)) & done) != 0))
		return false;
	*out = (u16)FIELD_GET(E1000_EERD_DATA, value);
	return value != ~0u;
}

/* Neither of a group nor all zeros, which also rules all ones out. */
static bool
is_station(const u8 mac[NIC_MAC])
{
	static const u8 none[NIC_MAC];

	return (mac[0] & 1) == 0 && memcmp(mac, none, NIC_MAC) != 0;
}

static bool
mac_from_registers(const struct nic *nic, u8 mac[NIC_MAC])
{
	u32 low = nic_read(nic, E1000_RA), high = nic_read(nic, E1000_RA + 4);

	for (unsigned i = 0; i < 4; i++)
		mac[i] = (u8)(low >> 8 * i);
	mac[4] = (u8)high;
	mac[5] = (u8)(high >> 8);
	return (high & E1000_RAH_AV) != 0 && is_station(mac);
}

static bool
mac_from_eeprom(const struct nic *nic, u8 mac[NIC_MAC])
{
	for (u32 i = 0; i < NIC_MAC / 2; i++) {
		u16 word;

		if (!read_eeprom(nic, (u8)(EEPROM_MAC + i), &word))
			return false;
		mac[2 * i] = (u8)word;
		mac[2 * i + 1] = (u8)(word >> 8);
	}
	return is_station(mac);
}

bool
nic_read_mac(struct nic *nic)
{
	u8 mac[NIC_MAC];

	if (!mac_from_registers(nic, mac) && !mac_from_eeprom(nic, mac))
		return false;
	memcpy(nic->mac, mac, NIC_MAC);
	return true;
}

/* Our own address in the first filter, the others and the hash tables empty. */
static void
set_filters(const struct nic *nic)
{
	const u8 *m = nic->mac;
	u32 low = m[0] | (u32)m[1] << 8 | (u32)m[2] << 16 | (u32)m[3] << 24;

	nic_write_alone(nic, E1000_RA, low);
	nic_write_alone(nic, E1000_RA + 4, m[4] | (u32)m[5] << 8 | E1000_RAH_AV);
	for (u32 i = 1; i < E1000_RA_PAIRS; i++) {
		nic_write_alone(nic, E1000_RA + 8 * i + 4, 0); /* has the bit for valid */
		nic_write_alone(nic, E1000_RA + 8 * i, 0);
	}
	for (u32 i = 0; i < E1000_MTA_WORDS; i++)
		nic_write_alone(nic, E1000_MTA + 4 * i, 0);
	for (u32 i = 0; i < E1000_VFTA_WORDS; i++)
		nic_write_alone(nic, E1000_VFTA + 4 * i, 0);
}

/*
 * The link as the PHY finds it. Pause frames are not ours to obey: who floods the segment with them
 * would stop all VMs (802.3 allows not to); they are known, and dropped.
 */
static void
set_link(struct nic *nic)
{
	u32 control = nic_read(nic, E1000_CTRL);

	control &= ~(E1000_CTRL_LRST | E1000_CTRL_ILOS | E1000_CTRL_FRCSPD | E1000_CTRL_FRCDPX |
		     E1000_CTRL_RFCE | E1000_CTRL_TFCE | E1000_CTRL_VME | E1000_CTRL_PHY_RST |
		     E1000_CTRL_GIO_MASTER_OFF);
	control |= E1000_CTRL_SLU;
	if (!nic->model->is_82574)
		control |= E1000_CTRL_ASDE;
	nic_write(nic, E1000_CTRL, control);
	/* 01:80:c2:00:00:01, as 8254x, 13.4.9 ff. say. */
	nic_write_alone(nic, E1000_FCAL, 0x00c28001);
	nic_write_alone(nic, E1000_FCAH, 0x0100);
	nic_write_alone(nic, E1000_FCT, 0x8808);
	nic_write_alone(nic, E1000_FCTTV, 0);
	nic_write_alone(nic, E1000_FCRTL, 0);
	nic_write_alone(nic, E1000_FCRTH, 0);
	if (!nic_phy_start(nic))
		log_warn("%s: its PHY does not answer; the link stays as it is", nic->name);
}

static void
set_up_82574(const struct nic *nic)
{
	u32 control = nic_read(nic, E1000_CTRL_EXT);

	nic_write(nic, E1000_CTRL_EXT, control | E1000_CTRL_EXT_DRV_LOAD);
	nic_write(nic, E1000_GCR, nic_read(nic, E1000_GCR) | E1000_GCR_74_ERRATUM);
	nic_write(nic, E1000_GCR2, nic_read(nic, E1000_GCR2) | E1000_GCR2_74_ERRATUM);
	nic_write(nic, E1000_RFCTL, nic_read(nic, E1000_RFCTL) & ~E1000_RFCTL_EXTENDED);
}

/* Counters are cleared by reading them; those that nic_check() reads begin at 0. */
static void
clear_statistics(const struct nic *nic)
{
	(void)nic_read(nic, E1000_MPC);
	(void)nic_read(nic, E1000_CRCERRS);
}

bool
nic_update_link(struct nic *nic, u32 status)
{
	static const u16 speeds[] = {10, 100, 1000, 1000};
	bool was_up = nic->link_up;

	WRITE_ONCE(nic->link_up, (status & E1000_STATUS_LU) != 0);
	nic->full_duplex = (status & E1000_STATUS_FD) != 0;
	nic->speed = speeds[FIELD_GET(E1000_STATUS_SPEED, status)];
	return was_up != nic->link_up;
}

/* All ones is what nobody answers; RST would stay set for ever then. */
static bool
reset_has_ended(const struct nic *nic)
{
	return (nic_read(nic, E1000_CTRL) & E1000_CTRL_RST) == 0;
}

/*
 * Whether its registers are to be had by IOADDR and IODATA (8254x, 13.3.1.1), which has to be
 * tried: an emulator's ports may do nothing.
 */
static bool
port_works(const struct nic *nic)
{
	if (nic->port == 0)
		return false;
	pci_change_command(nic->function->addr, PCI_COMMAND_IO, 0);
	nic_port_write((u16)(nic->port + E1000_IOADDR), E1000_STATUS);
	return nic_port_read((u16)(nic->port + E1000_IODATA)) == nic_read(nic, E1000_STATUS);
}

/*
 * An 8254x that is told by memory may be gone before it has answered the bridge; a write to a port
 * is answered first (so others' drivers do it, for these parts).
 */
static void
order_reset(const struct nic *nic)
{
	u32 control = nic_read(nic, E1000_CTRL) | E1000_CTRL_RST;

	if (!port_works(nic)) {
		nic_write(nic, E1000_CTRL, control);
		return;
	}
	nic_port_write((u16)(nic->port + E1000_IOADDR), E1000_CTRL);
	nic_port_write((u16)(nic->port + E1000_IODATA), control);
}

/* Gone by itself, and what it loads is loaded. */
static bool
reset_alone(const struct nic *nic)
{
	bool ended;

	nic_phy_take(nic); /* no reset while the firmware is at it */
	order_reset(nic);
	delay_us(RESET_SETTLE_US);
	ended = wait_until(RESET_US, reset_has_ended(nic));
	nic_phy_leave(nic);
	return ended && await_eeprom(nic);
}

/*
 * 8254x, 14.3 to 14.5; 82574, 4.6. The address stays what it was when the NIC was found, which its
 * network goes by: firmware may have set another than the EEPROM has.
 */
int
nic_reset(struct nic *nic)
{
	quiet(nic);
	end_requests(nic);
	if (!reset_alone(nic))
		return fail(-ERR_TIMEOUT);
	nic_write(nic, E1000_IMC, ~0u); /* also a reset may leave some on (82574, 4.6.1) */
	(void)nic_read(nic, E1000_ICR);
	if (nic->model->is_82574)
		set_up_82574(nic);
	else
		nic_write(nic, E1000_MANC, nic_read(nic, E1000_MANC) & ~E1000_MANC_ARP);
	set_filters(nic);
	set_link(nic);
	clear_statistics(nic);
	return 0;
}
