/* SPDX-License-Identifier: MIT */
/* An e1000, driven by polling. */
#include "guests/lib/e1000.h"

#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum { FUNCTIONS = 256, BAR_IO = 1, BAR_TYPE = 6, WIDE = 4 };
enum { ADDRESS_SPACE = 0xc0000000, IO_SPACE = 0xc000, SPACE_EACH = 0x100000, IO_EACH = 0x100 };
enum { RESET_US = 100000, SENT_US = 2000000, STILL_US = 5000, LINK_US = 10000 };
enum { CANARY = 0x5a, ETHERTYPE_LOCAL = 0x88b5, ALIVE_FRAMES = 3 };

/* Where firmware has set nothing, there is a place below the I/O APIC for each. */
static void
set_bars(struct nic *nic, unsigned index)
{
	u32 bar = pci_read(nic->devfn, PCI_BAR);

	nic->wide = (bar & BAR_TYPE) == WIDE;
	if ((bar & ~0xfu) == 0) {
		bar = ADDRESS_SPACE + SPACE_EACH * index;
		pci_write(nic->devfn, PCI_BAR, bar);
	}
	nic->regs = bar & ~0xfu;
	for (u8 n = nic->wide ? 2 : 1; n < 6; n++) {
		bar = pci_read(nic->devfn, PCI_BAR + 4u * n);
		if ((bar & BAR_IO) == 0)
			continue;
		if ((bar & ~3u) == 0)
			pci_write(nic->devfn, PCI_BAR + 4u * n, IO_SPACE + IO_EACH * index);
		nic->io_bar = n;
		nic->io = (u16)(pci_read(nic->devfn, PCI_BAR + 4u * n) & ~3u);
		return;
	}
}

bool
nic_find(struct nic *nic, unsigned index)
{
	unsigned seen = 0;

	for (u32 devfn = 0; devfn < FUNCTIONS; devfn++) {
		if (pci_read(devfn, 0) != NIC_ID || seen++ != index)
			continue;
		*nic = (struct nic){.devfn = devfn};
		set_bars(nic, index);
		pci_write(devfn, PCI_COMMAND, PCI_IO | PCI_MEMORY | PCI_MASTER);
		return true;
	}
	return false;
}

u32
nic_read(const struct nic *nic, u32 reg)
{
	return mmio_read32((void *)(nic->regs + reg));
}

void
nic_write(const struct nic *nic, u32 reg, u32 value)
{
	mmio_write32((void *)(nic->regs + reg), value);
}

void
nic_reset(const struct nic *nic)
{
	u64 end = deadline_us(RESET_US);

	nic_write(nic, E1000_IMC, ~0u);
	nic_write(nic, E1000_CTRL, nic_read(nic, E1000_CTRL) | E1000_CTRL_RST);
	while ((nic_read(nic, E1000_CTRL) & E1000_CTRL_RST) != 0)
		CHECK(rdtsc() < end);
	nic_write(nic, E1000_IMC, ~0u);
	nic_read(nic, E1000_ICR);
	nic_write(nic, E1000_CTRL, nic_read(nic, E1000_CTRL) | E1000_CTRL_SLU | E1000_CTRL_ASDE);
}

struct e1000_tx_desc *
nic_tx(u32 index)
{
	return (struct e1000_tx_desc *)NIC_TX_RING + index;
}

struct e1000_rx_desc *
nic_rx(u32 index)
{
	return (struct e1000_rx_desc *)NIC_RX_RING + index;
}

void
nic_refill(const struct nic *nic, u32 rx)
{
	for (u32 n = 0; n < rx; n++)
		*nic_rx(n) = (struct e1000_rx_desc){
			.address = NIC_RX_BUFFERS + (u64)NIC_RX_BUFFER * (n % NIC_RX_BUFFER_MAX)};
	nic_write(nic, E1000_RDBAL, NIC_RX_RING);
	nic_write(nic, E1000_RDBAH, 0);
	nic_write(nic, E1000_RDLEN, rx * (u32)sizeof(struct e1000_rx_desc));
	nic_write(nic, E1000_RDH, 0);
	nic_write(nic, E1000_RDT, rx - 1);
}

