/* SPDX-License-Identifier: MIT */
/* A hardware task switch by a task gate of the IDT (SDM vol. 3, 6.14.5), and back by IRET. */
#include "guests/lib/guest.h"
#include "guests/lib/protected.h"

void raise_interrupt(void); /* task-gate.asm */
void handler_task(void);

GUEST("task-gate")
{
	task_set(64, NULL);
	task_set(72, handler_task);
	run_protected(raise_interrupt);
}
