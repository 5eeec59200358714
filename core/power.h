/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's hold on the machine: virtualisation on every CPU, and the end of the run. From
 * threads only, with interrupts on: they call the other CPUs.
 */
#pragma once

#include "include/errors.h"

/* A last act before the machine is let go: the console sends what it still holds. */
void power_set_farewell(void (*farewell)(void));

/* Makes every CPU a host of guests. What fails is logged; all are off again then. */
__must_check int virt_on_all(void);
void virt_off_all(void); /* no vCPU runs */
bool virt_is_on(void);

/*
 * Stops all VMs by force, and switches the machine off, or resets it. INIT is blocked in VMX root
 * (SDM vol. 3, 26.2), so every CPU leaves it first, and no device may go on with DMA. They return
 * only when they have failed.
 */
__must_check int power_off(void);
__must_check int power_reboot(void);
