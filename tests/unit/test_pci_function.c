/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/pci_function.c lib/error.c lib/log.c lib/lock.c lib/format.c
#include "tests/unit/test.h"

#include <string.h>

#include "arch/x86_64/time.h"
#include "drivers/pci.h"
#include "drivers/pci_regs.h"

enum { FUNCTIONS = 4, CAP = 0x50 };

/* A root port to bus 1, a bridge from there to bus 2, the function behind, and one beside it. */
static struct pci_function functions[FUNCTIONS];
static u32 config[FUNCTIONS][64];
static u64 waited_us;
static unsigned enabled_early; /* MSI was on while something of it was written */

static struct pci_function *const f = &functions[2];

const struct pci_function *
pci_next(const struct pci_function *prev)
{
	return prev == NULL ? &functions[0] : prev->next;
}

static u32 *
reg(struct pci_addr addr, u16 offset)
{
	assert_true(addr.device < FUNCTIONS && offset < 256);
	return &config[addr.device][offset / 4];
}

u32
pci_read32(struct pci_addr addr, u16 offset)
{
	assert_int_equal(offset % 4, 0);
	return *reg(addr, offset);
}

static void
look_at_msi(struct pci_addr addr, u16 offset)
{
	if (offset > CAP + MSI_CONTROL && (*reg(addr, CAP) >> 16 & MSI_CONTROL_ENABLE) != 0)
		enabled_early++;
}

void
pci_write32(struct pci_addr addr, u16 offset, u32 value)
{
	assert_int_equal(offset % 4, 0);
	look_at_msi(addr, offset);
	*reg(addr, offset) = value;
}

void
pci_write16(struct pci_addr addr, u16 offset, u16 value)
{
	u32 shift = offset % 4 * 8u;

	assert_int_equal(offset % 2, 0);
	look_at_msi(addr, offset);
	*reg(addr, offset) = (*reg(addr, offset) & ~(0xffffu << shift)) | (u32)value << shift;
}

void
delay_us(u64 us)
{
	waited_us += us;
}

static int
setup(void **state)
{
	static const u8 buses[FUNCTIONS] = {0, 1, 2, 2};

	memset(config, 0, sizeof(config));
	waited_us = enabled_early = 0;
	for (u8 i = 0; i < FUNCTIONS; i++)
		functions[i] = (struct pci_function){
			.addr = {.bus = buses[i], .device = i},
			.header_type = i < 2 ? PCI_HEADER_BRIDGE : PCI_HEADER_DEVICE,
			.secondary_bus = i < 2 ? (u8)(i + 1) : (u8)0,
			.next = i + 1 < FUNCTIONS ? &functions[i + 1] : NULL,
		};
	return 0;
}

static void
give_cap(struct pci_function *of, u16 id, u32 first)
{
	of->caps[of->cap_count++] = (struct pci_cap){id, CAP, false};
	*reg(of->addr, CAP) = first;
}

static void
mastering_needs_the_bridges(void **state)
{
	*reg(functions[1].addr, PCI_COMMAND) = 0x00100003;
	pci_master_on(f);
	assert_int_equal(config[0][1] & 7, PCI_COMMAND_MASTER);
	assert_int_equal(config[1][1], 0x00100003 | PCI_COMMAND_MASTER);
	assert_int_equal(config[2][1], PCI_COMMAND_MASTER);
	assert_int_equal(config[3][1], 0);
	pci_master_off_one(f);
	assert_int_equal(config[2][1], 0);
	assert_int_equal(config[1][1] & PCI_COMMAND_MASTER, PCI_COMMAND_MASTER);
}

/* Made-up bus numbers, of a bridge to itself, must not keep us for ever. */
static void
a_bridge_to_its_own_bus_ends(void **state)
{
	functions[1].secondary_bus = 1;
	functions[0].secondary_bus = 2;
	f->addr.bus = 1;
	pci_master_on(f);
	assert_int_equal(config[1][1], 0);
}

