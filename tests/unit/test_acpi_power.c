/* SPDX-License-Identifier: MIT */
// SOURCES: lib/log.c lib/error.c lib/lock.c lib/format.c
/*
 * Power-off and reset against a chipset made of variables. The source under test is included: its
 * port instructions become calls to the fakes here.
 */
#include "tests/unit/test.h"

#include <string.h>

#include "arch/x86_64/io.h"
#include "arch/x86_64/time.h"
#include "drivers/acpi_fadt.h"
#include "drivers/acpi_s5.h"

#define in16  fake_in16
#define out8  fake_out8
#define out16 fake_out16
#define out32 fake_out32

static u16 fake_in16(u16 port);
static void fake_out8(u16 port, u8 value);
static void fake_out16(u16 port, u16 value);
static void fake_out32(u16 port, u32 value);

#include "drivers/acpi_power.c"

enum { EVENT_A = 0xb000, CONTROL_A = 0xb004, EVENT_B = 0xc000, CONTROL_B = 0xc004, SMI = 0xb2 };

enum { WRITES_MAX = 16 };

static struct acpi_fadt_info fadt;
static struct acpi_s5_info s5;
static bool has_fadt, has_s5;

static u16 control_a, control_b;
static bool smi_works;
static struct {
	u16 port;
	u32 value;
} writes[WRITES_MAX];
static unsigned write_count;
static u64 waited_us;
static u8 device_memory[16] __aligned(8);
static u64 mapped;

const struct acpi_fadt_info *
acpi_fadt(void)
{
	return has_fadt ? &fadt : NULL;
}

const struct acpi_s5_info *
acpi_s5(void)
{
	return has_s5 ? &s5 : NULL;
}

/* A wait spins three times. */
struct wait
wait_begin(u64 us)
{
	waited_us += us;
	return (struct wait){.begin = fake_tsc, .ticks = 3};
}

bool
wait_goes_on(const struct wait *wait)
{
	return rdtsc() - wait->begin < wait->ticks;
}

void
wait_end(const struct wait *wait)
{
}

static u16
fake_in16(u16 port)
{
	assert_true(port == CONTROL_A || port == CONTROL_B);
	return port == CONTROL_A ? control_a : control_b;
}

static void
record(u16 port, u32 value)
{
	assert_true(write_count < WRITES_MAX);
	writes[write_count].port = port;
	writes[write_count++].value = value;
}

static void
fake_out8(u16 port, u8 value)
{
	record(port, value);
	if (port == SMI && smi_works)
		control_a |= PM1_SCI_EN;
}

static void
fake_out16(u16 port, u16 value)
{
	record(port, value);
}

static void
fake_out32(u16 port, u32 value)
{
	record(port, value);
}

static volatile void *
map(hpa_t address, size_t length)
{
	mapped = address.v;
	return device_memory;
}

static struct acpi_gas
port_gas(u16 port)
{
	return (struct acpi_gas){.space = ACPI_SPACE_IO, .address = port};
}

/* A PC: one PM1 block at ports, already in ACPI mode. */
static int
setup(void **state)
{
	fadt = (struct acpi_fadt_info){
		.smi_command_port = SMI,
		.acpi_enable = 0xf1,
		.pm1a_event = port_gas(EVENT_A),
		.pm1a_control = port_gas(CONTROL_A),
	};
	s5 = (struct acpi_s5_info){.type_a = 5, .type_b = 6};
	has_fadt = has_s5 = true;
	control_a = 0x0203 | PM1_SLP_TYP;
	control_b = 0x0402;
	smi_works = true;
	write_count = 0;
	waited_us = 0;
	memset(&regs, 0, sizeof(regs));
	return 0;
}

static void
assert_write(unsigned n, u16 port, u32 value)
{
	assert_true(n < write_count);
	assert_int_equal(writes[n].port, port);
	assert_int_equal(writes[n].value, value);
}

/* 4.8.3.2: SLP_TYP is in bits 12:10, SLP_EN is bit 13; the others stay as they are. */
static void
soft_off(void **state)
{
	acpi_power_init(map);
	assert_int_equal(acpi_power_off(), -ERR_TIMEOUT);
	assert_int_equal(write_count, 3);
	assert_write(0, EVENT_A, 1u << 15);
	assert_write(1, CONTROL_A, 0x0203 | 5u << 10);
	assert_write(2, CONTROL_A, 0x0203 | 5u << 10 | 1u << 13);
	assert_int_equal(waited_us, POWER_OFF_WAIT_US);
}

