/* SPDX-License-Identifier: MIT */
/* The I/O APICs and the end of the 8259s. */
#include "arch/x86_64/ioapic.h"

#include "arch/x86_64/idt.h"
#include "arch/x86_64/io.h"
#include "include/bits.h"
#include "include/panic.h"
#include "lib/lock.h"

/* 82093AA, 3.1: two windows. */
enum { IOREGSEL = 0x00, IOWIN = 0x10, REG_VERSION = 0x01, REG_REDIRECTION = 0x10, ISA_IRQS = 16 };

/* 82093AA, 3.2.4 */
#define REDIR_ACTIVE_LOW	BIT(13)
#define REDIR_LEVEL		BIT(15)
#define REDIR_MASKED		BIT(16)
#define REDIR_DEST_SHIFT	56

#define VERSION_MAX_REDIRECTION BITS(23, 16)

struct ioapic {
	volatile u8 *regs;
	u32 gsi_base, inputs;
};

static struct spinlock lock = SPINLOCK_INIT(RANK_IRQ, "ioapic"); /* guards the windows */
static struct ioapic ioapics[IOAPICS_MAX];
static unsigned count;

struct override {
	bool there;
	struct isa_route route;
};

static struct override overrides[ISA_IRQS];

static u32
reg_read(const struct ioapic *io, u32 reg)
{
	mmio_write32(io->regs + IOREGSEL, reg);
	return mmio_read32(io->regs + IOWIN);
}

static void
reg_write(const struct ioapic *io, u32 reg, u32 value)
{
	mmio_write32(io->regs + IOREGSEL, reg);
	mmio_write32(io->regs + IOWIN, value);
}

/* Masked while it is half written. */
static void
entry_write(const struct ioapic *io, u32 input, u64 entry)
{
	u32 low = REG_REDIRECTION + 2 * input;

	reg_write(io, low, REDIR_MASKED);
	reg_write(io, low + 1, (u32)(entry >> 32));
	reg_write(io, low, (u32)entry);
}

int
ioapic_add(volatile void *regs, u32 gsi_base)
{
	struct ioapic *io = &ioapics[count];
	u32 version;

	if (count == IOAPICS_MAX)
		return fail(-ERR_FULL);
	io->regs = regs;
	io->gsi_base = gsi_base;
	version = reg_read(io, REG_VERSION);
	if (version == 0xffffffff)
		return fail(-ERR_NODEV);
	io->inputs = (u32)FIELD_GET(VERSION_MAX_REDIRECTION, version) + 1;
	for (u32 i = 0; i < io->inputs; i++)
		entry_write(io, i, REDIR_MASKED);
	count++;
	return 0;
}

void
ioapic_override(u8 isa, u32 gsi, bool level, bool active_low)
{
	if (isa < ISA_IRQS)
		overrides[isa] = (struct override){
			true, {gsi, level, active_low}
		      };
}

struct isa_route
ioapic_isa_route(u8 isa)
{
	if (isa < ISA_IRQS && overrides[isa].there)
		return overrides[isa].route;
	return (struct isa_route){isa, false, false};
}

static const struct ioapic *
ioapic_of(u32 gsi)
{
	for (unsigned i = 0; i < count; i++) {
		if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].inputs)
			return &ioapics[i];
	}
	return NULL;
}

int
ioapic_route(u32 gsi, bool level, bool active_low, u8 vector, u32 apic_id)
{
	const struct ioapic *io = ioapic_of(gsi);
	u64 entry = vector | (u64)apic_id << REDIR_DEST_SHIFT, flags;

	if (io == NULL)
		return fail(-ERR_NODEV);
	if (apic_id > 0xff)
		return fail(-ERR_RANGE);
	if (level)
		entry |= REDIR_LEVEL;
	if (active_low)
		entry |= REDIR_ACTIVE_LOW;
	flags = spin_lock(&lock);
	entry_write(io, gsi - io->gsi_base, entry);
	spin_unlock(&lock, flags);
	return 0;
}

void
ioapic_mask(u32 gsi)
{
	const struct ioapic *io = ioapic_of(gsi);
	u64 flags;

	if (io == NULL)
		return;
	flags = spin_lock(&lock);
	entry_write(io, gsi - io->gsi_base, REDIR_MASKED);
	spin_unlock(&lock, flags);
}

/* 8259A datasheet: ICW1 to ICW4, then OCW1 with every line masked. */
void
pic_disable(void)
{
	enum { MASTER = 0x20, SLAVE = 0xa0, ICW1_INIT_ICW4 = 0x11, ICW4_8086 = 0x01 };
	static const struct {
		u16 port;
		u8 value;
	} steps[] = {
		{MASTER,	 ICW1_INIT_ICW4       },
		{SLAVE,	ICW1_INIT_ICW4	      },
		{MASTER + 1, VECTOR_EXCEPTIONS    }, /* ICW2: a spurious one shall not look like #DF */
		{SLAVE + 1,  VECTOR_EXCEPTIONS + 8},
		{MASTER + 1, 1 << 2		   }, /* ICW3: the slave is at line 2 */
		{SLAVE + 1,  2		     },
		{MASTER + 1, ICW4_8086	      },
		{SLAVE + 1,  ICW4_8086	     },
		{MASTER + 1, 0xff		 },
		{SLAVE + 1,  0xff			},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(steps); i++)
		out8(steps[i].port, steps[i].value);
}