void
nic_start(const struct nic *nic, u32 tx, u32 rx, u32 rctl)
{
	memset((void *)NIC_TX_RING, 0, tx * sizeof(struct e1000_tx_desc));
	nic_write(nic, E1000_TDBAL, NIC_TX_RING);
	nic_write(nic, E1000_TDBAH, 0);
	nic_write(nic, E1000_TDLEN, tx * (u32)sizeof(struct e1000_tx_desc));
	nic_write(nic, E1000_TDH, 0);
	nic_write(nic, E1000_TDT, 0);
	nic_refill(nic, rx);
	nic_write(nic, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
	nic_write(nic, E1000_RCTL, rctl);
}

void
nic_phy_write(const struct nic *nic, u32 reg, u32 value)
{
	u64 end = deadline_us(RESET_US);

	nic_write(nic, E1000_MDIC,
		  value | (u32)(FIELD_PREP(E1000_MDIC_REG, reg) |
				FIELD_PREP(E1000_MDIC_PHY, (u32)E1000_PHY_ADDRESS) |
				FIELD_PREP(E1000_MDIC_OP, (u32)E1000_MDIC_OP_WRITE)));
	while ((nic_read(nic, E1000_MDIC) & E1000_MDIC_READY) == 0)
		CHECK(rdtsc() < end);
}

void
nic_loop(const struct nic *nic)
{
	nic_phy_write(nic, PHY_CTRL, PHY_CTRL_LOOPBACK | PHY_CTRL_FULL | PHY_CTRL_SPEED_1000);
	nic_write(nic, E1000_RCTL, nic_read(nic, E1000_RCTL) | (u32)E1000_RCTL_LBM);
}

void
nic_unloop(const struct nic *nic)
{
	nic_write(nic, E1000_RCTL, nic_read(nic, E1000_RCTL) & ~(u32)E1000_RCTL_LBM);
	nic_phy_write(nic, PHY_CTRL, PHY_CTRL_AUTONEG | PHY_CTRL_FULL | PHY_CTRL_SPEED_1000);
}

void
nic_put(u32 index, u64 address, u32 length, u32 more)
{
	struct e1000_tx_desc *desc = nic_tx(index);

	desc->address = address;
	desc->status = 0;
	desc->command = length | more;
}

void
nic_make_frame(u32 size)
{
	u8 *frame = (u8 *)NIC_TX_BUFFER;

	memset(frame, 0, size);
	memset(frame, 0xff, 6);
	frame[6] = 0x52;
	frame[7] = 0x54;
	frame[11] = 0x66;
	frame[12] = ETHERTYPE_LOCAL >> 8;
	frame[13] = ETHERTYPE_LOCAL & 0xff;
}

bool
nic_wait_sent(const struct nic *nic)
{
	u64 end = deadline_us(SENT_US), still = deadline_us(STILL_US * 20);
	u32 head = nic_read(nic, E1000_TDH);

	while (rdtsc() < end && rdtsc() < still) {
		u32 now = nic_read(nic, E1000_TDH);

		if (now == nic_read(nic, E1000_TDT))
			return true;
		if (now != head)
			still = deadline_us(STILL_US * 20);
		head = now;
		cpu_relax();
	}
	/* Who did not run meanwhile has not looked. */
	return nic_read(nic, E1000_TDH) == nic_read(nic, E1000_TDT);
}

void
nic_settle(const struct nic *nic)
{
	nic_settle_within(nic, SENT_US);
}

void
nic_settle_within(const struct nic *nic, u64 us)
{
	u64 still = deadline_us(STILL_US), end = deadline_us(us);
	u32 head = nic_read(nic, E1000_TDH);

	while (rdtsc() < still && rdtsc() < end) {
		u32 now = nic_read(nic, E1000_TDH);

		if (now != head)
			still = deadline_us(STILL_US);
		head = now;
		cpu_relax();
	}
}

u32 nic_tail;

void
nic_prepare(const struct nic *nic, u32 ring)
{
	nic_reset(nic);
	nic_start(nic, ring, NIC_RX_COUNT, NIC_RCTL);
	nic_loop(nic);
	nic_make_frame(NIC_FRAME);
	nic_tail = 0;
}

void
nic_add(u64 address, u32 length, u32 more)
{
	nic_put(nic_tail++, address, length, more);
}

void
nic_add_context(struct e1000_tx_context value)
{
	memcpy(nic_tx(nic_tail++), &value, sizeof(value));
}

void
nic_go(const struct nic *nic)
{
	nic_write(nic, E1000_TDT, nic_tail);
	nic_settle(nic);
}

static void
check_canary(void)
{
	static bool set;
	u8 *canary = (u8 *)NIC_CANARY;

	for (u64 n = 0; set && n < NIC_CANARY_SIZE; n++)
		if (canary[n] != CANARY)
			guest_fail("the canary is 0x%x at %lu", canary[n], n);
	memset(canary, CANARY, NIC_CANARY_SIZE);
	set = true;
}

void
nic_check_alive(const struct nic *nic)
{
	check_canary();
	nic_reset(nic);
	nic_unloop(nic);
	delay_us(LINK_US);
	nic_start(nic, 8, 8, E1000_RCTL_EN | E1000_RCTL_BAM);
	nic_make_frame(NIC_FRAME);
	nic_read(nic, E1000_TPT);
	for (u32 n = 0; n < ALIVE_FRAMES; n++) {
		nic_put(n, NIC_TX_BUFFER, NIC_FRAME, E1000_TXD_EOP | E1000_TXD_IFCS | E1000_TXD_RS);
		nic_write(nic, E1000_TDT, n + 1);
		CHECK(nic_wait_sent(nic));
		CHECK((*(volatile u32 *)&nic_tx(n)->status & E1000_TXD_DD) != 0);
	}
	CHECK_EQ(nic_read(nic, E1000_TPT), ALIVE_FRAMES);
	nic_write(nic, E1000_TCTL, 0);
	nic_write(nic, E1000_RCTL, 0);
}

void
nic_run_cases(const struct nic_case *cases, unsigned count)
{
	u64 only = option("case", 0);
	unsigned ran = 0;
	struct nic nic;

	tsc_hz();
	CHECK(nic_find(&nic, 0));
	nic_check_alive(&nic);
	for (unsigned n = 0; n < count; n++) {
		if (only != 0 && only != cases[n].number)
			continue;
		print("case %u\n", cases[n].number);
		nic_reset(&nic);
		cases[n].run(&nic);
		nic_check_alive(&nic);
		ran++;
	}
	CHECK(ran != 0);
}
