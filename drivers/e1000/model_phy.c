/* SPDX-License-Identifier: MIT */
/*
 * The PHY behind MDIC (13.4.8, chapter 11; IEEE 802.3, 22.2.4 and 40.5): an M88E1011, which ends
 * autonegotiation at once, with a link partner that can do everything but pause. And the link, as
 * STATUS shows it.
 */
#include "drivers/e1000/model_private.h"

#include "lib/string.h"

struct phy_register {
	u8 known;
	u16 writable, reset;
};

/* Vendor's registers from 16 on are storage: what drivers tune there has no effect on this line. */
static const struct phy_register registers[E1000_PHY_REGISTERS] = {
	[PHY_CTRL] = {1, 0x7dc0, 0x1140},
	[PHY_STATUS] = {1, 0,      0x7949},
	[PHY_ID1] = {1, 0,	   0x0141},
	[PHY_ID2] = {1, 0,	   0x0c20},
	[PHY_AUTONEG_ADV] = {1, 0xbfff, 0x0de1},
	[PHY_LP_ABILITY] = {1, 0,	  0x41e1},
	[PHY_AUTONEG_EXP] = {1, 0,	   0x000d},
	[PHY_NEXT_PAGE_TX] = {1, 0xb7ff, 0x2001},
	[PHY_LP_NEXT_PAGE] = {1, 0,	    0     },
	[PHY_1000T_CTRL] = {1, 0xff00, 0x0e00},
	[PHY_1000T_STATUS] = {1, 0,	    0x3c00},
	[PHY_EXT_STATUS] = {1, 0,	  0x3000},
	[M88_SPEC_CTRL] = {1, 0xffff, 0x0360},
	[M88_SPEC_STATUS] = {1, 0,	   0	    },
	[M88_INT_ENABLE] = {1, 0xffff, 0	},
	[M88_INT_STATUS] = {1, 0,	  0	   },
	[M88_EXT_SPEC_CTRL] = {1, 0xffff, 0x0d60},
	[M88_RX_ERRORS] = {1, 0,	 0	  },
	[M88_PAGE_SELECT] = {1, 0xffff, 0	 },
	[M88_PAGE_DATA] = {1, 0xffff, 0     },
};

#define CTRL_SELF_CLEARING (PHY_CTRL_RESET | PHY_CTRL_RESTART)

static bool
negotiates(const struct e1000 *e)
{
	return (e->state.phy.regs[PHY_CTRL] & PHY_CTRL_AUTONEG) != 0;
}

/* Bits 6 and 13 together: 0 is 10, 1 is 100, 2 is 1000 Mb/s, as in the MAC's registers. */
static u32
phy_speed(const struct e1000 *e)
{
	u16 ctrl = e->state.phy.regs[PHY_CTRL];

	if (negotiates(e))
		return 2;
	return (ctrl & PHY_CTRL_SPEED_1000 ? 2u : 0) | (ctrl & PHY_CTRL_SPEED_100 ? 1u : 0);
}

static bool
phy_full_duplex(const struct e1000 *e)
{
	return negotiates(e) || (e->state.phy.regs[PHY_CTRL] & PHY_CTRL_FULL) != 0;
}

u32
e1000_status(const struct e1000 *e)
{
	u32 ctrl = e->state.regs.ctrl, status = E1000_STATUS_PCI66 | E1000_STATUS_BUS64;
	u64 speed = phy_speed(e);
	bool full = phy_full_duplex(e);

	status |= (u32)FIELD_PREP(E1000_STATUS_ASDV, speed);
	if (ctrl & E1000_CTRL_FRCSPD)
		speed = FIELD_GET(E1000_CTRL_SPEED, ctrl);
	if (ctrl & E1000_CTRL_FRCDPX)
		full = (ctrl & E1000_CTRL_FD) != 0;
	status |= (u32)FIELD_PREP(E1000_STATUS_SPEED, speed);
	return status | (full ? E1000_STATUS_FD : 0) | (e->state.link ? E1000_STATUS_LU : 0);
}

