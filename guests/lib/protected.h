/* SPDX-License-Identifier: MIT */
/* 32-bit protected mode without paging, and the tasks that it has (SDM vol. 3, ch. 8). */
#pragma once

#include "include/types.h"

/* Leaves long mode for good, interrupts off, and jumps there: 32-bit code in an .asm file. */
__noreturn void run_protected(void (*code)(void));

/* Makes a free entry of the GDT a task that begins at `code`. NULL: one to be left. */
void task_set(u16 selector, void (*code)(void));
