/* SPDX-License-Identifier: MIT */
/*
 * Power-off and reset by the FADT's registers. For one CPU when the others have stopped, with
 * interrupts off; works in a panic too, since all mapping is done before by acpi_power_init().
 */
#pragma once

#include "include/errors.h"
#include "include/types.h"

/* Maps the registers that are in memory, by this function; after acpi_init(). */
void acpi_power_init(volatile void *(*map_registers)(hpa_t address, size_t length));

/*
 * Soft-off, S5. Answers only when it has failed: -ERR_NODEV when the tables don't say how,
 * -ERR_TIMEOUT when the machine is still running 3 seconds later.
 */
__must_check int acpi_power_off(void);

/* Resets the machine by the reset register; errors as above, after 500 ms. */
__must_check int acpi_reset(void);