void
e1000_link_update(struct e1000 *e)
{
	u16 ctrl = e->state.phy.regs[PHY_CTRL];
	bool up = (ctrl & PHY_CTRL_LOOPBACK) != 0 ||
		  (e->cable && !(ctrl & (PHY_CTRL_POWER_DOWN | PHY_CTRL_ISOLATE)));

	if (up == e->state.link)
		return;
	e->state.link = up;
	if (!up)
		e->state.phy.link_was_down = true;
	e1000_irq_raise(e, E1000_INT_LSC);
}

void
e1000_phy_reset(struct e1000 *e)
{
	for (unsigned i = 0; i < E1000_PHY_REGISTERS; i++)
		e->state.phy.regs[i] = registers[i].reset;
	e1000_link_update(e);
}

/* Its own reset keeps what the same write says of speed, duplex and autonegotiation. */
static void
write_ctrl(struct e1000 *e, u16 value)
{
	bool again = (value & (PHY_CTRL_RESET | PHY_CTRL_RESTART)) != 0;

	if (value & PHY_CTRL_RESET) {
		e->state.phy.regs[M88_EXT_SPEC_CTRL] = registers[M88_EXT_SPEC_CTRL].reset;
		value &= (u16) ~(PHY_CTRL_LOOPBACK | PHY_CTRL_POWER_DOWN | PHY_CTRL_ISOLATE);
	}
	e->state.phy.regs[PHY_CTRL] = value & (u16)~CTRL_SELF_CLEARING;
	e1000_link_update(e);
	/* The link was lost for a moment that is over. */
	if (again && e->state.link)
		e1000_irq_raise(e, E1000_INT_LSC);
}

static u16
spec_status(const struct e1000 *e)
{
	if (!e->state.link)
		return 0;
	return (u16)(phy_speed(e) << 14 | (phy_full_duplex(e) ? M88_SPEC_FULL : 0) |
		     M88_SPEC_RESOLVED | M88_SPEC_LINK);
}

/* Link status latches a loss until it is read (IEEE 802.3, 22.2.4.2.13). */
static u16
read_status(struct e1000 *e)
{
	u16 status = e->state.phy.regs[PHY_STATUS];

	if (e->state.link && negotiates(e))
		status |= PHY_STATUS_AUTONEG;
	if (e->state.link && !e->state.phy.link_was_down)
		status |= PHY_STATUS_LINK;
	e->state.phy.link_was_down = false;
	return status;
}

static u16
phy_read(struct e1000 *e, unsigned reg)
{
	switch (reg) {
	case PHY_STATUS: return read_status(e);
	case M88_SPEC_STATUS: return spec_status(e);
	case PHY_LP_ABILITY:
	case PHY_1000T_STATUS: return e->state.link ? e->state.phy.regs[reg] : 0;
	default: return e->state.phy.regs[reg];
	}
}

static void
phy_write(struct e1000 *e, unsigned reg, u16 value)
{
	u16 *at = &e->state.phy.regs[reg], mask = registers[reg].writable;

	if (reg == PHY_CTRL)
		write_ctrl(e, value & (mask | CTRL_SELF_CLEARING));
	else
		*at = (u16)((*at & ~mask) | (value & mask));
}

void
e1000_phy_mdic(struct e1000 *e, u32 value)
{
	unsigned reg = (unsigned)FIELD_GET(E1000_MDIC_REG, value);
	u64 op = FIELD_GET(E1000_MDIC_OP, value);
	bool known = FIELD_GET(E1000_MDIC_PHY, value) == E1000_PHY_ADDRESS && registers[reg].known;

	value &= ~E1000_MDIC_ERROR;
	if (known && op == E1000_MDIC_OP_READ)
		value = (value & (u32)~E1000_MDIC_DATA) | phy_read(e, reg);
	else if (known && op == E1000_MDIC_OP_WRITE)
		phy_write(e, reg, (u16)value);
	else
		value |= E1000_MDIC_ERROR;
	e->state.regs.mdic = value | E1000_MDIC_READY;
	if (value & E1000_MDIC_INTERRUPT)
		e1000_irq_raise(e, E1000_INT_MDAC);
}
