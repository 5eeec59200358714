/* SPDX-License-Identifier: MIT */
/*
 * A guest that gives the e1000 broken rings, both ways: what it sends comes back to it by loopback,
 * where the model has that. E1 to E8 of the threat list (docs/attacks.md); `case=N` is one of them.
 * It only has to end, and the device to work behind each.
 */
#include "guests/lib/e1000.h"
#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum {
	RING = 64,
	RCTL = E1000_RCTL_EN | E1000_RCTL_BAM | E1000_RCTL_UPE,
	KICKS = 1000000,
	KICK_SECONDS = 2,
	SAME_TAIL_US = 200000,
	ENDLESS_US = 50000,
};

/* A ring full of good frames, none of which is sent yet; loopback. */
static void
prepare(const struct nic *nic)
{
	nic_start(nic, RING, RING, RCTL);
	nic_loop(nic);
	nic_make_frame(NIC_FRAME);
	for (u32 n = 0; n < RING; n++)
		nic_put(n, NIC_TX_BUFFER, NIC_FRAME, NIC_SEND);
}

static void
kick(const struct nic *nic, u32 tail)
{
	nic_write(nic, E1000_TDT, tail);
	nic_settle(nic);
}

static void
lengths(const struct nic *nic)
{
	static const u32 bad[] = {0, 1, 16, 127, 128, 0x55, 0x8f, 0xfff80, 0xfffff, ~0u};

	for (unsigned n = 0; n < ARRAY_SIZE(bad) * 2; n++) {
		prepare(nic);
		nic_write(nic, n % 2 == 0 ? E1000_TDLEN : E1000_RDLEN, bad[n / 2]);
		nic_write(nic, E1000_RDT, 3);
		for (unsigned tail = 5; tail <= RING + 5; tail += RING) {
			nic_write(nic, E1000_TDT, tail);
			nic_settle_within(nic, ENDLESS_US); /* it may be outside of the ring */
		}
	}
}

static void
heads(const struct nic *nic)
{
	static const u32 bad[] = {RING - 1, RING, RING + 1, 0x7fff, 0xffff, ~0u};

	for (unsigned n = 0; n < ARRAY_SIZE(bad) * 2; n++) {
		u32 head = bad[n / 2];

		prepare(nic);
		if (n % 2 == 0) {
			nic_write(nic, E1000_TDH, head);
			kick(nic, 3);
		} else {
			nic_write(nic, E1000_RDH, head);
			nic_write(nic, E1000_RDT, 3);
			kick(nic, 8);
		}
	}
}

static void
tails(const struct nic *nic)
{
	static const u32 bad[] = {RING, RING + 1, 0x8000, 0xffff, ~0u, 0};

	for (unsigned n = 0; n < ARRAY_SIZE(bad); n++) {
		prepare(nic);
		kick(nic, 10);
		kick(nic, 5); /* back */
		kick(nic, bad[n]);
		nic_write(nic, E1000_RDT, bad[n]);
		kick(nic, 20);
	}
}

/*
 * Until it has done it as often as that, or its time is over; the host's tests do it a million
 * times. Each kick finds all of the ring to be sent but what was just taken from it.
 */
static void
full_ring(const struct nic *nic)
{
	u64 end = deadline_us(option("seconds", KICK_SECONDS) * 1000000);
	unsigned kicks = 0;

	prepare(nic);
	for (; kicks < KICKS && rdtsc() < end; kicks++)
		nic_write(nic, E1000_TDT, (nic_read(nic, E1000_TDH) - 1) & (RING - 1));
	nic_settle(nic);
	print("%u kicks\n", kicks);
	/* And one whose tail never moves again. */
	end = deadline_us(SAME_TAIL_US);
	for (unsigned n = 0; n < KICKS && rdtsc() < end; n++)
		nic_write(nic, E1000_TDT, nic_read(nic, E1000_TDT));
	nic_settle(nic);
}

