/* SPDX-License-Identifier: MIT */
/* Soft-off (ACPI 6.4, 4.8.3 and 16.1.7) and reset (4.8.3.6) by registers in ports or memory. */
#include "drivers/acpi_power.h"

#include "arch/x86_64/io.h"
#include "arch/x86_64/time.h"
#include "drivers/acpi.h"
#include "drivers/acpi_fadt.h"
#include "drivers/acpi_s5.h"
#include "include/bits.h"
#include "lib/log.h"

enum {
	ACPI_MODE_WAIT_US = 3000000, /* SMM firmware may take long */
	POWER_OFF_WAIT_US = 3000000,
	RESET_WAIT_US = 500000,
};

/* PM1 status and control registers (4.8.3.1, 4.8.3.2) */
#define PM1_WAK_STS BIT32(15)
#define PM1_SCI_EN  BIT32(0)
#define PM1_SLP_TYP BITS(12, 10)
#define PM1_SLP_EN  BIT32(13)

/* PCI configuration mechanism #1 (PCI 3.0, 3.2.2.3.2) */
enum { PCI_ADDRESS_PORT = 0xcf8, PCI_DATA_PORT = 0xcfc };
#define PCI_ENABLE BIT32(31)

/* A register of at least 16 bits, or a byte; neither port nor mmio when it is not there. */
struct reg {
	u16 port;
	volatile u8 *mmio;
};

static struct {
	struct reg event_a, event_b, control_a, control_b;
	struct reg reset; /* not used for one in PCI configuration space */
} regs;

static struct reg
find_reg(const struct acpi_gas *gas, size_t length,
	 volatile void *(*map_registers)(hpa_t address, size_t length))
{
	struct reg reg = {0};

	if (gas->space == ACPI_SPACE_IO)
		reg.port = (u16)gas->address;
	else if (gas->space == ACPI_SPACE_MEMORY && gas->address != 0)
		reg.mmio = map_registers(HPA(gas->address), length);
	return reg;
}

static bool
reg_there(const struct reg *reg)
{
	return reg->port != 0 || reg->mmio != NULL;
}

static u16
reg_read16(const struct reg *reg)
{
	return reg->mmio != NULL ? mmio_read16(reg->mmio) : in16(reg->port);
}

static void
reg_write16(const struct reg *reg, u16 value)
{
	if (reg->mmio != NULL)
		mmio_write16(reg->mmio, value);
	else
		out16(reg->port, value);
}

static void
reg_write8(const struct reg *reg, u8 value)
{
	if (reg->mmio != NULL)
		mmio_write8(reg->mmio, value);
	else
		out8(reg->port, value);
}

void
acpi_power_init(volatile void *(*map_registers)(hpa_t address, size_t length))
{
	const struct acpi_fadt_info *fadt = acpi_fadt();

	if (fadt == NULL)
		return;
	regs.event_a = find_reg(&fadt->pm1a_event, 2, map_registers);
	regs.event_b = find_reg(&fadt->pm1b_event, 2, map_registers);
	regs.control_a = find_reg(&fadt->pm1a_control, 2, map_registers);
	regs.control_b = find_reg(&fadt->pm1b_control, 2, map_registers);
	if (fadt->has_reset)
		regs.reset = find_reg(&fadt->reset_register, 1, map_registers);
}

/* SCI_EN may be in either of the two blocks, as any bit of PM1 (4.8.1). */
static bool
in_acpi_mode(void)
{
	u16 control = reg_read16(&regs.control_a);

	if (reg_there(&regs.control_b))
		control |= reg_read16(&regs.control_b);
	return (control & PM1_SCI_EN) != 0;
}

/* In legacy mode firmware owns the registers, and need not heed SLP_EN (4.8.2.5). */
static void
enter_acpi_mode(const struct acpi_fadt_info *fadt)
{
	if (in_acpi_mode() || fadt->smi_command_port == 0 || fadt->acpi_enable == 0)
		return;
	out8((u16)fadt->smi_command_port, fadt->acpi_enable);
	if (!wait_until(ACPI_MODE_WAIT_US, in_acpi_mode()))
		log_warn("ACPI: the firmware does not switch to ACPI mode; power-off may fail");
}

/* A pending wake status would wake the machine at once; written 1 to clear. */
static void
clear_wake_status(const struct reg *event)
{
	if (reg_there(event))
		reg_write16(event, PM1_WAK_STS);
}

/* Both values are ready before the first write, so that nothing comes between A and B. */
static void
write_sleep(const struct acpi_s5_info *s5)
{
	u16 keep = (u16) ~(PM1_SLP_TYP | PM1_SLP_EN);
	bool has_b = reg_there(&regs.control_b);
	u16 a = reg_read16(&regs.control_a) & keep;
	u16 b = has_b ? reg_read16(&regs.control_b) & keep : 0;

	a |= (u16)FIELD_PREP(PM1_SLP_TYP, s5->type_a);
	b |= (u16)FIELD_PREP(PM1_SLP_TYP, s5->type_b);
	reg_write16(&regs.control_a, a);
	if (has_b)
		reg_write16(&regs.control_b, b);
	reg_write16(&regs.control_a, a | PM1_SLP_EN);
	if (has_b)
		reg_write16(&regs.control_b, b | PM1_SLP_EN);
}

int
acpi_power_off(void)
{
	const struct acpi_fadt_info *fadt = acpi_fadt();
	const struct acpi_s5_info *s5 = acpi_s5();

	if (fadt == NULL || s5 == NULL || !reg_there(&regs.control_a))
		return fail(-ERR_NODEV);
	enter_acpi_mode(fadt);
	clear_wake_status(&regs.event_a);
	clear_wake_status(&regs.event_b);
	write_sleep(s5);
	(void)wait_until(POWER_OFF_WAIT_US, false);
	return fail(-ERR_TIMEOUT);
}

/* A register in PCI configuration space is on bus 0 of segment 0 (5.2.3.2). */
static void
write_pci8(u64 address, u8 value)
{
	u32 device = (u32)(address >> 32) & 0x1f;
	u32 function = (u32)(address >> 16) & 7;
	u32 offset = (u32)address & 0xff;

	out32(PCI_ADDRESS_PORT, PCI_ENABLE | device << 11 | function << 8 | (offset & ~3u));
	out8((u16)(PCI_DATA_PORT + (offset & 3)), value);
}

int
acpi_reset(void)
{
	const struct acpi_fadt_info *fadt = acpi_fadt();

	if (fadt == NULL || !fadt->has_reset)
		return fail(-ERR_NODEV);
	if (fadt->reset_register.space == ACPI_SPACE_PCI)
		write_pci8(fadt->reset_register.address, fadt->reset_value);
	else if (reg_there(&regs.reset))
		reg_write8(&regs.reset, fadt->reset_value);
	else
		return fail(-ERR_NODEV);
	(void)wait_until(RESET_WAIT_US, false);
	return fail(-ERR_TIMEOUT);
}