static void
soft_off_by_two_blocks(void **state)
{
	fadt.pm1b_event = port_gas(EVENT_B);
	fadt.pm1b_control = port_gas(CONTROL_B);
	acpi_power_init(map);
	assert_int_equal(acpi_power_off(), -ERR_TIMEOUT);
	assert_int_equal(write_count, 6);
	assert_write(1, EVENT_B, 1u << 15);
	assert_write(3, CONTROL_B, 0x0002 | 6u << 10);
	assert_write(4, CONTROL_A, 0x0203 | 5u << 10 | 1u << 13);
	assert_write(5, CONTROL_B, 0x0002 | 6u << 10 | 1u << 13);
}

static void
into_acpi_mode_first(void **state)
{
	control_a = 0;
	acpi_power_init(map);
	assert_int_equal(acpi_power_off(), -ERR_TIMEOUT);
	assert_write(0, SMI, 0xf1);
	assert_write(write_count - 1, CONTROL_A, 1u | 5u << 10 | 1u << 13);
}

/* It is tried all the same, after a deadline. */
static void
no_acpi_mode(void **state)
{
	control_a = 0;
	smi_works = false;
	acpi_power_init(map);
	assert_int_equal(acpi_power_off(), -ERR_TIMEOUT);
	assert_int_equal(waited_us, ACPI_MODE_WAIT_US + POWER_OFF_WAIT_US);
	assert_write(write_count - 1, CONTROL_A, 5u << 10 | 1u << 13);
}

static void
no_way_to_power_off(void **state)
{
	acpi_power_init(map);
	has_s5 = false;
	assert_int_equal(acpi_power_off(), -ERR_NODEV);
	has_s5 = true;
	has_fadt = false;
	assert_int_equal(acpi_power_off(), -ERR_NODEV);
	assert_int_equal(acpi_reset(), -ERR_NODEV);
	has_fadt = true;
	fadt.pm1a_control = (struct acpi_gas){0};
	acpi_power_init(map);
	assert_int_equal(acpi_power_off(), -ERR_NODEV);
	assert_int_equal(write_count, 0);
}

static void
registers_in_memory(void **state)
{
	fadt.pm1a_event = (struct acpi_gas){0};
	fadt.pm1a_control = (struct acpi_gas){.space = ACPI_SPACE_MEMORY, .address = 0xfed40000};
	memset(device_memory, 0, sizeof(device_memory));
	device_memory[0] = 1;
	acpi_power_init(map);
	assert_int_equal(mapped, 0xfed40000);
	assert_int_equal(acpi_power_off(), -ERR_TIMEOUT);
	assert_int_equal(write_count, 0);
	assert_int_equal(device_memory[0] | device_memory[1] << 8, 1 | 5 << 10 | 1 << 13);
}

static void
reset_by_port(void **state)
{
	acpi_power_init(map);
	assert_int_equal(acpi_reset(), -ERR_NODEV);
	fadt.has_reset = true;
	fadt.reset_register = port_gas(0xcf9);
	fadt.reset_value = 0xe;
	acpi_power_init(map);
	assert_int_equal(acpi_reset(), -ERR_TIMEOUT);
	assert_int_equal(write_count, 1);
	assert_write(0, 0xcf9, 0xe);
	assert_int_equal(waited_us, RESET_WAIT_US);
}

static void
reset_by_memory(void **state)
{
	fadt.has_reset = true;
	fadt.reset_register = (struct acpi_gas){.space = ACPI_SPACE_MEMORY, .address = 0xfed50000};
	fadt.reset_value = 0x80;
	memset(device_memory, 0, sizeof(device_memory));
	acpi_power_init(map);
	assert_int_equal(acpi_reset(), -ERR_TIMEOUT);
	assert_int_equal(device_memory[0], 0x80);
	assert_int_equal(device_memory[1], 0);
}

/* 5.2.3.2: device in bits 47:32, function in 31:16, offset in 15:0, on bus 0 */
static void
reset_by_pci(void **state)
{
	fadt.has_reset = true;
	fadt.reset_register =
		(struct acpi_gas){.space = ACPI_SPACE_PCI, .address = 0x001f000000adul | 3ul << 16};
	fadt.reset_value = 1;
	acpi_power_init(map);
	assert_int_equal(acpi_reset(), -ERR_TIMEOUT);
	assert_int_equal(write_count, 2);
	assert_write(0, 0xcf8, 0x80000000u | 0x1fu << 11 | 3u << 8 | 0xac);
	assert_write(1, 0xcfd, 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(soft_off),	     TEST(soft_off_by_two_blocks), TEST(into_acpi_mode_first),
		TEST(no_acpi_mode),  TEST(no_way_to_power_off),	   TEST(registers_in_memory),
		TEST(reset_by_port), TEST(reset_by_memory),	   TEST(reset_by_pci),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