static void
bases(const struct nic *nic)
{
	const u64 bad[] = {
		NIC_TX_RING + 1,
		NIC_TX_RING + 15,
		NIC_RAM_END,
		NIC_RAM_END - 8,
		NIC_RAM_END - 16,
		3 * GiB,
		nic->regs,
		nic->regs + E1000_TDT,
		0xfec00000,
		0xfed00000,
		0xfee00000,
		0xe0000000,
		0xa0000,
		0xfffff000,
		4 * GiB,
		1ul << 39,
		1ul << 52,
		1ul << 63,
		~0ul,
		~0ul - 15,
		~0ul - RING * 16 + 17,
	};

	for (unsigned n = 0; n < ARRAY_SIZE(bad) * 2; n++) {
		u64 base = bad[n / 2];

		prepare(nic);
		nic_write(nic, n % 2 == 0 ? E1000_TDBAL : E1000_RDBAL, (u32)base);
		nic_write(nic, n % 2 == 0 ? E1000_TDBAH : E1000_RDBAH, (u32)(base >> 32));
		kick(nic, 4);
	}
}

static void
changed_while_on(const struct nic *nic)
{
	static const u32 regs[] = {E1000_TDBAL, E1000_TDBAH, E1000_TDLEN,
				   E1000_RDBAL, E1000_RDBAH, E1000_RDLEN};

	for (unsigned n = 0; n < ARRAY_SIZE(regs); n++) {
		u32 old;

		prepare(nic);
		old = nic_read(nic, regs[n]);
		for (u32 tail = 1; tail < RING; tail++) {
			nic_write(nic, E1000_TDT, tail);
			nic_write(nic, regs[n], tail % 2 == 0 ? old : old ^ 0x180);
		}
		nic_settle(nic);
	}
}

/* Nothing to receive into, one buffer, and round the end of the ring. */
static void
receive_empty(const struct nic *nic)
{
	prepare(nic);
	if (!under_ashlar()) /* QEMU's does not receive until a second after RCTL was written */
		delay_us(1100000);
	kick(nic, 1); /* comes back, or the other cases would prove nothing */
	CHECK((*(volatile u8 *)&nic_rx(0)->status & E1000_RXD_DD) != 0);
	CHECK_EQ(nic_read(nic, E1000_RDH), 1);
	prepare(nic);
	nic_write(nic, E1000_RDT, 0);
	kick(nic, 5);
	nic_write(nic, E1000_RDT, 1);
	kick(nic, 10);
	for (u32 n = 0; n < 3 * RING; n++) {
		nic_write(nic, E1000_RDT, (nic_read(nic, E1000_RDH) + 2) % RING);
		kick(nic, (nic_read(nic, E1000_TDT) + 3) % RING);
	}
	CHECK(nic_read(nic, E1000_RDH) < RING);
}

/* As ethtool's register test writes: what is read back has at most the bits that were written. */
static void
all_ones(const struct nic *nic)
{
	static const u32 regs[] = {E1000_RDH,	E1000_RDT,   E1000_TDH,	 E1000_TDT,
				   E1000_RDLEN, E1000_TDLEN, E1000_RDTR, E1000_ITR};

	nic_start(nic, RING, RING, 0);
	nic_write(nic, E1000_TCTL, 0);
	for (unsigned n = 0; n < ARRAY_SIZE(regs); n++) {
		nic_write(nic, regs[n], 0xffff);
		CHECK((nic_read(nic, regs[n]) & ~0xffffu) == 0);
	}
	/* Equal, and far outside of what the ring has. */
	nic_write(nic, E1000_TCTL, E1000_TCTL_EN);
	nic_write(nic, E1000_RCTL, RCTL);
	nic_loop(nic);
	kick(nic, 0xffff);
	kick(nic, 1);
}

static const struct nic_case cases[] = {
	{1, lengths	   },
	       {2, heads		},
	   {3, tails	    },
	  {4, full_ring       },
	  {5, bases	   },
	{6, changed_while_on},
	       {7, receive_empty	},
	   {8, all_ones	       },
};

GUEST("e1000-rings")
{
	nic_run_cases(cases, ARRAY_SIZE(cases));
}
