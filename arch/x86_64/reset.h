/* SPDX-License-Identifier: MIT */
/* The resets that every PC has, for when ACPI has none. */
#pragma once

/*
 * Port 0xcf9 with 2 then 6, the 8042's reset line, and a triple fault, each with a deadline. All
 * CPUs are out of VMX root. Returns only when none of them has worked, which should not be.
 */
void reset_machine(void);
