/* SPDX-License-Identifier: MIT */
/* IPIs among all CPUs of a guest, in every mode: the guests ipi-* differ in how many there are. */
#pragma once

void ipi_check(void);
