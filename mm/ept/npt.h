/* SPDX-License-Identifier: MIT */
/*
 * AMD's nested page tables (APM vol. 2, 15.25): entries as the host's own have them, but that the
 * address is the guest's physical one, and that the CPU makes each access as a user's (15.25.5).
 * The PAT is the host's (15.25.8). Pure.
 */
#pragma once

#include "mm/pt.h"

extern const struct pt_format pt_npt;
