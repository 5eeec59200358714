/* SPDX-License-Identifier: MIT */
/*
 * A guest that uses the e1000's registers and its PCI configuration as no driver does. E16 to E22
 * of the threat list (docs/attacks.md); `case=N` is one of them; 23 is at random, from `seed=`. It
 * only has to end, and the device to work behind each; or, with `end=1`, to end in the middle of it
 * all, timers pending.
 */
#include "guests/lib/apic.h"
#include "guests/lib/e1000.h"
#include "guests/lib/guest.h"
#include "guests/lib/random.h"
#include "guests/lib/smp.h"
#include "guests/lib/time.h"

enum { RING = 64, RCTL = E1000_RCTL_EN | E1000_RCTL_BAM | E1000_RCTL_UPE, RESETS = 50 };
enum { EEPROM_WORDS = 64, EEPROM_SUM = 0xbaba, PHYS = 32, RACES = 2000, FUZZ = 20000 };
enum { PCI_ROM = 0x30, PAGE = 4096, ELSEWHERE = 0xd0000000 };

static void
prepare(const struct nic *nic)
{
	nic_reset(nic);
	nic_start(nic, RING, RING, RCTL);
	nic_loop(nic);
	nic_make_frame(NIC_FRAME);
	for (u32 n = 0; n < RING; n++)
		nic_put(n, NIC_TX_BUFFER, NIC_FRAME, NIC_SEND | E1000_TXD_IDE);
	nic_write(nic, E1000_TIDV, 0xffff);
	nic_write(nic, E1000_RDTR, 0xffff);
	nic_write(nic, E1000_ITR, 0xffff);
	nic_write(nic, E1000_IMS, ~0u);
}

static void
masters(const struct nic *nic, bool on)
{
	u32 command = pci_read(nic->devfn, PCI_COMMAND) & ~(u32)PCI_MASTER;

	pci_write(nic->devfn, PCI_COMMAND, command | (on ? PCI_MASTER : 0));
}

/* Frames, timers and interrupts under way. */
static void
reset_in_the_middle(const struct nic *nic)
{
	for (unsigned n = 0; n < RESETS; n++) {
		prepare(nic);
		nic_write(nic, E1000_TDT, RING - 1);
		nic_write(nic, E1000_ICS, ~0u);
		switch (n % 4) {
		case 0: nic_write(nic, E1000_CTRL, E1000_CTRL_RST); break;
		case 1: nic_write(nic, E1000_CTRL, E1000_CTRL_PHY_RST); break;
		case 2:
			masters(nic, false);
			nic_settle(nic);
			masters(nic, true);
			break;
		default:
			nic_write(nic, E1000_TCTL, 0);
			nic_write(nic, E1000_RCTL, 0);
			break;
		}
		nic_write(nic, E1000_TDT, 1);
	}
	if (option("end", 0) == 0)
		return;
	prepare(nic);
	nic_write(nic, E1000_TDT, RING - 1);
	guest_pass();
}

static void
widths(const struct nic *nic)
{
	u8 *regs = (u8 *)nic->regs;

	for (u32 at = 0; at < 0x40; at++) {
		mmio_read8(regs + at);
		mmio_read16(regs + at);
		mmio_read32(regs + at);
		mmio_read64(regs + at);
		mmio_write8(regs + E1000_MTA + at, 0x55);
		mmio_write16(regs + E1000_MTA + at, 0x55aa);
		mmio_write64(regs + E1000_MTA + at, 0x55aa55aa);
	}
	mmio_read32(regs + E1000_REGS_LEN - 2); /* over its end */
	mmio_write32(regs + E1000_REGS_LEN - 2, 0);
	mmio_read64(regs + E1000_REGS_LEN - 4);
	/* Locked, and by string: within the registers, and from RAM over the BAR's beginning. */
	__asm__ volatile("lock; addl $1, (%0)" : : "r"(regs + E1000_MTA) : "memory", "cc");
	__asm__ volatile("lock; btsl $3, (%0)" : : "r"(regs + E1000_MTA) : "memory", "cc");
	memcpy((void *)NIC_TX_BUFFER, regs + E1000_MTA, 64);
	memcpy(regs + E1000_MTA, (void *)NIC_TX_BUFFER, 64);
	for (unsigned dwords = 16; dwords <= 256; dwords *= 16) {
		u64 count = dwords;
		void *to = regs + E1000_MTA, *from = regs + E1000_VFTA;

		__asm__ volatile("rep movsl" : "+c"(count), "+D"(to), "+S"(from) : : "memory");
	}
}

static void
io_window(const struct nic *nic)
{
	static const u32 addresses[] = {0, 1, 0x3fff, 0x1fffc, 0x1ffff, 0x20000, 0x7fffffff, ~0u};
	u8 buffer[64];
	u64 count = 16;
	void *to = buffer;

	if (nic->io == 0)
		return;
	for (unsigned n = 0; n < ARRAY_SIZE(addresses); n++) {
		out32(nic->io + E1000_IOADDR, addresses[n]);
		in32(nic->io + E1000_IODATA);
		out32(nic->io + E1000_IODATA, 0);
		in8(nic->io + E1000_IODATA + 1);
		in16(nic->io + E1000_IODATA + 2);
		out8(nic->io + E1000_IOADDR + 3, 0xff);
		in32(nic->io + E1000_IO_LEN - 2);
	}
	out32(nic->io + E1000_IOADDR, E1000_STATUS);
	__asm__ volatile("rep insl"
			 : "+c"(count), "+D"(to)
			 : "d"(nic->io + E1000_IODATA)
			 : "memory");
}

