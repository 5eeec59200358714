/* SPDX-License-Identifier: MIT */
/* The PHY, by MDIC (8254x, 13.4.8): only as much as it takes to have it negotiate. */
#include "arch/x86_64/time.h"
#include "drivers/e1000/nic_parts.h"

enum {
	MDIC_US = 2000,	  /* 64 bits at 2.5 MHz */
	OWNER_US = 10000, /* firmware lets go within some accesses */
};

static bool
mdic(const struct nic *nic, u32 request, u16 *out)
{
	u32 value;

	nic_write(nic, E1000_MDIC, request | (u32)FIELD_PREP(E1000_MDIC_PHY, E1000_PHY_ADDRESS));
	if (!wait_until(MDIC_US, ((value = nic_read(nic, E1000_MDIC)) & E1000_MDIC_READY) != 0))
		return false;
	*out = (u16)FIELD_GET(E1000_MDIC_DATA, value);
	return (value & E1000_MDIC_ERROR) == 0;
}

static bool
phy_read(const struct nic *nic, u32 reg, u16 *out)
{
	return mdic(nic,
		    (u32)(FIELD_PREP(E1000_MDIC_OP, E1000_MDIC_OP_READ) |
			  FIELD_PREP(E1000_MDIC_REG, reg)),
		    out);
}

static bool
phy_write(const struct nic *nic, u32 reg, u16 value)
{
	u16 ignored;

	return mdic(nic,
		    (u32)(FIELD_PREP(E1000_MDIC_OP, E1000_MDIC_OP_WRITE) |
			  FIELD_PREP(E1000_MDIC_REG, reg)) |
			    value,
		    &ignored);
}

/*
 * A PHY negotiates by itself from power-on, and a link that is up stays up. Only one that somebody
 * has forced, isolated or powered down is told to begin anew.
 */
static bool
negotiate(const struct nic *nic)
{
	u16 bad = PHY_CTRL_ISOLATE | PHY_CTRL_POWER_DOWN | PHY_CTRL_LOOPBACK, control;

	if (!phy_read(nic, PHY_CTRL, &control))
		return false;
	if ((control & PHY_CTRL_AUTONEG) != 0 && (control & bad) == 0)
		return true;
	return phy_write(nic, PHY_CTRL, PHY_CTRL_AUTONEG | PHY_CTRL_RESTART);
}

static bool
owns_mdio(const struct nic *nic)
{
	u32 value = nic_read(nic, E1000_EXTCNF_CTRL);

	if (value & E1000_EXTCNF_MDIO_SOFTWARE)
		return true;
	nic_write(nic, E1000_EXTCNF_CTRL, value | E1000_EXTCNF_MDIO_SOFTWARE);
	return (nic_read(nic, E1000_EXTCNF_CTRL) & E1000_EXTCNF_MDIO_SOFTWARE) != 0;
}

void
nic_phy_take(const struct nic *nic)
{
	if (nic->model->is_82574)
		(void)wait_until(OWNER_US, owns_mdio(nic));
}

void
nic_phy_leave(const struct nic *nic)
{
	if (nic->model->is_82574)
		nic_write(nic, E1000_EXTCNF_CTRL,
			  nic_read(nic, E1000_EXTCNF_CTRL) & ~E1000_EXTCNF_MDIO_SOFTWARE);
}

bool
nic_phy_start(const struct nic *nic)
{
	bool answers;

	nic_phy_take(nic);
	answers = negotiate(nic);
	nic_phy_leave(nic);
	return answers;
}
