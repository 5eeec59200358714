/* SPDX-License-Identifier: MIT */
/* The two 8259s (Intel's datasheet), as a test guest drives them. */
#pragma once

#include "include/types.h"

enum { PIC_MASTER = 0x20, PIC_SLAVE = 0xa0, PIC_VECTOR = 0x20, PIC_ELCR = 0x4d0 };

/* Vectors PIC_VECTOR to PIC_VECTOR + 15, all masked. */
void pic_init(void);
void pic_unmask(u8 irq);
void pic_mask(u8 irq);
void pic_eoi(u8 irq);
