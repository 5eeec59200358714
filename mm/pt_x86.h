/* SPDX-License-Identifier: MIT */
/*
 * The CPU's own page tables, 4 levels (SDM vol. 3, 4.5; APM vol. 2, 5.3), as the hypervisor uses
 * them: NX is on (EFER.NXE), and the PAT is that of arch/x86_64/paging.h. Pure.
 */
#pragma once

#include "mm/pt.h"

enum { PT_X86_2M = 1, PT_X86_1G = 2 }; /* levels, for leaf_max */

extern const struct pt_format pt_x86;
