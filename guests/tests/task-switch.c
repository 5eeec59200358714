/* SPDX-License-Identifier: MIT */
/* A hardware task switch by CALL (SDM vol. 3, 8.3), and back by IRET. */
#include "guests/lib/guest.h"
#include "guests/lib/protected.h"

void call_task(void); /* task-switch.asm */
void other_task(void);

GUEST("task-switch")
{
	task_set(64, NULL);
	task_set(72, other_task);
	run_protected(call_task);
}
