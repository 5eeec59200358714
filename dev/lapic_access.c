/* SPDX-License-Identifier: MIT */
/* The xAPIC's page (SDM vol. 3, 11.4.1) and the x2APIC's MSRs (11.12.1). */
#include "dev/lapic_model.h"

/* IA32_ MSRs, SDM vol. 4, table 2-2. */
enum { MSR_APIC_BASE = 0x1b, MSR_X2APIC = 0x800, MSR_X2APIC_LEN = 0x100 };

enum { XR = 1, XW = 2, MR = 4, MW = 8 }; /* read, write, by MMIO and by MSR */

/* Tables 11-1 and 11-6. What has no row is reserved. */
static const u8 access_rights[APIC_REGS] = {
	[APIC_REG_ID] = XR | MR, /* 11.4.6 lets it be read-only */
	[APIC_REG_VERSION] = XR | MR,
	[APIC_REG_TPR] = XR | XW | MR | MW,
	[APIC_REG_APR] = XR,
	[APIC_REG_PPR] = XR | MR,
	[APIC_REG_EOI] = XW | MW,
	[APIC_REG_RRD] = XR,
	[APIC_REG_LDR] = XR | XW | MR,
	[APIC_REG_DFR] = XR | XW,
	[APIC_REG_SVR] = XR | XW | MR | MW,
	[APIC_REG_ISR... APIC_REG_ESR - 1] = XR | MR, /* and TMR and IRR */
	[APIC_REG_ESR] = XR | XW | MR | MW,
	[APIC_REG_ICR] = XR | XW | MR | MW,
	[APIC_REG_ICR_HIGH] = XR | XW,
	[APIC_REG_LVT... APIC_REG_LVT_LAST] = XR | XW | MR | MW,
	[APIC_REG_INITIAL] = XR | XW | MR | MW,
	[APIC_REG_CURRENT] = XR | MR,
	[APIC_REG_DIVIDE] = XR | XW | MR | MW,
	[APIC_REG_SELF_IPI] = MW,
};

bool
lapic_decodes(const struct lapic *l, u64 gpa)
{
	return apic_is_enabled(l) && !apic_is_x2apic(l) &&
	       (gpa & PAGE_MASK) == (l->base & PAGE_MASK);
}

/* Whether a register is there; if not, that is an error. */
static bool
mmio_register(struct lapic *l, unsigned reg)
{
	if (reg < APIC_REGS && (access_rights[reg] & (XR | XW)) != 0)
		return true;
	apic_error(l, ESR_ILLEGAL_REGISTER);
	return false;
}

/* Bytes 4 to 15 of each 16 are nothing. */
static u64
mmio_read(struct lapic *l, u64 offset)
{
	unsigned reg = (unsigned)(offset / 16), byte = offset % 16;

	if (!mmio_register(l, reg) || (access_rights[reg] & XR) == 0 || byte >= 4)
		return 0;
	return (u64)apic_read_register(l, reg) >> 8 * byte;
}

/* Only a whole, aligned register can be written; what else hardware does is undefined (11.4.1). */
static void
mmio_write(struct lapic *l, const struct io *io)
{
	unsigned reg = (unsigned)(io->offset / 16);

	if (!mmio_register(l, reg) || (access_rights[reg] & XW) == 0)
		return;
	if (io->size == 4 && io->offset % 16 == 0)
		apic_write_register(l, reg, (u32)io->value);
}

void
lapic_mmio(struct lapic *l, struct io *io)
{
	if (io->write)
		mmio_write(l, io);
	else
		io->value = mmio_read(l, io->offset);
}