static void
odd_accesses(const struct nic *nic)
{
	widths(nic);
	io_window(nic);
}

static u16
eeprom_word(const struct nic *nic, u32 word)
{
	u64 end = deadline_us(100000);
	u32 value;

	nic_write(nic, E1000_EERD, E1000_EERD_START | (u32)FIELD_PREP(E1000_EERD_ADDRESS, word));
	while (((value = nic_read(nic, E1000_EERD)) & E1000_EERD_DONE) == 0 && rdtsc() < end)
		cpu_relax();
	return (u16)FIELD_GET(E1000_EERD_DATA, value);
}

/* Words by EERD, beyond its end as well; and the four-wire port with orders that are none. */
static void
eeprom(const struct nic *nic)
{
	u16 sum = 0;

	for (u32 word = 0; word < 256; word++) {
		u16 value = eeprom_word(nic, word);

		sum = (u16)(sum + (word < EEPROM_WORDS ? value : 0));
	}
	CHECK_EQ(sum, EEPROM_SUM);
	nic_write(nic, E1000_EECD, E1000_EECD_REQ);
	for (u32 n = 0; n < 4096; n++) {
		u32 bits = (u32)random_64() & (E1000_EECD_CS | E1000_EECD_DI);

		nic_write(nic, E1000_EECD, E1000_EECD_REQ | bits);
		nic_write(nic, E1000_EECD, E1000_EECD_REQ | bits | E1000_EECD_SK);
	}
	nic_write(nic, E1000_EECD, 0);
	sum = 0;
	for (u32 word = 0; word < EEPROM_WORDS; word++)
		sum = (u16)(sum + eeprom_word(nic, word));
	CHECK_EQ(sum, EEPROM_SUM);
}

static void
phy(const struct nic *nic)
{
	for (u32 n = 0; n < PHYS * 32; n++) {
		u32 which = (u32)FIELD_PREP(E1000_MDIC_REG, n % 32) |
			    (u32)FIELD_PREP(E1000_MDIC_PHY, n / 32);

		nic_write(nic, E1000_MDIC, which | (u32)FIELD_PREP(E1000_MDIC_OP, n % 4));
		for (unsigned k = 0; k < 100; k++)
			if (nic_read(nic, E1000_MDIC) & (E1000_MDIC_READY | E1000_MDIC_ERROR))
				break;
	}
	nic_phy_write(nic, PHY_CTRL, 0xffff);
	nic_phy_write(nic, PHY_CTRL, PHY_CTRL_RESET);
}

static const struct nic *raced;
static volatile u32 other_is_done;

static void
other_main(u32 index)
{
	(void)index;
	for (unsigned n = 0; n < RACES; n++) {
		nic_read(raced, E1000_ICR);
		nic_write(raced, E1000_IMC, (u32)1 << n % 32);
		nic_write(raced, E1000_TDT, n % RING);
	}
	other_is_done = 1;
}

/* Two CPUs at the causes and at the doorbell; delays of nothing and of all there is. */
static void
interrupts(const struct nic *nic)
{
	static const u32 delays[] = {0, 1, 0xffff, ~0u};

	for (unsigned n = 0; n < ARRAY_SIZE(delays); n++) {
		prepare(nic);
		nic_write(nic, E1000_ITR, delays[n]);
		nic_write(nic, E1000_TIDV, delays[n]);
		nic_write(nic, E1000_TADV, delays[n]);
		nic_write(nic, E1000_RDTR, delays[n] | E1000_RDTR_FPD);
		nic_write(nic, E1000_RADV, delays[n]);
		nic_write(nic, E1000_TDT, 8);
		nic_write(nic, E1000_ICS, ~0u);
		nic_settle(nic);
	}
	prepare(nic);
	raced = nic;
	if (option("vcpus", 1) < 2)
		return;
	apic_enable();
	CHECK(smp_start(1, 1, other_main));
	for (unsigned n = 0; n < RACES; n++) {
		nic_write(nic, E1000_ICS, (u32)1 << n % 32);
		nic_write(nic, E1000_IMS, ~0u);
		nic_write(nic, E1000_TDT, n * 7 % RING);
	}
	CHECK(wait_for(&other_is_done, 1, 20000000));
}

static void
move(const struct nic *nic, u32 base)
{
	pci_write(nic->devfn, PCI_BAR, base);
	if (nic->wide)
		pci_write(nic->devfn, PCI_BAR + 4, 0);
}

