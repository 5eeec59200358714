/* SPDX-License-Identifier: MIT */
/*
 * Does what it is told, a letter at a time: for the tests of VMs' lives and consoles
 * (tests/system/test_vms.py), which say what is to come of it.
 */
#include "guests/lib/acpi.h"
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/pic.h"
#include "guests/lib/rtc.h"
#include "guests/lib/smp.h"
#include "guests/lib/time.h"

enum { COM1 = 0x3f8, IER = COM1 + 1, MCR = COM1 + 4, LSR = COM1 + 5, LSR_DR = 1 };
enum { IER_RECEIVED = 1, MCR_OUT2 = 8, COM1_IRQ = 4, ESCAPE = 0x1b, LINES = 2700 };
enum { FADT_SCI = 46, FADT_PM1_EVENT = 56 };
enum { FADT_PM1_CONTROL = 64, FADT_TIMER = 76, FADT_RESET_PORT = 120, FADT_RESET_VALUE = 128 };

#define HPET_BASE	 0xfed00000ul
#define PM1_POWER_BUTTON (1 << 8)
#define MARK		 0xc00000ul /* in RAM that nobody else uses */

static u8
get_byte(void)
{
	while ((in8(LSR) & LSR_DR) == 0)
		cpu_relax();
	return in8(COM1);
}

/* All clocks, one after the other, as hexadecimal numbers. */
static void
print_clocks(void)
{
	u64 tsc = rdtsc();
	u64 hpet = mmio_read64((void *)(HPET_BASE + 0xf0));
	u32 pm = in32((u16)acpi_u32(acpi_table("FACP") + FADT_TIMER));
	u32 apic = ~apic_read(LAPIC_TIMER_CURRENT);
	u32 rtc = rtc_read(RTC_SECONDS) + 60u * rtc_read(RTC_MINUTES) + 3600u * rtc_read(RTC_HOURS);

	print("clocks tsc=%lx hpet=%lx pm=%x apic=%x rtc=%x end\n", tsc, hpet, pm, apic, rtc);
}

static void
start_clocks(void)
{
	rtc_write(RTC_B, RTC_B_24 | RTC_B_BINARY);
	mmio_write32((void *)(HPET_BASE + 0x10), 1);
	apic_enable();
	apic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_16);
	apic_write(LAPIC_LVT_TIMER, LVT_MASKED | 0x50);
	apic_write(LAPIC_TIMER_INITIAL, ~0u);
	print("rates tsc=%lx hpet=%x end\n", tsc_hz(), mmio_read32((void *)(HPET_BASE + 4)));
}

/* More than a console keeps; each line has its number. */
static void
flood(void)
{
	for (u32 n = 0; n < LINES; n++)
		print("line %05u of the flood.\n", n);
}

static void
echo(void)
{
	for (u8 byte = get_byte(); byte != ESCAPE; byte = get_byte())
		out8(COM1, byte);
}

static void
sleep_for_good(u32 index)
{
	(void)index;
	for (;;)
		__asm__ volatile("cli; hlt");
}

static void
on_byte(struct trap *trap)
{
	(void)trap;
	out8(IER, 0);
	pic_eoi(COM1_IRQ);
}

/* No timer runs: until a byte comes, which is taken as the next letter. */
static void
sleep(void)
{
	pic_init();
	trap_on(PIC_VECTOR + COM1_IRQ, on_byte);
	pic_unmask(COM1_IRQ);
	out8(MCR, MCR_OUT2);
	print("sleeps\n");
	out8(IER, IER_RECEIVED);
	while ((in8(LSR) & LSR_DR) == 0)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
}

static void
acpi_reset(void)
{
	const u8 *fadt = acpi_table("FACP");

	out8((u16)acpi_u32(fadt + FADT_RESET_PORT), fadt[FADT_RESET_VALUE]);
}

static void
triple_fault(void)
{
	struct __packed {
		u16 limit;
		u64 base;
	} none = {0, 0};

	__asm__ volatile("lidt %0; ud2" : : "m"(none));
}

static void
power_off(void)
{
	u16 control = (u16)acpi_u32(acpi_table("FACP") + FADT_PM1_CONTROL);

	out16(control, 0); /* SLP_TYP, as _S5 says */
	out16(control, 1 << 13);
}

static u16
pm1_event(void)
{
	return (u16)acpi_u32(acpi_table("FACP") + FADT_PM1_EVENT);
}

/* The power button, of which nothing else than this is enabled. */
static void
on_sci(struct trap *trap)
{
	(void)trap;
	CHECK_EQ(in16(pm1_event()), PM1_POWER_BUTTON);
	out16(pm1_event(), PM1_POWER_BUTTON);
	print("power button\n");
	power_off();
}

static void
arm_power_button(void)
{
	u8 irq = acpi_table("FACP")[FADT_SCI];

	pic_init();
	trap_on(PIC_VECTOR + irq, on_sci);
	pic_unmask(irq);
	out16(pm1_event() + 2, PM1_POWER_BUTTON);
	__asm__ volatile("sti");
}

static void
on_nmi(struct trap *trap)
{
	(void)trap;
	print("an NMI\n");
}

static void
obey(u8 letter)
{
	switch (letter) {
	case 'c': print_clocks(); break;
	case 'C': start_clocks(); break;
	case 'e': echo(); break;
	case 'f': flood(); break;
	case 'F':
		delay_us(1000000);
		flood();
		guest_end(3);
	case 'h': sleep(); break;
	case 'H': CHECK(smp_start(1, 1, sleep_for_good)); break;
	case 'n': trap_on(NMI, on_nmi); break;
	case 'p': arm_power_button(); break;
	case 'm': *(volatile u32 *)MARK = 0x600d; break;
	case 'x': out32(PORT_DEBUG_EXIT, 7); break;
	case 's': power_off(); break;
	case 't': triple_fault(); break;
	case '1': out8(0xcf9, 6); break;
	case '2': out8(0x64, 0xfe); break;
	case '3': out8(0x92, 3); break;
	case '4': acpi_reset(); break;
	default: break;
	}
	print("done %c\n", letter);
}

GUEST("talk")
{
	print("ready, mark %x\n", *(volatile u32 *)MARK);
	for (;;)
		obey(get_byte());
}
