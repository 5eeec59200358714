/* SPDX-License-Identifier: MIT */
/* A guest's FADT (ACPI 6.4, 5.2.9): dev/pm.h's registers, the reset register, what there is. */
#include "dev/acpi_parts.h"
#include "dev/pm.h"
#include "dev/rtc_time.h"
#include "include/bits.h"

enum { FADT_REVISION = 6, FADT_SIZE = 276, FADT_NAME_SIZE = 8 };

/* Offsets; what is left out is 0. */
enum {
	FADT_FACS = 36,
	FADT_DSDT = 40,
	FADT_SCI_INT = 46,
	FADT_PM1A_EVT = 56,
	FADT_PM1A_CNT = 64,
	FADT_PM_TMR = 76,
	FADT_GPE0 = 80,
	FADT_PM1_EVT_LEN = 88,
	FADT_PM1_CNT_LEN = 89,
	FADT_PM_TMR_LEN = 91,
	FADT_GPE0_LEN = 92,
	FADT_P_LVL2_LAT = 96,
	FADT_P_LVL3_LAT = 98,
	FADT_CENTURY = 108,
	FADT_BOOT_ARCH = 109,
	FADT_FLAGS = 112,
	FADT_RESET_REG = 116,
	FADT_RESET_VALUE = 128,
	FADT_X_DSDT = 140,
	FADT_X_PM1A_EVT = 148,
	FADT_X_PM1A_CNT = 172,
	FADT_X_PM_TMR = 208,
	FADT_X_GPE0 = 220,
};

/* Table 5.10: there are C1 and WBINVD; no sleep button, no RTC wake-up in the fixed registers. The
 * power button is there, in the fixed registers, as its flag is not set. */
#define FLAGS                                                                                      \
	(BIT32(0) /* WBINVD */ | BIT32(2) /* PROC_C1 */ | BIT32(5) /* SLP_BUTTON */ |              \
	 BIT32(6) /* FIX_RTC */ | BIT32(8) /* TMR_VAL_EXT */ | BIT32(10) /* RESET_REG_SUP */)

/* Table 5.11: the ISA devices of the DSDT, and no VGA; no 8042 to be looked for. */
#define BOOT_ARCH  (BIT32(0) | BIT32(2))

/* Above 100 and 1000 us: there are neither C2 nor C3. */
#define NO_C_STATE 0xfff

/* CF9h: a hard reset (dev/reset_ports.h). */
enum { RESET_PORT = 0xcf9, RESET_VALUE = 6 };

/* access: 1, 2, 3 for 8, 16, 32 bits. */
static void
poke_io_gas(struct blob *b, size_t at, u16 port, u8 bits, u8 access)
{
	blob_poke8(b, at, GAS_IO);
	blob_poke8(b, at + 1, bits);
	blob_poke8(b, at + 3, access);
	blob_poke64(b, at + 4, port);
}

static void
poke_blocks(struct blob *b, size_t fadt)
{
	blob_poke16(b, fadt + FADT_SCI_INT, PM_SCI_IRQ);
	blob_poke32(b, fadt + FADT_PM1A_EVT, PM1_EVENT);
	blob_poke32(b, fadt + FADT_PM1A_CNT, PM1_CONTROL);
	blob_poke32(b, fadt + FADT_PM_TMR, PM_TIMER);
	blob_poke32(b, fadt + FADT_GPE0, PM_GPE0);
	blob_poke8(b, fadt + FADT_PM1_EVT_LEN, 4);
	blob_poke8(b, fadt + FADT_PM1_CNT_LEN, 2);
	blob_poke8(b, fadt + FADT_PM_TMR_LEN, 4);
	blob_poke8(b, fadt + FADT_GPE0_LEN, 4);
	poke_io_gas(b, fadt + FADT_X_PM1A_EVT, PM1_EVENT, 32, 2);
	poke_io_gas(b, fadt + FADT_X_PM1A_CNT, PM1_CONTROL, 16, 2);
	poke_io_gas(b, fadt + FADT_X_PM_TMR, PM_TIMER, 32, 3);
	poke_io_gas(b, fadt + FADT_X_GPE0, PM_GPE0, 32, 1);
}

/* X_FIRMWARE_CTRL stays 0, as it must where FIRMWARE_CTRL is not. */
void
guest_acpi_put_fadt(struct blob *b, u32 facs, u32 dsdt)
{
	static const char name[FADT_NAME_SIZE] = "Ashlar";
	size_t fadt = guest_acpi_begin_table(b, "FACP", FADT_REVISION);

	blob_fill(b, 0, FADT_SIZE - FADT_NAME_SIZE - TABLE_HEADER_SIZE);
	blob_put(b, name, sizeof(name)); /* Hypervisor Vendor Identity, at its end */
	blob_poke32(b, fadt + FADT_FACS, facs);
	blob_poke32(b, fadt + FADT_DSDT, dsdt);
	blob_poke64(b, fadt + FADT_X_DSDT, dsdt);
	poke_blocks(b, fadt);
	blob_poke16(b, fadt + FADT_P_LVL2_LAT, NO_C_STATE);
	blob_poke16(b, fadt + FADT_P_LVL3_LAT, NO_C_STATE);
	blob_poke8(b, fadt + FADT_CENTURY, RTC_CENTURY);
	blob_poke16(b, fadt + FADT_BOOT_ARCH, BOOT_ARCH);
	blob_poke32(b, fadt + FADT_FLAGS, FLAGS);
	poke_io_gas(b, fadt + FADT_RESET_REG, RESET_PORT, 8, 1);
	blob_poke8(b, fadt + FADT_RESET_VALUE, RESET_VALUE);
	guest_acpi_end_table(b, fadt);
}
