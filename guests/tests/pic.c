/* SPDX-License-Identifier: MIT */
/* The two 8259s (Intel's data sheet) and their ELCR, with the 8254 at IRQ 0 and the clock at IRQ 8.
 */
#include "guests/lib/pic.h"

#include "guests/lib/guest.h"
#include "guests/lib/rtc.h"
#include "guests/lib/time.h"

enum { OCW3_IRR = 0x0a, OCW3_ISR = 0x0b, OCW3_POLL = 0x0c, SPECIFIC_EOI = 0x60, SHORT = 1200 };
enum { ICW1 = 0x11, ICW4_AUTO_EOI = 3, CASCADE = 2 };

static volatile u32 taken[16], order[8], count;
static volatile u8 isr_master, isr_slave;
static bool auto_eoi;

static u8
read_reg(u16 pic, u8 ocw3)
{
	out8(pic, ocw3);
	return in8(pic);
}

static void
take(struct trap *trap)
{
	u8 irq = (u8)(trap->vector - PIC_VECTOR);

	isr_master = read_reg(PIC_MASTER, OCW3_ISR);
	isr_slave = read_reg(PIC_SLAVE, OCW3_ISR);
	taken[irq]++;
	order[count++ % ARRAY_SIZE(order)] = irq;
	if (irq == 8)
		rtc_read(RTC_C);
	if (!auto_eoi)
		pic_eoi(irq);
}

static void
let_in(void)
{
	__asm__ volatile("sti; nop; nop; nop; cli" : : : "memory");
}

static void
wait_irr(u16 pic, u8 bit)
{
	for (unsigned n = 0; (read_reg(pic, OCW3_IRR) & bit) == 0; n++) {
		CHECK(n < 10000000);
		cpu_relax();
	}
}

/* One edge of the 8254, waited for where it shows. */
static void
raise_timer(void)
{
	pit_start(0, SHORT);
	wait_irr(PIC_MASTER, 1);
}

static void
raise_clock(void)
{
	rtc_read(RTC_C);
	rtc_write(RTC_B, rtc_read(RTC_B) | RTC_B_PERIODIC);
	wait_irr(PIC_SLAVE, 1);
	rtc_write(RTC_B, rtc_read(RTC_B) & (u8)~RTC_B_PERIODIC);
}

static void
check_registers(void)
{
	out8(PIC_MASTER + 1, 0xa5);
	CHECK_EQ(in8(PIC_MASTER + 1), 0xa5);
	out8(PIC_SLAVE + 1, 0x5a);
	CHECK_EQ(in8(PIC_SLAVE + 1), 0x5a);
	/* Edge or level for each line, but for those of the board itself. */
	out8(PIC_ELCR, 0xff);
	out8(PIC_ELCR + 1, 0xff);
	CHECK_EQ(in8(PIC_ELCR), 0xf8);
	CHECK_EQ(in8(PIC_ELCR + 1), 0xde);
	out8(PIC_ELCR, 0);
	out8(PIC_ELCR + 1, 0);
	CHECK_EQ(in8(PIC_ELCR), 0);
	CHECK_EQ(in8(PIC_ELCR + 1), 0);
	pic_init();
	CHECK_EQ(read_reg(PIC_MASTER, OCW3_ISR), 0);
	CHECK_EQ(read_reg(PIC_SLAVE, OCW3_ISR), 0);
}

/* Behind its mask it waits; taken, it is in service until the EOI. */
static void
check_mask(void)
{
	raise_timer();
	let_in();
	CHECK_EQ(taken[0], 0);
	pic_unmask(0);
	CHECK_EQ(taken[0], 0); /* IF is clear */
	let_in();
	CHECK_EQ(taken[0], 1);
	CHECK_EQ(isr_master, 1);
	CHECK_EQ(read_reg(PIC_MASTER, OCW3_ISR), 0);
	pic_mask(0);
}

/* The slave's come through IRQ 2, unless that is masked; IRQ 0 goes first. */
static void
check_slave(void)
{
	count = 0;
	pic_unmask(8);
	pic_mask(CASCADE);
	raise_clock();
	let_in();
	CHECK_EQ(taken[8], 0);
	raise_timer();
	pic_unmask(0);
	pic_unmask(CASCADE);
	let_in();
	CHECK_EQ(count, 2);
	CHECK_EQ(order[0], 0);
	CHECK_EQ(order[1], 8);
	CHECK_EQ(isr_master, 1 << CASCADE);
	CHECK_EQ(isr_slave, 1);
	CHECK_EQ(read_reg(PIC_SLAVE, OCW3_ISR) | read_reg(PIC_MASTER, OCW3_ISR), 0);
	pic_mask(8);
	pic_mask(0);
}

/* Polling takes an interrupt without the CPU ("Poll Command"). */
static void
check_poll(void)
{
	u8 answer;

	out8(PIC_MASTER, OCW3_POLL);
	CHECK((in8(PIC_MASTER) & 0x80) == 0);
	pic_unmask(0);
	raise_timer();
	out8(PIC_MASTER, OCW3_POLL);
	answer = in8(PIC_MASTER);
	CHECK_EQ(answer & 0x87, 0x80);
	CHECK_EQ(read_reg(PIC_MASTER, OCW3_ISR), 1);
	out8(PIC_MASTER, SPECIFIC_EOI | 0);
	CHECK_EQ(read_reg(PIC_MASTER, OCW3_ISR), 0);
	count = 0;
	let_in();
	CHECK_EQ(count, 0);
	pic_mask(0);
}

static void
check_auto_eoi(void)
{
	auto_eoi = true;
	out8(PIC_MASTER, ICW1);
	out8(PIC_MASTER + 1, PIC_VECTOR);
	out8(PIC_MASTER + 1, 1 << CASCADE);
	out8(PIC_MASTER + 1, ICW4_AUTO_EOI);
	out8(PIC_MASTER + 1, 0xfe);
	raise_timer();
	let_in();
	CHECK_EQ(count, 1);
	CHECK_EQ(isr_master, 0);
	auto_eoi = false;
	pic_init();
}

/* While one is in service, those below it wait for its EOI; another vector base is obeyed. */
static void
late(struct trap *trap)
{
	(void)trap;
	CHECK_EQ(read_reg(PIC_MASTER, OCW3_ISR), 1);
	raise_clock();
	let_in();
	CHECK_EQ(taken[8], 1); /* as before */
	out8(PIC_MASTER, SPECIFIC_EOI | 0);
	let_in();
	CHECK_EQ(taken[8], 2);
}

static void
check_nesting(void)
{
	trap_on(PIC_VECTOR, late);
	pic_unmask(8);
	raise_timer();
	pic_unmask(0);
	let_in();
	CHECK_EQ(taken[8], 2);
}

GUEST("pic")
{
	tsc_hz();
	pic_init();
	trap_on(PIC_VECTOR, take);
	trap_on(PIC_VECTOR + 8, take);
	check_registers();
	pit_start(0, 0);
	check_mask();
	check_slave();
	check_poll();
	check_auto_eoi();
	check_nesting();
}