/* To another place, off, sized with decoding on, over another device and RAM, and back. */
static void
bars(const struct nic *nic)
{
	static const u32 places[] = {ELSEWHERE,	 0,   0xfec00000, 0xfee00000,
				     0xe0000000, ~0u, 0x100000};
	struct nic moved = *nic;
	u32 rom = pci_read(nic->devfn, PCI_ROM);

	prepare(nic);
	nic_write(nic, E1000_TDT, RING - 1);
	for (unsigned n = 0; n < ARRAY_SIZE(places); n++) {
		move(nic, places[n]);
		mmio_read32((void *)nic->regs);
		move(nic, (u32)nic->regs);
	}
	moved.regs = ELSEWHERE;
	move(nic, ELSEWHERE);
	CHECK_EQ(nic_read(&moved, E1000_TDLEN), RING * 16);
	nic_write(&moved, E1000_TDT, 3);
	move(nic, (u32)nic->regs);
	pci_write(nic->devfn, PCI_COMMAND, 0);
	mmio_write32((void *)(nic->regs + E1000_TDT), 9);
	pci_write(nic->devfn, PCI_COMMAND, PCI_IO | PCI_MEMORY | PCI_MASTER);
	pci_write(nic->devfn, PCI_ROM, ELSEWHERE | 1);
	mmio_read32((void *)(u64)ELSEWHERE);
	pci_write(nic->devfn, PCI_ROM, rom);
	nic_settle(nic);
}

/* Two at one address: one of them answers, and each is itself again when they part. */
static void
two_at_one_place(const struct nic *nic)
{
	struct nic second;

	if (!nic_find(&second, 1))
		return;
	move(&second, (u32)nic->regs);
	nic_read(nic, E1000_STATUS);
	nic_write(nic, E1000_TDT, 1);
	move(&second, (u32)second.regs);
	nic_reset(&second);
	CHECK((nic_read(&second, E1000_STATUS) & E1000_STATUS_FD) != 0);
}

static void
moved(const struct nic *nic)
{
	bars(nic);
	two_at_one_place(nic);
}

/* Accesses over the borders of the pages, and over both ends of the BAR. */
static void
page_borders(const struct nic *nic)
{
	u8 *regs = (u8 *)nic->regs;

	for (u32 page = PAGE; page <= E1000_REGS_LEN; page += PAGE)
		for (u32 before = 1; before < 8; before += 2) {
			mmio_read64(regs + page - before);
			if (page > 0x6000)
				mmio_write64(regs + page - before, 0);
		}
	mmio_read64(regs - 4);
}

/* Each ends the VM: code, the stack and page tables in the registers. */
static void
code_in_bar(const struct nic *nic)
{
	nic_write(nic, E1000_MTA, 0x90909090); /* what it would run is harmless */
	__asm__ volatile("jmp *%0" : : "r"(nic->regs + E1000_MTA));
}

static void
stack_in_bar(const struct nic *nic)
{
	__asm__ volatile("movq %0, %%rsp; ud2" : : "r"(nic->regs + E1000_MTA + 0x100));
}

static void
tables_in_bar(const struct nic *nic)
{
	write_cr3(nic->regs + PAGE);
	guest_fail("it goes on");
}

/* Whatever comes, but for what leads nowhere: a ring in RAM stays there most of the time. */
static void
at_random(const struct nic *nic)
{
	static const u32 regs[] = {E1000_TDT,  E1000_RDT,  E1000_TDH,	E1000_RDH,
				   E1000_TCTL, E1000_RCTL, E1000_TDLEN, E1000_RDLEN,
				   E1000_IMS,  E1000_ICS,  E1000_MDIC,	E1000_EECD,
				   E1000_CTRL, E1000_ITR,  E1000_TIDV,	E1000_RXDCTL};

	for (unsigned n = 0; n < FUZZ; n++) {
		if (n % 500 == 0)
			prepare(nic);
		for (u32 k = 0; k < 4; k++) {
			struct e1000_tx_desc *desc = nic_tx((u32)random_below(RING));

			desc->address = NIC_TX_BUFFER + random_below(MiB - 65536);
			desc->command = (u32)random_64();
			desc->status = (u32)random_64();
		}
		if (random_below(4) != 0)
			nic_write(nic, E1000_TDT, (u32)random_below(RING));
		else if (random_below(4) != 0)
			nic_write(nic, regs[random_below(ARRAY_SIZE(regs))], (u32)random_64());
		else
			nic_write(nic, (u32)random_below(E1000_REGS_LEN) & ~3u, (u32)random_64());
		nic_read(nic, (u32)random_below(E1000_REGS_LEN) & ~3u);
	}
}

static const struct nic_case cases[] = {
	{16, reset_in_the_middle},
	   {17, odd_accesses	    },
	{18, eeprom		   },
	    {19, phy		    },
	{20, interrupts	       },
	   {21, moved		     },
	{22, page_borders	 },
	    {24, code_in_bar	    },
	{25, stack_in_bar	 },
	   {26, tables_in_bar	     },
	{23, at_random	      },
};

GUEST("e1000-registers")
{
	random_seed(option("seed", 1));
	nic_run_cases(cases, ARRAY_SIZE(cases));
}
