/* SPDX-License-Identifier: MIT */
#include "guests/lib/pic.h"

#include "arch/x86_64/io.h"

enum { ICW1_INIT = 0x11, ICW4_8086 = 1, OCW2_EOI = 0x20, CASCADE = 2 };

void
pic_init(void)
{
	out8(PIC_MASTER, ICW1_INIT);
	out8(PIC_MASTER + 1, PIC_VECTOR);
	out8(PIC_MASTER + 1, 1 << CASCADE);
	out8(PIC_MASTER + 1, ICW4_8086);
	out8(PIC_SLAVE, ICW1_INIT);
	out8(PIC_SLAVE + 1, PIC_VECTOR + 8);
	out8(PIC_SLAVE + 1, CASCADE);
	out8(PIC_SLAVE + 1, ICW4_8086);
	out8(PIC_MASTER + 1, 0xff & ~(1 << CASCADE));
	out8(PIC_SLAVE + 1, 0xff);
}

static u16
mask_port(u8 irq)
{
	return irq < 8 ? PIC_MASTER + 1 : PIC_SLAVE + 1;
}

void
pic_unmask(u8 irq)
{
	out8(mask_port(irq), in8(mask_port(irq)) & (u8) ~(1u << irq % 8));
}

void
pic_mask(u8 irq)
{
	out8(mask_port(irq), in8(mask_port(irq)) | (u8)(1u << irq % 8));
}

void
pic_eoi(u8 irq)
{
	if (irq >= 8)
		out8(PIC_SLAVE, OCW2_EOI);
	out8(PIC_MASTER, OCW2_EOI);
}