static void
msi_with_64_bits_and_masks(void **state)
{
	give_cap(f, PCI_CAP_MSI, (MSI_CONTROL_64 | MSI_CONTROL_MASKS | 0x30) << 16);
	config[2][CAP / 4 + 4] = ~0u;
	assert_int_equal(pci_msi_on(f, 0x1fee01000, 0x41), 0);
	assert_int_equal(config[2][CAP / 4 + 1], 0xfee01000);
	assert_int_equal(config[2][CAP / 4 + 2], 1);
	assert_int_equal(config[2][CAP / 4 + 3], 0x41);
	assert_int_equal(config[2][CAP / 4 + 4], 0);
	assert_int_equal(config[2][CAP / 4] >> 16,
			 MSI_CONTROL_64 | MSI_CONTROL_MASKS | MSI_CONTROL_ENABLE);
	assert_int_equal(pci_msi_on(f, 0xfee02000, 0x42), 0); /* another while it is on */
	assert_int_equal(enabled_early, 0);
	pci_msi_off(f);
	assert_int_equal(config[2][CAP / 4] >> 16 & MSI_CONTROL_ENABLE, 0);
}

static void
msi_with_32_bits(void **state)
{
	give_cap(f, PCI_CAP_MSI, 0);
	config[2][CAP / 4 + 3] = 0x12345678;
	assert_int_equal(pci_msi_on(f, 0x1fee00000, 0x41), -ERR_RANGE);
	assert_int_equal(pci_msi_on(f, 0xfee00000, 0x41), 0);
	assert_int_equal(config[2][CAP / 4 + 1], 0xfee00000);
	assert_int_equal(config[2][CAP / 4 + 2], 0x41);
	assert_int_equal(config[2][CAP / 4 + 3], 0x12345678); /* is none of it */
}

static void
no_msi(void **state)
{
	assert_int_equal(pci_msi_on(f, 0xfee00000, 0x41), -ERR_NODEV);
	pci_msi_off(f);
	f->caps[f->cap_count++] = (struct pci_cap){PCI_CAP_MSI, 0x100, true}; /* another list's */
	assert_int_equal(pci_msi_on(f, 0xfee00000, 0x41), -ERR_NODEV);
}

static void
a_sleeping_function_is_woken(void **state)
{
	pci_wake(f);
	give_cap(f, PCI_CAP_POWER, 0);
	pci_wake(f);
	assert_int_equal(waited_us, 0);
	config[2][CAP / 4 + 1] = 0x2003;
	pci_wake(f);
	assert_int_equal(config[2][CAP / 4 + 1], 0x2000);
	assert_int_equal(waited_us, 10000);
}

/* Its BARs may be gone then, as after a reset. */
static void
a_woken_function_has_its_bars_again(void **state)
{
	give_cap(f, PCI_CAP_POWER, 0);
	f->bars[0] = (struct pci_bar){.index = 0, .kind = PCI_BAR_KIND_MEM32, .base = 0xfeb00000};
	f->bars[1] = (struct pci_bar){.index = 2, .kind = PCI_BAR_KIND_IO, .base = 0xc000};
	f->bars[2] = (struct pci_bar){.index = 4, .kind = PCI_BAR_KIND_MEM64, .base = 0x12fea00000};
	f->bar_count = 3;
	pci_wake(f);
	assert_int_equal(*reg(f->addr, PCI_BAR0), 0); /* it was awake */
	config[2][CAP / 4 + 1] = 0x2003;
	pci_wake(f);
	assert_int_equal(*reg(f->addr, PCI_BAR0), 0xfeb00000);
	assert_int_equal(*reg(f->addr, PCI_BAR0 + 4), 0);
	assert_int_equal(*reg(f->addr, PCI_BAR0 + 8), 0xc000);
	assert_int_equal(*reg(f->addr, PCI_BAR0 + 16), 0xfea00000);
	assert_int_equal(*reg(f->addr, PCI_BAR0 + 20), 0x12);
}

static void
aspm_goes_off_at_both_ends(void **state)
{
	pci_aspm_off(f);
	give_cap(f, PCI_CAP_EXPRESS, 0);
	give_cap(&functions[1], PCI_CAP_EXPRESS, 0);
	config[2][CAP / 4 + 4] = config[1][CAP / 4 + 4] = 0x10110043;
	pci_aspm_off(f);
	assert_int_equal(config[2][CAP / 4 + 4], 0x10110040);
	assert_int_equal(config[1][CAP / 4 + 4], 0x10110040);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(mastering_needs_the_bridges, setup),
		cmocka_unit_test_setup(a_bridge_to_its_own_bus_ends, setup),
		cmocka_unit_test_setup(msi_with_64_bits_and_masks, setup),
		cmocka_unit_test_setup(msi_with_32_bits, setup),
		cmocka_unit_test_setup(no_msi, setup),
		cmocka_unit_test_setup(a_sleeping_function_is_woken, setup),
		cmocka_unit_test_setup(a_woken_function_has_its_bars_again, setup),
		cmocka_unit_test_setup(aspm_goes_off_at_both_ends, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