/* The bits of a register that may be 1 in a WRMSR (11.12.1.3); those of the ICR's lower half. */
static u32
valid_bits(const struct lapic *l, unsigned reg)
{
	switch (reg) {
	case APIC_REG_TPR:
	case APIC_REG_SELF_IPI: return 0xff;
	case APIC_REG_SVR: return SVR_WRITABLE;
	case APIC_REG_ICR: return ICR_LOW_BITS;
	case APIC_REG_LVT + LVT_LINT0:
	case APIC_REG_LVT + LVT_LINT1:
		return apic_lvt_bits(l, (enum apic_lvt)(reg - APIC_REG_LVT)) | LVT_STATUS |
		       LVT_REMOTE_IRR;
	case APIC_REG_LVT + LVT_TIMER:
	case APIC_REG_LVT + LVT_THERMAL:
	case APIC_REG_LVT + LVT_PERF:
	case APIC_REG_LVT + LVT_ERROR:
		return apic_lvt_bits(l, (enum apic_lvt)(reg - APIC_REG_LVT)) | LVT_STATUS;
	case APIC_REG_INITIAL: return ~0u;
	case APIC_REG_DIVIDE: return DIVIDE_BITS;
	default: return 0; /* EOI and ESR */
	}
}

static int
x2apic_write(struct lapic *l, unsigned reg, u64 value)
{
	u64 upper = reg == APIC_REG_ICR ? 0xfffffffful << 32 : 0;

	if ((value & ~(valid_bits(l, reg) | upper)) != 0)
		return -ERR_INVAL;
	if (reg == APIC_REG_ICR)
		l->icr = value & upper;
	apic_write_register(l, reg, (u32)value);
	return 0;
}

/* A guest's #GP is no error of ours: none of these is recorded by fail(). */
static int
x2apic_access(struct lapic *l, unsigned reg, bool write, u64 *value)
{
	if (!apic_is_x2apic(l) || reg >= APIC_REGS || (access_rights[reg] & (write ? MW : MR)) == 0)
		return -ERR_INVAL;
	if (write)
		return x2apic_write(l, reg, *value);
	*value = reg == APIC_REG_ICR ? l->icr : apic_read_register(l, reg);
	return 0;
}

/* The legal changes of mode, figure 11-27. */
static bool
mode_change_is_legal(u64 from, u64 to)
{
	u64 both = APIC_BASE_ENABLE | APIC_BASE_X2APIC;

	if ((to & both) == APIC_BASE_X2APIC)
		return false;
	if ((from & both) == both) /* back to xAPIC only through disabled */
		return (to & both) != APIC_BASE_ENABLE;
	return (from & APIC_BASE_ENABLE) != 0 || (to & both) != both;
}

/* Going to x2APIC keeps the registers but for the ICR's destination (11.12.5.1). */
static void
enter_mode(struct lapic *l, u64 from, u64 to)
{
	WRITE_ONCE(l->base, to);
	if (((from ^ to) & APIC_BASE_ENABLE) != 0)
		apic_reset_registers(l);
	else if (((from ^ to) & APIC_BASE_X2APIC) != 0)
		l->icr &= ICR_LOW_BITS;
	apic_mode_changed(l);
}

static int
write_base(struct lapic *l, u64 value)
{
	u64 address = (BIT(l->config.phys_bits) - 1) & PAGE_MASK;

	if ((value & ~(address | APIC_BASE_BSP | APIC_BASE_X2APIC | APIC_BASE_ENABLE)) != 0 ||
	    !mode_change_is_legal(l->base, value))
		return -ERR_INVAL;
	enter_mode(l, l->base, value);
	return 0;
}

static int
base_access(struct lapic *l, bool write, u64 *value)
{
	if (write)
		return write_base(l, *value);
	*value = l->base;
	return 0;
}

static int
deadline_access(struct lapic *l, bool write, u64 *value)
{
	if (l->config.tsc_hz == 0)
		return -ERR_INVAL;
	if (write)
		apic_timer_set_deadline(l, *value);
	else
		*value = apic_timer_deadline(l);
	return 0;
}

int
lapic_msr(struct lapic *l, u32 msr, bool write, u64 *value)
{
	if (msr - MSR_X2APIC < MSR_X2APIC_LEN)
		return x2apic_access(l, msr - MSR_X2APIC, write, value);
	if (msr == LAPIC_MSR_TSC_DEADLINE)
		return deadline_access(l, write, value);
	if (msr == MSR_APIC_BASE)
		return base_access(l, write, value);
	return -ERR_NOENT;
}
